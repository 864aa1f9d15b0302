"""Networks of torch as networks of stages: the same logits, whatever they are made of."""

from __future__ import annotations

import copy
import operator
import random
from collections.abc import Callable

import pytest
import torch
import torchvision
from torch import Tensor, fx, nn
from torch.nn import functional

from snnlab.conversion.folding import fold_batchnorm
from snnlab.network.net import ANN, SpikingNet, StagedNet
from snnlab.network.torch_networks import from_torch
from snnlab.neuron.layer import NeuronLayer
from snnlab.neuron.spec import Neuron, Noise

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


def with_history(module: nn.Module, seed: int = 0) -> nn.Module:
    """The module in float64 and evaluation mode, its batch norms as if they had seen something."""
    draws = torch.Generator().manual_seed(seed)
    for norm in (m for m in module.modules() if isinstance(m, NORMS)):
        norm.running_mean.normal_(0, 0.3, generator=draws)
        norm.running_var.uniform_(0.5, 2, generator=draws)
        if norm.affine:
            norm.weight.data.uniform_(0.5, 1.5, generator=draws)
            norm.bias.data.normal_(0, 0.3, generator=draws)
    return module.double().eval()


def with_averages(module: nn.Module) -> nn.Module:
    """A copy that averages where the module takes the largest, over the pixels that there are."""
    changed = copy.deepcopy(module)
    for name, layer in list(changed.named_modules()):
        if isinstance(layer, nn.MaxPool2d):
            window = (layer.kernel_size, layer.stride, layer.padding, layer.ceil_mode)
            changed.set_submodule(name, nn.AvgPool2d(*window, count_include_pad=False))
    return changed


def images_for(shape: tuple[int, int, int], number: int = 3) -> Tensor:
    return torch.randn(number, *shape, generator=torch.Generator().manual_seed(1)).double()


@torch.no_grad()
def assert_equal_logits(
    module: nn.Module, shape: tuple[int, int, int], wanted: nn.Module | None = None
) -> StagedNet:
    """The network that was taken; its logits are those of the module."""
    before = copy.deepcopy(module.state_dict())
    net, images = from_torch(module, shape, pooling="average"), images_for(shape)
    logits = (wanted or with_averages(module))(images)
    assert logits.std() > 0
    torch.testing.assert_close(net(images), logits, rtol=1e-10, atol=1e-10 * logits.abs().max())
    assert all(torch.equal(before[key], value) for key, value in module.state_dict().items())
    return net


def small_vgg(letter: str, norm: bool) -> nn.Module:
    """A VGG of torchvision with 64 in place of 4096 hidden units, which take long to draw."""
    features = torchvision.models.vgg.make_layers(torchvision.models.vgg.cfgs[letter], norm)
    module = torchvision.models.VGG(nn.Sequential(), num_classes=10, init_weights=False)
    module.features = features
    module.classifier = nn.Sequential(
        nn.Linear(512 * 7 * 7, 64), nn.ReLU(True), nn.Dropout(), nn.Linear(64, 10)
    )
    return module


def resnet(name: str) -> nn.Module:
    return getattr(torchvision.models, name)(num_classes=10)


@pytest.mark.parametrize(
    ("make", "stages"),
    [
        (lambda: resnet("resnet18"), 17),
        pytest.param(lambda: small_vgg("A", True), 9, marks=pytest.mark.slow),
        pytest.param(lambda: small_vgg("D", True), 14, marks=pytest.mark.slow),
        pytest.param(lambda: small_vgg("E", False), 17, marks=pytest.mark.slow),
        pytest.param(lambda: resnet("resnet34"), 33, marks=pytest.mark.slow),
        pytest.param(lambda: resnet("resnet50"), 49, marks=pytest.mark.slow),
        pytest.param(lambda: torchvision.models.vgg11_bn(), 10, marks=pytest.mark.slow),
        pytest.param(lambda: torchvision.models.vgg13(), 12, marks=pytest.mark.slow),
        pytest.param(lambda: torchvision.models.vgg16_bn(), 15, marks=pytest.mark.slow),
    ],
)
def test_networks_of_torchvision_keep_their_logits(
    make: Callable[[], nn.Module], stages: int
) -> None:
    net = assert_equal_logits(with_history(make()), (3, 32, 32))
    assert type(net) is ANN
    assert len(net.stages) == stages


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet18", "vgg11_bn"])
def test_networks_of_torchvision_keep_their_logits_on_images_of_their_own_size(name: str) -> None:
    module = with_history(getattr(torchvision.models, name)())
    assert_equal_logits(module, (3, 224, 224))


