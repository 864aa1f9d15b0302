"""`snnlab evaluate`: accuracy, spikes and cost of a trained run at T = 1 to N."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from snnlab.cli.answer import RunName, answer, table
from snnlab.cli.convert import accuracy_lines, trained_network
from snnlab.runs.config import Device
from snnlab.runs.files import RunError
from snnlab.runs.store import usual_runs
from snnlab.settings import Seed, Share, checked

if TYPE_CHECKING:
    from snnlab.data.images import Images
    from snnlab.measure.early_exit import EarlyExit
    from snnlab.network.net import SpikingNet


@dataclass(frozen=True)
class Evaluate:
    """Measure a trained run: accuracy, spike rates and operations at T = 1 to N."""

    run: RunName
    """Id of a run, see snnlab list."""
    timesteps: int = 16
    """Highest T."""
    noise: bool = False
    """Keep the noise of the training switched on."""
    noise_seed: int = 0
    """Seed of that noise."""
    split: Literal["test", "validation", "train"] = "test"
    """Which images."""
    cost: bool = False
    """Also give operations, energy and break-even rates."""
    exit_at: tuple[float, ...] = ()
    """Also measure early exit at these confidences, without noise: 0.9 0.99."""
    device: Device = "auto"
    """Where to run it."""
    runs: Path = field(default_factory=usual_runs)
    """Folder of the run folders."""
    json: bool = False
    """Print one JSON object instead of text."""

    def execute(self) -> None:
        """Measure and answer."""
        import torch

        from snnlab.measure.accuracy import accuracy_against_timesteps
        from snnlab.measure.early_exit import early_exit_curve
        from snnlab.measure.energy import cost_report
        from snnlab.runs.size import check_timesteps

        check_timesteps(self.timesteps, "--timesteps")
        checked("--noise-seed", Seed, self.noise_seed, RunError)
        for confidence in self.exit_at:
            checked("--exit-at", Share, confidence, RunError)
        net, images = spiking_network(self.run, self.runs, self.device, self.split)
        generator = None
        if self.noise:
            generator = torch.Generator(images.device).manual_seed(self.noise_seed)
        curve = accuracy_against_timesteps(
            net, images, self.timesteps, generator=generator, progress=not self.json
        )
        entry: dict[str, Any] = {"run": self.run, "split": self.split, "noise": self.noise}
        entry |= curve.entries()
        rates = ", ".join(f"{stage[-1]:.3f}" for stage in curve.rates)
        lines = [accuracy_lines(curve), f"  spikes per neuron and timestep, by stage: {rates}"]
        if self.cost:
            report = cost_report(net, curve)
            entry["cost"] = asdict(report)
            lines += ["", report.text()]
        if self.exit_at:
            points = early_exit_curve(net, images, self.exit_at, self.timesteps)
            entry["early_exit"] = [asdict(point) for point in points]
            lines += ["", exit_table(points)]
        answer(entry, "\n".join(lines), as_json=self.json)


def exit_table(points: Sequence[EarlyExit]) -> str:
    """Early exit by threshold."""
    header = ["early exit at confidence", "mean T", "accuracy (%)", "left early (%)"]
    rows = [
        [
            f"{point.threshold:g}",
            f"{point.mean_timesteps:.2f}",
            f"{point.accuracy:.2f}",
            f"{100 * point.left_early:.1f}",
        ]
        for point in points
    ]
    return table(header, rows)


def spiking_network(id: str, root: Path, device: str, split: str) -> tuple[SpikingNet, Images]:
    """The network of a finished run, and images of one split of its data, on a device.

    Raises:
        RunError: no such run, not finished, or an ANN.
    """
    from snnlab.network.net import SpikingNet

    net, data = trained_network(id, root, device)
    if not isinstance(net, SpikingNet):
        raise RunError(
            f"run {id!r} trained an ANN, which has no timesteps; snnlab convert gives it some"
        )
    images: Images = getattr(data, split)
    if len(images) == 0:
        raise RunError(f"the data of run {id!r} has no {split} images")
    return net, images
