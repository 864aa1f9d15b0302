"""Advice in the words of the page: controls by their labels, where messages name settings."""

from __future__ import annotations

import re

from snnlab.dashboard.training_settings import CONTROLS

SETTING = re.compile(r"`([\w.]+) ([^`]*)`")
"""A setting and a value, as `memory_advice` writes them."""


def on_page(message: str) -> str:
    """A message with the label of a control of Train in place of each setting that has one.

    Example:
        >>> on_page("Try a smaller batch (`training.batch_size 16` instead of 32)")
        'Try a smaller batch (“Batch size” 16 instead of 32)'
    """
    labels = {control.setting: f"“{control.label}”" for control in CONTROLS}
    return SETTING.sub(lambda found: f"{labels.get(found[1], found[1])} {found[2]}", message)
