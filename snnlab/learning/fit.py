"""The training loop, the same for every method."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn

from snnlab.data.images import Data
from snnlab.data.in_memory import data_of
from snnlab.learning.checkpoint import Generators, Progress, load_checkpoint, save_checkpoint
from snnlab.learning.cuda_graph import RecordedPasses
from snnlab.learning.ema import MovingAverage
from snnlab.learning.noise_schedule import NoiseSchedule, learned_thresholds
from snnlab.learning.objectives import Objective
from snnlab.learning.own_parts import Loss, MakeOptimizer, identity_of, loss_for, optimizer_for
from snnlab.learning.rates import logits_of_rates
from snnlab.learning.spec import Training
from snnlab.measure.accuracy import accuracy
from snnlab.measure.passes import images_for
from snnlab.measure.speed import stopwatch
from snnlab.network.net import SpikingNet, StagedNet, check_network, evaluating
from snnlab.network.on_gpu import repeatable
from snnlab.neuron.tensors import described
from snnlab.settings import checked

NAN_CHECK = 25
"""On a CPU the loss is checked each time after this many steps. On a GPU, where reading the loss
makes it wait, it is checked once per epoch."""
TRIAL_IMAGES = 4
"""How many images are used to try a user's own loss before training."""


class TrainingError(RuntimeError):
    """Training cannot go on; the message says why and what to try."""


@dataclass(frozen=True)
class Batch:
    """The argument of `on_batch`, after each step."""

    epoch: int
    """1 to epochs."""
    step: int
    """1 to steps, over all epochs."""
    steps: int
    """Steps in all."""
    epochs: int
    """Epochs in all."""
    loss: Tensor
    """Loss of the batch, a scalar on the device: reading it waits for the device."""


@dataclass(frozen=True)
class Epoch:
    """The argument of `on_epoch`, after each epoch; `fit` returns a list of them."""

    epoch: int
    """1 to epochs."""
    loss: float
    """Mean training loss."""
    train_accuracy: float
    """Accuracy on the training batches during training, with noise and augmentation, in percent."""
    validation_accuracy: float | None
    """Accuracy on the validation images, in evaluation mode, in percent; None without any."""
    learning_rate: float
    """Learning rate at the end of the epoch."""
    noise: bool
    """Whether noise acted."""
    seconds: float
    """Training time, without validation; `stopwatch` says what it counts."""
    noise_by_stage: list[float] = field(default_factory=list)
    """Sigma of the noise of each stage at the end of the epoch, in units of v_th; learned per
    channel: their mean. Empty for a network without noise."""
    thresholds: list[float] = field(default_factory=list)
    """Threshold of each stage at the end of the epoch, if it is learned; per channel: their mean.
    Empty if it is not."""
    own_spikes: bool = False
    """Whether the epoch was of the rates phase, on own spikes over several timesteps: `rates`."""


OnBatch = Callable[[Batch], None] | None
OnEpoch = Callable[[Epoch], None] | None


class Onlooker(Protocol):
    """An observer of the training, such as `show.live_training()`."""

    def on_batch(self, batch: Batch) -> None:
        """Called after each step."""

    def on_epoch(self, epoch: Epoch) -> None:
        """Called after each epoch."""


