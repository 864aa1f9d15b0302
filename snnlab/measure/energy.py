"""Cost of a spiking network, compared with the ReLU network of the same architecture.

    E_ANN    = MAC * (multiply-accumulates of all layers)
    E_SNN(T) = MAC * (multiply-accumulates of the first layer) + AC * (synaptic operations in T)

`Assumptions` holds the constants, and its text says which costs are left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from snnlab.measure.curve import AccuracyCurve
from snnlab.measure.operations import ann_operations, fan_outs, image_operations, total
from snnlab.network.net import SpikingNet, check_network
from snnlab.settings import Positive, checked, settle


@dataclass(frozen=True)
class Assumptions:
    """The constants from which an energy is computed.

    Raises:
        ValueError: an energy that is not above 0.

    Source:
        Horowitz (2014), "Computing's energy problem (and what we can do about it)": 32-bit
        floating point in 45 nm, multiplication 3.7 pJ, addition 0.9 pJ.
    """

    mac_picojoules: Positive = 4.6
    """Energy of one multiply-accumulate."""
    ac_picojoules: Positive = 0.9
    """Energy of one accumulate, a synaptic operation."""
    first_layer_each_timestep: bool = False
    """Whether the first layer, whose input is the real-valued image, is computed at each timestep;
    False: it is computed once per image, and its current is stored."""

    def __post_init__(self) -> None:
        settle(self)

    def __str__(self) -> str:
        """The assumptions in words, for tables."""
        first = "at each timestep" if self.first_layer_each_timestep else "once per image"
        return (
            f"45 nm, 32-bit floating point: {self.mac_picojoules:g} pJ per multiply-accumulate, "
            f"{self.ac_picojoules:g} pJ per accumulate (Horowitz 2014); first layer as "
            f"multiply-accumulates, {first}; batch norm folded. Not included: memory traffic, "
            "neuron updates, biases, the additions of poolings."
        )


@dataclass(frozen=True)
class CostReport:
    """Cost per image; entry i of every list belongs to T = timesteps[i]."""

    timesteps: list[int]
    """The T that were measured."""
    spikes: list[float]
    """Spikes of all neurons in T timesteps."""
    synaptic_operations: list[float]
    """Additions that these spikes cause in T timesteps."""
    spiking_nanojoules: list[float]
    """Energy of the spiking network."""
    rate: list[float]
    """Spikes per neuron and timestep, each neuron weighted by its synapses."""
    break_even_rate: list[float]
    """The spiking network saves energy if its `rate` is below this number; 0: it never does."""
    ann_operations: int
    """Multiply-accumulates of the ReLU network, one per synapse, see `ann_operations`."""
    ann_nanojoules: float
    """Energy of the ReLU network."""
    image_operations: int
    """Multiply-accumulates of the first layer, per pass of the image."""
    neurons: int
    """Spiking neurons."""
    synapses: int
    """Synapses of all neurons: additions per timestep if all of them fire."""
    assumptions: Assumptions = field(default_factory=Assumptions)
    """The constants behind the energies."""
    assumed: str = ""
    """The assumptions in words."""

    def under(self, assumptions: Assumptions) -> CostReport:
        """The same counts, with energies computed from other assumptions."""
        mac, ac = assumptions.mac_picojoules, assumptions.ac_picojoules
        passes = [T if assumptions.first_layer_each_timestep else 1 for T in self.timesteps]
        image = [n * self.image_operations * mac / 1000 for n in passes]  # of the first layer
        ann = self.ann_operations * mac / 1000
        return replace(
            self,
            spiking_nanojoules=[
                energy + count * ac / 1000
                for energy, count in zip(image, self.synaptic_operations, strict=True)
            ],
            break_even_rate=[  # 0 if the first layer alone needs more than the ReLU network
                max(0.0, 1000 * (ann - energy) / (ac * T * self.synapses))
                for T, energy in zip(self.timesteps, image, strict=True)
            ],
            ann_nanojoules=ann,
            assumptions=assumptions,
            assumed=str(assumptions),
        )

    def text(self) -> str:
        """The report as a table."""
        columns = (self.spikes, self.synaptic_operations, self.spiking_nanojoules)
        rows = zip(self.timesteps, *columns, self.rate, self.break_even_rate, strict=True)
        lines = [
            f"{'T':>4} {'spikes':>12} {'operations':>14} {'energy (nJ)':>12} "
            f"{'/ ANN':>7} {'rate':>7} {'break-even':>10}"
        ]
        lines += [
            f"{T:>4} {spikes:>12,.0f} {operations:>14,.0f} {energy:>12,.1f} "
            f"{energy / self.ann_nanojoules:>7.2f} {rate:>7.4f} {even:>10.4f}"
            for T, spikes, operations, energy, rate, even in rows
        ]
        lines += [
            f" ANN {self.ann_operations:>27,} {self.ann_nanojoules:>12,.1f}",
            "Per image; ANN: a multiply-accumulate per synapse, also where averaging first needs "
            "fewer; rate: spikes per neuron and timestep, weighted by synapses.",
            self.assumed,
        ]
        return "\n".join(lines)


def cost_report(
    net: SpikingNet, curve: AccuracyCurve, assumptions: Assumptions | None = None
) -> CostReport:
    """Cost of a network, from the counts of spikes in `accuracy_against_timesteps`.

    Args:
        net: the network that was measured.
        curve: its rates and operations at T = 1, 2, ...
        assumptions: energies per operation, and how often the first layer is computed.

    Raises:
        ValueError: the curve has another number of stages, or a layer cannot be counted.

    Example:
        >>> curve = accuracy_against_timesteps(net, data.test, 8)
        >>> print(cost_report(net, curve).text())
    """
    check_network(net, "cost_report()")
    checked("curve", AccuracyCurve, curve)
    checked("assumptions", Assumptions | None, assumptions)
    paths = fan_outs(net)
    if len(paths) != len(curve.operations):
        raise ValueError(
            f"the network has {len(paths)} stages, the curve was measured on one with "
            f"{len(curve.operations)}"
        )
    neurons = [stage.numel() for stage in paths]
    fan_out = total(paths)
    operations, steps = curve.synaptic_operations, curve.timesteps
    counts = CostReport(
        timesteps=steps,
        spikes=[
            T * sum(rate * n for rate, n in zip(rates, neurons, strict=True))
            for T, rates in zip(steps, zip(*curve.rates, strict=True), strict=True)
        ],
        synaptic_operations=operations,
        spiking_nanojoules=[],
        rate=[count / (T * fan_out) for T, count in zip(steps, operations, strict=True)],
        break_even_rate=[],
        ann_operations=ann_operations(net),
        ann_nanojoules=0.0,
        image_operations=image_operations(net),
        neurons=sum(neurons),
        synapses=fan_out,
    )
    return counts.under(assumptions or Assumptions())
