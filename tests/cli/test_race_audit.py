"""`snnlab race` and `snnlab audit`: what they answer, write and refuse."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, get_args

import pytest

from snnlab.cli.main import main
from snnlab.runs.methods import METHODS
from snnlab.studies.claims import Status

SMALL = [
    *("--data.name", "digits", "--data.train-size", "100", "--data.test-size", "50"),
    *("--model.name", "mlp", "--model.width", "16", "--training.epochs", "1"),
    *("--training.batch-size", "32", "--timesteps", "4", "--conversion-timesteps", "8"),
    *("--device", "cpu"),
]
FIGURES = [
    f"{name}.{kind}"
    for name in (
        "accuracy_vs_operations",
        "accuracy_vs_timesteps",
        "accuracy_vs_training_time",
        "early_exit",
    )
    for kind in ("png", "svg")
]


@pytest.fixture(scope="module")
def races(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one finished race, `small`."""
    root = tmp_path_factory.mktemp("races")
    assert main(["race", *SMALL, "--seeds", "2", "--out", str(root / "small"), "--json"]) == 0
    return root


def said(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of a command."""
    status = main(list(args))
    out, err = capsys.readouterr()
    return status, out, err


def answered(capsys: pytest.CaptureFixture[str], *args: str) -> Any:
    """The JSON answer of a command that must succeed."""
    status, out, err = said(capsys, *args, "--json")
    assert (status, err) == (0, "")
    return json.loads(out)


@pytest.mark.slow
def test_a_race_leaves_table_figures_and_all_numbers(races: Path) -> None:
    folder = races / "small"
    names = sorted(path.name for path in folder.iterdir())
    tables = ["film.html", "race.csv", "race.json", "race.md"]
    assert names == sorted(["collection.json", *tables, "runs", *FIGURES])
    assert "mountFilm(place" in (folder / "film.html").read_text(encoding="utf-8")
    assert all((folder / name).stat().st_size > 10_000 for name in FIGURES)
    with (folder / "race.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["method"] for row in rows} == set(METHODS)
    assert {row["terms"] for row in rows} == {"equal epochs", "equal time"}


@pytest.mark.slow
def test_the_same_command_goes_on_and_changes_nothing(
    races: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = races / "small"
    before = (folder / "race.csv").read_bytes()
    found = answered(capsys, "race", *SMALL, "--seeds", "2", "--out", str(folder))
    assert (folder / "race.csv").read_bytes() == before
    assert found["folder"] == str(folder)
    assert found["finished"] is True
    assert str(folder / "race.md") in found["files"]


@pytest.mark.slow
def test_the_text_is_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--methods", "noise", "no-noise", "--seeds", "1", "--epochs-only"]
    status, out, err = said(capsys, "race", *SMALL, *options)
    assert (status, err) == (0, "")
    folder = Path("runs/races/digits-mlp")
    assert (folder / "race.md").read_text(encoding="utf-8") in out
    assert "Equal time" not in out
    status, out, _ = said(capsys, "list")
    assert "no runs" in out  # a race is no run
    status, out, _ = said(capsys, "audit")
    assert status == 0
    assert out.count("UNTESTED") == 9
    assert out.count("SUPPORTED: a neuron with noise") == 2
    assert "race digits-mlp" in out


@pytest.mark.slow
def test_the_audit_answers_with_claims(races: Path, capsys: pytest.CaptureFixture[str]) -> None:
    by_name = answered(capsys, "audit", "small", "--root", str(races))
    assert by_name == answered(capsys, "audit", str(races / "small"))
    assert by_name == answered(capsys, "audit", "--root", str(races))
    assert len(by_name["claims"]) == 9
    assert [claim["status"] for claim in by_name["neuron"]] == ["supported"] * 2
    for claim in by_name["claims"]:
        assert {"name", "status", "measured", "seeds", "interval", "seeds_needed"} <= claim.keys()
        assert claim["status"] in get_args(Status)
        assert claim["race"] == "small"
    assert by_name["races"][0]["environment"]["hardware"]["threads"] >= 1


@pytest.mark.slow
def test_a_race_is_kept_in_a_small_file_that_the_audit_reads(
    races: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = answered(capsys, "race", str(races / "small"), "--keep", "kept/small.json")
    file = Path("kept/small.json")
    assert found == {"race": "small", "file": str(file), "bytes": file.stat().st_size}
    assert file.stat().st_size < (races / "small" / "race.json").stat().st_size / 3
    whole, small = (
        [
            (claim["name"], claim["status"])
            for claim in answered(capsys, "audit", str(one))["claims"]
        ]
        for one in (races / "small", file)
    )
    assert small == whole
    file.write_text(file.read_text("utf-8").replace('"seed": 1', '"seed": 2'), "utf-8")
    assert "changed after it was measured" in said(capsys, "audit", str(file))[2]


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["race", "--method", "bptt"], "use --methods, not --method bptt"),
        (["race", "--seeds", "0"], "seeds must be at least 1, got 0"),
        (["race", "--methods", "bptt"], "equal time needs method noise, got bptt"),
        (["race", "--methods", "magic"], "magic"),
        (["race", "--preset", "magic"], "unknown preset 'magic'"),
        (["race", "--learning-rates", "8e-3"], "given as METHOD=RATE, got '8e-3'"),
        (["race", "--learning-rates", "ann=1", "ann=2"], "ann has two learning rates"),
        (["race", "--learning-rates", "ann=fast"], "[ann] must be a number, got 'fast'"),
        (["race", "somewhere"], "a folder of a finished race goes with --keep FILE"),
        (["race", "somewhere", "--keep", "kept.json"], "no race in somewhere"),
        (["audit", "kept.json"], "no race in runs/races/kept.json"),
        (["audit", "nothing"], "no race in runs/races/nothing"),
        (["audit"], "no races in runs/races yet"),
    ],
)
def test_bad_input_is_one_line(
    args: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = said(capsys, *args)
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.slow
def test_another_race_in_the_folder_is_refused(
    races: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = said(capsys, "race", *SMALL, "--seeds", "1", "--out", str(races / "small"))
    assert status == 2
    assert "holds another race (other seeds)" in err


def test_evaluate_gives_cost_and_early_exit(
    races: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = races / "small" / "runs"
    (run,) = [path.name for path in folder.glob("digits-mlp-noise-s0-*")]
    args = ["evaluate", run, "--runs", str(folder), "--timesteps", "4", "--device", "cpu"]
    extra = ["--cost", "--exit-at", "0.5", "1"]
    found = answered(capsys, *args, *extra)
    assert [point["threshold"] for point in found["early_exit"]] == [0.5, 1]
    assert found["early_exit"][1]["mean_timesteps"] == 4
    assert found["early_exit"][1]["accuracy"] == pytest.approx(found["accuracy"]["4"])
    cost = found["cost"]
    expected = [sum(stage[T] for stage in found["operations"]) for T in range(4)]
    assert cost["synaptic_operations"] == pytest.approx(expected)
    assert not {"cost", "early_exit"} & answered(capsys, *args).keys()
    _, out, _ = said(capsys, *args, *extra)
    assert "break-even" in out
    assert "4.6 pJ per multiply-accumulate" in out
    assert "early exit at confidence" in out
