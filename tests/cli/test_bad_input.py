"""Bad input of every kind: status 2, one line on stderr that quotes it, nothing on stdout."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from snnlab.cli.main import first_message, short_notes
from snnlab.data.spec import DataWarning
from snnlab.runs.store import Run

Ask = Callable[..., Any]
Runs = dict[str, Run]


def refused(said: Any) -> str:
    """The one line of a refusal, without the name of the program."""
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith("snnlab: ")
    assert said.err.endswith("\n")
    assert said.err.count("\n") == 1
    line: str = said.err[8:-1]
    assert "---" not in line
    return line


def test_what_was_passed_over_in_data_is_said_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with short_notes():
        for _ in range(2):  # in a race, say: once is enough
            warnings.warn("pets: passed over 1 file:\n'notes.txt'", DataWarning, stacklevel=1)
    assert capsys.readouterr().err == "snnlab: pets: passed over 1 file: 'notes.txt'\n"


@pytest.mark.sample(10)
@pytest.mark.parametrize(
    ("args", "parts"),
    [
        (
            "trian",
            ["unknown command 'trian'", "valid: demo, train, convert", "did you mean 'train'?"],
        ),
        ("help trian", ["unknown command 'trian'"]),
        ("train --help nosie", ["no options called 'nosie'", "groups: run, data", "'noise'?"]),
        ("noise swep", ["unknown experiment 'swep'", "did you mean 'sweep'?"]),
        ("--jsno", ["a command comes first", "--jsno"]),
        ("list --jsno", ["list has no option --jsno: did you mean --json?"]),
        ("list extra", ["'extra' is more than it takes"]),
        ("train --data.name MNIST", ["'MNIST'", "Did you mean 'mnist'?"]),
        ("evaluate x --exit-at 90%", ["--exit-at cannot be '90%'"]),
        ("train --noise.std 3", ["train has no option --noise.std", "--noise.sigma"]),
        ("train --epoch 3", ["train has no option --epoch: did you mean --training.epochs?"]),
        ("race --lr 3", ["race has no option --lr: did you mean --training.learning-rate?"]),
        ("evaluate x --run=y", ["evaluate has no option --run: did you mean --runs?"]),
        ("train --training.epochs x", ["--training.epochs", "'x'"]),
        ("train --training.epochs 0", ["epochs must be at least 1, got 0"]),
        ("train --training.learning-rate nan", ["learning_rate must be a number above 0, got nan"]),
        ("train --training.noise-fraction 2", ["noise_fraction must lie in [0, 1], got 2.0"]),
        ("train --seed", ["--seed needs a value"]),
        ("train --seed -1", ["seed must lie in [0, 2147483647], got -1"]),
        ("train --timesteps 0", ["timesteps must be at least 1, got 0"]),
        (
            "train --method nois",
            ["'nois'", "valid: noise, noise-then-spikes, target-noise, no-noise", "mean"],
        ),
        ("train --model.width 0", ["width must be at least 1, got 0"]),
        ("train --noise.sigma -1", ["sigma must be a number above 0", "got -1.0"]),
        (
            "train --noise.family cauchy",
            ["unknown noise family 'cauchy'; valid: gaussian, uniform, logistic, empirical"],
        ),
        ("train --surrogate.shape box", ["surrogate shape 'box'", "empirical, arctan, triangle"]),
        (
            "noise sweep --families gauss",
            ["unknown noise family 'gauss'; valid: gaussian, "],
        ),
        ("train --neuron.v-init high", ["--neuron.v-init", "'high'"]),
        ("train --data.name digit", ["'digit'", "Did you mean 'digits'?", "mnist-5k"]),
        ("train --data.name no/such", ["no/such'", "mnist-5k"]),
        ("train --data.train-size 0", ["train_size must be at least 1", "got 0"]),
        ("train --data.train-size 5000", ["5000", "digits"]),
        ("train --preset", ["--preset", "valid: digits, digits-mlp, mnist-5k"]),
        (
            "train --preset mnits",
            ["unknown preset 'mnits'", "valid: digits, digits-mlp", "'mnist'?"],
        ),
        ("train --model.name resnet18 --data.image-size 2", ["at least 8 x 8 pixels", "(1, 2, 2)"]),
        ("train --device tpu", ["'tpu'", "valid: auto, cpu, cuda, mps"]),
        ("convert", ["needs RUN"]),
        ("show --json", ["needs RUN"]),
        ("export x", ["needs --to"]),
        ("convert a b", ["'b' is more than it takes"]),
        ("convert nope", ["no run 'nope' in runs", "none yet"]),
        ("show ../runs", ["a run id holds letters", "'../runs'"]),
        ("evaluate /etc/passwd", ["a run id holds letters", "'/etc/passwd'"]),
        ("evaluate x --split best", ["'best'", "valid: test, validation, train"]),
        ("demo --seeds 0", ["seeds must be at least 1, got 0"]),
        ("demo --seeds many", ["--seeds", "'many'"]),
        ("demo --timesteps 0", ["timesteps must be at least 1, got 0"]),
        ("list --runs=", ["--runs needs a path, got ''"]),
        ("train --runs file", ["'file' is not a folder of runs: file is a file"]),
        ("audit --runs file/inside", ["'file/inside' is not a folder of runs: file is a file"]),
    ],
)
def test_bad_input_is_refused_in_one_line(args: str, parts: list[str], ask: Ask) -> None:
    Path("file").write_text("not a folder")
    line = refused(ask(*args.split()))
    for part in parts:
        assert part in line
    assert not Path("runs").exists()


@pytest.mark.parametrize("command", ["convert", "evaluate", "show", "export"])
def test_an_unknown_run(command: str, ask: Ask, finished: Runs) -> None:
    more = ["--to", "mine"] if command == "export" else []
    line = refused(ask(command, "nope", *more))
    assert line.startswith("no run 'nope' in runs; runs there: ")
    assert all(run.id in line for run in finished.values())
    assert not Path("mine").exists()


@pytest.mark.parametrize("command", ["convert", "evaluate", "show", "export"])
def test_the_nearest_runs_are_named(command: str, ask: Ask, finished: Runs) -> None:
    more = ["--to", "mine"] if command == "export" else []
    id = finished["ann"].id
    for wrong in (id[:-1], id[-8:], id.replace("digits", "digit"), f"runs/{id}"):
        assert repr(id) in refused(ask(command, wrong, *more)).split("did you mean ")[1]
    several = refused(ask(command, "digits-mlp-no", *more))
    assert "did you mean one of " in several
    assert finished["noise"].id in several
    assert finished["no-noise"].id in several


@pytest.mark.sample(2)
@pytest.mark.parametrize("file", ["config.json", "weights.safetensors"])
@pytest.mark.parametrize("command", ["convert", "evaluate", "show", "export"])
def test_a_damaged_run(command: str, file: str, ask: Ask, finished: Runs) -> None:
    run = finished["noise"]
    (run.folder / file).write_bytes(b"\xff\x00")
    more = ["--to", "mine"] if command == "export" else []
    line = refused(ask(command, run.id, *more, "--json"))
    assert line.startswith(f"run '{run.id}' is damaged: {file} cannot be read: ")
    assert not Path("mine").exists()


def test_weights_of_another_network(ask: Ask, finished: Runs) -> None:
    shutil.copy(
        finished["ann"].folder / "weights.safetensors",
        finished["noise"].folder / "weights.safetensors",
    )
    config = finished["noise"].folder / "config.json"
    config.write_text(config.read_text().replace('"width": 32', '"width": 33'))
    result = finished["noise"].folder / "result.json"
    assert " was changed after it was measured" in refused(ask("convert", finished["noise"].id))
    older = json.loads(result.read_text())
    del older["hashes"]
    result.write_text(json.dumps(older))
    line = refused(ask("convert", finished["noise"].id))
    assert "weights.safetensors does not fit: stages.0" in line
    assert len(line) < 400


@pytest.mark.parametrize("command", ["convert", "evaluate", "export"])
def test_a_run_that_is_not_finished(command: str, ask: Ask, finished: Runs) -> None:
    (finished["noise"].folder / "result.json").unlink()
    more = ["--to", "mine"] if command == "export" else []
    assert "interrupted" in refused(ask(command, finished["noise"].id, *more))
    assert not Path("mine").exists()


def test_a_relu_network_has_no_timesteps(ask: Ask, finished: Runs) -> None:
    line = refused(ask("evaluate", finished["ann"].id))
    start = f"run '{finished['ann'].id}' trained an ANN, which has no timesteps"
    assert line == f"{start}; snnlab convert gives it some"


def test_rules_for_an_ann_do_not_apply_to_spikes(ask: Ask, finished: Runs) -> None:
    line = refused(ask("convert", finished["noise"].id, "--ann.threshold", "max"))
    assert "spikes already: the --ann options do not apply" in line


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--ann.percentile", "0"], "percentile must lie in (0, 100], got 0.0"),
        (["--ann.correct-bias-at", "-3"], "correct_bias_at must be at least 1, got -3"),
    ],
)
def test_an_impossible_conversion(
    options: list[str], message: str, ask: Ask, finished: Runs
) -> None:
    assert message in refused(ask("convert", finished["ann"].id, *options))


@pytest.mark.parametrize("command", ["convert", "evaluate"])
def test_timesteps_out_of_range(command: str, ask: Ask, finished: Runs) -> None:
    line = refused(ask(command, finished["noise"].id, "--timesteps", "0"))
    assert line == "timesteps must be at least 1, got 0"


def test_a_split_without_images(ask: Ask, options: list[str]) -> None:
    trained = ask(*options, "--data.validation-fraction", "0", "--json").json
    line = refused(ask("evaluate", trained["id"], "--split", "validation"))
    assert line == f"the data of run '{trained['id']}' has no validation images"


@pytest.mark.parametrize("command", ["train", "convert", "evaluate", "demo"])
def test_a_device_that_is_not_there(
    command: str, ask: Ask, finished: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    which = [finished["noise"].id] if command in ("convert", "evaluate") else []
    line = refused(ask(command, *which, "--device", "cuda"))
    assert line.startswith("device 'cuda' is not available here; valid: auto, cpu")


@pytest.mark.parametrize("full", [True, False])
def test_export_overwrites_nothing(full: bool, ask: Ask, finished: Runs) -> None:
    mine = Path("mine")
    if full:
        mine.mkdir()
        (mine / "thesis.txt").write_text("precious")
    else:
        mine.write_text("precious")
    line = refused(ask("export", finished["noise"].id, "--to", "mine"))
    assert line == "mine exists and is not an empty folder; nothing was written"
    assert [path.name for path in mine.iterdir()] == ["thesis.txt"] if full else mine.is_file()


@pytest.mark.parametrize("to", ["NIR", "nri", "onx"])
def test_a_format_misspelt_is_no_folder(to: str, ask: Ask, finished: Runs) -> None:
    line = refused(ask("export", finished["noise"].id, "--to", to))
    assert line.startswith(f"--to must be nir, onnx or a folder, got '{to}': did you mean ")
    assert not Path(to).exists()
    assert ask("export", finished["noise"].id, "--to", f"./{to}").status == 0


def test_export_of_a_run_without_its_environment(ask: Ask, finished: Runs) -> None:
    (finished["noise"].folder / "environment.json").unlink()
    assert ask("export", finished["noise"].id, "--to", "mine").status == 0
    assert (Path("mine") / "config.json").is_file()


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--noise-seed", "9" * 22, "lie in [0, 2147483647]"),
        ("--noise-seed", "-1", "lie in [0, 2147483647]"),
        ("--exit-at", "90", "lie in [0, 1]"),
        ("--exit-at", "-0.5", "lie in [0, 1]"),
    ],
)
def test_evaluate_quotes_what_makes_no_sense(
    option: str, value: str, says: str, ask: Ask, finished: Runs
) -> None:
    line = refused(ask("evaluate", finished["noise"].id, "--noise", f"{option}={value}"))
    assert line.startswith(f"{option} must {says}, got {value}")


@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_data_that_would_need_the_network(name: str, ask: Ask, no_network: list[str]) -> None:
    line = refused(ask("train", "--data.name", name))
    assert line.startswith(f"Data set '{name}' is not in ")
    assert "Sets that work offline: digits, mnist-5k" in line
    assert no_network
    assert not Path("runs").exists()


def test_a_run_that_another_process_trains(
    ask: Ask, options: list[str], finished: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    from snnlab.runs.store import occupied

    (finished["noise"].folder / "result.json").unlink()
    with occupied(finished["noise"].folder):
        line = refused(ask(*options))
        assert line == f"run '{finished['noise'].id}' is being trained by another process"
        assert "running" in ask("list").out
    assert ask(*options).status == 0


@pytest.mark.parametrize(
    "box",
    [
        "╭─ Parsing error ───────╮\n│ Cannot read --x:      │\n│ 3 is wrong.           │\n"
        "│ ───────────────────── │\n│ For full helptext, .. │\n╰───────────────────────╯\n",
        "Parsing error\n-------------\nCannot read --x:\n3 is wrong.\n-------------\nFor help, ..",
        "Cannot read --x: 3 is wrong.",
    ],
)
def test_the_message_is_taken_out_of_its_box(box: str) -> None:
    assert first_message(box) == "Cannot read --x: 3 is wrong"


def test_there_is_always_a_message() -> None:
    assert first_message("") == "the arguments do not fit"
