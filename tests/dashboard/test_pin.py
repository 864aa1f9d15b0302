"""Who may open the page of the teacher, and who has to wait."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

from snnlab.dashboard import pin
from snnlab.dashboard.pin import (
    COOKIE,
    MOST_SENDERS,
    TOKEN_LASTS,
    TRIES,
    TRIES_OF_ADDRESS,
    WRONG_PIN_LASTS,
    Door,
    PinError,
)
from tests.dashboard.conftest import Open

ADA, BOB = {"browser ada": TRIES}, {"browser bob": TRIES}
NAT = {"address 10.0.0.1": TRIES_OF_ADDRESS}


def guess(door: Door, senders: dict[str, int], now: float, times: int = 1) -> str:
    """What the last of some wrong PINs is answered."""
    for _ in range(times):
        with pytest.raises(PinError) as refused:
            door.enter("0000", "1234", senders, now)
    return str(refused.value)


def test_a_token_is_good_for_half_a_day_and_for_one_pin() -> None:
    door = Door()
    token = door.enter("1234", "1234", ADA, 0.0)
    assert door.knows(token, "1234", TOKEN_LASTS - 1)
    assert not door.knows(token, "1234", TOKEN_LASTS + 1)
    assert not door.knows(token, "5678", 1.0)
    assert not door.knows("", "1234", 1.0)
    assert token not in str(vars(door))  # a digest is all that is kept
    door.leave(token, "1234")
    assert not door.knows(token, "1234", 1.0)
    assert door.enter("1234", "1234", ADA, 0.0) != token


def test_wrong_pins_lock_out_their_sender_only() -> None:
    door = Door()
    assert guess(door, ADA, 0.0, TRIES) == "That is not the PIN."
    assert (
        guess(door, ADA, 1.0)
        == f"Too many wrong PINs. Try again in {WRONG_PIN_LASTS - 1:.0f} seconds."
    )
    with pytest.raises(PinError, match="Too many"):
        door.enter("1234", "1234", ADA, 1.0)  # not even looked at
    assert door.enter("1234", "1234", BOB, 1.0)
    assert door.enter("1234", "1234", ADA, WRONG_PIN_LASTS + 0.1)


def test_a_deleted_cookie_is_no_way_round() -> None:
    """Each guess comes in another browser, as it seems, from one address."""
    door = Door()
    for number in range(TRIES_OF_ADDRESS):
        assert guess(door, {f"browser {number}": TRIES} | NAT, 0.0) == "That is not the PIN."
    assert guess(door, {"browser new": TRIES} | NAT, 1.0).startswith("Too many")
    assert door.enter("1234", "1234", BOB | {"address 10.0.0.2": TRIES_OF_ADDRESS}, 1.0)


def test_a_student_behind_the_same_router_does_not_lock_out_the_teacher() -> None:
    door = Door()
    guess(door, ADA | NAT, 0.0, 100)  # all but the first five are not looked at, and do not count
    assert door.enter("1234", "1234", BOB | NAT, 1.0)


def test_what_is_remembered_is_bounded() -> None:
    door = Door()
    for number in range(2 * MOST_SENDERS):
        guess(door, {f"browser {number}": TRIES}, 0.0)
    assert len(door.wrong) == MOST_SENDERS
    guess(door, NAT, 0.0, 200)
    assert len(door.wrong["address 10.0.0.1"]) == TRIES_OF_ADDRESS


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def give(app: AppTest, number: str) -> AppTest:
    app.text_input[0].set_value(number)
    return press(app, "Open")


def is_open(app: AppTest) -> bool:
    return "Close" in [button.label for button in app.button]


@pytest.fixture
def cookies(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the browser of the next session sends."""
    sent: dict[str, str] = {}
    monkeypatch.setenv(pin.PIN, "1234")
    monkeypatch.setattr(ContextProxy, "cookies", property(lambda _: sent))
    pin.door.clear()
    return sent


def test_a_browser_is_asked_once(runs: Path, open_page: Open, cookies: dict[str, str]) -> None:
    app = give(open_page("teacher"), "1234")
    assert is_open(app)
    cookies[COOKIE] = app.session_state[COOKIE]
    second = open_page("teacher", visitor="f" * 16)
    assert is_open(second)
    press(second, "Close")
    assert not is_open(second)
    assert not is_open(app.run())  # the other tab of that browser
    assert not is_open(open_page("teacher"))


def test_another_pin_is_asked_for(
    runs: Path, open_page: Open, cookies: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = give(open_page("teacher"), "1234")
    monkeypatch.setenv(pin.PIN, "9999")
    assert not is_open(app.run())
    assert is_open(give(app, "9999"))


def test_a_student_who_guesses_waits_alone(
    runs: Path, open_page: Open, cookies: dict[str, str]
) -> None:
    student = open_page("teacher", visitor="e" * 16)
    for _ in range(TRIES):
        give(student, "0000")
        assert "not the PIN" in student.error[0].value
    give(student, "1234")
    assert "Too many wrong PINs" in student.error[0].value
    assert not is_open(student)
    assert is_open(give(open_page("teacher"), "1234"))


@pytest.mark.parametrize("sent", ["x", "ä" * 50, "<script>", ""])
def test_a_made_up_token_opens_nothing(
    sent: str, runs: Path, open_page: Open, cookies: dict[str, str]
) -> None:
    cookies[COOKIE] = sent
    app = open_page("teacher")
    assert not app.exception
    assert not is_open(app)
