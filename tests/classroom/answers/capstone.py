"""Answers to the exercises of the capstone."""

import math

import torch


def in_time(images, first, second, last, T, v_th):
    v1 = torch.full((len(images), len(first)), v_th / 2)
    v2 = torch.full((len(images), len(second)), v_th / 2)
    readout = []
    for _ in range(T):
        h1 = v1 + images @ first.T
        s1 = (h1 >= v_th).float()
        v1 = h1 - v_th * s1
        h2 = v2 + s1 @ second.T
        s2 = (h2 >= v_th).float()
        v2 = h2 - v_th * s2
        readout.append(s2 @ last.T)
    return torch.stack(readout)


def layer_by_layer(images, first, second, last, T, v_th):
    def neurons(currents):
        v, spikes = v_th / 2, []
        for current in currents:
            v = v + current
            fires = v >= v_th
            v = torch.where(fires, v - v_th, v)
            spikes.append(fires.float())
        return torch.stack(spikes)

    x = images.expand(T, *images.shape)
    for weights in (first, second):
        x = neurons(x @ weights.T)
    return x @ last.T


def potentials_made_in_the_loop(images, first, second, last, T, v_th):
    return torch.cat([in_time(images, first, second, last, 1, v_th) for _ in range(T)])


def from_zero(images, first, second, last, T, v_th):
    x, result = images.expand(T, *images.shape), None
    for weights in (first, second):
        v, spikes = torch.zeros(len(images), len(weights)), []
        for current in x @ weights.T:
            h = v + current
            spikes.append((h >= v_th).float())
            v = h - v_th * spikes[-1]
        x = torch.stack(spikes)
        result = x @ last.T if weights is second else None
    return result


def averaged(images, first, second, last, T, v_th):
    return sum(in_time(images, first, second, last, T, v_th)) / T


def swapped_in_time(images, first, second, last, T, v_th):
    return in_time(images, first, second, last, T, v_th).flip(0)


def as_often_as_it_takes(images, first, second, last, T, v_th):
    v1 = v2 = v_th / 2
    out = []
    for _ in range(T):
        h = v1 + images @ first.T
        s = torch.floor(h / v_th).clamp(min=0)
        v1, h = h - v_th * s, v2 + s @ second.T
        s = torch.floor(h / v_th).clamp(min=0)
        v2 = h - v_th * s
        out.append(s @ last.T)
    return torch.stack(out)


def at_least_0(images, first, second, last, T, v_th):
    v1 = v2 = v_th / 2
    out = []
    for _ in range(T):
        h = v1 + images @ first.T
        s = (h >= v_th).float()
        v1, h = torch.relu(h - v_th * s), v2 + s @ second.T
        s = (h >= v_th).float()
        v2 = torch.relu(h - v_th * s)
        out.append(s @ last.T)
    return torch.stack(out)


def slope_at(current, mu, sigma):
    z = (current + mu - 1) / sigma
    return torch.exp(-z * z / 2) / math.sqrt(2 * math.pi) / sigma


def by_chain_rule(images, weights, sent_back, mu, sigma):
    return (sent_back * slope_at(images @ weights.T, mu, sigma)).T @ images


def image_by_image(images, weights, sent_back, mu, sigma):
    total = torch.zeros_like(weights)
    for x, g in zip(images, sent_back, strict=True):
        total += torch.outer(g * slope_at(weights @ x, mu, sigma), x)
    return total


def with_autograd(images, weights, sent_back, mu, sigma):
    w = weights.clone().requires_grad_()
    p = torch.special.ndtr((images @ w.T + mu - 1) / sigma)
    (p * sent_back).sum().backward()
    return w.grad


def one_sided(images, weights, sent_back, mu, sigma):
    return by_chain_rule(images, weights, sent_back, mu, sigma).T


RIGHT = {
    "run_network": [in_time, layer_by_layer],
    "weight_gradient": [by_chain_rule, image_by_image, with_autograd],
}
WRONG = {
    "run_network": [
        (potentials_made_in_the_loop, "your neuron forgets its residual"),
        (from_zero, "start from 0."),
        (averaged, "You average over time."),
        (swapped_in_time, "in the reverse order"),
        (as_often_as_it_takes, "how often v_th fits"),
        (at_least_0, "cut the potential off"),
        (lambda images, first, second, last, T, v_th: images @ first.T, "should have"),
    ],
    "weight_gradient": [
        (one_sided, "transposed"),
        (lambda x, w, g, mu, sigma: g.T @ x, "You leave the neuron out"),
        (lambda x, w, g, mu, sigma: by_chain_rule(x, w, g, 0, sigma), "mean of the noise"),
        (lambda x, w, g, mu, sigma: by_chain_rule(x, w, g, mu, sigma**2), "variance"),
        (lambda x, w, g, mu, sigma: w - by_chain_rule(x, w, g, mu, sigma), "new weights"),
        (lambda x, w, g, mu, sigma: -by_chain_rule(x, w, g, mu, sigma), "sign"),
    ],
}
