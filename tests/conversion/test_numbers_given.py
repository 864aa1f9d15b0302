"""Whole numbers, numbers and booleans are told apart, by name, wherever a call takes one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from snnlab.conversion import (
    calibrate_noise,
    convert,
    convert_ann,
    correct_rates,
    decompose_error,
    refine_noise,
)
from snnlab.data import load_data
from snnlab.learning import BPTT, SingleStep, Training, fit
from snnlab.measure import (
    Assumptions,
    Disturbance,
    accuracy,
    accuracy_against_timesteps,
    disturbed_accuracy,
    early_exit_curve,
    residuals,
    responses,
    seconds_per_image,
)
from snnlab.network import QCFS, Architecture, build, record
from snnlab.network.layers import Readout

SHAPE = {"image_shape": (1, 8, 8), "classes": 10, "seed": 0}
NAN = float("nan")


@pytest.fixture(scope="module")
def data():
    return load_data("digits", train_size=100)


def net_of(activation="spiking", **changes):
    return build(Architecture("mlp", width=4), activation=activation, **(SHAPE | changes))


def images(data):
    return data.test.first(3).normalised()


@pytest.mark.sample(19)
@pytest.mark.parametrize("wrong", [2.5, 2.0, True, "2"], ids=repr)
@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("levels", lambda x, d: QCFS(x)),
        ("timesteps", lambda x, d: SingleStep(x)),
        ("timesteps", lambda x, d: BPTT(x)),
        ("timesteps", lambda x, d: net_of()(images(d), x)),
        ("timesteps", lambda x, d: record(net_of(), images(d), x)),
        ("timesteps", lambda x, d: accuracy(net_of(), d.test, timesteps=x)),
        ("timesteps", lambda x, d: accuracy_against_timesteps(net_of(), d.test, x)),
        ("timesteps", lambda x, d: accuracy_against_timesteps(net_of(), d.test, 2).at(x)),
        ("timesteps", lambda x, d: residuals(net_of(), d.test, x)),
        ("timesteps", lambda x, d: responses(net_of(), d.test, x)),
        ("timesteps", lambda x, d: seconds_per_image(net_of(), images(d), [1, x])),
        (
            "timesteps",
            lambda x, d: disturbed_accuracy(net_of(), d.test, [x], generator=torch.Generator()),
        ),
        ("max_timesteps", lambda x, d: early_exit_curve(net_of(), d.test, [0.5], x)),
        ("timesteps", lambda x, d: convert(net_of(), x, d.test)),
        ("timesteps", lambda x, d: convert_ann(net_of("relu"), x, d.train)),
        (
            "correct_bias_at",
            lambda x, d: convert_ann(net_of("relu"), 2, d.train, correct_bias_at=x),
        ),
        ("timesteps", lambda x, d: correct_rates(net_of(), d.train, x)),
        ("timesteps", lambda x, d: calibrate_noise(net_of(), d, x)),
        ("timesteps", lambda x, d: decompose_error(net_of(), d.test, x)),
        ("rounds", lambda x, d: refine_noise(net_of(), d, 4, Training(), seed=0, rounds=x)),
        ("classes", lambda x, d: net_of(classes=x)),
        ("seed", lambda x, d: net_of(seed=x)),
        ("image_shape", lambda x, d: net_of(image_shape=(1, x, 8))),
        ("seed", lambda x, d: fit(net_of(), d, SingleStep(), seed=x)),
    ],
)
def test_a_whole_number_is_asked_for_by_name(name, call, wrong, data):
    with pytest.raises(
        ValueError, match=rf"^{name}(\[[01]\])? must be a whole number, got {wrong!r}"
    ):
        call(wrong, data)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Readout(2, 2, gain=NAN), "gain must be a number above 0, got nan"),
        (lambda: Readout(2, 2, gain="1"), "gain must be a number, got '1'"),
        (lambda: QCFS(threshold=True), "threshold must be a number, got True"),
        (lambda: Assumptions(ac_picojoules=NAN), "ac_picojoules must be a number above 0, got nan"),
        (
            lambda: Assumptions(first_layer_each_timestep=1),
            "first_layer_each_timestep must be true or false, got 1",
        ),
        (lambda: Disturbance("much"), "input_noise must be a number, got 'much'"),
    ],
)
def test_a_number_is_asked_for_by_name(call, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        call()


def test_whole_numbers_of_numpy_are_whole_numbers(data):
    many, certificate = convert(net_of(), np.int64(2), data.test)
    assert type(certificate.timesteps) is type(many.timesteps) is int
