"""Loss and accuracy of a training while it runs, below the cell of the notebook that trains.

The picture is text: SVG in a display that is replaced a few times a second. Drawing it takes a
fraction of a millisecond, nothing jumps while the new one comes, and the last one stays in the
notebook and on its page like any other output, without a kernel.

It is no `Plot`: to draw plots as SVG would take more code than `panel`, for this picture alone.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, TypeVar

from snnlab.learning.time_left import TimeLeft, left_in_words
from snnlab.show.colours import LIGHT
from snnlab.show.described import EPOCH, OWN_SPIKES, VALIDATION
from snnlab.show.pictures import even_numbers
from snnlab.show.style import BLUE, FONT, GREY, GRID, INK, ORANGE
from snnlab.studies.study import Step, Watch

if TYPE_CHECKING:
    from snnlab.learning.fit import Batch, Epoch

REDRAW_SECONDS = 0.4
"""Seconds between two drawings, at least."""
_WIDE, _HIGH = 400, 190  # of a panel, in pixels
_LEFT, _TOP, _RIGHT, _BELOW = 58, 34, 16, 46  # margins of its data

Points = Sequence[tuple[float, float]]
Item = TypeVar("Item")
Show = Callable[[str, str], None]
"""Replaces the picture by new HTML and plain text."""


@dataclass
class Network:
    """The progress of the training of one network."""

    label: str = ""
    started: float = 0.0
    epochs: int = 0
    steps: int = 0
    seen: Batch | None = None
    left: float = 0.0
    batches: list[tuple[float, float]] = field(default_factory=list)
    """(epochs passed, loss) of the batches that were drawn."""
    done: list[Epoch] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether all epochs are done."""
        return bool(self.done) and self.done[-1].epoch == self.epochs

    def line(self, what: str) -> Points:
        """(epoch, value) of all finished epochs that have this value."""
        found = [(epoch.epoch, getattr(epoch, what)) for epoch in self.done]
        return [(x, y) for x, y in found if y is not None and math.isfinite(y)]

    @property
    def on_own_spikes(self) -> tuple[int, int] | None:
        """The epochs at whose ends the rates phase began and ended so far; None before it."""
        found = [epoch.epoch for epoch in self.done if epoch.own_spikes]
        return (found[0] - 1, found[-1]) if found else None

    @property
    def state(self) -> str:
        """Loss and accuracy after the last epoch, in words."""
        if not self.done:
            return ""
        last, said = self.done[-1], f"loss {self.done[-1].loss:.3f}"
        if last.validation_accuracy is not None:
            said += f", validation accuracy {last.validation_accuracy:.1f} %"
        return said


