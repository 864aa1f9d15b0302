"""Runs that were stopped: by a kill, a full disk, Ctrl-C; and runs that are being trained."""

from __future__ import annotations

import contextlib
import gc
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from snnlab.learning.fit import Batch, Epoch
from snnlab.runs import assemble, provenance, store
from snnlab.runs.config import RunConfig, to_dict
from snnlab.runs.files import RunError
from snnlab.runs.provenance import is_alive, this_process
from snnlab.runs.run import run
from snnlab.runs.store import Run, list_runs, load_run, occupied, run_id

ROOT = Path(__file__).parents[2]
TRAIN_AND_STOP = """
import json, sys, time
from pathlib import Path
from snnlab.runs.config import from_dict
from snnlab.runs.run import run

def stop(batch):
    if batch.step == 6:  # in the middle of the second epoch
        print("there", flush=True)
        time.sleep(600)

run(from_dict(json.loads(sys.argv[1])), Path(sys.argv[2]), on_batch=stop)
"""


def weights(run: Run) -> bytes:
    """The file of weights, byte for byte."""
    return (run.folder / "weights.safetensors").read_bytes()


def without_seconds(metrics: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Metrics that two equal trainings share."""
    return [{k: v for k, v in entry.items() if k != "seconds"} for entry in metrics]


@pytest.mark.slow
def test_a_run_goes_on_after_a_kill(tiny: RunConfig, finished: Run, tmp_path: Path) -> None:
    root = tmp_path / "runs"
    command = [sys.executable, "-c", TRAIN_AND_STOP, json.dumps(to_dict(tiny)), str(root)]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "there\n"
        (running,) = list_runs(root)
        assert (running.id, running.status) == (finished.id, "running")
        assert without_seconds(running.metrics) == without_seconds(finished.metrics)[:1]
        for again in (False, True):
            with pytest.raises(RunError, match=f"'{running.id}' is being trained by another"):
                run(tiny, root, again=again)
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()
    (interrupted,) = list_runs(root)
    assert (interrupted.status, interrupted.reason) == ("interrupted", "")
    assert without_seconds(interrupted.metrics) == without_seconds(finished.metrics)[:1]
    with pytest.raises(RunError, match=r"has no trained network: it is interrupted$"):
        interrupted.network()
    epochs: list[Epoch] = []
    done = run(tiny, root, on_epoch=epochs.append)
    assert [epoch.epoch for epoch in epochs] == [2]
    assert weights(done) == weights(finished)
    assert done.accuracy == finished.accuracy
    assert without_seconds(done.metrics) == without_seconds(finished.metrics)
    assert sorted(f.name for f in done.folder.iterdir()) == sorted(
        f.name for f in finished.folder.iterdir()
    )


class Killed(BaseException):
    """Ends a process in a test, as far as that can be done from the inside."""


@contextlib.contextmanager
def failing_from(write: int, root: Path, error: Callable[[], BaseException]) -> Iterator[list[str]]:
    """Let every change below `root` from the n-th on fail; lists the changes asked for."""
    asked: list[str] = []

    def guarded(name: str, original: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            path = Path(arguments[1] if name == "save_file" else arguments[0])
            mode = options.get("mode", (*arguments[1:2], "r")[0])
            if root in path.parents and (name != "open" or mode not in ("r", "rb")):
                asked.append(f"{name} {path.name}")
                if len(asked) >= write:
                    raise error()
            return original(*arguments, **options)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in ("open", "replace", "rename", "unlink"):
            patch.setattr(Path, name, guarded(name, getattr(Path, name)))
        module = "snnlab.learning.checkpoint.save_file"
        patch.setattr(module, guarded("save_file", sys.modules[module[:-10]].save_file))
        yield asked


def full_disk() -> OSError:
    return OSError(28, "No space left on device")


@pytest.mark.slow
@pytest.mark.parametrize("error", [Killed, full_disk])
def test_a_stop_at_any_moment_leaves_a_run_that_can_go_on(
    error: Callable[[], BaseException],
    tiny: RunConfig,
    finished: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = assemble.load_images(tiny, torch.device("cpu"))
    monkeypatch.setattr(assemble, "load_images", lambda *_: data)
    monkeypatch.setattr(provenance, "git_commit", lambda: None)
    monkeypatch.setattr(gc, "collect", lambda *_: 0)  # half the time of a tiny run
    statuses, write = set(), 0
    while "finished" not in statuses:
        write += 1
        root = tmp_path / str(write)
        with failing_from(write, root, error), contextlib.suppress(Killed, OSError):
            run(tiny, root)
        monkeypatch.setattr(store, "is_alive", lambda _: False)  # the "process" is dead
        left = list_runs(root)
        statuses |= {run.status for run in left}
        done = run(tiny, root)
        monkeypatch.setattr(store, "is_alive", is_alive)
        assert weights(done) == weights(finished), f"stopped at change {write}"
        assert len(done.metrics) == 2
        assert not list(done.folder.glob(".*"))
        assert [run.status for run in list_runs(root)] == ["finished"]
    assert statuses - {"failed"} == {"interrupted", "finished"}
    assert write > 15


def test_ctrl_c_interrupts_and_the_run_can_go_on(tiny: RunConfig, finished: Run) -> None:
    def press(batch: Batch) -> None:
        if batch.step == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tiny, Path("runs"), on_batch=press)
    (stopped,) = list_runs()
    assert stopped.status == "interrupted"
    assert len(stopped.metrics) == 1
    assert weights(run(tiny, Path("runs"))) == weights(finished)


def test_an_error_in_a_callback_is_noted_and_the_run_can_go_on(
    tiny: RunConfig, finished: Run
) -> None:
    def fail(batch: Batch) -> None:
        if batch.step == 6:
            raise ZeroDivisionError("planted")

    with pytest.raises(ZeroDivisionError):
        run(tiny, Path("runs"), on_batch=fail)
    (failed,) = list_runs()
    assert (failed.status, failed.reason) == ("failed", "planted")
    done = run(tiny, Path("runs"))
    assert (done.status, weights(done)) == ("finished", weights(finished))
    assert not (done.folder / "error.json").exists()


def test_a_run_is_not_trained_twice_at_once(tiny: RunConfig) -> None:
    """Not even by two threads of one process, as in a notebook or a server."""
    refused = []

    def meanwhile(epoch: Epoch) -> None:
        assert load_run(run_id(tiny)).status == "running"
        with pytest.raises(RunError, match="is being trained by another process") as caught:
            run(tiny, Path("runs"))
        refused.append(caught)

    assert run(tiny, Path("runs"), on_epoch=meanwhile).status == "finished"
    assert len(refused) == 2


def test_the_mark_of_a_dead_process_counts_for_nothing(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    mark = tmp_path / "running.json"
    for text in (json.dumps(this_process() | {"pid": dead.pid}), "", "[]", "\0"):
        mark.write_text(text)
        with occupied(tmp_path):
            assert json.loads(mark.read_text()) == this_process()
        assert not mark.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"host": "another machine"},
        {"born": 0.0},
        {"born": "yesterday"},
        {"pid": -1},
        {"pid": 10**30},
        {"pid": "1"},
        {"pid": None},
    ],
)
def test_another_process_is_not_taken_for_this_one(change: dict[str, Any]) -> None:
    assert is_alive(this_process())
    assert not is_alive(this_process() | change)


@pytest.mark.skipif(sys.platform == "win32", reason="a process of which something stays")
def test_a_process_whose_end_nobody_has_noticed_is_dead() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    born = psutil.Process(process.pid).create_time()
    mark = this_process() | {"pid": process.pid, "born": born}
    assert is_alive(mark)
    process.kill()
    deadline = time.monotonic() + 60
    while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
    assert not is_alive(mark)
    process.communicate()


@pytest.mark.parametrize("rubbish", [None, [], "x", {}, 3])
def test_rubbish_is_no_process(rubbish: Any) -> None:
    assert not is_alive(rubbish)


def test_a_line_of_metrics_cut_by_a_kill_is_passed_over(mine: Run, tiny: RunConfig) -> None:
    (mine.folder / "result.json").unlink()
    metrics = mine.folder / "metrics.jsonl"
    first, second = metrics.read_text().splitlines(keepends=True)
    metrics.write_text(first + second[:20])
    (cut,) = list_runs(mine.folder.parent)
    assert (cut.status, cut.metrics) == ("interrupted", mine.metrics[:1])
    done = run(replace(tiny), mine.folder.parent)
    assert without_seconds(done.metrics) == without_seconds(mine.metrics)
