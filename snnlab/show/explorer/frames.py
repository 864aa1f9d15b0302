"""Frames for the player: one image on its way through networks, timestep by timestep.

All frames are sent to the browser at once: maps as bytes, sentences as text. The player then moves
from timestep to timestep without Python. Dashboard, notebook and web page use the same frames.
"""

from __future__ import annotations

import base64
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import cycle
from typing import Any

import numpy as np
import numpy.typing as npt

from snnlab.measure.one_image import ImageSeen, StageSeen, parts_at
from snnlab.runs.methods import entry_of
from snnlab.show.colours import FREE, MAP, Hue, hue
from snnlab.show.described import RATE, SEEN, STEP, with_minus
from snnlab.show.explorer.controls import CONTROL_WORDS, colours

MOST_MAPS = 64
"""Maps of a stage that are sent at once; the others on demand."""
MOST_BYTES = 2**23
"""Bytes of all maps together, before compression; of large maps, fewer are sent at once."""
LOWEST, HIGHEST = -1.0, 2.0
"""The ends of the colour scale, in units of v_th."""
COMPRESSION = 1
"""Level of zlib for the maps: a tenth larger than with level 6, in a third of the time."""
CODES = 255
"""The byte for `HIGHEST`; 0 stands for `LOWEST`."""

VIEWS = ("spikes", "h", "v", "rates")
"""What the maps can show; the first is the default."""

Bytes = npt.NDArray[np.uint8]

WORDS = CONTROL_WORDS | {
    "timestep": STEP,
    "view": "Show",
    "spikes": "Spikes",
    "h": "Potential before firing",
    "v": "Potential after reset",
    "rates": "Rate so far",
    "potential_axis": "Potential (v_th)",  # short: the view says which potential
    "rate_axis": RATE,
    "image": SEEN,
    "readout": "Readout, mean so far",
    "moved": "Distance from training",
    "moved_help": (
        "How far the rate so far is, on average over the neurons, from how often a neuron fires "
        "on this image as it was trained: over as many timesteps, with all of its noise if it had "
        "any."
    ),
    "more": "More maps",
    "at": "t = {t} of {T}",
    "fire": "{fired} of {neurons} fire",
    "spike": "spike",
    "no_spike": "no spike",
    "beyond": "beyond: same colour",
    "at_most": "{value} or less",
    "at_least": "{value} or more",
    "about": "about {value}",
    "map_neuron": "map {map}, row {row}, column {column}",
    "row_neuron": "neuron {neuron}",
    "values": "{fired} at t = {t}; h = {h}, v = {v} (v_th); rate so far {rate}",
    "true_class": "true class",
    "some_classes": "the strongest {shown} of {classes} classes",
    "decisions": "The decision after each timestep",
    "numbers": "All its numbers",
    "close": "Close",
    "broken": (
        "The picture could not be unpacked. Load the page anew; if that does not help, this "
        "browser is too old: it needs one of 2023 or later."
    ),
    "keys": (
        "Keys: space plays and pauses, arrow left and right step, Home and End go to the ends. In "
        "a stage: arrow keys move from neuron to neuron, Enter opens it."
    ),
}
"""Texts of the player; names in braces are replaced by values."""


@dataclass(frozen=True, eq=False)
class Lane:
    """One network in the picture."""

    name: str
    """Its heading."""
    hue: Hue
    seen: ImageSeen


def lanes(networks: Mapping[str, ImageSeen]) -> list[Lane]:
    """Networks by name; one of `METHODS` or `COMPARED` has its own title and colour.

    Example:
        >>> lanes({"noise": seen})[0].name
        'with noise'
    """
    found, free = [], cycle(FREE)
    for name, seen in networks.items():
        known = entry_of(name)
        look = known.look if known else next(free)
        found.append(Lane(title_of(name), hue(look.hue), seen))
    return found


def title_of(name: str) -> str:
    """The title of a network in the picture, given its name."""
    known = entry_of(name)
    return known.title if known else name


