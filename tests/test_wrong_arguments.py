"""Whatever is given to a public function: the right thing happens, or a sentence quotes it.

Each argument of each public name of five rooms is replaced by things that it cannot be. Errors of
torch, of Python's operators and of lists are never a user's answer.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Callable
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from snnlab import conversion, learning, measure, network, neuron
from snnlab.data import Data, Images, data_of
from snnlab.network import Architecture, SpikingNet, build
from snnlab.neuron import Neuron, Noise, Surrogate

ROOMS = ("neuron", "network", "measure", "learning", "conversion")
SHAPE = (1, 8, 8)

WRONG: dict[str, Any] = {
    "None": None,
    "text": "an apple",
    "number": 3.5,
    "negative": -7,
    "not a number": float("nan"),
    "list": ["an apple", 17],
    "dict": {"key": 17},
    "object": slice(3, 5),
    "class": Neuron,
    "function": len,
    "array": np.zeros((2, 3)),
    "empty": torch.zeros(0, 3),
    "five dimensions": torch.zeros(2, 3, 4, 5, 6),
    "another shape": torch.zeros(7, 11),
    "scalar": torch.tensor(0.25),
    "complex": torch.zeros(2, 3, dtype=torch.complex64),
    "elsewhere": torch.zeros(3, 2, device="meta"),
    "noise": Noise(),
    "module": nn.ReLU(),
}


def images(count: int = 6) -> Images:
    """A few with all classes."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.rand(count, *SHAPE, generator=generator)
    return Images(pixels, torch.arange(count) % 3)


@cache
def net(activation: str = "spiking", noisy: bool = False) -> Any:
    """A small network in evaluation mode, its neurons busy."""
    noise = Noise() if noisy else None
    made = build(
        Architecture("mlp", width=4, norm_weight=1.0),
        image_shape=SHAPE,
        classes=3,
        seed=0,
        activation=activation,
        noise=noise,
    )
    return made.eval()


@cache
def converted() -> SpikingNet:
    """From a network of ReLU."""
    return conversion.convert_ann(net("relu"), 2, images())


def data() -> Data:
    """Three splits."""
    return data_of(images(), images(), images())


def generator() -> torch.Generator:
    """A seeded one."""
    return torch.Generator().manual_seed(0)


def residual_summaries() -> Any:
    """Of the small network."""
    return measure.residuals(net(), images(), 3)


