"""What NIR cannot say, or we cannot do, is named with its place and what to do."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from snnlab.exchange import from_nir, read_nir, to_nir, write_nir
from snnlab.network import Architecture, SpikingNet, build
from snnlab.network.net import Stage
from snnlab.neuron import Neuron, NeuronLayer, StepLayer

from .networks import network

nir = pytest.importorskip("nir", reason="the extra exchange is not installed")


def refused(message: str, *nodes: Any, edges: Any = None, **options: Any) -> None:
    """A graph of these nodes is refused with a message that fits the pattern."""
    names = {f"n{i}": node for i, node in enumerate(nodes)}
    edges = list(zip(list(names), list(names)[1:], strict=False)) if edges is None else edges
    with pytest.raises(ValueError, match=message):
        from_nir(nir.NIRGraph(names, edges, type_check=False), **options)


def affine(outputs: int = 3, inputs: int = 4) -> Any:
    return nir.Affine(np.ones((outputs, inputs), np.float32), np.zeros(outputs, np.float32))


def spiking(n: int = 3, **changes: Any) -> Any:
    return nir.IF(**{"r": np.ones(n), "v_threshold": np.ones(n), **changes})


def leaky(n: int = 3, **changes: Any) -> Any:
    ones = np.ones(n)
    fields = {"tau": 1e-3 * ones, "r": ones, "v_leak": 0 * ones, "v_threshold": ones, **changes}
    return nir.LIF(**fields)


INPUT, OUTPUT = nir.Input(np.array([4])), nir.Output(np.array([3]))


@pytest.mark.parametrize(
    ("message", "nodes"),
    [
        (
            r"'n2' is a NIR Threshold.*valid: Input, Output, IF.*Flatten",
            [nir.Threshold(np.ones(3))],
        ),
        (r"'n2' is a NIR LI,", [nir.LI(np.ones(3), np.ones(3), np.zeros(3))]),
        (r"'n2' is a NIR Delay,", [nir.Delay(np.ones(3))]),
        (r"r of 'n2' has shape \(5,\), for currents of shape \(3,\)", [spiking(5)]),
        (r"how long a timestep is.*leak of 'n2'.*dt=1e-4.*snnTorch.*Norse", [leaky()]),
        (r"'n2' rests or is reset elsewhere than at 0", [spiking(v_reset=np.full(3, 0.1))]),
        (r"'n2' has a current gain that is not above 0", [spiking(r=np.array([1, 0, -1]))]),
        (r"thresholds of 'n2' must be above 0", [spiking(v_threshold=np.full(3, -1.0))]),
        (r"thresholds of 'n2' must", [spiking(v_threshold=np.array([1.0, -1.0, 1.0]))]),
        (r"thresholds of 'n2' must.*finite", [spiking(v_threshold=np.full(3, 1e300))]),
        (r"v_threshold of 'n2'.*NaN", [spiking(v_threshold=np.full(3, np.nan))]),
        (r"reset of 'n2' 'soft'; valid: subtract, zero", [spiking(metadata={"reset": "soft"})]),
        (r"'n2' gets shape \(3,\), which does not fit", [affine(2, 5), spiking(2)]),
        (r"no spiking neurons", []),
    ],
)
def test_nodes_that_are_not_ours(message, nodes):
    refused(message, INPUT, affine(), *nodes, OUTPUT)


@pytest.mark.parametrize(
    ("tau", "message"),
    [
        (np.array([1e-3, 2e-3, 1e-3]), r"'n2' leaks with beta = 1 - dt / tau of 0.9 to 0.95"),
        (np.full(3, 1e-4), r"beta = 1 - dt / tau of 0 to 0"),
        (np.full(3, -1.0), r"tau of 'n2' must be above 0, got -1"),
        (np.zeros(3), r"tau of 'n2'.*above 0"),
    ],
)
def test_leaks_that_are_not_ours(tau, message):
    refused(message, INPUT, affine(), leaky(tau=tau), OUTPUT, dt=1e-4)


def test_graphs_that_are_no_row():
    nodes = INPUT, affine(4, 4), spiking(4), OUTPUT
    cycle = [("n0", "n1"), ("n1", "n2"), ("n2", "n1"), ("n2", "n3")]
    refused(r"cycle, n1 -> n2 -> n1|n2 -> n1 -> n2", *nodes, edges=cycle)
    refused(r"there is no 'n9'; there are n0, n1", *nodes, edges=[("n0", "n9")])
    refused(r"nothing leads to 'n2'", *nodes, edges=[("n0", "n1"), ("n1", "n3"), ("n2", "n3")])
    refused(r"from 'n0' to 'n1' stands twice", *nodes, edges=[*cycle[:2], *cycle])
    refused(r"one Output, this graph has 0", *nodes[:-1])
    refused(r"one Input, this graph has 2: \['n0', 'n1'\]", INPUT, *nodes)
    other = [("n0", "n1"), ("n0", "n2"), ("n1", "n2"), ("n2", "n3")]
    refused(r"'n2' gets shapes", INPUT, affine(), spiking(), OUTPUT, edges=other)
    refused(
        r"'n4' leads nowhere", *nodes, affine(4, 4), edges=[*cycle[:2], *cycle[3:], ("n1", "n4")]
    )


@pytest.mark.parametrize(
    ("shape", "asked", "message"),
    [
        ([4], (1, 5, 1), r"shape \(4,\), for which image_shape=\(1, 5, 1\) does not do"),
        ([2, 2, 1], (1, 2, 2), r"shape \(2, 2, 1\), for which"),
        ([2, 1, 2, 2, 1], None, r"which is no image: give image_shape"),
        ([0], None, r"sizes must be at least 1"),
        ([4], (1, 2), r"image_shape must"),
    ],
)
def test_shapes_that_are_no_images(shape, asked, message):
    refused(message, nir.Input(np.array(shape)), affine(), spiking(), OUTPUT, image_shape=asked)


class Mine(StepLayer):
    """Neurons of one's own."""


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (nn.MaxPool2d(2), r"nothing for MaxPool2d.* at 'stages.0.layers.1'; it has Linear"),
        (nn.AvgPool2d(3, padding=1, count_include_pad=False), r"'stages.0.layers.1'"),
        (nn.AvgPool2d(3, ceil_mode=True), r"'stages.0.layers.1'"),
        (nn.AdaptiveAvgPool2d(3), r"'stages.0.layers.1'"),
        (nn.Conv2d(2, 2, 3, padding=1, padding_mode="circular"), r"'stages.0.layers.1'"),
        (nn.Linear(8, 8), r"'stages.0.layers.1'"),
    ],
)
def test_layers_that_nir_does_not_have(layers, message):
    row = nn.Sequential(nn.Conv2d(1, 2, 1), layers)
    readout = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    net = SpikingNet([Stage(row, NeuronLayer())], readout, (1, 8, 8))
    with pytest.raises(ValueError, match=message):
        to_nir(net)


