"""Links and folders of runs that nobody should have: made up by a seed, always the same."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

from snnlab.dashboard import film, lesson
from snnlab.dashboard.explorer import IN_LINKS
from snnlab.runs.methods import METHODS
from snnlab.runs.presets import PRESETS

PAGES = ("neuron", "explorer", "train", "distributions", "compare", "runs", "teacher")
OTHERS = (
    *("run", "view", "at", "kept", "q", "mine", "race", "step", "more", "pin", "journey", "T"),
    *IN_LINKS,
    *film.IN_LINKS,
)
"""What links hold besides the controls of lessons."""
VALUES = (
    *("", " ", "0", "1", "-1", "2", "7.5", "1e3", "1e999", "-1e999", "nan", "inf", "0x10", "1_000"),
    *(
        "9" * 30,
        "9" * 5000,
        "true",
        "None",
        "null",
        "[]",
        "{}",
        "a,b,,c,",
        ",",
        ",,,",
        "=&?#%",
        "%00",
    ),
    *("../../etc/passwd", "/etc/passwd", "~root/x", "C:\\", "\x00", "a\nb\tc", "<script>alert(1)"),
    *(
        "ä ö ü",
        "日本語",
        "🙂" * 50,
        "\u202egnorw",
        "e\u0301" * 99,
        "**b** :red[x] $x$",
        "x" * 10_000,
    ),
    *("Race and audit", "Operations", "Training seconds", "cpu", "cuda", "digits", "empirical"),
    *("sigma", "T,sigma,run,at,view", "; rm -rf /", "' OR 1=1 --", "{{7*7}}", "٣", "½", "1,5"),
)
NUMBERS = (0, -1, 1, 0.5, 10**9, 10**15, 10**400, -(10**20), 1e308, float("nan"), float("inf"))
ODD: tuple[Any, ...] = (
    *NUMBERS,
    *(
        None,
        True,
        False,
        "",
        "x",
        "NaN",
        "1",
        "ä",
        "\ud800",
        "x" * 100_000,
        "../..",
        "<b>",
        "~me/x",
    ),
    *([], {}, [[]], [None], {"1": None}, {"": ""}, [1, 2, 3], {"a": {"b": []}}, [[[[[1]]]]] * 9),
)


def made_up_link(seed: int, ids: list[str]) -> tuple[str, dict[str, str | list[str]]]:
    """A page, and what its link says.

    Args:
        seed: tells links apart.
        ids: of runs that are there.
    """
    dice = random.Random(seed)
    page = PAGES[seed % len(PAGES)]
    names = [name for one in lesson.LESSONS for name in lesson.names(one)]
    names = sorted({*names, *OTHERS, "fix", "hide"})
    own = [*METHODS, *PRESETS, *names, *ids, ",".join(ids * 9), f"{ids[0]},nope", ids[0][:-1]]

    def value() -> str:
        made = dice.choice([VALUES, own])
        return ",".join(dice.choice(made) for _ in range(dice.choice([1, 1, 1, 2, 5])))

    asked = dice.sample(names, dice.randint(1, 12)) + [dice.choice(VALUES[1:]) for _ in range(2)]
    link: dict[str, str | list[str]] = {}
    for name in asked:
        link[name[:50].strip("\x00") or "x"] = (
            [value(), value()] if dice.random() < 0.1 else value()
        )
    if dice.random() < 0.3:
        link |= {"fix": ",".join(names), "hide": value()}
    elif dice.random() < 0.3:
        link |= {"hide": ",".join(names)}
    return page, link


def damage(root: Path, seed: int) -> list[str]:
    """Spoil a folder of runs; what was done, in words for a test that fails."""
    dice, done = random.Random(seed), []
    for _ in range(dice.randint(2, 8)):
        files = sorted(path for path in root.rglob("*") if path.is_file() or path.is_symlink())
        if not files:
            break
        of_runs = [path for path in files if path.parent.parent == root and path.suffix]
        path = dice.choice(of_runs if of_runs and dice.random() < 0.7 else files)
        way = dice.choice([*WAYS, *(change_json,) * 12])
        with contextlib.suppress(OSError, ValueError, IndexError, RecursionError):  # spoiled before
            way(path, dice)
        done.append(f"{way.__name__} {path.relative_to(root)}")
    return done


def cut(path: Path, dice: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: dice.randint(0, len(content))])


def scribble(path: Path, dice: random.Random) -> None:
    path.write_bytes(dice.randbytes(dice.choice([1, 100, 5000])))


def flip_bytes(path: Path, dice: random.Random) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(20):
        if content:
            content[dice.randrange(len(content))] = dice.randrange(256)
    path.write_bytes(bytes(content))


def make_empty(path: Path, _: random.Random) -> None:
    path.write_bytes(b"")


def remove(path: Path, _: random.Random) -> None:
    path.unlink()


def remove_folder(path: Path, _: random.Random) -> None:
    shutil.rmtree(path.parent)


def make_folder(path: Path, _: random.Random) -> None:
    path.unlink()
    (path / "inside").mkdir(parents=True)


def make_loop(path: Path, _: random.Random) -> None:
    path.unlink()
    path.symlink_to(path.name)


def make_folder_a_loop(path: Path, _: random.Random) -> None:
    shutil.rmtree(path.parent)
    path.parent.symlink_to(path.parent.name)


def make_folder_a_file(path: Path, _: random.Random) -> None:
    shutil.rmtree(path.parent)
    path.parent.write_text("in the way")


def rename_folder(path: Path, dice: random.Random) -> None:
    names = ["ä ö", "a,b", "x y (copy)", "-rf", "a\nb", "x" * 200, os.fsdecode(b"\xff\xfe")]
    path.parent.rename(path.parent.with_name(dice.choice(names)))


def nest(path: Path, dice: random.Random) -> None:
    deep = dice.choice([50, 900, 100_000])
    path.write_text('{"a":' * deep + "[" * deep + "]" * deep + "}" * deep)


def fill(path: Path, _: random.Random) -> None:
    path.write_text('{"accuracy": {' + ",".join(f'"{T}": 50' for T in range(1, 50_000)) + "}}")


def swap_files(path: Path, dice: random.Random) -> None:
    other = dice.choice(sorted(path.parent.iterdir()))
    shutil.copy(other, path)


def leave_behind(path: Path, dice: random.Random) -> None:
    """What a killed training leaves."""
    name = dice.choice(["running.json", "progress.json", "error.json", "checkpoint.safetensors"])
    texts = ["{}", "[]", "x", '{"message": 3}', '{"pid": -1, "host": "x", "born": NaN}']
    (path.parent / name).write_text(dice.choice([*texts, '{"epoch": 1, "step": 1, "steps": 1e99}']))
    if dice.random() < 0.7:
        (path.parent / "result.json").unlink(missing_ok=True)


def change_json(path: Path, dice: random.Random) -> None:
    """Put something odd somewhere into a JSON file, or take something out."""
    files = sorted(file for file in path.parent.iterdir() if file.suffix in (".json", ".jsonl"))
    if not files:
        return
    file = dice.choice(files)
    lines = file.read_text().splitlines() if file.suffix == ".jsonl" else [file.read_text()]
    number = dice.randrange(len(lines))
    value = json.loads(lines[number])
    for _ in range(dice.choice([1, 1, 3])):
        value = changed(value, dice)
    lines[number] = json.dumps(value)
    file.write_text("\n".join(lines) + "\n")


def changed(value: Any, dice: random.Random) -> Any:
    """A value of JSON with one part of it replaced, left out, or added."""
    if isinstance(value, dict | list) and value and dice.random() < 0.9:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        key = dice.choice(keys)
        if dice.random() < 0.15:
            del value[key]
        else:
            value[key] = changed(value[key], dice)
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and dice.random() < 0.4:
        return dice.choice(NUMBERS)
    return copy.deepcopy(dice.choice(ODD))


WAYS = (
    *(cut, scribble, flip_bytes, make_empty, remove, remove_folder, make_folder, make_loop),
    *(make_folder_a_loop, make_folder_a_file, rename_folder, nest, fill, swap_files, leave_behind),
)
