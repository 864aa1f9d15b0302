"""`snnlab export RUN --to nir|onnx`: the network of a run in a file of another tool."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from snnlab.network import SpikingNet
from snnlab.runs.conversions import best_conversion
from snnlab.runs.store import Run
from tests.cli.test_bad_input import refused

Ask = Callable[..., Any]
Runs = dict[str, Run]


def logits(file: str, images: torch.Tensor) -> tuple[torch.Tensor, dict[str, str]]:
    """What an ONNX file makes of images, and its metadata."""
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(file)
    (found,) = session.run(None, {"images": images.numpy()})
    return torch.from_numpy(found), session.get_modelmeta().custom_metadata_map


def test_nir_of_a_spiking_run(ask: Ask, finished: Runs) -> None:
    pytest.importorskip("nir")
    from snnlab.exchange import read_nir

    run = finished["noise"]
    said = ask("export", run.id, "--to", "nir", "--json")
    assert (said.status, said.err) == (0, "")
    file = f"{run.id}.nir"
    assert (said.json["file"], said.json["to"], said.json["timesteps"]) == (file, "nir", None)
    assert said.json["bytes"] == Path(file).stat().st_size
    images = run.data().test.normalised(slice(50))
    expected, found = run.network()(images, 4), read_nir(file)(images, 4)
    assert (expected - found).abs().amax(1).median() < 1e-4


@pytest.mark.slow
def test_onnx_of_a_spiking_run(ask: Ask, finished: Runs) -> None:
    run = finished["noise"]
    said = ask("export", run.id, "--to", "onnx")
    assert (said.status, said.err) == (0, "")
    assert said.out.startswith(f"{run.id}.onnx  (T = 4, ")
    data = run.data()
    images = data.test.normalised(slice(50))
    found, notes = logits(f"{run.id}.onnx", images)
    assert (run.network()(images, 4) - found).abs().amax(1).median() < 1e-4
    assert (notes["run"], notes["timesteps"]) == (run.id, "4")
    assert json.loads(notes["mean"]) == data.train.mean.tolist()
    before = Path(f"{run.id}.onnx").read_bytes()
    line = refused(ask("export", run.id, "--to", "onnx"))
    assert line == f"{run.id}.onnx exists; nothing was written. Name another with --out"
    assert Path(f"{run.id}.onnx").read_bytes() == before
    said = ask("export", run.id, "--to", "onnx", "--timesteps", "7", "--out", "seven.onnx")
    found, notes = logits("seven.onnx", images)
    assert notes["timesteps"] == "7"
    assert (run.network()(images, 7) - found).abs().amax(1).median() < 1e-4


@pytest.mark.slow
def test_an_ann_as_it_is_and_converted(ask: Ask, finished: Runs) -> None:
    run = finished["ann"]
    net, data = run.network(), run.data()
    images = data.test.normalised(slice(50))
    assert ask("export", run.id, "--to", "onnx", "--json").json["timesteps"] == 1
    found, _ = logits(f"{run.id}.onnx", images)
    torch.testing.assert_close(found, net(images).detach(), rtol=1e-4, atol=1e-4)
    said = ask("export", run.id, "--to", "onnx", "--timesteps", "3", "--out", "three.onnx")
    assert "best-practice conversion" in said.out
    spiking = best_conversion(net, data.train, 3)
    assert isinstance(spiking, SpikingNet)
    found, _ = logits("three.onnx", images)
    assert (spiking(images, 3) - found).abs().amax(1).median() < 1e-4


def test_an_ann_as_nir_is_its_conversion(ask: Ask, finished: Runs) -> None:
    pytest.importorskip("nir")
    run = finished["ann"]
    said = ask("export", run.id, "--to", "nir", "--out", "mine.nir", "--json")
    assert "best-practice conversion" in said.json["notes"][0]
    assert Path("mine.nir").is_file()


@pytest.mark.slow
def test_a_run_whose_images_are_elsewhere(ask: Ask, finished: Runs) -> None:
    for run in finished.values():
        config = run.folder / "config.json"
        config.write_text(config.read_text().replace('"digits"', '"/no/such"'))
        result = run.folder / "result.json"
        measured = json.loads(result.read_text())
        del measured["hashes"]  # as in results of older versions
        result.write_text(json.dumps(measured))
    said = ask("export", finished["noise"].id, "--to", "onnx", "--json")
    assert said.status == 0
    assert "lacks mean and std of the images" in said.json["notes"][0]
    line = refused(ask("export", finished["ann"].id, "--to", "nir"))
    assert "/no/such" in line


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--to nir --timesteps 4", "a NIR file says nothing of timesteps, got timesteps 4"),
        ("--to onnx --timesteps 0", "timesteps must be at least 1, got 0"),
        ("--to mine --timesteps 4", "go with --to nir or onnx, got --to mine"),
        ("--to mine --out x", "go with --to nir or onnx, got --to mine"),
        ("--to nir --out taken", "taken exists; nothing was written"),
    ],
)
def test_refusals(options: str, said: str, ask: Ask, finished: Runs) -> None:
    Path("taken").write_text("precious")
    before = sorted(Path().iterdir())
    assert said in refused(ask("export", finished["noise"].id, *options.split()))
    assert sorted(Path().iterdir()) == before
    assert Path("taken").read_text() == "precious"
