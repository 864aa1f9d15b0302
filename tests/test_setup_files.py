"""The files around the code agree with each other and do what they say."""

from __future__ import annotations

import ast
import importlib
import os
import re
import runpy
import shutil
import socket
import subprocess
import sys
import tarfile
import tomllib
import urllib.request
import zipfile
from importlib.metadata import packages_distributions
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from snnlab.classroom.brought import FOLDER, files
from tests.conftest import left_out

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
PYTHONS = SpecifierSet(PROJECT["requires-python"])
EXTRAS = {"bench": "bench", "classroom": "classroom", "exchange": "exchange", "jobs": "cluster"}
"""Rooms that may import what only an extra installs."""
WITH_TORCH = {"triton"}  # PyTorch brings it where it can be used; our code does without

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with a space in its name that holds only the Makefile and pyproject.toml."""
    folder = tmp_path / "a clone"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    return folder


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make in a folder, free of the settings of a make that runs the tests."""
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))
    }
    return subprocess.run(
        ["make", *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )


def executable(file: Path, text: str) -> Path:
    """Write a program that can be run."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    file.chmod(0o755)
    return file


def requirements(lines: list[str]) -> set[str]:
    """The names of the packages in a list of requirements."""
    return {canonicalize_name(Requirement(line).name) for line in lines}


def test_conda_environment_agrees_with_pyproject() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    packages = [line for line in environment["dependencies"] if isinstance(line, str)]
    (by_pip,) = [line["pip"] for line in environment["dependencies"] if isinstance(line, dict)]
    (python,) = [Requirement(line) for line in packages if line.startswith("python")]
    (extra,) = re.findall(r"^-e \.\[(\w+)\]$", "\n".join(by_pip), re.MULTILINE)
    assert environment["name"] == PROJECT["name"]
    assert python.specifier == PYTHONS
    assert "pip" in packages
    assert extra in PROJECT["optional-dependencies"]


def test_every_dependency_has_a_lowest_version_that_make_test_lowest_can_install() -> None:
    """A `>=` each, so that the lowest versions are those that somebody has chosen."""
    extras = PROJECT["optional-dependencies"]
    for line in [*PROJECT["dependencies"], *(need for extra in extras.values() for need in extra)]:
        need = Requirement(line)
        floors = [limit for limit in need.specifier if limit.operator in (">=", "==", "~=")]
        assert len(floors) == (need.name != PROJECT["name"]), line
    (itself,) = [need for line in extras["dev"] if (need := Requirement(line)).name == "snnlab"]
    assert itself.extras == set(extras) - {"dev"}


def test_a_name_stays_the_function_when_its_module_was_imported_first() -> None:
    """Older versions of lazy-loader gave the module then."""
    ask = "import snnlab.classroom.preset; from snnlab.classroom import preset; preset()"
    subprocess.run([sys.executable, "-c", ask], cwd=ROOT, check=True)


def test_the_citation_agrees_with_pyproject_and_invents_nothing() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] == "software"
    assert citation["title"] == PROJECT["name"]
    assert citation["abstract"] == PROJECT["description"]
    assert citation["license"] == PROJECT["license"]
    assert citation["keywords"] == PROJECT["keywords"]
    assert citation["version"] == importlib.import_module("snnlab").__version__
    assert citation["authors"] == PROJECT["authors"]
    (paper,) = citation["references"]
    assert paper == {
        "type": "article",
        "title": "A noise-based novel strategy for faster SNN training",
        "authors": [{"family-names": "Jiang"}, {"family-names": "Zhang"}],
        "journal": "Neural Computation",
        "year": 2023,
        "url": "https://arxiv.org/abs/2211.05453",
    }
    assert set(citation) == {
        *("cff-version", "message", "type", "title", "abstract", "version", "license"),
        *("authors", "keywords", "references"),
    }


@pytest.mark.slow
def test_every_imported_package_is_declared() -> None:
    declared = requirements(PROJECT["dependencies"])
    extras = {
        room: requirements(PROJECT["optional-dependencies"][extra])
        for room, extra in EXTRAS.items()
    }
    distributions = packages_distributions()
    undeclared = []
    for file in sorted((ROOT / "snnlab").rglob("*.py")):
        room = file.relative_to(ROOT / "snnlab").parts[0]
        allowed = declared | WITH_TORCH | extras.get(room, set())
        for name in top_level_imports(file) - {"snnlab", *sys.stdlib_module_names}:
            owners = {canonicalize_name(owner) for owner in distributions.get(name, [name])}
            if not owners & allowed:
                undeclared.append(f"{file.relative_to(ROOT)} imports {name}")
    assert not undeclared, "\n".join(["not in pyproject.toml:", *undeclared])


def top_level_imports(file: Path) -> set[str]:
    """The packages that a file imports by an absolute name, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Import():
                names |= {alias.name.split(".")[0] for alias in node.names}
            case ast.ImportFrom(module=str(module), level=0):
                names.add(module.split(".")[0])
    return names


def test_the_command_is_there() -> None:
    module, function = PROJECT["scripts"]["snnlab"].split(":")
    assert callable(getattr(importlib.import_module(module), function))


def files_below(folder: Path) -> set[str]:
    """Paths of its files, but for what Python compiled."""
    return {
        file.relative_to(folder).as_posix()
        for file in folder.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


def test_the_wheel_ships_everything_in_the_package_and_the_course(wheel: Path) -> None:
    """The indexes of the rooms (.pyi) are read when a room is imported: none may be missing."""
    with zipfile.ZipFile(wheel) as archive:
        shipped = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert "snnlab/py.typed" in shipped
    ours = {f"snnlab/{name}" for name in files_below(ROOT / "snnlab")}
    course = {f"notebooks/{file.name}" for file in (ROOT / "notebooks").glob("*.*") if file.suffix}
    course |= {f"notebooks/.jupyter/{name}" for name in files_below(ROOT / "notebooks/.jupyter")}
    brought = course | {"app.py", ".streamlit/config.toml"}
    assert len(course) > 12
    assert shipped == ours | {f"snnlab/{FOLDER}/{name}" for name in brought}
    assert wheel.stat().st_size < 6 * 2**20


def test_a_checkout_is_installed_without_copies_of_the_course() -> None:
    hook = runpy.run_path(str(ROOT / "hatch_build.py"))["BringTheCourse"]
    for version, brought in (("editable", 0), ("standard", len(list(files(ROOT))))):
        data: dict[str, dict[str, str]] = {"force_include": {}}
        hook(str(ROOT), {}, None, None, "", "wheel").initialize(version, data)
        assert len(data["force_include"]) == brought


def test_the_source_distribution_holds_what_its_wheel_needs(tmp_path: Path) -> None:
    build = "import hatchling.build, sys; hatchling.build.build_sdist(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(tmp_path)], cwd=ROOT, check=True)
    (packed,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(packed) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {file.relative_to(ROOT).as_posix() for file in files(ROOT)}
    assert names >= wanted | {"hatch_build.py", "pyproject.toml", "LICENSE"}
    assert not [name for name in names if name.startswith("notebooks/assignments")]


@needs_make
def test_make_alone_lists_every_target(clone: Path) -> None:
    listed = re.findall(r"^  make (\S+) +\S", make(clone).stdout, re.MULTILINE)
    (phony,) = re.findall(r"^\.PHONY: (.*)$", (clone / "Makefile").read_text(), re.MULTILINE)
    assert listed == phony.split()


@needs_make
@pytest.mark.parametrize("version", ["3.10.13", "3.11.0", "3.13.9", "3.14.0"])
def test_make_refuses_the_pythons_that_pyproject_refuses(clone: Path, version: str) -> None:
    """A stand-in for Python reports a version, and refuses to do more than that."""
    numbers = tuple(int(number) for number in version.split("."))
    answers = (
        f"import sys; sys.version_info = {numbers}; asked = sys.argv[1:]\n"
        f"if asked[0] == '--version': print('Python {version}')\n"
        "elif asked[0] == '-c': exec(asked[1])\n"
        "else: sys.exit('the stand-in was asked for: ' + ' '.join(asked))\n"
    )
    script = executable(clone / "answers.py", answers)
    stand_in = executable(
        clone / "bin" / "python", f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n'
    )
    result = make(clone, "env", f"PYTHON={stand_in}")
    assert result.returncode != 0
    if version in PYTHONS:
        assert "the stand-in was asked for: -m venv" in result.stderr
    else:
        assert f"snnlab needs Python 3.11 to 3.13; {stand_in} is: Python {version}" in result.stderr
        assert not (clone / ".venv").exists()


@needs_make
def test_make_says_that_python_is_absent(clone: Path) -> None:
    result = make(clone, "env", "PYTHON=no-such-python")
    assert result.returncode != 0
    assert "snnlab needs Python 3.11 to 3.13; no-such-python is:" in result.stderr


@needs_make
def test_the_environment_is_stale_once_pyproject_is_newer(clone: Path) -> None:
    ready = executable(clone / ".venv" / ".ready", "")
    written = (clone / "pyproject.toml").stat().st_mtime
    os.utime(ready, (written + 10, written + 10))
    assert make(clone, "--question", ".venv/.ready").returncode == 0
    os.utime(ready, (written - 10, written - 10))
    assert make(clone, "--question", ".venv/.ready").returncode == 1


@needs_make
@pytest.mark.skipif(
    Path("/proc/driver/nvidia/version").exists() or sys.platform != "linux",
    reason="the choice is made on Linux, by this file",
)
@pytest.mark.parametrize(
    ("target", "smi", "asked_for", "reached", "installed"),
    [
        ("env", 1, "", True, "cpu .[dev]"),
        ("demo", 1, "", True, "cpu ."),
        ("env", 1, "", False, "any .[dev]"),
        ("env", 0, "", True, "any .[dev]"),
        ("env", 1, "cu128", True, "cu128 .[dev]"),
    ],
    ids=["no GPU", "the course alone", "no CPU index", "a GPU", "asked for"],
)
def test_make_takes_the_small_torch_where_no_gpu_is_and_its_index_answers(
    clone: Path,
    monkeypatch: pytest.MonkeyPatch,
    target: str,
    smi: int,
    asked_for: str,
    reached: bool,
    installed: str,
) -> None:
    """With stand-ins for nvidia-smi and for the Python of the environment, which runs uv."""
    python = f"""#!/bin/sh
case "$*" in
*--dry-run*--torch-backend=cpu*torch)
    echo "$UV_HTTP_RETRIES" >>asked
    exit {int(not reached)} ;;
"-m uv pip install"*)
    for what; do :; done
    echo "${{UV_TORCH_BACKEND:-any}} $what" >>installed ;;
esac
"""
    executable(clone / ".venv" / "bin" / "python", python)
    executable(clone / ".venv" / "bin" / "snnlab", "#!/bin/sh\n")
    executable(clone / "bin" / "nvidia-smi", f"#!/bin/sh\nexit {smi}\n")
    monkeypatch.setenv("PATH", f"{clone / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("UV_TORCH_BACKEND", asked_for)
    done = make(clone, target)
    assert done.returncode == 0, done.stderr
    assert (clone / "installed").read_text().split("\n") == [installed, ""]
    choosing = smi and not asked_for
    assert (clone / "asked").exists() == choosing
    assert not choosing or (clone / "asked").read_text() == "0\n"  # no retries
    assert ("out of reach" in done.stdout) == (not reached)
    assert make(clone, "--question", ".venv/.course").returncode == 0
    assert make(clone, "--question", ".venv/.ready").returncode == (target != "env")


@needs_make
def test_clean_spares_the_runs(clone: Path) -> None:
    kept = executable(clone / "runs" / "demo" / "__pycache__" / "result.json", "{}")
    removed = [
        executable(clone / name / "file", "")
        for name in (".venv", ".venv-lowest", "dist", "snnlab/__pycache__")
    ]
    assert make(clone, "clean").returncode == 0
    assert kept.exists()
    assert not any(file.parent.exists() for file in removed)


@needs_make
@pytest.mark.parametrize(
    ("target", "opened", "words"),
    [
        ("app", "app.py", ["/snnlab app"]),
        ("docs", "docs/reference/build.py", ["docs/reference/build.py build/docs"]),
        ("lab", "notebooks/README.md", ["/snnlab lab"]),
    ],
)
def test_a_target_opens_what_is_there(
    clone: Path, target: str, opened: str, words: list[str]
) -> None:
    executable(clone / ".venv" / ".ready", "")
    said = make(clone, "--dry-run", target).stdout
    assert (ROOT / opened).is_file()
    assert all(word in said for word in words), said


@pytest.mark.parametrize("failing", [None, "test", "lint"])
def test_ci_runs_the_tests_and_the_checks(clone: Path, failing: str | None) -> None:
    """With a stand-in for make that writes down what it was asked for."""
    script = executable(clone / ".ci" / "run", (ROOT / ".ci" / "run").read_text(encoding="utf-8"))
    executable(clone / "bin" / "make", f'#!/bin/sh\necho "$1" >>asked\n[ "$1" != "{failing}" ]\n')
    path = f"{clone / 'bin'}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(
        [str(script)],
        env={**os.environ, "PATH": path, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
    )
    asked = (clone / "asked").read_text(encoding="utf-8").split()
    assert asked == (["test"] if failing == "test" else ["test", "lint"])
    assert (result.returncode == 0) == (failing is None)
    assert ("ci: FAILED" in result.stderr) == (failing is not None)
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


@pytest.mark.parametrize(("of", "count"), [(1, 1), (2, 3), (7, 1), (7, 2), (74, 4), (10, 10)])
def test_a_sample_has_as_many_cases_as_asked_for_and_the_first(of: int, count: int) -> None:
    cases = list(range(of))
    kept = [case for case in cases if case not in left_out(cases, count)]
    assert kept[0] == 0
    assert len(kept) == min(of, count)
    gaps = {after - before for before, after in pairwise([*kept, of])}
    assert max(gaps) - min(gaps) <= 1  # evenly spread


@pytest.mark.parametrize("address", ["http://example.org/", "http://192.0.2.1:9/"])
def test_no_network_refuses_other_machines(no_network: list[str], address: str) -> None:
    with pytest.raises(OSError, match="offline"):
        urllib.request.urlopen(address)
    assert no_network == [address.split("/")[2].split(":")[0]]


def test_no_network_lets_this_machine_talk_to_itself(no_network: list[str]) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
        server.accept()[0] as connection,
    ):
        client.sendall(b"x")
        assert connection.recv(1) == b"x"
    assert no_network == []
