"""`snnlab` as a program of its own: pipes, Ctrl-C, and what it loads."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from snnlab.cli.main import main
from snnlab.neuron import registry
from snnlab.runs.store import Run, list_runs

ROOT = Path(__file__).parents[2]
Start = Callable[..., "subprocess.Popen[str]"]
QUICK = """
import sys
from snnlab.cli.main import main
status = main(sys.argv[1:])
slow = {"torch", "torchvision", "sklearn", "pandas", "matplotlib"}
print(sorted(slow & set(sys.modules)), status)
"""


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    "args",
    [
        ["--help"],
        ["--version"],
        ["train", "--help"],
        ["list"],
        ["trian"],
        ["show", "nope"],
        ["train", "--training.epochs", "0"],
    ],
)
def test_quick_answers_load_no_torch(args: list[str]) -> None:
    command = [sys.executable, "-c", QUICK, *args]
    environ = {"PYTHONPATH": str(ROOT), "PATH": "", "COLUMNS": "80"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1][:2] == "[]"


def test_the_help_names_all_families_of_noise(capsys: pytest.CaptureFixture[str]) -> None:
    main(["train", "--help-all"])
    entry = capsys.readouterr().out.split("--noise.family ")[1].split("--noise.sigma")[0]
    assert all(name in entry for name in registry.names())


@pytest.mark.slow
def test_listing_and_showing_runs_load_no_torch(finished: dict[str, Run]) -> None:
    for args in (["list", "--json"], ["show", finished["noise"].id, "--json"]):
        command = [sys.executable, "-c", QUICK, *args]
        done = subprocess.run(
            command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
        )
        answer, loaded = done.stdout.splitlines()
        assert isinstance(json.loads(answer), dict)
        assert (loaded, done.stderr) == ("[] 0", "")


def test_the_exit_status_reaches_the_shell(program: Start) -> None:
    bad = program("trian")
    out, err = bad.communicate()
    assert (bad.returncode, out, err.count("\n")) == (2, "", 1)
    good = program("--version")
    assert good.communicate()[1] == ""
    assert good.returncode == 0


@pytest.mark.sample(1)
@pytest.mark.parametrize("args", [["--help"], ["list"], ["list", "--json"], ["train", "--help"]])
def test_a_reader_that_has_seen_enough_is_no_error(args: list[str], program: Start) -> None:
    started = program(*args)
    assert started.stdout is not None
    assert started.stderr is not None
    started.stdout.close()  # before anything is written, as `| head -0` may
    with started.stderr:
        err = started.stderr.read()
    assert (started.wait(), err) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a device of Linux")
def test_output_that_cannot_be_written_is_said_in_one_line(program: Start) -> None:
    with Path("/dev/full").open("w") as full:
        started = program("list", stdout=full)
        _, err = started.communicate()
    assert started.returncode == 1
    assert err == "snnlab: [Errno 28] No space left on device\n"


def test_a_full_disk_is_said_in_one_line_and_the_run_can_go_on(
    ask: Callable[..., Any], options: list[str]
) -> None:
    resource = pytest.importorskip("resource", reason="needs the limits of Unix")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, before[1]))  # bytes per file
    try:
        full = ask(*options)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (full.status, full.out, full.err.count("\n")) == (1, "", 1)
    assert "checkpoint.safetensors cannot be written" in full.err
    (failed,) = list_runs()
    assert failed.status == "failed"
    assert "cannot be written" in failed.reason
    assert not list(failed.folder.glob(".*.partial"))
    assert ask(*options).status == 0
    assert [run.status for run in list_runs()] == ["finished"]


@pytest.mark.slow
def test_ctrl_c_stops_a_training_that_can_go_on(
    program: Start, ask: Callable[..., Any], options: list[str]
) -> None:
    epochs = 500  # seconds, so that the signal comes in time on a busy machine too
    command = [*options, "--training.epochs", str(epochs), "--data.train-size", "50", "--json"]
    started = program(*command)
    while not any(run.metrics for run in list_runs()):
        assert started.poll() is None, started.communicate()
        time.sleep(0.02)
    started.send_signal(signal.SIGINT)
    out, err = started.communicate()
    assert (started.returncode, out) == (130, "")
    assert err == "snnlab: stopped; the same command goes on from here\n"
    (stopped,) = list_runs()
    assert (stopped.status, stopped.reason) == ("interrupted", "")
    trained = len(stopped.metrics)
    assert 1 <= trained < epochs
    metrics = ask(*command).json["metrics"]
    assert [entry["epoch"] for entry in metrics] == list(range(1, epochs + 1))
    assert metrics[:trained] == stopped.metrics  # seconds included: these were not trained anew
