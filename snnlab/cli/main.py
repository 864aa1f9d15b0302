"""Parse the command line, carry out the command, answer.

The options come from the dataclasses of the commands and of `RunConfig`. Neither they nor
this file import torch, so that `--help` answers at once. What it says: `help.py`.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import tyro

from snnlab import __version__
from snnlab.cli.assign import Assign
from snnlab.cli.audit import Audit
from snnlab.cli.bench import Bench, BenchGPU
from snnlab.cli.convert import Convert
from snnlab.cli.demo import Demo
from snnlab.cli.evaluate import Evaluate
from snnlab.cli.help import ASKING, first_sentence, help_of, list_of_commands, options
from snnlab.cli.noise import EXPERIMENTS, Noise, experiment
from snnlab.cli.plain_signs import write_plainly
from snnlab.cli.race import Race
from snnlab.cli.runs import Export, List, Show
from snnlab.cli.served import App, Lab, divided
from snnlab.cli.sweep import Sweep
from snnlab.cli.train import Train, start_of
from snnlab.data.spec import DataWarning
from snnlab.settings import nearest, suggestion

COMMANDS: dict[str, type] = {
    "demo": Demo,
    "train": Train,
    "convert": Convert,
    "evaluate": Evaluate,
    "list": List,
    "show": Show,
    "export": Export,
    "lab": Lab,
    "app": App,
    "race": Race,
    "sweep": Sweep,
    "audit": Audit,
    "noise": Noise,
    "bench": Bench,
    "bench-gpu": BenchGPU,
    "assign": Assign,
}
BAD_INPUT = 2
BAD_PATHS = (
    FileExistsError,
    FileNotFoundError,
    IsADirectoryError,
    NotADirectoryError,
    PermissionError,
)
RULER = re.compile("[╭╰─-]{3}|╭─")
WORDINGS = (
    (r"Error parsing (\S+): .*\bint\(\).*?: (.*)", "{} must be a whole number, got {}"),
    (r"Error parsing (\S+): .*\bfloat: (.*)", "{} must be a number, got {}"),
    (r"Error parsing (\S+): .*valid parse.*?\[(.*?)\]", "{} cannot be {}"),
    (r"Error parsing \S+: (.*)", "{}"),
    (r"Missing from snnlab (.*?): (\S+)", "{} needs {}"),
    (r"Missing value for argument '(\S+)'", "{} needs a value"),
    (r"Unrecognized options: ([^-].*)", "{!r} is more than it takes"),
)
"""What the parser says of a value, and how the rest of the kit says it; the first that fits."""
SAYS = "Spiking networks trained with one timestep and noise, run with many."


def main(args: Sequence[str] | None = None) -> int:
    """Entry point of `snnlab`: 0, or 2 and one line on stderr for bad input.

    It is 1 for other failures with a message of one line, 130 for Ctrl-C.
    """
    args = list(sys.argv[1:] if args is None else args)
    write_plainly()
    try:
        with short_notes():
            answer_to(args)
        sys.stdout.flush()
    except ValueError as error:  # ours: they quote the input and say what is valid
        return complain(error)
    except BrokenPipeError:  # the reader, such as head, has closed the pipe
        drop_stuck_output()
    except OSError as error:
        complain(error)
        drop_stuck_output()
        return BAD_INPUT if isinstance(error, BAD_PATHS) else 1
    except KeyboardInterrupt:
        print("snnlab: stopped; the same command goes on from here", file=sys.stderr)
        return 130
    except RuntimeError as error:
        if type(error).__module__.startswith("snnlab."):
            complain(error)
            return 1
        raise
    return 0


def answer_to(args: list[str]) -> None:
    """Print the version or the help, or carry out the command."""
    if args == ["--version"]:
        print(f"snnlab {__version__}")
        return
    args, further = divided(args)
    if text := help_asked(args):
        print(text)
        return
    command = parse(args)
    if further:
        command = replace(command, further=further)
    command.execute()


def drop_stuck_output() -> None:
    """Discard output that cannot be written: Python would try again when it exits, and fail."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def help_asked(args: list[str]) -> str:
    """The help that the arguments request; empty if they request none.

    `help` in place of a command, or directly after one, requests it, too.

    Raises:
        ValueError: of a command, or a group of options, that there is not.
    """
    if "help" in args[:2]:
        words = [word for word in args if word != "help"]
        args = [*words[:1], "--help", *words[1:]]
    asked = next((word for word in args if word in ASKING), "" if args else "--help")
    if not asked:
        return ""
    at = args.index(asked) if args else 0
    before, after = (args[:at] or args[at + 1 :][:1]), args[at + 1 :]
    if not before or before[0].startswith("-"):
        says = {name: first_sentence(kind) for name, kind in COMMANDS.items()}
        return list_of_commands("snnlab", SAYS, says)
    if before == ["noise"]:
        says = {kind.name: kind.says for kind in EXPERIMENTS}
        return list_of_commands("snnlab noise", first_sentence(Noise), says)
    about = next((word for word in after if not word.startswith("-")), "") if args[:at] else ""
    found = asked_for(before)
    return help_of(
        f"snnlab {found.name}",
        found.default or found.kind,
        found.says,
        whole=asked == "--help-all",
        about=about,
    )


