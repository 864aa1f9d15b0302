"""How busy the machine of this server is, for the teacher: words and bars."""

from __future__ import annotations

import streamlit as st

from snnlab.dashboard.screen import escaped
from snnlab.jobs.machine import Load, gpu_loads, machine_load
from snnlab.jobs.scheduler import scheduler

GIB = 2**30


def draw_load() -> None:
    """Cores, memory and GPUs."""
    here, gpus = loads()
    st.subheader("This machine", anchor=False)
    draw_bars(here)
    for number, gpu in enumerate(gpus):
        st.subheader(f"GPU {number}: {escaped(gpu.name)}", anchor=False)
        draw_bars(gpu)
    if not gpus:
        st.caption("No NVIDIA GPU that this server may use: all runs train on the CPU.")
    if address := scheduler():
        st.info(
            f"Runs train on the workers of the Dask cluster at {escaped(address)}, not on this "
            "machine: how busy they are stands on the page of its scheduler.",
            icon=":material/info:",
        )


@st.cache_resource(ttl=1.0, show_spinner=False)
def loads() -> tuple[Load, list[Load]]:
    """That of the machine, and those of its GPUs; looked up once a second, whoever asks."""
    return machine_load(), gpu_loads()


def draw_bars(load: Load) -> None:
    """How busy it is, and how full."""
    left, right = st.columns(2, gap="large")
    with left:
        bar("Busy", load.busy, busy_in_words(load))
    with right:
        share = load.used / load.total if load.used is not None and load.total else None
        bar("Memory", share, memory_in_words(load))


def bar(name: str, share: float | None, words: str) -> None:
    """A bar under its words; words alone where nothing is known."""
    if share is None:
        st.caption(f"{name}: {words}")
    else:
        st.progress(min(max(share, 0.0), 1.0), f"{name}: {words}")


def busy_in_words(load: Load) -> str:
    """How busy it is: "1.4 of 2 cores", "45 %"."""
    if load.busy is None:
        return "this GPU does not say"
    if load.cores:
        return f"{load.busy * load.cores:.1f} of {load.cores} core{'' if load.cores == 1 else 's'}"
    return f"{100 * load.busy:.0f} %"


def memory_in_words(load: Load) -> str:
    """How full it is: "3.1 of 8.0 GiB"."""
    if load.used is None or load.total is None:
        return "this GPU does not say"
    return f"{load.used / GIB:.1f} of {load.total / GIB:.1f} GiB"
