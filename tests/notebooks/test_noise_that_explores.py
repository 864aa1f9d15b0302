"""What notebook 10 computes: its physics against Gymnasium's, its noise, and what it says of it."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
import torch

FOLDER = Path(__file__).resolve().parent.parent.parent / "notebooks"
PARTS = (
    "setup",
    "physics",
    "actors",
    "act",
    "ride",
    "drive",
    "noise",
    "explore",
    "imitate",
    "train",
    "starts",
    "quiet",
)


def cells():
    notebook = nbformat.read(FOLDER / "10_noise_that_explores.ipynb", as_version=4)
    return {cell.id: cell.source for cell in notebook.cells}


@pytest.fixture(scope="module")
def lab():
    """The functions of the notebook, as its own cells define them."""
    found, threads = {}, torch.get_num_threads()
    sources = cells()
    for part in PARTS:
        exec(sources[f"code-{part}"], found)
    torch.set_num_threads(threads)
    return found


def test_the_physics_is_that_of_gymnasium(lab):
    gymnasium = pytest.importorskip("gymnasium")
    game = gymnasium.make("MountainCarContinuous-v0").unwrapped
    g = torch.Generator().manual_seed(0)
    walls = goals = 0
    for ride in range(30):
        state, _ = game.reset(seed=ride)
        push = torch.tensor(0.0)
        for _ in range(400):
            push = 0.97 * push + 0.6 * torch.randn((), generator=g)  # beyond -1 and 1, too
            if ride % 2:  # swing, to come to the wall and to the flag
                push = torch.tensor(1.0 if state[1] >= 0 else -1.0)
            before = torch.tensor(state, dtype=torch.float64)
            here = lab["move"](*before, push.double())
            state, reward, goal, *_ = game.step(push.numpy()[None])
            assert torch.allclose(torch.stack(here[:2]), torch.tensor(state).double(), atol=1e-7)
            assert bool(here[2]) == goal
            assert math.isclose(reward, 100 * goal - 0.1 * float(push) ** 2, abs_tol=1e-5)
            walls += bool(state[0] <= -1.2)
            goals += goal
            if goal:
                break
    assert walls >= 3
    assert goals >= 15


def test_a_free_swing_takes_73_steps(lab):
    """Near the bottom the slope pulls like a spring: 2 pi / sqrt(3 * 0.0025) steps."""
    assert round(2 * math.pi / math.sqrt(3 * 0.0025)) == 73
    position, velocity = torch.tensor(-math.pi / 6 + 0.02, dtype=torch.float64), torch.zeros(())
    crossed, last = [], 1.0
    for t in range(400):
        position, velocity, _ = lab["move"](position, velocity, torch.zeros(()))
        side = math.copysign(1, float(position) + math.pi / 6)
        if side < last:
            crossed.append(t)
        last = side
    gaps = [b - a for a, b in pairwise(crossed)]
    assert all(abs(gap - 73) <= 1 for gap in gaps), gaps


@pytest.mark.parametrize("kind", ["white", "pink", 20, 300])
def test_every_noise_has_the_same_standard_deviation(lab, kind):
    x = lab["memory_noise"](kind, (999, 2000), 3)
    assert x.square().mean().item() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("m", [1, 20])
def test_after_m_steps_a_share_of_one_over_e_is_left(lab, m):
    x = lab["memory_noise"](m, (999, 2000), 3)
    assert (x[:-m] * x[m:]).mean().item() == pytest.approx(math.exp(-1), abs=0.02)
    assert x[0].std().item() == pytest.approx(1, abs=0.05)  # stationary from the first step


def test_the_threshold_bounds_noise_on_charging(lab):
    """The spread of the action is the closed form, and never above half the readout's length."""
    actors = lab["new_actors"](range(5))
    weights, bias, readout = actors
    state = lab["observe"](torch.full((5, 20000), -0.5), torch.zeros(5, 20000))
    current = torch.baddbmm(bias, state[:, :1], weights)
    g = torch.Generator().manual_seed(0)
    for sigma in (0.3, 1.0, 30.0):
        push = sigma * torch.randn(5, 20000, 32, generator=g)
        spread = lab["act"](actors, state, "charging", push).std(1)
        p = lab["firing_probability"](current, lab["Noise"](sigma=sigma))[:, 0]
        said = (readout[..., 0].square() * p * (1 - p)).sum(1).sqrt()
        bound = readout.square().sum((1, 2)).sqrt() / 2
        assert torch.allclose(spread, said, rtol=0.03)
        assert (said <= bound).all()
    assert torch.allclose(said, bound, rtol=0.01)  # very strong noise reaches it


def test_one_timestep_without_noise_is_the_neuron_itself(lab):
    """And many timesteps come to the network without spikes."""
    actors = lab["new_actors"](range(3))
    state = 2 * torch.rand(3, 50, 2, generator=torch.Generator().manual_seed(0)) - 1
    still = torch.zeros(1)
    once = lab["act"](actors, state, 1, still)
    assert torch.equal(once, lab["act"](actors, state, "charging", still))
    assert torch.equal(once, lab["act"](actors, state, "transmission", still))
    many = lab["act"](actors, state, 4096, still)
    assert torch.allclose(many, lab["act"](actors, state, "action", still), atol=5e-3)


