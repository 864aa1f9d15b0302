"""The tables of the notebooks: complete, and what the notebooks say about them is so."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from dataclasses import replace

import pytest

from snnlab.classroom.preset import preset
from snnlab.classroom.seeds.measurements import MEASUREMENTS, SIGMAS
from snnlab.classroom.seeds.race import race_rules, shipped_race
from snnlab.classroom.seeds.table import RACE_FILE, SHIPPED, SeedTable, is_same, many_seeds
from snnlab.classroom.seeds.trainer import Trainer
from snnlab.data.sources import load_data
from snnlab.runs.hashes import check_sealed
from snnlab.runs.presets import PRESETS
from snnlab.studies.audit import judge

FAST = preset("fast")


@pytest.fixture(scope="module")
def data():
    return load_data(FAST.data, device="cpu")


def table(name: str) -> SeedTable:
    return many_seeds(name, FAST, None)  # type: ignore[arg-type]  # nothing is trained


def test_every_measurement_is_shipped_and_says_what_made_it():
    assert {path.stem for path in SHIPPED.glob("*.json")} == {*MEASUREMENTS, "race"}
    for name in MEASUREMENTS:
        found = table(name)
        assert found.seeds >= 5
        assert found.x == tuple(MEASUREMENTS[name].points(FAST))
        assert {"command", "code", "versions", "hardware"} <= set(found.made_by)
        seeds = json.loads((SHIPPED / f"{name}.json").read_text("utf-8"))["seeds"]
        assert 0 not in seeds  # the notebooks' own
        for rows in found.lines.values():
            assert {len(row) for row in rows} == {len(found.x)}


def test_an_unknown_table_is_refused(data):
    with pytest.raises(ValueError, match="starts"):
        many_seeds("nothing", FAST, data)


def test_other_settings_are_measured_not_looked_up(data):
    few = replace(FAST, training=replace(FAST.training, epochs=1), seeds=2)
    found = many_seeds("leaks", few, data)
    assert (found.seeds, found.made_by) == (2, {})


@pytest.mark.slow
def test_a_seed_measured_now_is_the_shipped_one(data):
    """With room for other rounding: one in a hundred images, in the mean over the points."""
    found = MEASUREMENTS["variants"].measure(Trainer(FAST, data, 1))
    for name, rows in table("variants").lines.items():
        if name in ("matched noise", "without noise, from v_th / 2"):
            off = [abs(a - b) for a, b in zip(found[name], rows[0], strict=True)]
            assert sum(off) / len(off) < 1


def test_the_start_fades_with_timesteps():
    starts = table("starts")
    for T, most, least in ((1, 100, 30), (16, 1, -1)):
        mean = starts.curves[f"T = {T}"].mean
        assert least < mean[2] - min(mean) < most


def test_the_mean_of_the_noise_does_nearly_everything_on_digits():
    variants = table("variants")
    for name in ("without noise, from rest", "zero-mean noise", "reset to zero"):
        assert variants.difference("matched noise", name, 16).floor > 0
    half = variants.difference("matched noise", "without noise, from v_th / 2", 16)
    assert half.low < 0 < half.high


def test_a_small_leak_costs_nothing_and_a_large_one_much():
    leaks = table("leaks")
    small = leaks.difference("beta = 1", "beta = 0.9", 16)
    assert small.low < 0 < small.high
    assert leaks.difference("beta = 1", "beta = 0.5", 16).floor > 0


def test_each_idea_moves_the_conversion_as_said():
    names, found = list(table("conversions").lines), table("conversions")
    gains = [found.difference(b, a, 4).mean for a, b in itertools.pairwise(names)]
    assert gains[0] > 5 * gains[1] > 0
    for earlier, later in ((names[0], names[1]), (names[1], names[2])):
        assert found.difference(later, earlier, 4).floor > 0
    for earlier, later in ((names[1], names[2]), (names[2], names[3])):
        at_32 = found.difference(later, earlier, 32)
        assert at_32.low < 0 < at_32.high


def test_the_race_is_as_told():
    race = shipped_race(race_rules(FAST, PRESETS["digits"]))
    assert race is not None
    check_sealed(RACE_FILE.name, race)
    means = {
        (method, T): sum(e["accuracy"][str(T)] for e in race["entries"] if e["method"] == method)
        / len(race["race"]["seeds"])
        for method in race["race"]["methods"]
        for T in (1, 4, 8, 16)
    }
    assert all(means["ann", 1] < means[method, 1] - 5 for method in ("noise", "bptt", "qcfs"))
    for T in (4, 8, 16):
        for high in ("bptt", "ann", "qcfs"):
            assert means[high, T] > max(means["noise", T], means["no-noise", T])
    supported = [claim.name for claim in judge(race) if claim.status == "supported"]
    assert supported == ["the conversion from one timestep to more is lossless"]
    counts = Counter(claim.status for claim in judge(race))
    assert (counts["undecided"], counts["contradicted"], counts["untested"]) == (2, 5, 1)


def test_other_rules_have_no_shipped_race():
    rules = race_rules(FAST, PRESETS["digits"])
    assert shipped_race(replace(rules, methods=("noise", "bptt"))) is None


def test_deeper_layers_have_wider_residuals_and_calibration_gains_nothing():
    found = table("residual_moments")
    first, second, third = (found.at("sigma, active", layer).mean for layer in (1, 2, 3))
    assert abs(first - 0.289) < 0.02
    assert first < second < third
    for layer in (2, 3):
        assert found.difference("sigma, active", "sigma, calibrated", layer).floor > 0
    for layer in (1, 2, 3):
        assert abs(found.at("mean, active", layer).mean - 0.5) < 0.03
    gain = table("calibrated").difference("calibrated", "matched by formula", 16)
    assert gain.low < 0 < gain.high


def test_the_top_over_sigma_is_wide_and_timesteps_give_little_back():
    found = table("sigmas")
    wide = [found.at("T = 8", sigma).mean for sigma in SIGMAS[1:5]]
    assert max(wide) - min(wide) < 2
    for sigma in SIGMAS:
        assert abs(found.difference("T = 16", "T = 1", sigma).mean) < 2.5
    assert max(wide) - found.at("T = 8", 0.02).mean > 4
    assert max(wide) - found.at("T = 8", 1.0).mean > 4


def test_own_spikes_at_the_end_gain_at_every_timestep_and_most_surely_at_four():
    found = table("own_spikes")
    gains = [found.difference("own spikes last", "noise to the end", T) for T in found.x]
    assert all(gain.mean > 1 for gain in gains)
    assert gains[2].floor > 0


def test_newer_settings_stand_as_they_did_but_others_are_not_the_same():
    shipped = json.loads((SHIPPED / "learned.json").read_text("utf-8"))["settings"]
    assert "rates_fraction" not in shipped["training"]  # older than that setting
    assert is_same(shipped, FAST)
    late = replace(FAST, training=replace(FAST.training, rates_fraction=0.5))
    assert not is_same(shipped, late)


def test_the_shape_makes_no_difference_that_shows():
    for name in ("uniform", "logistic", "no noise"):
        found = table("shapes").difference("gaussian", name, 16)
        assert found.low < 0 < found.high


def test_a_learned_sigma_shrinks_and_does_no_harm():
    found = table("learned_sigma")
    for name in found.lines:
        assert found.at(name, found.x[-1]).high < 0.25
    assert table("learned").difference("learned", "matched", 16).mean > -0.5


def test_noise_helps_against_pixels_and_weights():
    found = table("noisy_inputs")
    for kind in ("pixels 0.4", "weights 0.3", "weights 0.5"):
        assert found.difference(f"with noise: {kind}", f"without noise: {kind}", 16).floor > 0


def test_half_of_the_spikes_lost_is_a_shift_that_timesteps_do_not_average_away():
    found = table("halved")
    noisy = "with noise: half lost"
    assert found.difference(noisy, "without noise: half lost", 16).high < 0
    assert abs(found.difference(noisy, "with noise: none lost, each counts half", 16).mean) < 5
    twice = found.at("with noise: half lost, each counts twice", 16).mean
    assert found.at("with noise: none lost", 16).mean - twice < 2
    late, early = found.values(noisy, 16), found.values(noisy, 1)
    assert any(a < b for a, b in zip(late, early, strict=True))
    spread = table("current_spread")
    for layer in spread.x:
        assert spread.difference("with noise", "without noise", layer).high < 0
