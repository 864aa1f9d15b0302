"""The PIN of the teacher, asked once per browser, and wrong PINs, which lock out their sender.

Who gives the right PIN gets a random token in a cookie; the server keeps a digest of it, with the
PIN, so that another PIN ends it. A browser that holds one is let in whatever others send.

A sender is known by two things. The cookie of a visitor tells the browsers of a class apart that
share one address, so five wrong PINs of a student lock out that student alone. But a cookie can be
deleted: so the address counts, too, with more tries, since a class behind one router has but one.
A guesser there can keep a teacher waiting who comes from the same address and has no token, for
half a minute each time, and nobody else. The address is that of the connection; a proxy in front
must run on this machine and pass on whom it speaks for, or all visitors are one sender without an
address, and cookies alone tell them apart.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import streamlit as st

from snnlab.dashboard.screen import complain, leave_cookie
from snnlab.dashboard.visitor import visitor

PIN = "SNNLAB_TEACHER_PIN"
"""Environment variable with the PIN of the teacher's page; without it there is no such page."""
COOKIE = "snnlab_teacher"
LASTS = 12 * 3600
"""Seconds until a browser is asked again."""
PAUSE = 30.0
"""Seconds until a wrong PIN is forgotten."""
TRIES, TRIES_OF_ADDRESS = 5, 20
"""Wrong PINs of a browser, and of an address, within that time."""
MOST_SENDERS, MOST_TOKENS = 1000, 100
"""That are remembered; the oldest are forgotten."""


class PinError(ValueError):
    """No way in; the message says why."""


class Door:
    """Who may in, and who has knocked too often. Safe for threads."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.until: OrderedDict[str, float] = OrderedDict()
        self.wrong: OrderedDict[str, list[float]] = OrderedDict()

    def enter(self, given: str, pin: str, senders: Mapping[str, int], now: float) -> str:
        """The token for a browser that has sent the right PIN.

        Args:
            given: what was sent.
            pin: the right one.
            senders: by which names the sender is known, and how many wrong PINs each may send.
            now: seconds.

        Raises:
            PinError: it is wrong, or was not looked at.
        """
        with self.lock:
            for sender, most in senders.items():
                recent = [when for when in self.wrong.get(sender, []) if now - when < PAUSE]
                if len(recent) >= most:
                    wait = PAUSE - (now - recent[-most])
                    raise PinError(f"Too many wrong PINs. Try again in {max(wait, 1):.0f} seconds.")
            if not hmac.compare_digest(given.encode(), pin.encode()):
                for sender, most in senders.items():
                    kept = [*self.wrong.pop(sender, []), now][-most:]
                    self.wrong[sender] = kept
                shorten(self.wrong, MOST_SENDERS)
                raise PinError("That is not the PIN.")
            token = secrets.token_urlsafe(32)
            self.until[digest(token, pin)] = now + LASTS
            shorten(self.until, MOST_TOKENS)
            return token

    def knows(self, token: str, pin: str, now: float) -> bool:
        """Whether a token is good."""
        with self.lock:
            return now < self.until.get(digest(token, pin), 0.0)

    def leave(self, token: str, pin: str) -> None:
        """Forget a token."""
        with self.lock:
            self.until.pop(digest(token, pin), None)


def shorten(found: OrderedDict[str, Any], most: int) -> None:
    """Drop the oldest entries."""
    while len(found) > most:
        found.popitem(last=False)


def digest(token: str, pin: str) -> str:
    """What the server keeps of a token."""
    return hashlib.sha256(f"{pin}\0{token}".encode()).hexdigest()


@st.cache_resource(show_spinner=False)
def door() -> Door:
    """That of this server."""
    return Door()


def the_pin() -> str:
    """The PIN; empty if there is none."""
    return os.environ.get(PIN, "")


def token() -> str:
    """What this browser holds, good or not."""
    return str(st.session_state.get(COOKIE) or st.context.cookies.get(COOKIE, ""))


def is_teacher() -> bool:
    """Whether this browser has given the PIN."""
    return bool(the_pin()) and door().knows(token(), the_pin(), time.monotonic())


def ask_for_pin() -> None:
    """The field for the PIN; the page is drawn anew for who gives the right one."""
    if token():  # of a day ago, of another PIN, or given back
        leave_cookie(COOKIE, "", 0)
    with st.form("pin"):
        given = st.text_input("PIN", type="password", max_chars=64)
        sent = st.form_submit_button("Open")
    if not sent:
        return
    senders = {f"browser {visitor()}": TRIES}
    if st.context.ip_address:
        senders[f"address {st.context.ip_address}"] = TRIES_OF_ADDRESS
    try:
        st.session_state[COOKIE] = door().enter(given, the_pin(), senders, time.monotonic())
    except PinError as error:
        complain(error)
    else:
        st.rerun()


def remember_teacher() -> None:
    """Let the browser keep its token, unless it has it."""
    if st.context.cookies.get(COOKIE) != token():
        leave_cookie(COOKIE, token(), LASTS)


def close() -> None:
    """Ask for the PIN again, in this browser."""
    door().leave(token(), the_pin())
    st.session_state[COOKIE] = "closed"
