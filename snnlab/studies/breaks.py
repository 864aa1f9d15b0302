"""Break lossless conversion, one switch at a time, and measure the parts of the error."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import mean
from typing import TYPE_CHECKING, Annotated, Any, cast

from snnlab.runs.config import ConfigError
from snnlab.settings import Count, Valid, settle
from snnlab.studies.laboratory import (
    BAND,
    Experiment,
    Laboratory,
    accuracy_cells,
    accuracy_header,
)
from snnlab.studies.study import Entry, Result, groups
from snnlab.studies.switches import REFERENCE, SWITCHES, Switch, pools, with_max_pooling
from snnlab.studies.tables import markdown

if TYPE_CHECKING:
    from snnlab.network.net import SpikingNet

NAMES = tuple(switch.name for switch in SWITCHES)
SwitchName = Annotated[str, Valid(options=lambda: NAMES, called="switch")]
ERROR_NOTE = (
    "Root mean square over neurons and images, in spikes per timestep; total = clipping + rounding "
    "+ unevenness, neuron by neuron. Mean error: of rounding and unevenness together, above 0 if "
    "rates are too high."
)


@dataclass(frozen=True)
class Breaks(Experiment):
    """The experiment that breaks lossless conversion, one switch at a time.

    Its result: `switches` says what each does, `entries` holds name, seed, accuracy by T, and
    `errors` by stage, see `ErrorSummary`. A network without pooling has no entry for max pooling.

    Raises:
        ConfigError: an unknown switch, or a T below 1.
    """

    name = "break"
    says = "Break lossless conversion, one switch at a time, and take its error apart."
    title = "What breaks lossless conversion"

    switches: tuple[SwitchName, ...] = NAMES
    """Names of switches; the reference is always part of it."""
    error_timesteps: Count = 8
    """T at which the parts of the error are measured."""

    def __post_init__(self) -> None:
        settle(self, ConfigError)

    @property
    def chosen(self) -> list[Switch]:
        """The switches, the reference first."""
        return [s for s in SWITCHES if s is REFERENCE or s.name in self.switches]

    @property
    def settings(self) -> dict[str, Any]:
        """The names of the switches in their own order, and the T."""
        return asdict(self) | {"switches": [switch.name for switch in self.chosen]}

    def plan(self, lab: Laboratory) -> list[Entry]:
        """Every switch with every seed."""
        names = self.settings["switches"]
        return [{"name": name, "seed": seed} for seed in lab.seed_numbers for name in names]

    def label(self, each: Entry) -> str:
        """Switch and seed."""
        return "{name}, seed {seed}".format(**each)

    def measure(self, lab: Laboratory, each: Entry) -> Result:
        """Accuracy by T, and errors by stage on the test images; empty with nothing to switch."""
        import torch

        from snnlab.conversion.error_parts import decompose_error
        from snnlab.measure.disturbance import disturbed_accuracy

        (switch,) = (switch for switch in SWITCHES if switch.name == each["name"])
        net = switched(lab, switch, each["seed"])
        if net is None:
            return {"accuracy": {}, "errors": []}
        generator = torch.Generator(lab.data.test.device)
        accuracy = disturbed_accuracy(net, lab.data.test, lab.timesteps, generator=generator)
        errors = decompose_error(net, lab.data.test, self.error_timesteps)
        return {"accuracy": accuracy.to_json(), "errors": [asdict(stage) for stage in errors]}

    def summary(self, lab: Laboratory, found: list[Entry]) -> Result:
        """What the switches do, and the entries of those that could be turned."""
        says = {switch.name: switch.says for switch in self.chosen}
        return {"switches": says, "entries": [entry for entry in found if entry["accuracy"]]}

    @staticmethod
    def parts(result: Result) -> list[str]:
        """Accuracy by switch and T, and the parts of the error by stage."""
        by_name = groups(result["entries"], "name")
        rows = [[name, *accuracy_cells(found)] for name, found in by_name.items()]
        errors = [row for name, found in by_name.items() for row in error_rows(name, found)]
        header = ["switch", "stage", "total", "clipping", "rounding", "unevenness", "mean error"]
        return [
            f"Accuracy in percent. {BAND}",
            markdown(["switch", *accuracy_header(result["entries"])], rows),
            "\n".join(f"- {name}: {says}" for name, says in result["switches"].items()),
            f"## Parts of the error at T = {result['asked']['error_timesteps']}",
            ERROR_NOTE,
            markdown(header, errors),
        ]


def switched(lab: Laboratory, switch: Switch, seed: int) -> SpikingNet | None:
    """The network with a switch on; None if the switch does not apply to it."""
    if switch.max_pooling:
        return max_pooled(lab, seed)
    net = lab.network(switch.trained(lab.seeded(seed)))
    return switch.changed(net, lab.data, max(lab.timesteps))


def max_pooled(lab: Laboratory, seed: int) -> SpikingNet | None:
    """The network of the reference trained with max pooling, None if it does not pool."""
    from snnlab.learning.fit import fit
    from snnlab.runs import assemble

    config, data, watch = lab.seeded(seed), lab.data, lab.watch
    built = assemble.build_network(config, data.image_shape, len(data.classes))
    net = cast("SpikingNet", built).to(data.train.device)
    if not pools(net):
        return None
    net, objective = with_max_pooling(net), config.entry.objective(config)
    calls: dict[str, Any] = {"on_batch": watch.on_batch, "on_epoch": watch.on_epoch}
    fit(net, data, objective, config.training, seed=seed, **calls)
    return net.eval()


def error_rows(name: str, entries: list[Entry]) -> list[list[str]]:
    """One row per stage: size of the total and of the parts, means over seeds."""
    rows = []
    stages = zip(*(entry["errors"] for entry in entries), strict=True)
    for number, seeds in enumerate(stages, start=1):
        sizes = [
            f"{mean(seed['root_mean_square'][part] for seed in seeds):.4f}"
            for part in ("total", "clipping", "rounding", "unevenness")
        ]
        bias = mean(seed["mean"]["rounding"] + seed["mean"]["unevenness"] for seed in seeds)
        rows.append([name, str(number), *sizes, f"{bias:+.4f}"])
    return rows
