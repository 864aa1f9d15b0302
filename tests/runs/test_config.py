"""The configuration of a run: defaults, dictionaries, and what is refused in which words."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snnlab.data.spec import DataSpec
from snnlab.learning.spec import Training
from snnlab.network.spec import Architecture
from snnlab.neuron.spec import Neuron, Noise
from snnlab.runs.config import ConfigError, RunConfig, from_dict, to_dict
from snnlab.runs.methods import METHODS, PLAIN, RECIPE, TARGET
from snnlab.runs.presets import PRESETS
from snnlab.settings import quoted

ROOT = Path(__file__).parents[2]
UNUSUAL = RunConfig(
    method="bptt",
    seed=7,
    timesteps=5,
    bptt_timesteps=3,
    device="cpu",
    data=DataSpec("mnist-5k", root="sets", train_size=100, flip=True, shift=0),
    model=Architecture("convnet", width=8, norm_weight=0.25),
    neuron=Neuron(v_th=2.0, v_init=0.75, beta=0.5, reset="zero"),
    noise=Noise("logistic", sigma=0.1, mu=-0.2, learned="channel"),
    stage_noise=(Noise("empirical", quantiles=(0.0, 0.25, 1.0)), Noise(timesteps=3)),
    target_noise=Noise("gaussian", timesteps=8),
    training=Training(epochs=3, learning_rate=1e-5, augment=True, precision="bfloat16"),
)


@pytest.mark.parametrize("config", [RunConfig(), UNUSUAL, *PRESETS.values()])
def test_a_configuration_survives_json(config: RunConfig) -> None:
    assert from_dict(json.loads(json.dumps(to_dict(config)))) == config


@given(
    learning_rate=st.floats(min_value=1e-300, max_value=1e300),
    v_init=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    seed=st.integers(0, 2**31 - 1),
    method=st.sampled_from(list(METHODS)),
)
def test_every_number_survives_json(
    learning_rate: float, v_init: float | None, seed: int, method: Any
) -> None:
    training = Training(learning_rate=learning_rate)
    config = RunConfig(method=method, seed=seed, training=training, neuron=Neuron(v_init=v_init))
    assert from_dict(json.loads(json.dumps(to_dict(config)))) == config


def test_what_is_left_out_takes_its_default() -> None:
    assert from_dict({}) == RunConfig()
    some = from_dict({"training": {"epochs": 3}, "seed": 4})
    assert some == RunConfig(seed=4, training=Training(epochs=3))


def test_a_whole_number_will_do_for_a_float() -> None:
    rate = from_dict({"training": {"learning_rate": 1}}).training.learning_rate
    start = from_dict({"neuron": {"v_init": 0}}).neuron.v_init
    assert (rate, start) == (1.0, 0.0)
    assert type(rate) is type(start) is float


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"sead": 1}, "unknown setting sead"),
        ({"training": {"epoch": 1}}, "unknown setting training.epoch"),
        ({"noise": {"sigma": 0.1, "std": 0.1}}, "unknown setting noise.std"),
        ({"target_noise": {"T": 4}}, "unknown setting target_noise.T"),
        ({1: 2}, "unknown setting 1"),
    ],
)
def test_an_unknown_setting_is_named_and_the_valid_ones_are_listed(
    values: dict[Any, Any], named: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        from_dict(values)
    message = str(caught.value)
    assert message.startswith(f"{named}; valid: ")
    group = named.rpartition(" ")[2].rpartition(".")[0]
    kind = type(getattr(RunConfig(), group)) if group else RunConfig
    assert message.partition("valid: ")[2].split(", ") == [f.name for f in fields(kind)]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"seed": "x"}, "seed must be a whole number, got 'x'"),
        ({"seed": 1.0}, "seed must be a whole number, got 1.0"),
        ({"seed": True}, "seed must be a whole number, got True"),
        ({"seed": None}, "seed must be a whole number, got None"),
        ({"training": {"learning_rate": "0.1"}}, "learning_rate must be a number, got '0.1'"),
        ({"training": {"learning_rate": [1]}}, "learning_rate must be a number, got [1]"),
        ({"training": {"learning_rate": True}}, "learning_rate must be a number, got True"),
        ({"training": {"augment": 1}}, "training.augment must be true or false, got 1"),
        ({"neuron": {"v_init": "a"}}, "neuron.v_init must be a number or None, got 'a'"),
        ({"model": {"width": 2.5}}, "model.width must be a whole number or None, got 2.5"),
        ({"data": {"name": 3}}, "data.name must be text, got 3"),
        ({"method": "nois"}, "; valid: noise, noise-then-spikes, target-noise, no-noise, bptt"),
        ({"model": {"name": "mpl"}}, "; valid: mlp, convnet"),
        ({"device": "tpu"}, "unknown device 'tpu'; valid: auto, cpu, cuda, mps"),
        ({"neuron": 3}, "neuron must be a group of settings, got 3"),
        ({"neuron": None}, "neuron must be a group of settings, got None"),
        ({"noise": {"quantiles": 3}}, "noise.quantiles must be a list, got 3"),
        ({"noise": {"quantiles": "ab"}}, "noise.quantiles must be a list, got 'ab'"),
        ({"noise": {"quantiles": ["a"]}}, "noise.quantiles[0] must be a number, got 'a'"),
        ({"stage_noise": 3}, "stage_noise must be a list, got 3"),
        ({"stage_noise": [3]}, "stage_noise[0] must be a group of settings, got 3"),
        ({"stage_noise": [{"std": 1}]}, "unknown setting stage_noise[0].std; valid: family, sigma"),
        ({"stage_noise": [{"sigma": "a"}]}, "sigma must be a number, got 'a'"),
        ({"data": ["digits"]}, "data must be a group of settings, got ['digits']"),
        ([1], "the configuration must be a group of settings, got [1]"),
        (None, "the configuration must be a group of settings, got None"),
    ],
)
def test_a_wrong_type_is_refused(values: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_dict(values)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("values", "quoted"),
    [
        ({"seed": -1}, "-1"),
        ({"seed": 2**31}, str(2**31)),
        ({"seed": 10**400}, "seed must lie in [0, 2147483647], got 1000"),
        ({"timesteps": -(10**5000)}, "timesteps must be at least 1, got a number with thousands"),
        ({"noise": {"family": "foo"}}, "unknown noise family 'foo'; valid: gaussian"),
        ({"stage_noise": [{}, {"family": "foo"}]}, "(in stage_noise[1])"),
        ({"surrogate": {"width": 0}}, "above 0, got 0 (in surrogate)"),
        ({"noise": {"family": "empirical", "quantiles": [0, 1e308, 1.7e308]}}, "quantiles"),
        ({"timesteps": 0}, "timesteps must be at least 1, got 0"),
        ({"bptt_timesteps": -3}, "bptt_timesteps must be at least 1, got -3"),
        ({"data": {"name": "digit"}}, "'digit'"),
        ({"data": {"validation_fraction": 1.0}}, "1.0"),
        ({"model": {"width": 0}}, "width must be at least 1, got 0"),
        ({"neuron": {"beta": 1.5}}, "1.5"),
        ({"neuron": {"v_th": math.inf}}, "inf"),
        ({"noise": {"sigma": 0}}, "sigma must be a number above 0, got 0 "),
        ({"noise": {"mu": math.nan}}, "nan"),
        ({"training": {"epochs": 0}}, "epochs must be at least 1, got 0"),
        (
            {"training": {"learning_rate": math.nan}},
            "learning_rate must be a number above 0, got nan",
        ),
        ({"training": {"noise_fraction": 1.01}}, "1.01"),
        ({"noise": {"family": "empirical"}}, "'empirical' with 0 quantiles"),
        ({"training": {"noise_floor": 0}}, "noise_floor must lie in (0, 1], got 0"),
        ({"training": {"learning_rate": 10**400}}, "too large"),
    ],
)
def test_a_wrong_value_is_refused(values: dict[str, Any], quoted: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_dict(values)
    assert quoted in str(caught.value)


def test_a_wrong_value_is_refused_in_python_too() -> None:
    with pytest.raises(ConfigError, match="unknown method 'nois'; valid: noise, noise-then-spikes"):
        RunConfig(method="nois")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="unknown device 'tpu'; valid: auto, cpu"):
        RunConfig(device="tpu")  # type: ignore[arg-type]


def test_only_three_methods_have_noise() -> None:
    noise, target = Noise("uniform", sigma=0.2), Noise("uniform", timesteps=8)
    acting = {
        method: RunConfig(method=method, noise=noise, target_noise=target).acting_noise  # type: ignore[arg-type]
        for method in METHODS
    }
    assert acting == dict.fromkeys(METHODS) | {PLAIN: noise, TARGET: target, RECIPE: target}


def test_the_noise_of_each_stage_goes_before_the_one_for_all() -> None:
    stages = (Noise(mu=0.4), Noise(mu=0.6))
    config = RunConfig(stage_noise=stages)
    assert config.acting_noise == stages
    assert config.acting_neuron.v_init is None
    assert RunConfig(method="target-noise", stage_noise=stages).acting_noise != stages
    assert RunConfig(method="bptt", stage_noise=stages).acting_noise is None


def test_where_the_potential_starts_is_a_matter_of_the_method() -> None:
    noise, target = Noise(mu=0.25), Noise(mu=0.375, timesteps=4)
    start = {
        method: RunConfig(
            method=method,  # type: ignore[arg-type]
            noise=noise,
            target_noise=target,
            neuron=Neuron(v_th=2.0),
        ).acting_neuron.v_init
        for method in METHODS
    }
    with_noise = {PLAIN: 0.25 * 2.0, TARGET: 0.375 * 2.0, RECIPE: 0.375 * 2.0}
    assert start == dict.fromkeys(METHODS, 0.0) | with_noise | {"bptt": 2.0 / 2}


@pytest.mark.parametrize("method", [TARGET, RECIPE])
def test_target_noise_learns_its_thresholds_unless_told_otherwise(method: Any) -> None:
    learned = {
        name: RunConfig(method=name).acting_model.learned_threshold  # type: ignore[arg-type]
        for name in METHODS
    }
    assert learned == dict.fromkeys(METHODS) | {TARGET: "layer", RECIPE: "layer"}
    fixed = Architecture(learned_threshold="no")
    assert RunConfig(method=method, model=fixed).acting_model == fixed
    given = Architecture(learned_threshold="channel", threshold_start=1.0, norm_weight=0.5)
    assert RunConfig(method=method, model=given).acting_model == given
    assert RunConfig(method=method).acting_model.threshold_start == 2
    assert RunConfig(method="noise", model=given).acting_model == given


@pytest.mark.parametrize("method", [TARGET, RECIPE])
def test_target_noise_warms_up_unless_told_otherwise(method: Any) -> None:
    acting = {
        name: RunConfig(method=name).acting_training.warm_up_epochs  # type: ignore[arg-type]
        for name in METHODS
    }
    assert {name for name, epochs in acting.items() if epochs} == {TARGET, RECIPE}
    assert 0 < acting[method] < RunConfig().training.epochs
    cold = Training(epochs=10, warm_up_fraction=0.0, rates_fraction=0.0)
    assert RunConfig(method=method, training=cold).acting_training == cold


def test_only_the_recipe_ends_on_its_own_spikes_and_it_says_so() -> None:
    ends = {name for name in METHODS if RunConfig(method=name).acting_training.rates_epochs}  # type: ignore[arg-type]
    assert ends == {RECIPE} == {name for name, method in METHODS.items() if method.note}
    for name in METHODS:
        assert bool(RunConfig(method=name).note) == (name == RECIPE)  # type: ignore[arg-type]
    said = METHODS[RECIPE].note
    assert "several timesteps" in said
    assert "not T = 1 training" in said
    assert METHODS[RECIPE].in_words == f"{METHODS[RECIPE].says}; {said}"
    assert METHODS[PLAIN].in_words == METHODS[PLAIN].says


@pytest.mark.parametrize("method", [PLAIN, RECIPE, "bptt"])
def test_what_is_said_of_the_last_phase_is_what_is_trained(method: Any) -> None:
    late = Training(epochs=10, rates_fraction=0.3, rates_timesteps=(8, 2, 8))
    config = RunConfig(method=method, training=late)
    assert config.note == (
        "its last phase runs several timesteps (T = 2 or 8), so it is not T = 1 training"
    )
    assert config.training_timesteps == (4 if method == "bptt" else 1, 2, 8)
    assert [config.phase(epoch) for epoch in (8, 10)] == ["own spikes at T = 2 or 8"] * 2
    assert config.phase(7) == ("no noise" if method == "bptt" else "noise")
    assert config.phase(1) == ("mean responses" if method == RECIPE else config.phase(7))
    for fraction, drawn in ((0.0, (8, 2)), (0.3, (1,)), (0.04, (8,))):
        short = Training(epochs=10, rates_fraction=fraction, rates_timesteps=drawn)
        assert not RunConfig(method=method, training=short).note
    assert not RunConfig(training=Training(rates_fraction=0.0)).phase(3)


def test_biases_are_corrected_after_training_with_target_noise_unless_told_otherwise() -> None:
    acting = {
        method: RunConfig(method=method).acting_correction  # type: ignore[arg-type]
        for method in METHODS
    }
    assert acting == dict.fromkeys(METHODS, 0) | {TARGET: 4}
    eight = Noise("uniform", timesteps=8)
    assert RunConfig(method="target-noise", target_noise=eight).acting_correction == 8
    assert RunConfig(method="target-noise", bias_correction=0).acting_correction == 0
    assert RunConfig(method="noise", bias_correction=2).acting_correction == 2
    with pytest.raises(ConfigError, match="at least 0, got -1"):
        RunConfig(bias_correction=-1)


@pytest.mark.parametrize("method", METHODS)
def test_a_potential_that_is_given_stays(method: Any) -> None:
    neuron = Neuron(v_init=0.3, beta=0.9)
    assert RunConfig(method=method, neuron=neuron).acting_neuron == neuron


def test_every_setting_says_what_it_is() -> None:
    """The help of the command line is made of these texts."""
    import inspect

    kinds: list[type] = [RunConfig]
    for field in fields(RunConfig):
        default = getattr(RunConfig(), field.name)
        if is_dataclass(default):
            kinds.append(type(default))
    for kind in kinds:
        source = inspect.getsource(kind)
        for field in fields(kind):
            after = source.partition(f"\n    {field.name}: ")[2].split("\n", 1)[1]
            assert after.lstrip().startswith('"""'), f"{kind.__name__}.{field.name}"