def test_networks_that_nir_does_not_have(tmp_path):
    architecture, shape = Architecture("mlp", width=4), {"image_shape": (1, 8, 8), "classes": 3}
    ann = build(architecture, **shape, seed=0, activation="relu")
    with pytest.raises(ValueError, match=r"got an ANN; convert_ann\(\)"):
        write_nir(ann, tmp_path / "net.nir")
    own = build(architecture, **shape, seed=0, layer=Mine)
    with pytest.raises(ValueError, match=r"Mine of stage 0"):
        write_nir(own, tmp_path / "net.nir")
    assert not list(tmp_path.iterdir())


def test_files_that_cannot_be_written_or_read(tmp_path):
    net = network("mlp")
    with pytest.raises(ValueError, match=r"cannot write .*nowhere.*: No such file or directory$"):
        write_nir(net, tmp_path / "nowhere" / "net.nir")
    with pytest.raises(ValueError, match=r"cannot write .*: Is a directory$"):
        write_nir(net, tmp_path)
    with pytest.raises(ValueError, match=r"path must be text, got None"):
        write_nir(net, None)
    with pytest.raises(ValueError, match=r"there is no file .*none.nir"):
        read_nir(tmp_path / "none.nir")
    (tmp_path / "text.nir").write_text("weights")
    with pytest.raises(ValueError, match=r"text.nir' is no NIR file, or a damaged one"):
        read_nir(tmp_path / "text.nir")
    with pytest.raises(ValueError, match=r"is no NIR file, or a damaged one: it is a folder$"):
        read_nir(tmp_path)


def test_a_kind_of_node_that_nobody_knows(tmp_path):
    import h5py

    write_nir(network("mlp"), tmp_path / "net.nir")
    with h5py.File(tmp_path / "net.nir", "a") as file:
        del file["node/nodes/neurons_0/type"]
        file["node/nodes/neurons_0/type"] = "Izhikevich"
    with pytest.raises(ValueError, match=r"'neurons_0' is a Izhikevich; valid: Input, .*IF, LIF"):
        read_nir(tmp_path / "net.nir")


