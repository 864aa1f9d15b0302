"""Tensors, devices and arguments that cannot be calculated with are refused in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from snnlab.data import DataError, Images, data_of, images_of, load_data
from snnlab.network import Architecture, build
from snnlab.neuron import Neuron, NeuronLayer, StepLayer, scan
from snnlab.neuron.dynamics import first_potential, step

X = torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(0))
Y = torch.arange(6)
IMAGES = images_of((X, Y))
WHOLE: dict[str, Callable[[], torch.Tensor]] = {
    "sparse": X.to_sparse,
    "float8": lambda: X.to(torch.float8_e4m3fn),
    "quantised": lambda: torch.quantize_per_tensor(X, 0.1, 0, torch.qint8),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", WHOLE)
def test_tensors_that_torch_cannot_calculate_with(kind: str) -> None:
    odd = WHOLE[kind]()
    net = build(Architecture("mlp", width=4), image_shape=(1, 8, 8), classes=10, seed=0).eval()
    calls: list[Callable[[], Any]] = [
        lambda: images_of((odd, Y)),
        lambda: Images(odd, Y),
        lambda: scan(odd, Neuron()),
        lambda: step(odd, odd, Neuron()),
        lambda: NeuronLayer(Neuron())(odd),
        lambda: net(odd),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=r"(plain|floating-point).*got .*\(6, 1, 8, 8\)"):
            call()


def test_tensors_without_numbers() -> None:
    for given in ((X.to("meta"), Y), (X, Y.to("meta")), ((255 * X).byte().to("meta"), Y)):
        with pytest.raises(DataError, match=r"plain real numbers, got .* on meta"):
            images_of(given)


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "meta", None, "xpu:77"])
def test_devices_that_are_not_here(device: Any) -> None:
    for call in (IMAGES.to, lambda device: load_data(device=device)):
        with pytest.raises(DataError, match=r"device must be one that is here.*got"):
            call(device)


def test_arrays_in_any_layout() -> None:
    labels = Y.numpy().astype(">i8")
    assert images_of((X, labels)).labels.tolist() == Y.tolist()
    assert images_of((X, Y.numpy()[::-1])).labels.tolist() == Y.tolist()[::-1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: IMAGES.subset(torch.tensor([True, False])), r"bool \(6,\); got bool \(2,\)"),
        (lambda: IMAGES.subset(torch.tensor(1)), r"int64 \(M,\).*got int64 \(\)"),
        (lambda: images_of(np.int64(3)), r"images must be .* got int64"),
        (lambda: data_of((X, Y), classes=10), "classes must be a list of names, got int 10"),  # type: ignore[arg-type]
        (lambda: Images(X, Y, shift=None), "shift must be a whole number, got None"),  # type: ignore[arg-type]
        (lambda: Images(X, Y, std=torch.zeros(1)), r"std must be above 0, got \[0.0\]"),
        (lambda: Images(X, Y, std=torch.full((1,), torch.nan)), "std must be above 0"),
        (lambda: IMAGES.batches(3, generator="x"), "generator must be .* got str 'x'"),  # type: ignore[arg-type]
        (lambda: images_of((X, torch.full((6,), torch.inf))), "got inf for image 0"),
        (lambda: images_of((X, torch.full((6,), 1e30))), r"got 1\.0.*e\+30 for image 0"),
        (lambda: NeuronLayer(Neuron())(torch.rand(7)), r"shape \(T, B, \*\).*got \(7,\)"),
        (lambda: StepLayer(Neuron()).advance(X, 1), r"v must be a tensor.*got int 1"),  # type: ignore[arg-type]
        (lambda: first_potential(torch.tensor(1.0), Neuron()), r"\(T, B, \*\).*got \(\)"),
    ],
)
def test_wrong_arguments(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