def test_a_preset_can_be_told_from_its_neighbours() -> None:
    assert len({json.dumps(to_dict(config)) for config in PRESETS.values()}) == len(PRESETS)


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    "module",
    ["config", "presets", "curves", "provenance", "store"],
)
def test_reading_runs_needs_no_torch(module: str) -> None:
    script = f"import sys, snnlab.runs.{module}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_only_training_through_time_and_on_own_spikes_have_several_timesteps() -> None:
    configs = {
        method: RunConfig(method=method, bptt_timesteps=6)  # type: ignore[arg-type]
        for method in METHODS
    }
    steps = {method: config.training_timesteps for method, config in configs.items()}
    assert {method for method, found in steps.items() if found != (1,)} == {"bptt", RECIPE}
    assert steps["bptt"] == (6,)
    assert steps[RECIPE] == (1, *sorted({*Training().rates_timesteps} - {1}))
    objective = {method: config.objective_timesteps for method, config in configs.items()}
    assert objective == dict.fromkeys(METHODS, 1) | {"bptt": 6}


def places(values: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in values.items():
        yield (*path, key)
        if isinstance(value, dict):
            yield from places(value, (*path, key))


ODD = [
    *(None, True, -1, 0, 1.5, 1e308, float("nan"), float("inf"), 10**30, 1j, b"x", object()),
    *("text", "", "\ud800", "a\0b", "~nobody-here", "9" * 5000, [], {}, [1], {"a": 1}, {1: 2}),
    *((1, 2), set(), [[]], [{"sigma": -1}], float),
]


@pytest.mark.parametrize("path", list(places(to_dict(RunConfig()))), ids=".".join)
def test_every_value_in_every_place_is_taken_or_refused_in_words(
    path: tuple[str, ...],
) -> None:
    """1,900 configurations: never another error, never a value that cannot be written and read."""
    *groups, last = path
    for odd in ODD:
        values = to_dict(RunConfig())
        inner = values
        for group in groups:
            inner = inner[group]
        inner[last] = odd
        try:
            config = from_dict(values)
        except ConfigError as error:
            said = str(error)
            assert "\n" not in said
            assert len(said) < 700
            assert last in said or path[0] in said or quoted(odd) in said
        else:
            assert from_dict(json.loads(json.dumps(to_dict(config)))) == config
