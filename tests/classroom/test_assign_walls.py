"""What the kernel keeps students' code from, whether or not Python notices."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from snnlab.classroom.assignments import isolation, walls
from snnlab.classroom.assignments.isolation import Job, run_apart
from snnlab.classroom.assignments.task import COURSE_SEED

pytestmark = pytest.mark.skipif(walls.landlock_version() == 0, reason="needs Linux with Landlock")

PROGRAM = """
import importlib.util, os, signal, sys, threading
spec = importlib.util.spec_from_file_location("walls", {walls!r})
walls = importlib.util.module_from_spec(spec)
spec.loader.exec_module(walls)
assert walls.raise_walls([sys.prefix, sys.base_prefix, "/lib", "/usr/lib"])
try:
    {body}
except (PermissionError, RuntimeError) as error:
    print("refused")
else:
    print("done")
"""


def behind_walls(body: str) -> str:
    """Run a line behind the walls, without guard and limits."""
    program = PROGRAM.format(walls=walls.__file__, body=body)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout.strip() or done.stderr


@pytest.mark.parametrize(
    "body",
    [
        "open('/etc/passwd')",
        "open(f'/proc/{os.getppid()}/environ')",
        "os.listdir(f'/proc/{os.getppid()}/fd')",
        "open('/tmp/written', 'w')",
        "os.mkfifo('/tmp/fifo')",
        "os.mkdir('/tmp/folder')",
        "os.chmod('/tmp', 0o777)",
        "os.utime('/tmp')",
        "os.fork()",
        "os.execv('/bin/true', ['true'])",
        "os.kill(os.getppid(), 0)",
        "os.pidfd_open(os.getppid())",
        "os.memfd_create('memory')",
        "os.setsid()",
        "os.sched_setaffinity(0, {0})",
        "__import__('resource').prlimit(os.getppid(), 0)",
        "__import__('socket').socket()",
        "__import__('_posixshmem').shm_open('/shared', os.O_CREAT | os.O_RDWR, mode=0o600)",
    ],
)
def test_what_reaches_beyond_the_process_is_refused(body: str) -> None:
    assert behind_walls(body) == "refused"


@pytest.mark.parametrize(
    "body",
    [
        "open(os.__file__).read()",
        "import decimal",
        "threading.Thread(target=int).start()",
        "os.kill(os.getpid(), 0)",
        "open(os.devnull, 'w').write('x')",
    ],
)
def test_what_a_function_needs_is_there(body: str) -> None:
    assert behind_walls(body) == "done"


WAYS = {
    "a patched guard": "import __main__\n    __main__.FORBIDDEN = ('x',)\n    os.system('true')",
    "patched builtins": (
        "import builtins\n    kind = builtins.type\n    builtins.type = lambda *a: int\n"
        "    try: open('/etc/passwd')\n    finally: builtins.type = kind"
    ),
    "a program": "import subprocess\n    subprocess.run(['true'])",
    "compiled code": (
        "import cffi\n    f = cffi.FFI()\n    f.cdef('int open(const char *, int);')\n"
        "    secret = f'/proc/{os.getppid()}/environ'.encode()\n"
        "    if f.dlopen(None).open(secret, 0) < 0: raise PermissionError"
    ),
    "a forged module": (
        "import importlib.machinery as m\n"
        "    m.SourceFileLoader('x', PLACE + '/a1_neuron.py').load_module()"
    ),
    "a full disk": "open('big', 'wb')",
    "the grader": "import signal\n    signal.pidfd_send_signal(os.pidfd_open(os.getppid()), 9)",
    "the folders of others": "os.listdir(f'/proc/{os.getppid()}/cwd')",
}


@pytest.mark.parametrize("way", WAYS)
def test_ways_around_the_guard_are_closed(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(COURSE_SEED, "secret")
    place = str(Path(isolation.__file__).parent)
    given = f"import os\nPLACE = {place!r}\n"
    source = f"{given}def answer(x):\n    {WAYS[way]}\n    return 1"
    error = run_apart(Job([source], "answer", [(4,)], seconds=3.0)).replies[0].error
    assert error is not None
    assert {"PermissionError", "ImportError"} & set(error.kinds)


@pytest.mark.slow
def test_torch_reads_and_writes_no_files_of_others(tmp_path: Path) -> None:
    file = tmp_path / "grades"
    file.write_bytes(b"a" * 100)
    source = (
        "import torch\ndef answer(path, shared):\n"
        "    return torch.from_file(path, shared=shared, size=100, dtype=torch.uint8).fill_(66)"
    )
    calls = [(str(file), True), (str(file), False)]
    replies = run_apart(Job([source], "answer", calls, library=True)).replies
    assert [reply.error is not None for reply in replies] == [True, True]
    assert file.read_bytes() == b"a" * 100


def test_code_that_sleeps_is_given_up_soon() -> None:
    start = time.monotonic()
    report = run_apart(Job(["import time\ntime.sleep(10**6)"], "answer", [(4,)], seconds=0.5))
    assert report.ended == "time"
    assert time.monotonic() - start < 30
