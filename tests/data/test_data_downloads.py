"""Sets read through torchvision: files given, files fetched, no network, damaged files."""

from __future__ import annotations

import dataclasses
import hashlib
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from snnlab.data import load_data
from snnlab.data.downloads import READERS
from snnlab.data.spec import CATALOGUE, DataError

COUNTS = {"train": 40, "t10k": 20}


@pytest.fixture
def small_mnist(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the catalogue say that MNIST has 40 and 20 images."""
    info = dataclasses.replace(CATALOGUE["mnist"], sizes=tuple(COUNTS.values()))
    monkeypatch.setitem(CATALOGUE, "mnist", info)


def write_mnist(root: Path, last_label: int = 9) -> Path:
    """Write MNIST's four files: image i is filled with i, its label is i % 10."""
    folder = root / "MNIST" / "raw"
    folder.mkdir(parents=True, exist_ok=True)
    for part, count in COUNTS.items():
        images = np.repeat(np.arange(count, dtype=np.uint8), 28 * 28)
        labels = np.arange(count, dtype=np.uint8) % 10
        labels[-1] = last_label
        header = struct.pack(">4i", 0x803, count, 28, 28)
        (folder / f"{part}-images-idx3-ubyte").write_bytes(header + images.tobytes())
        header = struct.pack(">2i", 0x801, count)
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(header + labels.tobytes())
    return root


@pytest.mark.usefixtures("small_mnist")
def test_files_in_the_root_are_read_without_network(tmp_path: Path, no_network: list[str]):
    data = load_data("mnist", root=write_mnist(tmp_path / "root"))
    assert (len(data.train), len(data.validation), len(data.test)) == (36, 4, 20)
    for images in (data.train, data.validation, data.test):
        assert torch.equal(images.pixels[:, 0, 0, 0].long() % 10, images.labels)
    assert no_network == []


@pytest.mark.usefixtures("small_mnist", "no_network")
def test_root_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SNNLAB_DATA", str(write_mnist(tmp_path / "root")))
    assert len(load_data("mnist", download=False).test) == 20


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("name", READERS)
def test_no_network_names_the_set_the_folder_and_the_way_out(name: str, tmp_path: Path):
    root = tmp_path / "root"
    with pytest.raises(DataError) as caught:
        load_data(name, root=root)
    message = str(caught.value)
    assert repr(name) in message
    assert str(root) in message
    assert "offline: digits, mnist-5k" in message
    assert [file for file in root.rglob("*") if file.is_file()] == []


def test_download_false_says_so(tmp_path: Path):
    with pytest.raises(DataError, match=r"'kmnist' is not in .*download=False forbids"):
        load_data("kmnist", root=tmp_path, download=False)


@pytest.mark.sample(2)
@pytest.mark.usefixtures("small_mnist", "no_network")
@pytest.mark.parametrize("part", ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
@pytest.mark.parametrize("keep", [0, 3, 15, -1])
def test_a_cut_file_is_reported_not_read(part: str, keep: int, tmp_path: Path):
    file = write_mnist(tmp_path) / "MNIST" / "raw" / part
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"'mnist' is incomplete or damaged in .*MNIST"):
        load_data("mnist", root=tmp_path)


@pytest.mark.usefixtures("small_mnist")
def test_a_label_out_of_range_is_reported(tmp_path: Path):
    with pytest.raises(DataError, match=r"labels run from 0 to 12, valid .* 0 to 9"):
        load_data("mnist", root=write_mnist(tmp_path, last_label=12), validation_fraction=0)


@pytest.mark.usefixtures("small_mnist")
def test_an_interrupted_download_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from torchvision.datasets import MNIST

    def break_off(self: MNIST) -> None:
        file = write_mnist(Path(self.root)) / "MNIST" / "raw" / "train-images-idx3-ubyte"
        file.write_bytes(file.read_bytes()[:100])
        raise TimeoutError("connection lost")

    monkeypatch.setattr(MNIST, "download", break_off)
    with pytest.raises(DataError, match="cannot be downloaded: connection lost"):
        load_data("mnist", root=tmp_path)
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []

    monkeypatch.setattr(MNIST, "download", lambda self: write_mnist(Path(self.root)) and None)
    assert len(load_data("mnist", root=tmp_path).test) == 20
    assert sorted(p.name for p in tmp_path.iterdir()) == ["MNIST", "cache"]


@pytest.mark.usefixtures("small_mnist")
def test_a_damaged_folder_is_fetched_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from torchvision.datasets import MNIST

    file = write_mnist(tmp_path) / "MNIST" / "raw" / "train-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:100])
    monkeypatch.setattr(MNIST, "download", lambda self: write_mnist(Path(self.root)) and None)
    assert len(load_data("mnist", root=tmp_path).train) == 36


def test_cifar_batches_are_read_with_channels_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from torchvision.datasets import CIFAR10

    info = dataclasses.replace(CATALOGUE["cifar10"], sizes=(40, 20))
    monkeypatch.setitem(CATALOGUE, "cifar10", info)
    folder = tmp_path / CIFAR10.base_folder
    folder.mkdir()

    def write(name: str, content: dict) -> list[str]:
        encoded = pickle.dumps(content)
        (folder / name).write_bytes(encoded)
        return [name, hashlib.md5(encoded).hexdigest()]

    def batch(count: int) -> dict:
        planes = np.arange(count)[:, None] + np.repeat([0, 100, 200], 1024)  # red, green, blue
        return {"data": planes.astype(np.uint8), "labels": [i % 10 for i in range(count)]}

    _, md5 = write("batches.meta", {"label_names": list(info.classes)})
    monkeypatch.setattr(CIFAR10, "train_list", [write("data_batch_1", batch(40))])
    monkeypatch.setattr(CIFAR10, "test_list", [write("test_batch", batch(20))])
    monkeypatch.setattr(CIFAR10, "meta", CIFAR10.meta | {"md5": md5})

    data = load_data("cifar10", root=tmp_path, download=False)
    assert (len(data.train), len(data.validation), len(data.test)) == (36, 4, 20)
    assert data.train.flip
    red, green, blue = data.test.pixels.unbind(1)
    assert torch.equal(green, red + 100)
    assert torch.equal(blue, red + 200)
    assert torch.equal(red[:, 5, 7].long() % 10, data.test.labels)


def test_real_mnist(shared_data: Path):
    if not (shared_data / "MNIST" / "raw").is_dir():
        pytest.skip("no MNIST in the shared data")
    data = load_data("mnist", root=shared_data, train_size=20_000, download=False)
    assert (len(data.train), len(data.validation), len(data.test)) == (20_000, 6000, 10_000)
    assert data.train.mean.item() == pytest.approx(0.1307, abs=1e-3)
    assert data.train.std.item() == pytest.approx(0.3081, abs=1e-3)
    assert torch.bincount(data.test.labels).tolist()[:3] == [980, 1135, 1032]
