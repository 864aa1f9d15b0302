"""Who is looking: a random name in a cookie of the browser, so that runs have an owner.

It protects nobody from somebody who copies cookies; it keeps a class from deleting each
other's runs by mistake.
"""

from __future__ import annotations

import re
import secrets

import streamlit as st

COOKIE = "snnlab_visitor"
NAME = re.compile(r"[0-9a-f]{16}")
YEAR = 365 * 24 * 3600


def visitor() -> str:
    """The name of this browser, 16 hex digits; made on the first visit."""
    kept = st.session_state.get(COOKIE)
    if kept is None:
        there = st.context.cookies.get(COOKIE, "")
        kept = there if NAME.fullmatch(str(there)) else secrets.token_hex(8)
        st.session_state[COOKIE] = kept
    return str(kept)


def leave_cookie() -> None:
    """Let the browser keep the name; called once per rerun, at the end of the page."""
    if st.context.cookies.get(COOKIE) != visitor():
        script = f"document.cookie='{COOKIE}={visitor()};max-age={YEAR};path=/;samesite=strict'"
        st.html(f"<script>{script}</script>", unsafe_allow_javascript=True)
