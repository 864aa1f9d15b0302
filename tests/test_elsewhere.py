"""What students run works on other systems, in other folders, and from a wheel.

`tests/elsewhere/sitecustomize.py` makes a Python that looks to snnlab like one on Windows or macOS.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from snnlab.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
SYSTEMS = ("win32", "darwin")
ODD = "a\\b ü 'x'"
"""A name of a folder with all that makes trouble in paths."""
SNNLAB = "import sys; from snnlab.cli import main; sys.exit(main())"
QUICK_TRAINING = (
    *("train", "--training.epochs", "1", "--model.name", "mlp", "--model.width", "16"),
    *("--timesteps", "2", "--conversion-timesteps", "2", "--data.train-size", "200"),
)
NOTEBOOK = ROOT / "notebooks" / "assignments" / "release" / "a1_neuron" / "a1_neuron.ipynb"
PLAIN_C = {"PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
"""A system without any letters but English ones."""


class Python(NamedTuple):
    """A Python on a machine of a student, and the folder in which it runs."""

    program: str
    folder: Path
    environment: dict[str, str]

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[bytes]:
        """Run it until it ends."""
        return subprocess.run(
            [self.program, *arguments],
            cwd=self.folder,
            env=self.environment | more,
            capture_output=True,
        )

    def code(self, text: str) -> str:
        """What a program prints; it must not fail."""
        done = self.run("-c", text)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def snnlab(self, *arguments: str, **more: str) -> str:
        """What a command prints; it must not fail."""
        done = self.run("-c", SNNLAB, *arguments, **more)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    folder = tmp_path / ODD
    folder.mkdir()
    return folder


@pytest.fixture
def here(odd: Path) -> Python:
    """A Python of this checkout, on this system."""
    return Python(sys.executable, odd, os.environ | {"PYTHONPATH": str(ROOT), "HOME": str(odd)})


@pytest.fixture(params=SYSTEMS)
def laptop(here: Python, request: pytest.FixtureRequest) -> Python:
    """A Python of this checkout on another system."""
    paths = os.pathsep.join([str(ROOT / "tests" / "elsewhere"), str(ROOT)])
    seen = {"PYTHONPATH": paths, "SNNLAB_TEST_SYSTEM": request.param}
    return here._replace(environment=here.environment | seen)


@pytest.fixture
def installed(wheel: Path, odd: Path, tmp_path: Path) -> Python:
    """A Python with the wheel and the packages of this one, in a folder that is no checkout."""
    place = tmp_path / "some where"
    venv.create(place, symlinks=True)
    (packages,) = place.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    others = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "others.pth").write_text("\n".join(others), encoding="utf-8")
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return Python(str(place / "bin" / "python"), odd, bare | {"HOME": str(odd)})


@contextmanager
def serving(python: Python, command: str, *arguments: str, port: str) -> Iterator[int]:
    """A server of `snnlab app` or `snnlab lab`, from its first answer on."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    log = python.folder.parent / "log"
    words = [python.program, "-c", SNNLAB, command, *arguments, "--no-browser", port, str(number)]
    with log.open("wb") as out:
        server = subprocess.Popen(
            words, cwd=python.folder, env=python.environment, stdout=out, stderr=out
        )
    try:
        while not answer(number, "/"):
            assert server.poll() is None, log.read_text(encoding="utf-8", errors="replace")
            time.sleep(0.2)
        yield number
    finally:
        server.terminate()
        server.wait()


def answer(port: int, path: str) -> bytes:
    """What a server of this machine answers; nothing, as long as it does not."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as found:
            return bytes(found.read())
    except OSError:
        return b""


LOOKING = """
import os, signal, sys
found = [sys.platform, hasattr(os, "fork"), hasattr(os, "sched_getaffinity")]
found.append(hasattr(signal, "SIGKILL"))
try:
    import fcntl
    found.append(True)
except ImportError:
    found.append(False)