@dataclass(frozen=True)
class Asked:
    """A command that the arguments name."""

    name: str
    """As it is typed."""
    kind: Any
    """The type of its dataclass."""
    default: Any
    """An instance with the defaults of this call; None: those of the type."""
    says: str
    """What it does."""
    rest: list[str]
    """The arguments behind it."""


def asked_for(args: list[str]) -> Asked:
    """The command that the arguments begin with.

    Raises:
        ValueError: it is unknown, or starts from what is not there.
    """
    name = args[0]
    if name not in COMMANDS:
        wrong = "a command comes first, got" if name.startswith("-") else "unknown command"
        raise ValueError(
            f"{wrong} {name!r}; valid: {', '.join(COMMANDS)}{suggestion(name, COMMANDS)}"
        )
    (_, *rest), start = start_of(args)
    kind: Any = COMMANDS[name]
    says, default = inspect.getdoc(kind) or "", None
    if kind is Noise:
        which, *rest = rest or [""]
        kind, default = experiment(which, start)
        name, says = f"{name} {which}", f"{default.ask.says}\n\nGoes on where it was stopped."
    elif kind in (Train, Race, Sweep):
        default = kind(start)
    return Asked(name, kind, default, says, rest)


def parse(args: list[str]) -> Any:
    """The command that the arguments describe.

    Raises:
        ValueError: they describe none; in one line.
    """
    asked = asked_for(args)
    check_options(asked)
    said = io.StringIO()
    start = {} if asked.default is None else {"default": asked.default}
    try:
        with contextlib.redirect_stderr(said):
            return tyro.cli(
                asked.kind,
                prog=f"snnlab {asked.name}",
                args=asked.rest,
                config=(tyro.conf.FlagCreatePairsOff,),
                **start,
            )
    except SystemExit:
        message = in_our_words(first_message(said.getvalue()))
        see = " See" if message.endswith("?") else "; see"
        raise ValueError(f"{message}{see} snnlab {asked.name} --help") from None


def check_options(asked: Asked) -> None:
    """Raise ValueError for an option that the command does not have, and for an empty path.

    The nearest options are named.
    """
    there = options(asked.default or asked.kind)
    known = {one.name.strip("-"): one for one in there if one.name.startswith("-")}
    for i, arg in enumerate(asked.rest):
        name, equals, value = arg.partition("=")
        word = name.replace("_", "-").removeprefix("--")
        given = [value] if equals else asked.rest[i + 1 : i + 2]
        if word in known and known[word].value.startswith("PATH") and given == [""]:
            raise ValueError(f"{name} needs a path, got ''")
        if arg.startswith("--") and word and word not in known:
            near = near_options(word, list(known))
            hint = f": did you mean {' or '.join(near)}? See" if near else "; see"
            raise ValueError(f"{asked.name} has no option {name}{hint} snnlab {asked.name} --help")


def near_options(word: str, known: Sequence[str]) -> list[str]:
    """Similar options; also by initials: `lr` is similar to --training.learning-rate."""
    last = word.split(".")[-1]
    ends = {name: name.split(".")[-1] for name in known}
    same = [name for name, end in ends.items() if last == end]
    same += [name for name, end in ends.items() if last == "".join(p[0] for p in end.split("-"))]
    close = [name for end in nearest(last, ends.values()) for name in known if ends[name] == end]
    found = same or nearest(word, known) or close
    return [f"--{name}" for name in dict.fromkeys(found)][:3]


def first_message(box: str) -> str:
    """The first message in the box that the parser draws, on one line.

    The box is a title, a ruler, the message, a ruler and advice; in a terminal that knows
    the characters it has sides, and the title stands in its upper one.
    """
    parts: list[list[str]] = [[]]
    for line in box.splitlines():
        text = line.strip().strip("│").strip()
        if RULER.match(text):
            parts.append([])
        elif text:
            parts[-1].append(text)
    message = " ".join(parts[1] if len(parts) > 1 else parts[0]).rstrip(".")
    return message or "the arguments do not fit"


def in_our_words(message: str) -> str:
    """A message of the parser about a value, in the words of the kit."""
    if choice := re.match(r"invalid choice '(.*)' for argument '(\S+)'.*?\((.*)\)", message):
        valid = re.findall("'(.*?)'", choice[3])
        near = suggestion(choice[1], valid)
        return f"{choice[2]} cannot be {choice[1]!r}; valid: {', '.join(valid)}{near}"
    for pattern, ours in WORDINGS:
        if found := re.match(pattern, message):
            return ours.format(*found.groups())
    return message


@contextlib.contextmanager
def short_notes() -> Iterator[None]:
    """Print warnings about data in one line on stderr, without the place in the code."""
    with warnings.catch_warnings():
        usual = warnings.showwarning

        def show(message: Any, category: type[Warning], *place: Any) -> None:
            if issubclass(category, DataWarning):
                complain(message)
            else:
                usual(message, category, *place)

        warnings.simplefilter("default", DataWarning)
        warnings.showwarning = show  # type: ignore[assignment]
        yield


def complain(error: Exception) -> int:
    """Print an error as one line on stderr, or one for each fault of a table."""
    for line in getattr(error, "lines", [str(error)]):
        print("snnlab: " + " ".join(line.split()), file=sys.stderr)
    return BAD_INPUT
