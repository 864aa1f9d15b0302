"""What the kernel of a notebook takes."""

from __future__ import annotations

import threading

import nbformat
import psutil
import pytest

from snnlab.bench.kernels import LOOK_EVERY, MB, Kernel, measure_kernel, table, watched


def test_the_most_memory_and_threads_are_seen():
    held, done = b"", threading.Event()
    others = [threading.Thread(target=done.wait) for _ in range(5)]
    with watched(psutil.Process()) as seen:
        done.wait(2 * LOOK_EVERY)
        held = b"x" * (200 * MB)
        for other in others:
            other.start()
        done.wait(4 * LOOK_EVERY)
    done.set()
    before, most = seen[0], [max(column) for column in zip(*seen, strict=True)]
    assert most[0] - before[0] > 0.9 * len(held)
    assert most[1] - before[1] >= len(others)


def test_a_class_is_told_by_the_median_and_a_limit_by_the_largest():
    kernels = [Kernel(str(own), own, own + 400, 16, 2, 9) for own in (300, 500, 650)]
    assert "One more student costs 500 MB" in table(kernels)
    assert "must exceed 1050 MB" in table(kernels)


@pytest.mark.slow
def test_a_notebook_is_run_and_not_changed(tmp_path):
    sources = ["held = b'x' * 300_000_000", "...nothing", "1 / 0", "del held"]
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    file = tmp_path / "small.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), file)
    before = file.read_bytes()
    kernel = measure_kernel(file)
    assert file.read_bytes() == before
    assert kernel.notebook == "small"
    assert kernel.own_mb < 200 < 286 < kernel.peak_mb
    assert kernel.threads > 5
    assert 0 < kernel.first_cell <= kernel.seconds