"""


def test_snnlab_is_shown_another_system(laptop: Python) -> None:
    """Else the other tests here would test nothing."""
    file = laptop.folder / "snnlab" / "looking.py"
    file.parent.mkdir()
    file.write_text(LOOKING, encoding="utf-8")
    found = laptop.code(f"import runpy; print(runpy.run_path({str(file)!r})['found'])")
    system = laptop.environment["SNNLAB_TEST_SYSTEM"]
    posix = system == "darwin"
    assert found.strip() == str([system, posix, False, posix, posix])


def test_a_command_needs_no_posix(laptop: Python) -> None:
    assert "no runs in" in laptop.snnlab("list")


IMPORTS = """
import importlib, pkgutil, snnlab
for found in pkgutil.walk_packages(snnlab.__path__, "snnlab."):
    if not found.name.endswith("__main__"):
        importlib.import_module(found.name)
"""


@pytest.mark.slow
def test_every_module_can_be_imported(laptop: Python) -> None:
    laptop.code(IMPORTS)


@pytest.mark.slow
def test_training_and_demo_run(laptop: Python) -> None:
    entry = json.loads(laptop.snnlab(*QUICK_TRAINING, "--json"))
    assert (laptop.folder / "runs" / entry["id"] / "result.json").is_file()
    said = laptop.snnlab("demo", "--preset", "digits-mlp", "--seeds", "1", "--timesteps", "2")
    assert str(laptop.folder / "runs") in said
    assert (laptop.folder / "runs" / "demo" / "accuracy_vs_timesteps.png").is_file()


SPAWNED = """
from dataclasses import replace
from pathlib import Path
from snnlab.jobs.local_pool import LocalPool
from snnlab.jobs.places import Place
from snnlab.jobs.pool import job_of
from snnlab.runs.presets import PRESETS

config = PRESETS["digits-mlp"]
config = replace(config, training=replace(config.training, epochs=1), timesteps=2)
pool = LocalPool([Place()])
task = pool.start(job_of(config, Path("runs").resolve()), pool.places[0])
while task.outcome is None:
    pool.wait(1)
pool.close()
print(pool.method, task.outcome.status)
"""


@pytest.mark.slow
def test_a_job_is_spawned_by_a_script_without_a_guard(laptop: Python) -> None:
    (laptop.folder / "my script.py").write_text(SPAWNED, encoding="utf-8")
    done = laptop.run("my script.py")
    assert done.stdout.decode().split() == ["spawn", "finished"], done.stderr.decode()
    assert len(list(laptop.folder.glob("runs/*/result.json"))) == 1


CHECKED = """
import os
from snnlab.classroom.assignments.walls import workplace
from snnlab.cli import main

