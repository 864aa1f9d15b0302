"""A noise family that is not the kit's, as a user would write one."""

from __future__ import annotations

from snnlab.neuron import Family

R = 2**0.5


class Laplace(Family):
    name, symmetric = "laplace", True

    def density(self, z):
        return (-R * z.abs()).exp() * R / 2

    def cumulative(self, z):
        return 0.5 - 0.5 * z.sign() * (-R * z.abs()).expm1()

    def quantile(self, p):
        return (0.5 - p).sign() * (-(2 * p - 1).abs()).log1p() / R
