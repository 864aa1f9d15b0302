"""What `from_torch` refuses: its place, and what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import prune

from snnlab.conversion.ann import convert_ann
from snnlab.conversion.folding import streamline
from snnlab.conversion.timesteps import convert
from snnlab.data.sources import load_data
from snnlab.learning.fit import fit
from snnlab.learning.objectives import BPTT, PlainANN, SingleStep
from snnlab.measure.accuracy import accuracy, accuracy_against_timesteps
from snnlab.network.models import build
from snnlab.network.spec import Architecture
from snnlab.network.torch_networks import from_torch
from snnlab.neuron.layer import NeuronLayer
from snnlab.neuron.spec import Noise

SHAPE = (3, 8, 8)
LAYERS_WITHOUT_RATES = [
    nn.GELU(),
    nn.SiLU(),
    nn.LeakyReLU(),
    nn.PReLU(),
    nn.ELU(),
    nn.Sigmoid(),
    nn.Tanh(),
    nn.Hardswish(),
    nn.Softplus(),
    nn.Mish(),
]


def row(*middle: nn.Module) -> nn.Sequential:
    """Layers between a convolution and a linear layer."""
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1),
        *middle,
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 5),
    )


def with_a_result(module: nn.Module) -> nn.Module:
    """The module, which keeps a tensor that it has computed."""
    module.kept = 2 * next(module.parameters())
    return module


class Written(nn.Module):
    """A network whose forward is a function of it and the images."""

    def __init__(self, forward: Callable[[Any, Tensor], Any]) -> None:
        super().__init__()
        self.written = forward
        self.one, self.two = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.fc, self.conv4 = nn.Linear(4, 5), nn.Conv2d(3, 4, 5)
        self.weight = nn.Parameter(torch.rand(4, 1, 1))

    def forward(self, x: Tensor) -> Any:
        return self.written(self, x)

    def first(self, x: Tensor) -> Tensor:
        return functional.relu(self.one(x))

    def last(self, x: Tensor) -> Tensor:
        return self.fc(x.mean((2, 3)))


def changed_through_a_view(net: Any, x: Tensor) -> Tensor:
    y = net.one(x)
    y.view(-1, 4, 64).mul_(2)
    return net.last(torch.relu(y))


@pytest.mark.parametrize("layer", LAYERS_WITHOUT_RATES, ids=lambda layer: type(layer).__name__)
def test_an_activation_without_rates_is_named_with_what_to_use(layer: nn.Module) -> None:
    with pytest.raises(ValueError, match=rf"'1' \({type(layer).__name__}\).*use ReLU or QCFS"):
        from_torch(row(layer), SHAPE)


@pytest.mark.parametrize(
    "name", ["gelu", "silu", "leaky_relu", "elu", "sigmoid", "tanh", "hardswish", "mish"]
)
def test_a_function_without_rates_is_named_with_its_line(name: str) -> None:
    function = getattr(functional, name)
    module = nn.Sequential(Written(lambda net, x: net.last(function(net.one(x)))))
    place = rf"{name}\(\) in '0' \(Written\), .test_from_torch_refusals.py:\d+: .*net.one.*: "
    with pytest.raises(ValueError, match=f"{place}its values are not rates"):
        from_torch(module, SHAPE)


@pytest.mark.parametrize(
    ("module", "named"),
    [
        (row(nn.ReLU(), nn.MaxPool2d(2)), r"'2' \(MaxPool2d\).*AvgPool2d, or pass pooling=\"ave"),
        (row(nn.ReLU(), nn.AdaptiveMaxPool2d(2)), r"AdaptiveAvgPool2d, or pass pooling"),
        (row(nn.Hardtanh()), r"'1' \(Hardtanh\): it clips to -1 ... 1.*use Hardtanh\(0, 1\)"),
        (row(nn.ReLU(), nn.GroupNorm(2, 4)), r"'2' \(GroupNorm\).*use BatchNorm2d"),
        (row(nn.BatchNorm2d(4, track_running_stats=False), nn.ReLU()), "no running statistics"),
        (row(nn.Sequential(nn.ReLU(), nn.LayerNorm([8, 8]))), r"'1.1' \(LayerNorm\)"),
        (row(nn.ReLU(), nn.Upsample(scale_factor=2)), r"'2' \(Upsample\): convertible layers: C"),
        (row(), r"the output: no activation stands before it.*put nn.ReLU\(\) between"),
        (nn.Sequential(*row(nn.ReLU()), nn.Softmax(1)), r"'5' \(Softmax\): remove it"),
        (nn.Sequential(nn.Linear(192, 5), nn.ReLU()), r"'0' \(Linear\).*put nn.Flatten\(\) in fro"),
        (nn.Sequential(nn.Linear(8, 5), nn.ReLU()), r"'0' \(Linear\).*vectors, and gets \(3, 8, 8"),
        (nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), r"shape \(2, 4, 6, 6\).*return logits"),
        (nn.Sequential(nn.Conv2d(1, 4, 3)), r"shape \(3, 8, 8\) do not fit '0' \(Conv2d\)"),
        (row(NeuronLayer(), nn.Conv2d(4, 4, 1), nn.ReLU()), "NeuronLayer, ReLU; use one kind"),
        (nn.Bilinear(2, 2, 2), "takes 2 inputs"),
        (nn.DataParallel(row(nn.ReLU())), "pass the network inside it"),
        (with_a_result(row(nn.ReLU())), r"Sequential: it keeps 'kept'.*del module\.kept"),
        (
            nn.Sequential(prune.l1_unstructured(nn.Conv2d(3, 4, 3), "weight", 0.5)),
            r"'0' \(Conv2d\): its weights are computed.*prune\.remove\(layer",
        ),
        (
            torch.ao.quantization.QuantWrapper(row(nn.ReLU())),
            "QuantWrapper: it quantises; pass the network of floating-point",
        ),
        (
            row(type("MyNorm", (nn.BatchNorm2d,), {})(4), nn.ReLU()),
            r"\(MyNorm\): use the layer nn.B",
        ),
        (row(nn.ReLU(), nn.MaxPool2d(2, return_indices=True)), "MaxPool2d.*use AvgPool2d"),
        (nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU()), "it takes 1 channels"),
        (nn.LazyLinear(3), "no shape yet: run the module on images once"),
        (nn.Conv2d, "got the class Conv2d: make one"),
        ("vgg11", "takes an nn.Module, got 'vgg11'"),
        (
            nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 1)),
            "make its weights plain.*remove_parametrizations",
        ),
    ],
)
def test_what_has_no_place_is_named_with_what_to_write(module: Any, named: str) -> None:
    with pytest.raises(ValueError, match=f"(?s){named}"):
        from_torch(module, SHAPE)


@pytest.mark.parametrize(
    ("forward", "named"),
    [
        (lambda n, x: n.last(n.first(x)) if x.sum() > 0 else x, "cannot read.*without if, for"),
        (lambda n, x: sum(n.one(x) for _ in range(x.shape[0])), "cannot read.*without if, for"),
        (lambda n, x: n.last(n.first(x)[: len(x)]), "cannot read.*no size yet.*without if, for"),
        (lambda n, x: n.fc(list(x.size()[1:])), r"cannot read.*torch.flatten\(x, 1\)"),
        (lambda n, x: n.last(n.missing(x)), "cannot read.*no attribute 'missing'"),
        (lambda n, x: n.last(torch.cat([n.first(x)[:, :2]] * 2, 1)), r"getitem\(\).*1 x 1 convol"),
        (lambda n, x: n.fc(torch.cat([n.first(x)] * 2, 1)), r"cat\(\).*use a sum, x \+ branch"),
        (lambda n, x: n.last(n.first(x)) + n.fc(x.mean((2, 3))), "do not fit"),
        (lambda n, x: n.last(n.two(n.first(x)) * n.first(x)), "does not read from relu"),
        (lambda n, x: (lambda y: n.last(n.two(y) * y))(n.first(x)), r"mul\(\).*products"),
        (lambda n, x: (lambda y: n.last(n.two(y) - y))(n.first(x)), r"sub\(\).*put the minus"),
        (lambda n, x: (lambda y: n.last(n.two(y)) + n.last(y))(n.first(x)), "it is a sum; put"),
        (lambda n, x: n.last(torch.relu(n.two(n.first(x)) + n.one(x))), "starts from the images"),
        (
            lambda n, x: (lambda y: n.last(torch.relu(n.two(y) + n.two(n.two(y)) + y)))(n.first(x)),
            "sum of 3 parts",
        ),
        (
            lambda n, x: (lambda y: n.last(torch.relu(n.two(n.two(y) + y))))(n.first(x)),
            r"'two' \(Conv2d\): it reads a sum; put a ReLU between",
        ),
        (lambda n, x: (n.last(n.first(x)), x), "it is a tuple; return one tensor"),
        (lambda n, x: {"logits": n.last(n.first(x))}, "it is a dict; return one tensor"),
        (lambda n, x: n.last(n.first(x).view(-1, 2, 8, 8)), r"makes \(4, 2, 8, 8\) of \(2, 4, 8"),
        (lambda n, x: n.last(n.first(x)).view(-1), r"view\(\).*makes \(10,\) of \(2, 5\)"),
        (lambda n, x: n.last(torch.add(n.first(x), 1, alpha=2)), "further arguments, {'alpha': 2}"),
        (lambda n, x: n.last(1 / n.first(x)), "it divides by what comes from the images"),
        (lambda n, x: n.last(n.first(x) * n.weight.exp()), "computed; keep it as a buffer"),
        (lambda n, x: n.last(n.first(x) + torch.rand(4, 8, 8)), "differ inside a channel"),
        (lambda n, x: n.last(n.first(x[:, :1] + n.weight[:3])), r"getitem\(\)"),
        (lambda n, x: n.last(n.first(x).mean(1) + n.weight), r"mean\(\).*use mean\(\(2, 3\)\)"),
        (lambda n, x: n.fc(n.last(n.first(x)).view(-1, 5, 1, 1) + torch.rand(5, 4, 1)), "not lie"),
        (lambda n, x: n.last(n.first(x).chunk(2, 1)[0]), r"chunk\(\).*functions that can be taken"),
        (lambda n, x: n.last(torch.relu(functional.conv2d(x, n.one.weight))), "layer nn.Conv2d"),
        (lambda n, x: n.first(x).mean(1), "something else than height"),
        (lambda n, x: n.last(functional.max_pool2d(n.first(x), 2)), "use AvgPool2d, or pass pooli"),
        (lambda n, x: n.last(n.one(x).clamp(min=-1)), r"use Hardtanh\(0, 1\)"),
        (lambda n, x: functional.log_softmax(n.last(n.first(x)), 1), "remove it"),
        (lambda n, x: torch.zeros(2, 5) + n.weight.sum(), "does not come from the images"),
        (lambda n, x: n.fc(functional.relu(n.conv4(x)).mean((1, 2))), r"use mean\(\(2, 3\)\)"),
        (lambda n, x: n.fc(functional.relu(n.conv4(x)).mean((1, 3))), r"use mean\(\(2, 3\)\)"),
        (lambda n, x: n.last(n.one(x).clamp(0, 0)), "clamp.*must be greater than min_val"),
        (lambda n, x: n.last(functional.hardtanh(n.one(x), 1, 0)), "must be greater than min_val"),
        (lambda n, x: n.last(n.first(x)) / x.size(0), r"truediv\(\).*the number of images"),
        (lambda n, x: n.last(n.first(x)) * x.numel(), r"mul\(\).*the number of images"),
        (lambda n, x: n.last(functional.dropout(n.first(x), 0.5)), "training=self.training"),
        (lambda n, x: n.last(n.first(x)[:, :, ::2, ::2]), "1 x 1 convolution with a stride"),
        (lambda n, x: n.last(n.first(x)[:2]), "part of a tensor|fewer"),
        (lambda n, x: n.last(n.first(x).int()), r"int\(\).*functions that can be taken"),
        (lambda n, x: n.last(n.first(x).to(torch.uint8)), "makes torch.uint8 of the values"),
        (lambda n, x: n.last(functional.pad(n.first(x), (0, 0, 0, 0, 4, 4))), "1 x 1 convolution"),
        (changed_through_a_view, "changed in place through a view"),
    ],
)
def test_what_is_written_otherwise_is_named(forward: Callable[..., Any], named: str) -> None:
    with pytest.raises(ValueError, match=f"(?s){named}"):
        from_torch(Written(forward), SHAPE)


@pytest.mark.parametrize(
    "layer", [nn.MaxPool2d(2, dilation=2), nn.MaxPool2d(2, return_indices=True)]
)
def test_a_max_pooling_that_no_average_stands_for_is_named(layer: nn.Module) -> None:
    with pytest.raises(ValueError, match=r"'2' \(MaxPool2d\)"):
        from_torch(row(nn.ReLU(), layer), SHAPE, pooling="average")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("densenet121", r"cat\(\) in 'features.denseblock1.denselayer1' \(_DenseLayer\)"),
        ("squeezenet1_1", "'features.3.expand3x3_activation'.*branches side by side"),
        ("mobilenet_v2", r"'features.4.conv.0.0' \(Conv2d\): it reads a sum"),
        ("efficientnet_b0", r"\(SiLU\): its values are not rates"),
    ],
)
def test_other_networks_of_torchvision_are_refused_at_their_place(name: str, named: str) -> None:
    module = getattr(torchvision.models, name)()
    with pytest.raises(ValueError, match=named):
        from_torch(module, (3, 64, 64), pooling="average")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"pooling": "max"}, "pooling.*max"),
        ({"activation": "gelu"}, "activation.*gelu"),
        ({"activation": "spiking", "noise": 0.3}, "noise must be"),
        ({"activation": "spiking", "neuron": Noise()}, "neuron must be"),
        ({"activation": "spiking", "levels": 0}, "levels must be at least 1, got 0"),
        ({"activation": "qcfs", "levels": 0}, "levels must be at least 1, got 0"),
        ({"noise": Noise()}, 'noise would be lost: pass activation="spiking", got None'),
        ({"activation": "spiking", "noise": [Noise()] * 3}, "1 neuron layers need as many"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(options: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        from_torch(row(nn.ReLU()), SHAPE, **options)


@pytest.mark.parametrize("shape", [(8, 8), (3, 8, 8.5), (0, 8, 8), (3, -1, 8), "3x8x8", None])
def test_a_shape_that_no_image_has_is_refused(shape: Any) -> None:
    with pytest.raises(ValueError, match="image_shape"):
        from_torch(row(nn.ReLU()), shape)


def test_a_hook_that_would_be_lost_is_refused() -> None:
    module = row(nn.ReLU())
    module[0].register_forward_hook(lambda layer, given, made: 2 * made)
    net = from_torch(module.eval(), SHAPE)
    images = torch.rand(2, *SHAPE)
    torch.testing.assert_close(net(images), module(images))
    module[1].register_forward_hook(lambda layer, given, made: made + 1)
    with pytest.raises(ValueError, match=r"'1' \(ReLU\): the hook on it would be lost"):
        from_torch(module, SHAPE)


def test_batch_norm_of_rows_is_refused() -> None:
    layers = [nn.Flatten(), nn.Linear(192, 8), nn.ReLU(), nn.Unflatten(1, (4, 2))]
    module = nn.Sequential(*layers, nn.BatchNorm1d(4), nn.Flatten(), nn.Linear(8, 3))
    with pytest.raises(ValueError, match=r"'4' \(BatchNorm1d\): it reads vectors, and gets \(4, 2"):
        from_torch(module, SHAPE)


def test_a_module_that_was_not_made_is_refused() -> None:
    class Forgotten(nn.Module):
        def __init__(self) -> None:
            pass

    with pytest.raises(ValueError, match=r"Forgotten .*must call super\(\).__init__\(\)"):
        from_torch(Forgotten(), SHAPE)


def test_a_network_of_ours_is_returned_to_sender() -> None:
    net = build(Architecture(), image_shape=(1, 8, 8), classes=10, seed=0)
    with pytest.raises(ValueError, match="this SpikingNet has stages already"):
        from_torch(net, (1, 8, 8))


@pytest.mark.parametrize(
    "use",
    [
        lambda module, data: accuracy(module, data.test),
        lambda module, data: accuracy_against_timesteps(module, data.test),
        lambda module, data: convert(module, 4, data.test),
        lambda module, data: convert_ann(module, 4, data.train),
        lambda module, data: streamline(module),
        lambda module, data: fit(module, data, PlainANN(), seed=0),
        lambda module, data: fit(module, data, SingleStep(), seed=0),
        lambda module, data: fit(module, data, BPTT(), seed=0),
    ],
)
def test_who_passes_a_network_of_torch_is_told_how_to_bring_it(use: Callable[..., Any]) -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    with pytest.raises(ValueError, match=r"got a? ?Sequential.*snnlab\.from_torch\(mod"):
        use(module, load_data("digits"))
