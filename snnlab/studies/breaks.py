"""What breaks lossless conversion: one switch at a time, and where the error comes from."""

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
from snnlab.studies.study import Entry, Result, Watch, groups
from snnlab.studies.switches import REFERENCE, SWITCHES, Switch, pools, with_max_pooling
from snnlab.studies.tables import markdown

if TYPE_CHECKING:
    from snnlab.data.images import Data
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
    """Which switches, and at which T the error is taken apart.

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
    """T at which the error is taken apart."""

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

    def measure(self, lab: Laboratory, watch: Watch) -> Result:
        """Turn one switch after the other; measure accuracies and the parts of the error."""
        data = lab.data()
        plan = [(seed, switch) for seed in lab.seed_numbers for switch in self.chosen]
        entries = []
        for seed, switch in watch.steps(plan, lambda step: f"{step[1].name}, seed {step[0]}"):
            found = self.measured(lab, switch, seed, data, watch)
            if found["accuracy"]:
                entry = {name: found[name] for name in ("accuracy", "errors")}
                entries.append({"name": switch.name, "seed": seed} | entry)
        says = {switch.name: switch.says for switch in self.chosen}
        return {"switches": says, "entries": entries}

    def measured(
        self, lab: Laboratory, switch: Switch, seed: int, data: Data, watch: Watch
    ) -> Result:
        """Accuracy by T and errors by stage; no accuracy where there is nothing to switch."""
        key = {"switch": switch.name, "seed": seed, "error_timesteps": self.error_timesteps}

        def measure() -> Result:
            net = switched(lab, switch, seed, data, watch)
            return measured(lab, net, data, self.error_timesteps)

        return lab.remembered(key, measure)

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


def switched(
    lab: Laboratory, switch: Switch, seed: int, data: Data, watch: Watch
) -> SpikingNet | None:
    """The network under a switch; None if it has nothing to switch."""
    config = switch.trained(lab.seeded(seed))
    if not switch.max_pooling:
        return switch.changed(lab.network(config, watch), data, max(lab.timesteps))
    return max_pooled(lab, seed, data, watch)


def max_pooled(lab: Laboratory, seed: int, data: Data, watch: Watch) -> SpikingNet | None:
    """The network of the reference trained with max pooling, None if it does not pool."""
    from snnlab.learning.fit import fit
    from snnlab.runs import assemble

    config = lab.seeded(seed)
    built = assemble.build_network(config, data.image_shape, len(data.classes))
    net = cast("SpikingNet", built).to(data.train.device)
    if not pools(net):
        return None
    net = with_max_pooling(net)
    fit(
        net,
        data,
        assemble.make_objective(config),
        config.training,
        seed=seed,
        on_batch=watch.on_batch,
        on_epoch=watch.on_epoch,
    )
    return net.eval()


def measured(lab: Laboratory, net: SpikingNet | None, data: Data, timesteps: int) -> Result:
    """Accuracy at each T and the parts of the error on the test images; empty without a network."""
    import torch

    from snnlab.conversion.error_parts import decompose_error
    from snnlab.measure.disturbance import disturbed_accuracy

    if net is None:
        return {"accuracy": {}, "errors": []}
    generator = torch.Generator(data.test.device)
    accuracy = disturbed_accuracy(net, data.test, lab.timesteps, generator=generator)
    errors = decompose_error(net, data.test, timesteps)
    return {"accuracy": accuracy.to_json(), "errors": [asdict(stage) for stage in errors]}


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