def frames(
    shown: Sequence[Lane],
    pixels: Bytes,
    classes: Sequence[str],
    *,
    title: str,
    label: int | None = None,
    first: Sequence[int] = (),
) -> dict[str, Any]:
    """The input of the player, for JSON.

    Args:
        shown: networks with equally many timesteps.
        pixels: the image, uint8 (C, H, W).
        classes: names of the classes.
        title: of the image, see `described.image_title`.
        label: its class; None if it is unknown, as for a drawing.
        first: for each stage the first map that is sent; by default 0.

    Raises:
        ValueError: no network, different numbers of timesteps, or not one name for each class.
    """
    counts = {lane.seen.timesteps for lane in shown}
    if len(counts) != 1:
        raise ValueError(f"networks to be shown need equally many timesteps, got {sorted(counts)}")
    sizes = {lane.seen.readout.shape[1] for lane in shown}
    if sizes != {len(classes)}:
        known = " and ".join(map(str, sorted(sizes)))
        raise ValueError(f"the networks tell {known} classes apart, got {len(classes)} names")
    T, most = counts.pop(), maps_at_once(shown)
    blob: list[bytes] = []
    networks = [drawn_lane(lane, classes, label, most, first, blob) for lane in shown]
    return {
        "T": T,
        "title": title,
        "classes": list(classes),
        "label": label,
        "image": {"shape": list(pixels.shape), "pixels": packed(pixels.tobytes())},
        "networks": networks,
        "said": [said(shown, classes, label, t) for t in range(1, T + 1)],
        "views": list(VIEWS),
        "words": WORDS,
        "colours": colours("green", "vermillion", "blue", "grey"),
        "levels": {"low": LOWEST, "high": HIGHEST, "codes": CODES, "colours": colour_map()},
        "data": packed(b"".join(blob)),
    }


def drawn_lane(
    lane: Lane,
    classes: Sequence[str],
    label: int | None,
    most: int,
    first: Sequence[int],
    blob: list[bytes],
) -> dict[str, Any]:
    """One network for the player; its maps are added to the blob."""
    seen, T = lane.seen, lane.seen.timesteps
    starts = [*first, *[0] * len(seen.stages)]
    return {
        "name": lane.name,
        "colour": lane.hue._asdict(),
        "stages": [
            drawn_stage(stage, i + 1, most, starts[i], blob) for i, stage in enumerate(seen.stages)
        ],
        "readout": rounded(seen.readout),
        "decisions": seen.decisions,
        "since": [seen.decided_at(t) for t in range(1, T + 1)],
        "says": [verdict(seen, classes, label, t) for t in range(1, T + 1)],
    }


