"""The audit, fed made-up races: it says no more than the numbers do, for the paper or against."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from snnlab.measure.statistics import PairedImages
from snnlab.runs.config import RunConfig, to_dict
from snnlab.runs.files import RunError, write_json
from snnlab.runs.hashes import sealed
from snnlab.studies import claims
from snnlab.studies.abstract import since_1
from snnlab.studies.audit import judge, list_races, origin, read_race
from snnlab.studies.claims import Claim, round_down
from snnlab.studies.speedup import seconds

DOZENS, MEMORY, LOSS, GAIN, HIGH, TIME, ANN_TIME, STEPS, SECONDS = range(9)
IMAGES = 10_000
Race = dict[str, Any]


def spiking(
    method: str, seed: int, seconds: float, accuracy: dict[int, float], noisy: float | None = None
) -> Race:
    """A run of a spiking method; an image takes a millisecond per timestep."""
    by_T = {str(T): value for T, value in accuracy.items()}
    entry = {
        "method": method,
        "seed": seed,
        "terms": "equal epochs",
        "training_seconds": seconds,
        "peak_memory_mib": 10 * seconds,
        "accuracy": by_T,
        "test_images": IMAGES,
        "changed": {T: changed(value - accuracy[1]) for T, value in by_T.items()},
        "subset": {"images": 100, "accuracy": by_T},
        "seconds_per_image": {T: 1e-3 * int(T) for T in by_T},
    }
    if method == "noise":
        entry["certificate"] = {"weights_equal": True, "accuracy_with_noise_at_1": noisy}
    return entry


def changed(gain: float) -> list[int]:
    """Images lost and gained, if the accuracy rises by so many points; 50 change for nothing."""
    more = round(gain * IMAGES / 100)
    return [50 + max(0, -more), 50 + max(0, more)]


def converted(method: str, seed: int, curves: dict[str, dict[int, float]], seconds: float) -> Race:
    """A run of ann or qcfs; an image takes a millisecond per timestep."""
    conversions = {
        name: {str(T): value for T, value in curve.items()} for name, curve in curves.items()
    }
    return {
        "method": method,
        "seed": seed,
        "terms": "equal epochs",
        "training_seconds": seconds,
        "peak_memory_mib": 10 * seconds,
        "ann_accuracy": 98.0,
        "accuracy": {str(T): 90.0 for T in (1, 2, 4)},
        "subset": {"images": 100, "conversions": conversions},
        "seconds_per_image": {str(2**k): 1e-3 * 2**k for k in range(10)},
    }


def reaches(T: int, accuracy: float = 98.0, last: int = 512) -> dict[int, float]:
    """A conversion that becomes as accurate as this at T."""
    measured = {1, T - 1, T, last} - {0}  # what lies between them decides nothing
    return {t: accuracy if t >= T else 50.0 for t in sorted(measured) if t <= last}


def made_up(
    *,
    noise_seconds: Sequence[float] = (30.0, 31.0, 30.5),
    bptt_seconds: Sequence[float] = (3000.0, 3090.0, 3030.0),
    ann_seconds: Sequence[float] = (100.0, 103.0, 101.0),
    noise: Sequence[dict[int, float]] = (
        {1: 97.0, 2: 97.5, 4: 97.8},
        {1: 97.1, 2: 97.6, 4: 97.8},
        {1: 96.9, 2: 97.3, 4: 97.7},
    ),
    no_noise: Sequence[dict[int, float]] = (
        {1: 98.0, 2: 95.5, 4: 90.8},
        {1: 98.1, 2: 95.6, 4: 90.8},
        {1: 97.9, 2: 95.3, 4: 90.7},
    ),
    ann: Sequence[int] = (450, 460, 455),
    qcfs: Sequence[int] = (440, 450, 460),
    noisy: float = 96.0,
) -> Race:
    """A race that supports every claim, but for what is asked for."""
    entries = []
    for seed in range(len(noise)):
        entries += [
            spiking("noise", seed, noise_seconds[seed], noise[seed], noisy),
            spiking("no-noise", seed, noise_seconds[seed], no_noise[seed]),
            spiking("bptt", seed, bptt_seconds[seed], noise[seed]),
            converted(
                "ann",
                seed,
                {"percentile": reaches(ann[seed]), "maximum": reaches(500)},
                ann_seconds[seed],
            ),
            converted("qcfs", seed, {"qcfs": reaches(qcfs[seed])}, ann_seconds[seed]),
        ]
    return {
        "race": {"start": to_dict(RunConfig()), "seeds": list(range(len(noise)))},
        "finished": True,
        "same_machine": True,
        "environment": {
            "command": ["snnlab", "race"],
            "code": "0123456789ab",
            "git_commit": None,
            "versions": {"torch": "2.99"},
            "hardware": {"processor": "abacus", "threads": 3},
        },
        "entries": entries,
    }


def without(race: Race, *methods: str) -> Race:
    """The race without these methods."""
    kept = [entry for entry in race["entries"] if entry["method"] not in methods]
    return race | {"entries": kept}


def statuses(race: Race) -> list[str]:
    return [claim.status for claim in judge(race)]


def claim_of(race: Race, which: int) -> Claim:
    return judge(race)[which]


def test_a_race_that_supports_everything() -> None:
    assert statuses(made_up()) == ["supported"] * 9


@pytest.mark.slow
def test_the_training_time_saved_is_paired_over_seeds() -> None:
    claim = claim_of(made_up(bptt_seconds=(100, 103, 101)), TIME)
    saved = [100 * (1 - a / b) for a, b in ((30, 100), (31, 103), (30.5, 101))]
    assert claim.measured == pytest.approx(sum(saved) / 3)
    assert claim.interval is not None
    assert claim.measured is not None
    assert claim.interval[0] < claim.measured < claim.interval[1]
    assert claim.seeds == [0, 1, 2]
    assert "BPTT with T = 4" in claim.compared


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("which", "changed", "status"),
    [
        (DOZENS, {"bptt_seconds": (1000.0, 1010.0, 1020.0)}, "contradicted"),
        (DOZENS, {"bptt_seconds": (1000.0, 3090.0, 9000.0)}, "undecided"),
        (MEMORY, {"bptt_seconds": (1000.0, 1010.0, 1020.0)}, "contradicted"),
        (TIME, {"bptt_seconds": (75.0, 77.0, 76.0)}, "contradicted"),  # 60 % saved
        (TIME, {"bptt_seconds": (60.0, 103.0, 190.0)}, "undecided"),  # 50 to 84 by seed
        (TIME, {"bptt_seconds": (20.0, 21.0, 22.0)}, "contradicted"),
        (ANN_TIME, {"ann_seconds": (75.0, 77.0, 76.0)}, "contradicted"),
        (ANN_TIME, {"ann_seconds": (60.0, 103.0, 190.0)}, "undecided"),
        (STEPS, {"ann": (99, 98, 97)}, "contradicted"),
        (STEPS, {"qcfs": (4, 8, 4)}, "contradicted"),  # the fastest conversion counts
        (STEPS, {"ann": (200, 480, 400), "qcfs": (400, 400, 400)}, "undecided"),
        (SECONDS, {"ann": (99, 98, 97)}, "contradicted"),
        (GAIN, {"no_noise": [{1: 97.0, 2: 97.7, 4: 98.3}] * 3}, "contradicted"),
        (GAIN, {"no_noise": [{1: 98.0, 2: 98.6, 4: 96.9}] * 3}, "undecided"),  # nothing on average
        (LOSS, {"noise": [{1: 97.0, 2: 95.0, 4: 95.0}] * 3}, "contradicted"),
        (LOSS, {"noise": [{1: 97.0, 2: 95.5, 4: 99.0}] * 3}, "contradicted"),  # at T = 2 alone
        (LOSS, {"noise": [{1: 97.0, 2: 97.0 + d, 4: 97.0 + d} for d in (-1, 0, 1)]}, "undecided"),
        (LOSS, {"noisy": 99.0}, "contradicted"),  # with its noise it was better at T = 1
        (HIGH, {"noise": [{1: 97.0, 2: 96.0, 4: 96.1}] * 3}, "contradicted"),  # the ANN has 98
        (HIGH, {"noise": [{1: 97.0, 2: 97.0 + d, 4: 97.0} for d in (-1, 0, 1)]}, "undecided"),
    ],
)
def test_numbers_that_do_not_support_a_claim(
    which: int, changed: dict[str, Any], status: str
) -> None:
    claim = claim_of(made_up(**changed), which)
    assert claim.status == status
    assert claim.text().startswith(f"{status.upper()}: ")


@pytest.mark.slow
def test_more_than_claimed_is_support() -> None:
    assert claim_of(made_up(noise_seconds=(5.0, 5.1, 5.2)), TIME).status == "supported"


@pytest.mark.slow
def test_a_loss_below_the_margin_is_none_but_a_gain_must_be_one() -> None:
    little = [{1: 97.0, 2: 96.5, 4: 97.0}] * 3
    assert judge(made_up(noise=little))[LOSS].status == "supported"
    flat = [{1: 97.0, 2: 97.0, 4: 97.0}] * 3
    found = judge(made_up(noise=flat, no_noise=flat))
    assert found[LOSS].status == "supported"
    assert found[LOSS].interval == [0, 0]
    assert found[GAIN].status == "contradicted"  # no gain is not a gain


def test_seeds_that_agree_do_not_outweigh_images_that_cannot_tell() -> None:
    """Three networks that lose nothing, on few images of which many change sides."""
    pairs = {T: [PairedImages(40, 3, 3)] * 3 for T in (2, 4)}
    found = since_1(pairs, [0, 1, 2])
    assert found.images == PairedImages(85, 7, 6)  # 120, 9, 9 by 1.4, as seeds share images
    assert found.images.verdict == "undecided"
    race = made_up(noise=[{1: 97.0, 2: 97.0, 4: 97.0}] * 3)
    for entry in race["entries"]:
        if entry["method"] == "noise":
            entry |= {"test_images": 40, "changed": {"1": [0, 0], "2": [3, 3], "4": [3, 3]}}
    claim = claim_of(race, LOSS)
    assert (claim.status, claim.interval) == ("undecided", [0, 0])
    assert "too few images" in claim.reason
    assert (claim.seeds_needed, claim.power[:16]) == (None, "more test images")


@pytest.mark.slow
def test_exactly_the_claimed_factor_is_not_more_than_it() -> None:
    race = made_up(ann=(100, 100, 100), noise=[{1: 97.0, 2: 97.5, 4: 97.8}] * 3)
    claim = claim_of(race, STEPS)
    assert claim.status == "contradicted"
    fastest = claim.details["the fastest conversion at T = 1"]
    assert fastest["measured"] == pytest.approx(100)
    assert fastest["matches"][0]["conversion"] == "ann: percentile"


def test_the_mean_over_the_curve_decides_and_both_ends_are_shown() -> None:
    claim = claim_of(made_up(), GAIN)
    assert (claim.unit, claim.condition) == ("points", "mean over T = 2, 4")
    by_T = claim.details
    assert claim.measured == pytest.approx((2.0 + 7.0) / 2)
    assert list(by_T) == ["T = 2", "T = 4"]
    assert claim.speaks_for is not None
    assert claim.speaks_against is not None
    assert (claim.speaks_against.condition, claim.speaks_for.condition) == ("T = 2", "T = 4")
    assert claim.speaks_against.measured == pytest.approx(by_T["T = 2"]["measured"])
    assert "most for it: 7.00 points, joint interval" in claim.text()


def test_an_undecided_claim_says_how_many_seeds_would_decide() -> None:
    unsure = claim_of(made_up(bptt_seconds=(60.0, 103.0, 190.0)), TIME)
    assert unsure.seeds_needed is not None
    assert f"power: {unsure.seeds_needed} seeds would decide in 80 of 100" in unsure.text()
    quiet = [{1: 98.0, 2: 97.5 + d, 4: 97.8 + d} for d in (-1, 0, 1)]
    on_it = claim_of(made_up(noise=[{1: 97.0, 2: 97.5, 4: 97.8}] * 3, no_noise=quiet), GAIN)
    assert (on_it.status, on_it.seeds_needed) == ("undecided", None)
    assert "the mean lies at the bound" in on_it.text()
    assert claim_of(made_up(), GAIN).power == ""


def test_conversions_that_never_get_there_cannot_contradict() -> None:
    unreached = made_up(noise=[{1: 99.0, 2: 99.5, 4: 99.8}] * 3)
    claim = claim_of(unreached, STEPS)
    assert claim.status == "supported"
    assert claim.measured == pytest.approx(512 / 2)  # the geometric mean of 512, 256 and 128
    assert claim.condition == "mean over T = 1, 2, 4, at least"
    assert "never reached" in claim.reason
    for entry in unreached["entries"]:
        if "conversions" in entry["subset"]:
            entry["subset"]["conversions"] = {"short": reaches(40, last=100)}
    assert claim_of(unreached, STEPS).status == "untested"


@pytest.mark.slow
def test_the_plainest_conversion_speaks_for_the_claim() -> None:
    claim = claim_of(made_up(ann=(3, 3, 3), qcfs=(4, 4, 4)), STEPS)
    assert claim.status == "contradicted"
    assert claim.speaks_for is not None
    assert claim.speaks_for.condition == "ann: maximum, mean over T = 1, 2, 4"
    assert claim.speaks_for.measured == pytest.approx(250)
    assert claim.speaks_for.status == "supported"


def test_a_conversion_that_never_got_there_does_not_speak_against_the_claim() -> None:
    """The plainest is below our accuracy to its last T, 64; the best is as accurate at T = 3."""
    race = made_up(ann=(3, 3, 3), qcfs=(4, 4, 4))
    for entry in race["entries"]:
        if entry["method"] == "ann":
            low = {"1": 10.0, "64": 90.0}
            entry["subset"]["conversions"]["maximum"] = low
    claim = claim_of(race, STEPS)
    assert (claim.status, claim.condition, claim.reason) == ("contradicted", "T = 1", "")
    assert claim.speaks_for is not None
    assert claim.speaks_for.condition == "ann: maximum, T = 1, at least"
    assert claim.speaks_for.measured == pytest.approx(64)
    assert claim.speaks_for.status == "undecided"


@pytest.mark.slow
def test_seconds_lie_on_the_line_between_measured_ones() -> None:
    race = made_up(ann=(300,) * 3, qcfs=(400,) * 3)
    for entry in race["entries"]:
        if entry["method"] == "ann":
            entry["seconds_per_image"] = {"1": 1e-3, "256": 0.2, "512": 0.456}
    claim = claim_of(race, SECONDS)
    expected = (0.2 + 0.256 * 44 / 256) / 1e-3
    assert claim.details["the fastest conversion at T = 1"]["measured"] == pytest.approx(expected)
    with pytest.raises(ValueError, match=r"measured at T = \[1, 2\] only"):
        seconds({"seconds_per_image": {"1": 1.0, "2": 2.0}}, 3)


def test_from_which_T_on_a_claim_about_bptt_would_hold() -> None:
    """Without noise, BPTT at T = 1, takes 30 s; at T = 4 90 s: 20 s more for each timestep."""
    race = made_up(noise_seconds=(30.0,) * 3, bptt_seconds=(90.0,) * 3, ann_seconds=(10.0,) * 3)
    found = judge(race)
    assert found[DOZENS].measured == pytest.approx(9)
    assert (
        "T = 4; on the line through T = 1, it would from T = 12 on" in found[DOZENS].reason
    )  # 240
    assert "it would from T = 4 on" in found[TIME].reason  # 30 / 0.35 = 85.7 of 90 s
    assert found[ANN_TIME].measured == pytest.approx(-200)


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("absent", "expected"),
    [
        (["bptt"], [DOZENS, MEMORY, HIGH, TIME]),
        (["ann"], [DOZENS, MEMORY, HIGH, ANN_TIME, STEPS, SECONDS]),
        (["no-noise"], [GAIN]),
        (["noise"], [LOSS, GAIN, HIGH, TIME, ANN_TIME, STEPS, SECONDS]),
    ],
)
def test_a_missing_method_leaves_claims_untested(absent: list[str], expected: list[int]) -> None:
    found = judge(without(made_up(), *absent))
    assert [i for i, claim in enumerate(found) if claim.status == "untested"] == expected
    assert all(absent[0] in found[i].reason for i in expected)
    assert all(found[i].measured is None for i in expected)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("changed", [LOSS]),
        ("certificate", [LOSS]),
        ("peak_memory_mib", [MEMORY]),
        ("ann_accuracy", [HIGH]),
        ("seconds_per_image", [SECONDS]),
        ("training_seconds", [DOZENS, TIME, ANN_TIME]),
    ],
)
def test_an_older_race_leaves_claims_untested(column: str, expected: list[int]) -> None:
    race = made_up()
    for entry in race["entries"]:
        entry.pop(column, None)
    found = judge(race)
    assert [i for i, claim in enumerate(found) if claim.status == "untested"] == expected
    assert all("the race does not hold" in found[i].reason for i in expected)


def test_too_little_memory_tells_nothing() -> None:
    race = made_up()
    for entry in race["entries"]:
        entry["peak_memory_mib"] /= 1000
    assert "less than 10 MiB" in claim_of(race, MEMORY).reason


def test_without_qcfs_the_claim_is_about_the_ann_alone() -> None:
    claim = claim_of(without(made_up(), "qcfs"), STEPS)
    assert claim.status == "supported"
    assert "qcfs" not in claim.compared


def test_one_seed_tests_nothing() -> None:
    race = made_up()
    race["entries"] = [entry for entry in race["entries"] if entry["seed"] == 0]
    for claim in judge(race):
        assert (claim.status, claim.interval) == ("untested", None)
        assert claim.measured is not None
        assert "one seed" in claim.reason


def test_timings_of_different_machines_are_not_compared() -> None:
    found = judge(made_up() | {"same_machine": False})
    timed = [DOZENS, MEMORY, TIME, ANN_TIME, SECONDS]
    assert [i for i, claim in enumerate(found) if claim.status == "untested"] == timed


def test_short_conversions_contradict_where_they_were_fast_and_else_test_nothing() -> None:
    race = made_up()
    for entry in race["entries"]:
        if "conversions" in entry["subset"]:
            entry["subset"]["conversions"] = {"short": reaches(40, last=100)}
    claim = claim_of(race, STEPS)
    assert (claim.status, claim.condition) == ("contradicted", "T = 1")
    assert claim.measured == pytest.approx(40)


@pytest.mark.slow
def test_other_noise_does_not_speak_for_gaussian_noise() -> None:
    race = made_up()
    race["race"]["start"]["noise"]["family"] = "uniform"
    assert claim_of(race, GAIN).status == "untested"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(64.999, "64.99"), (65.0, "65.00"), (0.29, "0.29"), (-0.001, "-0.01"), (1234.567, "1,234.56")],
)
def test_printed_numbers_are_never_above_the_measured(value: float, shown: str) -> None:
    assert round_down(value) == shown


def test_the_text_names_the_machine_and_the_numbers() -> None:
    _, text = origin("mine", made_up())
    for words in (
        "race mine",
        "abacus, 3 thread(s)",
        "torch 2.99",
        "seeds 0, 1, 2",
        "0123456789ab",
    ):
        assert words in text
    assert "95 % interval" in judge(made_up())[0].text()


def test_an_unfinished_race_is_not_judged() -> None:
    with pytest.raises(RunError, match="not finished"):
        judge(made_up() | {"finished": False})


@pytest.mark.slow
def test_a_damaged_race_is_refused() -> None:
    race = made_up()
    del race["entries"][0]["accuracy"]
    with pytest.raises(RunError, match=r"the race is damaged: race\.json lacks 'accuracy'"):
        judge(race)


@pytest.mark.slow
def test_races_are_found_by_folder(tmp_path: Path) -> None:
    for name in ("b", "a", "empty"):
        (tmp_path / name).mkdir()
    for name in ("a", "b"):
        write_json(tmp_path / name / "race.json", made_up())
    assert [folder.name for folder in list_races(tmp_path)] == ["a", "b"]
    assert list_races(tmp_path / "nothing") == []
    assert statuses(read_race(tmp_path / "a")) == ["supported"] * 9
    with pytest.raises(RunError, match="no such folder"):
        read_race(tmp_path / "c")


def test_a_race_that_somebody_changed_is_said(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    race = sealed(made_up())
    write_json(tmp_path / "mine" / "race.json", race)
    assert read_race(tmp_path / "mine") == race
    race["entries"][0]["training_seconds"] += 1
    write_json(tmp_path / "mine" / "race.json", race)
    with pytest.raises(RunError, match=r"race\.json was changed after it was measured"):
        read_race(tmp_path / "mine")
    with pytest.raises(RunError, match=r"snnlab race makes one; did you mean 'mine'\?"):
        read_race(tmp_path / "mien")


def test_the_best_of_several_rivals_does_not_contradict_by_chance():
    """Against each of four equal rivals ours lies at the bound; the best of them is so by luck."""
    draws = np.random.default_rng(0)
    false = {1: 0, 4: 0}
    test = claims.Test(
        "a claim", "", lambda found: found, "points", -1.0, strict=True, confidence=0.9
    )
    for _ in range(400):
        ours = draws.normal(0, 0.3, 5)
        gaps = ours - draws.normal(1, 0.3, (4, 5))  # exactly at the bound
        best = min(gaps, key=np.mean)
        for rivals in false:
            found = claims.Found(best.tolist(), list(range(5)), rivals=rivals)
            said = test.judge(found).status
            false[rivals] += said == "contradicted"
    assert false[4] <= 0.07 * 400 < false[1]
