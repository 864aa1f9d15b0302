"""The three noise families against SciPy's distributions of mean 0 and standard deviation 1."""

from __future__ import annotations

import math

import pytest
import torch
from scipy import stats

from snnlab.neuron import MATCHED_SIGMA, Noise, Surrogate
from snnlab.neuron.noise import sample
from snnlab.neuron.registry import family as law_of

PEERS = {
    "gaussian": stats.norm(),
    "uniform": stats.uniform(-math.sqrt(3), 2 * math.sqrt(3)),
    "logistic": stats.logistic(scale=math.sqrt(3) / math.pi),
}
Z = torch.linspace(-6, 6, 1201, dtype=torch.float64)
families = pytest.mark.parametrize("family", PEERS)


@families
def test_cumulative_density_and_quantile_equal_scipys(family):
    peer, law = PEERS[family], law_of(family)
    torch.testing.assert_close(law.cumulative(Z), torch.from_numpy(peer.cdf(Z.numpy())))
    torch.testing.assert_close(law.density(Z), torch.from_numpy(peer.pdf(Z.numpy())))
    p = torch.linspace(0, 1, 999, dtype=torch.float64)[1:-1]
    torch.testing.assert_close(law.quantile(p), torch.from_numpy(peer.ppf(p.numpy())))


@families
def test_the_tails_keep_their_relative_precision(family):
    z = torch.tensor([-8.0, -6.0, -4.0], dtype=torch.float64)
    expected = torch.from_numpy(PEERS[family].cdf(z.numpy()))
    torch.testing.assert_close(law_of(family).cumulative(z), expected, rtol=1e-9, atol=0)


@families
def test_samples_follow_the_distribution(family):
    drawn = law_of(family).sample(torch.empty(50_000), torch.Generator().manual_seed(2))
    assert stats.kstest(drawn.numpy(), PEERS[family].cdf).pvalue > 1e-3
    assert drawn.isfinite().all()


@families
def test_sample_has_the_mean_and_the_deviation_asked_for(family):
    noise, n = Noise(family, sigma=0.3, mu=-0.7), 100_000
    drawn = sample(noise, (n,), torch.Generator().manual_seed(3), dtype=torch.float64)
    assert abs(drawn.mean() + 0.7) < 4 * 0.3 / math.sqrt(n)
    kurtosis = float(PEERS[family].stats("k")) + 3
    error_of_variance = 0.3**2 * math.sqrt((kurtosis - 1) / n)
    assert abs(drawn.var() - 0.3**2) < 4 * error_of_variance


@families
def test_sample_depends_on_the_generator_alone(family):
    before = torch.get_rng_state()
    one, two, other = (
        sample(Noise(family), (10,), torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)
    )
    assert torch.equal(one, two)
    assert not torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_default_is_matched_to_an_even_residual():
    even = stats.uniform(0, 1)  # a residual that lies evenly in [0, v_th)
    assert Noise() == Noise("gaussian", sigma=MATCHED_SIGMA, mu=0.5)
    assert pytest.approx(even.mean()) == 0.5
    assert pytest.approx(even.std()) == MATCHED_SIGMA
    residual = sample(Noise("uniform"), (10_000,), torch.Generator().manual_seed(4))
    assert 0 <= residual.min() < 0.001
    assert 0.999 < residual.max() <= 1


@pytest.mark.parametrize(
    ("make", "values", "message"),
    [
        (Noise, {"family": "cauchy"}, "noise family 'cauchy'; valid: gaussian, uniform, logistic"),
        (Noise, {"sigma": 0.0}, r"sigma .* above 0, got 0\.0 .* noise=None"),
        (Noise, {"sigma": math.inf}, "sigma .* got inf"),
        (Noise, {"mu": math.nan}, "mu .* got nan"),
        (Surrogate, {"shape": "sigmoid"}, "surrogate shape 'sigmoid'; valid: .*arctan, triangle"),
        (Surrogate, {"width": -1.0}, r"width must be .* above 0, got -1\.0"),
    ],
)
def test_impossible_noise_and_surrogates_are_refused(make, values, message):
    with pytest.raises(ValueError, match=message):
        make(**values)