def fit(
    net: StagedNet,
    data: Data | Any,
    objective: Objective,
    training: Training | None = None,
    *,
    seed: int,
    loss: Loss | None = None,
    optimizer: MakeOptimizer | None = None,
    on_batch: OnBatch = None,
    on_epoch: OnEpoch = None,
    watch: Onlooker | None = None,
    checkpoint: Path | None = None,
) -> list[Epoch]:
    """Train a network in place: by default AdamW under a one-cycle schedule, cross-entropy loss.

    On the CPU two calls with equal arguments give equal weights, bit for bit; on a GPU cuDNN takes
    repeatable algorithms, see `network.on_gpu`. An exception raised by a callback ends the
    training; with `checkpoint` a later call continues after the last complete epoch, with the same
    result as an uninterrupted one.

    With `training.ema_decay` the network holds the averaged weights after each epoch, in its
    validation and in `on_epoch`, and after the training, also one that an exception has ended.
    In `on_batch` it holds the weights in training.

    Args:
        net: on the device of the data.
        data: training and validation images; also what `images_of` takes, as training images
            without validation, or what `data_of` makes `Data` of.
        objective: the method, e.g. `SingleStep()`.
        training: epochs, batch size, learning rate, ...
        seed: of the order of the images, the augmentation and the noise.
        loss: function of logits (B, K) and labels (B,) to a number; None: cross-entropy.
        optimizer: class or function that makes an optimizer from parameter groups, such as
            `torch.optim.SGD`, or an optimizer of the network's weights. A class is called with
            lr=`training.learning_rate`, unless its lr is set already. The learning rate of the
            optimizer is the peak of the one-cycle schedule; its momentum stays. None: AdamW.
        on_batch, on_epoch: called after each step and epoch: progress, metrics, cancel.
        watch: an object with both callbacks: `show.live_training()` draws the loss as it falls.
        checkpoint: file written after every epoch; if it exists, training continues from it.

    Returns:
        One `Epoch` per epoch.

    Raises:
        ValueError: the method cannot train this network, the data do not fit it, the checkpoint
            belongs to another training, `watch` is combined with `on_batch` or `on_epoch`, or
            `loss` or `optimizer` is something else.
        TrainingError: the loss is not a number any more.

    Example:
        >>> fit(net, load_data("digits"), SingleStep(), Training(epochs=5), seed=0)
    """
    training = checked("training", Training | None, training) or Training()
    seed = checked("seed", int, seed)
    if watch is not None:
        if on_batch is not None or on_epoch is not None:
            raise ValueError("watch has on_batch and on_epoch: give it, or them, not both")
        on_batch, on_epoch = watch.on_batch, watch.on_epoch
    check_network(net, "fit()", StagedNet)
    check_objective(objective)
    objective.check(net)
    if not isinstance(data, Data):
        data = data_of(data).to(next(net.parameters()).device)
    for split in (data.train, data.validation) if len(data.validation) else (data.train,):
        images_for(net, split, "fit()", kind=StagedNet)
    own = {"loss": loss, "optimizer": optimizer}
    described_own = {name: identity_of(part) for name, part in own.items() if part is not None}
    loop = Loop(net, data, objective, training, seed, loss, optimizer)
    history: list[Epoch] = []
    identity = {
        "network": str(net),
        "images": f"{len(data.train)} of {data.name}",
        "objective": repr(objective),
        "training": asdict(training),
        "seed": seed,
        **described_own,
    }
    if checkpoint is not None and checkpoint.exists():
        progress = load_checkpoint(checkpoint, *loop.parts, identity)
        loop.schedule.load_state_dict(progress.schedule)
        history = [Epoch(**epoch) for epoch in progress.history]
    try:
        for number in range(len(history) + 1, training.epochs + 1):
            with repeatable:
                history.append(loop.epoch(number, on_batch))
            if checkpoint is not None:
                progress = Progress([asdict(epoch) for epoch in history], loop.schedule_state())
                save_checkpoint(checkpoint, *loop.parts, identity, progress)
            if on_epoch is not None:
                on_epoch(history[-1])
    finally:
        loop.leave()
    return history


