"""Player, pad, films and what lives on web pages: files that are joined to one module each."""

from __future__ import annotations

import json
import re

import pytest

from snnlab.show.charts.closed_forms.piece import PIECE_FILES
from snnlab.show.explorer.drawing import PAD_FILES, PAD_JS
from snnlab.show.explorer.player import PLAYER_FILES, PLAYER_JS
from snnlab.show.films.film import FILM_FILES, FILM_JS
from snnlab.show.modules import FOLDERS, joined
from snnlab.show.web import PREDICT_FILES, RECORDED_FILES, SIDEWAYS_FILES

NAMED = re.compile(r"^(?:export )?(?:async )?(?:function|class|const|let) (\w+)", re.MULTILINE)
"""Of a script: what it names for all that it is joined with."""


def test_every_file_is_joined_and_no_two_have_one_name():
    there = [
        path.name
        for folder in FOLDERS
        for path in folder.iterdir()
        if path.suffix in (".js", ".css")
    ]
    pages = {*PREDICT_FILES, *RECORDED_FILES, *PIECE_FILES, *SIDEWAYS_FILES, "sideways.css"}
    assert sorted(there) == sorted({*PLAYER_FILES, *PAD_FILES, *FILM_FILES, *pages})


@pytest.mark.parametrize(
    ("text", "start"),
    [(PLAYER_JS, "mount"), (PAD_JS, "mountPad"), (FILM_JS, "mountFilm")],
    ids=["player", "pad", "films"],
)
def test_a_module_stands_alone_and_gives_one_thing(text, start):
    assert re.findall(r"^export function (\w+)", text, re.MULTILINE) == [start]
    assert len(re.findall(r"^export\b", text, re.MULTILINE)) == 1
    assert not re.search(r"^import\b|\bimport\(", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("files", "some"),
    [
        ((*PLAYER_FILES, *PAD_FILES), {"node", "Player", "mount", "mountPad", "PAD_STYLE"}),
        (FILM_FILES, {"node", "Film", "mountFilm", "SCENES", "FILM_STYLE"}),
        (PREDICT_FILES, {"node", "PREDICT_STYLE"}),
        (RECORDED_FILES, {"node", "RECORDED_STYLE"}),
        (PIECE_FILES, {"follow", "PIECE_STYLE"}),
    ],
    ids=["explorer", "films", "predictions", "recorded", "closed forms"],
)
def test_no_two_files_give_one_name(files, some):
    names = NAMED.findall(joined(*dict.fromkeys(files)))
    assert some <= set(names)
    assert sorted(names) == sorted(set(names))


def test_a_style_is_a_constant():
    text = joined("pad.css", "elements.js")
    first, rest = text.split("\n", 1)
    said = re.fullmatch(r"const PAD_STYLE = (.*);", first)
    here = FOLDERS[0]
    assert json.loads(said[1]) == (here / "pad.css").read_text("utf-8")
    assert rest.strip() == (here / "elements.js").read_text("utf-8").strip()
