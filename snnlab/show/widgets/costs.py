"""What an inference costs: energies whose constants can be changed, and early exit."""

from __future__ import annotations

import torch
from matplotlib.ticker import FixedLocator, MaxNLocator

from snnlab.data.images import Images
from snnlab.measure.early_exit import Confidence, confidence_and_hits
from snnlab.measure.energy import Assumptions, CostReport
from snnlab.network.net import SpikingNet, evaluating
from snnlab.show.curves import line_chart
from snnlab.show.description import attach_description
from snnlab.show.page import dress, head
from snnlab.show.picture import Picture, picture
from snnlab.show.style import BLUE, VERMILLION
from snnlab.show.widgets.live import LivePicture, choice, live_axes, slider


def energy_explorer(report: CostReport) -> LivePicture:
    """Energy of the two operations, and the first layer; energy against T follows.

    Args:
        report: of a network, at T = 1, 2, ...

    Example:
        >>> live = energy_explorer(cost_report(net, curve))
        >>> live.controls["first_layer_each_timestep"].value = True
    """

    def draw(mac: float, ac: float, first_layer_each_timestep: bool) -> Picture:
        cost = report.under(Assumptions(mac, ac, first_layer_each_timestep))
        energy, ann = cost.spiking_nanojoules, cost.ann_nanojoules
        ax = line_chart(
            report.timesteps,
            {"spiking network": energy, "ReLU network": [ann] * len(energy)},
            x_label="Timesteps T",
            y_label="Energy per image (nJ)",
            ax=live_axes(),
        )
        ax.set_ylim(0, None)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        below = [T for T, used in zip(report.timesteps, energy, strict=True) if used < ann]
        text = f"up to T = {max(below)}" if below else "at no T"
        return picture(ax, f"The spiking network needs less energy {text}.")

    return LivePicture(
        draw,
        {
            "mac": slider("multiply-accumulate (pJ)", 0.1, 10.0, 4.6, 0.1),
            "ac": slider("accumulate (pJ)", 0.1, 10.0, 0.9, 0.1),
            "first_layer_each_timestep": choice(
                "first layer", [("once per image", False), ("at each timestep", True)]
            ),
        },
    )


@torch.no_grad()
def exit_explorer(
    net: SpikingNet, images: Images, *, timesteps: int = 16, count: int = 1000
) -> LivePicture:
    """Choose the confidence at which an image leaves; see when images leave, and which rightly.

    Args:
        net: run without noise.
        images: the first `count` are classified, in one batch.
        timesteps: T at which every image leaves.
        count: how many.

    Raises:
        ValueError: timesteps below 2.

    Example:
        >>> live = exit_explorer(net, data.test)
        >>> live.controls["threshold"].value = 0.99
    """
    if timesteps < 2:
        raise ValueError(f"early exit needs at least 2 timesteps, got {timesteps}")
    shown = images.first(min(count, len(images)))
    batch = shown.normalised(), shown.labels
    with evaluating(net):
        kinds: tuple[Confidence, ...] = ("probability", "margin")
        found = {kind: confidence_and_hits(net, *batch, timesteps, kind) for kind in kinds}

    def draw(threshold: float, confidence: Confidence) -> Picture:
        sure, hit = (part.cpu() for part in found[confidence])  # (T, B)
        enough = sure >= threshold
        enough[-1] = True
        last = enough.int().argmax(0)  # (B,)
        right = hit.gather(0, last[None])[0]
        good, bad = (last[right == kind].bincount(minlength=timesteps) for kind in (True, False))
        steps = range(1, timesteps + 1)
        ax = live_axes()
        dress(ax, x="Timesteps until the exit", y="Images")
        below, above = good.tolist(), bad.tolist()
        ax.bar(steps, below, color=BLUE, label="right", zorder=2)
        ax.bar(steps, above, bottom=below, color=VERMILLION, hatch="//", label="wrong", zorder=2)
        ax.set_xlim(0.4, timesteps + 0.6)
        ax.xaxis.set_major_locator(FixedLocator(range(timesteps, 0, -max(1, timesteps // 16))))
        head(ax, None, key=True)
        text = (
            f"{last.double().mean() + 1:.2f} timesteps on average, "
            f"accuracy {100 * right.double().mean():.2f} %."
        )
        attach_description(ax, f"How many images leave at each timestep. {text}")
        return picture(ax, text)

    return LivePicture(
        draw,
        {
            "threshold": slider("confidence to leave", 0.2, 1.0, 0.9, 0.01),
            "confidence": choice(
                "confidence", [("largest probability", "probability"), ("margin", "margin")]
            ),
        },
    )
