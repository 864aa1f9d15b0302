"""A check survives whatever a student writes, and says what is wrong with it."""

from __future__ import annotations

import builtins
import signal
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from snnlab.classroom.calling import outcomes_of
from snnlab.classroom.checking import Exercise, Mistake

scale = Exercise(
    solution=lambda x, factor: factor * x,
    calls=[(2.0, 3.0), (-1.5, 2.0), (0.5, 0.0)],
    mistakes=[
        Mistake(lambda x, factor: x + factor, "You add; a factor multiplies.", "Use `*`."),
        Mistake(lambda x, factor: x / (factor or 1), "You divide.", ""),
    ],
    praise="Well scaled.",
    seconds=0.3,
)
pair = Exercise(solution=lambda x: (x + 1, x - 1), calls=[(torch.tensor([1.0, 2.0]),)], mistakes=[])


def nothing(x, factor):
    return ...


def prints(x, factor):
    print(factor * x)  # noqa: T201


def forgets_return(x, factor):
    x * factor


def raises(x, factor):
    return x / 0


def calls_another(x, factor):
    return raises(x, factor)


def exits(x, factor):
    sys.exit(3)


def recurses(x, factor):
    return recurses(x, factor)


def runs_for_ever(x, factor):
    while True:
        pass


def swallows_everything(x, factor):
    while True:
        try:
            time.sleep(10)
        except Exception:
            continue


async def waits(x, factor):
    return x


class Odd:
    """An object that refuses everything."""

    def __getattr__(self, name):
        raise RuntimeError("no")

    def __repr__(self):
        raise RuntimeError("no")

    def __iter__(self):
        raise RuntimeError("no")


class Deceitful:
    """An object that raises when asked what it is."""

    @property
    def __class__(self):
        raise RuntimeError("not telling")

    def __call__(self, x, factor):
        return Deceitful()


class OddError(Exception):
    def __str__(self):
        raise RuntimeError("no")


def raises_oddly(x, factor):
    raise OddError


def not_written(x, factor):
    raise NotImplementedError


BROKEN = {
    "nothing yet": (nothing, "Nothing is returned yet"),
    "not implemented": (not_written, "Nothing is returned yet"),
    "no return": (forgets_return, "Nothing is returned yet"),
    "prints": (prints, "prints, but returns nothing"),
    "error": (raises, "`ZeroDivisionError: float division by zero`"),
    "error deeper": (calls_another, "in the line `return x / 0`"),
    "exit": (exits, "ended Python before it returned"),
    "recursion": (recurses, "RecursionError"),
    "endless loop": (runs_for_ever, "took too long"),
    "endless loop that swallows": (swallows_everything, "took too long"),
    "coroutine": (waits, "returns a coroutine"),
    "odd error": (raises_oddly, "OddError"),
    "odd object": (lambda x, factor: Odd(), "`RuntimeError: no`"),
    "deceitful object": (lambda x, factor: Deceitful(), "`RuntimeError: not telling`"),
    "deceitful function": (Deceitful(), "`RuntimeError: not telling`"),
    "text": (lambda x, factor: "6", "returns text ('6')"),
    "dictionary": (lambda x, factor: {"a": 1}, "returns a dict"),
    "function": (lambda x, factor: scale, "returns an Exercise"),
    "complex": (lambda x, factor: 1j, "returns a complex"),
    "wrong shape": (lambda x, factor: [x, x], "holds 2 numbers; it should be one number"),
    "ragged": (lambda x, factor: [[1], [1, 2]], "returns a tuple"),
    "empty": (lambda x, factor: [], "holds 0 numbers; it should be one number"),
    "not a number": (lambda x, factor: float("nan"), "infinite or nan"),
    "huge": (lambda x, factor: 1e300, "return 1e+300 in every case that was tried"),
    "too few arguments": (lambda x: x, "must take 2 arguments, in this order: x, factor"),
    "too many arguments": (lambda x, factor, more: x, "Yours is `<lambda>(x, factor, more)`"),
    "a number": (6.0, "needs your function, but got 6"),
    "no function": (None, "needs your function, but got None"),
    "three dots": (..., "needs your function, but got Ellipsis"),
    "a class": (Odd, "must take 2 arguments"),
    "the builtin": (print, "prints, but"),
}


@pytest.mark.sample(3)
@pytest.mark.filterwarnings("ignore:coroutine", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", BROKEN)
def test_broken_answers_get_a_diagnosis_of_their_own(name, capsys):
    answer, message = BROKEN[name]
    diagnosis = scale.check(answer)
    assert not diagnosis.passed
    assert message in diagnosis.message
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "answer",
    [
        lambda x, factor: x * factor,
        lambda *both: both[0] * both[1],
        lambda x, factor=1.0: torch.tensor(x) * factor,
        lambda x, factor: np.float32(x * factor),
        lambda x, factor: x * factor + 1e-6,
    ],
)
def test_right_answers_pass_in_any_form(answer):
    assert scale.check(answer).passed
    assert scale.check(answer).message == "Well scaled."


def test_a_catalogued_mistake_is_named_however_it_is_written():
    diagnosis = scale.check(lambda x, factor: sum([factor, x]))
    assert diagnosis.message == "You add; a factor multiplies."
    assert diagnosis.hint == "Use `*`."


