"""What the pad is given and what it tells: Python's side."""

from __future__ import annotations

import base64
import json
import re

import numpy as np
import pytest
import torch

from snnlab.data.drawn import as_image
from snnlab.show.colours import DARK, LIGHT
from snnlab.show.explorer.drawing import PAD_JS, PEN, SIDE, WORDS, ink_of, pad_given, seen_words


def told(ink: np.ndarray, side: object = SIDE) -> dict[str, object]:
    return {"side": side, "pixels": base64.b64encode(ink.tobytes()).decode()}


INK = np.zeros((SIDE, SIDE), np.uint8)
INK[20:120, 60:75] = 255


def test_ink_comes_back_as_it_was_told():
    assert np.array_equal(ink_of(told(INK)), INK)
    assert np.array_equal(ink_of(json.loads(json.dumps(told(INK)))), INK)
    assert as_image(ink_of(told(INK)), "digits").max() == 255


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (None, "has side and pixels; got None"),
        ("ink", "got 'ink'"),
        ([1, 2], r"got \[1, 2\]"),
        ({"side": SIDE}, "has side and pixels"),
        (told(INK, 10**9), f"side of {SIDE} pixels; got 1000000000"),
        (told(INK, "140"), "got '140'"),
        (told(INK[:-1]), "letters of base64; got"),
        (told(np.zeros((5000, 5000), np.uint8)), "got 33333336 letters"),
        ({"side": SIDE, "pixels": 5}, "got 5"),
        ({"side": SIDE, "pixels": "é" * len(str(told(INK)["pixels"]))}, "no base64"),
        ({"side": SIDE, "pixels": "*" * len(str(told(INK)["pixels"]))}, "no base64"),
        ({"side": SIDE, "pixels": "x" * 10**6, "more": 1}, "got 1000000 letters"),
        ({"x" * 10**5: 1}, "…"),
    ],
)
def test_what_a_browser_should_not_send_is_refused_and_quoted_in_short(sent, message):
    with pytest.raises(ValueError, match=message) as raised:
        ink_of(sent)
    assert len(str(raised.value)) < 200


def test_the_pad_is_given_plain_json():
    given = pad_given(as_image(INK, "mnist"), "It says 1.", INK, dark=True)
    assert json.loads(json.dumps(given)) == given
    assert (given["side"], given["pen"], given["said"], given["dark"]) == (
        SIDE,
        PEN,
        "It says 1.",
        True,
    )
    assert base64.b64decode(given["ink"]) == INK.tobytes()
    seen = given["seen"]
    assert (seen["width"], seen["height"]) == (28, 28)
    assert base64.b64decode(seen["pixels"]) == as_image(INK, "mnist").numpy().tobytes()
    assert given["colours"]["light"]["ink"] == LIGHT.ink
    assert given["colours"]["dark"]["paper"] == DARK.paper


def test_a_new_pad_is_empty():
    given = pad_given()
    assert (given["seen"], given["said"], given["ink"], given["dark"]) == (None, None, None, False)


@pytest.mark.parametrize("seen", [torch.zeros(3, 4, 4), torch.zeros(4, 4)])
def test_what_the_network_sees_is_one_grey_image(seen):
    with pytest.raises(ValueError, match=re.escape(str(tuple(seen.shape)))):
        pad_given(seen)


def test_ink_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"\(140, 140\); got \(28, 28\)"):
        pad_given(ink=np.zeros((28, 28), np.uint8))


def test_what_the_network_sees_is_said_in_words_and_numbers():
    grey = np.zeros((28, 20), np.uint8)
    grey[4:24, 8:12] = 7
    assert seen_words(grey) == (
        "What the network sees: 28 × 20 pixels; ink in rows 5 to 24 and columns 9 to 12, 80 of 560."
    )
    assert seen_words(grey * 0) == "What the network sees: 28 × 20 pixels, all of them empty."


def test_the_script_uses_all_words_and_no_others():
    used = re.findall(r"words\.(\w+)", PAD_JS)
    assert set(used) == set(WORDS)


def test_the_script_is_a_module_that_asks_nobody_and_writes_no_html():
    assert "export function mountPad(element, given, tell)" in PAD_JS
    for word in ("import ", "fetch", "http", "innerHTML", "eval", "#snn"):
        assert word not in PAD_JS
