"""Loss and accuracy over the epochs of a training run."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from snnlab.show.arrays import Floats, Values, floats, require_same_shape
from snnlab.show.described import training_words
from snnlab.show.draw import draw_with_names
from snnlab.show.page import shown_panels
from snnlab.show.pictures import around, training_plot
from snnlab.show.plot import Axis, Look
from snnlab.show.style import BLUE, ORANGE

_LOOKS = {
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
    for ax, what, lines, head in (
        (axes[0], "Loss (nats)", losses, title),
        (axes[1], "Accuracy (%)", accuracies, None),
    ):
        percent = lines is accuracies
        limits = around(np.concatenate(list(lines.values())).tolist(), percent=percent)
        runs = ((_LOOKS[split], epochs.tolist(), y.tolist()) for split, y in lines.items())
        words = training_words(what, epochs, lines)
        plot = training_plot(Axis(what, limits), runs, (epochs[0], epochs[-1]), words)
        draw_with_names(ax, plot, head)
    return axes


def _by_split(values: Mapping[str, Floats], what: str) -> dict[str, Floats]:
    lines = {"training": what, "validation": f"validation_{what}"}
    found = {split: values[key] for split, key in lines.items() if key in values}
    if not found:
        raise ValueError(f"metrics needs {what} or validation_{what}, it has {sorted(values)}")
    return found
