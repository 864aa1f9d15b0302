"""The firing probability under noise, and its slope, with the noise on sliders."""

from __future__ import annotations

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab.neuron import registry
from snnlab.neuron.spec import Noise, Surrogate
from snnlab.neuron.surrogate import slope as slope_of
from snnlab.neuron.transfer import firing_probability
from snnlab.runs.methods import Dashes
from snnlab.show.description import attach_description
from snnlab.show.page import dress, head
from snnlab.show.picture import Picture, picture
from snnlab.show.style import BLUE, GREY, VERMILLION
from snnlab.show.widgets.live import LivePicture, choice, slider


def gradient_explorer() -> LivePicture:
    """Family, sigma and mu of the noise; firing probability and slope follow.

    Example:
        >>> live = gradient_explorer()
        >>> live.controls["sigma"].value = 0.05
    """
    current = torch.linspace(-0.5, 1.5, 401, dtype=torch.float64)

    def draw(sigma: float, mu: float, family: str) -> Picture:
        noise = Noise(family, sigma, mu)
        probability = firing_probability(current, noise)
        slope = slope_of(Surrogate.matched(noise), current + noise.mu - 1)
        figure = Figure(figsize=(12, 4.8))
        left = figure.add_axes((0.08, 0.19, 0.39, 0.62))
        _draw_probability(left, current, probability, mu)
        right = figure.add_axes((0.58, 0.19, 0.39, 0.62))
        _draw_slope(right, current, slope)
        share = (slope > 0.1).double().mean().item() * 2  # of the 2 v_th shown
        text = f"The slope reaches {slope.max():.2f}; above 0.1 over {share:.2f} v_th of current."
        attach_description(left, f"Firing probability and its slope under {family} noise. {text}")
        return picture(figure, text)

    return LivePicture(
        draw,
        {
            "sigma": slider("sigma (v_th)", 0.02, 1.0, 0.29, 0.01),
            "mu": slider("mu (v_th)", 0.0, 1.0, 0.5, 0.05),
            "family": choice("noise", registry.without_table()),
        },
    )


def _draw_probability(
    ax: Axes, current: torch.Tensor, probability: torch.Tensor, mu: float
) -> None:
    """p(I), with the hard threshold and the rate of many timesteps behind it."""
    dress(ax, x="Current (v_th)", y="Firing probability")
    step = (current + mu >= 1).double()
    lines: tuple[tuple[str, torch.Tensor, str, Dashes], ...] = (
        ("noisy", probability, BLUE, "-"),
        ("no noise", step, VERMILLION, "--"),
        ("many timesteps", current.clip(0, 1), GREY, ":"),
    )
    for name, values, colour, dashes in lines:
        ax.plot(current, values, label=name, color=colour, linestyle=dashes, linewidth=2.5)
    ax.set_ylim(-0.03, 1.03)
    head(ax, None, key=True)


def _draw_slope(ax: Axes, current: torch.Tensor, slope: torch.Tensor) -> None:
    """dp/dI, filled."""
    dress(ax, x="Current (v_th)", y="Slope (1/v_th)")
    ax.fill_between(current, 0, slope, color=BLUE, alpha=0.25, linewidth=0)
    ax.plot(current, slope, color=BLUE, linewidth=2.5)
    ax.set_ylim(0, max(1.6, 1.1 * float(slope.max())))
