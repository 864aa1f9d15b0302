"""Explorers of one neuron, of many neurons, and of the noise that replaces their residuals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from ipywidgets import ValueWidget

from snnlab.measure.residuals import groups_of
from snnlab.neuron import registry
from snnlab.neuron.dynamics import trace
from snnlab.neuron.noise import sample
from snnlab.neuron.spec import MATCHED_MU, MATCHED_SIGMA, Neuron, Noise, Reset, Surrogate
from snnlab.neuron.surrogate import slope as slope_of
from snnlab.neuron.transfer import firing_probability
from snnlab.settings import count
from snnlab.show.charts.closed_forms import families
from snnlab.show.charts.closed_forms.piece import piece
from snnlab.show.described import CURRENT
from snnlab.show.page import dress, fixed_panels, head
from snnlab.show.picture import Picture, picture
from snnlab.show.potentials import membrane_histogram
from snnlab.show.style import BLUE, GREY, VERMILLION
from snnlab.show.trace import neuron_trace
from snnlab.show.widgets.live import RESETS, LivePicture, choice, live_axes, slider

_UNIFORM = ([-0.0001, 0, 1, 1.0001], [0, 1, 1, 0])
_MOST_TIMESTEPS = 40
"""Timesteps of one neuron on a web page, at most."""
_CURRENT = "current (v_th)"


def _charts(
    live: LivePicture,
    charts: Callable[[Mapping[str, ValueWidget]], list[dict[str, Any]]],
    **controls: ValueWidget,
) -> str | None:
    """HTML of a live picture for a web page; None if browsers cannot compute the chosen noise.

    Args:
        live: the picture in the notebook; the page begins with its values.
        charts: makes the charts of the page, given the controls by parameter.
        controls: further controls of the page, by parameter.
    """
    given = live.controls | controls
    if "family" in live.controls:
        if (family := live.controls["family"].value) not in families.on_pages():
            return None
        given["family"] = choice("noise", families.on_pages(), family)
    still = live.picture.html() if live.picture else ""
    return piece(charts(given), still)


def neuron_explorer(timesteps: int = 20, *, current: float = 0.3) -> LivePicture:
    """The potential of a neuron with v_th = 1 for chosen current, v_init, leak and reset.

    Args:
        timesteps: T that are drawn.
        current: first value of its slider, in units of v_th, -0.3 to 1.5.

    Raises:
        ValueError: timesteps below 1.

    Example:
        >>> live = neuron_explorer()
        >>> live.controls["current"].value = 0.7
    """
    timesteps = count("timesteps", timesteps)

    def draw(current: float, v_init: float, beta: float, reset: Reset) -> Picture:
        # In hundredths of v_th, the step of the sliders: all are whole numbers, so that ten times
        # 0.1 exactly reaches the threshold.
        currents = torch.full((timesteps, 1), 100.0 * round(current, 2)).round()  # (T, 1)
        neuron = Neuron(v_th=100.0, v_init=round(100.0 * v_init), beta=beta, reset=reset)
        path = trace(currents, neuron)
        ax = neuron_trace(
            path.h[:, 0],
            path.v[:, 0],
            path.spikes[:, 0],
            neuron.v_th,
            v_init=neuron.v_start,
            current=currents[:, 0],
            ax=live_axes(top=0.55),
        )
        spikes = int(path.spikes.sum())
        return picture(
            ax,
            f"{spikes} spikes in {timesteps} timesteps: rate {spikes / timesteps:.3f}. "
            f"Left over at the end: {path.v[-1, 0] / neuron.v_th:.2f} v_th.",
        )

    def on_page() -> str | None:
        from snnlab.show.charts.closed_forms.one_neuron import one_neuron_charts  # loads Altair

        steps = slider("timesteps T", 1, max(timesteps, _MOST_TIMESTEPS), timesteps)
        return _charts(live, one_neuron_charts, T=steps)

    live = LivePicture(
        draw,
        {
            "current": slider(_CURRENT, -0.3, 1.5, current, 0.01),
            "v_init": slider("v_init (v_th)", 0.0, 0.99, 0.0, 0.01),
            "beta": slider("beta (leak)", 0.5, 1.0, 1.0, 0.01),
            "reset": choice("reset", RESETS),
        },
        on_page=on_page,
    )
    return live


def residual_explorer(neurons: int = 4000, *, seed: int = 0) -> LivePicture:
    """Histograms of residuals and noise for chosen timesteps, currents and noise.

    Args:
        neurons: how many, each with its own constant current and v_th = 1.
        seed: of currents and noise.

    Raises:
        ValueError: fewer than 100 neurons.

    Example:
        >>> live = residual_explorer()
        >>> live.controls["timesteps"].value = 2
    """
    if neurons < 100:
        raise ValueError(f"a histogram needs 100 or more neurons, got {neurons}")

    def draw(timesteps: int, lowest: float, highest: float, family: str, sigma: float) -> Picture:
        generator = torch.Generator().manual_seed(seed)
        share = torch.rand(neurons, generator=generator)
        currents = lowest + (highest - lowest) * share  # (N,)
        path = trace(currents.expand(timesteps, neurons), Neuron())
        silent, active, saturated = groups_of(path.spikes)
        if not active.any():
            raise ValueError("no neuron is active: give the currents another range")
        carried = path.v[:-1, active].flatten()  # residuals v[t-1] for t = 2 to T
        ax = membrane_histogram(
            sample(Noise(family, sigma), (20_000,), generator),
            carried,
            densities={"U(0, 1)": _UNIFORM},
            silent=silent.float().mean().item(),
            saturated=saturated.float().mean().item(),
            ax=live_axes(),
        )
        return picture(
            ax,
            f"Residuals of the active neurons: mean {carried.mean():.3f}, standard deviation "
            f"{carried.std():.3f}. Noise: 0.500 and {sigma:.3f}.",
        )

    def on_page() -> str | None:
        from snnlab.show.charts.closed_forms.residuals import residual_charts  # loads Altair

        return _charts(live, residual_charts, mu=slider("mu (v_th)", 0.0, 1.0, MATCHED_MU, 0.01))

    live = LivePicture(
        draw,
        {
            "timesteps": slider("timesteps T", 2, 64, 16),
            "lowest": slider("lowest current (v_th)", -0.5, 0.5, 0.0, 0.01),
            "highest": slider("highest current (v_th)", 0.51, 1.5, 1.0, 0.01),
            "family": choice("noise", registry.without_table()),
            "sigma": slider("sigma (v_th)", 0.05, 0.6, round(MATCHED_SIGMA, 3), 0.001),
        },
        on_page=on_page,
    )
    return live


def gradient_explorer() -> LivePicture:
    """Firing probability and its slope for chosen family, sigma and mu of the noise.

    Example:
        >>> live = gradient_explorer()
        >>> live.controls["sigma"].value = 0.05
    """
    current = torch.linspace(-0.5, 1.5, 401, dtype=torch.float64)

    def draw(sigma: float, mu: float, family: str) -> Picture:
        noise = Noise(family, sigma, mu)
        probability = firing_probability(current, noise)
        slope = slope_of(Surrogate.matched(noise), current + noise.mu - 1)
        left, right = fixed_panels((12, 4.8), (0.08, 0.19, 0.39, 0.62), (0.58, 0.19, 0.39, 0.62))
        dress(left, x=CURRENT, y="Firing probability")
        wide: dict[str, Any] = {"linewidth": 2.5}
        left.plot(current, probability, label="noisy", color=BLUE, **wide)
        hard = (current + mu >= 1).double()
        left.plot(current, hard, "--", label="no noise", color=VERMILLION, **wide)
        left.plot(current, current.clip(0, 1), ":", label="many timesteps", color=GREY, **wide)
        left.set_ylim(-0.03, 1.03)
        head(left, None, key=True)
        dress(right, x=CURRENT, y="Slope (1/v_th)")
        right.fill_between(current, 0, slope, color=BLUE, alpha=0.25, linewidth=0)
        right.plot(current, slope, color=BLUE, **wide)
        right.set_ylim(0, max(1.6, 1.1 * float(slope.max())))
        share = (slope > 0.1).double().mean().item() * 2  # of the 2 v_th shown
        text = f"The slope reaches {slope.max():.2f}; above 0.1 over {share:.2f} v_th of current."
        shown = f"Firing probability and its slope under {family} noise. {text}"
        return picture(left, text, alt=shown)

    def on_page() -> str | None:
        from snnlab.show.charts.closed_forms.firing import firing_charts  # loads Altair

        at = slider(_CURRENT, -0.5, 1.5, 0.3, 0.01)
        return _charts(live, firing_charts, current=at, T=slider("timesteps T", 1, 32, 4))

    live = LivePicture(
        draw,
        {
            "sigma": slider("sigma (v_th)", 0.02, 1.0, 0.29, 0.01),
            "mu": slider("mu (v_th)", 0.0, 1.0, 0.5, 0.05),
            "family": choice("noise", registry.without_table()),
        },
        on_page=on_page,
    )
    return live