def test_absurd_sizes_are_refused_before_memory_is_asked_for(tmp_path):
    import h5py

    write_nir(network("mlp"), tmp_path / "net.nir")
    with h5py.File(tmp_path / "net.nir", "a") as file:
        group = file["node/nodes/neurons_0"]
        del group["r"]
        group.create_dataset("r", (2**40,), "f8", chunks=(2**16,))
    with pytest.raises(ValueError, match=r"is no NIR file.*would fill 8.8e\+12 bytes"):
        read_nir(tmp_path / "net.nir")


STRANGE = [None, "text", 0, -1, 1e300, np.nan, np.zeros(0), np.ones(7), np.ones((2, 3, 4))]
"""What may stand in place of a dataset; None: it is gone."""


@pytest.mark.slow
@settings(max_examples=80)
@given(data=st.data())
def test_a_damaged_file_gives_a_sentence_or_a_network(data, tmp_path_factory):
    """Cut off, or with something strange in one or two places."""
    import h5py

    path = small_file(tmp_path_factory)
    broken = path.with_name("broken.nir")
    broken.write_bytes(path.read_bytes())
    with h5py.File(broken, "a") as file:
        places: list[str] = []
        file.visititems(lambda name, item: places.append(name))
        for place in data.draw(st.lists(st.sampled_from(places), max_size=2)):
            if place in file:
                del file[place]
                strange = data.draw(st.sampled_from(STRANGE))
                if strange is not None:
                    file[place] = strange
    if data.draw(st.booleans()):
        whole = broken.read_bytes()
        broken.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    assert read_or_refused(broken) in {"read", "refused"}


def read_or_refused(path: Path) -> str:
    """What became of a file; anything but a network that runs, or a sentence, is raised."""
    try:
        net = read_nir(path, reset="zero")
    except ValueError as error:
        return "refused" if str(error) else "refused without a word"
    return "read" if net(torch.rand(1, 1, 4, 4)).ndim == 2 else "made something else"


def small_file(folders: Any, made: list[Path] = []) -> Path:  # noqa: B006 (made once)
    """A small file, the same for all examples."""
    if not made:
        made.append(folders.mktemp("nir") / "net.nir")
        architecture = Architecture("mlp", width=2)
        net = build(architecture, image_shape=(1, 4, 4), classes=2, seed=0, neuron=Neuron(beta=0.5))
        write_nir(net, made[0])
    return made[0]


def test_without_the_package_a_sentence_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "nir", None)
    for call in (
        lambda: write_nir(network("mlp"), tmp_path / "net.nir"),
        lambda: read_nir(tmp_path / "net.nir"),
    ):
        with pytest.raises(ValueError, match=re.escape('nir: pip install "snnlab[exchange]"')):
            call()


@pytest.mark.parametrize(
    "name",
    ["if", "None", "training", "graph", "forward", "modules", "", "0", "T_destination", "läyer"],
)
def test_nodes_may_have_any_name(name):
    nodes = {"input": INPUT, "a": affine(), name: spiking(), "output": OUTPUT}
    edges = [("input", "a"), ("a", name), (name, "output")]
    net = from_nir(nir.NIRGraph(nodes, edges, type_check=False), reset="zero")
    assert net(torch.rand(2, *net.image_shape)).shape[0] == 2


@pytest.mark.parametrize("dt", [0, -1e-4])
def test_a_timestep_lasts(dt):
    refused(
        r"dt must be a number above 0, got (0|-0.0001)", INPUT, affine(), spiking(), OUTPUT, dt=dt
    )


@pytest.mark.parametrize("told", [True, False])
def test_a_reset_that_nobody_says_is_warned_of(tmp_path, told):
    graph = nir.NIRGraph.from_list(affine(), spiking())
    nir.write(tmp_path / "net.nir", graph)
    for read, source in ((from_nir, graph), (read_nir, tmp_path / "net.nir")):
        if told:
            assert read(source, reset="subtract").stages[0].neuron.neuron.reset == "subtract"
            continue
        with pytest.warns(UserWarning, match=r"does not say how 'if' resets.*subtract") as caught:
            assert read(source).stages[0].neuron.neuron.reset == "zero"
        assert caught[0].filename == __file__
