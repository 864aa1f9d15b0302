"""The texts of `--help`: the usual options on a screen, all options, or those of one group.

Names, types, defaults and words come from the dataclasses of the commands and the settings.
"""

from __future__ import annotations

import ast
import inspect
import re
import shutil
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

import tyro

from snnlab.cli.train import START_OPTIONS
from snnlab.runs.config import RunConfig
from snnlab.runs.methods import METHODS
from snnlab.settings import declared, options_of, suggestion, without_none, without_notes

USUAL = (
    *("--preset", "--config", "--method", "--seed", "--timesteps", "--data.name"),
    *("--model.name", "--model.width", "--noise.sigma", "--training.epochs"),
)
"""Settings of a run that the short help shows."""
RUN = "run"
"""The name of the group for settings without a group."""
ASKING = ("-h", "--help", "--help-all")
VALUES: Mapping[Any, str] = {int: "N", float: "X", str: "TEXT", Path: "PATH", bool: "True|False"}
NARROWEST, WIDEST = 40, 100
SCREEN = 30
"""A help of at most this many lines is always shown in full."""


@dataclass(frozen=True)
class Option:
    """An option, or an argument without one."""

    name: str
    """Its name with the dashes; that of an argument in capitals."""
    value: str = ""
    """The form of its value; empty for a flag."""
    says: str = ""
    """Its description, in full sentences."""
    default: Any = None
    """Its default."""
    group: str = ""
    """Its group among the settings of a run; empty: it belongs to the command."""
    valid: tuple[str, ...] = ()
    """Its valid values, if these are few."""

    @property
    def heading(self) -> str:
        """Name and form of the value."""
        return f"{self.name} {self.value}".strip()

    def text(self, *, short: bool) -> str:
        """Description, valid values and default; with `short` only the first sentence."""
        says = " ".join(self.says.split())
        if short:
            says = re.split(r"[.;] ", says)[0].rstrip(".") + "."
        if not all(one in says for one in self.valid):
            says += f" Valid: {', '.join(self.valid)}."
        default = self.default
        if default is None or default is False or default == () or not self.value:
            return says
        if isinstance(default, tuple):
            default = " ".join(map(str, default))
        shown = f"{default:g}" if isinstance(default, float) else default
        return f"{says} [{shown}]"


@cache
def words_of(kind: type) -> dict[str, str]:
    """The docstrings below the fields of a dataclass, by field."""
    found: dict[str, str] = {}
    for each in reversed([each for each in kind.__mro__ if is_dataclass(each)]):
        body = ast.parse(textwrap.dedent(inspect.getsource(each))).body[0]
        for line, below in pairwise(getattr(body, "body", ())):
            if isinstance(line, ast.AnnAssign) and isinstance(below, ast.Expr):
                found[ast.unparse(line.target)] = str(ast.literal_eval(below.value))
    return found


def options(command: Any, prefix: str = "", group: str = "") -> Iterator[Option]:
    """The options of a command, or of the settings inside it.

    Args:
        command: a dataclass, or an instance with other defaults.
        prefix: beginning of their names.
        group: group to which they belong.
    """
    kind = command if isinstance(command, type) else type(command)
    for field in fields(kind):
        hint = declared(kind)[field.name]
        default = default_of(field, command)
        notes = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
        if tyro.conf.Suppress in notes:
            continue
        asked: Any = next((note for note in notes if hasattr(note, "metavar")), tyro.conf.arg())
        called = field.name.replace("_", "-") if asked.name is None else asked.name
        if is_dataclass(default):
            inner = f"{prefix}{called}." if called else prefix
            below = RUN if isinstance(default, RunConfig) else group and (called or group)
            yield from options(default, inner, below)
        elif (value := value_of(hint, default)) is not None:
            says, valid = words_of(kind).get(field.name, ""), tuple(options_of(hint) or ())
            if tyro.conf.Positional in notes:
                yield Option(asked.metavar or called.upper(), "", says, default, group, valid)
            elif default is True:
                yield Option(f"--{prefix}no-{called}", "", f"Switch off: {says}", group=group)
            else:
                yield Option(f"--{prefix}{called}", value, says, default, group, valid)


def default_of(field: Field[Any], command: Any) -> Any:
    """The default of a field; None if it has none."""
    if not isinstance(command, type):
        return getattr(command, field.name)
    if field.default_factory is not MISSING:
        return field.default_factory()
    return None if field.default is MISSING else field.default


def value_of(hint: Any, default: Any) -> str | None:
    """The form of the value of an option of this type; None: no option for it."""
    if isinstance(default, bool):
        return ""
    empty = "|None" if NoneType in get_args(without_notes(hint)) else ""
    kind = without_none(hint)
    if get_origin(kind) is tuple:
        inner = without_none(get_args(kind)[0])
        return None if is_dataclass(inner) else f"{VALUES.get(inner, 'NAME')} ..."
    return ("NAME" if options_of(hint) else VALUES.get(kind, "TEXT")) + empty