class Drawn:
    """Draws layers and blocks at random; `shape` is that of what has been drawn so far."""

    def __init__(self, draws: random.Random) -> None:
        self.draws, self.shape = draws, (draws.choice([1, 3]), draws.randint(9, 13), 12)

    def maybe(self, *layers: nn.Module) -> list[nn.Module]:
        return self.draws.choice([[], list(layers)])

    def activation(self) -> nn.Module:
        return self.draws.choice(
            [nn.ReLU(), nn.ReLU(inplace=True), nn.ReLU6(), nn.Hardtanh(0, 1), nn.Hardtanh(0, 2.5)]
        )

    def pooling(self) -> nn.Module:
        return self.draws.choice(
            [
                nn.MaxPool2d(2),
                nn.MaxPool2d(3, 2, 1),
                nn.MaxPool2d(3, 2, 1, ceil_mode=True),
                nn.MaxPool2d(2, 1),
                nn.AvgPool2d(2),
                nn.AvgPool2d(3, 1, 1),
                nn.AvgPool2d(2, 2, 1, count_include_pad=False),
                nn.AdaptiveAvgPool2d((4, 3)),
            ]
        )

    def conv(self, inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
        kernel = self.draws.choice([1, 3])
        groups = self.draws.choice([1, 2]) if inputs % 2 == 0 else 1
        bias = self.draws.random() < 0.5
        return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=bias)

    def features(self) -> list[nn.Module]:
        """A convolution and what may stand around it; 4 channels come out."""
        inputs = self.shape[0]
        self.shape = (4, *self.shape[1:])
        return [
            *self.maybe(nn.BatchNorm2d(inputs)),
            self.conv(inputs, 4, self.draws.choice([1, 1, 2])),
            *self.maybe(nn.BatchNorm2d(4)),
            *self.maybe(self.pooling()),
            self.activation(),
            *self.maybe(nn.Dropout(0.3)),
            *self.maybe(nn.Identity()),
            *self.maybe(self.pooling()),
        ]

    def head(self) -> list[nn.Module]:
        features, hidden = 4 * 3 * 2, 6
        return [
            nn.AdaptiveAvgPool2d((3, 2)),
            nn.Flatten(),
            *self.maybe(nn.BatchNorm1d(features)),
            nn.Linear(features, hidden),
            *self.maybe(nn.BatchNorm1d(hidden), self.activation(), nn.Dropout()),
            nn.Linear(hidden, 5),
            *self.maybe(nn.ReLU()),
        ]

    def nested(self, layers: list[nn.Module]) -> nn.Sequential:
        """The layers in a row, some of them in rows of their own."""
        cut = self.draws.randint(0, len(layers))
        inner = nn.Sequential(*layers[:cut])
        return nn.Sequential(*self.draws.choice([[inner, *layers[cut:]], layers]))

    def sequential(self) -> tuple[nn.Module, tuple[int, int, int]]:
        shape = self.shape
        layers = [layer for _ in range(self.draws.randint(1, 3)) for layer in self.features()]
        return self.nested([*layers, *self.head()]), shape

    def residual(self) -> tuple[nn.Module, tuple[int, int, int]]:
        shape = self.shape
        blocks = [Block(self) for _ in range(self.draws.randint(1, 3))]
        return self.nested([*self.features(), *blocks, *self.head()]), shape


RELUS: list[Callable[[Tensor], Tensor]] = [
    functional.relu,
    torch.relu,
    torch.relu_,
    lambda x: functional.relu(x, inplace=True),
    lambda x: x.relu(),
    lambda x: x.relu_(),
    lambda x: x.clamp(min=0),
    lambda x: torch.clamp(x, 0, 1),
    lambda x: functional.relu6(x),
    lambda x: functional.hardtanh(x, 0.0, 2.0),
]
SUMS: list[Callable[[Tensor, Tensor], Tensor]] = [
    operator.add,
    operator.iadd,
    torch.add,
    lambda x, y: x.add(y),
    lambda x, y: x.add_(y),
    lambda x, y: y + x,
]