class Loop:
    """Optimizer, schedule and generators of one training, with the methods for an epoch."""

    def __init__(
        self,
        net: StagedNet,
        data: Data,
        objective: Objective,
        training: Training,
        seed: int,
        loss: Loss | None = None,
        optimizer: MakeOptimizer | None = None,
    ) -> None:
        self.net, self.data, self.objective, self.training = net, data, objective, training
        self.noise = NoiseSchedule(net, training)
        device = data.train.device
        self.generators = {
            "order": seeded_generator(seed, "order", torch.device("cpu")),
            "noise": seeded_generator(seed, "noise", device),
            "timesteps": seeded_generator(seed, "timesteps", torch.device("cpu")),
        }
        if training.channels_last:
            net.to(memory_format=torch.channels_last)
        self.average = MovingAverage(net, training.ema_decay)
        self.forward = cast(nn.Module, torch.compile(net)) if training.compile else net
        self.optimizer = optimizer_for(optimizer, net, training)
        self.peaks = [float(group["lr"]) for group in self.optimizer.param_groups]
        self.batches = data.train.batch_count(training.batch_size, drop_last=self.drop_last)
        self.steps = training.epochs * self.batches
        self.look_every = NAN_CHECK if device.type == "cpu" else self.batches
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer,
            self.peaks,
            total_steps=self.steps + 1,
            cycle_momentum=optimizer is None,
        )
        self.mixed = training.precision == "bfloat16" and device.type == "cuda"
        self.criterion = loss_for(loss, training, *self.first_logits(loss))
        self.recorded: RecordedPasses | None = None
        if training.cuda_graph and device.type == "cuda":
            clear = partial(self.optimizer.zero_grad, set_to_none=True)
            self.recorded = RecordedPasses(self.passes, clear, self.generators["noise"])
        self.own_spikes = False

    @torch.no_grad()
    def first_logits(self, loss: Loss | None) -> tuple[Tensor, Tensor]:
        """Logits and labels of a few training images, to try a user's own loss."""
        few = self.data.train.first(min(TRIAL_IMAGES, len(self.data.train)))
        if loss is None:
            return torch.empty(0), few.labels
        with evaluating(self.net):
            return self.net(few.normalised()), few.labels

    @property
    def parts(self) -> tuple[StagedNet, dict[str, Tensor], torch.optim.Optimizer, Generators]:
        """All that a training changes and a checkpoint holds, besides the schedule."""
        return self.net, self.average.aside, self.optimizer, self.generators

    def leave(self) -> None:
        """Restore everything that training changed besides the weights, and keep the average."""
        self.noise.leave()
        self.recorded = None  # it holds this loop, so that both would keep memory of the GPU
        for group, peak in zip(self.optimizer.param_groups, self.peaks, strict=True):
            group["lr"] = peak  # the user may have made the optimizer, and use it again
        self.average.into_net()

    @property
    def drop_last(self) -> bool:
        """Whether to leave out a last batch that is not full; not if it is the only one."""
        return len(self.data.train) >= self.training.batch_size

    def epoch(self, number: int, on_batch: OnBatch) -> Epoch:
        """One pass over the training images, then the validation."""
        device = self.data.train.device
        if self.noise.enter(number) and self.recorded is not None:
            self.recorded.forget()  # the recording contains the old sigma
        self.own_spikes = self.training.on_own_spikes(number)
        clock = stopwatch(device)
        started = clock()
        loss_sum = torch.zeros((), device=device)
        hits = torch.zeros((), dtype=torch.int64, device=device)
        self.average.out_of_net()
        self.net.train()
        batches = self.data.train.batches(
            self.training.batch_size,
            generator=self.generators["order"],
            augment=self.training.augment,
            drop_last=self.drop_last,
            channels_last=self.training.channels_last,
        )
        seen = 0
        for i, (images, labels) in enumerate(batches, start=1):
            loss, logits = self.step(images, labels)
            loss_sum += loss
            hits += (logits.argmax(1) == labels).sum()
            seen += len(labels)
            step = (number - 1) * self.batches + i
            if step % self.look_every == 0 or i == self.batches:
                self.check_finite(loss_sum, number)
            if on_batch is not None:
                on_batch(Batch(number, step, self.steps, self.training.epochs, loss))
        seconds = clock() - started
        self.average.into_net()
        return Epoch(
            epoch=number,
            loss=loss_sum.item() / self.batches,
            train_accuracy=100 * hits.item() / seen,
            validation_accuracy=self.validate(),
            learning_rate=float(self.schedule.get_last_lr()[0]),
            noise=any(self.noise.sigmas()),
            seconds=seconds,
            noise_by_stage=self.noise.sigmas(),
            thresholds=learned_thresholds(self.net),
            own_spikes=self.own_spikes,
        )

    def step(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """One update of the weights: loss and logits of the batch, detached."""
        if self.recorded is not None and not self.own_spikes:  # the rates phase changes T
            loss, logits = self.recorded(images, labels)
        else:
            self.optimizer.zero_grad(set_to_none=True)
            loss, logits = self.passes(images, labels)
        self.optimizer.step()
        self.schedule.step()
        self.average.update(self.schedule.last_epoch)  # which counts steps
        return loss, logits

    def passes(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Forward and backward: loss and logits, detached, and gradients in the parameters."""
        with torch.autocast(images.device.type, torch.bfloat16, enabled=self.mixed):
            logits = self.logits(images)
            loss: Tensor = self.criterion(logits, labels)
        loss.backward()
        return loss.detach(), logits.detach()

    def logits(self, images: Tensor) -> Tensor:
        """Logits (B, K) of the objective, or of the rates phase at a random T."""
        if not self.own_spikes:
            return self.objective.logits(self.forward, images, self.generators["noise"])
        draws, training = self.generators["timesteps"], self.training
        endless = torch.rand((), generator=draws) < training.rates_mean_share
        index = int(torch.randint(len(training.rates_timesteps), (), generator=draws))
        timesteps = None if endless else training.rates_timesteps[index]
        return logits_of_rates(cast(SpikingNet, self.net), images, timesteps)

    def validate(self) -> float | None:
        """Accuracy on the validation images without noise, in percent."""
        if len(self.data.validation) == 0:
            return None
        return accuracy(self.net, self.data.validation, timesteps=self.objective.timesteps)

    def check_finite(self, loss_sum: Tensor, epoch: int) -> None:
        """Raise TrainingError if the loss or a weight is infinite or not a number.

        A spiking neuron whose current is not a number never fires, so the loss can be finite
        although the weights are not.
        """
        loss = loss_sum.item()
        weights = nn.utils.get_total_norm(p.detach() for p in self.net.parameters()).item()
        if not math.isfinite(loss + weights):
            found = f"weights became {weights}" if math.isfinite(loss) else f"loss became {loss}"
            raise TrainingError(
                f"the {found} in epoch {epoch}: training has diverged. "
                f"Try a learning rate below {self.training.learning_rate:g}; if it persists, "
                "look for images with a constant channel or labels that do not fit"
            )

    def schedule_state(self) -> dict[str, float]:
        """The numbers in the state of the schedule."""
        state = self.schedule.state_dict()
        return {key: value for key, value in state.items() if isinstance(value, int | float)}


def seeded_generator(seed: int, purpose: str, device: torch.device) -> torch.Generator:
    """A generator whose random numbers depend on the seed and on its purpose."""
    mixed = (zlib.crc32(purpose.encode()) << 32) + seed
    return torch.Generator(device).manual_seed(mixed % 2**63)


def check_objective(objective: Any) -> None:
    """Raise ValueError unless this is an objective; a class of objectives is not enough."""
    if isinstance(objective, type) or not all(
        hasattr(objective, name) for name in ("timesteps", "check", "logits")
    ):
        raise ValueError(
            "objective must be a method such as SingleStep(), BPTT(4) or PlainANN(), got "
            f"{described(objective)}"
        )
