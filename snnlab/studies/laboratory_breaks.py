"""What breaks lossless conversion: one switch at a time, and where the error comes from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any, cast

from snnlab.runs.config import ConfigError
from snnlab.runs.study import Result, Step, Watch
from snnlab.settings import Count, Valid, settle
from snnlab.studies.laboratory import Laboratory, conduct
from snnlab.studies.switches import SWITCHES, Switch, pools, with_max_pooling

if TYPE_CHECKING:
    from snnlab.data.images import Data
    from snnlab.network.net import SpikingNet

BREAK = "break"
NAMES = tuple(switch.name for switch in SWITCHES)
SwitchName = Annotated[str, Valid(options=lambda: NAMES, called="switch")]


@dataclass(frozen=True)
class Breaks:
    """Which switches, and at which T the error is taken apart.

    Raises:
        ConfigError: an unknown switch, or a T below 1.
    """

    switches: tuple[SwitchName, ...] = NAMES
    """Names of switches; the reference is always part of it."""
    error_timesteps: Count = 8
    """T at which the error is taken apart."""

    def __post_init__(self) -> None:
        settle(self, ConfigError)

    @property
    def chosen(self) -> list[Switch]:
        """The switches, the reference first."""
        return [s for s in SWITCHES if s is SWITCHES[0] or s.name in self.switches]


def break_conversion(
    lab: Laboratory, asked: Breaks | None = None, watch: Watch | None = None
) -> Result:
    """Turn one switch after the other; measure accuracy at each T and the parts of the error.

    Args:
        lab: on what.
        asked: which switches.
        watch: progress.

    Returns:
        The content of break.json: `switches` says what each does, `entries` holds name, seed,
        accuracy by T, and `errors` by stage, see `ErrorSummary`. A network without pooling has
        no entry for max pooling.

    Raises:
        RunError: the folder holds another experiment.

    Example:
        >>> break_conversion(Laboratory(plain(PRESETS["digits"])))["entries"][0]["accuracy"]
    """
    asked, watch = asked or Breaks(), watch or Watch()
    names = [switch.name for switch in asked.chosen]
    settings = {"switches": names, "error_timesteps": asked.error_timesteps}
    return conduct(lab, BREAK, settings, lambda: broken(lab, asked, watch))


def broken(lab: Laboratory, asked: Breaks, watch: Watch) -> Result:
    """Every switch with every seed."""
    data = lab.data()
    order = [(seed, switch) for seed in lab.seed_numbers for switch in asked.chosen]
    entries = []
    for number, (seed, switch) in enumerate(order, start=1):
        watch.on_step(Step(number, len(order), f"{switch.name}, seed {seed}"))
        found = entry(lab, switch, seed, data, asked.error_timesteps, watch)
        if found["accuracy"]:
            entries.append({"name": switch.name, "seed": seed} | found)
    says = {switch.name: switch.says for switch in asked.chosen}
    return {"switches": says, "entries": entries}


def entry(
    lab: Laboratory, switch: Switch, seed: int, data: Data, timesteps: int, watch: Watch
) -> dict[str, Any]:
    """Accuracy by T and errors by stage under one switch; no accuracy where it cannot be turned."""

    def measure() -> Result:
        net = switched(lab, switch, seed, data, watch)
        return (
            {"accuracy": {}, "errors": []} if net is None else measured(lab, net, data, timesteps)
        )

    key = {"switch": switch.name, "seed": seed, "error_timesteps": timesteps}
    found = lab.remembered(key, measure)
    return {name: found[name] for name in ("accuracy", "errors")}


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
        config.entry.objective(config),
        config.training,
        seed=seed,
        on_batch=watch.on_batch,
        on_epoch=watch.on_epoch,
    )
    return net.eval()


def measured(lab: Laboratory, net: SpikingNet, data: Data, timesteps: int) -> Result:
    """Accuracy at each T and the parts of the error on the test images."""
    import torch

    from snnlab.conversion.error_parts import decompose_error
    from snnlab.measure.disturbance import disturbed_accuracy

    generator = torch.Generator(data.test.device)
    accuracy = disturbed_accuracy(net, data.test, lab.timesteps, generator=generator)
    errors = decompose_error(net, data.test, timesteps)
    return {"accuracy": accuracy.to_json(), "errors": [asdict(stage) for stage in errors]}
