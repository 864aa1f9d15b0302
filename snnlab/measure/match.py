"""Judge whether a noise fits the residuals that it replaced in training, by a distance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from snnlab.measure.residuals import ResidualSummary
from snnlab.neuron.spec import MATCHED_MU, MATCHED_SIGMA, Noise

FITS = 0.1
"""Largest Wasserstein distance in v_th at which a noise fits. At 0.1 v_th the firing probability
under the noise differs from that under the residuals by a tenth, averaged over currents from 0 to
v_th. Matched Gaussian noise has the distance 0.04 v_th from uniform residuals; with half or twice
the matched sigma it does not fit."""
FEWEST = 100
"""With fewer neurons there is no verdict: by chance alone their distance is 0.03 or more."""

RULE = (
    "The distance says how far potentials would have to move, on average, to be spread like the "
    "noise (Wasserstein distance). It is also the area between the two curves of firing "
    f"probability against current. The noise fits up to {FITS:g} v_th: then the probabilities "
    "differ by a tenth or less, averaged over currents from 0 to v_th. Matched Gaussian noise is "
    "0.04 v_th away from residuals that lie evenly over [0, v_th)."
)
"""The rule in words, shown with a verdict."""

Verdict = Literal["fits", "too narrow", "too wide", "too low", "too high", "of another shape"]
"""How a noise compares with the residuals."""


@dataclass(frozen=True)
class Match:
    """The residuals of a stage, and the noise that replaced them in training.

    If the distance is above `FITS`, the verdict names the largest difference: the mean, the
    deviation or, if these explain less than half of the distance, the shape.

    Example:
        >>> Match(residuals(net, images, 16)[0], Noise()).text()
        'The noise fits: distance 0.05 v_th.'
    """

    found: ResidualSummary
    noise: Noise | None
    """None: the stage trained without noise. Then uniform noise over [0, v_th) is judged."""

    @property
    def distance(self) -> float | None:
        """Wasserstein distance in v_th; None: no active neuron, or a sigma per channel."""
        known = self.found.distances.get("training" if self.noise else "uniform")
        return None if known is None or not known.wasserstein >= 0 else known.wasserstein

    @property
    def verdict(self) -> Verdict | None:
        """The verdict by `RULE`; None: too few neurons, or no distance."""
        if self.distance is None or self.found.neurons < FEWEST:
            return None
        if round(self.distance, 2) <= FITS:  # rounded as in the text, so that both agree
            return "fits"
        mu, sigma = self.moments
        shift, spread = mu - self.found.mean, sigma - self.found.std
        if max(abs(shift), abs(spread)) < self.distance / 2:
            return "of another shape"
        if abs(shift) >= abs(spread):
            return "too high" if shift > 0 else "too low"
        return "too wide" if spread > 0 else "too narrow"

    @property
    def fits(self) -> bool | None:
        """Whether the verdict is that the noise fits; None: there is no verdict."""
        return None if self.verdict is None else self.verdict == "fits"

    @property
    def moments(self) -> tuple[float, float]:
        """Mean and standard deviation of the noise in units of v_th."""
        return (self.noise.mu, self.noise.sigma) if self.noise else (MATCHED_MU, MATCHED_SIGMA)

    def text(self) -> str:
        """The verdict and the numbers behind it, in a sentence."""
        if not self.found.neurons:
            return "No neuron is active: there is no residual to compare."
        if self.distance is None:
            return "Each channel has learned a σ of its own: there is no single distance."
        if self.verdict is None:
            return (
                f"No verdict: {self.found.neurons} active neurons are too few, {FEWEST} are needed."
            )
        mu, sigma = self.moments
        why = {
            "too narrow": f", deviation {sigma:.2f} against the residuals' {self.found.std:.2f}",
            "too low": f", mean {mu:.2f} against the residuals' {self.found.mean:.2f}",
        }
        why |= {"too wide": why["too narrow"], "too high": why["too low"]}
        verb = "fits" if self.verdict == "fits" else f"is {self.verdict}"
        who = f"The noise {verb}"
        if self.noise is None:
            verb = "fit" if self.verdict == "fits" else f"be {self.verdict}"
            who = f"Noise spread evenly over [0, v_th) would {verb}"
        return f"{who}: distance {self.distance:.2f} v_th{why.get(self.verdict, '')}."
