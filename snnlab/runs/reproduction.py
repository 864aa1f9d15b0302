"""Whether a run that was trained once more is the same, in plain sentences.

    print(once_more(run(config, Path("once-more")), first_time))

stands in the notebook that the dashboard gives away with a run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from snnlab.measure.curve import AccuracyCurve
from snnlab.runs.files import RunError
from snnlab.runs.hashes import weights_digest
from snnlab.runs.store import Run

MADE_BY = ("code", "data", "versions", "hardware", "families")
"""Of the environment of a run: what can change its numbers."""


def first_time(run: Run) -> dict[str, Any]:
    """What a run of today is compared with: accuracy by T, digest of the weights, what made it.

    The digest is None if the weights cannot be read: somebody has deleted the run, say.
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
    """What is the same as the first time, what is not, and what was different on the way.

    Args:
        again: the run of today, finished.
        first: what `first_time` gave.
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
    """Whether two files of weights are one and the same."""
    if first is None:
        return "The weights of the first time were not there to compare with."
    return f"The weights are {'the same' if first == again else 'not the same'}, byte for byte."


def accuracy_in_words(first: AccuracyCurve, again: AccuracyCurve) -> str:
    """How far two curves lie apart."""
    gaps = {T: abs(again[T] - value) for T, value in first.items() if T in again}
    if not gaps:
        return "There is no accuracy against timesteps to compare."
    worst = max(gaps, key=gaps.__getitem__)
    if gaps[worst] == 0:
        return f"Accuracy is the same at every T from 1 to {max(gaps)}."
    return f"Accuracy is not the same: {gaps[worst]:.2f} points apart at most, at T = {worst}."
