"""How the class reaches this server: its address for other machines, and a QR code of it."""

from __future__ import annotations

import io
import ipaddress
import socket
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st
from streamlit import config

from snnlab.dashboard.screen import escaped, warn
from snnlab.dashboard.service import runs_folder
from snnlab.dashboard.trouble import attempt_here
from snnlab.runs.files import RunError, read_json, write_json

FILE = ".class.json"
"""A file beside the runs with the address that a teacher has entered."""
MOST_CHARACTERS = 200
BIG, MODULE = 440, 12
"""Width of a QR code on the screen at most, and side of each of its squares in the file, in
pixels."""


class AddressError(ValueError):
    """A text is no address of a dashboard; the message says what one looks like."""


def draw_join() -> None:
    """The address of this server, to be projected."""
    address = class_address()
    if only_here(urlsplit(address).hostname or ""):
        warn(
            "This address is that of the machine itself, and no other can reach it. Start the "
            "server with --server.address 0.0.0.0, or write the address that the class uses."
        )
    draw_link(address, "this dashboard", big=True)
    with st.form("address"):
        given = st.text_input(
            "Address for the class",
            address,
            max_chars=MOST_CHARACTERS,
            help=f"Leave it empty for {default_address()}. "
            f"With the name of this machine it is {by_name()}",
        )
        if st.form_submit_button("Save", icon=":material/save:"):
            attempt_here(lambda: keep_address(runs_folder(), given))


def draw_link(link: str, what: str, *, big: bool = False) -> None:
    """A link to copy, and its QR code.

    Args:
        link: the link.
        what: where it leads, for people who cannot see the code.
        big: whether it must be readable from the last row.
    """
    if big:
        st.header(escaped(link), anchor=False)
    picture = qr_code(link)
    if picture is None:
        st.caption("This link is too long for a QR code.")
    else:
        st.image(picture, width=BIG, alt=f"QR code of the link to {what}: {link}")
    st.code(link, language=None, wrap_lines=True)


def qr_code(link: str) -> bytes | None:
    """The QR code of a link as PNG: dark on white with a margin, whatever the theme of the page.

    None if the link is too long for one.
    """
    import segno

    try:
        code = segno.make_qr(link, error="m")
    except segno.DataOverflowError:
        return None
    picture = io.BytesIO()
    code.save(picture, kind="png", scale=MODULE, border=4, dark="#000000", light="#ffffff")
    return picture.getvalue()


def class_address() -> str:
    """The address of this server for the class: the one that the teacher entered, or a guess."""
    try:
        return checked(str(read_json(runs_folder() / FILE).get("address")))
    except (RunError, AddressError):
        return default_address()


def default_address() -> str:
    """The address in the teacher's browser; where that is local, this machine's in the network."""
    shown = urlsplit(st.context.url or "")
    if shown.hostname and not only_here(shown.hostname):
        return f"{shown.scheme}://{shown.netloc}{path()}"
    return at(own_address() or socket.gethostname())


def by_name() -> str:
    """The address with the name of this machine."""
    return at(socket.gethostname())


def at(host: str) -> str:
    """The address of this server with a host name, or with the one that its options set."""
    configured = str(config.get_option("server.address") or "0.0.0.0")
    host = host if configured in ("0.0.0.0", "::") else configured
    secure = "s" if config.get_option("server.sslCertFile") else ""
    return f"http{secure}://{host}:{config.get_option('server.port')}{path()}"


def path() -> str:
    """The path after the host: / or the base path in the options of the server."""
    given = str(config.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{given}/" if given else "/"


def own_address() -> str | None:
    """The IP address of this machine in its network; None without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        try:
            line.connect(("192.0.2.1", 9))  # reserved for examples; nothing is sent
            found = str(line.getsockname()[0])
        except OSError:
            return None
    return None if only_here(found) else found


def only_here(host: str) -> bool:
    """Whether a host name stands for this machine itself, so that no other can use it."""
    if host == "localhost":
        return True
    try:
        found = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return found.is_loopback or found.is_unspecified


def keep_address(root: Path, given: str) -> None:
    """Keep the address that a teacher entered; an empty one brings the guess back.

    Raises:
        AddressError: it is no address.
        OSError: it cannot be kept.
    """
    if not given.strip():
        (root / FILE).unlink(missing_ok=True)
        return
    root.mkdir(parents=True, exist_ok=True)
    write_json(root / FILE, {"address": checked(given)})


def checked(given: str) -> str:
    """The address that was entered, with a slash at its end.

    Raises:
        AddressError: it is none.
    """
    text = given.strip()
    try:
        found = urlsplit(text if "://" in text else f"http://{text}")
        fits = found.scheme in ("http", "https") and bool(found.hostname) and found.port != 0
    except ValueError:
        fits = False
    odd = any(sign.isspace() or not sign.isprintable() or sign in "<>\"'\\" for sign in text)
    if not fits or odd or "@" in found.netloc or found.query or len(text) > MOST_CHARACTERS:
        raise AddressError(
            f"an address looks like http://192.168.1.20:8501/ or https://snn.example.org/, "
            f"got {text[:60]!r}"
        )
    return f"{found.scheme}://{found.netloc}{found.path.rstrip('/')}/"