CALLS: dict[str, Callable[[], dict[str, Any]]] = {
    "neuron.charge": lambda: {"v": torch.rand(2), "current": torch.rand(2), "beta": 0.5},
    "neuron.fire": lambda: {"h": torch.rand(2), "v_th": 1.0},
    "neuron.reset": lambda: {"h": torch.rand(2), "spikes": torch.ones(2), "neuron": Neuron()},
    "neuron.step": lambda: {
        "v": torch.rand(2),
        "current": torch.rand(2),
        "neuron": Neuron(),
        "surrogate": Surrogate(),
        "deviation": torch.rand(2),
    },
    "neuron.trace": lambda: {
        "currents": torch.rand(3, 2),
        "neuron": Neuron(),
        "v": torch.rand(2),
        "surrogate": Surrogate(),
        "noise": Noise(),
        "generator": generator(),
    },
    "neuron.NeuronLayer": lambda: {
        "neuron": Neuron(),
        "noise": Noise(),
        "surrogate": Surrogate(),
    },
    "neuron.StepLayer": lambda: {"neuron": Neuron(), "noise": Noise(), "surrogate": Surrogate()},
    "neuron.Neuron": lambda: {"v_th": 1.0, "v_init": 0.5, "beta": 1.0, "reset": "zero"},
    "neuron.Noise": lambda: {"family": "gaussian", "sigma": 0.3, "mu": 0.5, "timesteps": 1},
    "neuron.Surrogate": lambda: {"shape": "arctan", "width": 1.0},
    "neuron.along_channels": lambda: {"values": torch.rand(3), "current": torch.rand(2, 3, 4)},
    "neuron.sample": lambda: {
        "noise": Noise(),
        "shape": (3,),
        "generator": generator(),
        "dtype": torch.float64,
    },
    "neuron.register": lambda: {"family": None},
    "neuron.slope": lambda: {"surrogate": Surrogate(), "distance": torch.rand(2)},
    "neuron.firing_probability": lambda: {
        "current": torch.rand(2),
        "noise": Noise(),
        "neuron": Neuron(),
    },
    "neuron.multi_step_rate": lambda: {
        "current": torch.rand(2),
        "timesteps": 3,
        "neuron": Neuron(),
    },
    "network.QCFS": lambda: {"levels": 4, "threshold": 1.0},
    "network.Architecture": lambda: {"name": "mlp", "width": 3, "norm_weight": 1.0},
    "network.build": lambda: {
        "architecture": Architecture("mlp", width=3),
        "image_shape": SHAPE,
        "classes": 3,
        "seed": 0,
        "activation": "spiking",
        "neuron": Neuron(),
        "noise": Noise(),
        "surrogate": Surrogate(),
        "levels": 4,
        "layer": None,
    },
    "network.Stage": lambda: {"layers": nn.Flatten(), "neuron": nn.ReLU(), "shortcut": None},
    "network.ANN": lambda: {
        "stages": [network.Stage(nn.Flatten(), nn.ReLU())],
        "readout": nn.Linear(64, 3),
        "image_shape": SHAPE,
    },
    "network.from_torch": lambda: {
        "module": torch.nn.Sequential(
            torch.nn.Flatten(), torch.nn.Linear(64, 3), torch.nn.ReLU(), torch.nn.Linear(3, 3)
        ),
        "image_shape": SHAPE,
        "activation": "spiking",
        "neuron": Neuron(),
        "noise": Noise(),
        "surrogate": Surrogate(),
        "levels": 4,
    },
    "network.with_neurons": lambda: {"net": net(), "v_th": 0.5},
    "network.record": lambda: {
        "net": net(),
        "images": images().pixels,
        "timesteps": 2,
        "generator": generator(),
    },
    "measure.accuracy": lambda: {
        "net": net(),
        "images": images(),
        "timesteps": 2,
        "generator": generator(),
        "batch_size": 4,
    },
    "measure.accuracy_against_timesteps": lambda: {
        "net": net(),
        "images": images(),
        "timesteps": 2,
        "generator": generator(),
        "batch_size": 4,
    },
    "measure.parting_images": lambda: {
        "nets": {"a": net(), "b": net()},
        "images": images(),
        "timesteps": 2,
    },
    "measure.Disturbance": lambda: {"input_noise": 0.1, "weight_noise": 0.1},
    "measure.disturbed_accuracy": lambda: {
        "net": net(),
        "images": images(),
        "timesteps": [1, 2],
        "disturbance": measure.Disturbance(),
        "generator": generator(),
        "batch_size": 4,
    },
    "measure.early_exit_curve": lambda: {
        "net": net(),
        "images": images(),
        "thresholds": [0.5],
        "max_timesteps": 2,
        "confidence": "margin",
        "batch_size": 4,
    },
    "measure.Assumptions": lambda: {"mac_picojoules": 1.0, "ac_picojoules": 1.0},
    "measure.ann_operations": lambda: {"net": net()},
    "measure.cost_report": lambda: {
        "net": net(),
        "curve": measure.accuracy_against_timesteps(net(), images(), 2),
        "assumptions": measure.Assumptions(),
    },
    "measure.see_image": lambda: {
        "net": net(),
        "image": images().pixels[0],
        "timesteps": 2,
        "trained_over": 1,
        "seed": 0,
    },
    "measure.neuron_residuals": lambda: {
        "net": net(),
        "images": images(),
        "timesteps": 2,
        "stage": 0,
        "index": 1,
        "batch_size": 4,
    },
    "measure.residuals": lambda: {
        "net": net(),
        "images": images(),
        "timesteps": 2,
        "neurons": "driven",
        "batch_size": 4,
    },
    "measure.responses": lambda: {
        "net": net(),
        "images": images(),
        "timesteps": 2,
        "batch_size": 4,
    },
    "measure.seconds_per_image": lambda: {
        "net": net(),
        "images": images().pixels,
        "timesteps": [1],
    },
    "measure.estimate": lambda: {"values": [1.0, 2.0]},
    "learning.BPTT": lambda: {"timesteps": 2},
    "learning.SingleStep": lambda: {"timesteps": 1},
    "learning.Training": lambda: {"epochs": 1, "learning_rate": 0.1, "augment": False},
    "learning.fit": lambda: {
        "net": build(Architecture("mlp", width=4), image_shape=SHAPE, classes=3, seed=0),
        "data": data(),
        "objective": learning.SingleStep(),
        "training": learning.Training(epochs=1, batch_size=4),
        "seed": 0,
        "loss": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD,
    },
    "conversion.convert": lambda: {
        "net": net(),
        "timesteps": 2,
        "images": images(),
        "seed": 0,
    },
    "conversion.convert_ann": lambda: {
        "net": net("relu"),
        "timesteps": 2,
        "calibration": images(),
        "threshold": "max",
        "percentile": 99.0,
        "correct_bias_at": 2,
    },
    "conversion.certify_ann": lambda: {
        "net": net("relu"),
        "converted": converted(),
        "images": images(),
    },
    "conversion.correct_rates": lambda: {"net": net(), "images": images(), "timesteps": 2},
    "conversion.decompose_error": lambda: {
        "net": net(),
        "images": images(),
        "timesteps": 2,
        "batch_size": 4,
    },
    "conversion.error_parts": lambda: {
        "net": net(),
        "images": images().pixels,
        "timesteps": 2,
    },
    "conversion.streamline": lambda: {"net": net()},
    "conversion.leaky_equivalent": lambda: {"net": net(), "beta": 0.9},
    "conversion.leaky_noise": lambda: {"beta": 0.9, "family": "uniform"},
    "conversion.calibrate_noise": lambda: {
        "net": net(),
        "data": images(),
        "timesteps": 4,
        "family": "gaussian",
        "source": "rates",
    },
    "conversion.refine_noise": lambda: {
        "net": net(),
        "data": data(),
        "timesteps": 4,
        "training": learning.Training(epochs=1, batch_size=4),
        "seed": 0,
        "family": "gaussian",
        "source": "rates",
        "rounds": 1,
        "tolerance": 0.1,
    },
    "conversion.with_noise": lambda: {"net": net(), "noises": [Noise(), None]},
    "conversion.ThresholdRule": lambda: {"threshold": "max", "percentile": 99.0},
}
"""A right call of each; `scan` is called as `trace`, and `SpikingNet` is made as `ANN`."""

