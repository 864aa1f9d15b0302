"""Memory and threads of the kernels of notebooks, for a machine that many students share.

`python -m snnlab.bench.kernels notebooks/0*.ipynb` runs each notebook in a new kernel, one after
the other, and prints a table. Kernels inherit the environment variables of the shell, so that
`OMP_NUM_THREADS=1 python -m snnlab.bench.kernels ...` shows their effect.
"""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, cast

import nbformat
import psutil
from nbclient import NotebookClient
from tabulate import tabulate

MB = 2**20
LOOK_EVERY = 0.05
"""Seconds between two readings of the memory of a kernel."""


@dataclass(frozen=True)
class Kernel:
    """Memory, threads and time of one notebook, from its first cell to its last."""

    notebook: str
    own_mb: float
    """Memory at the end that no other process shares: the cost of one more student (USS)."""
    peak_mb: float
    """Peak of the memory, with what is shared with other kernels (RSS)."""
    threads: int
    """Largest number of threads."""
    first_cell: float
    """Seconds of the first code cell, which imports what the notebook needs."""
    seconds: float
    """Seconds of all cells."""


def measure_kernel(notebook: Path) -> Kernel:
    """Run a notebook in a new kernel, and measure it.

    Args:
        notebook: is not changed. Cells that fail, as unanswered exercises do, are passed over.

    Raises:
        FileNotFoundError: no such notebook.

    Example:
        >>> measure_kernel(Path("notebooks/01_spiking_neuron.ipynb")).threads < 30
        True
    """
    content = nbformat.read(notebook, as_version=4)
    code = [(i, cell) for i, cell in enumerate(content.cells) if cell.cell_type == "code"]
    folder = {"metadata": {"path": str(notebook.parent)}}
    client = NotebookClient(content, timeout=3600, allow_errors=True, resources=folder)
    took = []
    with client.setup_kernel():
        process = psutil.Process(cast(Any, client.km).provisioner.pid)
        with watched(process) as peak:
            for i, cell in code:
                start = time.perf_counter()
                client.execute_cell(cell, i)
                took.append(time.perf_counter() - start)
            family = [process, *process.children(recursive=True)]
            own = sum(one.memory_full_info().uss for one in family)
    most = [max(seen) for seen in zip(*peak, strict=True)]
    return Kernel(notebook.stem, own / MB, most[0] / MB, most[1], took[0], sum(took))


@contextmanager
def watched(process: psutil.Process) -> Iterator[list[tuple[int, int]]]:
    """Record memory (bytes) and threads of a process and its children during the block."""
    seen: list[tuple[int, int]] = []
    done = threading.Event()

    def look() -> None:
        while True:
            try:
                family = [process, *process.children(recursive=True)]
                memory = sum(one.memory_info().rss for one in family)
                seen.append((memory, sum(one.num_threads() for one in family)))
            except psutil.NoSuchProcess:  # a child that has just ended
                pass
            if done.wait(LOOK_EVERY):
                return

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join()


def table(kernels: list[Kernel]) -> str:
    """A table of the kernels, with an estimate for a class."""
    rows = [[k.notebook, k.own_mb, k.peak_mb, k.threads, k.first_cell, k.seconds] for k in kernels]
    heads = ["notebook", "own MB", "peak MB", "threads", "first cell s", "all s"]
    own, peak = median(k.own_mb for k in kernels), max(k.peak_mb for k in kernels)
    return (
        tabulate(rows, heads, floatfmt=(".0f", ".0f", ".0f", ".0f", ".1f", ".0f"))
        + f"\n\nOne more student costs {own:.0f} MB (median of what is its own); a limit for one"
        f" kernel must exceed {peak:.0f} MB."
    )


def main() -> None:
    """Measure the notebooks that are named."""
    parser = argparse.ArgumentParser("snnlab.bench.kernels", description=__doc__)
    parser.add_argument("notebooks", nargs="+", type=Path)
    print(table([measure_kernel(notebook) for notebook in parser.parse_args().notebooks]))


if __name__ == "__main__":
    main()
