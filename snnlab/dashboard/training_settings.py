"""The controls of the page Train, and the configurations that they stand for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast, get_args

import streamlit as st

from snnlab.dashboard import address
from snnlab.dashboard.screen import fold
from snnlab.dashboard.upload import upload_control
from snnlab.data.spec import CATALOGUE
from snnlab.experiment.config import Device, RunConfig
from snnlab.experiment.methods import METHODS
from snnlab.experiment.presets import PRESETS, plain
from snnlab.network.spec import ModelName
from snnlab.neuron import registry
from snnlab.neuron.spec import Noise

CONTROLS = (
    *("preset", "method", "sigma", "T", "epochs", "seeds"),
    *("data", "model", "mu", "family", "schedule", "bptt", "device"),
)
"""What a lesson link can fix or hide."""
DEFAULT = "digits-mlp"
MOST_SEEDS = 3
"""As many as one user may have in the queue."""
MOST_TIMESTEPS, MOST_EPOCHS = 64, 200


@dataclass(frozen=True)
class Asked:
    """What the controls say."""

    preset: str
    method: str
    sigma: float
    T: int
    epochs: int
    seeds: int
    data: str
    model: str
    mu: float
    family: str
    schedule: int
    """Percent of the epochs in which the noise acts."""
    bptt: int
    device: str

    def configs(self) -> list[RunConfig]:
        """One configuration per seed.

        Sigma 0 is training without noise, whatever the method's name.

        Raises:
            ConfigError, DataError, ValueError: the settings make no sense together.
        """
        start = PRESETS[self.preset]
        quiet = self.method == "noise" and self.sigma == 0
        method = "no-noise" if quiet else self.method
        noise = start.noise
        if method == "noise":
            noise = Noise(self.family, self.sigma, self.mu)
        config = replace(
            start,
            method=method,
            timesteps=self.T,
            bptt_timesteps=self.bptt if method == "bptt" else start.bptt_timesteps,
            device=cast(Device, self.device),
            data=replace(start.data, name=self.data),
            model=replace(start.model, name=cast(ModelName, self.model)),
            noise=noise,
            training=replace(
                start.training,
                epochs=self.epochs,
                noise_fraction=self.schedule / 100 if method == "noise" else 1.0,
            ),
        )
        return [replace(config, seed=seed) for seed in range(self.seeds)]


def fill_from_preset() -> None:
    """Move all controls to what the chosen preset says."""
    name = st.session_state[address.key("preset")]
    preset = plain(PRESETS.get(name, PRESETS[DEFAULT]))
    values: dict[str, Any] = {
        "method": preset.method,
        "sigma": round(preset.noise.sigma, 2),
        "mu": preset.noise.mu,
        "family": preset.noise.family,
        "schedule": round(100 * preset.training.noise_fraction),
        "T": preset.timesteps,
        "epochs": preset.training.epochs,
        "data": preset.data.name,
        "model": preset.model.name,
        "bptt": preset.bptt_timesteps,
        "device": preset.device,
    }
    for control, value in values.items():
        address.set_control(control, value)


def read_controls(place: st.delta_generator.DeltaGenerator) -> Asked:
    """The controls, the most important ones in sight."""
    slider, select = address.slider, address.select
    preset = select(
        "preset",
        "Preset",
        tuple(PRESETS),
        DEFAULT,
        place=place,
        on_change=fill_from_preset,
        help="Fills all the controls below.",
    )
    start = PRESETS[preset]
    method = select(
        "method",
        "Method",
        tuple(METHODS),
        "noise",
        place=place,
        words=lambda name: METHODS[name].title,
    )
    sigma, family, mu, schedule = 0.29, "gaussian", 0.5, 100
    if method == "noise":
        sigma = slider(
            "sigma", "Noise σ (v_th)", 0.29, 0.0, 1.0, 0.01, place=place, help="0: no noise"
        )
    bptt = 4
    if method == "bptt":
        bptt = slider("bptt", "T in training", 4, 1, 16, 1, place=place)
    epochs = slider("epochs", "Epochs", start.training.epochs, 1, MOST_EPOCHS, 1, place=place)
    seeds = slider("seeds", "Seeds", 1, 1, MOST_SEEDS, 1, place=place)
    more = fold("More settings", key=address.key("more"), place=place)
    T = slider("T", "Measure up to T =", 16, 2, MOST_TIMESTEPS, 1, place=more)
    if method == "noise":
        mu = slider("mu", "Noise mean μ (v_th)", 0.5, -0.5, 1.5, 0.05, place=more)
        family = select("family", "Noise family", registry.without_table(), "gaussian", place=more)
        schedule = slider(
            "schedule", "Noise in the first % of the epochs", 100, 10, 100, 10, place=more
        )
    uploaded = upload_control(more)
    sets = (*CATALOGUE, *uploaded)
    data = select(
        "data",
        "Data set",
        sets,
        start.data.name,
        place=more,
        words=lambda name: uploaded.get(name) or f"{name}: {CATALOGUE[name].title}",
    )
    model = select("model", "Network", get_args(ModelName), start.model.name, place=more)
    device = select("device", "Device", get_args(Device), start.device, place=more)
    return Asked(
        preset, method, sigma, T, epochs, seeds, data, model, mu, family, schedule, bptt, device
    )
