"""The networks of the first notebook that come with the kit, and the image at which they part."""

from __future__ import annotations

import pytest

import snnlab
from snnlab.classroom import preset
from snnlab.data.sources import load_data
from snnlab.measure.decisions import decisions_of, parting_images
from snnlab.measure.one_image import see_image
from snnlab.runs.examples import EXAMPLE_IMAGE, example
from snnlab.runs.files import RunError
from snnlab.runs.methods import COMPARED


@pytest.fixture(scope="module")
def images():
    return load_data("mnist-5k").test


def test_the_image_is_the_first_at_which_they_part(images):
    nets = {name: example(name).network() for name in COMPARED}
    assert parting_images(nets, images.first(EXAMPLE_IMAGE + 1)) == [EXAMPLE_IMAGE]


def test_what_notebooks_say_of_the_image(images):
    seen = see_image(example("noise").network(), images.normalised()[EXAMPLE_IMAGE], 16)
    assert seen.decided_at() == 1
    assert all(stage.moved[-1] < 0.5 * stage.moved[0] for stage in seen.stages)
    quiet = see_image(example("no-noise-rest").network(), images.normalised()[EXAMPLE_IMAGE], 16)
    assert all(stage.moved[0] == 0 < 0.1 < stage.moved[-1] for stage in quiet.stages)


def test_an_example_that_is_none():
    with pytest.raises(RunError, match="valid: noise, no-noise-half, no-noise-rest"):
        example("loud")


@pytest.mark.slow
def test_the_first_notebook_trains_this_network(images):
    """Bit for bit where processors round alike; elsewhere it says nearly the same."""
    settings = preset("fast").quickstart()
    data = load_data(settings.data)
    net = snnlab.build(
        settings.architecture,
        image_shape=data.image_shape,
        classes=len(data.classes),
        seed=0,
        noise=snnlab.Noise(),
        neuron=snnlab.Neuron(v_init=0.5),
        surrogate=snnlab.Surrogate.matched(snnlab.Noise()),
    )
    snnlab.fit(net, data, snnlab.SingleStep(), settings.training, seed=0)
    mine = decisions_of(net, images.first(250), 16)
    shipped = decisions_of(example("noise").network(), images.first(250), 16)
    assert (mine == shipped).mean() > 0.95
