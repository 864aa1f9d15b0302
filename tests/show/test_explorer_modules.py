"""Player and pad: files that are joined to one module each."""

from __future__ import annotations

import json
import re

import pytest

from snnlab.show.explorer.drawing import PAD_FILES, PAD_JS
from snnlab.show.explorer.modules import HERE, joined
from snnlab.show.explorer.player import PLAYER_FILES, PLAYER_JS

NAMED = re.compile(r"^(?:export )?(?:async )?(?:function|class|const|let) (\w+)", re.MULTILINE)
"""Of a script: what it names for all that it is joined with."""


def test_every_file_is_joined():
    there = {path.name for path in HERE.iterdir() if path.suffix in (".js", ".css")}
    assert there == {*PLAYER_FILES, *PAD_FILES}


@pytest.mark.parametrize(
    ("text", "start"), [(PLAYER_JS, "mount"), (PAD_JS, "mountPad")], ids=["player", "pad"]
)
def test_a_module_stands_alone_and_gives_one_thing(text, start):
    assert re.findall(r"^export function (\w+)", text, re.MULTILINE) == [start]
    assert len(re.findall(r"^export\b", text, re.MULTILINE)) == 1
    assert not re.search(r"^import\b|\bimport\(", text, re.MULTILINE)


def test_no_two_files_give_one_name():
    both = joined(*dict.fromkeys([*PLAYER_FILES, *PAD_FILES]))
    names = NAMED.findall(both)
    assert {"node", "Player", "mount", "mountPad", "PAD_STYLE"} <= set(names)
    assert sorted(names) == sorted(set(names))


def test_a_style_is_a_constant():
    text = joined("pad.css", "elements.js")
    first, rest = text.split("\n", 1)
    said = re.fullmatch(r"const PAD_STYLE = (.*);", first)
    assert json.loads(said[1]) == (HERE / "pad.css").read_text("utf-8")
    assert rest.strip() == (HERE / "elements.js").read_text("utf-8").strip()
