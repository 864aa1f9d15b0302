"""A noise family from a user's own file: in runs, in processes that train, and when it is gone."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from snnlab.jobs.engine import Engine
from snnlab.jobs.local_pool import LocalPool
from snnlab.jobs.places import Place
from snnlab.jobs.pool import carry_out, job_of
from snnlab.neuron import Noise, Surrogate, register, registry
from snnlab.runs.config import RunConfig, from_dict, to_dict
from snnlab.runs.files import RunError
from snnlab.runs.run import run
from snnlab.runs.store import load_run, read_run, run_id
from snnlab.studies.sweep import SweepConfig, sweep
from tests.forgetful_registry import forgetful_registry
from tests.neuron import laplace

FAMILY = f"""{inspect.getsource(laplace)}
from snnlab.neuron import register

register(Laplace())
"""
ROOT = Path(__file__).parents[2]
Import = Callable[..., None]


@pytest.fixture(autouse=True)
def own_registry() -> Iterator[None]:
    """A registry that forgets what a test registers."""
    with forgetful_registry():
        yield


@pytest.fixture
def import_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Import:
    """Write my_noise.py into a folder of its own and import it, as a new process would."""

    def call(text: str = FAMILY) -> None:
        folder = tmp_path / "mine"
        folder.mkdir(exist_ok=True)
        (folder / "my_noise.py").write_text(text)
        monkeypatch.delitem(sys.modules, "my_noise", raising=False)
        monkeypatch.setattr(registry, "_imported", set())
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
        registry.load("my_noise", str(folder))

    return call


@pytest.fixture
def laplace(tiny: RunConfig, import_anew: Import) -> RunConfig:
    """A small training with it."""
    import_anew()
    return replace(tiny, noise=Noise("laplace", 0.3))


def test_a_run_with_it_notes_where_it_came_from(laplace: RunConfig, tmp_path: Path) -> None:
    done = run(laplace, tmp_path / "runs")
    assert done.status == "finished"
    assert done.config == laplace
    assert done.result is not None
    assert "certificate" in done.result
    (noted,) = done.environment["families"].items()
    assert noted[0] == "laplace"
    assert noted[1]["module"] == "my_noise"
    assert len(noted[1]["digest"]) == 12


def test_the_id_follows_its_source(
    laplace: RunConfig, tiny: RunConfig, import_anew: Import
) -> None:
    first, others = run_id(laplace), run_id(tiny)
    import_anew(FAMILY)
    assert run_id(laplace) == first
    import_anew(FAMILY + "# another line\n")
    assert run_id(laplace) != first
    assert run_id(tiny) == others
    shaped = replace(tiny, method="no-noise", surrogate=Surrogate("laplace"))
    before = run_id(shaped)
    import_anew(FAMILY)
    assert run_id(shaped) != before


@pytest.mark.slow
def test_processes_that_train_import_it(laplace: RunConfig, tmp_path: Path) -> None:
    """They know neither the folder nor the family, and leave the same run."""
    here = run(laplace, tmp_path / "here")
    asked = SweepConfig(laplace, {"seed": (0, 1)})
    done = sweep(asked, tmp_path / "sweep", partial(LocalPool, [Place()]), tmp_path / "runs")
    assert done["failures"] == {}
    there = load_run(here.id, tmp_path / "runs")
    weights = [(each.folder / "weights.safetensors").read_bytes() for each in (here, there)]
    assert weights[0] == weights[1]
    assert there.environment["families"] == here.environment["families"]


@pytest.mark.slow
def test_a_process_that_finds_another_source_says_so(
    laplace: RunConfig, import_anew: Import, tmp_path: Path
) -> None:
    job = job_of(laplace, tmp_path, threads=1)
    assert job["families"] == [("my_noise", str(tmp_path / "mine"))]
    (tmp_path / "mine" / "my_noise.py").write_text(FAMILY + "# edited\n")
    moved = job | {"families": [("my_noise_2", str(tmp_path / "mine"))]}
    pool = LocalPool([Place()])
    ended = dict(carry_out(pool, {"edited": job, "gone": moved}))
    pool.close()
    assert {outcome.status for outcome in ended.values()} == {"failed"}
    assert "are not those of the process" in ended["edited"].reason
    assert "module 'my_noise_2' of noise families cannot be imported" in ended["gone"].reason


def test_a_family_of_a_notebook_trains_here_only(
    tiny: RunConfig, import_anew: Import, tmp_path: Path
) -> None:
    import_anew()
    cell: dict[str, Any] = {"__name__": "__main__", "register": register}
    exec("class Cell(Kind):\n    name = 'cell'\nregister(Cell())", cell | {"Kind": kind()})
    config = replace(tiny, noise=Noise("cell"))
    engine = Engine(tmp_path / "runs")
    try:
        for ask in (job_of, lambda config, root: engine.submit([config], user="me")):
            with pytest.raises(ValueError, match=r"'cell' is defined in __main__, .* into a file"):
                ask(config, tmp_path)
    finally:
        engine.close()
    assert len(run_id(config).split("-")[-1]) == 8


def kind() -> type:
    return type(registry.family("laplace"))


def test_a_run_whose_family_is_not_here_says_which(laplace: RunConfig, tmp_path: Path) -> None:
    there = run(laplace, tmp_path / "runs")
    config = to_dict(laplace)
    with forgetful_registry(without="laplace"):
        reason = read_run(there.folder).reason
        assert "unknown noise family 'laplace'; valid: gaussian, uniform" in reason
        assert "it used the noise family 'laplace' of the module 'my_noise'" in reason
        with pytest.raises(RunError, match=r"is damaged: .* SNNLAB_FAMILIES"):
            load_run(there.id, tmp_path / "runs")
        with pytest.raises(ValueError, match="'laplace'"):
            from_dict(config)
        (there.folder / "environment.json").unlink()
        assert read_run(there.folder).reason.startswith("unknown noise family 'laplace'; valid: ")


@pytest.mark.slow
def test_the_command_line_takes_it_from_the_environment(laplace: RunConfig, tmp_path: Path) -> None:
    """In the folder that it is started in, without a path."""
    there = run(laplace, tmp_path / "runs")
    code = "import sys; sys.path.pop(0); from snnlab.cli.main import main; sys.exit(main())"
    show = [sys.executable, "-c", code, "show", there.id, "--runs", str(tmp_path / "runs")]

    def ask(**more: str) -> subprocess.CompletedProcess[str]:
        env = os.environ | {"PYTHONPATH": str(ROOT)} | more
        return subprocess.run(show, cwd=tmp_path / "mine", env=env, capture_output=True, text=True)

    done = ask(SNNLAB_FAMILIES="my_noise")
    assert (done.returncode, done.stderr) == (0, "")
    assert "finished" in done.stdout
    for more, said in (
        ({}, "'laplace'"),
        ({"SNNLAB_FAMILIES": "mynoise"}, "No module named 'mynoise'"),
    ):
        done = ask(**more)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
        assert said in done.stderr
