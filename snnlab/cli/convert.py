"""`snnlab convert`: a trained run at other timesteps, or an ANN with spiking neurons."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import tyro

from snnlab.cli.answer import RunName, answer, table
from snnlab.conversion.spec import BEST_PRACTICE, ThresholdRule
from snnlab.runs.config import Device
from snnlab.runs.files import RunError
from snnlab.runs.store import load_run, usual_runs

if TYPE_CHECKING:
    from snnlab.conversion.ann import ANNCertificate
    from snnlab.conversion.timesteps import Certificate
    from snnlab.data.images import Data
    from snnlab.measure.curve import AccuracyCurve
    from snnlab.network.net import ANN, SpikingNet, StagedNet

    Converted = tuple[str, dict[str, str], Certificate | ANNCertificate, dict[str, Any]]
    """To what, what there is to know of it, the certificate, and what else is in the answer."""


@dataclass(frozen=True)
class ANNConversion:
    """How a run of method ann or qcfs becomes a spiking network."""

    rule: Annotated[ThresholdRule, tyro.conf.arg(name="")] = field(
        default_factory=lambda: BEST_PRACTICE
    )
    half_threshold_start: bool = True
    """Start from v_th / 2, so that rates are rounded to 1 / T; else from 0: rounded down."""
    correct_bias_at: int | None = None
    """T at which biases are corrected; 0: they are not. Default: 4, or L for qcfs."""


@dataclass(frozen=True)
class Convert:
    """Convert a trained run to more timesteps and print the certificate.

    A run of method ann or qcfs gets spiking neurons in place of its activation functions.
    """

    run: RunName
    """Id of a run, see snnlab list."""
    timesteps: int = 8
    """T of the converted network."""
    ann: ANNConversion = field(default_factory=ANNConversion)
    """For runs of method ann and qcfs only."""
    device: Device = "auto"
    """Where to run it."""
    runs: Path = field(default_factory=usual_runs)
    """Folder of the run folders."""
    json: bool = False
    """Print one JSON object instead of text."""

    def execute(self) -> None:
        """Convert and answer."""
        from snnlab.network.net import SpikingNet
        from snnlab.runs.size import check_timesteps

        check_timesteps(self.timesteps, "--timesteps")
        net, data = trained_network(self.run, self.runs, self.device)
        if isinstance(net, SpikingNet):
            title, facts, certificate, entry = self.more_timesteps(net, data)
        else:
            title, facts, certificate, entry = self.spiking_neurons(cast("ANN", net), data)
        lines = [f"conversion of {self.run} to {title}"]
        lines += [f"  {name:<30} {fact}" for name, fact in facts.items()]
        text = "\n".join([*lines, accuracy_lines(certificate.accuracy)])
        answer({"run": self.run} | entry | certificate.to_json(), text, as_json=self.json)

    def more_timesteps(self, net: SpikingNet, data: Data) -> Converted:
        """For a network that spikes already."""
        from snnlab.conversion.timesteps import convert

        if self.ann != ANNConversion():
            raise RunError(f"run {self.run!r} spikes already: the --ann options do not apply to it")
        _, certificate = convert(net, self.timesteps, data.test, progress=not self.json)
        noisy = certificate.accuracy_with_noise_at_1
        facts = {
            "weights equal, bit for bit": "yes" if certificate.weights_equal else "NO",
            "logits equal at T = 1": "yes" if certificate.logits_equal_at_1 else "NO",
            "warm-up timesteps": f"{certificate.warm_up}, every step counts",
            "accuracy at T = 1 with noise": "-" if noisy is None else f"{noisy:.2f} %",
        }
        if self.timesteps > 1:
            facts[f"accuracy from T = 1 to {self.timesteps}"] = certificate.paired.text()
        return f"T = {self.timesteps}", facts, certificate, {"lossless": certificate.lossless}

    def spiking_neurons(self, net: ANN, data: Data) -> Converted:
        """In place of activation functions."""
        from snnlab.conversion.ann import certify_ann, convert_ann
        from snnlab.runs.conversions import best_correction, calibration_images

        asked, correct_at = self.ann, self.ann.correct_bias_at
        if correct_at is None:
            correct_at = best_correction(net)
        converted = convert_ann(
            net,
            self.timesteps,
            calibration_images(data.train),
            **asdict(asked.rule),
            half_threshold_start=asked.half_threshold_start,
            correct_bias_at=correct_at,
        )
        certificate = certify_ann(net, converted, data.test, progress=not self.json)
        facts = {
            "thresholds": asked.rule.description,
            "start": "v_th / 2" if asked.half_threshold_start else "0",
            "biases corrected": f"at T = {correct_at}" if correct_at else "no",
            "warm-up timesteps": f"{certificate.warm_up}, every step counts",
            "accuracy before": f"{certificate.ann_accuracy:.2f} %",
        }
        entry = {"ann": asdict(asked) | {"correct_bias_at": correct_at}, "loss": certificate.loss}
        return f"spiking neurons, T = {self.timesteps}", facts, certificate, entry


def accuracy_lines(curve: AccuracyCurve) -> str:
    """A small table of accuracies at powers of two."""
    shown = curve.thinned()
    rows = [["  accuracy (%)", *(f"{accuracy:.2f}" for accuracy in shown.values())]]
    return table(["  timesteps T", *map(str, shown)], rows)


def trained_network(id: str, root: Path, device: str) -> tuple[StagedNet, Data]:
    """The network of a finished run and its data, on a device.

    Raises:
        RunError: no such run, or it is not finished.
    """
    from snnlab.runs import assemble

    found = load_run(id, root)
    place = assemble.pick_device(device)
    net = found.network(str(place))
    return net, found.data(place)
