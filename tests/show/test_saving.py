"""Files: the same bytes each time, described, whole."""

from __future__ import annotations

import pickle
import xml.etree.ElementTree as ElementTree

import pytest
from matplotlib.figure import Figure
from PIL import Image

from snnlab.show.accuracy import accuracy_against_timesteps
from snnlab.show.curves import line_chart
from snnlab.show.page import blank_axes, blank_panels
from snnlab.show.picture import attach_description, describe
from snnlab.show.saving import save

SVG = "{http://www.w3.org/2000/svg}"
CURVES = {"noise": {"timesteps": [1, 2], "accuracy": [[97.0, 98.0], [96.0, 98.5]]}}


def draw():
    return accuracy_against_timesteps(CURVES, ax=blank_axes((6, 4)), title="A & B")


@pytest.mark.slow
def test_same_figure_same_bytes(tmp_path):
    formats = ("png", "svg", "pdf")
    first = save(draw(), tmp_path / "a" / "figure", formats)
    second = save(draw(), tmp_path / "b" / "figure", formats)
    assert [path.name for path in first] == ["figure.png", "figure.svg", "figure.pdf"]
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == sorted(
        path.name for path in first
    )


def test_saving_again_gives_the_same_bytes(tmp_path):
    ax = draw()
    once = [path.read_bytes() for path in save(ax, tmp_path / "figure")]
    assert [path.read_bytes() for path in save(ax, tmp_path / "figure")] == once


def test_a_late_change_is_laid_out_before_saving(tmp_path):
    ax = draw()
    left = ax.get_position().x0
    ax.set_ylabel("y", fontsize=80)
    save(ax, tmp_path / "figure", ["png"])
    assert ax.get_position().x0 > left + 0.03
    ax.set_ylabel("y", fontsize=10)
    ax.figure.draw_without_rendering()  # the layout goes on after saving
    assert ax.get_position().x0 < left


def test_description_is_in_the_svg(tmp_path):
    ax = draw()
    (path,) = save(ax, tmp_path / "figure", ["svg"])
    root = ElementTree.fromstring(path.read_text())
    assert root.find(f"{SVG}title").text == "A & B"
    assert root.find(f"{SVG}desc").text == describe(ax)
    assert root.get("role") == "img"


def test_description_is_in_the_png_and_the_size_is_150_dpi(tmp_path):
    ax = draw()
    (path,) = save(ax, tmp_path / "figure", ["png"])
    with Image.open(path) as image:
        assert image.text["Description"] == describe(ax)
        assert image.size == (900, 600)


def test_own_words_replace_the_description(tmp_path):
    png, svg = save(draw(), tmp_path / "figure", alt="Less < is → more")
    with Image.open(png) as image:
        assert image.text["Description"] == "Less < is → more"
    root = ElementTree.fromstring(svg.read_text(encoding="utf-8"))
    assert root.find(f"{SVG}desc").text == "Less < is → more"


def test_a_figure_without_layout_is_not_cut_off(tmp_path):
    figure = Figure(figsize=(4, 3))
    ax = figure.add_axes((0, 0, 1, 1))  # its labels lie outside the figure
    line_chart([0, 1], {"a": [0, 1]}, x_label="x", y_label="y", ax=ax)
    (path,) = save(figure, tmp_path / "figure", ["png"])
    with Image.open(path) as image:
        assert image.size[0] > 600
        assert image.size[1] > 450


def test_dots_in_the_name_stay(tmp_path):
    (path,) = save(draw(), tmp_path / "sigma_0.29", ["png"])
    assert path.name == "sigma_0.29.png"


@pytest.mark.parametrize("formats", [["gif"], [], "png"])
def test_unknown_formats_list_the_valid_ones(tmp_path, formats):
    with pytest.raises(ValueError, match="png, svg, pdf, got"):
        save(draw(), tmp_path / "figure", formats)
    assert not list(tmp_path.iterdir())


def test_removed_axes_cannot_be_saved(tmp_path):
    ax = draw()
    ax.remove()
    with pytest.raises(ValueError, match="no figure any more"):
        save(ax, tmp_path / "figure")


def test_a_figure_is_described_panel_by_panel():
    left, right = blank_panels(2)
    attach_description(left, "First panel.")
    attach_description(right, "Second panel.")
    assert describe(left.figure) == "First panel. Second panel."


def test_a_new_description_replaces_the_old_and_clearing_removes_it():
    ax = blank_axes()
    attach_description(ax, "Old.")
    attach_description(ax, "New.")
    assert describe(ax) == "New."
    ax.clear()
    assert describe(ax) == ""


def test_the_description_survives_pickling():
    ax = draw()
    assert describe(pickle.loads(pickle.dumps(ax))) == describe(ax)