SAME = {"neuron.scan": "neuron.trace", "network.SpikingNet": "network.ANN"}


def public(room: str) -> list[str]:
    """The functions and classes that a room's index names and users call."""
    index = Path(inspect.getfile(importlib.import_module(f"snnlab.{room}"))).with_suffix(".pyi")
    names = [
        alias.name
        for node in ast.parse(index.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    return [f"{room}.{name}" for name in names]


GIVEN_BACK = {  # by the kit, or to derive from: nobody calls these with arguments of their own
    "conversion": {"ANNCertificate", "Certificate", "ErrorSummary", "Round"},
    "learning": {"Batch", "Epoch", "Objective", "PlainANN", "TrainingError"},
    "measure": {
        *("AccuracyCurve", "CostReport", "Distance", "EarlyExit", "Estimate", "ImageSeen"),
        *("OneNeuron", "ResidualSummary", "Response", "SeedCurves", "StageSeen", "memory_use"),
    },
    "network": {"MakeLayer", "Recording", "StagedNet"},
    "neuron": {"Family", "MATCHED_SIGMA", "SpikingLayer", "Step", "Trace"},
}


def test_every_public_name_is_tried() -> None:
    tried = {*CALLS, *SAME}
    left_out = {f"{room}.{name}" for room, names in GIVEN_BACK.items() for name in names}
    assert {name for room in ROOMS for name in public(room)} == tried | left_out


def called(name: str) -> Any:
    """The thing of that name."""
    room, _, member = name.partition(".")
    rooms = {
        "neuron": neuron,
        "network": network,
        "measure": measure,
        "learning": learning,
        "conversion": conversion,
    }
    return getattr(rooms[room], member)


def outcome(function: Any, arguments: dict[str, Any]) -> Any:
    """What a call gives, with all that an iterator would give."""
    found = function(**arguments)
    return list(found) if inspect.isgenerator(found) else found


def quotes(message: str, value: Any) -> bool:
    """Whether a message says what was given: the value, its shape, type or device."""
    said = [repr(value)[:40], str(value)[:40], type(value).__name__]
    if hasattr(value, "shape"):
        said += [
            str(tuple(value.shape)),
            str(tuple(value.shape[1:])),
            str(getattr(value, "device", "")),
            str(value.dtype)[6:],
        ]
    if isinstance(value, list | dict):
        said += [repr(one) for one in value]
    if isinstance(value, type) or callable(value):
        said += [getattr(value, "__name__", "")]
    if isinstance(value, float | int):
        said += [f"{value:g}"]
    none = value is None and any(word in message for word in ("no ", "none", "None", "pass "))
    return none or any(text and text in message for text in said)


CASES = [(name, argument) for name in [*CALLS, *SAME] for argument in CALLS[SAME.get(name, name)]()]


@pytest.mark.sample(70)
@pytest.mark.parametrize(("name", "argument"), CASES, ids=[".".join(case) for case in CASES])
def test_a_wrong_argument_is_quoted_in_a_sentence(name: str, argument: str) -> None:
    function, wrong_ones = called(name), []
    for kind, wrong in WRONG.items():
        if argument == "module" and kind == "module":
            continue  # one that is told where it cannot be taken
        arguments = CALLS[SAME.get(name, name)]() | {argument: wrong}
        try:
            outcome(function, arguments)
        except (ValueError, TypeError) as error:  # DataError is a ValueError
            said = str(error)
            python = isinstance(error, TypeError) and not is_dataclass(function)
            if python or "\n" in said.strip() or not quotes(said, wrong):
                wrong_ones.append(f"{name}({argument}={kind}): {type(error).__name__}: {said}")
        except Exception as error:
            wrong_ones.append(f"{name}({argument}={kind}): {type(error).__name__}: {error}")
    assert not wrong_ones, "\n".join(["", *wrong_ones])


@pytest.mark.parametrize("name", [*CALLS, *SAME])
def test_the_right_arguments_are_taken(name: str) -> None:
    if name == "neuron.register":
        return
    outcome(called(name), CALLS[SAME.get(name, name)]())