class Block(nn.Module):
    """A residual block of one or two convolutions, written in one of many ways."""

    def __init__(self, drawn: Drawn) -> None:
        super().__init__()
        self.relu, self.sum = drawn.draws.choice(RELUS), drawn.draws.choice(SUMS)
        self.convs = nn.ModuleList(
            nn.Sequential(drawn.conv(4, 4), *drawn.maybe(nn.BatchNorm2d(4)))
            for _ in range(drawn.draws.randint(1, 2))
        )
        self.shortcut = nn.Sequential(
            *drawn.maybe(drawn.conv(4, 4), *drawn.maybe(nn.BatchNorm2d(4)))
        )
        self.before = nn.Sequential(*drawn.maybe(nn.AvgPool2d(3, 1, 1)))
        self.after = nn.Sequential(*drawn.maybe(nn.AvgPool2d(2, 1)))

    def forward(self, x: Tensor) -> Tensor:
        x = self.before(x)
        y = x
        for i, conv in enumerate(self.convs):
            y = conv(self.relu(y) if i > 0 else y)
        y = functional.dropout(y, training=self.training)
        return self.relu(self.after(self.sum(y, self.shortcut(x))))


def drawn(kind: str, seed: int) -> tuple[nn.Module, tuple[int, int, int]]:
    """A network that was drawn, and the shape of its images, which are large enough for it."""
    for draw in range(100):
        torch.manual_seed(seed)
        module, shape = getattr(Drawn(random.Random(1000 * seed + draw)), kind)()
        try:
            with_history(module, seed)(images_for(shape))
            return module, shape
        except RuntimeError:
            continue
    raise AssertionError("no network that fits its images")


@pytest.mark.parametrize(
    "networks", [8, pytest.param(500, marks=pytest.mark.slow)], ids=["few", "many"]
)
@pytest.mark.parametrize("kind", ["sequential", "residual"])
def test_generated_networks_keep_their_logits(kind: str, networks: int) -> None:
    for seed in range(networks):
        module, shape = drawn(kind, seed)
        net, images = from_torch(module, shape, pooling="average"), images_for(shape)
        with torch.no_grad():
            wanted = with_averages(module)(images)
            for found in (net, fold_batchnorm(net)):
                torch.testing.assert_close(
                    found(images), wanted, rtol=1e-9, atol=1e-9, msg=f"seed {seed}: {module}"
                )