def test_another_mistake_is_shown_with_its_first_case():
    diagnosis = scale.check(lambda x, factor: abs(x) * factor)
    assert diagnosis.message == (
        "2 of 3 cases are right. For `x = -1.5, factor = 2` your function returns 3; "
        "it should return -3."
    )


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda x: x + 1, "the first of the 2 that are asked for"),  # not two numbers
        (lambda x: x, "one array of shape (2,); it should return 2 values"),
        (lambda x: {"a": x + 1, "b": x - 1}, "returns a dict"),
        (lambda x: "one and other", "returns text ('one and other')"),
        (lambda x: 1.0, "returns one value (1)"),
        (lambda x: (x, x, x), "returns 3 values; it should return 2 values"),
        (lambda x: (x + 1, "b"), "returns text ('b')"),
        (lambda x: (x + 1, x[:1]), "shape (1,); it should have (2,)"),
    ],
)
def test_pairs(answer, message):
    diagnosis = pair.check(answer)
    assert not diagnosis.passed
    assert message in diagnosis.message


@pytest.mark.parametrize("answer", [lambda x: (x + 1, x - 1), lambda x: [(x + 1).numpy(), x - 1]])
def test_right_pairs(answer):
    assert pair.check(answer).passed


def test_changing_an_argument_is_noted_and_passes():
    double = Exercise(lambda x: 2 * x, [(torch.ones(3),)], [])

    def in_place(x):
        x *= 2
        return x

    diagnosis = double.check(in_place)
    assert diagnosis.passed
    assert "changes its argument `x` in place" in diagnosis.message
    assert torch.equal(double.calls[0][0], torch.ones(3))  # ours is untouched


def test_a_check_leaves_no_trace(monkeypatch):
    monkeypatch.setattr(builtins, "traces", [], raising=False)
    state = torch.get_rng_state()
    scale.check(lambda x, factor: torch.rand(()) * torch.manual_seed(3).initial_seed())
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.slow
def test_hidden_calls_have_as_much_time_each_as_known_ones():
    def slow(x):
        time.sleep(0.1)
        return x

    def judge(hidden):
        return Exercise(lambda x: x, [(1,)] * (2 + hidden), [], seconds=0.5, hidden=["a"] * hidden)

    assert judge(8).check(slow).passed
    assert judge(1).seconds_hidden == 0.5
    assert not replace(judge(8), seconds=0.15).check(slow).passed


def test_the_interrupt_of_the_user_comes_through():
    def interrupted(x, factor):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scale.check(interrupted)


def test_an_earlier_timer_goes_on():
    if not hasattr(signal, "setitimer"):
        pytest.skip("no timers here")
    before = signal.getitimer(signal.ITIMER_REAL)[0]
    handler = signal.getsignal(signal.SIGALRM)
    list(outcomes_of(lambda: 1, [()]))
    assert signal.getsignal(signal.SIGALRM) is handler
    assert (signal.getitimer(signal.ITIMER_REAL)[0] > 0) == (before > 0)


@pytest.mark.slow
def test_an_endless_answer_is_stopped_without_timers_of_the_system(monkeypatch):
    def endless(x, factor):
        while True:
            try:
                while True:
                    pass
            except BaseException:  # as a bare `except:` does
                if factor < 0:
                    raise
                factor = -1

    monkeypatch.delattr(signal, "setitimer", raising=False)
    before = signal.getsignal(signal.SIGINT)
    (outcome,) = outcomes_of(endless, [(1, 2)], seconds=0.1)
    assert outcome.error is not None
    assert outcome.error.kind == "OutOfTime"
    assert signal.getsignal(signal.SIGINT) is before
    assert not next(iter(outcomes_of(lambda: 1, [()], seconds=0.1))).error


def test_what_an_answer_prints_is_shown_once_and_not_for_ever(capsys):
    def chatty(x, factor):
        for step in range(500):
            print("step", step, "of", x)  # noqa: T201
        return factor * x

    said = replace(scale, seconds=20).check(chatty)
    assert said.passed
    assert said.printed.startswith("Printed when called with (2, 3):\nstep 0 of 2.0\nstep 1")
    assert len(said.printed) < 400
    assert said.printed.endswith(" ...")
    assert said.printed in str(said)
    assert "<pre>Printed when called with (2, 3):" in said._repr_html_()
    assert capsys.readouterr() == ("", "")


def test_what_an_answer_printed_before_it_failed_is_shown():
    def fails(x, factor):
        print("<x> is", x)  # noqa: T201
        return x / factor

    said = scale.check(fails)
    assert said.printed == "Printed when called with (0.5, 0):\n<x> is 0.5"
    assert "&lt;x&gt; is 0.5" in said._repr_html_()
    assert scale.check(lambda x, factor: x * factor).printed == ""


def test_a_mistake_may_have_variants():
    mistake = Mistake(lambda x: x + 1, "Too much.", "Less.", (lambda x: x + 2,))
    exercise = Exercise(lambda x: x, [(1.0,), (2.0,)], [mistake])
    assert exercise.check(lambda x: x + 2).message == "Too much."
    assert exercise.check(lambda x: x + 3).message != "Too much."
