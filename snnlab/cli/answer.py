"""How commands answer: text for people, or one JSON object for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import tyro
from tqdm import tqdm

from snnlab.runs.store import finite
from snnlab.runs.tables import aligned

RunName = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
"""A command's argument: the id of a run."""


def answer(value: dict[str, Any], text: str, *, as_json: bool) -> None:
    """Print the JSON object or the text on stdout."""
    print(json.dumps(finite(value)) if as_json else text)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns of text: the first flush left, the others flush right."""
    head, *body = aligned([header, *rows])
    lines = [head, ["-" * len(cell) for cell in head], *body]
    return "\n".join("  ".join(line).rstrip() for line in lines)


class Bar:
    """A progress bar over training steps, on stderr, and only in a terminal.

    Pass `on_batch` and `on_epoch` to `run`.
    """

    def __init__(self, label: str) -> None:
        self.bar: tqdm[Any] = tqdm(
            desc=label, unit="step", leave=False, disable=None, file=sys.stderr
        )

    def on_batch(self, batch: Any) -> None:
        """Move on."""
        self.bar.total = batch.steps
        self.bar.update(batch.step - self.bar.n)

    def on_epoch(self, epoch: Any) -> None:
        """Say how training goes."""
        accuracy = epoch.validation_accuracy
        shown = "" if accuracy is None else f"{accuracy:.1f} %"
        self.bar.set_postfix(epoch=epoch.epoch, loss=f"{epoch.loss:.3f}", validation=shown)

    def close(self) -> None:
        """Take the bar away."""
        self.bar.close()
