"""`snnlab noise`: what its experiments answer, write and refuse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

SMALL = [
    *("--device", "cpu", "--timesteps", "4", "--seeds", "1"),
    *("--data.name", "digits", "--data.train-size", "100", "--data.test-size", "50"),
    *("--model.name", "mlp", "--model.width", "16"),
    *("--training.epochs", "3", "--training.batch-size", "25"),
]
EXPERIMENTS = {
    "calibrate": (["--rounds", "1", "--betas", "0.9"], ["leak_0_9", "residuals"]),
    "sweep": (["--families", "gaussian", "--sigmas", "0.2", "0.4"], ["families", "sigma_gaussian"]),
    "break": (["--switches", "reset to zero", "v_init = 0"], ["error_parts", "switches"]),
    "robustness": (
        ["--draws", "1", "--input-noise", "0", "0.5", "--weight-noise", "0", "0.5"],
        ["robustness_1", "robustness_4"],
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_answers_with_json_text_and_figures(name: str, ask: Callable) -> None:
    options, figures = EXPERIMENTS[name]
    found = ask("noise", name, *SMALL, *options, "--json")
    assert (found.status, found.err) == (0, "")
    folder = Path(f"runs/noise/{name}-digits-mlp")
    assert found.json["folder"] == str(folder)
    assert found.json["finished"] is True
    written = {path.name for path in folder.iterdir() if path.is_file()}
    drawn = {f"{figure}.{kind}" for figure in figures for kind in ("png", "svg")}
    assert written == {"collection.json", f"{name}.json", f"{name}.md"} | drawn
    assert {Path(path).name for path in found.json["files"]} == written - {"collection.json"}
    assert all((folder / figure).stat().st_size > 5_000 for figure in drawn)
    assert "<desc>" in (folder / f"{figures[0]}.svg").read_text(encoding="utf-8")

    again = ask("noise", name, *SMALL, *options)
    assert (again.status, again.err) == (0, "")
    table = (folder / f"{name}.md").read_text(encoding="utf-8")
    assert table in again.out
    assert "seeds 0; 3 epochs" in table
    assert "no runs" in ask("list").out  # an experiment is no run


@pytest.mark.slow
def test_the_preset_and_the_folder_are_taken(ask: Callable, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    options = ["--families", "uniform", "--sigmas", "0.3", "--out", out]
    found = ask(
        "noise", "sweep", "--preset", "digits-mlp", *SMALL[:4], *SMALL[6:], *options, "--json"
    )
    assert found.status == 0
    assert found.json["asked"]["start"]["training"]["weight_decay"] == 0.1
    assert (out / "families.png").exists()
    other = ask("noise", "sweep", *SMALL, "--families", "uniform", "--sigmas", "0.1", "--out", out)
    assert other.status == 2
    assert "holds another sweep" in other.err


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["noise"], "calibrate, sweep, break, robustness"),
        (["noise", "hum"], "hum"),
        (["noise", "sweep", "--sigmas", "-1"], "sigmas[0] must be a number above 0, got -1.0"),
        (["noise", "sweep", "--families", "pink"], "pink"),
        (["noise", "break", "--switches", "magic"], "unknown switch 'magic'"),
        (["noise", "calibrate", "--betas", "2"], "betas[0] must lie in (0, 1), got 2.0"),
        (["noise", "robustness", "--seeds", "0"], "seeds must be at least 1, got 0"),
        (["noise", "sweep", "--method", "ann"], "starts from method noise, got --method ann"),
        (["noise", "sweep", "--preset", "magic"], "unknown preset 'magic'"),
    ],
)
def test_bad_input_is_one_line(args: list[str], message: str, ask: Callable) -> None:
    found = ask(*args)
    assert (found.status, found.out) == (2, "")
    assert message in found.err
    assert found.err.count("\n") == 1
    assert list(Path.cwd().iterdir()) == []
