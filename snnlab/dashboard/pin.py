"""The PIN of the teacher, asked once per browser, and wrong PINs, which lock out their sender.

A browser that sends the right PIN gets a random token in a cookie. The server keeps a digest of
token and PIN, so that a changed PIN ends the token. A browser with a token is let in, however many
wrong PINs others send.

A sender is identified by a cookie and by an address. The cookie of a visitor distinguishes browsers
that share one address, so five wrong PINs of a student lock out that student alone. As a cookie can
be deleted, wrong PINs are counted per address, too, with more tries, since a whole class behind one
router has one address. Somebody who guesses there can keep a teacher waiting who has the same
address and no token, for half a minute each time, but nobody else. The address is that of the
connection. A proxy in front must run on this machine and pass on the address of the visitor;
otherwise all visitors are without an address, and cookies alone distinguish them.
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
TOKEN_LASTS = 12 * 3600
"""Seconds for which a token is valid; then the browser is asked for the PIN again."""
WRONG_PIN_LASTS = 30.0
"""Seconds until a wrong PIN is forgotten."""
TRIES, TRIES_OF_ADDRESS = 5, 20
"""Wrong PINs of a browser, and of an address, within that time."""
MOST_SENDERS, MOST_TOKENS = 1000, 100
"""Senders and tokens that are remembered; the oldest are forgotten."""


class PinError(ValueError):
    """A PIN was refused; the message says why."""


class Door:
    """The valid tokens, and the senders of too many wrong PINs. Safe for threads."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.until: OrderedDict[str, float] = OrderedDict()
        self.wrong: OrderedDict[str, list[float]] = OrderedDict()

    def enter(self, given: str, pin: str, senders: Mapping[str, int], now: float) -> str:
        """The token for a browser that has sent the right PIN.

        Args:
            given: the PIN that was sent.
            pin: the right one.
            senders: the names of the sender, cookie and address, and how many wrong PINs each may
                send.
            now: seconds.

        Raises:
            PinError: the PIN is wrong, or was not checked after too many wrong ones.
        """
        with self.lock:
            for sender, most in senders.items():
                recent = [
                    when for when in self.wrong.get(sender, []) if now - when < WRONG_PIN_LASTS
                ]
                if len(recent) >= most:
                    wait = WRONG_PIN_LASTS - (now - recent[-most])
                    raise PinError(f"Too many wrong PINs. Try again in {max(wait, 1):.0f} seconds.")
            if not hmac.compare_digest(given.encode(), pin.encode()):
                for sender, most in senders.items():
                    kept = [*self.wrong.pop(sender, []), now][-most:]
                    self.wrong[sender] = kept
                shorten(self.wrong, MOST_SENDERS)
                raise PinError("That is not the PIN.")
            token = secrets.token_urlsafe(32)
            self.until[digest(token, pin)] = now + TOKEN_LASTS
            shorten(self.until, MOST_TOKENS)
            return token

    def knows(self, token: str, pin: str, now: float) -> bool:
        """Whether a token is valid."""
        with self.lock:
            return now < self.until.get(digest(token, pin), 0.0)

    def leave(self, token: str, pin: str) -> None:
        """Forget a token."""
        with self.lock:
            self.until.pop(digest(token, pin), None)


def shorten(found: OrderedDict[str, Any], most: int) -> None:
    """Drop the oldest entries until `most` are left."""
    while len(found) > most:
        found.popitem(last=False)


def digest(token: str, pin: str) -> str:
    """The digest of token and PIN that the server keeps."""
    return hashlib.sha256(f"{pin}\0{token}".encode()).hexdigest()


@st.cache_resource(show_spinner=False)
def door() -> Door:
    """The door of this server."""
    return Door()


def the_pin() -> str:
    """The PIN; empty if there is none."""
    return os.environ.get(PIN, "")


def token() -> str:
    """The token of this browser, valid or not; empty without one."""
    return str(st.session_state.get(COOKIE) or st.context.cookies.get(COOKIE, ""))


def is_teacher() -> bool:
    """Whether this browser has given the PIN."""
    return bool(the_pin()) and door().knows(token(), the_pin(), time.monotonic())


def ask_for_pin() -> None:
    """The field for the PIN; with the right one the page is drawn anew."""
    if token():  # out of date, of another PIN, or given back
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
    """Write the token into a cookie of the browser, unless it is there."""
    if st.context.cookies.get(COOKIE) != token():
        leave_cookie(COOKIE, token(), TOKEN_LASTS)


def close() -> None:
    """End the token of this browser, so that it is asked for the PIN again."""
    door().leave(token(), the_pin())
    st.session_state[COOKIE] = "closed"
