"""The same accuracies from the measurement to run folder, figure, chart and tables."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import FillBetweenPolyCollection

from snnlab.data.sources import load_data
from snnlab.measure.accuracy import accuracy_against_timesteps as measure
from snnlab.measure.curve import AccuracyCurve, SeedCurves
from snnlab.runs.curves import COLUMNS, accuracy_csv, curve_of
from snnlab.runs.examples import SHIPPED, example_configs
from snnlab.runs.store import Run, list_runs, load_run
from snnlab.show.accuracy import accuracy_against_timesteps
from snnlab.show.charts.runs import Line, accuracy_chart, accuracy_table
from snnlab.show.colours import LIGHT
from snnlab.show.page import blank_axes
from snnlab.studies.sweep_table import sweep_csv, sweep_markdown
from snnlab.studies.tables import mean_text

SEEDS = [AccuracyCurve([90.0, 92.5, 95.0, 96.0]), AccuracyCurve([91.0, 92.0, 97.5, 98.0])]


def test_figure_and_chart_show_what_was_measured(finished: Run) -> None:
    assert finished.config is not None
    images = load_data("digits", train_size=100, test_size=50).test
    measured = measure(finished.network(), images, finished.config.timesteps)  # type: ignore[arg-type]
    again = load_run(finished.id, finished.folder.parent).accuracy
    assert again == measured
    assert (again.rates, again.operations, again.images) == (
        measured.rates,
        measured.operations,
        len(images),
    )
    (line,) = accuracy_against_timesteps({"noise": again}, ax=blank_axes()).lines
    assert dict(zip(line.get_xdata(), line.get_ydata(), strict=True)) == measured
    lines = {"with noise": Line(LIGHT.noise, SeedCurves.of([again]))}
    table = accuracy_table(lines)
    assert dict(zip(table["T"], table["accuracy"], strict=True)) == measured
    (rows,) = accuracy_chart(lines, colours=LIGHT).to_dict()["datasets"].values()
    assert {row["T"]: row["accuracy"] for row in rows} == measured


def test_figure_race_table_and_sweep_table_have_the_same_interval() -> None:
    curves = SeedCurves.of(SEEDS)
    ax = accuracy_against_timesteps({"noise": curves}, band="interval", ax=blank_axes())
    (band,) = ax.collections
    assert isinstance(band, FillBetweenPolyCollection)
    heights = band.get_paths()[0].vertices
    at_4 = np.unique(np.asarray(heights)[np.asarray(heights)[:, 0] == 4, 1])
    found = curves.at(4)
    assert at_4.tolist() == pytest.approx(found.interval)
    entries: list[dict[str, Any]] = [
        {
            "settings": {"method": "noise", "seed": seed},
            "accuracy": curve.to_json(),
            "training_seconds": 1.0,
        }
        for seed, curve in enumerate(SEEDS)
    ]
    done = {"sweep": {"grid": {"method": ["noise"], "seed": [0, 1]}}, "entries": entries}
    assert f"| {found.text()} | 1.0 |" in re.sub(" +", " ", sweep_markdown(done))
    assert mean_text([curve[4] for curve in SEEDS], 2) == found.text()
    assert found.text() == f"97.00 ± {(at_4[1] - at_4[0]) / 2:.2f}"
    last = list(csv.DictReader(io.StringIO(sweep_csv(done))))[-1]
    assert [float(last["low"]), float(last["high"])] == pytest.approx(found.interval, abs=1e-4)


def test_all_forms_of_a_curve_give_the_same_figure() -> None:
    rows = [curve.accuracy for curve in SEEDS]
    forms: list[Any] = [
        SeedCurves.of(SEEDS),
        {"timesteps": [1, 2, 3, 4], "accuracy": rows},
        ([1, 2, 3, 4], np.array(rows)),
    ]
    drawn = [
        accuracy_against_timesteps({"noise": form}, ax=blank_axes()).lines[0].get_xydata()
        for form in forms
    ]
    assert np.array_equal(drawn[0], drawn[1])
    assert np.array_equal(drawn[0], drawn[2])


def test_runs_of_earlier_versions_are_read() -> None:
    runs = {run.id: run for run in list_runs(SHIPPED)}
    assert len(runs) == len(example_configs())
    for run in runs.values():
        text = (run.folder / "result.json").read_text(encoding="utf-8")
        stored = re.search(r'"accuracy": \{\s*"1": ([0-9.]+)', text)
        assert stored is not None
        assert (run.status, run.accuracy[1]) == ("finished", float(stored[1]))
        assert run.accuracy.timesteps == list(range(1, len(run.accuracy) + 1))
        assert len(run.accuracy.synaptic_operations) == len(run.accuracy)


def test_the_best_conversion_stands_first() -> None:
    subset = {"images": 5, "conversions": {"best": {"1": 90.0, "64": 98.0}, "plain": {"1": 10.0}}}
    assert curve_of(subset) == {1: 90.0, 64: 98.0}
    assert curve_of({"accuracy": {"1": 95.0}}) == {1: 95.0}


def test_the_table_has_a_row_for_every_accuracy(finished: Run) -> None:
    assert finished.config is not None
    made_up = replace(
        finished,
        config=replace(finished.config, seed=2),
        result={"accuracy": {"1": 60.0, "2": 200 / 3}},
    )
    rows = list(csv.reader(io.StringIO(accuracy_csv([made_up, replace(finished, result=None)]))))
    assert rows == [
        list(COLUMNS),
        ["noise", "2", "1", "60.0000"],
        ["noise", "2", "2", "66.6667"],
    ]
