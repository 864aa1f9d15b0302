"""The pages in their order, and what every page has in common."""

from __future__ import annotations

import importlib
from typing import Any

import streamlit as st
from PIL import Image, ImageDraw
from streamlit.navigation.page import StreamlitPage

from snnlab.dashboard import address
from snnlab.dashboard.pin import the_pin
from snnlab.dashboard.service import runs_folder
from snnlab.dashboard.trouble import guarded
from snnlab.dashboard.visitor import remember_visitor
from snnlab.show.colours import LIGHT

PAGES = {
    "neuron": ("Neuron lab", ":material/ecg_heart:"),
    "explorer": ("Network", ":material/hub:"),
    "train": ("Train", ":material/model_training:"),
    "sigma_map": ("Sigma map", ":material/grid_on:"),
    "distributions": ("Distributions", ":material/bar_chart:"),
    "compare": ("Compare", ":material/stacked_line_chart:"),
    "runs": ("Runs", ":material/folder:"),
    "teacher": ("Teacher", ":material/school:"),
}
"""Title and icon of each page, by its address, which is also the name of its module."""


def main() -> None:
    """Draw the dashboard: menu, page, and what every page has."""
    st.set_page_config(page_title="snnlab", page_icon=icon(), layout="wide")
    names = page_names()
    first = names[0]
    # The first page has the empty path; a link with its name as path works, too.
    pages = [page_of(first, url_path="first", default=True)]
    pages += [page_of(name, url_path=name) for name in names[1:]]
    pages.append(page_of(first, url_path=first, visibility="hidden"))
    with address.one_entry_per_visit():
        st.navigation(pages, position="top").run()
    remember_visitor()


def page_of(name: str, **where: Any) -> StreamlitPage:
    """A page for Streamlit, whose module is loaded when it is first opened.

    Args:
        name: see `PAGES`.
        where: options of `st.Page` on how the page is reached.
    """

    def open_page() -> None:
        address.enter(name, hold_back=True)
        with guarded(name, runs_folder()):
            importlib.import_module(f"snnlab.dashboard.{name}").draw()

    open_page.__name__ = name
    title, icon = PAGES[name]
    return st.Page(open_page, title=title, icon=icon, **where)


def page_names() -> list[str]:
    """The pages of this server; the page of the teacher only where a PIN is set."""
    return [name for name in PAGES if name != "teacher" or the_pin()]


@st.cache_resource(show_spinner=False)
def icon() -> Image.Image:
    """A spike, for the tab of the browser. Icons by name would be loaded from the internet."""
    picture = Image.new("RGBA", (64, 64))
    spike = [(2, 44), (18, 44), (26, 34), (32, 6), (40, 58), (46, 44), (62, 44)]
    ImageDraw.Draw(picture).line(spike, fill=LIGHT.noise, width=7, joint="curve")
    return picture
