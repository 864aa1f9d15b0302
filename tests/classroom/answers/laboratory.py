"""Answers to the exercises of notebook 08."""

import numpy as np
import torch


def with_a_mask(residual, rate):
    active = (rate > 0) & (rate < 1)
    return residual[active].mean(), residual[active].std()


def in_a_loop(residual, rate):
    kept = [float(v) for v, r in zip(residual, rate, strict=True) if 0 < r < 1]
    return np.mean(kept), np.std(kept)


def everybody(residual, rate):
    return residual.mean(), residual.std(correction=0)


def with_saturated(residual, rate):
    kept = residual[rate > 0]
    return kept.mean(), kept.std(correction=0)


def variance(residual, rate):
    kept = residual[(rate > 0) & (rate < 1)]
    return kept.mean(), kept.var(correction=0)


def with_where(spikes, share, draws):
    return torch.where(draws < share, 0.0, spikes)


def one_by_one(spikes, share, draws):
    result = spikes.clone()
    for t in range(spikes.shape[0]):
        for i in range(spikes.shape[1]):
            if draws[t, i] < share:
                result[t, i] = 0
    return result


def keeps_the_lost(spikes, share, draws):
    return torch.where(draws < share, spikes, 0.0)


def dropout(spikes, share, draws):
    return torch.where(draws < share, 0.0, spikes / (1 - share))


def smaller(spikes, share, draws):
    return (1 - share) * spikes


def neuron_by_neuron(currents, spikes, grad, v_th):
    result = torch.zeros_like(grad)
    for i in range(len(grad)):
        mean = float(currents[:, i].mean())
        if 0 < mean < v_th:
            result[i] = grad[i] / v_th
    return result


def by_autograd(currents, spikes, grad, v_th):
    mean = currents.mean(0).requires_grad_()
    torch.nn.functional.hardtanh(mean, 0.0, v_th).backward(grad / v_th)
    return mean.grad


def no_gate(currents, spikes, grad, v_th):
    return grad / v_th


def gate_on_spikes(currents, spikes, grad, v_th):
    rate = spikes.mean(0)
    return grad / v_th * ((rate > 0) & (rate < 1))


def spread_over_time(currents, spikes, grad, v_th):
    return neuron_by_neuron(currents, spikes, grad, v_th) / len(spikes)


def no_threshold(currents, spikes, grad, v_th):
    mean = currents.mean(0)
    return torch.where((mean > 0) & (mean < v_th), grad, 0.0)


RIGHT = {
    "noise_from_residuals": [lambda *both: in_a_loop(*both), with_a_mask],
    "lose_spikes": [with_where, one_by_one],
    "gradient_through_rates": [neuron_by_neuron, by_autograd],
}
WRONG = {
    "noise_from_residuals": [
        (everybody, "all neurons"),
        (with_saturated, "Saturated neurons"),
        (variance, "variance"),
    ],
    "lose_spikes": [
        (keeps_the_lost, "keep the share"),
        (dropout, "larger than 1"),
        (smaller, "every spike smaller"),
    ],
    "gradient_through_rates": [
        (no_gate, "gate is missing"),
        (gate_on_spikes, "looks at the spikes"),
        (spread_over_time, "divide by T"),
        (no_threshold, "slope is 1"),
    ],
}
