"""The trace of one neuron over timesteps."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from snnlab.neuron.dynamics import trace as neuron_run
from snnlab.neuron.spec import Neuron
from snnlab.show.picture import describe
from snnlab.show.trace import neuron_trace

H = [0.9, 1.3, 0.7, 1.1]
V = [0.9, 0.3, 0.7, 0.1]
S = [0, 1, 0, 1]


def named(artists):
    return {artist.get_label(): artist for artist in artists}


def test_charge_runs_from_the_residual_to_the_potential_before_firing(ax):
    neuron_trace(H, V, S, v_init=0.5, ax=ax)
    x, y = named(ax.lines)["charge: v[t-1] to h[t]"].get_data()
    np.testing.assert_array_equal(x[0::3], [0, 1, 2, 3])
    np.testing.assert_array_equal(x[1::3], [1, 2, 3, 4])
    np.testing.assert_array_equal(y[0::3], [0.5, *V[:-1]])
    np.testing.assert_array_equal(y[1::3], H)
    assert np.isnan(y[2::3]).all()


def test_reset_falls_at_spikes_only(ax):
    neuron_trace(H, V, S, v_init=0.5, ax=ax)
    falls = named(ax.collections)["reset: h[t] to v[t]"].get_segments()
    np.testing.assert_allclose(falls, [[[2, 0.3], [2, 1.3]], [[4, 0.1], [4, 1.1]]])


def test_spikes_stand_above_everything(ax):
    neuron_trace(H, V, S, v_init=0.5, ax=ax)
    x, y = named(ax.lines)["spike"].get_data()
    assert list(x) == [2, 4]
    assert min(y) > max(H)
    assert max(y) < ax.get_ylim()[1]


def test_everything_is_in_units_of_the_threshold(ax):
    neuron_trace(
        [2 * h for h in H], [2 * v for v in V], S, 2.0, v_init=1.0, current=[0.8] * 4, ax=ax
    )
    _, y = named(ax.lines)["charge: v[t-1] to h[t]"].get_data()
    np.testing.assert_allclose(y[0::3], [0.5, *V[:-1]])
    np.testing.assert_allclose(y[1::3], H)
    heights, edges, _ = named(ax.patches)["current"].get_data()
    np.testing.assert_allclose(heights, [0.4] * 4)
    np.testing.assert_array_equal(edges, [0, 1, 2, 3, 4])
    assert any(list(line.get_ydata()) == [1, 1] for line in ax.lines)  # threshold
    assert ax.get_ylabel() == "Membrane potential (v_th)"
    assert ax.get_xlabel() == "Timestep t"


def test_changing_currents_are_in_sight_and_told(ax):
    currents = [0.4, 3.0, -2.5, 0.5]
    neuron_trace(H, V, S, v_init=0.5, current=currents, ax=ax)
    low, high = ax.get_ylim()
    assert low < min(currents)
    assert high > max(currents)
    _, marks = named(ax.lines)["spike"].get_data()
    assert min(marks) > max(currents)
    assert describe(ax).endswith("Current from -2.50 to 3.00 v_th, mean 0.35.")


def test_a_constant_current_is_told_once(ax):
    neuron_trace(H, V, S, 2.0, v_init=0.5, current=[0.8] * 4, ax=ax)
    assert describe(ax).endswith("Current 0.40 v_th at each timestep.")


def test_unknown_start_is_not_invented(ax):
    neuron_trace(H, V, S, ax=ax)
    _, y = named(ax.lines)["charge: v[t-1] to h[t]"].get_data()
    assert np.isnan(y[0])
    assert "v_init" not in describe(ax)


def test_silent_neuron_has_neither_spikes_nor_resets(ax):
    neuron_trace([0.1, 0.2], [0.1, 0.2], [0, 0], v_init=0.0, ax=ax)
    assert "spike" not in named(ax.lines)
    assert "no spikes" in describe(ax)
    assert ax.get_ylim()[1] > 1  # the threshold is in sight


def test_draws_what_the_neuron_room_returns(ax):
    run = neuron_run(torch.full((8, 1), 0.37), Neuron())
    neuron_trace(run.h[:, 0], run.v[:, 0], run.spikes[:, 0], v_init=0.5, ax=ax)
    assert f"{int(run.spikes.sum())} spikes" in describe(ax)
    assert "from v_init = 0.5 v_th" in describe(ax)


def test_trace_refuses_what_does_not_fit(ax):
    with pytest.raises(ValueError, match=r"h \(4,\), v \(3,\), spikes \(4,\)"):
        neuron_trace(H, V[:3], S, ax=ax)
    with pytest.raises(ValueError, match=r"current \(2,\), h \(4,\)"):
        neuron_trace(H, V, S, current=[1, 2], ax=ax)
    with pytest.raises(ValueError, match="spikes must be 0 or 1, got 2"):
        neuron_trace(H, V, [0, 1, 2, 0], ax=ax)
    with pytest.raises(ValueError, match="v_th must be above 0, got 0"):
        neuron_trace(H, V, S, 0, ax=ax)
