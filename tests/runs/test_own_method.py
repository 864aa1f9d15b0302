"""A method from outside: one entry, and it takes part wherever methods do."""

from __future__ import annotations

import linecache
from dataclasses import replace
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest

from snnlab.cli import race_figures
from snnlab.cli.main import main
from snnlab.cli.study import save_all
from snnlab.dashboard.groups import group_names, group_runs
from snnlab.dashboard.races import race_lines
from snnlab.runs.config import ConfigError, RunConfig, from_dict, to_dict
from snnlab.runs.methods import METHODS, Look, Method
from snnlab.runs.provenance import source_from_outside
from snnlab.runs.run import run
from snnlab.runs.store import load_run, run_id
from snnlab.show.accuracy import accuracy_against_timesteps
from snnlab.show.colours import DARK, HUES, LIGHT
from snnlab.show.page import blank_axes
from snnlab.studies.audit import judge
from snnlab.studies.race import RaceConfig, race
from snnlab.studies.race_table import race_csv, race_markdown

ENTRIES = {
    "half-noise": Method(
        "half the noise",
        "one timestep with noise of half the width",
        Look("olive", "d", (0, (4, 4))),
        noise=lambda config: config.noise.scaled(0.5),
        uses=("noise",),
        named_by=(("noise.sigma", "σ"),),
    ),
    "wide": replace(METHODS["ann"], title="wide, converted", look=Look("grey", "8", (0, (1, 3)))),
}


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that has to be done for a method."""
    for name, method in ENTRIES.items():
        monkeypatch.setitem(METHODS, name, method)


@pytest.fixture
def raced(tiny: RunConfig, tmp_path: Path) -> tuple[dict[str, Any], Path]:
    """A race between ours and theirs, and its folder."""
    names = ("noise", "half-noise", "wide", "ann")
    folder = tmp_path / "races" / "own"
    return race(RaceConfig(tiny, names, seeds=2, equal_time=False), folder), folder


def test_it_trains_and_converts_as_its_entry_says(tiny: RunConfig, tmp_path: Path) -> None:
    config = replace(tiny, method="half-noise")
    done = run(config, tmp_path / "runs")
    (first, *_) = done.network().neuron_layers()  # type: ignore[attr-defined]
    assert first.noise.sigma == pytest.approx(config.noise.sigma / 2)
    assert done.result is not None
    assert done.result["certificate"]["weights_equal"]
    assert load_run(done.id, tmp_path / "runs").config == config
    assert from_dict(to_dict(config)) == config


@pytest.mark.slow
def test_it_races_and_stands_in_every_table_and_figure(raced: tuple[dict[str, Any], Path]) -> None:
    done, folder = raced
    assert "half-noise" in race_csv(done)
    assert "half-noise" in race_markdown(done)
    assert "wide: percentile per channel, half start" in race_markdown(done)
    drawn = save_all(race_figures.draw(done), folder)
    assert "half the noise" in (folder / "accuracy_vs_timesteps.svg").read_text()
    assert len(drawn) == 8


@pytest.mark.slow
def test_the_audit_takes_it_by_its_role(raced: tuple[dict[str, Any], Path]) -> None:
    (speed,) = (claim for claim in judge(raced[0]) if claim.name.endswith("in timesteps"))
    assert "the fastest conversion of ann and wide" in speed.compared


@pytest.mark.slow
def test_dashboard_and_legends_know_its_title_and_its_look(
    tiny: RunConfig, raced: tuple[dict[str, Any], Path], tmp_path: Path
) -> None:
    config = replace(tiny, method="half-noise")
    assert group_names([config]) == ["half the noise, σ = 0.289"]
    (group,) = group_runs([run(config, tmp_path / "runs")], DARK)
    assert group.colour == HUES["olive"].dark
    assert {"half the noise", "wide, converted"} < set(race_lines(raced[0]))
    ax = accuracy_against_timesteps(
        {"half-noise": {"timesteps": [1, 2], "accuracy": [97, 98]}}, ax=blank_axes()
    )
    (line,) = ax.lines
    assert (line.get_label(), line.get_color()) == ("half the noise", LIGHT.hue("olive"))


def test_the_command_line_says_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    main(["train", "--help-all"])
    said = " ".join(capsys.readouterr().out.split())
    assert "half-noise one timestep with noise of half the width" in said


def test_without_its_entry_it_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(METHODS, "half-noise")
    with pytest.raises(ConfigError, match="unknown method 'half-noise'; valid: noise, noise-then-"):
        RunConfig(method="half-noise")


@pytest.mark.parametrize("name", METHODS)
def test_every_entry_is_whole(name: str) -> None:
    method = METHODS[name]
    assert method.look.hue in HUES
    assert (method.conversions is None) == (method.network == "spiking")
    for setting in method.uses:
        attrgetter(setting)(RunConfig())  # an AttributeError if there is none
    titles = [other.title for other in METHODS.values()]
    looks = [other.look for other in METHODS.values()]
    for part in (titles, *zip(*looks, strict=True)):
        assert len(set(part)) == len(METHODS)


def test_its_source_is_part_of_what_makes_a_run(
    tiny: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(tiny, method="half-noise")
    before = run_id(config)
    assert run_id(replace(tiny, method="half-noise")) == before
    monkeypatch.setitem(METHODS, "half-noise", replace(ENTRIES["half-noise"], v_init=0.25))
    assert run_id(config) != before
    monkeypatch.setitem(METHODS, "half-noise", METHODS["noise"])  # code of the kit
    assert source_from_outside("half-noise") == ""


def in_a_cell(text: str, number: int) -> Any:
    """What a cell of a notebook leaves behind."""
    file, names = f"/nowhere/{number}.py", {}
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    exec(compile(text, file, "exec"), names)
    return names["training"]


HALF = in_a_cell("def training(t):\n    return 0.5\n", 1)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (HALF, in_a_cell("def training(t):\n    return 0.3\n", 2)),
        (HALF, in_a_cell("def training(t):\n    return abs(t)\n", 3)),
        (partial(HALF, 1), partial(HALF, 2)),
    ],
)
def test_code_that_differs_is_another_method(
    first: Any, second: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = []
    for training in (first, second, first):
        monkeypatch.setitem(METHODS, "half-noise", replace(METHODS["bptt"], training=training))
        digests.append(source_from_outside("half-noise"))
    assert digests[0] == digests[2] != digests[1]


def test_code_that_cannot_be_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METHODS, "half-noise", replace(METHODS["bptt"], training=max))
    with pytest.raises(ValueError, match="training of the method 'half-noise' cannot be read"):
        source_from_outside("half-noise")


@pytest.mark.slow
def test_of_two_on_one_side_the_audit_takes_the_one_that_raced(
    raced: tuple[dict[str, Any], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(METHODS, "half-noise", replace(ENTRIES["half-noise"], role="ours"))
    only = raced[0] | {"entries": [e for e in raced[0]["entries"] if e["method"] != "noise"]}
    (speed,) = (claim for claim in judge(only) if claim.name.endswith("in timesteps"))
    assert "as accurate as half-noise at T" in speed.compared
    assert not speed.reason.startswith("the race has no method")


@pytest.mark.slow
def test_a_race_says_what_its_methods_trained_with(raced: tuple[dict[str, Any], Path]) -> None:
    text = race_markdown(raced[0])
    assert "- noise σ = 0.2887, half-noise σ = 0.2887, wide, ann\n" in text
    assert "wide and ann: best-practice conversion." in text
    assert "BPTT" not in text


def test_a_hue_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = replace(ENTRIES["half-noise"], look=Look("pink", "d", "-"))
    monkeypatch.setitem(METHODS, "half-noise", wrong)
    with pytest.raises(ValueError, match="unknown hue 'pink'; valid: blue, vermillion"):
        LIGHT.of("half-noise")
