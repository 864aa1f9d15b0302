"""The picture of a training that goes on, drawn into a place that remembers what it was shown."""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from snnlab.data.sources import load_data
from snnlab.learning.fit import Epoch, fit
from snnlab.learning.objectives import SingleStep
from snnlab.learning.spec import Training
from snnlab.network.models import build
from snnlab.network.spec import Architecture
from snnlab.neuron.spec import Noise
from snnlab.show.live_training import (
    REDRAW_SECONDS,
    LiveTraining,
    below_the_cell,
    live_training,
    panel,
)
from snnlab.studies.study import Step


class Cell:
    """Stands for the cell of a notebook; its clock goes on by a second at each look."""

    def __init__(self, tick=1.0):
        self.now, self.tick, self.shown, self.ends, self.opened = 0.0, tick, [], [], 0
        self.live = LiveTraining(self.open, self.clock)

    def clock(self):
        self.now += self.tick
        return self.now

    def open(self, at_end):
        self.opened += 1
        self.ends.append(at_end)
        return lambda html, text: self.shown.append((html, text))

    @property
    def words(self):
        return [text for _, text in self.shown]


@pytest.fixture(scope="module")
def data():
    return load_data("digits", test_size=60)


def train(data, epochs=2, **calls):
    net = build(Architecture("mlp"), image_shape=(1, 8, 8), classes=10, seed=0, noise=Noise())
    history = fit(net, data, SingleStep(), Training(epochs=epochs, batch_size=256), seed=0, **calls)
    return net, history


def test_the_picture_tells_epoch_loss_accuracy_and_time_left(data):
    cell = Cell()
    _, history = train(data, watch=cell.live)
    assert re.fullmatch(r"Epoch 1 of 2\.", cell.words[0])
    first = history[0]
    expected = (
        rf"Epoch 2 of 2: loss {first.loss:.3f}, "
        rf"validation accuracy {first.validation_accuracy:.1f} %\. \d+ s left\."
    )
    assert any(re.fullmatch(expected, words) for words in cell.words), cell.words
    cell.ends[0]()
    assert cell.words[-1] == (
        f"Trained for 2 epochs: loss {history[1].loss:.3f}, "
        f"validation accuracy {history[1].validation_accuracy:.1f} %."
    )
    for html, text in cell.shown:
        tree = ElementTree.fromstring(html)
        assert tree.get("aria-label") == text
        assert len(tree.findall("svg")) == 2


def test_watching_changes_nothing(data):
    watched, plain = train(data, watch=Cell().live)[0], train(data)[0]
    for name, weight in watched.state_dict().items():
        assert weight.equal(plain.state_dict()[name])


def test_what_is_kept_does_not_depend_on_the_clock(data):
    kept = []
    for tick in (0.001, 1.0):
        cell = Cell(tick)
        train(data, watch=cell.live)
        cell.ends[0]()
        kept.append(cell.shown[-1])
    assert kept[0] == kept[1]


def test_it_is_drawn_a_few_times_a_second_at_most(data):
    cell = Cell(REDRAW_SECONDS / 10)
    train(data, epochs=8, watch=cell.live)
    assert 1 < len(cell.shown) <= 1 + cell.now / REDRAW_SECONDS


def test_several_networks_share_a_picture_and_are_counted(data):
    cell = Cell()
    for _ in cell.live.each("abc"):
        train(data, epochs=1, watch=cell.live)
    assert cell.opened == 1
    for number in (1, 2, 3):
        assert any(w.startswith(f"Network {number} of 3, epoch 1 of 1") for w in cell.words)
    cell.ends[0]()
    assert cell.words[-1].startswith("3 networks trained, 1 epoch each. The last one: loss")
    assert "grey" in cell.shown[-1][0]
    train(data, epochs=1, watch=cell.live)  # in the next cell
    assert cell.opened == 2
    assert cell.words[-1].startswith("Epoch 1 of 1")


def test_the_time_left_is_that_of_all_networks(data):
    cell = Cell()
    cell.live.of(10)
    train(data, epochs=1, watch=cell.live)
    left = [int(found[1]) for w in cell.words if (found := re.search(r"(\d+) s left", w))]
    one = cell.now
    assert left
    assert all(5 * one < seconds < 15 * one for seconds in left)


def test_more_networks_than_announced_are_counted_on(data):
    cell = Cell()
    cell.live.of(1)
    for _ in range(2):
        train(data, epochs=1, watch=cell.live)
    assert cell.words[-1].startswith("Network 2, epoch 1 of 1")


def test_a_study_names_its_steps(data):
    cell = Cell()
    watch = cell.live.watch
    watch.on_step(Step(2, 4, "bptt, seed 0"))
    train(data, epochs=1, on_batch=watch.on_batch, on_epoch=watch.on_epoch)
    assert "of 4 (bptt, seed 0), epoch 1 of 1" in cell.words[0]


def test_an_interrupted_training_says_so(data):
    cell = Cell()

    class Stop(Exception):
        pass

    def stop(epoch: Epoch) -> None:
        cell.live.on_epoch(epoch)
        raise Stop

    with pytest.raises(Stop):
        train(data, on_batch=cell.live.on_batch, on_epoch=stop)
    cell.ends[0]()
    assert cell.words[-1] == "Stopped after 1 of 2 epochs."


def test_outside_of_a_notebook_nothing_is_shown(data, capsys):
    assert below_the_cell(lambda: None) is None
    train(data, watch=live_training())
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "")


def test_in_a_kernel_one_display_is_replaced(monkeypatch):
    """With the shell of a kernel, whose events and displays are written down."""
    told, called, over = [], [], []

    class Events:
        register = staticmethod(lambda event, call: called.append((event, call)))
        unregister = staticmethod(lambda event, call: called.remove((event, call)))

    class Shell:
        kernel, events = None, Events()

    class Handle:
        update = staticmethod(lambda data, raw: told.append(("update", data["text/plain"])))

    def display(data, raw, display_id):
        told.append(("new", data["text/plain"]))
        return Handle()

    import IPython
    import IPython.display

    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", Shell)
    monkeypatch.setattr(IPython.display, "display", display)
    shell = Shell()
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    show = below_the_cell(lambda: over.append(True))
    show("<p>a</p>", "a")
    show("<p>b</p>", "b")
    assert told == [("new", "a"), ("update", "b")]
    ((event, call),) = called
    assert event == "post_run_cell"
    call(None)
    assert (over, called) == ([True], [])


@pytest.mark.parametrize(
    "line", [[], [(1, 0.5)], [(1, 100.0)], [(1, 98.7), (2, 98.7)], [(1, 1e-9), (2, 3.0)]]
)
def test_any_line_can_be_drawn(line):
    tree = ElementTree.fromstring(panel("Accuracy", 15, [], line, "#000000", top=100))
    assert len(tree.findall("circle")) == len(line)
    for circle in tree.findall("circle"):
        assert 0 <= float(circle.get("cy")) <= 150
    labels = [text.text for text in tree.findall("text") if text.get("text-anchor") == "end"]
    assert 2 <= len(labels) == len(set(labels))
    assert all(len(label) <= 5 for label in labels)


def test_watch_stands_in_place_of_the_callbacks(data):
    with pytest.raises(ValueError, match="not both"):
        train(data, watch=Cell().live, on_batch=lambda batch: None)
