"""RESULTS.md: its tables are those of the races in results/, and its commands give their rows."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import pytest
from scipy.stats import t as student

from snnlab.bench.result_tables import AT, KINDS, Record
from snnlab.bench.results import MARKED, Mark, written
from snnlab.cli.main import parse
from snnlab.cli.race import Race
from snnlab.runs.curves import curve_of
from snnlab.runs.files import RunError
from snnlab.runs.methods import METHODS, RECIPE
from snnlab.studies.audit import read_race
from snnlab.studies.kept_race import keep
from snnlab.studies.race import TERMS, RaceConfig, asked_in, by_method, race
from tests.runs.conftest import TINY

ROOT = Path(__file__).parents[2]
FOLDER, PAGE = ROOT / "results", ROOT / "RESULTS.md"
FILES = sorted(FOLDER.glob("*.json"))
COMMAND = re.compile(r"`(?:OMP_NUM_THREADS=1 )?snnlab ((?:train|race|sweep|demo|bench) [^`]*)`")
CHEAP = ("digits", "digits-mlp")
"""Races that one seed runs in a minute or less."""


def text_of_page() -> str:
    return PAGE.read_text(encoding="utf-8")


def kept(file: Path) -> dict[str, Any]:
    """The plain content of a file: what anybody can read without the kit."""
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def rows_of(table: str) -> list[list[str]]:
    """The cells of a Markdown table, without its header."""
    lines = [line for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def half_width(values: list[float]) -> float:
    """Half of Student's 95 % interval of the mean, from SciPy's own quantile."""
    return float(student.ppf(0.975, len(values) - 1)) * stdev(values) / len(values) ** 0.5


@pytest.mark.slow
def test_the_page_is_what_its_races_give() -> None:
    page = text_of_page()
    assert written(page, FOLDER) == page, "run: python -m snnlab.bench.results"


def test_every_race_that_is_kept_is_shown() -> None:
    asked = [Mark.of(found[2]) for found in MARKED.finditer(text_of_page())]
    assert {file.stem for file in FILES} <= {name for mark in asked for name in mark.names}
    first = text_of_page().splitlines()[:40]
    assert any(line.startswith("<!-- table first ") for line in first)  # on the first screen


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_intervals_of_the_page_follow_from_the_file(file: Path) -> None:
    shown = 0
    for found in MARKED.finditer(text_of_page()):
        mark = Mark.of(found[2])
        if mark.names != [file.stem] or mark.kind not in ("epochs", "time"):
            continue
        header, _, *rows = rows_of(found[3])
        record = Record(file.stem, read_race(file), mark.methods)
        terms = TERMS[mark.kind == "time"]
        groups = by_method(kept(file), terms)
        titles = {record.titled(method): method for method in groups}
        for row in rows:
            own = groups[titles[row[0]]]
            for name, cell in zip(header, row, strict=True):
                if name.startswith("T = "):
                    values = [entry["accuracy"][name.removeprefix("T = ")] for entry in own]
                    assert cell == f"{mean(values):.2f} ± {half_width(values):.2f}"
                    shown += 1
            assert row[2] == str(own[0]["epochs"])
    assert shown or file.stem != "digits"  # which has a table of its own


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_command_of_a_race_asks_for_it(file: Path) -> None:
    """For the same methods, seeds, learning rates and settings, with the presets of today."""
    found = kept(file)
    program, *words = found["environment"]["command"]
    command = parse(words)
    assert program == "snnlab"
    assert isinstance(command, Race)
    assert command.asked() == asked_in(found)
    assert {entry["method"] for entry in found["entries"]} == set(command.methods)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_race_says_what_made_it_and_nothing_of_a_machine_besides(file: Path) -> None:
    found, text = kept(file), file.read_text(encoding="utf-8")
    commit = found["environment"]["git_commit"]
    assert re.fullmatch("[0-9a-f]{7,40}", commit), "race on a clean checkout"
    assert {"hardware", "versions", "code"} <= found["environment"].keys()
    assert len(text) < 150_000
    assert not re.search(r'"(/|~|[A-Z]:\\\\)', text)


@pytest.mark.slow
def test_every_command_of_the_page_can_be_typed() -> None:
    commands = [" ".join(found[1].split()) for found in COMMAND.finditer(text_of_page())]
    assert len(commands) >= 8
    for command in commands:
        parse(shlex.split(command))


def test_a_command_that_trains_names_its_method() -> None:
    """Presets train with the kit's best method: a command that names none gives no other row."""
    page = text_of_page()
    for found in COMMAND.finditer(page):
        words = shlex.split(" ".join(found[1].split()))
        if words[0] == "train" and "--method" not in words:
            below = page[found.end() : found.end() + 1000]
            rows = [row for row in below.splitlines() if row.startswith("| ")]
            methods = re.findall(r"`--method ([a-z-]+)", "\n".join(rows[:5]))
            assert len(methods) >= 3, " ".join(words)  # they stand in the rows
            assert set(methods) <= set(METHODS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two small races that are kept: one under both terms, one from another start."""
    root = tmp_path_factory.mktemp("kept")
    methods = ("noise", RECIPE, "no-noise", "bptt", "ann")
    done = race(RaceConfig(TINY, methods, 2, learning_rates={"ann": 8e-3}), root / "one")
    keep(done, root / "both.json")
    rest = replace(TINY, neuron=replace(TINY.neuron, v_init=0.0))
    keep(race(RaceConfig(rest, ("no-noise",), 2, False), root / "two"), root / "rest.json")
    return root


def page_of(mark: str, held: str = "") -> str:
    return f"before\n\n<!-- table {mark} -->\n{held}<!-- end -->\n\nafter\n"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_table_is_written_once_and_for_all(kind: str, folder: Path) -> None:
    page = written(page_of(f"{kind} both"), folder)
    assert written(page, folder) == page
    assert page.startswith("before\n\n<!-- table ")
    assert page.endswith("<!-- end -->\n\nafter\n")
    assert "[results/both.json](results/both.json): `OMP_NUM_THREADS=1 " in page
    assert METHODS[RECIPE].says in " ".join(page.split())
    lengths = {len(row) for row in rows_of(page)}
    assert len(lengths) == 1


def test_tables_name_methods_starts_and_learning_rates(folder: Path) -> None:
    asked = "epochs both rest T=1,4 methods=no-noise,ann"
    header, _, *rows = rows_of(written(page_of(asked), folder))
    assert header[-2:] == ["T = 1", "T = 4"]
    named = [(row[0], row[1]) for row in rows]
    assert named == [
        ("without noise, v_init = 0.5", "0.004"),
        ("ANN, converted", "0.008"),
        ("without noise, v_init = 0", "0.004"),
    ]


def test_the_first_table_says_what_seconds_bring(folder: Path) -> None:
    header, _, *rows = rows_of(written(page_of("first both missing T=1,4"), folder))
    entries = by_method(read_race(folder / "both.json"), TERMS[0])
    assert rows[0][1].startswith(METHODS[RECIPE].title)
    assert len(rows) == len(entries)
    bptt = next(row for row in rows if row[1].startswith(METHODS["bptt"].title))
    values = [curve_of(one)[AT] / one["training_seconds"] for one in entries["bptt"]]
    cell = bptt[header.index("points per second")].strip("*").split(" ± ")[0]
    assert float(cell.replace(",", "")) == pytest.approx(mean(values), abs=0.01)
    for column in range(4, len(header)):
        tops = [float(r[column].strip("*").split(" ")[0].replace(",", "")) for r in rows]
        bold = [row[column].startswith("**") for row in rows]
        assert any(bold)
        assert all(top == max(tops) for top, is_bold in zip(tops, bold, strict=True) if is_bold)


def test_how_far_ahead_is_told_seed_by_seed(folder: Path) -> None:
    header, _, *rows = rows_of(written(page_of("ahead both T=4"), folder))
    entries = by_method(read_race(folder / "both.json"), TERMS[0])
    ours, others = ([curve_of(one)[4] for one in entries[name]] for name in (RECIPE, "bptt"))
    points = [a - b for a, b in zip(ours, others, strict=True)]
    row = next(row for row in rows if row[0].startswith(METHODS["bptt"].title))
    assert row[header.index("T = 4")] == f"{mean(points):+.2f} ± {half_width(points):.2f}"


def test_a_table_without_its_race_stays(folder: Path) -> None:
    for mark in ("epochs missing", "epochs both missing", "first missing"):
        page = page_of(mark, "| old |\n")
        assert written(page, folder) == page


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        ("epoch both", "unknown table 'epoch'; valid: first, .*did you mean 'epochs'"),
        ("epochs both seeds=3", "has the options T and methods, got seeds"),
    ],
)
def test_marks_that_ask_for_nothing_are_refused(mark: str, message: str, folder: Path) -> None:
    with pytest.raises(ValueError, match=message):
        written(page_of(mark), folder)


def test_a_file_that_was_changed_is_refused(folder: Path, tmp_path: Path) -> None:
    text = (folder / "rest.json").read_text(encoding="utf-8")
    (tmp_path / "rest.json").write_text(text.replace('"seed": 1', '"seed": 7'), encoding="utf-8")
    with pytest.raises(RunError, match="changed after it was measured"):
        written(page_of("epochs rest"), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", CHEAP)
def test_the_cheap_races_still_give_their_rows(name: str, tmp_path: Path) -> None:
    """One seed, raced now: another processor rounds differently, and makes it another seed."""
    there = read_race(FOLDER / f"{name}.json")
    asked = asked_in(there)
    asked = replace(
        asked,
        config=replace(asked.config, device="cpu", conversion_timesteps=asked.config.timesteps),
        seeds=1,
        equal_time=False,
    )
    now = by_method(race(asked, tmp_path / "race"), TERMS[0])
    for method, entries in by_method(there, TERMS[0]).items():
        for T in (1, AT, 8):
            held = [curve_of(entry)[T] for entry in entries]
            room = 1.0 + 4 * stdev(held)  # points; 449 images
            assert curve_of(now[method][0])[T] == pytest.approx(mean(held), abs=room), (method, T)
