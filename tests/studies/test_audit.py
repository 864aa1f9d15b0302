"""The audit, fed made-up races: it supports nothing that the numbers do not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from snnlab.runs.config import RunConfig, to_dict
from snnlab.runs.store import RunError, sealed, write_json
from snnlab.studies.audit import audit_text, judge, list_races, read_race
from snnlab.studies.claims import Claim, round_down

TIME, STEPS, SECONDS, GAIN, LOSS = range(5)
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
        "accuracy": by_T,
        "subset": {"images": 100, "accuracy": by_T},
        "seconds_per_image": {T: 1e-3 * int(T) for T in by_T},
    }
    if method == "noise":
        entry["certificate"] = {"weights_equal": True, "accuracy_with_noise_at_1": noisy}
    return entry


def converted(method: str, seed: int, curves: dict[str, dict[int, float]]) -> Race:
    """A run of ann or qcfs; an image takes a millisecond per timestep."""
    conversions = {
        name: {str(T): value for T, value in curve.items()} for name, curve in curves.items()
    }
    return {
        "method": method,
        "seed": seed,
        "terms": "equal epochs",
        "training_seconds": 10.0,
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
    bptt_seconds: Sequence[float] = (100.0, 103.0, 101.0),
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
            converted("ann", seed, {"maximum": reaches(500), "percentile": reaches(ann[seed])}),
            converted("qcfs", seed, {"qcfs": reaches(qcfs[seed])}),
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
    assert statuses(made_up()) == ["supported"] * 5


@pytest.mark.slow
def test_the_training_time_saved_is_paired_over_seeds() -> None:
    claim = claim_of(made_up(), TIME)
    saved = [100 * (1 - a / b) for a, b in ((30, 100), (31, 103), (30.5, 101))]
    assert claim.measured == pytest.approx(sum(saved) / 3)
    assert claim.interval is not None
    assert claim.interval[0] < claim.measured < claim.interval[1]
    assert claim.seeds == [0, 1, 2]
    assert "BPTT with T = 4" in claim.compared


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("which", "changed"),
    [
        (TIME, {"noise_seconds": (40.0, 41.0, 40.5)}),  # 60 % saved
        (TIME, {"noise_seconds": (15.0, 31.0, 46.0)}),  # 70 % on average, 40 to 85 by seed
        (TIME, {"noise_seconds": (110.0, 111.0, 110.5)}),
        (STEPS, {"ann": (99, 98, 97)}),
        (STEPS, {"qcfs": (4, 8, 4)}),  # the fastest conversion counts
        (STEPS, {"ann": (100, 400, 400), "qcfs": (400, 400, 400)}),  # 252 on average
        (SECONDS, {"ann": (99, 98, 97)}),
        (GAIN, {"no_noise": [{1: 97.0, 2: 97.5, 4: 97.9}] * 3}),
        (GAIN, {"no_noise": [{1: 98.0, 2: 97.6, 4: 50.0}] * 3}),  # gains at T = 4 only
        (LOSS, {"noise": [{1: 97.0, 2: 96.0, 4: 99.0}] * 3}),  # loses a point at T = 2 only
        (LOSS, {"noise": [{1: 97.0, 2: 97.0 + d, 4: 99.0} for d in (-1, 0, 1)]}),  # cannot tell
        (LOSS, {"noisy": 99.0}),  # the single-step network with its noise was better
    ],
)
def test_numbers_that_do_not_support_a_claim(which: int, changed: dict[str, Any]) -> None:
    claim = claim_of(made_up(**changed), which)
    assert claim.status == "not supported"
    assert claim.text().startswith("NOT SUPPORTED: ")


@pytest.mark.slow
def test_more_than_claimed_is_support() -> None:
    assert claim_of(made_up(noise_seconds=(5.0, 5.1, 5.2)), TIME).status == "supported"


@pytest.mark.slow
def test_a_loss_below_the_margin_is_none_but_a_gain_must_be_one() -> None:
    little = [{1: 97.0, 2: 96.01, 4: 97.0}] * 3
    assert judge(made_up(noise=little))[LOSS].status == "supported"
    flat = [{1: 97.0, 2: 97.0, 4: 97.0}] * 3
    found = judge(made_up(noise=flat, no_noise=flat))
    assert found[LOSS].status == "supported"
    assert found[LOSS].interval == [0, 0]
    assert found[GAIN].status == "not supported"


@pytest.mark.slow
def test_exactly_the_claimed_factor_is_not_more_than_it() -> None:
    race = made_up(ann=(100, 100, 100), noise=[{1: 97.0, 2: 97.5, 4: 97.8}] * 3)
    claim = claim_of(race, STEPS)
    assert claim.status == "not supported"
    assert claim.details["T = 1"]["measured"] == pytest.approx(100)
    assert claim.details["T = 1"]["matches"][0]["conversion"] == "ann: percentile"


@pytest.mark.slow
def test_the_least_favourable_timestep_decides() -> None:
    claim = claim_of(made_up(), GAIN)
    assert claim.unit == "points at T = 2"
    assert claim.measured == pytest.approx(2.0)
    assert set(claim.details) == {"T = 2", "T = 4"}


@pytest.mark.slow
def test_a_conversion_that_never_gets_there_counts_with_its_last_timestep() -> None:
    claim = claim_of(made_up(ann=(600,) * 3, qcfs=(600,) * 3), STEPS)
    assert claim.details["T = 1"]["measured"] == pytest.approx(500)  # maximum: at 500
    unreached = made_up(noise=[{1: 99.0, 2: 99.5, 4: 99.8}] * 3)
    claim = claim_of(unreached, STEPS)
    assert claim.measured == pytest.approx(512 / 4)
    assert "at least" in claim.reason


@pytest.mark.slow
def test_seconds_lie_on_the_line_between_measured_ones() -> None:
    race = made_up(ann=(300,) * 3, qcfs=(400,) * 3)
    for entry in race["entries"]:
        if entry["method"] == "ann":
            entry["seconds_per_image"] = {"1": 1e-3, "256": 0.2, "512": 0.456}
    claim = claim_of(race, SECONDS)
    expected = (0.2 + 0.256 * 44 / 256) / 1e-3
    assert claim.details["T = 1"]["measured"] == pytest.approx(expected)


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("absent", "expected"),
    [
        (["bptt"], [TIME]),
        (["ann"], [STEPS, SECONDS]),
        (["no-noise"], [GAIN]),
        (["noise"], [TIME, STEPS, SECONDS, GAIN, LOSS]),
    ],
)
def test_a_missing_method_leaves_claims_untested(absent: list[str], expected: list[int]) -> None:
    found = judge(without(made_up(), *absent))
    assert [i for i, claim in enumerate(found) if claim.status == "untested"] == expected
    assert all(absent[0] in found[i].reason for i in expected)
    assert all(found[i].measured is None for i in expected)


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
    assert [claim.status for claim in found] == [
        "untested",
        "supported",
        "untested",
        "supported",
        "supported",
    ]


def test_conversions_that_were_cut_short_test_nothing() -> None:
    race = made_up()
    for entry in race["entries"]:
        if "conversions" in entry["subset"]:
            entry["subset"]["conversions"] = {"short": reaches(40, last=100)}
    claim = claim_of(race, STEPS)
    assert claim.status == "untested"
    assert "more than 100 timesteps" in claim.reason


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


def test_the_text_names_the_machine_and_the_numbers(tmp_path: Path) -> None:
    text = audit_text(tmp_path / "mine", made_up())
    for words in (
        "race mine",
        "abacus, 3 thread(s)",
        "torch 2.99",
        "seeds 0, 1, 2",
        "0123456789ab",
    ):
        assert words in text
    assert "95 % interval" in text


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
    assert statuses(read_race(tmp_path / "a")) == ["supported"] * 5
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
