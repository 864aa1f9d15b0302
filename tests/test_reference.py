"""The reference: every public name with its words, links that lead somewhere, no network."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "docs" / "reference" / "build.py"
ROOMS = [".".join(f.parent.relative_to(ROOT).parts) for f in ROOT.glob("snnlab/**/__init__.pyi")]
FETCHED = {"src", "href", "srcset", "poster", "data"}

pytest.importorskip("sphinx")


class Page(HTMLParser):
    """What a page refers to: its anchors, its links, and what a browser loads for it."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.text = file.read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        self.anchors |= {given[key] for key in ("id", "name") if key in given}
        for value in (given[key] for key in FETCHED & set(given)):
            (self.links if tag == "a" else self.loaded).append(value)


def build(folder: Path, *rooms: str) -> dict[str, Page]:
    """The pages of some rooms, or of all, by file; no warning may come up."""
    command = [sys.executable, str(BUILD), str(folder), *rooms]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return {file.name: Page(file) for file in folder.glob("*.html")}


@pytest.fixture(scope="module")
def some(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the pages of two small rooms."""
    folder = tmp_path_factory.mktemp("reference")
    build(folder, "learning", "biology")
    return folder


def check(folder: Path, pages: dict[str, Page]) -> None:
    """Every link and anchor within the pages exists, and nothing is loaded from elsewhere."""
    for file, page in pages.items():
        for address in [*page.links, *page.loaded]:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                assert address in page.links, f"{file} loads {address}"
                continue
            target = unquote(parts.path) or file
            assert (folder / target).is_file(), f"{file} leads to {address}"
            if parts.fragment and target in pages:
                anchors = pages[target].anchors
                assert unquote(parts.fragment) in anchors, f"{file} leads to {address}"
    for style in [*folder.rglob("*.css"), *folder.rglob("*.js")]:
        text = style.read_text(encoding="utf-8")
        loads = re.findall(
            r"""(?:url\(|@import |fetch\(|import\()\s*["']?(?:https?:)?//\S+""", text
        )
        assert not loads, f"{style.name}: {loads}"


def names_of(room: str) -> list[str]:
    """What an index lists."""
    return list(importlib.import_module(room).__all__)


def described(page: Page, room: str) -> set[str]:
    """The public names that a page describes, their members left out."""
    found = re.findall(rf'<dt class="sig[^"]*" id="{re.escape(room)}\.(\w+)"', page.text)
    return set(found)


def require_names(pages: dict[str, Page], room: str) -> None:
    """A page describes what the index of its room lists, and nothing else."""
    page = pages[f"{room}.html"]
    index = ROOT.joinpath(*room.split("."), "__init__.pyi").read_text(encoding="utf-8")
    modules = set(re.findall(r"^from \. import (\w+)", index, re.MULTILINE))
    assert described(page, room) == set(names_of(room)) - modules
    for name in modules:  # a section of this page, or a page
        assert f"{room}.{name}".replace(".", "-").replace("_", "-") in page.anchors or (
            f"{room}.{name}.html" in pages
        )


@pytest.mark.slow
def test_pages_of_two_rooms(some: Path) -> None:
    pages = {file.name: Page(file) for file in some.glob("*.html")}
    check(some, pages)
    require_names(pages, "snnlab.learning")
    biology = pages["snnlab.biology.html"].text
    assert biology.count("<math") >= 2  # equations are drawn
    assert "Hodgkin" in biology
    assert "Parameters" in biology  # of Args
    assert "Raises" in biology


@pytest.mark.slow
def test_a_name_that_leads_nowhere_fails_the_build(tmp_path: Path) -> None:
    script = (
        "import sys, runpy, snnlab.learning.spec as spec\n"
        "spec.Training.__doc__ += '\\n\\nSee `NoSuchThing`.'\n"
        f"sys.argv = ['build', {str(tmp_path / 'out')!r}, 'learning']\n"
        f"runpy.run_path({str(BUILD)!r}, run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0
    assert "NoSuchThing" in done.stderr


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("h[t] = beta * v[t-1] + I[t]", ["&#x003B2;", "&#x000B7;"]),
        ("s = 1 if h >= v_th else 0", ["<mtext>", "<msub>", "&#x02265;"]),
        ("y = floor(T I / v_th + u) / T", ["&#x0230A;", "&#x0230B;"]),
        ("x = sqrt((a + b) dt / N) * n", ["<msqrt>"]),
        ("charge   h = 1\nreset    v = 0", ["<mtable", "<mtext>charge</mtext>"]),
    ],
)
def test_equations_in_plain_text_are_drawn(
    text: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(BUILD.parent))
    equations = importlib.import_module("equations")
    assert equations.is_equation(text)
    drawn = equations.mathml(text)
    assert all(part in drawn for part in expected), drawn


@pytest.mark.parametrize(
    "text", ["runs/<id>/config.json   what was asked for", 'Control("sigma", help="0 = none")']
)
def test_files_and_code_are_no_equations(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BUILD.parent))
    assert not importlib.import_module("equations").is_equation(text)


@pytest.mark.slow
def test_the_whole_reference(tmp_path: Path) -> None:
    pages = build(tmp_path)
    check(tmp_path, pages)
    for room in ROOMS:
        if room != "snnlab":
            require_names(pages, room)
    front = pages["index.html"].links
    for name in names_of("snnlab"):
        if name != "__version__":
            assert any(link.endswith(f".{name}") for link in front), name


@pytest.mark.slow
def test_no_page_asks_for_another_machine_or_is_wider_than_a_phone(some: Path) -> None:
    browser = importlib.import_module("tests.dashboard.browser")
    asked: list[str] = []
    with browser.browsing() as started:
        for width, scheme in ((1280, "light"), (390, "dark")):
            page = started.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
            page.on("request", lambda request: asked.append(request.url))
            for file in ("index.html", "snnlab.learning.html", "search.html?q=noise"):
                page.goto(f"file://{some}/{file}")
                assert page.evaluate("document.documentElement.scrollWidth") <= width, file
            page.wait_for_selector("#search-results li")
    assert asked
    assert all(url.startswith(("file:", "data:")) for url in asked), asked
