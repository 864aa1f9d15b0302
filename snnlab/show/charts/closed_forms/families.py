"""Noise families as expressions of Vega, for web pages without Python.

`snnlab.neuron.families` defines the families. Here are the expressions by which a browser computes
some of them. A family without an expression is not offered on a web page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from snnlab.neuron import registry

_SCALE = "(PI / sqrt(3))"


@dataclass(frozen=True)
class Form:
    """Distribution function and density of a family with mean 0 and deviation 1, at `{z}`."""

    cumulative: str
    density: str


FORMS: Final = {
    "gaussian": Form("cumulativeNormal({z}, 0, 1)", "densityNormal({z}, 0, 1)"),
    "uniform": Form(
        "cumulativeUniform({z}, -sqrt(3), sqrt(3))", "densityUniform({z}, -sqrt(3), sqrt(3))"
    ),
    "logistic": Form(
        f"(1 / (1 + exp(-{_SCALE} * {{z}})))",
        f"({_SCALE} * exp(-{_SCALE} * abs({{z}})) / pow(1 + exp(-{_SCALE} * abs({{z}})), 2))",
    ),
}
"""All these families are symmetric, so none needs a mirrored form."""


def on_pages() -> tuple[str, ...]:
    """The families to choose from on a page, in the order of the registry."""
    return tuple(name for name in registry.without_table() if name in FORMS)


def cumulative(z: str) -> str:
    """An expression for the distribution function of the family in the parameter `family`.

    Args:
        z: an expression for the distance from the mean in deviations.
    """
    return _chosen({name: form.cumulative for name, form in FORMS.items()}, z)


def density(z: str) -> str:
    """An expression for the density of that family, per deviation, see `cumulative`."""
    return _chosen({name: form.density for name, form in FORMS.items()}, z)


def _chosen(forms: dict[str, str], z: str) -> str:
    cases = [f"family == '{name}' ? {form.format(z=f'({z})')} : " for name, form in forms.items()]
    return f"({''.join(cases)}NaN)"
