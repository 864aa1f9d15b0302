"""Files in use are waited for, as Windows needs it; and nothing of ours keeps one in use."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from snnlab.data import whole_files
from snnlab.data.whole_files import patiently, remove, written_whole
from snnlab.learning.checkpoint import read_tensors, write_tensors


class Busy:
    """Refuses a number of times, as Windows does while another program reads a file."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self) -> str:
        self.left -= 1
        if self.left >= 0:
            raise PermissionError(13, "in use")
        return "done"


@pytest.fixture
def on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_files, "ATTEMPTS", 5)
    monkeypatch.setattr(whole_files, "SECONDS_BETWEEN_ATTEMPTS", 0.001)


@pytest.mark.usefixtures("on_windows")
@pytest.mark.parametrize("times", [0, 1, 4])
def test_a_file_in_use_is_waited_for(times: int) -> None:
    assert patiently(Busy(times)) == "done"


@pytest.mark.usefixtures("on_windows")
def test_one_that_stays_in_use_is_told() -> None:
    with pytest.raises(PermissionError, match="in use"):
        patiently(Busy(5))


@pytest.mark.usefixtures("on_windows")
def test_other_errors_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        patiently(tmp_path.read_bytes)


def test_elsewhere_nothing_is_waited_for() -> None:
    busy = Busy(1)
    with pytest.raises(PermissionError):
        patiently(busy)


@pytest.mark.usefixtures("on_windows")
def test_a_reader_delays_a_file_and_loses_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy, replace = Busy(3), Path.replace

    def held(self: Path, target: Path) -> Path:
        busy()
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", held)
    with written_whole(tmp_path / "progress.json") as partial:
        partial.write_text("new", encoding="utf-8")
    assert [file.name for file in tmp_path.iterdir()] == ["progress.json"]
    remove(tmp_path / "progress.json")
    remove(tmp_path / "progress.json")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux which files are mapped")
def test_a_checkpoint_that_was_read_can_be_replaced(tmp_path: Path) -> None:
    """Windows replaces no file that is mapped into memory, and training does so every epoch."""
    file = tmp_path / "checkpoint.safetensors"
    write_tensors(file, {"weight": torch.arange(5000.0), "step": torch.tensor(3.0)}, {"a": 1})
    tensors, notes = read_tensors(file)
    assert notes == {"a": 1}
    assert tensors["weight"].sum() == 5000 * 4999 / 2
    assert file.name not in Path("/proc/self/maps").read_text(encoding="utf-8")
