"""Convert a network of activation functions to spiking neurons, and certify the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from snnlab.conversion.calibration import find_thresholds
from snnlab.conversion.correction import correct_biases
from snnlab.conversion.folding import fold_batchnorm
from snnlab.conversion.normalisation import normalise
from snnlab.conversion.spec import Threshold, ThresholdRule
from snnlab.conversion.timesteps import Measured
from snnlab.data.images import Images
from snnlab.measure.accuracy import accuracy, accuracy_against_timesteps
from snnlab.measure.passes import images_for
from snnlab.network.activations import QCFS
from snnlab.network.layers import leaves
from snnlab.network.net import ANN, SpikingNet, Stage, check_network, from_elsewhere
from snnlab.network.on_gpu import exact
from snnlab.network.torch_layers import LAYERS, NOT_RATES, NotTaken, as_activation, instead
from snnlab.neuron.layer import NeuronLayer
from snnlab.neuron.spec import Neuron
from snnlab.settings import count


@dataclass(frozen=True, kw_only=True)
class ANNCertificate(Measured):
    """The accuracy of a network before and after its conversion, in percent."""

    ann_accuracy: float
    """Accuracy of the network that was converted."""
    thresholds: list[list[float]]
    """Per stage: threshold in units of the activations, one number or one per channel."""

    @property
    def loss(self) -> float:
        """Points of accuracy lost at T; below 0 if the converted network is better."""
        return self.ann_accuracy - self.accuracy[self.timesteps]


@exact
def convert_ann(
    net: ANN,
    timesteps: int,
    calibration: Images | Any | None = None,
    *,
    threshold: Threshold = "max",
    percentile: float = 99.9,
    per_channel: bool = False,
    half_threshold_start: bool = True,
    correct_bias_at: int | None = None,
) -> SpikingNet:
    """Replace the activation functions of a network by IF neurons.

    Batch norm is folded into the weights, each layer gets a threshold, and the weights are
    rescaled so that this threshold becomes 1 (see `normalise`). The rate of a neuron times its
    threshold then tends to the activation as T grows.

    Args:
        net: every stage ends in ReLU, QCFS, or a clip from 0 such as ReLU6; it is not changed.
        timesteps: T of the new network.
        calibration: images with which the thresholds of ReLU layers are measured, usually some
            training images, of any kind that `images_of` accepts; no labels needed. QCFS layers
            and clips have their own threshold and need no images, unless biases are corrected.
        threshold, percentile, per_channel: see `ThresholdRule`.
        half_threshold_start: whether v_init is v_th / 2, so that the rate is the activation rounded
            to the nearest multiple of 1 / T; else v_init is 0, and it is rounded down.
        correct_bias_at: shift the biases so that the mean rates of each channel at this T follow
            its activations, see `correct_biases`; 0: do not correct them. None: correct them at
            T = L if all stages end in QCFS with the same L and there are calibration images.

    Returns:
        The new network, in evaluation mode.

    Raises:
        ValueError: a spiking network, timesteps below 1, a layer that cannot be converted
            (named, with what to use instead), or missing or unsuitable calibration images.

    Source:
        Diehl et al. (2015), Rueckauer et al. (2017), Li et al. (2021), Bu et al. (2022); see
        `ThresholdRule`, `correct_biases` and `QCFS`.

    Example:
        >>> spiking = convert_ann(ann, 32, data.train.first(1000), threshold="percentile")
    """
    rule = ThresholdRule(threshold, percentile, per_channel)
    check_convertible(net)
    timesteps = count("timesteps", timesteps)
    if calibration is not None:
        calibration = images_for(
            net, calibration, "convert_ann(calibration=...)", kind=ANN, labelled=False
        )
    folded = fold_batchnorm(net)
    thresholds = find_thresholds(folded, calibration, rule)
    normalised = normalise(folded, thresholds)
    neuron = Neuron() if half_threshold_start else Neuron(v_init=0.0)
    converted = spiking(normalised, thresholds, neuron)
    if correct_bias_at is None:
        correct_bias_at = 0 if calibration is None else common_levels(net)
    unchecked: Any = correct_bias_at
    if not (isinstance(unchecked, int) and unchecked == 0):
        correct_bias_at = count("correct_bias_at", correct_bias_at)
        if calibration is None:
            raise ValueError("biases are corrected with images: pass calibration=")
        converted = correct_biases(converted, normalised, calibration, correct_bias_at)
    converted.timesteps = timesteps
    return converted


def common_levels(net: ANN) -> int:
    """L if all stages end in QCFS with the same L, else 0."""
    activations = [stage.neuron for stage in net.stages]
    levels = {a.levels if isinstance(a, QCFS) else 0 for a in activations}
    return levels.pop() if len(levels) == 1 else 0


def spiking(net: ANN, thresholds: list[Tensor], neuron: Neuron) -> SpikingNet:
    """A normalised network with neurons as activations; it also stores the original thresholds."""
    stages = []
    for stage, threshold in zip(net.stages, thresholds, strict=True):
        layer = NeuronLayer(neuron)
        layer.register_buffer("activation_per_rate", threshold)
        stages.append(Stage(stage.layers, layer, stage.shortcut, stage.back))
    return SpikingNet(stages, net.readout, net.image_shape).eval()


def thresholds_of(net: SpikingNet) -> list[Tensor]:
    """Thresholds that `convert_ann` used, one tensor (1,) or (C,) per stage.

    They are in units of the activations: rate times threshold approximates the activation.

    Raises:
        ValueError: the network does not come from `convert_ann`.
    """
    layers = [stage.neuron for stage in net.stages]
    if not all(hasattr(layer, "activation_per_rate") for layer in layers):
        raise ValueError("this network has no record of thresholds: convert_ann() did not make it")
    return [layer.get_buffer("activation_per_rate") for layer in layers]


def certify_ann(
    net: ANN, converted: SpikingNet, images: Images | Any, *, progress: bool = False
) -> ANNCertificate:
    """Compare a network of activation functions with its conversion.

    Args:
        net: the original network.
        converted: the result of `convert_ann`.
        images: images for measuring the accuracies, usually the test images.
        progress: show a progress bar.

    Raises:
        ValueError: `converted` does not come from `convert_ann`.

    Example:
        >>> certify_ann(ann, convert_ann(ann, 32, data.train), data.test).loss
    """
    check_network(converted, "certify_ann(converted=...)")
    images = images_for(net, images, "certify_ann()", kind=ANN)
    thresholds = [values.tolist() for values in thresholds_of(converted)]
    curve = accuracy_against_timesteps(converted, images, converted.timesteps, progress=progress)
    return ANNCertificate(
        timesteps=converted.timesteps,
        ann_accuracy=accuracy(net, images),
        accuracy=curve,
        thresholds=thresholds,
    )


def check_convertible(net: nn.Module) -> None:
    """Raise ValueError unless rates can represent the activations of every layer."""
    if not isinstance(net, ANN):
        raise ValueError(
            f"convert_ann() takes an ANN trained with ReLU or QCFS, got a {type(net).__name__}"
            f"{from_elsewhere(net)}"
        )
    for i, stage in enumerate(net.stages):
        check_activation(stage.neuron, f"stages.{i}.neuron")
    for place, layers in net.stateless():
        check_layers(layers, place)


def check_activation(activation: nn.Module, place: str) -> None:
    """Raise ValueError unless an IF neuron can replace an activation."""
    try:
        refusal = NOT_RATES if as_activation(activation) is None else ""
    except NotTaken as error:
        refusal = str(error)
    if refusal:
        called = f"the activation {place!r} ({type(activation).__name__})"
        raise ValueError(f"cannot convert {called}: {refusal}")


def check_layers(layers: nn.Module, name: str) -> None:
    """Raise ValueError for a layer that is not known to be affine channel by channel."""
    for place, layer in leaves(layers, name):
        if type(layer) not in LAYERS:
            reason = instead(type(layer))
            raise ValueError(f"cannot convert {place!r} ({type(layer).__name__}): {reason}")
        if isinstance(layer, nn.Flatten) and (layer.start_dim, layer.end_dim) != (1, -1):
            raise ValueError(f"cannot convert {place!r} ({layer}): use Flatten()")
