"""A loss and an optimizer of one's own."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from torch import nn

from snnlab.learning import PlainANN, SingleStep, Training, fit
from snnlab.learning.fit import seeded_generator
from snnlab.network import Architecture, build

TRAINING = Training(epochs=2, batch_size=64, channels_last=False)
WEIGHTS = torch.tensor([5.0, *[1.0] * 9])


def network() -> Any:
    """An ordinary one, always with the same weights."""
    return build(
        Architecture("mlp", width=8), image_shape=(1, 8, 8), classes=10, seed=0, activation="relu"
    )


def by_hand(data: Any, criterion: Any, optimizer: Any, net: Any, *, most: float) -> Any:
    """Train with plain torch: the same batches, and the one-cycle schedule up to `most`."""
    generator = seeded_generator(0, "order", torch.device("cpu"))
    steps = TRAINING.epochs * data.train.batch_count(64, drop_last=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, most, total_steps=steps + 1, cycle_momentum=False
    )
    net.train()
    for _ in range(TRAINING.epochs):
        for images, labels in data.train.batches(64, generator=generator, drop_last=True):
            optimizer.zero_grad()
            criterion(net(images), labels).backward()
            optimizer.step()
            schedule.step()
    return net


def equal(one: Any, other: Any) -> bool:
    """Whether two networks have the same weights, to within rounding."""
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return all(torch.allclose(a, b, atol=1e-6) for a, b in pairs)


def groups(net: Any) -> list[dict[str, Any]]:
    """Those of fit(): no decay for vectors."""
    many = [p for p in net.parameters() if p.ndim > 1]
    few = [p for p in net.parameters() if p.ndim <= 1]
    return [{"params": many, "weight_decay": 0.01}, {"params": few, "weight_decay": 0.0}]


@pytest.mark.parametrize(
    "criterion",
    [
        nn.CrossEntropyLoss(weight=WEIGHTS),
        lambda logits, labels: nn.functional.multi_margin_loss(logits, labels),
        lambda z, y: (z.softmax(1) - nn.functional.one_hot(y, 10)).square().mean(),
    ],
    ids=["class weights", "margin", "squares"],
)
def test_a_loss_trains_as_in_a_plain_loop(criterion: Any, few_digits: Any) -> None:
    net, plain, usual = network(), network(), network()
    fit(net, few_digits, PlainANN(), TRAINING, seed=0, loss=criterion, optimizer=torch.optim.SGD)
    by_hand(few_digits, criterion, torch.optim.SGD(groups(plain), lr=1.0), plain, most=4e-3)
    assert equal(net, plain)
    fit(usual, few_digits, PlainANN(), TRAINING, seed=0, optimizer=torch.optim.SGD)
    assert not equal(net, usual)


@pytest.mark.parametrize(
    ("make", "most"),
    [
        (torch.optim.SGD, 4e-3),  # that of Training
        (partial(torch.optim.SGD, lr=0.05, momentum=0.9), 0.05),  # its own
        (lambda params: torch.optim.Adam(params, lr=0.01), 0.01),
        (torch.optim.NAdam, 4e-3),
    ],
    ids=["class", "partial", "function", "NAdam"],
)
def test_an_optimizer_trains_as_in_a_plain_loop(make: Any, most: float, few_digits: Any) -> None:
    net, plain = network(), network()
    fit(net, few_digits, PlainANN(), TRAINING, seed=0, optimizer=make)
    by_hand(few_digits, nn.CrossEntropyLoss(), make(groups(plain)), plain, most=most)
    assert equal(net, plain)


def test_an_optimizer_that_is_there_can_be_used_twice(few_digits: Any) -> None:
    net, plain = network(), network()
    mine = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(2):
        fit(net, few_digits, PlainANN(), TRAINING, seed=0, optimizer=mine)
        assert mine.param_groups[0]["lr"] == 0.1
    theirs = torch.optim.SGD(plain.parameters(), lr=0.1)
    for _ in range(2):
        by_hand(few_digits, nn.CrossEntropyLoss(), theirs, plain, most=0.1)
    assert equal(net, plain)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"loss": 3}, "loss must be a function.*got int 3"),
        ({"loss": nn.CrossEntropyLoss}, "loss must be a function of logits"),
        ({"loss": lambda logits: logits.sum()}, r"loss\(logits \(4, 10\), labels \(4,\)\) fails"),
        ({"loss": nn.CrossEntropyLoss(weight=torch.ones(3))}, r"fails: .*weight"),
        ({"loss": nn.CrossEntropyLoss(reduction="none")}, r"single number.*got float32 \(4,\)"),
        ({"loss": lambda z, y: 3.0}, "must give a single number.*float 3.0"),
        ({"loss": lambda z, y: z.argmax(1).float().mean()}, "has no gradient"),
        ({"loss": nn.Sequential(nn.Linear(10, 1))}, "has parameters"),
        ({"optimizer": "adam"}, "optimizer must be.*got str 'adam'"),
        ({"optimizer": torch.optim.LBFGS}, "optimizer=LBFGS fails"),
        ({"optimizer": partial(torch.optim.SGD, lr=-1)}, "fails: Invalid learning rate: -1"),
        ({"optimizer": torch.optim.SparseAdam}, "sparse gradients only"),
        ({"optimizer": dict}, "must make an optimizer of torch"),
        ({"optimizer": torch.optim.SGD(nn.Linear(2, 2).parameters())}, "parameters of this net"),
    ],
)
def test_wrong_parts_are_refused_before_the_first_step(
    parts: dict[str, Any], message: str, few_digits: Any
) -> None:
    net, before = network(), network()
    with pytest.raises(ValueError, match=message):
        fit(net, few_digits, PlainANN(), TRAINING, seed=0, **parts)
    assert equal(net, before)


def test_label_smoothing_belongs_to_the_usual_loss(few_digits: Any) -> None:
    smooth = Training(epochs=1, label_smoothing=0.1)
    with pytest.raises(ValueError, match=r"label_smoothing = 0.1 belongs to the usual loss"):
        fit(network(), few_digits, PlainANN(), smooth, seed=0, loss=nn.CrossEntropyLoss())


@pytest.mark.parametrize("make", [torch.optim.SGD, torch.optim.Adagrad, torch.optim.AdamW])
def test_a_checkpoint_knows_loss_and_optimizer(make: Any, few_digits: Any, tmp_path: Any) -> None:
    class PowerCut(Exception):
        pass

    def cut(epoch: Any) -> None:
        if epoch.epoch == 1:
            raise PowerCut

    file, net, whole = tmp_path / "checkpoint.safetensors", network(), network()
    parts = {"loss": nn.CrossEntropyLoss(weight=WEIGHTS), "optimizer": make}
    fit(whole, few_digits, PlainANN(), TRAINING, seed=0, **parts)
    with pytest.raises(PowerCut):
        fit(net, few_digits, PlainANN(), TRAINING, seed=0, checkpoint=file, on_epoch=cut, **parts)
    for other in ({**parts, "loss": nn.CrossEntropyLoss()}, {**parts, "optimizer": None}):
        with pytest.raises(ValueError, match=r"another training: (loss|optimizer)"):
            fit(network(), few_digits, PlainANN(), TRAINING, seed=0, checkpoint=file, **other)
    resumed = network()
    fit(resumed, few_digits, PlainANN(), TRAINING, seed=0, checkpoint=file, **parts)
    assert equal(resumed, whole)


def test_batch_norm_and_a_single_image(few_digits: Any) -> None:
    net = build(Architecture("mlp", width=8), image_shape=(1, 8, 8), classes=10, seed=0)
    with pytest.raises(ValueError, match=r"batch norm cannot learn from a single image"):
        fit(net, few_digits, SingleStep(), Training(epochs=1, batch_size=1), seed=0)
    one = (few_digits.train.normalised(slice(1)), few_digits.train.labels[:1])
    with pytest.raises(ValueError, match=r"batch norm cannot learn from a single image"):
        fit(net, one, SingleStep(), Training(epochs=1), seed=0)
