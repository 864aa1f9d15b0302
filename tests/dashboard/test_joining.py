"""The way to this server: its address, and the QR code of a link."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import segno
from PIL import Image
from streamlit.runtime.context import ContextProxy

from snnlab.dashboard import joining, pin
from snnlab.dashboard.joining import (
    MODULE,
    AddressError,
    checked,
    class_address,
    default_address,
    keep_address,
    qr_code,
)
from tests.dashboard.conftest import Open
from tests.dashboard.test_pages import press, words

LINK = "http://192.168.1.20:8501/train?sigma=0.1&fix=sigma"


def squares(picture: bytes) -> np.ndarray:
    """Dark or not, a number for each square of a QR code."""
    grey = np.asarray(Image.open(io.BytesIO(picture)).convert("L"))
    return (grey[MODULE // 2 :: MODULE, MODULE // 2 :: MODULE] < 128).astype(int)


def test_the_qr_code_is_that_of_the_link_on_white_with_a_margin() -> None:
    found = squares(qr_code(LINK) or b"")
    code = np.array([list(row) for row in segno.make_qr(LINK, error="m").matrix])
    assert (found[4:-4, 4:-4] == code).all()
    assert found.shape[0] == code.shape[0] + 8
    assert not found[:4].any()
    assert not found[:, -4:].any()
    assert set(np.asarray(Image.open(io.BytesIO(qr_code(LINK) or b"")).convert("L")).flat) == {
        0,
        255,
    }


def test_a_link_that_fits_into_no_code() -> None:
    assert qr_code("http://a/?" + "x" * 3000) is None


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("http://192.168.1.20:8501/", "http://192.168.1.20:8501/"),
        (" https://snn.example.org ", "https://snn.example.org/"),
        ("room7:8501", "http://room7:8501/"),
        ("http://[::1]:8501", "http://[::1]:8501/"),
        ("https://a.b/snn/", "https://a.b/snn/"),
    ],
)
def test_addresses(given: str, address: str, tmp_path: Path) -> None:
    assert checked(given) == address


@pytest.mark.parametrize(
    "given",
    [
        *("javascript:alert(1)", "ftp://a", "http://", "a b", "http://a:99999", "http://a:x/"),
        *("http://me@a/", "http://a/?x=1", "http://a/<b>", "x" * 300, "http://a:0", "\n"),
    ],
)
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(AddressError, match="an address looks like"):
        checked(given)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What the browser of the teacher shows, and how the server was started."""
    told: dict[str, object] = {"url": "http://10.1.2.3:8501/teacher", "server.port": 8501}
    told["server.address"] = None
    option = joining.config.get_option
    monkeypatch.setattr(ContextProxy, "url", property(lambda _: told["url"]))
    monkeypatch.setattr(
        joining.config, "get_option", lambda name: told[name] if name in told else option(name)
    )
    return told


def test_the_address_is_that_of_the_teacher_unless_it_is_this_machine(
    shown: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert default_address() == "http://10.1.2.3:8501/"
    shown |= {"url": "https://snn.example.org/kit/teacher", "server.baseUrlPath": "kit"}
    assert default_address() == "https://snn.example.org/kit/"
    monkeypatch.setattr(joining, "own_address", lambda: "192.168.1.20")
    for url in ("http://localhost:8501/", "http://127.0.0.1:8501/", "http://[::1]:8501/", None):
        shown["url"] = url
        assert default_address() == "http://192.168.1.20:8501/kit/"
    monkeypatch.setattr(joining, "own_address", lambda: None)
    monkeypatch.setattr("socket.gethostname", lambda: "room7")
    assert default_address() == "http://room7:8501/kit/"
    shown["server.address"] = "127.0.0.1"
    assert default_address() == "http://127.0.0.1:8501/kit/"
    shown |= {"server.address": "0.0.0.0", "server.sslCertFile": "x.pem"}
    assert default_address() == "https://room7:8501/kit/"


def test_a_corrected_address_is_kept_until_it_is_emptied(
    empty: Path, shown: dict[str, object]
) -> None:
    keep_address(empty, "room7:8501")
    assert class_address() == "http://room7:8501/"
    (empty / joining.FILE).write_text('{"address": "javascript:alert(1)"}')
    assert class_address() == "http://10.1.2.3:8501/"
    keep_address(empty, "")
    assert not (empty / joining.FILE).exists()
    assert class_address() == "http://10.1.2.3:8501/"


def test_the_page_shows_the_address_and_its_code(
    runs: Path, open_page: Open, shown: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(pin.PIN, "1234")
    monkeypatch.setattr("snnlab.dashboard.teacher.is_teacher", lambda: True)
    app = open_page("teacher", view="Join")
    assert app.code[0].value == "http://10.1.2.3:8501/"
    assert not app.warning
    app.text_input[0].set_value("nonsense here")
    press(app, "Save")
    assert "an address looks like" in app.error[0].value.replace("\\", "")
    app.text_input[0].set_value("127.0.0.1:8501")
    press(app, "Save")
    assert app.code[0].value == "http://127.0.0.1:8501/"
    assert "no other can reach it" in words(app)
    (image,) = app.get("image")
    assert "http://127.0.0.1:8501/" in image.proto.imgs[0].alt
    lesson = open_page("teacher", view="Lesson links")
    assert lesson.code[0].value == "http://127.0.0.1:8501/"
    assert lesson.get("image")