def drawn_stage(
    stage: StageSeen, number: int, most: int, first: int, blob: list[bytes]
) -> dict[str, Any]:
    """One stage for the player; its maps are added to the blob: spikes, h, v, in this order."""
    spikes, h, v = (as_maps(part) for part in (stage.spikes, stage.h, stage.v))
    T, maps, height, width = spikes.shape
    first = min(max(first, 0), (maps - 1) // most * most)
    part = slice(first, first + most)
    at = sum(map(len, blob))
    blob += [
        spikes[:, part].astype(np.uint8).tobytes(),
        *(coded(values[:, part] / stage.v_th).tobytes() for values in (h, v)),
    ]
    neurons = stage.spikes[0].size
    return {
        "name": f"Stage {number}",
        "maps": maps,
        "shown": min(most, maps - first),
        "first": first,
        "height": height,
        "width": width,
        "neurons": neurons,
        "is_map": stage.spikes.ndim == 4,
        "size": size_words(stage),
        "part": f"maps {first + 1} to {min(first + most, maps)}",
        "at": at,
        "fired": stage.spikes.reshape(T, -1).sum(1).astype(int).tolist(),
        "moved": rounded(stage.moved),
        "says": [stage_words(stage, number, t) for t in range(1, T + 1)],
    }


def rounded(values: npt.NDArray[np.float32]) -> list[Any]:
    """Numbers for JSON, to four places."""
    found: list[Any] = np.round(values.astype(np.float64), 4).tolist()
    return found


def size_words(stage: StageSeen) -> str:
    """The number of neurons of a stage, or its maps and their size, in words.

    Example:
        >>> size_words(seen.stages[1])
        '32 maps of 7 x 7'
    """
    shape = stage.spikes.shape[1:]
    if len(shape) != 3:
        return f"{math.prod(shape):,} neurons"
    maps, height, width = shape
    return f"{maps} map{'s' * (maps != 1)} of {height} x {width}"


def neuron_words(stage: StageSeen, index: int) -> str:
    """A neuron of a stage in words, as in the player, by its position in (C, H, W) or (N,).

    Example:
        >>> neuron_words(seen.stages[1], 0)
        'map 1, row 1, column 1'
    """
    shape = stage.spikes.shape[1:]
    if len(shape) != 3:
        return WORDS["row_neuron"].format(neuron=index + 1)
    m, row, column = (int(place) + 1 for place in np.unravel_index(index, shape))
    return WORDS["map_neuron"].format(map=m, row=row, column=column)


def as_maps(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Values of neurons (T, *) as maps (T, C, H, W); a row of neurons as one map, padded with 0."""
    if values.ndim == 4:
        return values
    T = len(values)
    row = values.reshape(T, -1)  # (T, N)
    width = math.ceil(math.sqrt(row.shape[1]))
    height = -(-row.shape[1] // width)
    padded = np.pad(row, ((0, 0), (0, width * height - row.shape[1])))
    return padded.reshape(T, 1, height, width)


def coded(potentials: npt.NDArray[np.float32]) -> Bytes:
    """Potentials in units of v_th as bytes."""
    share = (potentials - LOWEST) / (HIGHEST - LOWEST)
    return np.rint(np.clip(share, 0, 1) * CODES).astype(np.uint8)


def maps_at_once(shown: Sequence[Lane]) -> int:
    """The number of maps of a stage to send, so that all together stay within `MOST_BYTES`."""
    shapes = [as_maps(stage.spikes).shape for lane in shown for stage in lane.seen.stages]
    most = MOST_MAPS
    while most > 1 and sum(3 * T * min(most, C) * H * W for T, C, H, W in shapes) > MOST_BYTES:
        most //= 2
    return most


def packed(data: bytes) -> str:
    """Bytes as text: deflate (zlib), then base64."""
    return base64.b64encode(zlib.compress(data, COMPRESSION)).decode()


def verdict(seen: ImageSeen, classes: Sequence[str], label: int | None, t: int) -> str:
    """The decision of a network after t timesteps, and since when it holds.

    Example:
        >>> verdict(seen, data.classes, 5, 3)
        'says 5: right, since t = 2'
    """
    decision = seen.decisions[t - 1]
    judged = "" if label is None else f": {'right' if decision == label else 'wrong'}"
    return f"says {classes[decision]}{judged}, since t = {seen.decided_at(t)}"


def said(shown: Sequence[Lane], classes: Sequence[str], label: int | None, t: int) -> str:
    """A sentence on the decisions of all networks at timestep t."""
    parts = [f"{lane.name} {verdict(lane.seen, classes, label, t)}" for lane in shown]
    text = f"After {t} timestep{'s' * (t != 1)}: {'; '.join(parts)}."
    first, *others = shown
    apart = {lane.name: parts_at(first.seen, lane.seen) for lane in others}
    parted = [(name, at) for name, at in apart.items() if at is not None and at <= t]
    if not parted:
        return text
    if len(others) == 1:
        return f"{text} They part at t = {parted[0][1]}."
    ways = "; ".join(f"{name} at t = {at}" for name, at in parted)
    return f"{text} Parted from the first: {ways}."


def stage_words(stage: StageSeen, number: int, t: int) -> str:
    """Spikes, potentials and rate of a stage at timestep t in words."""
    spikes, h = stage.spikes[t - 1], stage.h[t - 1] / stage.v_th
    count = f"{spikes.sum():,.0f} of {spikes.size:,} neurons fire"
    low, high = (with_minus(f"{end:.2f}") for end in (h.min(), h.max()))
    return (
        f"Stage {number} at t = {t}: {count}; potentials before firing lie from {low} to "
        f"{high} v_th; rate so far {stage.spikes[:t].mean():.2f} on average."
    )


@cache
def colour_map() -> list[str]:
    """64 colours from low to high values."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(colormaps[MAP](i / 63)) for i in range(64)]
