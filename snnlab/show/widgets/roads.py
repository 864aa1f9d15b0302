"""A ReLU network and all the ways to convert it: thresholds, start, biases."""

from __future__ import annotations

from itertools import product

from snnlab.conversion.ann import convert_ann
from snnlab.conversion.spec import Threshold
from snnlab.data.images import Images
from snnlab.measure.accuracy import accuracy, accuracy_against_timesteps
from snnlab.network.net import ANN
from snnlab.show.curves import percent_chart
from snnlab.show.picture import Picture, picture
from snnlab.show.widgets.live import LivePicture, choice, live_axes

_STEPS = (1, 2, 4, 8, 16, 32)
_CORRECTED_AT = 4


def ann_explorer(net: ANN, calibration: Images, images: Images, *, count: int = 200) -> LivePicture:
    """Choose how thresholds are found, where neurons start, and whether biases are corrected.

    All combinations are converted once, at the beginning, which takes some seconds.

    Args:
        net: every stage ends in ReLU.
        calibration: images from which thresholds are read, usually some training images.
        images: the first `count` are classified.
        count: how many.

    Example:
        >>> live = ann_explorer(net, data.train.first(500), data.test)
        >>> live.controls["half_start"].value = False
    """
    shown = images.first(min(count, len(images)))
    goal = accuracy(net, shown)

    def curve(rule: Threshold, per_channel: bool, half: bool, corrected: bool) -> list[float]:
        converted = convert_ann(
            net,
            _STEPS[-1],
            calibration,
            threshold=rule,
            per_channel=per_channel,
            half_threshold_start=half,
            correct_bias_at=_CORRECTED_AT if corrected else 0,
        )
        return accuracy_against_timesteps(converted, shown, _STEPS[-1]).only(_STEPS).accuracy

    rules: tuple[Threshold, ...] = ("max", "percentile")
    switches = (False, True)
    curves = {key: curve(*key) for key in product(rules, switches, switches, switches)}
    plain = curves["max", False, False, False]

    def draw(threshold: Threshold, per_channel: bool, half_start: bool, corrected: bool) -> Picture:
        chosen = curves[threshold, per_channel, half_start, corrected]
        lines = {"as in 2015": plain, "chosen": chosen, "ReLU network": [goal] * len(_STEPS)}
        ax = percent_chart(_STEPS, lines, live_axes())
        ax.set_xscale("log", base=2)
        ax.set_xticks(_STEPS, [str(T) for T in _STEPS])
        return picture(
            ax,
            f"At T = 4: {chosen[2]:.1f} %, at T = 32: {chosen[5]:.1f} %; "
            f"the ReLU network: {goal:.1f} %.",
        )

    return LivePicture(
        draw,
        {
            "threshold": choice(
                "threshold", [("largest activation", "max"), ("99.9th percentile", "percentile")]
            ),
            "per_channel": choice("one threshold per", [("layer", False), ("channel", True)]),
            "half_start": choice("start", [("0", False), ("v_th / 2", True)], True),
            "corrected": choice(
                "biases", [("as trained", False), (f"corrected at T = {_CORRECTED_AT}", True)]
            ),
        },
    )
