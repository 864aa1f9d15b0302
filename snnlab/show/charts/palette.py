"""Colours of the charts, on a light and on a dark background."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Palette:
    """Colours by what they stand for; those of the figures, lighter on a dark background."""

    ink: str
    """Text and what is drawn like text."""
    grey: str
    """Thresholds, references, what is not the point."""
    noise: str
    """With noise."""
    on_noise: str
    """Text on that colour."""
    quiet: str
    """Without noise."""
    bptt: str
    """Backpropagation through time."""
    ann: str
    """Conversion of an ANN."""
    free: tuple[str, ...]
    """Whatever else has to be told apart."""

    def of(self, method: str, place: int = 0) -> str:
        """The colour of a method, or a free one by its place.

        Example:
            >>> palette(dark=False).of("noise")
            '#0072B2'
        """
        own = {"noise": self.noise, "no-noise": self.quiet, "bptt": self.bptt, "ann": self.ann}
        return own.get(method) or self.free[place % len(self.free)]


# Okabe and Ito (2008), as in the figures; for dark backgrounds of about the same hue, lighter.
LIGHT = Palette(
    ink="#1C1F23",
    grey="#6B7280",
    noise="#0072B2",
    on_noise="#FFFFFF",
    quiet="#D55E00",
    bptt="#009E73",
    ann="#000000",
    free=("#A45C85", "#B87A00", "#2E8BC0", "#5F5F5F", "#7A4FB5"),
)
DARK = Palette(
    ink="#F1F3F5",
    grey="#9AA3AE",
    noise="#56B4E9",
    on_noise="#14171B",
    quiet="#FF8C42",
    bptt="#2FC89B",
    ann="#FFFFFF",
    free=("#E29BC4", "#F0C040", "#8FD3FF", "#B9BEC5", "#BFA0F0"),
)


def palette(*, dark: bool) -> Palette:
    """The colours for a dark or a light background."""
    return DARK if dark else LIGHT