class LiveTraining:
    """Draws the trainings of a cell; see `live_training`.

    Args:
        place: opens a display below the running cell, and calls the given function when the cell
            ends; None outside of a notebook.
        clock: returns seconds that never go back.
    """

    def __init__(
        self,
        place: Callable[[Callable[[], None]], Show | None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._place, self._clock = place or below_the_cell, clock
        self._show: Show | None = None
        self._reset()

    def _reset(self) -> None:
        self.networks: list[Network] = []
        self.total, self._label, self._open, self._drawn = 0, "", False, -math.inf

    @property
    def watch(self) -> Watch:
        """The functions that a study, such as `race`, calls."""
        return Watch(self.on_step, self.on_batch, self.on_epoch)

    def of(self, total: int) -> None:
        """Say how many networks this cell trains, so that the picture can say "2 of 6"."""
        self._begin()
        self.total = total

    def each(self, items: Iterable[Item]) -> Iterable[Item]:
        """The items of a loop that trains one network for each; the picture says "2 of 6".

        Example:
            >>> nets = [train(Noise(sigma=sigma)) for sigma in live.each(sigmas)]
        """
        every = list(items)
        self.of(len(every))
        return every

    def on_step(self, step: Step) -> None:
        """A study starts its next training."""
        self._begin()
        self.total, self._label = step.steps, step.label

    def on_batch(self, batch: Batch) -> None:
        """Note the step; if the last drawing is old enough, read the loss and draw."""
        now = self._clock()
        self._begin()
        network = self.networks[-1] if self.networks else None
        if network is None or network.seen is None or batch.step <= network.seen.step:
            network = Network(self._label, now, batch.epochs, batch.steps)
            self.networks.append(network)
            self._time_left = TimeLeft(self._clock)
        network.seen, network.left = batch, self._time_left.after(batch)
        if self._show is None or now - self._drawn < REDRAW_SECONDS:
            return
        self._drawn = now
        network.batches.append((batch.epochs * batch.step / batch.steps, float(batch.loss)))
        self._draw(self._progress(network))

    def on_epoch(self, epoch: Epoch) -> None:
        """Note the results of an epoch; they are drawn with the next step, or at the end."""
        if self.networks:
            self.networks[-1].done.append(epoch)

    def _begin(self) -> None:
        """Open a picture below the running cell, unless it has one."""
        if not self._open:
            self._reset()
            self._open = True
            self._show = self._place(self.end)

    def end(self) -> None:
        """Draw the epochs, without batches and the time left, when the cell has ended."""
        if self._open and self._show is not None and self.networks:
            for network in self.networks:
                network.batches.clear()
            self._draw(self._summary())
        self._open, self._show = False, None

    def _progress(self, network: Network) -> str:
        """The progress of the training in words."""
        number, batch = len(self.networks), network.seen
        several = self.total > 1 or number > 1
        of = f" of {self.total}" if self.total >= number else ""
        named = f" ({network.label})" if network.label else ""
        where = f"Network {number}{of}{named}, epoch" if several else "Epoch"
        assert batch is not None
        said = f"{where} {batch.epoch} of {network.epochs}"
        if network.state:
            said += f": {network.state}"
        left = network.left
        if left and self.total > number:  # assuming later networks take as long as those so far
            spent = self._clock() - self.networks[0].started + left
            left += (self.total - number) * spent / number
        left_said = left_in_words(left)
        return f"{said}. {left_said}." if left_said else f"{said}."

    def _summary(self) -> str:
        """What has been trained, in words."""
        last, count = self.networks[-1], len(self.networks)
        if not last.complete:
            of = f" of network {count}" if count > 1 else ""
            return f"Stopped after {len(last.done)} of {_epochs(last.epochs)}{of}."
        if count == 1:
            late = sum(epoch.own_spikes for epoch in last.done)
            own = f", {late} of them on {OWN_SPIKES}" if late else ""
            return f"Trained for {_epochs(last.epochs)}{own}: {last.state}."
        lengths = {network.epochs for network in self.networks}
        epochs = f", {_epochs(last.epochs)} each" if len(lengths) == 1 else ""
        return f"{count} networks trained{epochs}. The last one: {last.state}."

    def _draw(self, said: str) -> None:
        if self._show is None:
            return
        epochs = max(network.epochs for network in self.networks)
        *before, now = self.networks
        panels = panel(
            "Training loss (nats)",
            epochs,
            [network.line("loss") for network in before],
            now.line("loss"),
            ORANGE,
            faint=now.batches,
            band=now.on_own_spikes,
        )
        accuracies = [network.line("validation_accuracy") for network in self.networks]
        if any(accuracies) or not any(network.done for network in self.networks):
            panels += panel(
                VALIDATION,
                epochs,
                accuracies[:-1],
                accuracies[-1],
                BLUE,
                top=100,
                band=now.on_own_spikes,
            )
        older = " Earlier networks of this cell are grey." if before else ""
        self._show(
            f'<div role="img" aria-label="{escape(said)}" style="background: #FFFFFF; '
            f'color: {INK}; padding: 0.2em 0.4em">{panels}<div style="padding: 0 0.8em 0.4em">'
            f"{escape(said)}{older}</div></div>",
            said,
        )


def live_training() -> LiveTraining:
    """An object that watches trainings: below their cell it draws the loss and the time left.

    One such object serves a whole notebook. Outside of a notebook it shows nothing.

    Example:
        >>> live = live_training()
        >>> fit(net, data, SingleStep(), seed=0, watch=live)
    """
    return LiveTraining()


def below_the_cell(at_end: Callable[[], None]) -> Show | None:
    """A display below the running cell; None outside of a notebook.

    Args:
        at_end: called when the cell ends, also by an error.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or not hasattr(shell, "kernel"):  # a script, pytest, a terminal
        return None
    from IPython.display import display

    handle: Any = None

    def show(html: str, text: str) -> None:
        nonlocal handle
        data = {"text/html": html, "text/plain": text}
        if handle is None:
            handle = display(data, raw=True, display_id=True)
        else:
            handle.update(data, raw=True)

    def over(result: object = None) -> None:
        shell.events.unregister("post_run_cell", over)
        at_end()

    shell.events.register("post_run_cell", over)
    return show


def panel(
    title: str,
    epochs: int,
    before: Sequence[Points],
    now: Points,
    colour: str,
    *,
    faint: Points = (),
    top: float = math.inf,
    band: tuple[int, int] | None = None,
) -> str:
    """Lines against the epoch as SVG.

    Args:
        title: above the data, with the unit.
        epochs: upper end of the axis.
        before: lines of earlier networks, grey.
        now: the line of this one, with a dot at each point.
        colour: of this line.
        faint: a thin line behind it.
        top: the highest value that the axis shows.
        band: first and last epoch of the rates phase, in which the network trains on own spikes.
    """
    faint = [(x, y) for x, y in faint if math.isfinite(y)]
    values = [y for line in (*before, now, faint) for _, y in line]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    step = _round_step((high - low) / 3 or 0.01 * max(abs(high), 1.0))
    low, high = math.floor(low / step) * step, min(math.ceil(high / step) * step, top)
    low = low if low < high else high - step
    across, up = _WIDE - _LEFT - _RIGHT, _HIGH - _TOP - _BELOW

    def at(x: float, y: float) -> str:
        return f"{_LEFT + across * x / epochs:.1f},{_TOP + up * (high - y) / (high - low):.1f}"

    def line(points: Points, shade: str, width: float) -> str:
        ends = " ".join(at(x, y) for x, y in points)
        return f'<polyline points="{ends}" fill="none" stroke="{shade}" stroke-width="{width}"/>'

    parts = [f'<text x="{_LEFT}" y="18" font-size="14" fill="{INK}">{escape(title)}</text>']
    if band is not None:
        start, end = (_LEFT + across * epoch / epochs for epoch in band)
        parts.append(
            f'<rect x="{start:.1f}" y="{_TOP}" width="{end - start:.1f}" height="{up}" '
            f'fill="{LIGHT.own_spikes}" fill-opacity="0.25"/>'
        )
        parts.append(_text(end, _TOP - 4, OWN_SPIKES, "end"))
    for i in range(round((high - low) / step) + 1):
        height = at(0, low + i * step).split(",")[1]
        parts.append(f'<path d="M{_LEFT} {height}h{across}" stroke="{GRID}"/>')
        label = f"{low + i * step:.{max(0, -math.floor(math.log10(step)))}f}"
        parts.append(_text(_LEFT - 8, float(height) + 4, label, "end"))
    parts += [
        _text(_LEFT + across * epoch / epochs, _HIGH - _BELOW + 20, f"{epoch:g}", "middle")
        for epoch in even_numbers(0, epochs)
    ]
    parts.append(_text(_LEFT + across / 2, _HIGH - 6, EPOCH, "middle"))
    parts += [line(points, GREY, 1.2) for points in before if points]
    parts.append(line(faint, colour, 1) if len(faint) > 1 else "")
    parts.append(line(now, colour, 2.5))
    for x, y in now:
        left, height = at(x, y).split(",")
        parts.append(f'<circle cx="{left}" cy="{height}" r="3.2" fill="{colour}"/>')
    return (
        f'<svg width="{_WIDE}" height="{_HIGH}" viewBox="0 0 {_WIDE} {_HIGH}" aria-hidden="true" '
        f'style="max-width: 100%; font-family: {FONT}, sans-serif">{"".join(parts)}</svg>'
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    """A small text of an axis."""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} font-size="12" fill="{INK}">{text}</text>'


def _epochs(number: int) -> str:
    return "1 epoch" if number == 1 else f"{number} epochs"


def _round_step(rough: float) -> float:
    """The next larger number of the form 1, 2 or 5 times a power of ten."""
    power: float = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
