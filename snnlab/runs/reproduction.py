"""Compare a run with a second training of the same configuration, in sentences.

    print(once_more(run(config, Path("once-more")), first_time))

is in the notebook that the dashboard offers for download with a run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from snnlab.measure.curve import AccuracyCurve
from snnlab.runs.files import RunError
from snnlab.runs.hashes import weights_digest
from snnlab.runs.store import Run

MADE_BY = ("code", "data", "versions", "hardware", "families")
"""Entries of a run's environment that can change its numbers."""


def first_time(run: Run) -> dict[str, Any]:
    """What the second run is compared with: accuracy by T, digest of the weights, environment.

    The digest is None if the weights cannot be read, for instance because the run was deleted.
    """
    try:
        digest = weights_digest(run.folder)
    except RunError:
        digest = None
    return {
        "accuracy": run.accuracy.to_json(),
        "weights": digest,
        "environment": {name: run.environment.get(name) for name in MADE_BY},
    }


def once_more(again: Run, first: Mapping[str, Any]) -> str:
    """Say whether accuracy, weights and environment equal those of the first run.

    Args:
        again: the second run, finished.
        first: the result of `first_time`.
    """
    from snnlab.learning.checkpoint import differences

    now = {name: again.environment.get(name) for name in MADE_BY}
    found = differences(dict(first["environment"]), now)
    lines = [
        accuracy_in_words(AccuracyCurve.from_json(first["accuracy"]), again.accuracy),
        weights_in_words(first["weights"], weights_digest(again.folder)),
    ]
    if found:
        lines.append(f"Different from the first time: {'; '.join(found)}.")
    else:
        lines.append("Code, versions and hardware are those of the first time.")
    return "\n".join(lines)


def weights_in_words(first: str | None, again: str) -> str:
    """Say whether two files of weights are equal."""
    if first is None:
        return "The weights of the first time were not there to compare with."
    return f"The weights are {'the same' if first == again else 'not the same'}, byte for byte."


def accuracy_in_words(first: AccuracyCurve, again: AccuracyCurve) -> str:
    """Say by how much two curves differ at most."""
    gaps = {T: abs(again[T] - value) for T, value in first.items() if T in again}
    if not gaps:
        return "There is no accuracy against timesteps to compare."
    worst = max(gaps, key=gaps.__getitem__)
    if gaps[worst] == 0:
        return f"Accuracy is the same at every T from 1 to {max(gaps)}."
    return f"Accuracy is not the same: {gaps[worst]:.2f} points apart at most, at T = {worst}."
