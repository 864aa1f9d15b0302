"""Whatever takes a network or images does so on a GPU: on a pretended one, and on a real one.

A tensor that stays on the CPU, or a number that waits while a CUDA graph is recorded, is an error
on both; see `pretended_gpu`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

import pytest
import torch

from snnlab import conversion, measure
from snnlab.bench.cifar10 import RACERS
from snnlab.bench.tuning import short_training
from snnlab.conversion import convert, convert_ann, correct_rates, streamline
from snnlab.data import Data, DataSpec, load_data
from snnlab.learning import BPTT, PlainANN, SingleStep, Training, fit
from snnlab.learning.cuda_graph import RecordedPasses
from snnlab.measure import Disturbance
from snnlab.measure.one_image import firing_in_training
from snnlab.network import Architecture, StagedNet, build, record, with_neurons
from snnlab.neuron import Neuron, Noise
from snnlab.neuron.fast import fused
from snnlab.runs import METHODS, RunConfig, load_run, run
from snnlab.show import diagrams
from snnlab.show.films.hops import see_layer
from tests.pretended_gpu import Tape, pretended_gpu

TABLE = (-0.5, 0.2, 0.4, 0.45, 1.5)
PRETENDED, REAL = "pretended", "real"


@pytest.fixture(params=[PRETENDED, pytest.param(REAL, marks=pytest.mark.gpu)])
def gpu(request: pytest.FixtureRequest) -> Iterator[str]:
    """Which GPU the test has."""
    with ExitStack() as stack:
        if request.param == PRETENDED:
            if torch.cuda.is_available():
                pytest.skip("there is a real GPU")
            stack.enter_context(patch.object(fused, "HAS_TRITON", False))
            stack.enter_context(pretended_gpu())
        yield request.param


@pytest.fixture
def data(gpu: str) -> Data:
    """A few digits on the GPU."""
    return load_data("digits", train_size=100, test_size=40).to("cuda")


def network(name: str = "convnet", **options: Any) -> Any:
    arch = Architecture(name, width=4, learned_threshold=options.pop("learned", None))
    net = build(arch, image_shape=(1, 8, 8), classes=10, seed=0, **options)
    return net.to("cuda")


def test_a_pretended_gpu_refuses_what_a_gpu_refuses() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a real GPU")
    with pretended_gpu():
        there, here = torch.ones(3, device="cuda"), torch.ones(3)
        assert (there + there[0]).device == torch.device("cuda:0")
        assert torch.equal(there.cpu() + here.to(there).cpu(), 2 * here)
        for mixed in (
            lambda: there + here,
            lambda: here.add_(there[0]),
            lambda: torch.cat([there, torch.tensor([1.0])]),
            lambda: torch.nn.functional.linear(there, here[None]),
        ):
            with pytest.raises(RuntimeError, match="same device"):
                mixed()
        assert (there * torch.tensor(2.0)).tolist() == [2, 2, 2]
        with pytest.raises(TypeError, match="numpy"):
            there.numpy()
        with pytest.raises(RuntimeError, match="generator"):
            there.uniform_(generator=torch.Generator())
        record_with = Tape(torch.nn.Identity())
        for waits in (there[0].item, there.cpu, lambda: torch.tensor(1.0, device="cuda")):
            with pytest.raises(RuntimeError, match="capturing"):
                record_with(waits, torch.Generator("cuda"))


TRAININGS: dict[str, tuple[Any, dict[str, Any]]] = {
    "noise": (SingleStep(), {"noise": Noise()}),
    "learned threshold": (SingleStep(), {"noise": Noise("uniform"), "learned": "channel"}),
    "target": (SingleStep(), {"noise": Noise("uniform", timesteps=4)}),
    "learned sigma": (SingleStep(), {"noise": Noise(timesteps=2, learned="channel")}),
    "table": (SingleStep(), {"noise": Noise("empirical", quantiles=TABLE)}),
    "table, target": (SingleStep(), {"noise": Noise("empirical", timesteps=4, quantiles=TABLE)}),
    "bptt": (BPTT(2), {"neuron": Neuron(beta=0.9, reset="zero")}),
    "bptt, noise": (BPTT(2), {"noise": Noise("logistic")}),
    "ann": (PlainANN(), {"activation": "relu"}),
    "qcfs": (PlainANN(), {"activation": "qcfs"}),
}


WAYS: list[tuple[str, Any]] = [
    (name, precision)
    for precision in ("float32", "bfloat16")
    for name in ("convnet", "mlp", "resnet18")
]
PLANNED = [(PRETENDED, method, *way) for method in TRAININGS for way in WAYS]
PLANNED += [(REAL, method, *WAYS[i % len(WAYS)]) for i, method in enumerate(TRAININGS)]
CASES = [
    pytest.param(*case, marks=[pytest.mark.gpu] if case[0] == REAL else []) for case in PLANNED
]


@pytest.mark.sample(6)
@pytest.mark.parametrize(("gpu", "method", "name", "precision"), CASES, indirect=["gpu"])
def test_a_training_with_all_its_phases_can_be_recorded(
    method: str, name: str, precision: Any, gpu: str, data: Data, tmp_path: Path
) -> None:
    objective, options = TRAININGS[method]
    net = network(name, **options)
    phases: dict[str, Any] = {}
    if not isinstance(objective, PlainANN) and net.stages[0].neuron.neuron.beta == 1:
        phases = {"rates_fraction": 0.25, "warm_up_fraction": 0.25}
    settings = Training(
        epochs=4,
        batch_size=20,
        augment=True,
        ema_decay=0.9,
        precision=precision,
        cuda_graph=True,
        **phases,
    )
    with ExitStack() as stack:
        if gpu == PRETENDED:
            recorder = partial(RecordedPasses, record=Tape(net))
            stack.enter_context(patch("snnlab.learning.fit.RecordedPasses", recorder))
        (*_, last) = fit(net, data, objective, settings, seed=0, checkpoint=tmp_path / "checkpoint")
    assert 0 < last.loss < 5
    assert all(p.is_cuda for p in net.parameters())


def test_a_training_goes_on_from_its_checkpoint(gpu: str, data: Data, tmp_path: Path) -> None:
    settings, losses = Training(epochs=3, batch_size=50, augment=True, ema_decay=0.9), []
    for cut in (False, True):

        def stop(epoch: Any, cut: bool = cut) -> None:
            if cut and epoch.epoch == 2:
                raise KeyboardInterrupt

        net, file = network(noise=Noise()), tmp_path / f"checkpoint{cut}"
        if cut:
            with pytest.raises(KeyboardInterrupt):
                fit(net, data, SingleStep(), settings, seed=0, checkpoint=file, on_epoch=stop)
            net = network(noise=Noise())
        losses.append(fit(net, data, SingleStep(), settings, seed=0, checkpoint=file)[-1].loss)
    assert losses[0] == losses[1]


def first(data: Data) -> torch.Tensor:
    return data.test.normalised(slice(5))


def generator() -> torch.Generator:
    return torch.Generator("cuda").manual_seed(0)


USES: dict[str, Callable[[Any, Data], object]] = {
    "accuracy": lambda net, data: measure.accuracy(net, data.test, timesteps=4),
    "accuracy, noise": lambda net, data: measure.accuracy(net, data.test, generator=generator()),
    "accuracy of CPU images": lambda net, data: measure.accuracy(
        net, (data.test.pixels.cpu().float(), data.test.labels.cpu())
    ),
    "curve": lambda net, data: measure.accuracy_against_timesteps(net, data.test, 4),
    "cost": lambda net, data: measure.cost_report(
        net, measure.accuracy_against_timesteps(net, data.test, 4)
    ),
    "operations": lambda net, data: measure.ann_operations(net),
    "residuals": lambda net, data: measure.residuals(net, data.test, 4, wide=True),
    "driven residuals": lambda net, data: measure.residuals(net, data.test, 4, neurons="driven"),
    "responses": lambda net, data: measure.responses(net, data.test, 4),
    "one neuron": lambda net, data: measure.neuron_residuals(net, data.test, 4, stage=1, index=3),
    "one image": lambda net, data: measure.see_image(net, data.test.normalised()[0], 4),
    "firing in training": lambda net, data: firing_in_training(net, data.test.normalised()[0]),
    "early exit": lambda net, data: measure.early_exit_curve(net, data.test, [0.5, 0.9], 4),
    "parting images": lambda net, data: measure.parting_images({"a": net, "b": net}, data.test, 4),
    "disturbances": lambda net, data: measure.disturbed_accuracy(
        net, data.test, [1, 4], Disturbance(0.1, 0.1, 0.1), generator=generator()
    ),
    "seconds": lambda net, data: measure.seconds_per_image(net, first(data), [1, 2]),
    "recording": lambda net, data: record(net, first(data), 4, generator=generator()),
    "other neurons": lambda net, data: with_neurons(net, reset="zero")(first(data), 4),
    "streamlined": lambda net, data: streamline(net.eval())(first(data), 4),
    "converted": lambda net, data: convert(net, 4, data.test),
    "corrected": lambda net, data: correct_rates(net, data.train, 4),
    "leaky": lambda net, data: conversion.leaky_equivalent(net, 0.9),
    "error parts": lambda net, data: conversion.decompose_error(net, data.test, 4),
    "calibrated": lambda net, data: conversion.with_noise(
        net, conversion.calibrate_noise(net, data, 4, family="empirical")
    ),
    "diagram": lambda net, data: diagrams.stages(net, data.test.normalised(slice(1))),
    "film": lambda net, data: see_layer(net, data.test, 4, 0),
}


@pytest.mark.parametrize("use", USES)
def test_a_spiking_network_on_a_gpu(use: str, gpu: str, data: Data) -> None:
    net = network(noise=Noise())
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.bias.data += 0.3  # busy neurons
    USES[use](net, data)


@pytest.mark.parametrize("name", ["convnet", "mlp", "resnet18"])
@pytest.mark.parametrize("activation", ["relu", "qcfs"])
@pytest.mark.parametrize("options", [{}, {"threshold": "percentile", "per_channel": True}], ids=str)
def test_a_converted_network_on_a_gpu(
    options: Any, activation: str, name: str, gpu: str, data: Data
) -> None:
    net = network(name, activation=activation).eval()
    spiking = convert_ann(net, 4, data.train, correct_bias_at=4, **options)
    conversion.certify_ann(net, spiking, data.test)
    streamline(spiking)(first(data), 4)


@pytest.mark.parametrize("method", METHODS)
def test_a_run_trained_on_a_gpu_is_measured_there_and_read_on_the_cpu(
    method: Any, gpu: str, tmp_path: Path
) -> None:
    config = RunConfig(
        method=method,
        device="cuda",
        timesteps=4,
        conversion_timesteps=4,
        data=DataSpec("digits", train_size=100, test_size=40),
        model=Architecture("convnet", width=4),
        training=Training(epochs=3, batch_size=25),
    )
    done = run(config, tmp_path)
    assert done.status == "finished"
    assert (done.environment or {})["hardware"]["gpu"]
    nets = [
        cast(StagedNet, load_run(done.id, tmp_path).network(place)) for place in ("cpu", "cuda")
    ]
    images = load_data("digits", test_size=40).test
    on_cpu = measure.accuracy(nets[0], images)
    assert measure.accuracy(nets[1], images.to("cuda")) == pytest.approx(on_cpu, abs=2.6)


@pytest.mark.parametrize("method", RACERS)
def test_a_learning_rate_is_tried_on_a_gpu(method: Any, gpu: str) -> None:
    config = RunConfig(
        method=method,
        device="cuda",
        data=DataSpec("digits", train_size=100),
        model=Architecture("convnet", width=4),
        training=Training(epochs=6, batch_size=25, precision="bfloat16"),
    )
    assert 0 < short_training(config).score <= 100


@pytest.mark.parametrize("give", ["write_nir", "write_onnx"])
def test_a_network_on_a_gpu_is_written_for_other_tools(
    give: str, gpu: str, data: Data, tmp_path: Path
) -> None:
    exchange = pytest.importorskip("snnlab.exchange")
    if gpu == PRETENDED and give == "write_onnx":
        pytest.skip("torch.export cannot read pretended tensors")
    getattr(exchange, give)(network(), tmp_path / "net")
    assert (tmp_path / "net").stat().st_size > 1000