def width() -> int:
    """The width of the terminal, or that in COLUMNS."""
    return min(max(shutil.get_terminal_size().columns, NARROWEST), WIDEST)


def wrapped(text: str, indent: int = 0) -> str:
    """Paragraphs of text, no line wider than the terminal."""
    space = " " * indent
    return "\n".join(
        textwrap.fill(
            part, width(), initial_indent=space, subsequent_indent=space, break_on_hyphens=False
        )
        for part in text.split("\n")
    )


def listed(entries: Sequence[tuple[str, str]]) -> str:
    """Names and descriptions, in two columns."""
    column = min(max((len(name) for name, _ in entries), default=0), width() * 2 // 5) + 4
    lines = []
    for name, text in entries:
        beside = wrapped(text, column).split("\n")
        if len(name) + 4 <= column:
            beside[0] = f"  {name}".ljust(column) + beside[0].strip()
        else:
            beside.insert(0, f"  {name}")
        lines += beside
    return "\n".join(line.rstrip() for line in lines)


def list_of_commands(program: str, says: str, commands: Mapping[str, str]) -> str:
    """The help of a program, or of a command with subcommands: a line for each."""
    parts = [
        wrapped(f"usage: {program} COMMAND [OPTIONS]"),
        wrapped(says),
        listed(list(commands.items())),
        wrapped(f"{program} COMMAND --help says more."),
    ]
    return "\n\n".join(parts)


def first_sentence(kind: type) -> str:
    """The first sentence of the docstring."""
    return (inspect.getdoc(kind) or "").split("\n\n")[0].split(".\n")[0].replace("\n", " ")


def help_of(name: str, command: Any, says: str, *, whole: bool = False, about: str = "") -> str:
    """The help of one command.

    Args:
        name: the command, as it is typed.
        command: its dataclass, or an instance with the defaults.
        says: its description.
        whole: whether to show every option with its complete description.
        about: show only these: a group, or part of a name.

    Raises:
        ValueError: there is neither a group nor an option of that name.
    """
    there = list(options(command))
    groups = list(dict.fromkeys(option.group for option in there if option.group))
    there = [*(starts(name) if groups else ()), *there]
    arguments = [option.name for option in there if not option.name.startswith("-")]
    usage = wrapped(f"usage: {' '.join([name, *arguments, '[OPTIONS]'])}")
    if about:
        return f"{usage}\n\n{entries_of(chosen(name, there, groups, about), short=False)}"
    beginning = f"{usage}\n\n{wrapped(paragraphs(says))}\n\n"
    everything = beginning + by_group(there)
    if not groups and (whole or everything.count("\n") < SCREEN):
        return everything
    if whole:
        methods = listed([(key, each.in_words) for key, each in METHODS.items()])
        return f"{everything}\n\nMethods:\n{methods}"
    usual = [each for each in there if each.name in USUAL or not (each.group or "." in each.name)]
    if not name.endswith((" train", " sweep")):  # with several methods, or one
        usual = [option for option in usual if option.name != "--method"]
    of_group = f" --help GROUP those of a group: {', '.join(groups)}." if groups else ""
    more = f"{name} --help-all shows every option{',' if groups else '.'}{of_group}"
    first, *_ = paragraphs(says).split("\n")
    return f"{usage}\n\n{wrapped(first)}\n\n{entries_of(usual, short=True)}\n\n{wrapped(more)}"


def chosen(name: str, there: Sequence[Option], groups: list[str], about: str) -> list[Option]:
    """The options of a group, or those with a word in their name.

    Raises:
        ValueError: there are none.
    """
    word = about.strip("-").replace("_", "-")
    found = [option for option in there if word in (option.group, option.name.strip("-"))]
    found = found or [option for option in there if word in option.name]
    if not found:
        valid = f"; groups: {', '.join(groups)}" if groups else ""
        near = suggestion(word, [*groups, *(option.name for option in there)])
        raise ValueError(f"{name} has no options called {about!r}{valid}{near}")
    return found


def by_group(there: Sequence[Option]) -> str:
    """All options, those of the command first."""
    parts = []
    for group in sorted(dict.fromkeys(option.group for option in there), key=bool):
        own = entries_of([option for option in there if option.group == group], short=False)
        parts.append(f"{group}:\n{own}" if group else own)
    return "\n\n".join(parts)


def starts(name: str) -> list[Option]:
    """The options for the configuration from which a command that trains starts."""
    known = START_OPTIONS
    if not name.endswith(" train"):
        known = {"--preset": START_OPTIONS["--preset"]}
    return [Option(option, *entry) for option, entry in known.items()]


def entries_of(there: Sequence[Option], *, short: bool) -> str:
    """Some options in two columns."""
    return listed([(option.heading, option.text(short=short)) for option in there])


def paragraphs(text: str) -> str:
    """A docstring with line breaks only after sentences."""
    return re.sub(r"(?<![.\n])\n(?!\n)", " ", text)
