"""The kernels for a GPU: equal to the plain neuron, and accepted by the compiler for GPUs.

Without a GPU they run in Triton's interpreter, in a Python of their own: see `fused_scan_cases`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from snnlab.neuron import Neuron, NeuronLayer, Noise
from snnlab.neuron.fast import fused

HERE = Path(__file__).parent
needs_triton = pytest.mark.skipif(not find_spec("triton"), reason="Triton is not installed")

FLOAT, TABLE = "*fp32", ("*fp32", "i32")
GIVEN = {"BLOCK": 1024, "FAMILY": "gaussian", "SHAPE": "gaussian", "SUBTRACT": True, "KEEP": True}
GIVEN |= {"OF_SPIKES": True, "OF_LAST": True}
PROGRAMS = {
    "noisy_step": ("*bf16", "*bf16", "i32", "*i64", "fp32", "fp32", *TABLE),
    "rounding_step": ("*bf16", "*bf16", "i32", "*i64", *["fp32"] * 4, *TABLE),
    "weigh": (*["*bf16"] * 3, "i32", "fp32", "fp32", *TABLE),
    "scan_forward": (
        *("*bf16", FLOAT, "*bf16", FLOAT, FLOAT, "i32", "i32", "i32"),
        *("fp32", "fp32", "*i64", "fp32", *TABLE),
    ),
    "scan_backward": (
        *("*bf16", FLOAT, FLOAT, "*bf16", "*bf16", FLOAT, "i32", "i32", "i32"),
        *("fp32", "fp32", "fp32", *TABLE),
    ),
}

SORTS: dict[str, tuple[Callable[[str], str], dict[str, object]]] = {
    "usual": (str, {}),
    "ones": (
        lambda kind: kind.replace("bf16", "fp16"),
        {"n": 1, "timesteps": 1, "stride": 1, "intervals": 1, "SUBTRACT": False},
    ),
    "table, above 2^31": (
        lambda kind: {"*bf16": "*fp32", "i32": "i64"}.get(kind, kind),
        {"FAMILY": "empirical", "SHAPE": "empirical", "KEEP": False, "OF_LAST": False},
    ),
}
"""How types are changed, and which arguments are known when a program is compiled."""

COMPILE = """
import sys
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from snnlab.neuron.fast import triton_kernels
for name, types in {programs!r}.items():
    kernel = getattr(triton_kernels, name)
    given = {{key: value for key, value in {given!r}.items() if key in kernel.arg_names}}
    kinds = [*types, *["constexpr"] * (len(kernel.arg_names) - len(types))]
    signature = dict(zip(kernel.arg_names, kinds, strict=True))
    for argument in given.keys() & dict.fromkeys(kernel.arg_names[: len(types)]):
        signature[argument] = "constexpr"  # as Triton takes whole numbers that are 1
    source = ASTSource(kernel, signature, given)
    made = triton.compile(source, target=GPUTarget("cuda", {capability}, 32))
    print(name, len(made.asm["cubin"]))
"""


WHERE = [
    pytest.param({"TRITON_INTERPRET": "1", "CUDA_VISIBLE_DEVICES": ""}, id="interpreter"),
    pytest.param({}, id="GPU", marks=pytest.mark.gpu),
]


@pytest.mark.slow
@needs_triton
@pytest.mark.timeout(600)
@pytest.mark.parametrize("settings", WHERE)
def test_the_kernels_equal_the_plain_neuron(settings):
    env = dict(os.environ) | settings
    paths = [str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]  # of `fused_numbers`
    env["PYTHONPATH"] = os.pathsep.join(paths)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    command += map(str, HERE.glob("fused_*_cases.py"))
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout


@pytest.mark.slow
@needs_triton
@pytest.mark.timeout(600)
@pytest.mark.parametrize("capability", [80, 90])
@pytest.mark.parametrize("sort", SORTS)
def test_they_compile_for_a_gpu(sort, capability, tmp_path):
    """To machine code; no GPU is needed for that."""
    env = dict(os.environ) | {"TRITON_CACHE_DIR": str(tmp_path)}
    env.pop("TRITON_INTERPRET", None)
    change, given = SORTS[sort]
    programs = {name: tuple(map(change, types)) for name, types in PROGRAMS.items()}
    script = COMPILE.format(programs=programs, given=GIVEN | given, capability=capability)
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    sizes = dict(line.split() for line in done.stdout.splitlines())
    assert set(sizes) == set(PROGRAMS)
    assert all(int(size) > 1000 for size in sizes.values())


@pytest.mark.slow
@needs_triton
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kernel", ["noisy_step", "rounding_step", "weigh", "scan_forward"])
def test_a_name_that_they_do_not_know_does_not_compile(kernel, tmp_path):
    env = dict(os.environ) | {"TRITON_CACHE_DIR": str(tmp_path)}
    env.pop("TRITON_INTERPRET", None)
    given = GIVEN | {"FAMILY": "laplace", "SHAPE": "laplace"}
    script = COMPILE.format(programs={kernel: PROGRAMS[kernel]}, given=given, capability=80)
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True)
    assert done.returncode != 0
    assert "unknown noise family" in done.stderr or "unknown surrogate shape" in done.stderr


def test_they_are_for_gpus_only(monkeypatch):
    assert not fused.usable(torch.zeros(3))
    monkeypatch.setattr(fused, "noisy_spikes", None)  # would raise if it were called
    monkeypatch.setattr(fused, "fused_scan", None)
    layer = NeuronLayer(Neuron(), noise=Noise())
    layer(torch.rand(1, 2, 3), generator=torch.Generator())
    layer(torch.rand(2, 2, 3), generator=torch.Generator())
    layer.eval()(torch.rand(2, 2, 3))


def test_without_triton_they_are_left_alone(monkeypatch):
    class OnGPU:
        is_cuda, dtype = True, torch.float32

    monkeypatch.setattr(fused, "HAS_TRITON", True)
    assert fused.usable(OnGPU())
    monkeypatch.setattr(fused, "HAS_TRITON", False)
    assert not fused.usable(OnGPU())
