"""A data set of one's own by name: `module:function`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from snnlab.data import DataError, DataSpec, load_data
from snnlab.data.own_data import OFFERED, check_offered, offered, source
from snnlab.runs import RunConfig, load_run, run
from snnlab.runs.config import anchored, from_dict, to_dict
from snnlab.runs.store import run_id

CODE = """
import torch
from torch.utils.data import TensorDataset
from snnlab.data import Images, data_of

generator = torch.Generator().manual_seed(0)
x = torch.rand(60, 1, 6, 6, generator=generator) + torch.arange(60)[:, None, None, None] % 3
y = torch.arange(60) % 3

def one(): return TensorDataset(x, y)
def two(): return (x[:40], y[:40]), (x[40:], y[40:])
def bytes(): return ((x * 60).byte(), y)
def whole(): return data_of((x[:30], y[:30]), (x[30:40], y[30:40]), (x[40:], y[40:]))
def fails(): raise KeyError("no such file")
def text(): return "hello"
number = 3
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """A module in the current folder, of another name in each test."""
    name = f"own_{abs(hash(request.node.name))}"
    (tmp_path / f"{name}.py").write_text(CODE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return name


@pytest.mark.parametrize(
    ("function", "sizes"), [("one", (41, 4, 15)), ("two", (36, 4, 20)), ("whole", (30, 10, 20))]
)
def test_what_a_function_returns_is_split_like_any_set(
    module: str, function: str, sizes: tuple[int, int, int]
) -> None:
    data = load_data(f"{module}:{function}")
    assert tuple(len(split) for split in data.splits.values()) == sizes
    assert data.classes == ("0", "1", "2")
    pixels = torch.cat([split.pixels for split in data.splits.values()])
    assert pixels.dtype == torch.float32
    assert torch.equal(data.test.normalised(), data.test.pixels)  # as they are
    labels = torch.cat([split.labels for split in data.splits.values()])
    assert torch.equal(pixels.flatten(1).min(1).values.long(), labels)  # each kept its label
    assert len(load_data(f"{module}:{function}", train_size=12).train) == 12
    assert load_data(f"{module}:{function}", image_size=4).image_shape == (1, 4, 4)


def test_whole_numbers_are_normalised_by_the_training_images(module: str) -> None:
    seen = load_data(f"{module}:bytes").train.normalised()
    assert abs(seen.mean()) < 1e-5
    assert abs(seen.std(correction=0) - 1) < 1e-5


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("fails", r"fails\(\) of the data set .* fails: KeyError: 'no such file'"),
        ("text", "returns cannot be used: images must be .* got str 'hello'"),
        ("number", "must name a function of .*type int"),
        ("absent", "must name a function of .*: there is none"),
    ],
)
def test_what_is_no_data_set_is_refused(module: str, function: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_data(f"{module}:{function}")


def test_a_module_that_is_not_there_or_broken(module: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"needs the module 'nowhere', .*PYTHONPATH"):
        load_data("nowhere:train")
    with pytest.raises(DataError, match=r"needs the module 'nowhere.deep'"):
        run_id(RunConfig(data=DataSpec("nowhere.deep:train")))
    with pytest.raises(DataError, match=r"put the function into a file"):
        load_data("__main__:train")
    (tmp_path / "own_broken_one.py").write_text("import no_such_package")
    with pytest.raises(DataError, match=r"cannot be imported: ModuleNotFoundError"):
        load_data("own_broken_one:train")
    with pytest.raises(DataError, match=r"module:function of your own"):
        load_data("own_broken_one.train")


def test_the_file_is_part_of_a_run_and_read_anew(module: str, tmp_path: Path) -> None:
    config = anchored(RunConfig(data=DataSpec(f"{module}:one")))
    assert config.data.name == f"{module}:one"
    assert from_dict(to_dict(config)) == config
    first = run_id(config)
    assert first == run_id(config)
    assert first.startswith("own-")
    load_data(f"{module}:one")
    file = tmp_path / f"{module}.py"
    file.write_text(CODE.replace("% 3", "% 2"), encoding="utf-8")
    assert run_id(config) != first
    assert len(load_data(f"{module}:one").classes) == 2
    file.write_text(CODE, encoding="utf-8")
    assert run_id(config) == first
    assert len(load_data(f"{module}:one").classes) == 3
    assert source(f"{module}:one").folder == str(tmp_path)


def test_a_run_of_it_from_start_to_end(module: str, tmp_path: Path) -> None:
    settings = {
        "data": {"name": f"{module}:two"},
        "training": {"epochs": 1, "batch_size": 20},
        "model": {"width": 4},
        "timesteps": 2,
    }
    made = run(from_dict(settings), tmp_path / "runs")
    assert made.status == "finished"
    assert made.environment["data"]["module"] == module
    assert made.result is not None
    assert made.result["test_images"] == 20
    assert load_run(made.id, tmp_path / "runs").network().image_shape == (1, 6, 6)


def test_a_server_offers_what_its_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    assert offered() == ()
    with pytest.raises(DataError, match=r"'my_data:train'.*may not run.*SNNLAB_DATASETS"):
        check_offered("my_data:train")
    check_offered("digits")
    monkeypatch.setenv(OFFERED, "my_data:train, my_data:small")
    assert offered() == ("my_data:train", "my_data:small")
    check_offered("my_data:train")
    with pytest.raises(DataError, match=r"may not run"):
        check_offered("os:getcwd")
    monkeypatch.setenv(OFFERED, "my_data")
    with pytest.raises(DataError, match=r"names functions as in my_data:train.*got 'my_data'"):
        offered()


@pytest.mark.slow
def test_the_command_line_finds_it_in_the_current_folder(module: str, tmp_path: Path) -> None:
    options = ["--data.name", f"{module}:two", "--training.epochs", "1", "--model.width", "4"]
    command = [
        sys.executable,
        "-c",
        "from snnlab.cli.main import main; exit(main())",
        "train",
        *options,
    ]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert "(finished)" in done.stdout, done.stderr
    (tmp_path / "elsewhere").mkdir()
    done = subprocess.run(
        command, cwd=tmp_path / "elsewhere", env=environment, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert f"needs the module '{module}'" in done.stderr
    assert "Traceback" not in done.stderr


def test_names_that_only_look_right(module: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"without '\.py' it is '{module}:one'"):
        load_data(f"{module}.py:one")
    with pytest.raises(DataError, match=rf"go to its folder and name '{module}:one'"):
        load_data(f"./{module}.py:one")
    with pytest.raises(DataError, match=r"'sys' stands in none"):
        load_data("sys:exit")
    (tmp_path / "own_folder").mkdir()
    with pytest.raises(DataError, match=r"'own_folder' stands in none"):
        load_data("own_folder:train")
    (tmp_path / "own_ends.py").write_text("import sys\ndef train(): sys.exit(3)\n")
    with pytest.raises(DataError, match=r"fails: SystemExit: 3"):
        load_data("own_ends:train")
    (tmp_path / "own_gaps.py").write_text(
        "import torch\ndef train(): return torch.rand(40, 1, 8, 8), torch.arange(40) % 2 * 5\n"
    )
    with pytest.raises(DataError, match=r"0, 1, 2, \.\.\. without gaps"):
        load_data("own_gaps:train")
