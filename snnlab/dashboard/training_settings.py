"""The controls of the page Train, and the configurations that they stand for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import streamlit as st

from snnlab.dashboard import address
from snnlab.dashboard.controls import Control, read
from snnlab.dashboard.hardware import (
    device_in_words,
    devices,
    forget_missing,
    missing_device,
)
from snnlab.dashboard.upload import (
    draw_chosen,
    located,
    newly_kept,
    offered,
    size_in_words,
    sizes,
    title_of_upload,
    upload_control,
)
from snnlab.data.own_data import offered as offered_functions
from snnlab.data.spec import CATALOGUE, is_own
from snnlab.jobs.fair_queue import MOST_JOBS
from snnlab.network.spec import Architecture
from snnlab.runs.config import ConfigError, RunConfig, with_settings
from snnlab.runs.methods import COMPARED, METHODS, PLAIN, QUIET, plays_a_part
from snnlab.runs.presets import PRESETS, compared, with_noise
from snnlab.settings import Valid, declared, options_of

MOST_SEEDS = MOST_JOBS // len(COMPARED)
"""So many that, with all starts of `COMPARED`, one user's limit of the queue is not exceeded."""


@dataclass(frozen=True)
class Asked:
    """The values of the controls: the settings of a run, the preset they change, and the seeds."""

    preset: Annotated[str, Valid(options=PRESETS.keys)] = "digits-mlp"
    seeds: Annotated[int, Valid(low=1, usual=(1, MOST_SEEDS), step=1)] = 1
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Settings of a run by dotted name."""

    def configs(self) -> list[RunConfig]:
        """One configuration per seed.

        A setting that the method does not use stays as in the preset. A sigma of 0 means training
        without noise.

        Raises:
            ConfigError: the settings make no sense together.
        """
        method = self.settings.get("method", PLAIN)
        config = self.trained_with(QUIET if self.quiet else method)
        return [replace(config, seed=seed) for seed in range(self.seeds)]

    def all_three(self) -> list[RunConfig]:
        """The same settings with each start in `COMPARED`, for each seed, in place of the method.

        Raises:
            ConfigError: the settings make no sense together, or there is no noise to compare with.
        """
        if self.quiet:
            raise ConfigError("There is no noise to compare with, as σ is 0: set it above 0.")
        sides = compared(self.trained_with(PLAIN)).values()
        return [replace(side, seed=seed) for seed in range(self.seeds) for side in sides]

    @property
    def quiet(self) -> bool:
        """Whether sigma is 0: training without noise."""
        return self.settings.get("noise.sigma") == 0

    def trained_with(self, method: str) -> RunConfig:
        """The configuration for a method, with the settings that the method uses."""
        acting = {name: v for name, v in self.settings.items() if plays_a_part(name, method)}
        if "data.name" in acting:
            acting["data.name"] = located(acting["data.name"])
        preset = with_noise(PRESETS[self.preset])
        return with_settings(preset, acting | {"method": method})


def fill_from_preset() -> None:
    """Set the controls to the values of the chosen preset, except those that a lesson has set."""
    own, kept = declared(Asked), address.set_by_lesson()
    address.forget(c.name for c in CONTROLS if c.setting not in own and c.name not in kept)


def forget_width() -> None:
    """Forget the width when another network is chosen, unless a lesson has set it."""
    if "width" not in address.set_by_lesson():
        address.forget(["width"])


def chosen_model(preset: RunConfig) -> RunConfig:
    """The preset with the network in the link, as its control may not be drawn yet."""
    known = options_of(declared(Architecture)["name"]) or []
    there = st.session_state.get(address.key(MODEL.name))
    name = there if there in known else address.choice(MODEL.name, known, preset.model.name)
    return with_settings(preset, {MODEL.setting: name})


def data_sets() -> tuple[str, ...]:
    """The sets that a visitor can choose from."""
    return (*CATALOGUE, *offered_functions(), *offered())


def title_of_data(name: str) -> str:
    """The name of a data set in the menu."""
    if is_own(name):
        return f"{name}: of this server"
    return f"{name}: {CATALOGUE[name].title}" if name in CATALOGUE else title_of_upload(name)


def drawn_timesteps() -> tuple[tuple[int, ...], ...]:
    """The options of T for the rates phase: those of the presets, and some more to try."""
    used = [config.training.rates_timesteps for config in PRESETS.values()]
    return tuple(dict.fromkeys([*used, *TO_TRY]))


def take_up_upload() -> None:
    """Choose images that were just uploaded, unless a lesson has set the data.

    The preset becomes one whose network and epochs suit any small images. Controls that the visitor
    has changed stay as they are.
    """
    name = newly_kept()
    if name is None:
        return
    for control, value in ((PRESET.name, FOR_UPLOADS), (MODEL.name, None), ("data", name)):
        if control not in address.set_by_lesson():
            address.forget([control])
            address.remember(control, value)
    address.forget(
        c.name for c in CONTROLS if address.link_value(c.name) is None or c.name == "size"
    )


TO_TRY = ((1,), (2,), (4,), (8,), (1, 2), (2, 4), (2, 4, 8), (1, 2, 4, 8))
"""T for the rates phase besides those of the presets."""
SETTING = re.compile(r"`([\w.]+) ([^`]*)`")
"""A setting and a value in a message."""
FOR_UPLOADS = "mnist-5k"
"""The preset for uploaded images."""
PRESET = Control(
    "preset",
    "Preset",
    "preset",
    help="Fills the controls below, but for those that a lesson has set.",
    on_change=fill_from_preset,
)
METHOD = Control("method", "Method", "method", words=lambda name: METHODS[name].title)
MODEL = Control("model", "Network", "model.name", boxed=True, on_change=forget_width)
CONTROLS = (
    PRESET,
    METHOD,
    Control("sigma", "Noise σ (v_th)", "noise.sigma", help="0: no noise"),
    Control("bptt", "T in training", "bptt_timesteps"),
    Control("epochs", "Epochs", "training.epochs"),
    Control("seeds", "Seeds", "seeds"),
    Control("T", "Measure up to T =", "timesteps", boxed=True),
    Control("mu", "Noise mean μ (v_th)", "noise.mu", boxed=True),
    Control("family", "Noise family", "noise.family", boxed=True),
    Control(
        "schedule",
        "Share of epochs with noise (%)",
        "training.noise_fraction",
        percent=True,
        boxed=True,
        help="From the first epoch on, or from the end of the mean responses; at most up to the "
        "last phase on own spikes.",
    ),
    Control(
        "spikes",
        "Last share of epochs on own spikes (%)",
        "training.rates_fraction",
        percent=True,
        boxed=True,
        help="The rates phase: without noise, over several timesteps, with the gradient of one "
        "pass. It follows the mean responses, where there are any, and is no T = 1 training.",
        none=lambda config: config.acting_training.rates_fraction or 0.0,
    ),
    Control(
        "spikes_T",
        "T on own spikes, drawn for each batch",
        "training.rates_timesteps",
        options=drawn_timesteps,
        words=lambda drawn: ", ".join(map(str, drawn)),
        boxed=True,
        help="What stands there twice is drawn twice as often. It counts where the share of "
        "epochs on own spikes is above 0.",
    ),
    Control(
        "data",
        "Data set",
        "data.name",
        options=data_sets,
        words=title_of_data,
        above=upload_control,
        boxed=True,
    ),
    Control(
        "size",
        "Image size in pixels",
        "data.image_size",
        options=sizes,
        words=size_in_words,
        above=draw_chosen,
        boxed=True,
    ),
    MODEL,
    Control(
        "width",
        "Width",
        "model.width",
        boxed=True,
        help="Hidden units of the mlp, channels of the first convolution of other networks.",
        none=lambda config: config.model.channels,
    ),
    Control("batch", "Batch size", "training.batch_size", boxed=True),
    Control(
        "device",
        "Device",
        "device",
        options=devices,
        words=device_in_words,
        above=missing_device,
        on_change=forget_missing,
        boxed=True,
    ),
)
"""All controls of the page. Only those whose settings the chosen method uses are shown."""


def in_labels(message: str) -> str:
    """A message, as `memory_advice` writes it, with the label of a control for each setting.

    Example:
        >>> in_labels("Try a smaller batch (`training.batch_size 16` instead of 32)")
        'Try a smaller batch (“Batch size” 16 instead of 32)'
    """
    labels = {control.setting: f"“{control.label}”" for control in CONTROLS}
    return SETTING.sub(lambda found: f"{labels.get(found[1], found[1])} {found[2]}", message)


def read_controls(place: Any) -> Asked:
    """The controls, the most important ones in sight."""
    take_up_upload()
    first = Asked()
    name = PRESET.draw([first], place)
    preset = with_noise(PRESETS[name])
    method = METHOD.draw([preset], place)
    if note := METHODS[method].note:
        place.caption(f"{note[0].upper()}{note[1:]}.")
    others = [
        control
        for control in CONTROLS
        if control not in (PRESET, METHOD) and plays_a_part(control.setting, method)
    ]
    settings = read(
        others, [first, chosen_model(replace(preset, method=method))], place, "More settings"
    )
    seeds = settings.pop("seeds", first.seeds)
    return Asked(name, seeds, {"method": method, **settings})
