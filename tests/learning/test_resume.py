"""Checkpoints: a training cut short goes on as if nothing had happened."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file, save_file

from snnlab.data import load_data
from snnlab.learning import BPTT, PlainANN, SingleStep, Training, checkpoint, fit
from snnlab.neuron import Neuron, Noise

TRAINING = Training(epochs=4, batch_size=64, augment=True, noise_fraction=0.5)
STEPS = 3  # per epoch
networks = pytest.mark.parametrize("name", ["mlp", "convnet"])  # the latter in channels-last layout
methods = pytest.mark.parametrize(
    "objective", [SingleStep(), BPTT(timesteps=2), PlainANN()], ids=repr
)


class PowerCut(Exception):
    """Raised from a callback to end a training anywhere."""


def cut_at_step(step):
    def callback(batch):
        if batch.step == step:
            raise PowerCut

    return {"on_batch": callback}


def cut_after_epoch(number):
    def callback(epoch):
        if epoch.epoch == number:
            raise PowerCut

    return {"on_epoch": callback}


@pytest.mark.sample(6)
@pytest.mark.parametrize(
    "cut",
    [cut_at_step(2), cut_at_step(STEPS + 2), cut_at_step(3 * STEPS), cut_after_epoch(2)],
    ids=["first epoch", "second epoch", "last step of the third", "after the second"],
)
@networks
@methods
def test_a_resumed_training_equals_an_uninterrupted_one_bit_for_bit(
    objective, name, cut, few_digits, net_for, same_weights, without_time, tmp_path
):
    whole, broken, resumed = (net_for(objective, name) for _ in range(3))
    expected = fit(whole, few_digits, objective, TRAINING, seed=3)
    file = tmp_path / "run" / "checkpoint.safetensors"
    with pytest.raises(PowerCut):
        fit(broken, few_digits, objective, TRAINING, seed=3, checkpoint=file, **cut)
    history = fit(resumed, few_digits, objective, TRAINING, seed=3, checkpoint=file)
    assert same_weights(resumed, whole)
    assert without_time(history) == without_time(expected)


def test_a_network_left_in_the_middle_of_an_epoch_goes_back_to_its_start(
    few_digits, net_for, same_weights, tmp_path
):
    whole, cut = net_for(SingleStep()), net_for(SingleStep())
    fit(whole, few_digits, SingleStep(), TRAINING, seed=3)
    options = {"seed": 3, "checkpoint": tmp_path / "c.safetensors"}
    for step in (STEPS + 2, 2 * STEPS + 1, 3 * STEPS + 2):  # again and again, one object
        with pytest.raises(PowerCut):
            fit(cut, few_digits, SingleStep(), TRAINING, **options, **cut_at_step(step))
    fit(cut, few_digits, SingleStep(), TRAINING, **options)
    assert same_weights(cut, whole)


def test_a_finished_training_is_not_trained_again(
    few_digits, net_for, same_weights, without_time, tmp_path
):
    options = {"seed": 3, "checkpoint": tmp_path / "c.safetensors"}
    done, fresh, batches = net_for(SingleStep()), net_for(SingleStep(), seed=9), []
    history = fit(done, few_digits, SingleStep(), TRAINING, **options)
    again = fit(fresh, few_digits, SingleStep(), TRAINING, **options, on_batch=batches.append)
    assert batches == []
    assert again == history
    assert same_weights(fresh, done)


def test_a_checkpoint_does_not_change_the_training(few_digits, net_for, same_weights, tmp_path):
    with_file, without = net_for(SingleStep()), net_for(SingleStep())
    fit(with_file, few_digits, SingleStep(), TRAINING, seed=3, checkpoint=tmp_path / "c")
    fit(without, few_digits, SingleStep(), TRAINING, seed=3)
    assert same_weights(with_file, without)


@pytest.fixture
def finished(few_digits, net_for, tmp_path):
    """The checkpoint of a training with `TRAINING` and seed 3."""
    file = tmp_path / "c.safetensors"
    fit(net_for(SingleStep()), few_digits, SingleStep(), TRAINING, seed=3, checkpoint=file)
    return file


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 4}, "seed was 3, now 4"),
        ({"training": Training(epochs=5, batch_size=64)}, "epochs was 4, now 5"),
        ({"objective": BPTT()}, r"objective was 'SingleStep.*now 'BPTT"),
        ({"net": {"width": 4}}, "another network"),
        ({"net": {"noise": Noise("uniform")}}, "another network"),
        ({"net": {"neuron": Neuron(beta=0.9)}}, "another network"),
        ({"images": 192}, "images was '200 of digits', now '192 of digits'"),
    ],
    ids=str,
)
def test_the_checkpoint_of_another_training_is_refused(
    changes, message, finished, few_digits, net_for, same_weights
):
    options = changes.get("net", {})
    net, before = (net_for(SingleStep(), **options) for _ in range(2))
    data = load_data("digits", train_size=changes["images"]) if "images" in changes else few_digits
    content = finished.read_bytes()
    with pytest.raises(ValueError, match="belongs to another training") as caught:
        fit(
            net,
            data,
            changes.get("objective", SingleStep()),
            changes.get("training", TRAINING),
            seed=changes.get("seed", 3),
            checkpoint=finished,
        )
    assert str(finished) in str(caught.value)
    assert caught.match(message)
    assert same_weights(net, before)
    assert finished.read_bytes() == content


def truncated(file):
    file.write_bytes(file.read_bytes()[:-100])


def emptied(file):
    file.write_bytes(b"")


def overwritten(file):
    file.write_bytes(b"not a checkpoint at all")


def of_others(file):
    save_file({"weight": torch.zeros(3)}, file)


@pytest.mark.parametrize("damage", [truncated, emptied, overwritten, of_others])
def test_a_damaged_checkpoint_is_refused_by_name(
    damage, finished, few_digits, net_for, same_weights
):
    damage(finished)
    net = net_for(SingleStep())
    with pytest.raises(ValueError, match="not a file of this kit") as caught:
        fit(net, few_digits, SingleStep(), TRAINING, seed=3, checkpoint=finished)
    assert str(finished) in str(caught.value)
    assert same_weights(net, net_for(SingleStep()))


def test_a_write_that_fails_leaves_the_old_checkpoint_whole(
    few_digits, net_for, same_weights, tmp_path, monkeypatch
):
    file = tmp_path / "c.safetensors"
    with pytest.raises(PowerCut):
        fit(
            net_for(SingleStep()),
            few_digits,
            SingleStep(),
            TRAINING,
            seed=3,
            checkpoint=file,
            **cut_after_epoch(1),
        )
    old = file.read_bytes()

    def full_disk(tensors, path, metadata):
        path.write_bytes(b"half a fi")
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save_file", full_disk)
        with pytest.raises(OSError, match="no space"):
            fit(net_for(SingleStep()), few_digits, SingleStep(), TRAINING, seed=3, checkpoint=file)
    assert file.read_bytes() == old
    assert list(tmp_path.iterdir()) == [file]

    whole, resumed = net_for(SingleStep()), net_for(SingleStep())
    fit(whole, few_digits, SingleStep(), TRAINING, seed=3)
    fit(resumed, few_digits, SingleStep(), TRAINING, seed=3, checkpoint=file)
    assert same_weights(resumed, whole)


def test_a_checkpoint_holds_plain_tensors(finished):
    names = load_file(finished)
    assert {name.split(".")[0] for name in names} == {"net", "optimizer", "generator"}
    assert {"generator.order", "generator.noise"} <= set(names)
