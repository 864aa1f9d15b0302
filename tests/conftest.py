"""What every test may rely on: one thread, a fixed global seed, no screen, and three fixtures.

`@pytest.mark.sample(n)` on a parametrized test: n of its cases, always the same, are quick, and
the others count as slow.

`--sample`, as `make test` has it: of the tests of each file a quarter, always the same, unless
somebody names tests by file or with -k. `make test-all` runs all tests and all cases.

`@pytest.mark.gpu`: needs a CUDA GPU, and is skipped with a reason where there is none.

`shared_data` is a folder with real data sets, or the test is skipped. `no_network` unplugs
the network and lists who tried to use it. `wheel` is the wheel of this checkout.
"""

from __future__ import annotations

import math
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

# Before torch and numpy load: sums must not depend on the number of cores, and the tests run
# in several processes at once. Programs that a test starts inherit both settings.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import pytest
import torch
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
SLOW_TIMEOUT = 1800  # seconds for one test marked slow
ON_GPU_FIRST = ("neuron", "learning", "runs")  # rooms whose tests `make test-gpu` runs first
SAMPLE = 1 / 4  # of the quick tests of a file

# The same examples in every run, so that a failure always comes from a change of the code.
# Look for new ones with: pytest --hypothesis-profile=explore
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile("steady")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option of `make test`."""
    parser.addoption("--sample", action="store_true", help="run a quarter of each file's tests")


def pytest_configure(config: pytest.Config) -> None:
    """One thread for torch, whatever the environment says; who names tests gets all of them."""
    torch.set_num_threads(1)
    in_general = config.ArgsSource.TESTPATHS, config.ArgsSource.INVOCATION_DIR
    named = config.option.keyword or config.args_source not in in_general
    if named and not hasattr(config, "workerinput"):  # a worker is told by the first process
        config.option.sample = False


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Iterator[None]:
    """Sample families of cases, skip what needs a GPU, give slow tests more time; then sample."""
    for cases in families(items, lambda item: item.nodeid.split("[")[0]):
        if sample := cases[0].get_closest_marker("sample"):
            for item in left_out(cases, *sample.args):
                item.add_marker(pytest.mark.slow)
    no_gpu = pytest.mark.skip(reason="needs a CUDA GPU")
    for item in items:
        if item.get_closest_marker("gpu") and not torch.cuda.is_available():
            item.add_marker(no_gpu)
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SLOW_TIMEOUT))
    yield  # to what `-m` and `-k` name
    if all(item.get_closest_marker("gpu") for item in items):  # a GPU may be lent for minutes
        items.sort(key=lambda item: (item.path.parent.name not in ON_GPU_FIRST, item.path.parent))
    if config.option.sample:
        others = {
            item
            for tests in families(items, lambda item: item.nodeid.split("::")[0])
            for item in left_out(tests, math.ceil(SAMPLE * len(tests)))
        }
        config.hook.pytest_deselected(items=[item for item in items if item in others])
        items[:] = [item for item in items if item not in others]


def families(
    items: Iterable[pytest.Item], name: Callable[[pytest.Item], str]
) -> Iterable[list[pytest.Item]]:
    """The tests whose name is the same, in their order."""
    found: dict[str, list[pytest.Item]] = {}
    for item in items:
        found.setdefault(name(item), []).append(item)
    return found.values()


def left_out(cases: list[Any], count: int) -> list[Any]:
    """All but `count` of the cases: the first, and others at even distances after it."""
    return [case for i, case in enumerate(cases) if i * count % len(cases) >= count]


@pytest.fixture(autouse=True)
def _fixed_global_seed() -> None:
    """Random inputs made with torch's global generator are the same in any order of the tests.

    The library itself must not need this: it takes its randomness as an argument.
    """
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """A folder with real data sets: $SNNLAB_TEST_DATA, or ../shared/data beside the repository."""
    named = os.environ.get("SNNLAB_TEST_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if folder.is_dir():
        return folder
    if named:
        pytest.fail(f"SNNLAB_TEST_DATA names a folder that does not exist: {named}")
    pytest.skip(f"no real data in {folder}; name a folder in SNNLAB_TEST_DATA")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = "import hatchling.build, sys; hatchling.build.build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(folder)], cwd=ROOT, check=True)
    (file,) = folder.glob("*.whl")
    return file


class Unplugged(OSError):
    """Raised in place of a connection to another machine."""


def is_local(host: Any) -> bool:
    """Whether a host name or address means this machine."""
    name = host.decode() if isinstance(host, bytes) else str(host or "localhost")
    return name in {"localhost", "::1", "0.0.0.0", "::"} or name.startswith("127.")


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Refuse every connection but those to this machine, as a pulled cable would.

    Returns the hosts asked for, so that a test can also state that nobody asked:
    `assert no_network == []`. Covers this process, not programs it starts.
    """
    asked: list[str] = []

    def check(host: Any) -> None:
        if not is_local(host):
            asked.append(str(host))
            raise Unplugged(f"the test is offline; refused: {host}")

    def guarded(method: Any) -> Any:
        def call(self: socket.socket, *arguments: Any) -> Any:
            address = arguments[-1]  # connect(address), sendto(data[, flags], address)
            if isinstance(address, tuple):  # a path: a socket of this machine
                check(address[0])
            return method(self, *arguments)

        return call

    def look_up(host: Any, *arguments: Any, **options: Any) -> Any:
        check(host)
        return original_look_up(host, *arguments, **options)

    original_look_up = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, guarded(getattr(socket.socket, name)))
    for variable in [key for key in os.environ if key.lower().endswith("_proxy")]:
        monkeypatch.delenv(variable)  # a proxy on this machine would lead outside
    return asked
