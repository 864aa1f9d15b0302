"""What Python itself keeps students' code from, where paths are those of Windows."""

from __future__ import annotations

import os

import pytest

from snnlab.classroom.assignments.walls.guard import guard

READABLE = [r"C:\Python\Lib\os.py", r"c:\python\LIB\os.py", "C:/kit/snnlab/neuron/layer.py", "nul"]
UNREADABLE = [
    *(r"C:\kit\snnlab\classroom\judging.py", r"C:\Users\me\secret.txt", r"\\server\share\a.txt"),
    *(r"C:\Python\..\Users\a", r"C:\Python\.\a", "C:a.txt", "a.txt", "/etc/passwd", 7.5),
]


@pytest.mark.parametrize("path", READABLE)
def test_on_windows_the_guard_lets_libraries_be_read(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "devnull", "nul")
    hook = guard(r"C:\Kit", ("C:\\Python\\",), walled=False, windows=True)
    hook("open", (path, "r", 0))
    if path != "nul":
        with pytest.raises(PermissionError):
            hook("open", (path, "w", 0))


@pytest.mark.parametrize("path", UNREADABLE)
def test_on_windows_the_guard_keeps_other_files(path: object) -> None:
    hook = guard(r"C:\Kit", ("C:\\Python\\",), walled=False, windows=True)
    with pytest.raises(PermissionError):
        hook("open", (path, "r", 0))
