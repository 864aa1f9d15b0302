"""Build the reference: a page for every room, with the names that its index lists.

python docs/reference/build.py build/docs
python docs/reference/build.py build/some neuron data      only these rooms
"""

from __future__ import annotations

import importlib
import inspect
import shutil
import sys
from itertools import groupby
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE)]

import docstrings
import names
from sphinx.cmd.build import main as sphinx
from sphinx.ext.napoleon import Config, GoogleDocstring
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.inspect import stringify_signature

SECTIONS = Config(napoleon_custom_sections=["Source"], napoleon_use_rtype=False)


def main() -> int:
    """Write the pages beside the output and have Sphinx read them; its exit status."""
    output = Path(sys.argv[1]).resolve()
    rooms = [room for room in names.rooms() if not sys.argv[2:] or room[7:] in sys.argv[2:]]
    pages = output / ".pages"
    shutil.rmtree(output, ignore_errors=True)
    pages.mkdir(parents=True)
    for room in rooms:
        names.load(room)
    links = docstrings.Links(rooms)
    (pages / "index.rst").write_text(front(rooms, links), encoding="utf-8")
    for room in rooms:
        (pages / f"{room}.rst").write_text(page(room, links), encoding="utf-8")
    options = ["-b", "html", "-c", str(HERE), "-q", "-j", "2", "--fail-on-warning", "--keep-going"]
    status = sphinx([*options, "-d", str(output / ".read"), str(pages), str(output)])
    for folder in (pages, output / ".read"):
        shutil.rmtree(folder)
    (output / ".buildinfo").unlink(missing_ok=True)
    return status


def front(rooms: list[str], links: docstrings.Links) -> str:
    """The first page: the rooms, and the names that stand at the top of the package."""
    lines = [*title("snnlab", "="), *module_text("snnlab", links), ""]
    lines += title("Rooms", "-")
    lines += table([(f":doc:`{room[7:]} <{room}>`", summary(room, links)) for room in rooms])
    lines += [*title("Most used", "-"), "All of these can be imported from ``snnlab`` itself.", ""]
    short = [(name.name, links.by_source.get(f"{name.source}.{name.name}")) for name in top()]
    lines += table([entry(name, links, shown) for shown, name in short if name])
    lines += [".. toctree::", "   :hidden:", "", *(f"   {room[7:]} <{room}>" for room in rooms)]
    return "\n".join([*lines, ""])


def top() -> list[names.Name]:
    """The names of the package itself."""
    return names.index("snnlab")


def page(room: str, links: docstrings.Links) -> str:
    """The page of a room: its names at a glance, then file by file."""
    listed = names.index(room)
    lines = [f".. _{room}:", "", *title(room[7:], "="), f".. py:module:: {room}", ""]
    lines += [*module_text(room, links), "", f"``from {room} import ...``", ""]
    lines += table([entry(name, links, name.name) for name in listed])
    for source, group in groupby(sorted(listed, key=order(listed)), lambda name: name.source):
        if source not in names.rooms():  # a room inside the room has a page of its own
            lines += [f".. _{source}:", ""]
        lines += [*title(source.removeprefix(f"{room}."), "-")]
        lines += [*module_text(source, links), ""]
        for name in group:
            lines += [*described(name, links), ""]
    return "\n".join(lines)


def order(listed: list[names.Name]):
    """Names of one file stand together, where the first of them stands."""
    sources = [name.source for name in listed]
    return lambda name: sources.index(name.source)


def title(text: str, line: str) -> list[str]:
    """A heading."""
    return [text, line * len(text), ""]


def table(rows: list[tuple[str, str]]) -> list[str]:
    """Two columns: a name and what it is; nothing where there are no names."""
    lines = [".. list-table::", "   :widths: 35 65", ""]
    for name, text in rows:
        lines += [f"   * - {name}", f"     - {text}"]
    return [*lines, ""] if rows else []


def entry(name: names.Name, links: docstrings.Links, shown: str) -> tuple[str, str]:
    """A name of the table at the top, which leads to its description, and its first sentence."""
    kind, target = ("ref", name.source) if name.is_module else ("py:obj", name.path)
    first = inspect.cleandoc(doc_of(name)).split("\n\n")[0].replace("\n", " ")
    text = " ".join(docstrings.as_rst([first], links, name.source)).strip()
    return f":{kind}:`{shown} <{target}>`", text


def doc_of(name: names.Name) -> str:
    """The docstring; of a constant what stands below it in its file."""
    value = name.value
    if inspect.ismodule(value) or inspect.isclass(value) or inspect.isfunction(value):
        return inspect.getdoc(value) or ""
    comments = ModuleAnalyzer.for_module(name.source)
    comments.analyze()
    return "\n".join(comments.attr_docs.get(("", name.name), []))


def summary(room: str, links: docstrings.Links) -> str:
    """The first sentence of a room."""
    text = inspect.getdoc(importlib.import_module(room)) or ""
    return " ".join(docstrings.as_rst([text.split("\n")[0]], links, room)).strip()


def module_text(module: str, links: docstrings.Links) -> list[str]:
    """The docstring of a module, its sections included."""
    text = inspect.getdoc(importlib.import_module(module)) or ""
    lines = docstrings.as_rst(text.split("\n"), links, module)
    return str(GoogleDocstring(lines, SECTIONS, what="module")).split("\n")


def described(name: names.Name, links: docstrings.Links) -> list[str]:
    """The directive that describes a name."""
    value = name.value
    if name.is_module:
        return []
    if inspect.isclass(value):
        derived = ["   :show-inheritance:"] if value.__bases__ != (object,) else []
        return [f".. autoclass:: {name.path}", "   :members:", *derived]
    if inspect.isroutine(value):
        # A function that says its arguments itself: Sphinx would look for them in the file.
        own = (
            stringify_signature(inspect.signature(value)) if hasattr(value, "__signature__") else ""
        )
        return [f".. autofunction:: {name.path}{own}"]
    text = docstrings.as_rst(doc_of(name).split("\n"), links, name.source)
    return [f".. py:data:: {name.name}", "", *(f"   {line}" for line in text)]


if __name__ == "__main__":
    sys.exit(main())
