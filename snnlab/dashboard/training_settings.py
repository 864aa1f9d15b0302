"""The controls of the page Train, and the configurations that they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from snnlab.dashboard import address
from snnlab.dashboard.controls import Control, read
from snnlab.dashboard.upload import upload_control, uploads
from snnlab.data.spec import CATALOGUE
from snnlab.runs.config import ConfigError, RunConfig, with_settings
from snnlab.runs.methods import METHODS, PLAIN, QUIET, plays_a_part
from snnlab.runs.presets import PRESETS, compared, with_noise
from snnlab.settings import Valid, declared

MOST_SEEDS = 3
"""With all starts that are compared, as many runs as one user may have in the queue."""


@dataclass(frozen=True)
class Asked:
    """What the controls say: besides settings of a run, which preset they change and how often."""

    preset: Annotated[str, Valid(options=PRESETS.keys)] = "digits-mlp"
    seeds: Annotated[int, Valid(low=1, usual=(1, MOST_SEEDS), step=1)] = 1
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """By dotted name."""

    def configs(self) -> list[RunConfig]:
        """One configuration per seed.

        What plays no part stays as the preset has it. Noise of sigma 0 is training without noise.

        Raises:
            ConfigError: the settings make no sense together.
        """
        method = self.settings.get("method", PLAIN)
        config = self.trained_with(QUIET if self.quiet else method)
        return [replace(config, seed=seed) for seed in range(self.seeds)]

    def all_three(self) -> list[RunConfig]:
        """The same from each of the starts that are compared, seed by seed, whatever the method.

        Raises:
            ConfigError: the settings make no sense together, or there is no noise to compare with.
        """
        if self.quiet:
            raise ConfigError(
                "training with noise is to be compared with training without it, but σ is 0: "
                "set it above 0"
            )
        sides = compared(self.trained_with(PLAIN)).values()
        return [replace(side, seed=seed) for seed in range(self.seeds) for side in sides]

    @property
    def quiet(self) -> bool:
        """Whether the noise is none."""
        return self.settings.get("noise.sigma") == 0

    def trained_with(self, method: str) -> RunConfig:
        """The configuration with the settings that play a part for a method."""
        acting = {name: v for name, v in self.settings.items() if plays_a_part(name, method)}
        preset = with_noise(PRESETS[self.preset])
        return with_settings(preset, acting | {"method": method})


def fill_from_preset() -> None:
    """Let the settings of a run stand where the chosen preset has them, but for a lesson's."""
    own, kept = declared(Asked), address.set_by_lesson()
    address.forget(c.name for c in CONTROLS if c.setting not in own and c.name not in kept)


def data_sets() -> tuple[str, ...]:
    """The sets that a visitor can choose from."""
    return (*CATALOGUE, *uploads())


def title_of_data(name: str) -> str:
    """A set as the menu shows it."""
    return uploads().get(name) or (
        f"{name}: {CATALOGUE[name].title}" if name in CATALOGUE else name
    )


PRESET = Control(
    "preset",
    "Preset",
    "preset",
    help="Fills the controls below, but for those that a lesson has set.",
    on_change=fill_from_preset,
)
METHOD = Control("method", "Method", "method", words=lambda name: METHODS[name].title)
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
        help="From the first epoch on, or from the end of the warm-up.",
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
    Control("model", "Network", "model.name", boxed=True),
    Control("device", "Device", "device", boxed=True),
)
"""All of them. A method shows those whose settings count for it."""


def read_controls(place: Any) -> Asked:
    """The controls, the most important ones in sight."""
    first = Asked()
    name = PRESET.draw([first], place)
    preset = with_noise(PRESETS[name])
    method = METHOD.draw([preset], place)
    others = [
        control
        for control in CONTROLS
        if control not in (PRESET, METHOD) and plays_a_part(control.setting, method)
    ]
    settings = read(others, [first, preset], place, "More settings")
    seeds = settings.pop("seeds", first.seeds)
    return Asked(name, seeds, {"method": method, **settings})