class Functional(nn.Module):
    """A network whose layers are functions, with constants of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.rand(1, 3, 1, 1))
        self.scale = nn.Parameter(torch.rand(8, 1, 1) + 0.5)
        self.first, self.second = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.norm, self.flat_norm = nn.BatchNorm2d(8), nn.BatchNorm1d(32)
        self.hidden, self.logits = nn.Linear(32, 16), nn.Linear(16, 5)
        self.dropout = nn.Dropout2d()

    def forward(self, x: Tensor, scaled: bool = True) -> Tensor:
        if scaled:
            x = (x - self.mean) / torch.tensor([0.5, 0.25, 0.2]).view(1, 3, 1, 1)
        x = functional.relu_(self.first(x))
        y = torch.relu(self.second(self.dropout(self.norm(x)) * self.scale))
        z = 1 - 2 * y
        y = self.second(y).add_(z).clamp(0, 1)
        y = functional.avg_pool2d(y, kernel_size=2, stride=y.shape[-1] // 4)
        y = functional.adaptive_avg_pool2d(input=y, output_size=2)
        y = self.flat_norm(y.view(y.size(0), -1))
        y = self.hidden(functional.dropout(y, 0.1, self.training))
        y.relu_()
        return self.logits(y)


def test_functions_and_constants_keep_the_logits() -> None:
    module = with_history(Functional())
    net = assert_equal_logits(module, (3, 8, 8), wanted=module)
    assert [type(stage.neuron) for stage in net.stages] == [nn.ReLU, nn.ReLU, nn.Hardtanh, nn.ReLU]
    assert (net.stages[2].back, net.stages[1].shortcut) == (0, None)


class Pooled(nn.Module):
    """Ends in one of the ways in which people average over the image."""

    def __init__(self, pool: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.conv, self.fc, self.pool = nn.Conv2d(2, 4, 3), nn.Linear(4, 3), pool

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.pool(torch.relu(self.conv(x))))


@pytest.mark.parametrize(
    "pool",
    [
        lambda x: x.mean((2, 3)),
        lambda x: torch.mean(x, dim=[-1, -2]),
        lambda x: x.mean(dim=(2, 3), keepdim=True).flatten(1),
        lambda x: functional.adaptive_avg_pool2d(x, (1, 1)).squeeze(-1).squeeze(-1),
        lambda x: functional.adaptive_avg_pool2d(x, 1).squeeze(),
        lambda x: functional.adaptive_avg_pool2d(x, 1).squeeze_(3).squeeze_(2),
        lambda x: functional.adaptive_avg_pool2d(x, 1)[:, :, 0, 0],
        lambda x: functional.adaptive_avg_pool2d(x, 1)[..., 0].double()[..., 0],
        lambda x: x.mean(3).mean(2),
        lambda x: x.mean(2, keepdim=True).mean(-1).flatten(1),
        lambda x: x.sum((2, 3)) / 10,
        lambda x: x.sum(-1).sum(-1) / 10,
        lambda x: x.detach().to("cpu").contiguous().mean((3, 2)),
        lambda x: functional.avg_pool2d(x, x.shape[2:]).reshape(len_of(x), 4),
        lambda x: torch.flatten(functional.avg_pool2d(x, x.size()[2:]), start_dim=1),
    ],
)
def test_means_over_the_image_keep_the_logits(pool: Callable[[Tensor], Tensor]) -> None:
    module = with_history(Pooled(pool))
    assert_equal_logits(module, (2, 7, 7), wanted=module)


class Residual(Pooled):
    """A block between a convolution and the logits, written by a function of it and x."""

    def __init__(self, block: Callable[[nn.Module, Tensor], Tensor]) -> None:
        super().__init__(lambda x: x.mean((2, 3)))
        self.block, self.inner = block, nn.Conv2d(4, 4, 3, padding=1)
        self.alpha = nn.Parameter(torch.rand(1))
        self.register_buffer("middle", torch.rand(4))

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.pool(torch.relu(self.block(self, torch.relu(self.conv(x))))))


def in_place_with_two_names(net: nn.Module, x: Tensor) -> Tensor:
    kept = x
    x += 1.0
    x *= 0.5
    x -= 3
    x /= 2
    return net.inner(x) + kept


def in_place_of_a_copy(net: nn.Module, x: Tensor) -> Tensor:
    y = net.inner(x)
    v = y + 0
    v.mul_(3)
    return y + x


@pytest.mark.parametrize(
    "block",
    [
        lambda net, x: net.alpha * net.inner(x) + x,
        lambda net, x: net.middle.view(1, 4, 1, 1) - net.inner(x),
        lambda net, x: net.middle[None, :, None, None].to(x.device) + net.inner(x),
        lambda net, x: net.inner(x) / (net.middle + 1e-3).sqrt().reshape(1, -1, 1, 1).type_as(x),
        lambda net, x: torch.ones(1) * net.inner(x),
        lambda net, x: net.inner(net.inner.bias.view(-1, 1, 1) + net.inner(x)),
        lambda net, x: functional.dropout(net.inner(x), 0.3, net.training),
        lambda net, x: functional.relu(net.inner(x), True).clamp_min(0),
        lambda net, x: net.inner(x + torch.relu(net.inner(x))) + x,
        lambda net, x: net.inner(functional.hardtanh(net.inner(x), 0, float("inf"))),
        in_place_with_two_names,
        in_place_of_a_copy,
    ],
)
def test_what_stands_in_a_block_keeps_the_logits(
    block: Callable[[nn.Module, Tensor], Tensor],
) -> None:
    module = with_history(Residual(block))
    assert_equal_logits(module, (2, 6, 6), wanted=module)


def test_a_sum_of_activations_is_taken() -> None:
    class Blocks(Residual):
        def forward(self, x: Tensor) -> Tensor:
            x = torch.relu(self.conv(x))
            x = x + torch.relu(self.inner(x))
            x = x + torch.relu(self.inner(x))
            return self.fc(self.pool(x))

    module = with_history(Blocks(lambda net, x: x))
    net = assert_equal_logits(module, (2, 6, 6), wanted=module)
    assert [stage.shortcut is not None for stage in net.stages] == [False, False, True, False, True]


def len_of(x: Tensor) -> int:
    return x.shape[0]


def test_max_pooling_functions_become_means_over_the_same_windows() -> None:
    maxed, meant = (
        with_history(Pooled(lambda x, pool=pool: pool(x).mean((2, 3))))
        for pool in (
            lambda x: functional.max_pool2d(x, 3, 2, padding=1),
            lambda x: functional.avg_pool2d(x, 3, 2, 1, count_include_pad=False),
        )
    )
    meant.load_state_dict(maxed.state_dict())
    assert_equal_logits(maxed, (2, 8, 8), wanted=meant)


def test_a_layer_in_two_places_becomes_a_copy_for_each() -> None:
    shared = nn.Conv2d(2, 2, 3, padding=1)
    layers = [shared, nn.ReLU(), shared, nn.ReLU(), nn.Flatten(), nn.Linear(32, 3)]
    module = with_history(nn.Sequential(*layers))
    net = assert_equal_logits(module, (2, 4, 4))
    assert net.stages[0].layers[0].weight is not net.stages[1].layers[0].weight


@pytest.mark.parametrize(
    "residual",
    [
        lambda conv, x: x + x,
        lambda conv, x: conv(x) + x + 0,
        lambda conv, x: sum([conv(x), x]),
        lambda conv, x: x.clone().sub_(1).mul_(x.shape[1]) + x,
        lambda conv, x: conv(x).mul_(2).add_(x),
        lambda conv, x: (conv(x) - 1) / 3 + 0.5 * x,
    ],
)
def test_sums_and_constants_keep_the_logits(
    residual: Callable[[nn.Module, Tensor], Tensor],
) -> None:
    class Net(Pooled):
        def forward(self, x: Tensor) -> Tensor:
            x = torch.relu(self.conv(x))
            return self.fc(self.pool(torch.relu(residual(self.inner, x))))

    module = Net(lambda x: x.mean((2, 3)))
    module.inner = nn.Conv2d(4, 4, 3, padding=1)
    with_history(module)
    assert_equal_logits(module, (2, 7, 7), wanted=module)


def test_a_compiled_network_is_taken() -> None:
    module = with_history(Pooled(lambda x: x.mean((2, 3))))
    net = from_torch(torch.compile(module), (2, 7, 7))
    assert torch.equal(net(images_for((2, 7, 7))), module(images_for((2, 7, 7))))


def test_mode_and_weights_are_those_of_the_module() -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)).half()
    module[1].weight.requires_grad_(False)
    net = from_torch(module, (1, 2, 2))
    assert net.training
    assert not from_torch(module.eval(), (1, 2, 2)).training
    weight = net.stages[0].layers[1].weight
    assert weight.dtype == torch.float16
    assert not weight.requires_grad
    assert weight.data_ptr() != module[1].weight.data_ptr()


def row(*middle: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Linear(4, 3), *middle, nn.Linear(3, 2))


def test_neurons_can_take_the_place_of_the_activations() -> None:
    module = row(nn.ReLU6())
    noisy = from_torch(module, (1, 2, 2), activation="spiking", noise=Noise(learned="channel"))
    assert isinstance(noisy, SpikingNet)
    assert noisy.stages[0].neuron.log_sigma_ratio.shape == (3,)
    assert torch.equal(noisy.stages[0].layers[1].weight, module[1].weight)
    quantised = from_torch(module, (1, 2, 2), activation="qcfs", levels=7)
    assert isinstance(quantised, ANN)
    assert quantised.stages[0].neuron.levels == 7


def test_layers_of_neurons_make_a_spiking_network() -> None:
    neuron = Neuron(v_th=0.7, beta=0.9)
    net = from_torch(row(NeuronLayer(neuron)), (1, 2, 2))
    assert isinstance(net, SpikingNet)
    assert net.stages[0].neuron.neuron == neuron


def test_a_graph_of_layers_and_neurons_is_taken() -> None:
    root = nn.ModuleDict(
        {"conv": nn.Conv2d(1, 4, 3, padding=1), "one": NeuronLayer(), "flat": nn.Flatten()}
    )
    root["inner"], root["two"], root["fc"] = nn.Conv2d(4, 4, 1), NeuronLayer(), nn.Linear(64, 3)
    graph = fx.Graph()
    x = graph.placeholder("x")
    for name in ("conv", "one"):
        x = graph.call_module(name, (x,))
    y = graph.call_function(operator.add, (graph.call_module("inner", (x,)), x))
    for name in ("two", "flat", "fc"):
        y = graph.call_module(name, (y,))
    graph.output(y)
    net = from_torch(fx.GraphModule(root, graph), (1, 4, 4))
    assert isinstance(net, SpikingNet)
    assert [stage.shortcut is None for stage in net.stages] == [True, False]
    assert net(torch.rand(2, 1, 4, 4), 5).shape == (2, 3)
