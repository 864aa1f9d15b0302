"""`snnlab bench`: how fast training and inference are on this machine."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from snnlab.cli.answer import answer, table
from snnlab.experiment.config import Device
from snnlab.network.spec import Architecture


@dataclass(frozen=True)
class Bench:
    """Time training steps and forward passes against the same network with ReLU."""

    model: Architecture = field(default_factory=lambda: Architecture("convnet"))
    """The network."""
    channels: int = 1
    """Channels of the images."""
    size: int = 28
    """Height and width of the images in pixels."""
    batch_size: int = 128
    """Images per batch."""
    rounds: int = 9
    """How often each piece of work is timed; all pieces take turns."""
    device: Device = "auto"
    """Where to measure."""
    json: bool = False
    """Print one JSON object instead of text."""

    def execute(self) -> None:
        """Measure and answer."""
        from snnlab.bench.speed import speed_rows
        from snnlab.experiment.assemble import pick_device
        from snnlab.experiment.provenance import environment

        device = pick_device(self.device)
        rows = speed_rows(
            self.model,
            (self.channels, self.size, self.size),
            batch_size=self.batch_size,
            rounds=self.rounds,
            device=device,
            progress=not self.json,
        )
        header = ["work", "T", "network", "ms", "ratio to ReLU"]
        cells = [
            [row.work, str(row.timesteps), row.library, f"{row.ms:.1f}", f"{row.ratio_to_relu:.2f}"]
            for row in rows
        ]
        made_by = environment(str(device))
        text = table(header, cells)
        answer({"rows": [asdict(row) for row in rows]} | made_by, text, as_json=self.json)
