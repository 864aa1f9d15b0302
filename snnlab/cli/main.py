"""Parse the command line, carry out the command, answer.

The options come from the dataclasses of the commands and of `RunConfig`. Neither they nor
this file import torch, so that `--help` answers at once.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Sequence
from typing import Annotated, Any, Union

import tyro

from snnlab import __version__
from snnlab.cli.convert import Convert, Evaluate
from snnlab.cli.demo import Demo
from snnlab.cli.runs import Export, List, Show
from snnlab.cli.train import Train, preset_of

COMMANDS: dict[str, type] = {
    "demo": Demo,
    "train": Train,
    "convert": Convert,
    "evaluate": Evaluate,
    "list": List,
    "show": Show,
    "export": Export,
}
BAD_INPUT = 2
INNER = "__tyro-dummy-inner__"  # the parser's name for what stands without one


def main(args: Sequence[str] | None = None) -> int:
    """Entry point of `snnlab`: 0, or 2 and one line on stderr for bad input."""
    args = list(sys.argv[1:] if args is None else args)
    if args == ["--version"]:
        print(f"snnlab {__version__}")
        return 0
    try:
        command = parse(args)
        command.execute()
    except ValueError as error:  # ours: they quote the input and say what is valid
        return complain(error)
    except BrokenPipeError:  # the reader, head say, has seen enough
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        print("snnlab: stopped; the same command goes on from here", file=sys.stderr)
        return 130
    except RuntimeError as error:
        if type(error).__module__.startswith("snnlab."):
            complain(error)
            return 1
        raise
    return 0


def parse(args: list[str]) -> Any:
    """The command that the arguments describe.

    Raises:
        ValueError: they describe none; in one line.
        SystemExit: help was asked for, and is printed.
    """
    if args and not args[0].startswith("-") and args[0] not in COMMANDS:
        raise ValueError(f"unknown command {args[0]!r}; valid: {', '.join(COMMANDS)}")
    args, train = preset_of(args)
    defaults: dict[str, Any] = {"train": {"default": train}}
    choices: Any = tuple(
        Annotated[kind, tyro.conf.subcommand(name, **defaults.get(name, {}))]
        for name, kind in COMMANDS.items()
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


def first_message(box: str) -> str:
    """The first message in the box that the parser draws, on one line."""
    lines = []
    for line in box.splitlines():
        text = line.strip().strip("│").strip()
        if text.startswith(("╭", "usage:")):
            continue
        if text.startswith(("─", "╰")):
            break
        lines.append(text)
    message = " ".join(line for line in lines if line).replace(f"{INNER}.config.", "--")
    return (message or "the arguments do not fit") + "; see snnlab --help"


def complain(error: Exception) -> int:
    """One line on stderr."""
    print("snnlab: " + " ".join(str(error).split()), file=sys.stderr)
    return BAD_INPUT
