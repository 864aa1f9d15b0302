"""Runs on a GPU: read on a CPU they fire the same spikes; full memory is a sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from snnlab.conversion import convert, convert_ann
from snnlab.data import load_data
from snnlab.learning import Training
from snnlab.learning.fit import TrainingError
from snnlab.measure import accuracy_against_timesteps
from snnlab.network import Architecture, record
from snnlab.runs import RunConfig, run
from snnlab.runs.store import list_runs

pytestmark = pytest.mark.gpu

T = 16


def trained(tmp_path, method):
    config = RunConfig(
        method=method,
        device="cuda",
        timesteps=T,
        conversion_timesteps=T,
        model=Architecture("convnet"),
        training=Training(epochs=8, batch_size=64),
    )
    return run(config, tmp_path)


def spikes(net, images):
    return [one.spikes.cpu() for one in record(net, images, T)]


def assert_same_spikes(on_gpu, on_cpu, data):
    """At most one spike in ten thousand differs, where sums come out in another order."""
    images = data.test.normalised(slice(100))
    for gpu, cpu in zip(spikes(on_gpu, images.cuda()), spikes(on_cpu, images), strict=True):
        assert (gpu != cpu).double().mean() < 1e-4
    curves = [
        accuracy_against_timesteps(net, images, T)
        for net, images in ((on_cpu, data.test), (on_gpu, data.test.to("cuda")))
    ]
    one_image = 100 / len(data.test)
    for timesteps in (1, 2, 4, 8, T):
        assert curves[1][timesteps] == pytest.approx(curves[0][timesteps], abs=1.01 * one_image)


@pytest.mark.parametrize("method", ["noise", "target-noise"])
def test_a_network_trained_on_the_gpu_fires_the_same_spikes_on_the_cpu(method, tmp_path):
    done, data = trained(tmp_path, method), load_data("digits")
    assert done.environment["hardware"]["gpu"] == torch.cuda.get_device_name()
    on_cpu, on_gpu = done.network("cpu"), done.network("cuda")
    assert_same_spikes(on_gpu, on_cpu, data)
    for timesteps in (1, 4, T):
        found = accuracy_against_timesteps(on_cpu, data.test, T)[timesteps]
        assert done.accuracy[timesteps] == pytest.approx(found, abs=1.01 * 100 / len(data.test))
    _, certificate = convert(on_cpu, T, data.test)
    assert certificate.accuracy[T] == accuracy_against_timesteps(on_cpu, data.test, T)[T]


def test_a_network_trained_on_the_gpu_is_converted_alike_on_gpu_and_cpu(tmp_path):
    done, data = trained(tmp_path, "ann"), load_data("digits")
    on_cpu = convert_ann(done.network("cpu"), T, data.train)
    on_gpu = convert_ann(done.network("cuda"), T, data.train.to("cuda"))
    assert_same_spikes(on_gpu, on_cpu, data)


@pytest.fixture
def little_memory():
    """This process may have 256 MiB more than it has now; cuBLAS takes 32 of them per stream."""
    torch.cuda.empty_cache()
    whole = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + 256 * 2**20) / whole)
    yield
    torch.cuda.set_per_process_memory_fraction(1.0)


@pytest.mark.parametrize("cuda_graph", [False, True], ids=["step by step", "recorded"])
def test_full_memory_is_advice_and_the_next_run_goes_through(
    cuda_graph, tiny, little_memory, tmp_path
):
    wide = replace(
        tiny,
        device="cuda",
        method="bptt",
        bptt_timesteps=64,
        model=Architecture("convnet", width=256),
        training=Training(epochs=5, batch_size=100, cuda_graph=cuda_graph),
    )
    with pytest.raises(TrainingError) as refused:
        run(wide, tmp_path)
    said = str(refused.value)
    assert said.startswith("the GPU has too little free memory for this run. Try ")
    for advice in (
        "`training.batch_size 50` instead of 100",
        "`bptt_timesteps 32` instead of 64",
        "`device cpu`",
    ):
        assert advice in said
    (failed,) = list_runs(tmp_path)
    assert (failed.status, failed.reason) == ("failed", said)
    del refused
    assert run(replace(tiny, device="cuda"), tmp_path).status == "finished"