def test_noise_on_the_action_of_spikes_is_added_behind_them(lab):
    actors = lab["new_actors"](range(3))
    state = 2 * torch.rand(3, 50, 2, generator=torch.Generator().manual_seed(0)) - 1
    push = torch.randn(3, 50, 1, generator=torch.Generator().manual_seed(1))
    noisy = lab["act"](actors, state, "action of spikes", push)
    assert torch.allclose(noisy, lab["act"](actors, state, 1, None) + push[..., 0])
    ride = lab["explore"](actors, "action of spikes", "white", 0.0, 4, 8)
    still = lab["drive"](actors, 1, torch.zeros(999, 3, 8, 1), 4)  # equal starts
    assert torch.equal(ride.position, still.position)


def test_starts_and_noise_have_seeds_of_their_own(lab):
    ride = lab["drive"](lab["new_actors"](range(2)), "action", torch.zeros(1, 2, 24, 1), 5)
    shared = torch.rand(2, 24, generator=torch.Generator().manual_seed(5)) * 0.2 - 0.6
    assert not torch.isclose(ride.position[0], shared).any()


def test_the_threshold_takes_memory_away(lab):
    """And noise on the action keeps it, before the clip."""
    actors = lab["new_actors"](range(5))
    state = lab["observe"](torch.full((5, 4000), -0.5), torch.zeros(5, 4000))
    noise = lab["memory_noise"](20, (4000, 5, 32), 1).transpose(0, 1)
    kept = {}
    for place in ("charging", "action"):
        action = lab["act"](actors, state, place, noise if place == "charging" else noise[..., :1])
        x = action - action.mean(1, keepdim=True)
        kept[place] = ((x[:, :-1] * x[:, 1:]).mean(1) / x.square().mean(1)).mean().item()
    assert kept["action"] == pytest.approx(math.exp(-1 / 20), abs=0.02)
    assert kept["charging"] < 0.85


@pytest.mark.slow
@pytest.mark.parametrize("place", ["charging", "transmission", "action"])
def test_memory_brings_far_more_cars_up_the_hill(lab, place):
    """With other actors than those of the notebook, in each place."""
    actors = lab["new_actors"](range(200, 216))
    white, memory = (
        lab["explore"](actors, place, kind, 3.0, 5, 12).reached.float().mean()
        for kind in ("white", 20)
    )
    assert white < 0.45
    assert memory > white + 0.3


@pytest.mark.slow
def test_under_a_constant_action_a_small_swing_neither_grows_nor_fades(lab):
    """Wherever the slope can hold the car against that action."""
    for action in (-0.3, 0.0, 0.4):
        rest = -math.acos(0.0015 * action / 0.0025) / 3
        position, velocity = torch.tensor(rest + 0.02, dtype=torch.float64), torch.zeros(())
        path = []
        for _ in range(4000):
            position, velocity, _ = lab["move"](position, velocity, torch.tensor(action))
            path.append(float(position) - rest)
        early, late = path[:200], path[-200:]
        assert max(late) == pytest.approx(max(early), rel=0.02)
        assert min(late) == pytest.approx(min(early), rel=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("place", ["charging", "transmission"])
def test_learning_needs_memory_and_fails_in_small_loops(lab, place):
    """What section 7 and 8 say, with other actors than those of the notebook."""
    lab = dict(lab, seeds=range(300, 308))
    exec(cells()["code-train"], lab)  # with these seeds
    actors, history = lab["train"](place, 20, 0.7)
    _, forgetful = lab["train"](place, "white", 0.7)
    assert history[-1].median() > 85  # some actors lose the flag again and give up
    assert forgetful[-1].median() < 30
    ride = lab["quiet"](actors, place, 1)
    width = ride.position[-200:].amax(0) - ride.position[-200:].amin(0)
    assert (width[~ride.reached] < 0.2).any()  # the small loops of section 8
    for where in ("charging", "action of spikes"):  # a little noise helps, wherever it comes from
        noisy = lab["explore"](actors, where, "white", 0.1, 4, 50)
        assert lab["returned"](noisy).mean() > lab["returned"](ride).mean()


def test_who_never_finds_the_flag_is_paid_for_doing_nothing(lab):
    actors = lab["new_actors"](range(4))
    ride = lab["explore"](actors, "action", "white", 0.3, 0, 8)
    lost = ~ride.reached
    assert lost.any()
    assert (lab["returned"](ride)[lost] < 0).all()


def test_coverage_counts_cells(lab):
    still = torch.full((3, 1, 1), -0.5)
    ride = lab["Ride"](still, 0 * still, still, still < 0, still[0] < -1)
    assert lab["coverage"](ride).item() == pytest.approx(1 / 900)
    spread = torch.tensor([-1.2, -0.5, 0.6]).view(3, 1, 1)
    assert lab["coverage"](ride._replace(position=spread)).item() == pytest.approx(3 / 900)
