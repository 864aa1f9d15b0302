"""Images at which networks part that have said the same for a while."""

from __future__ import annotations

import numpy as np
import pytest

from snnlab.measure import decisions
from snnlab.measure.decisions import decisions_of, parting_images
from snnlab.measure.one_image import see_image


def test_decisions_are_those_that_are_seen_image_by_image(busy_net, random_images, monkeypatch):
    net, images = busy_net("convnet"), random_images(5)
    monkeypatch.setattr(decisions, "BATCH", 2)
    found = decisions_of(net, images, 6)
    assert found.shape == (6, 5)
    for number, image in enumerate(images.normalised()):
        assert found[:, number].tolist() == see_image(net, image, 6).decisions


RIGHT, EARLY, LATE = [1] * 8, [1, 1, 0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1, 1, 0]
"""Right (1) or wrong (0) after 1 to 8 timesteps."""


@pytest.mark.parametrize(
    ("said", "parts"),
    [
        ((RIGHT, EARLY, LATE), True),
        ((RIGHT, EARLY), True),
        ((RIGHT, RIGHT, LATE), False),
        ((RIGHT, [0, *LATE[1:]]), False),  # not the same for a while
        ((RIGHT, [1, 0, 0, 0, 0, 0, 0, 1]), False),
        ((LATE, EARLY), False),
        (([1, 0, *RIGHT[2:]], LATE), False),
    ],
)
def test_which_images_part(said, parts, random_images, monkeypatch):
    images = random_images(1)
    label = int(images.labels[0])
    answers = iter([np.where(np.array(one)[:, None] == 1, label, label + 1) for one in said])
    monkeypatch.setattr(decisions, "decisions_of", lambda *given: next(answers))
    nets = dict.fromkeys(map(str, range(len(said))))
    assert parting_images(nets, images, 8) == ([0] if parts else [])


def test_one_network_has_nobody_to_part_from(busy_net, random_images):
    with pytest.raises(ValueError, match=r"two or more, got \['a'\]"):
        parting_images({"a": busy_net("mlp")}, random_images(2))
    with pytest.raises(ValueError, match="timesteps"):
        decisions_of(busy_net("mlp"), random_images(2), 0)
