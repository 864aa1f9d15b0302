"""What the kernel keeps students' code from, whether or not Python notices."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import snnlab
from snnlab.classroom.assignments.walls import kernel
from snnlab.classroom.assignments.walls.confinement import without
from snnlab.classroom.assignments.walls.workplace import Cell, Job, Workplace

pytestmark = pytest.mark.skipif(kernel.landlock_version() == 0, reason="needs Linux with Landlock")

HEADER = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")

PACKAGE = Path(snnlab.__file__).parent
PROGRAM = """
import importlib.util, os, signal, sys, threading
spec = importlib.util.spec_from_file_location("kernel", {kernel!r})
kernel = importlib.util.module_from_spec(spec)
spec.loader.exec_module(kernel)
standing = kernel.raise_walls([sys.prefix, sys.base_prefix, "/lib", "/usr/lib"])
assert all(standing.values())
libc = kernel.ctypes.CDLL(None, use_errno=True)
try:
    {body}
except (PermissionError, RuntimeError) as error:
    print("refused")
else:
    print("done")
"""


def behind_walls(body: str) -> str:
    """Run a line behind the walls, without guard and limits."""
    program = PROGRAM.format(kernel=kernel.__file__, body=body)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout.strip() or done.stderr


@pytest.mark.sample(4)
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


@pytest.mark.sample(2)
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


def test_every_call_of_the_list_is_refused() -> None:
    body = (
        "column = kernel.MACHINES[os.uname().machine][0]\n"
        "    rows = [row.split() for row in kernel.REFUSED.split(';')]\n"
        "    numbers = {row[0]: row[1 + column] for row in rows}\n"
        "    for name, number in numbers.items():\n"
        "        if number != '-' and libc.syscall(int(number), -1, -1, -1, -1, -1, -1) != -1:\n"
        "            print(name)\n"
        "        elif number != '-' and kernel.ctypes.get_errno() != 1:\n"
        "            print(name, kernel.ctypes.get_errno())"
    )
    assert behind_walls(body) == "done"


@pytest.mark.skipif(not HEADER.is_file(), reason="needs the headers of the C library")
def test_the_numbers_are_those_of_the_system() -> None:
    defined = dict(re.findall(r"#define __NR_(\w+) (\d+)", HEADER.read_text()))
    table = {row.split()[0]: row.split()[1] for row in kernel.REFUSED.split(";")}
    for name, number in table.items():
        assert number == defined.get(name, number), name
    for name, numbers in kernel.ON_ITSELF.items():
        assert str(numbers[0]) == defined[name]


@pytest.mark.sample(1)
@pytest.mark.parametrize("field", ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"])
def test_root_keeps_no_capabilities(field: str) -> None:
    body = "mine = open(f'/proc/{os.getpid()}/status')\n    print(mine.read())"
    program = PROGRAM.format(kernel=kernel.__file__, body=body).replace(
        "sys.prefix,", "sys.prefix, '/proc',"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    (line,) = [line for line in done.stdout.splitlines() if line.startswith(field)]
    assert int(line.split()[1], 16) == 0


WITHOUT = """
import errno, sys
sys.path.insert(0, {place!r})
from snnlab.classroom.assignments.walls import kernel
kernel.REFUSED = {refused!r}
kernel.ON_ITSELF, kernel.CLONE3, kernel.only_if = {{}}, kernel.CLONE3, lambda *a: []
libc = kernel.ctypes.CDLL(None)
assert libc.prctl(kernel.NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0
assert kernel.bound_calls(libc)
from snnlab.classroom.assignments.walls.workplace import NoWalls, Workplace
try:
    Workplace(walls=True).close()
except NoWalls as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("refused", "lacking"),
    [
        ("landlock_create_ruleset 444 444", "files, reading files, writing files"),
        ("seccomp 317 277", "calls, starting processes"),
    ],
)
def test_grading_stops_where_a_wall_is_missing(refused: str, lacking: str) -> None:
    """On a system whose kernel refuses to raise it, made here by another filter."""
    place = str(PACKAGE.parent)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(place=place, refused=refused)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert f"Not walled off: {lacking}" in done.stdout, done.stderr
    assert "--without-walls" in done.stdout


def test_what_is_hidden_is_left_out_of_what_may_be_read(tmp_path: Path) -> None:
    hidden = tmp_path / "lib" / "package" / "hidden"
    hidden.mkdir(parents=True)
    (tmp_path / "lib" / "package" / "shown").mkdir()
    (tmp_path / "lib" / "other.py").touch()
    found = set(without(str(hidden), str(tmp_path / "lib")))
    assert found == {str(tmp_path / "lib" / "other.py"), str(tmp_path / "lib/package/shown")}


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


@pytest.mark.sample(2)
@pytest.mark.parametrize("way", WAYS)
def test_ways_around_the_guard_are_closed(way: str, workplace: Workplace) -> None:
    place = str(PACKAGE / "classroom" / "assignments")
    given = f"import os\nPLACE = {place!r}\n"
    source = f"{given}def answer(x):\n    {WAYS[way]}\n    return 1"
    job = Job([Cell(source)], {"answer": [(4,)]}, {"answer": 3.0})
    error = workplace.reports(job)["answer"].outcomes[0].error
    assert error is not None
    assert {"PermissionError", "ImportError"} & set(error.kinds)


def test_torch_reads_and_writes_no_files_of_others(tmp_path: Path, workplace: Workplace) -> None:
    file = tmp_path / "grades"
    file.write_bytes(b"a" * 100)
    source = (
        "import torch\ndef {name}(path):\n"
        "    return torch.from_file(path, shared={shared}, size=100, dtype=torch.uint8).fill_(66)"
    )
    cells = [Cell(source.format(name=name, shared=name == "write")) for name in ("read", "write")]
    calls = {"read": [(str(file),)], "write": [(str(file),)]}
    reports = workplace.reports(Job(cells, calls, {"read": 3.0, "write": 3.0}))
    assert all(report.outcomes[0].error is not None for report in reports.values())
    assert file.read_bytes() == b"a" * 100


INSTALLED = """
import os, sys
sys.path.insert(0, {place!r})
from snnlab.classroom.assignments.walls import confinement
found = confinement.libraries() | {{{place!r}}}
confinement.libraries = lambda: found
assert all(confinement.shut_in({place!r}, 20, 500).values())
open({place!r} + "/snnlab/neuron/spec.py").close()
print(sorted(os.listdir({place!r} + "/snnlab"))[0])
for path in ("/snnlab/classroom/checking.py", "/snnlab/classroom/assignments/a1_neuron.py"):
    try:
        open({place!r} + path)
    except PermissionError:
        print("refused")
"""


def test_right_results_stay_hidden_where_the_package_is_among_the_libraries() -> None:
    """As it is in the container, where pip has put it beside NumPy."""
    place = str(PACKAGE.parent)
    done = subprocess.run(
        [sys.executable, "-c", INSTALLED.format(place=place)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.split() == ["__init__.py", "refused", "refused"], done.stderr


def test_the_right_results_cannot_be_read(workplace: Workplace) -> None:
    """Not by machine code either, which asks no hook of Python: torch reads files itself."""
    file = PACKAGE / "classroom" / "assignments" / "a1_neuron.py"
    source = "import torch\ndef answer(path):\n    return torch.from_file(path, size=9).sum()"
    job = Job([Cell(source)], {"answer": [(str(file),), (torch.__file__,)]}, {"answer": 3.0})
    error = workplace.reports(job)["answer"].outcomes[0].error
    assert error is not None
    assert "Permission denied" in error.message or "not permitted" in error.message
