"""The registry of noise families: what it refuses, and that a family of one's own is everywhere."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from snnlab.measure.distances import Law
from snnlab.neuron import Family, Neuron, NeuronLayer, Noise, Surrogate, register, registry
from snnlab.neuron.families import Gaussian, Uniform
from snnlab.neuron.family import FamilyError
from snnlab.neuron.family_check import demands
from snnlab.neuron.fast import fused
from snnlab.neuron.surrogate import slope
from snnlab.neuron.transfer import firing_probability, mean_rate
from tests.forgetful_registry import forgetful_registry
from tests.neuron.laplace import Laplace, R

C, EULER = math.pi / math.sqrt(6), 0.5772156649015329
TABLE = (-0.5, 0.2, 0.4, 0.45, 1.5)
CURRENTS = torch.linspace(-0.5, 1.5, 41, dtype=torch.float64)


class Gumbel(Family):
    """Lopsided."""

    name = "gumbel"

    def density(self, z):
        y = C * z + EULER
        return C * (-y - (-y).exp()).exp()

    def cumulative(self, z):
        return (-(-C * z - EULER).exp()).exp()

    def quantile(self, p):
        return (-(-p.log()).log() - EULER) / C


PEERS = {"laplace": stats.laplace(scale=1 / R), "gumbel": stats.gumbel_r(-EULER / C, 1 / C)}
OWN = {"laplace": Laplace(), "gumbel": Gumbel()}
NAMES = ["gaussian", "uniform", "logistic", "empirical", *OWN]
families = pytest.mark.parametrize("name", NAMES)
own = pytest.mark.parametrize("name", OWN)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(autouse=True, scope="module")
def own_families():
    """Two families of our own, in a registry that forgets them afterwards."""
    with forgetful_registry():
        for family in OWN.values():
            register(family)
        yield


@pytest.fixture
def scratch():
    """A registry that forgets what a test registers."""
    with forgetful_registry():
        yield


def noise_of(name: str, sigma: float = 0.3, mu: float = 0.4, timesteps: int = 1) -> Noise:
    return Noise(name, sigma, mu, timesteps, quantiles=TABLE if name == "empirical" else ())


def test_these_are_all():
    """So that the tests below leave none out."""
    assert list(registry.names()) == NAMES
    assert registry.without_table() == ("gaussian", "uniform", "logistic", "laplace", "gumbel")
    assert registry.shapes() == (*NAMES, "arctan", "triangle")


@families
def test_the_numbers_of_every_family_fit_together(name):
    """Density = derivative, quantile = inverse, moments, samples, fast forms: see `demands`."""
    found = [demand for holds, demand in demands(noise_of(name).law) if not holds]
    table = name == "empirical"  # its density is smoothed, and no gradient flows
    assert all("density" in fault or "slope" in fault for fault in found) if table else not found


@pytest.mark.sample(2)
@families
@given(z=st.floats(-4, 4), p=st.floats(0.001, 0.999))
def test_quantile_inverts_cumulative_and_mirroring_turns_both(name, z, p):
    family = noise_of(name).law
    z, p = torch.tensor([z, p], dtype=torch.float64)
    assert family.cumulative(family.quantile(p)).item() == pytest.approx(p.item(), abs=1e-9)
    turned = family.mirrored()
    assert turned.cumulative(z).item() == pytest.approx(1 - family.cumulative(-z).item(), abs=1e-9)
    assert turned.density(z).item() == pytest.approx(family.density(-z).item(), abs=1e-9)
    if p != 0.5:
        assert turned.quantile(p).item() == pytest.approx(-family.quantile(1 - p).item(), abs=1e-9)


def derived(currents, noise, neuron=None):
    leaf = currents.clone().requires_grad_()
    (slopes,) = torch.autograd.grad(firing_probability(leaf, noise, neuron).sum(), leaf)
    return slopes


@pytest.mark.parametrize("name", [name for name in NAMES if name != "empirical"])
def test_the_matched_surrogate_is_the_slope_of_the_firing_probability(name):
    noise, neuron = noise_of(name), Neuron(2.0, beta=0.8)
    currents = 2 * CURRENTS
    mean = currents + neuron.beta * noise.mu * neuron.v_th  # potential before firing
    surrogate = Surrogate.matched(noise, neuron.beta)
    found = slope(surrogate, mean / neuron.v_th - 1) / neuron.v_th
    torch.testing.assert_close(found, derived(currents, noise, neuron))


@own
def test_a_family_of_ones_own_is_scipys(name):
    z, peer = torch.linspace(-3, 5, 81, dtype=torch.float64), PEERS[name]
    torch.testing.assert_close(OWN[name].cumulative(z), torch.from_numpy(peer.cdf(z.numpy())))
    found = Law(noise_of(name))
    assert found.cdf(0.7) == pytest.approx(peer.cdf(1.0))
    assert found.ppf([0.2])[0] == pytest.approx(0.4 + 0.3 * peer.ppf(0.2))


@own
def test_single_steps_fire_as_the_distribution_says(name):
    """Lopsided noise, too: it must reach the threshold from below, not from above."""
    noise = noise_of(name)
    expected = 1 - PEERS[name].cdf((1 - 0.4 - CURRENTS.numpy()) / 0.3)
    p = firing_probability(CURRENTS, noise)
    torch.testing.assert_close(p, torch.from_numpy(expected))
    currents = CURRENTS.float().expand(1, 50_000, -1).contiguous().requires_grad_()
    spikes = NeuronLayer(noise=noise)(currents, generator=seeded(1))
    torch.testing.assert_close(spikes[0].double().mean(0), p, rtol=0, atol=0.01)
    (gradient,) = torch.autograd.grad(spikes.sum(), currents)
    slopes = slope(Surrogate.matched(noise), CURRENTS + noise.mu - 1).float()
    torch.testing.assert_close(gradient[0, 0], slopes, rtol=1e-4, atol=1e-4)


@own
def test_several_timesteps_and_target_noise_follow_it_too(name):
    currents = CURRENTS.float().expand(2, 50_000, -1).contiguous()
    first = NeuronLayer(noise=noise_of(name))(currents, generator=seeded(2))[0]
    p = firing_probability(CURRENTS, noise_of(name))
    torch.testing.assert_close(first.double().mean(0), p, rtol=0, atol=0.01)
    target = noise_of(name, timesteps=4)
    rates = NeuronLayer(noise=target)(currents[:1], generator=seeded(3))[0]
    expected = mean_rate(CURRENTS, target)
    torch.testing.assert_close(rates.double().mean(0), expected, rtol=0, atol=0.01)


@own
@pytest.mark.parametrize("timesteps", [1, 4])
def test_its_sigma_can_be_learned(name, timesteps):
    noise = Noise(name, 0.3, 0.4, timesteps, learned="layer")
    layer = NeuronLayer(noise=noise)
    low = CURRENTS[:18]  # above, the slope has the other sign
    rates = layer(low.float()[None, None], generator=seeded(4))
    (found,) = torch.autograd.grad(rates.sum(), layer.log_sigma_ratio)
    means = [
        mean_rate(low, noise_of(name, sigma, timesteps=timesteps)).sum()
        for sigma in (0.3 * math.exp(1e-4), 0.3 * math.exp(-1e-4))
    ]
    assert found.item() == pytest.approx((means[0] - means[1]).item() / 2e-4, rel=1e-3)


class OnGPU:
    is_cuda, dtype = True, torch.float32


def test_the_gpu_kernels_leave_what_they_do_not_know_to_the_plain_path(monkeypatch):
    monkeypatch.setattr(fused, "HAS_TRITON", True)
    for name in NAMES:
        noise = noise_of(name)
        for used in (noise, Surrogate.matched(noise)):
            assert fused.usable(OnGPU(), used) == (name not in OWN)
            assert fused.usable(OnGPU(), Noise(), used) == (name not in OWN)
    assert fused.usable(OnGPU(), Surrogate("arctan"), Surrogate("triangle"))
    with pytest.raises(ValueError, match="do not know 'gumbel'"):
        fused.fused_scan(*args(), Surrogate(), noise_of("gumbel"), seeded())


def args():
    return torch.zeros(2, 1, 3), Neuron(), torch.zeros(1, 3)


def test_registering_again_is_fine_and_another_ones_name_is_not(scratch, tmp_path):
    register(Laplace())
    again = type("Laplace", (Laplace,), {"__module__": __name__, "__qualname__": "Laplace"})
    register(again())  # the module was loaded again, or the cell run again
    assert isinstance(registry.family("laplace"), again)
    with pytest.raises(
        ValueError, match=r"the name 'laplace' belongs to a family of module .*test_"
    ):
        register(type("Other", (Laplace,), {})())
    for name in ("gaussian", "empirical", "arctan"):
        with pytest.raises(ValueError, match=f"the name '{name}' belongs to a family of the kit"):
            register(type("Mine", (Laplace,), {"name": name})())
    assert isinstance(registry.family("gaussian"), Gaussian)


def test_a_family_of_a_notebook_gives_way_to_a_file(scratch):
    cell = {"__name__": "__main__", "register": register, "Laplace": Laplace}
    made = "class Mine(Laplace):\n    name = 'mine'\nregister(Mine())"
    exec(made, cell)
    assert registry.origins({"mine"})["mine"].folder is None
    register(type("Mine", (Laplace,), {"name": "mine"})())
    assert registry.origins({"mine"})["mine"].folder is not None


def wrong(**changes):
    return type("Wrong", (Laplace,), {"name": "wrong", **changes})()


@pytest.mark.parametrize(
    ("family", "message"),
    [
        (Laplace, r"object derived from Family: pass an object, Laplace\(\)"),
        ("laplace", "object derived from Family"),
        (wrong(name="my noise"), "letters, digits and '_', .* got 'my noise' for Wrong"),
        (wrong(name=None), "got None"),
        (wrong(name="none"), "not none"),
        (wrong(on_gpu="gaussian"), "'wrong': on_gpu must be None"),
        (wrong(takes_quantiles=True), "takes_quantiles"),
        (wrong(cumulative=lambda self, z: 0.5), "cumulative must return a tensor"),
        (wrong(density=lambda self, z: z.double()), "density must return a tensor"),
        (wrong(quantile=lambda self, p: p.new_tensor(math.inf) + p), "quantile must be finite"),
        (wrong(cumulative=lambda self, z: 1 - Laplace().cumulative(z)), "rise from 0 to 1"),
        (wrong(cumulative=lambda self, z: 1.2 * Laplace().cumulative(z)), "rise from 0 to 1"),
        (wrong(density=lambda self, z: 1.1 * Laplace().density(z)), "derivative of cumulative"),
        (wrong(cumulative=lambda self, z: Laplace().cumulative(z.detach())), "gradient"),
        (wrong(quantile=lambda self, p: 1.1 * Laplace().quantile(p)), "inverse of cumulative"),
        (wrong(sample=lambda self, like, g: torch.randn_like(like)), "the generator alone"),
        (wrong(sample=Gaussian.sample), "sample must follow cumulative"),
        (wrong(sample=lambda self, like, g: torch.zeros(3)), "sample must have the shape"),
        (wrong(lead=Gaussian.lead), "lead must be"),
        (wrong(quick_slope=Gaussian.quick_slope), "quick_slope must be"),
        (wrong(half_width=2.0), "not spread evenly"),
        (type("Lop", (Gumbel,), {"name": "wrong", "symmetric": True})(), "not symmetric"),
    ],
)
def test_what_is_no_family_is_refused_by_name(family, message, scratch):
    with pytest.raises(FamilyError, match=message):
        register(family)
    assert "wrong" not in registry.names()


def test_another_mean_or_deviation_is_refused(scratch):
    wide = {
        "density": lambda self, z: Uniform().density(z / 1.1) / 1.1,
        "cumulative": lambda self, z: Uniform().cumulative(z / 1.1),
        "quantile": lambda self, p: 1.1 * Uniform().quantile(p),
    }
    with pytest.raises(ValueError, match=r"must be 0 and 1, they are \S+ and 1\.1"):
        register(type("Wide", (Laplace,), {"name": "wide", **wide})())


def test_what_is_not_registered_is_refused_by_name():
    for ask in (lambda: Noise("cauchy"), lambda: registry.family("cauchy")):
        with pytest.raises(ValueError, match=r"'cauchy'; valid: gaussian, .*, laplace, gumbel"):
            ask()
    with pytest.raises(ValueError, match="unknown noise family 'arctan'"):
        registry.family("arctan")
    with pytest.raises(ValueError, match="noise family 'arctan'"):
        Noise("arctan")


def test_an_environment_variable_names_modules(scratch, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "from snnlab.neuron import register, registry\nG = type(registry.family('gaussian'))\n"
    text += "class Mine(G):\n    name, on_gpu = 'named', None\nregister(Mine())\n"
    (tmp_path / "named_family.py").write_text(text)
    with pytest.raises(ValueError, match="'named'"):
        Noise("named")
    monkeypatch.setenv("SNNLAB_FAMILIES", "named_family, ")
    assert Noise("named").law.name == "named"
    assert "named" in registry.shapes()
    for module in ("absent_family", "broken_family"):
        (tmp_path / "broken_family.py").write_text("1 / 0")
        monkeypatch.setenv("SNNLAB_FAMILIES", module)
        for _ in range(2):
            with pytest.raises(ValueError, match=f"the module '{module}' of noise families cannot"):
                Noise("elsewhere")