bare, seen = workplace.bare_environment, ("PYTHONPATH", "SNNLAB_TEST_SYSTEM")
workplace.bare_environment = lambda folder: bare(folder) | {name: os.environ[name] for name in seen}
raise SystemExit(main(["assign", "check", "my answer.ipynb", "--json"]))
"""


@pytest.mark.slow
def test_an_assignment_is_checked(laptop: Python) -> None:
    book = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    for cell in book["cells"]:
        if "def fire(" in "".join(cell["source"]):
            cell["source"] = "def fire(h, v_th):\n    return 1.0 * (h >= v_th)"
    (laptop.folder / "my answer.ipynb").write_text(json.dumps(book), encoding="utf-8")
    (check,) = json.loads(laptop.code(CHECKED))["checks"]
    passed = {task["task"]: task["passed"] for task in check["tasks"]}
    assert passed == {"charge": False, "fire": True, "reset": False, "trace": False}


def test_grading_says_at_once_that_it_needs_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    from snnlab.classroom.assignments.walls import kernel, workplace

    monkeypatch.setattr(kernel, "has_walls", lambda: False)
    with pytest.raises(workplace.NoWalls, match=r"It takes Linux 5\.13 .* Windows and macOS too"):
        workplace.Workplace(walls=True)


@pytest.mark.slow
def test_the_dashboard_is_served_to_this_machine(laptop: Python) -> None:
    with serving(laptop, "app", port="--server.port") as port:
        assert b"<title>" in answer(port, "/")
        assert answer(port, "/_stcore/health") == b"ok"


WITHOUT_QUESTIONS = ("--allow-root", "--IdentityProvider.token=")


@pytest.mark.slow
def test_the_course_is_served(laptop: Python) -> None:
    with serving(laptop, "lab", "my course", *WITHOUT_QUESTIONS, port="--port") as port:
        names = {entry["name"] for entry in json.loads(answer(port, "/api/contents"))["content"]}
    assert {"00_quickstart.ipynb", "README.md"} <= names


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("cp1252", "sigma >= -½ ü ?"),
        ("ascii", "sigma >= -12 u ?"),
        ("cp437", "σ ≥ -½ ü ?"),
        ("utf-8", "σ ≥ −½ ü 中"),
    ],
)
def test_signs_that_a_file_cannot_hold_are_in_letters(
    here: Python, encoding: str, written: str
) -> None:
    text = "from snnlab.cli.plain_signs import write_plainly as w; w(); print('σ ≥ −½ ü 中')"
    done = here.run("-c", text, PYTHONIOENCODING=encoding)
    assert done.stdout.decode(encoding).strip() == written, done.stderr.decode()


@pytest.mark.slow
@pytest.mark.sample(3)
@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits_any_encoding(here: Python, command: str) -> None:
    assert here.snnlab(command, "--help", **PLAIN_C).isascii()
    done = here.run("-c", SNNLAB, command, "--help", PYTHONIOENCODING="cp1252")
    assert f"snnlab {command}" in done.stdout.decode("cp1252")


@pytest.mark.slow
@pytest.mark.parametrize("environment", [PLAIN_C, {"PYTHONIOENCODING": "cp1252"}])
def test_training_answers_in_any_encoding(here: Python, environment: dict[str, str]) -> None:
    runs = here.folder / "Läufe \\ 'x'"
    assert "finished" in here.snnlab(*QUICK_TRAINING, "--runs", str(runs), **environment)


@pytest.mark.slow
def test_a_wheel_works_from_any_folder(installed: Python) -> None:
    assert "some where" in installed.code("import snnlab; print(snnlab.__file__)")
    said = installed.snnlab("demo", "--preset", "digits-mlp", "--seeds", "1", "--timesteps", "2")
    assert f"All of it lies in {installed.folder / 'runs'}" in said
    with serving(installed, "app", port="--server.port") as port:
        assert answer(port, "/_stcore/health") == b"ok"
    with serving(installed, "lab", *WITHOUT_QUESTIONS, port="--port") as port:
        assert b"The spiking neuron" in answer(port, "/api/contents/01_spiking_neuron.ipynb")
    laid = {file.name for file in (installed.folder / "snnlab-course").glob("*.*")}
    assert laid >= {file.name for file in (ROOT / "notebooks").glob("*.ipynb")}


LAY = """
from pathlib import Path
from snnlab.classroom.brought import home
from snnlab.classroom.course_copy import lay_course
lay_course(home() / "notebooks", Path("course"))
"""


@pytest.mark.slow
def test_a_notebook_of_the_laid_course_runs(installed: Python) -> None:
    installed.code(LAY)
    words = ("-m", "nbconvert", "--execute", "--to", "notebook", "--stdout")
    done = installed.run(*words, "course/01_spiking_neuron.ipynb")
    assert done.returncode == 0, done.stderr.decode()


def test_an_installation_without_the_course_says_so(odd: Path) -> None:
    """The library in the archive that students of a class get."""
    shutil.copytree(ROOT / "snnlab", odd / "snnlab", ignore=shutil.ignore_patterns("__pycache__"))
    done = Python(sys.executable, odd, os.environ | {"PYTHONPATH": str(odd)}).run(
        "-c", SNNLAB, "lab"
    )
    assert done.returncode == 2
    said = done.stderr.decode()
    assert re.fullmatch(r"snnlab: the snnlab in .* came without course and dashboard; .*\n", said)
