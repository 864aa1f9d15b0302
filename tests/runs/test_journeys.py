"""Configurations on their journey: whichever way one goes, it means the same run afterwards."""

from __future__ import annotations

import ast
import json
import pprint
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from snnlab.data.spec import CATALOGUE
from snnlab.jobs.fair_queue import Job
from snnlab.jobs.pool import job_of
from snnlab.jobs.queue_file import from_json, to_json
from snnlab.neuron.spec import Noise
from snnlab.runs.config import RunConfig, from_dict, to_dict
from snnlab.runs.methods import METHODS
from snnlab.runs.presets import PRESETS
from snnlab.runs.store import run_id
from snnlab.settings import Valid, declared, validity, without_notes
from snnlab.studies.sweep import with_settings


def through_json(config: RunConfig) -> RunConfig:
    return from_dict(json.loads(json.dumps(to_dict(config))))


def through_the_queue(config: RunConfig) -> RunConfig:
    job = Job("id", ("somebody",), config, 0.0)
    job.started = None
    return from_json(json.loads(json.dumps(to_json(job)))).config


def through_a_job(config: RunConfig) -> RunConfig:
    job = json.loads(json.dumps(job_of(config, Path("runs"))))
    assert job["id"] == run_id(config)
    return from_dict(job["config"])


def through_a_notebook(config: RunConfig) -> RunConfig:
    """As `dashboard.downloads` writes it."""
    return from_dict(ast.literal_eval(pprint.pformat(to_dict(config), sort_dicts=False, width=92)))


def through_settings(config: RunConfig) -> RunConfig:
    """One dotted setting after the other would meet rules about several, so all at once."""
    return with_settings(RunConfig(), dict(dotted(to_dict(config))))


def through_careless_json(config: RunConfig) -> RunConfig:
    """Numbers as JavaScript writes them: 10 for 10.0."""
    return from_dict(shortened(to_dict(config)))


JOURNEYS = (
    through_json,
    through_the_queue,
    through_a_job,
    through_a_notebook,
    through_settings,
    through_careless_json,
)


def dotted(values: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Settings by their full name."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from dotted(value, f"{path}{key}.")
        else:
            yield path + key, value


def shortened(value: Any) -> Any:
    """The same with whole numbers in place of floats without a fraction."""
    if isinstance(value, dict):
        return {key: shortened(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shortened(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Any value that a field can have, from how it is declared; numbers as Python mixes them."""
    valid, kind = validity(hint), without_notes(hint)
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        (inner,) = (option for option in get_args(kind) if option is not NoneType)
        return st.none() | values_of_plain(inner, valid)
    if origin is tuple:
        return st.lists(values_of(get_args(kind)[0]), max_size=2)
    if is_dataclass(kind):
        return configurations(kind)
    return values_of_plain(kind, valid)


def values_of_plain(kind: Any, valid: Valid) -> st.SearchStrategy[Any]:
    if valid.options is not None:
        return st.sampled_from(list(valid.options()))
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind))
    if kind is bool:
        return st.booleans()
    if kind is str:
        return st.sampled_from(list(CATALOGUE))
    low = valid.low if valid.low is not None else valid.above
    high = valid.high if valid.high is not None else valid.below
    if kind is int:
        return st.integers(low and int(low), high and int(high)).flatmap(
            lambda n: st.sampled_from([n, np.int64(n)] if abs(n) < 2**62 else [n])
        )
    numbers = st.floats(
        low,
        high,
        exclude_min=valid.above is not None,
        exclude_max=valid.below is not None,
        allow_nan=False,
        allow_infinity=False,
    )
    return numbers | numbers.map(round).filter(valid.allows)


@st.composite
def configurations(draw: st.DrawFn, kind: type = RunConfig) -> Any:
    """Any configuration that its rules about several settings allow."""
    hints = declared(kind)
    given = {name: draw(values_of(hint)) for name, hint in hints.items() if draw(st.booleans())}
    for name in ("family", "shape"):
        if given.get(name) == "empirical":
            given["quantiles"] = [0, 0.5, 2]
        elif name in hints:
            given.pop("quantiles", None)
    try:
        return kind(**given)
    except ValueError:  # a rule about two settings together
        assume(False)


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(config=configurations())
def test_any_configuration_is_the_same_run_after_every_journey(config: RunConfig) -> None:
    for journey in JOURNEYS:
        arrived = journey(config)
        assert arrived == config, journey.__name__
        assert run_id(arrived) == run_id(config), journey.__name__


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_with_every_method_is_the_same_run(preset: str, method: str) -> None:
    config = replace(PRESETS[preset], method=method)
    assert {run_id(journey(config)) for journey in JOURNEYS} == {run_id(config)}


def test_a_number_has_one_spelling() -> None:
    whole = replace(PRESETS["cifar10"].model, readout_gain=10)
    assert repr(whole.readout_gain) == "10.0"
    assert repr(Noise(mu=-0.0).mu) == "0.0"
    assert repr(Noise(mu=np.float32(0.25)).mu) == "0.25"  # type: ignore[arg-type]


def groups() -> Iterator[tuple[type, str, Any]]:
    """Every field of every group of settings."""
    found: list[type] = [RunConfig]
    for kind in found:
        for field in fields(kind):
            inner = without_notes(declared(kind)[field.name])
            if is_dataclass(inner) and inner not in found:
                found.append(inner)  # type: ignore[arg-type]
            yield kind, field.name, declared(kind)[field.name]


SCALARS = [
    (kind, name, hint)
    for kind, name, hint in groups()
    if not is_dataclass(without_notes(hint)) and get_origin(without_notes(hint)) is not tuple
]


@pytest.mark.parametrize(
    ("kind", "name", "hint"), SCALARS, ids=[f"{kind.__name__}.{name}" for kind, name, _ in SCALARS]
)
def test_a_value_of_another_kind_is_refused_by_name(kind: type, name: str, hint: Any) -> None:
    """In Python, where nothing else stands between the user and the dataclass."""
    inner = without_notes(hint)
    options = get_args(inner) if get_origin(inner) in (Union, UnionType) else (inner,)
    wrong: list[Any] = [[1], {}, object(), b"x"]
    if bool not in options:
        wrong += [True]
    if bool in options or str in options:
        wrong += [0, 1.0]
    if int in options:
        wrong += [2.5, 2.0, float("nan"), "3"]
    if float in options:
        wrong += [float("nan"), float("inf"), "0.5", 1j]
    if NoneType not in options:
        wrong += [None]
    called = validity(hint).called or name
    for value in wrong:
        with pytest.raises(ValueError, match=rf"\b{called}\b.*(must|valid: ).*"):
            kind(**{name: value})
    assert kind() == kind()


def test_settings_are_replaced_by_groups_and_arrays_too() -> None:
    found = with_settings(RunConfig(), {"noise": Noise(sigma=0.5), "model.width": np.int64(3)})
    assert (found.noise.sigma, found.model.width) == (0.5, 3)
    table = Noise("empirical", quantiles=np.array([0.0, 0.5, 1.0]))  # type: ignore[arg-type]
    assert table.quantiles == (0.0, 0.5, 1.0)
