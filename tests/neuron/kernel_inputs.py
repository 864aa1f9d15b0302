"""Neurons and noises on which kernels are compared with the plain neuron."""

from __future__ import annotations

from snnlab.neuron import Neuron, Noise

TABLE = (-0.5, 0.2, 0.4, 0.45, 1.5)
NOISES = {
    **{family: Noise(family, sigma=0.35, mu=0.4) for family in ("gaussian", "uniform", "logistic")},
    "empirical": Noise("empirical", quantiles=TABLE),
}
NEURONS = [
    Neuron(v_th, beta=beta, reset=reset)
    for v_th in (1.0, 2.5)
    for beta in (1.0, 0.5)
    for reset in ("subtract", "zero")
]
