"""Parse the command line, carry out the command, answer.

The options come from the dataclasses of the commands and of `RunConfig`. Neither they nor
this file import torch, so that `--help` answers at once.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Union

import tyro

from snnlab import __version__
from snnlab.cli.assign import Assign
from snnlab.cli.audit import Audit
from snnlab.cli.bench import Bench, BenchGPU
from snnlab.cli.convert import Convert
from snnlab.cli.demo import Demo
from snnlab.cli.evaluate import Evaluate
from snnlab.cli.noise import Noise, noise_command
from snnlab.cli.plain_signs import write_plainly
from snnlab.cli.race import Race
from snnlab.cli.runs import Export, List, Show
from snnlab.cli.served import App, Lab, divided
from snnlab.cli.sweep import Sweep
from snnlab.cli.train import Train, start_of
from snnlab.runs.methods import METHODS

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
INNER = "__tyro-dummy-inner__"  # the parser's name for what stands without one


def main(args: Sequence[str] | None = None) -> int:
    """Entry point of `snnlab`: 0, or 2 and one line on stderr for bad input.

    1 stands for other failures that can be said in one line, 130 for Ctrl-C.
    """
    args = list(sys.argv[1:] if args is None else args)
    write_plainly()
    try:
        answer_to(args)
        sys.stdout.flush()
    except ValueError as error:  # ours: they quote the input and say what is valid
        return complain(error)
    except BrokenPipeError:  # the reader, head say, has seen enough
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
    try:
        command = parse(args)
    except SystemExit:  # help was asked for, and is printed
        return
    if further:
        command = replace(command, further=further)
    command.execute()


def drop_stuck_output() -> None:
    """Forget what cannot be written to stdout: Python would try again at its end, and fail."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def parse(args: list[str]) -> Any:
    """The command that the arguments describe.

    Raises:
        ValueError: they describe none; in one line.
        SystemExit: help was asked for, and is printed.
    """
    if args and not args[0].startswith("-") and args[0] not in COMMANDS:
        raise ValueError(f"unknown command {args[0]!r}; valid: {', '.join(COMMANDS)}")
    args, start = start_of(args)
    defaults: dict[str, Any] = {
        "train": {"default": Train(start)},
        "race": {"default": Race(start)},
        "sweep": {"default": Sweep(start)},
    }
    if args[:1] in (["train"], ["race"]):  # in their own help, not in the list of commands
        defaults[args[0]]["description"] = with_methods(COMMANDS[args[0]])
    kinds: dict[str, Any] = COMMANDS | {"noise": noise_command(start)}
    choices: Any = tuple(
        Annotated[kind, tyro.conf.subcommand(name, **defaults.get(name, {}))]
        for name, kind in kinds.items()
    )
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return tyro.cli(
                Union[choices],  # noqa: UP007 (built at run time)
                prog="snnlab",
                description="Spiking networks trained with one timestep and noise, run with many.",
                args=args or ["--help"],
                config=(tyro.conf.FlagCreatePairsOff,),
            )
    except SystemExit as stop:
        if stop.code in (0, None):
            raise
        raise ValueError(first_message(said.getvalue())) from None


def with_methods(command: type) -> str:
    """What a command does, and the methods that it can use."""
    lines = [f"  {name}: {method.says}" for name, method in METHODS.items()]
    return "\n".join([inspect.getdoc(command) or "", "", "Methods:", *lines])


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
    message = re.sub(rf"{INNER}\.(experiment\.)?config\.", "--", message)
    return (message or "the arguments do not fit") + "; see snnlab --help"


def complain(error: Exception) -> int:
    """One line on stderr, or one for each thing that is wrong with a table."""
    for line in getattr(error, "lines", [str(error)]):
        print("snnlab: " + " ".join(line.split()), file=sys.stderr)
    return BAD_INPUT
