"""Drawings that explain: exact, legible on every page, and described in words."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from itertools import combinations

import matplotlib as mpl
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patches import FancyArrowPatch, Rectangle

from snnlab.learning.objectives import BPTT, SingleStep
from snnlab.network.models import build
from snnlab.network.net import evaluating
from snnlab.network.probes import record
from snnlab.network.spec import Architecture
from snnlab.neuron.dynamics import trace
from snnlab.neuron.own_layer import StepLayer
from snnlab.neuron.spec import Noise
from snnlab.show.colours import DARK, LIGHT
from snnlab.show.diagrams import folding, stages, timesteps, training
from snnlab.show.diagrams.symbols import COLOURS, RESIDUAL, TEXT
from snnlab.show.diagrams.timesteps import CURRENT, NEURON, T
from snnlab.show.diagrams.training import passes
from snnlab.show.picture import describe
from snnlab.show.saving import save

NAMES = ("stages", "timesteps", "folding", "training")
SHAPE = (1, 8, 8)


def network(**more):
    """With batch norm so wide that untrained neurons fire in every stage."""
    wide = Architecture("convnet", width=8, norm_weight=3.0)
    return build(wide, image_shape=SHAPE, classes=10, seed=0, **more)


def image():
    return torch.rand(1, *SHAPE, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def net():
    return network(noise=Noise())


@pytest.fixture(scope="module")
def drawn(net):
    made = (stages(net, image()), timesteps(), folding(net), training())
    return dict(zip(NAMES, made, strict=True))


every_diagram = pytest.mark.parametrize("name", NAMES)


def texts(diagram):
    return [text for ax in diagram.figure.axes for text in ax.texts if text.get_text()]


def words(diagram):
    return [text.get_text() for text in texts(diagram)]


def extents(diagram):
    """Where each text lies, in pixels."""
    renderer = FigureCanvasAgg(diagram.figure).get_renderer()
    return [text.get_window_extent(renderer) for text in texts(diagram)]


def check_places(diagram):
    """Every text lies inside, and none on another."""
    boxes, sheet = extents(diagram), diagram.figure.bbox
    for said, box in zip(words(diagram), boxes, strict=True):
        assert sheet.contains(box.x0, box.y0), said
        assert sheet.contains(box.x1, box.y1), said
    for (one, first), (other, second) in combinations(zip(words(diagram), boxes, strict=True), 2):
        assert not first.overlaps(second), (one, other)


@every_diagram
def test_every_text_lies_inside_and_none_on_another(name, drawn):
    check_places(drawn[name])


@pytest.mark.parametrize(
    ("architecture", "shape"),
    [(Architecture("mlp"), (1, 8, 8)), (Architecture("convnet6", width=4), (3, 32, 32))],
)
def test_other_networks_have_room_too(architecture, shape):
    net = build(architecture, image_shape=shape, classes=10, seed=0)
    for diagram in (stages(net, torch.rand(1, *shape)), folding(net)):
        check_places(diagram)
        assert ", ".join(map(str, shape)) in diagram.alt.replace(" \u00d7 ", ", ")


@every_diagram
def test_text_is_never_small_and_no_arrow_runs_through_it(name, drawn):
    diagram = drawn[name]
    assert all(text.get_fontsize() >= TEXT for text in texts(diagram))
    renderer = FigureCanvasAgg(diagram.figure).get_renderer()
    arrows = [p for ax in diagram.figure.axes for p in ax.patches if isinstance(p, FancyArrowPatch)]
    lengths = [arrow.get_window_extent(renderer) for arrow in arrows]
    for said, box in zip(words(diagram), extents(diagram), strict=True):
        assert not any(box.overlaps(length) for length in lengths), said


def luminance(rgb):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def themed(colour, palette):
    """A colour of the light drawing on a page with that palette."""
    dark = {hue.light.lower(): hue.dark for hue in COLOURS.values()} | {LIGHT.paper: DARK.paper}
    return to_rgb(dark[to_hex(colour)] if palette.dark else to_hex(colour))


@every_diagram
def test_contrast_of_every_text(name, drawn):
    diagram = drawn[name]
    renderer = FigureCanvasAgg(diagram.figure).get_renderer()
    patches = [p for ax in diagram.figure.axes for p in ax.patches if p.get_fill()]
    grounds = [(p.get_facecolor(), p.get_window_extent(renderer)) for p in patches]
    for text, box in zip(texts(diagram), extents(diagram), strict=True):
        below = [colour for colour, extent in grounds if extent.overlaps(box)]
        for palette in (LIGHT, DARK):
            ground = to_rgb(palette.paper)
            for colour in below:
                over, part = themed(colour, palette), colour[3]
                ground = [part * c + (1 - part) * g for c, g in zip(over, ground, strict=True)]
            ink = sorted((luminance(themed(text.get_color(), palette)), luminance(ground)))
            assert (ink[1] + 0.05) / (ink[0] + 0.05) >= 4.5, (text.get_text(), palette)


@every_diagram
def test_the_page_gets_one_sound_svg_in_the_colours_of_both_themes(name, drawn):
    html = drawn[name].html()
    tree = ElementTree.fromstring(html)
    svg = tree.find("svg")
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == drawn[name].alt
    assert tree.find("figcaption").text == drawn[name].summary
    used = set(re.findall(r"var\(--(\w+)\)", html))
    for part in tree.find("style").text.split("}")[:-1]:
        assert used <= set(re.findall(r"--(\w+):#", part)), part
    assert not re.search("#[0-9a-fA-F]{6}", ElementTree.tostring(svg, encoding="unicode"))


@every_diagram
def test_several_on_a_page_share_no_id_and_load_nothing(name, drawn):
    tree = ElementTree.fromstring(f"<body>{drawn[name].html()}{drawn[name].html()}</body>")
    ids = [part.get("id") for part in tree.iter() if part.get("id")]
    assert len(ids) == len(set(ids))
    for part in tree.iter():
        for attribute, value in part.attrib.items():
            assert "url(" not in value
            assert not attribute.endswith(("href", "src")) or value.startswith("data:image/")


@every_diagram
def test_it_is_the_same_each_time_whatever_the_settings(name, drawn):
    before = drawn[name].html()
    with mpl.rc_context({"svg.fonttype": "none"}):
        assert drawn[name].html() == before


@pytest.mark.slow
@every_diagram
def test_files_as_of_other_figures(name, drawn, tmp_path):
    png, svg, pdf = save(drawn[name].figure, tmp_path / name, ("png", "svg", "pdf"))
    root = ElementTree.fromstring(svg.read_text(encoding="utf-8"))
    assert root.find("{http://www.w3.org/2000/svg}desc").text == drawn[name].alt
    assert describe(drawn[name].figure) == drawn[name].alt
    assert png.stat().st_size > 10_000
    assert pdf.read_bytes().startswith(b"%PDF")


def bars(diagram, colour):
    """Height of each bar of a colour in points: the large ones from left to right, then others."""
    found = [p for p in diagram.figure.axes[0].patches if type(p) is Rectangle]
    chosen = [p for p in found if to_hex(p.get_facecolor()) == colour.lower()]
    chosen.sort(key=lambda p: (-p.get_width(), p.get_x()))
    return [p.get_height() for p in chosen]


def test_the_potentials_are_those_of_the_neuron(drawn):
    path = trace(torch.full((T, 1), CURRENT), NEURON)
    v = [NEURON.v_start, *path.v[:, 0].tolist()]
    first = int(path.spikes[:, 0].argmax()) + 1
    *heights, _ = bars(drawn["timesteps"], RESIDUAL)  # the last one is in the key
    large, small = torch.tensor(heights[:3]), torch.tensor(heights[3:])
    torch.testing.assert_close(large / large[0], torch.tensor([1, 1, v[first] / v[first - 1]]))
    torch.testing.assert_close(small / small[-1], torch.tensor(v[:-1]) / v[-2])
    said = words(drawn["timesteps"])
    for name, value in ((f"v[{first - 1}]", v[first - 1]), (f"v[{first}]", v[first])):
        assert said[said.index(name) + 1] == f"{value:g}"
    assert said[said.index(f"h[{first}]") + 1] == f"{path.h[first - 1, 0]:g}"
    fires = [str(t + 1) for t in range(T) if path.spikes[t, 0]]
    assert f"spikes at t = {', '.join(fires)}." in drawn["timesteps"].alt
    assert len(fires) / T == CURRENT


def test_the_stage_shows_what_its_neurons_do(net, drawn):
    found = record(net, image(), 8)[0]
    alt, said = drawn["stages"].alt, words(drawn["stages"])
    numbers = re.findall(r"current (-?[\d.]+) v_th, (\d) spikes", alt)
    assert len(numbers) == 4
    for current, count in numbers:
        assert current.replace("-", "\u2212") in said
        fits = [f"{c:.2f}" == current for c in found.currents[0].flatten().tolist()]
        fired = found.spikes.sum(0).flatten()[torch.tensor(fits)]
        assert int(count) in fired.int().tolist()
    for stage, recorded in enumerate(record(net, image(), 1), start=1):
        shape = " \u00d7 ".join(map(str, recorded.spikes.shape[2:]))
        assert said[said.index(f"stage {stage}") + 1] == shape
    assert {"convolution, pooling, norm", "10 numbers"} <= set(said)


def test_the_readout_is_that_of_the_network(net, drawn):
    with torch.no_grad(), evaluating(net):
        steps = torch.cat(list(net.unroll(image(), 4)))[:, 0]  # (T, K)
    assert (steps[0] - steps[3]).abs().max() > 0.05  # or the mean would be as good as any
    mean = steps.mean(0)
    assert f"decides: class {int(mean.argmax())}" in words(drawn["stages"])
    told = re.search(r"mean: ([^;]+);", drawn["stages"].alt)[1].split(", ")
    assert [float(value) for value in told] == pytest.approx(mean.tolist(), abs=0.006)
    drawn_mean = -torch.tensor(bars(drawn["stages"], COLOURS["ink"].light))  # y points down
    torch.testing.assert_close(drawn_mean / drawn_mean[0], mean / mean[0], rtol=1e-4, atol=1e-4)
    drawn_steps = -torch.tensor(bars(drawn["stages"], COLOURS["grey"].light)[1:])  # less the key
    every = steps.flatten()
    torch.testing.assert_close(drawn_steps / drawn_mean[0], every / mean[0], rtol=1e-4, atol=1e-4)


def test_one_image_is_followed(net):
    with pytest.raises(ValueError, match=r"one image, got shape \(2, 1, 8, 8\)"):
        stages(net, image().expand(2, *SHAPE))
    with pytest.raises(ValueError, match="of a SpikingNet, got a Linear"):
        stages(torch.nn.Linear(1, 1), image())  # type: ignore[arg-type]


def test_shapes_are_those_that_the_layers_see(net, drawn):
    seen = []

    def keep(_, given, made):
        seen.append((tuple(given[0].shape), tuple(made.shape)))

    hooks = [stage.layers.register_forward_hook(keep) for stage in net.stages[:2]]
    net(torch.rand(2, *SHAPE), 3, generator=torch.Generator())
    for hook in hooks:
        hook.remove()
    (images, first), (folded, second) = seen  # each called once
    grids = [tuple(found.currents.shape) for found in record(net, torch.rand(2, *SHAPE), 3)[:2]]
    shapes = [images, first, grids[0], folded, second, grids[1]]
    assert [said for said in words(drawn["folding"]) if re.match(r"\(\d", said)] == [
        str(shape) for shape in shapes
    ]
    assert all(str(shape) in drawn["folding"].alt for shape in shapes)


def test_time_folds_from_the_second_stage_on(net):
    one = build(Architecture("mlp"), image_shape=SHAPE, classes=10, seed=0)
    assert "(3, 2, 64)" in words(folding(one))
    one.stages = one.stages[:1]
    with pytest.raises(ValueError, match="got 1 stage"):
        folding(one)


class Counting(StepLayer):
    """Counts the timesteps that neurons run, and those that a gradient comes back through."""

    ran = returned = 0

    def step(self, state, current, deviation=None):
        made, after = super().step(state, current, deviation)
        self.ran += 1
        made.h.register_hook(self.back)
        return made, after

    def back(self, gradient):
        self.returned += 1


@pytest.mark.parametrize(
    ("objective", "noise", "lane"), [(SingleStep(), Noise(), 0), (BPTT(), None, 2)]
)
def test_passes_are_as_many_as_training_makes(objective, noise, lane, drawn):
    counting = network(layer=Counting, noise=noise)
    logits = objective.logits(counting, torch.rand(2, *SHAPE), torch.Generator())
    logits.sum().backward()
    layer = counting.stages[1].neuron
    said = words(drawn["training"])
    forward = [text for text in said if text.endswith("forward")]
    assert forward[lane] == f"{layer.ran}\u00d7 forward"
    back = [text for text in said if text.endswith(("back", "no gradient"))]
    assert back[lane] == f"{layer.returned}\u00d7 back"
    assert passes(layer.ran, learns=False).endswith("no gradient")


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("stages", ("image (1 × 8 × 8)", "stage 3", "readout", "mean over time")),
        ("timesteps", ("Charge", "Fire", "Reset", "residual", "v[3] = 0.125")),
        ("folding", ("once per image", "repeat", "(T·B, *)", "once for all", "timestep by")),
        ("training", ("noise", "residuals", "gradient", "BPTT", "4 times", "mean over time")),
    ],
)
def test_the_words_say_what_is_drawn(name, named, drawn):
    for word in named:
        assert word in drawn[name].alt
    assert repr(drawn[name]).startswith(drawn[name].summary)
