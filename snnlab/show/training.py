"""Loss and accuracy over the epochs of a training run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from snnlab.show.arrays import Floats, Values, floats, require_same_shape
from snnlab.show.described import EPOCH, training_words
from snnlab.show.line_ends import LineEnd, head_and_names
from snnlab.show.page import dress, shown_panels
from snnlab.show.picture import attach_description
from snnlab.show.plot import Look
from snnlab.show.style import BLUE, ORANGE

_LINES = {
    "training": Look("training", ORANGE, "s", "--"),
    "validation": Look("validation", BLUE, "o", "-"),
}
_KEYS = ("loss", "accuracy", "validation_loss", "validation_accuracy")


def training_curves(
    metrics: Mapping[str, Values],
    *,
    axes: tuple[Axes, Axes] | None = None,
    title: str | None = None,
) -> tuple[Axes, Axes]:
    """Loss on the left, accuracy on the right, a point per epoch.

    Args:
        metrics: any of `loss`, `accuracy` (training), `validation_loss` and
            `validation_accuracy`, each (epochs,), accuracy in percent; at least one loss and
            one accuracy. Optionally `epoch` (epochs,), by default 1, 2, 3 and so on.
        axes: where to draw loss and accuracy; a new figure by default.
        title: above the left panel.

    Raises:
        ValueError: unknown keys, no loss or no accuracy, or shapes that differ.

    Example:
        >>> loss_ax, accuracy_ax = training_curves({"loss": [2.3, 0.9], "accuracy": [11, 71]})
    """
    if unknown := sorted(set(metrics) - {*_KEYS, "epoch"}):
        raise ValueError(f"unknown metrics {unknown}; valid: {', '.join(_KEYS)}, epoch")
    values = {key: floats(key, metrics[key]) for key in _KEYS if key in metrics}
    losses, accuracies = _by_split(values, "loss"), _by_split(values, "accuracy")
    epochs = (
        floats("epoch", metrics["epoch"])
        if "epoch" in metrics
        else np.arange(1.0, 1 + len(next(iter(values.values()))))
    )
    require_same_shape(epoch=epochs, **values)
    if axes is None:
        left, right = shown_panels(2, (12.0, 5.0))
        axes = left, right
    _draw(axes[0], epochs, losses, "Loss (nats)")
    _draw(axes[1], epochs, accuracies, "Accuracy (%)")
    axes[1].set_ylim(top=min(100, axes[1].get_ylim()[1]))
    _finish(axes[0], epochs, losses, title)
    _finish(axes[1], epochs, accuracies, None)
    attach_description(axes[0], training_words("Loss (nats)", epochs, losses))
    attach_description(axes[1], training_words("Accuracy (%)", epochs, accuracies))
    return axes


def _by_split(values: Mapping[str, Floats], what: str) -> dict[str, Floats]:
    lines = {"training": what, "validation": f"validation_{what}"}
    found = {split: values[key] for split, key in lines.items() if key in values}
    if not found:
        raise ValueError(f"metrics needs {what} or validation_{what}, it has {sorted(values)}")
    return found


def _draw(ax: Axes, epochs: Floats, lines: Mapping[str, Floats], label: str) -> None:
    dress(ax, x=EPOCH, y=label)
    few = len(epochs) <= 30
    for split, y in lines.items():
        look = _LINES[split] if few else replace(_LINES[split], marker="")
        ax.plot(epochs, y, linewidth=2.5, markersize=7, zorder=3, clip_on=False, **look.line)
    first, last = epochs[0], epochs[-1]
    ticks = MaxNLocator(nbins=6, integer=True).tick_values(first, last)
    ax.set_xticks([tick for tick in ticks if first <= tick <= last])
    margin = 0.04 * (last - first) or 0.5
    ax.set_xlim(first - margin, last + margin)
    ax.set_ylim(*ax.get_ylim())


def _finish(ax: Axes, epochs: Floats, lines: Mapping[str, Floats], title: str | None) -> None:
    ends = [LineEnd(epochs[-1], y[-1], split, _LINES[split].colour) for split, y in lines.items()]
    head_and_names(ax, ends, title)
