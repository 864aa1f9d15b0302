"""Docstrings of the package as Sphinx reads them: links, equations and tables.

A docstring is plain text: stars and bars mean themselves, a name in backticks is code, and leads to
its entry if it is a public name. An indented block is an equation (see `equations`) or text to be
shown as it stands.
"""

from __future__ import annotations

import builtins
import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from typing import Any

import equations
import names
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.nodes import make_refnode

logger = logging.getLogger(__name__)
SECTION = re.compile(r"(Args|Attributes|Example|Raises|Returns|Source|Yields):$")
CODE = re.compile(r"`([^`]+)`")
DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
SPECIAL = re.compile(r"(?<!\*)\*(?!\*)|\*\*(?=\w+\W)(?!\w[^*]*\*\*)|[|\\]|(?<=\w)_(?!\w)")


class Links:
    """Where the names in docstrings lead."""

    def __init__(self, rooms: list[str]) -> None:
        public = [name for room in rooms for name in names.index(room)]
        self.by_value = {id(name.value): name for name in public if callable(name.value)}
        self.by_source = {f"{name.source}.{name.name}": name for name in public}
        short: dict[str, list[names.Name]] = {}
        for name in public:
            short.setdefault(name.name, []).append(name)
        self.by_name = {key: found[0] for key, found in short.items() if len(found) == 1}
        self.sources = {name.source for name in public} | set(rooms)

    def role(self, text: str, module: str, owner: Any) -> str:
        """Code in backticks as reStructuredText: a link where there is something to see."""
        if DOTTED.fullmatch(text) and text not in parameters(owner):
            if inspect.isclass(owner) and text in vars(owner) and id(owner) in self.by_value:
                member = f"{self.by_value[id(owner)].path}.{text}"
                if not text.startswith("_") and inspect.getdoc(getattr(owner, text, None)):
                    return f":py:obj:`{text} <{member}>`"
            found = self.public(text, module)
            if found:
                name, rest = found
                return f":py:obj:`{text} <{'.'.join([name.path, *rest])}>`"
            for source in self.modules(text, module):
                return f":ref:`{text} <{source}>`"
            if re.match(r"[A-Z][a-z]+[A-Z]", text) and not exists(text, module):
                logger.warning("%s: no such name: `%s`", module, text, type="ref")
        return f"``{text}``"

    def public(self, text: str, module: str) -> tuple[names.Name, list[str]] | None:
        """The public name that a text means where it stands, and which member of it."""
        first, *rest = text.split(".")
        value = getattr(sys.modules.get(module), first, None)
        name = self.by_value.get(id(value)) if value is not None else self.by_name.get(first)
        if name is None or inspect.ismodule(name.value):
            return None
        if rest and not inspect.getdoc(inspect.getattr_static(name.value, rest[0], None)):
            return None
        return name, rest

    def modules(self, text: str, module: str) -> Iterator[str]:
        """The files with public names that a text can mean, nearest first."""
        for base in (module.rpartition(".")[0], "snnlab", "snnlab." + module.split(".")[1]):
            if f"{base}.{text}" in self.sources:
                yield f"{base}.{text}"


def parameters(owner: Any) -> set[str]:
    """The names of the arguments of a function or class."""
    try:
        return set(inspect.signature(owner).parameters)
    except (TypeError, ValueError):
        return set()


def exists(text: str, module: str) -> bool:
    """Whether a name means anything to one who reads the module."""
    first = text.split(".")[0]
    here = importlib.import_module(module)
    return (
        hasattr(here, first)
        or hasattr(builtins, first)
        or any(
            hasattr(loaded, first)
            for key, loaded in list(sys.modules.items())
            if key.startswith(("snnlab", "torch.nn"))
        )
    )


