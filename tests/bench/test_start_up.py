"""What start-up imports: not its time, which depends on the machine, but what it loads."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "altair",
    "distributed",
    "ipywidgets",
    "matplotlib",
    "norse",
    "pandas",
    "scipy",
    "sklearn",
    "snntorch",
    "spikingjelly",
    "streamlit",
    "torch",
    "torchvision",
}


def modules_after(script: str) -> set[str]:
    """Top-level modules that a fresh Python has loaded after a script."""
    script = f"import sys\n{script}\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return {name.split(".")[0] for name in done.stderr.split()}


def test_import_snnlab_loads_nothing_heavy():
    loaded = modules_after("import snnlab")
    assert "snnlab" in loaded
    assert not loaded & HEAVY


def test_help_loads_nothing_heavy():
    """`snnlab --help` and the help of a command."""
    script = "from snnlab.cli.main import main; main(['--help']); main(['bench', '--help'])"
    assert not modules_after(script) & HEAVY


@pytest.mark.slow
def test_building_a_network_loads_no_other_library():
    loaded = modules_after("import snnlab; snnlab.build, snnlab.fit, snnlab.convert")
    assert "torch" in loaded
    assert not loaded & {"norse", "snntorch", "spikingjelly", "streamlit", "distributed"}
