"""How commands answer: text for people, or one JSON object for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any

import tyro
from tabulate import tabulate
from tqdm import tqdm

from snnlab.learning.time_left import TimeLeft, left_in_words
from snnlab.runs.files import finite
from snnlab.runs.work import by_work
from snnlab.studies.study import Step, Watch

if TYPE_CHECKING:
    from snnlab.learning.fit import Batch, Epoch
    from snnlab.learning.spec import Training

RunName = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
"""A command's argument: the id of a run."""


def answer(value: dict[str, Any], text: str, *, as_json: bool) -> None:
    """Print the JSON object or the text on stdout."""
    print(json.dumps(finite(value)) if as_json else text)


def need(package: str, missing: str) -> None:
    """Check that a package is installed which the course alone does not bring.

    Raises:
        ValueError: it is not; the message is `missing`.
    """
    if find_spec(package) is None:
        raise ValueError(missing)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns of text: the first flush left, the others flush right."""
    sides = ["left", *["right"] * (len(header) - 1)]
    return tabulate(rows, header, "simple", colalign=sides, disable_numparse=True)


class Bar:
    """A progress bar, one training after the other, on stderr, and only in a terminal.

    Pass `on_batch` and `on_epoch` to `run`, `watch` to a study.

    Args:
        label: what trains; None if a study says so step by step.
        training: of a single one, as it acts: its last epochs may take longer.
    """

    def __init__(self, label: str | None = None, training: Training | None = None) -> None:
        self.training = training
        self.bar: tqdm[Any] = tqdm(disable=True)
        self.time_left, self.going = TimeLeft(), ""
        if label is not None:
            self.start(label)

    @property
    def watch(self) -> Watch:
        """What a study calls."""
        return Watch(self.on_step, self.on_batch, self.on_epoch)

    def start(self, label: str) -> None:
        """A new bar with this label in place of the old one."""
        self.close()
        self.time_left, self.going = TimeLeft(), ""
        self.bar = tqdm(
            desc=label,
            leave=False,
            disable=None,
            file=sys.stderr,
            bar_format="{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} steps{postfix}",
        )

    def on_step(self, step: Step) -> None:
        """The next training of a study starts."""
        self.start(f"{step.number}/{step.steps} {step.label}")

    def on_batch(self, batch: Batch) -> None:
        """Move on."""
        self.bar.total = batch.steps
        left = left_in_words(
            self.time_left.after(by_work(batch, self.training) if self.training else batch)
        )
        self.bar.set_postfix_str(", ".join(filter(None, [self.going, left])), refresh=False)
        self.bar.update(batch.step - self.bar.n)

    def on_epoch(self, epoch: Epoch) -> None:
        """Say how training goes."""
        accuracy = epoch.validation_accuracy
        shown = "" if accuracy is None else f", validation {accuracy:.1f} %"
        self.going = f"epoch {epoch.epoch}, loss {epoch.loss:.3f}{shown}"
        self.bar.set_postfix_str(self.going)

    def close(self) -> None:
        """Take the bar away."""
        self.bar.close()