def as_rst(lines: list[str], links: Links, module: str, owner: Any = None) -> list[str]:
    """The lines of a docstring as reStructuredText; its sections stay as they are."""
    done: list[str] = []
    section = ""
    block: list[str] = []

    def end_block() -> None:
        text = "\n".join(block).rstrip()
        if text:
            kind = ".. math::" if equations.is_equation(text) else ".. code-block:: text"
            done.extend(["", kind, "", *(f"    {line}" for line in text.split("\n")), ""])
        block.clear()

    def link(match: re.Match[str]) -> str:
        return links.role(match[1], module, owner)

    for line in [*lines, ""]:
        indented = line.startswith(" ")
        if line and not indented:
            section = line if SECTION.match(line) else ""
        if indented and not section:
            block.append(line)
            continue
        if block and not line:
            block.append("")
            continue
        end_block()
        done.append(line if section.startswith("Example") else escaped(line, link))
    end_block()
    return done


def escaped(line: str, link: Any) -> str:
    """A line of text whose stars and bars mean themselves."""
    pieces = re.split(r"(`[^`]+`)", line)
    plain = [SPECIAL.sub(r"\\\g<0>", text) for text in pieces[::2]]
    code = [CODE.sub(link, text) for text in pieces[1::2]]
    # A role needs a boundary after it: an escaped space shows nothing.
    code = [
        text + ("\\ " if re.match(r"\w", after) else "")
        for text, after in zip(code, plain[1:], strict=True)
    ]
    return "".join(part for pair in zip(plain, [*code, ""], strict=True) for part in pair)


def process(app: Sphinx, what: str, name: str, obj: Any, _: Any, lines: list[str]) -> None:
    """Rewrite the docstring of one entry."""
    owner_path = name.rsplit(".", 1)[0]
    module = getattr(obj, "__module__", None)
    if isinstance(obj, property):
        module = obj.fget.__module__
    if not str(module).startswith("snnlab"):
        entry = app.links.by_path.get(name) or app.links.by_path.get(owner_path)
        module = entry.source if entry else "snnlab"
    cls = app.links.by_path.get(owner_path)
    owner = cls.value if cls and what in {"method", "property", "attribute"} else obj
    lines[:] = as_rst(lines, app.links, module, owner)
    app.written = list(lines)


def keep_words(app: Sphinx, what: str, name: str, obj: Any, _: Any, lines: list[str]) -> None:
    """Of a field and a property all is text; napoleon takes words before a colon for a type."""
    if what in {"attribute", "property"}:
        lines[:] = app.written


def resolve(app: Sphinx, env: BuildEnvironment, node: pending_xref, shown: nodes.Element) -> Any:
    """Types and errors: a public name leads to where it stands; what is not public is text.

    None for a link of ours that leads nowhere and an error that nobody knows: these fail the build.
    """
    target, kind = str(node.get("reftarget", "")), node.get("reftype")
    if node.get("refdomain") != "py" or kind not in {"class", "exc", "obj"}:
        return None
    if kind == "obj":  # ours begin with the package, the others stand in types
        return None if target.startswith("snnlab.") else shown
    name = app.links.by_source.get(target) or app.links.by_name.get(target)
    found = env.domains["py"].objects.get(name.path) if name else None
    if found:
        document = node.get("refdoc", "")
        return make_refnode(app.builder, document, found.docname, found.node_id, shown, name.path)
    known = kind == "class" or "." in target or exists(target, "snnlab.settings")
    return shown if known else None


def draw(translator: Any, node: nodes.Element) -> None:
    """An equation in a page."""
    display = isinstance(node, nodes.math_block)
    drawn = equations.mathml(node.astext(), display=display)
    translator.body.append(f'<div class="equation">{drawn}</div>' if display else drawn)
    raise nodes.SkipNode


def prepare(app: Sphinx) -> None:
    """Load the rooms whose pages are there."""
    rooms = [room for room in names.rooms() if (app.srcdir / f"{room}.rst").exists()]
    for room in rooms:
        names.load(room)
    app.links = Links(rooms)
    app.links.by_path = {name.path: name for room in rooms for name in names.index(room)}


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_html_math_renderer("mathml", (draw, None), (draw, None))
    app.connect("builder-inited", prepare)
    app.connect("autodoc-process-docstring", process, priority=400)  # before napoleon
    app.connect("autodoc-process-docstring", keep_words, priority=600)
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
