"""Controls: each is a widget, has its value in the link, and stands for one setting.

A control of a setting is declared once, and all else follows from the declaration of the setting:
whether it is a slider, a choice or a switch, its default, its range and its step:

    Control("sigma", "Noise σ (v_th)", "noise.sigma", help="0: no noise")
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass, replace
from functools import lru_cache, reduce
from typing import Any

import streamlit as st

from snnlab.dashboard import address
from snnlab.dashboard.screen import fold
from snnlab.settings import declared, options_of, validity

NOTHING = "none"
"""How links write the option None; Streamlit would read an empty text as "nothing chosen"."""
SHARE_STEP = 0.05
"""The step of a slider for a share whose setting declares no step."""


@dataclass(frozen=True)
class Control:
    """A control of one setting."""

    name: str
    """Its name in links and lessons."""
    label: str
    """Its label on the page."""
    setting: str
    """The dotted name of the setting: noise.sigma."""
    help: str | None = None
    """A sentence that explains it when the pointer rests on it."""
    words: Callable[[Any], str] = str
    """The text by which a menu shows an option."""
    options: Callable[[], Sequence[Any]] | None = None
    """The options, where the declaration of the setting does not list them. Where the default is
    not among them, the first is chosen. An empty list: the control is not shown at the moment."""
    percent: bool = False
    """Whether a share is shown, and stands in links, as whole percent."""
    boxed: bool = False
    """Whether it lies in the box of the less important controls."""
    above: Callable[[Any], object] | None = None
    """Draws, at the given place, what belongs above the control."""
    on_change: Callable[[], None] | None = None
    """Called when the visitor has moved it, before the page is drawn anew."""
    none: Callable[[Any], float] | None = None
    """The number that None stands for in a setting that may be None, given the dataclass that has
    it."""

    def draw(self, defaults: Sequence[Any], place: Any = st) -> Any:
        """Draw it.

        Args:
            defaults: dataclasses; the first one that has the setting gives its default.
            place: where it is drawn; None: nowhere, and its value is the one in the link.

        Returns:
            The value of the setting.

        Raises:
            ValueError: none of the dataclasses has the setting, or its declaration has no range.
        """
        whole, group, field = self.owner(defaults)
        hint, given = fields_of(group)[field], getattr(group, field)
        default: Any = self.none(whole) if given is None and self.none else given
        if self.above is not None:
            self.above(place)
        more = {"place": place, "help": self.help, "on_change": self.on_change}
        if self.options is not None:
            return self.chosen(self.options(), default, **more)
        options = options_of(hint)
        if options is not None:
            return self.chosen(possible(group, field, tuple(options)), default, **more)
        if isinstance(default, bool):
            return toggle(self.name, self.label, default, **more)
        low, high, step = self.range(hint, default)
        if not self.percent:
            value = slider(self.name, self.label, default, low, high, step, **more)
            return given if value == default else value
        percents = [round(100 * number) for number in (default, low, high, step)]
        shown = slider(self.name, self.label, *percents, **more)
        return given if shown == percents[0] else shown / 100

    def chosen(self, options: Sequence[Any], default: Any, **more: Any) -> Any:
        """Draw a menu of the options, which links write as text; the option that is chosen."""
        if not options:
            return default
        texts = {address.link_text(option) or NOTHING: option for option in options}
        first = address.link_text(default if default in options else options[0]) or NOTHING
        words = {text: self.words(option) for text, option in texts.items()}
        return texts[select(self.name, self.label, words, first, **more)]

    def range(self, hint: Any, default: float) -> tuple[float, float, float]:
        """Lowest value, highest value and step of its slider, as the setting declares them.

        The range is widened where the default of a preset lies outside. A share goes from 0 to 1.
        """
        valid, number = validity(hint), type(default)
        usual, step = valid.usual, valid.step
        if number is float and (valid.low, valid.high) == (0, 1):
            usual, step = usual or (0.0, 1.0), step or SHARE_STEP
        if usual is None or step is None or number not in (int, float):
            raise ValueError(f"{self.setting} needs a range for its slider: Valid(usual=, step=)")
        low, high = min(usual[0], default), max(usual[1], default)
        return number(low), number(high), number(step)

    def value_in(self, settings: Any) -> Any:
        """The value of its setting in a dataclass."""
        return getattr(*self.found([settings]))

    def reaches(self, first: Any, settings: Any) -> bool:
        """Whether its widget, made with the defaults `first`, can show the value in `settings`."""
        (group, field), value = self.found([first]), self.value_in(settings)
        hint, default = fields_of(group)[field], getattr(group, field)
        options = options_of(hint)
        if options is not None:
            return value in possible(group, field, tuple(options))
        if isinstance(default, bool):
            return True
        low, high, _ = self.range(hint, default)
        return bool(low <= value <= high)

    def found(self, defaults: Sequence[Any]) -> tuple[Any, str]:
        """The innermost dataclass that has the setting, and the name of the field."""
        return self.owner(defaults)[1:]

    def owner(self, defaults: Sequence[Any]) -> tuple[Any, Any, str]:
        """The entry of `defaults` with the setting, the dataclass within it, the field's name."""
        *groups, field = self.setting.split(".")
        for given in defaults:
            with contextlib.suppress(AttributeError):
                group = reduce(getattr, groups, given)
                if is_dataclass(group) and field in fields_of(group):
                    return given, group, field
        raise ValueError(f"control {self.name!r} is for {self.setting!r}, which is no setting")


def read(
    controls: Iterable[Control], defaults: Sequence[Any], place: Any, box: str
) -> dict[str, Any]:
    """Draw controls, first those in sight, then those in the box.

    Args:
        controls, defaults: see `Control`.
        place: where they are drawn.
        box: the title of the box.

    Returns:
        The values of their settings by dotted name.
    """
    controls = list(controls)
    values = {one.setting: one.draw(defaults, place) for one in controls if not one.boxed}
    boxed = any(one.boxed and one.name not in address.hidden() for one in controls)
    more = fold(box, key=address.key("more"), place=place) if boxed else None
    return values | {one.setting: one.draw(defaults, more) for one in controls if one.boxed}


def fields_of(settings: Any) -> dict[str, Any]:
    """The settings of a dataclass with their types."""
    kind: type = type(settings)
    return declared(kind)


@lru_cache
def possible(group: Any, field: str, options: tuple[str, ...]) -> tuple[str, ...]:
    """The options with which a group of settings is valid, the other settings unchanged.

    The family "empirical", for instance, is left out of a noise without quantiles.
    """

    def fits(option: str) -> bool:
        try:
            replace(group, **{field: option})
        except ValueError:
            return False
        return True

    return tuple(dict.fromkeys([*filter(fits, options), getattr(group, field)]))


def linked_widget(
    name: str,
    value: Any,
    draw: Callable[..., Any],
    *,
    place: Any = st,
    default: Any = None,
    fits: Callable[[Any], bool] = lambda there: True,
) -> Any:
    """Draw a widget whose value is also in the link; return its value.

    At first it has the value from the link; from then on the link follows it. A lesson link can fix
    it (shown, not movable) or hide it (its value still counts). With the place None it is hidden,
    too: then its value is the one in the link.

    Args:
        name: in links and lessons.
        value: from the link.
        draw: draws the widget, given its key and whether it is disabled; returns its value.
        place: where it is drawn, or None.
        default: the value that a link without `name` stands for, see `remember`; None: there is no
            such value, and the link always has it.
        fits: whether the widget can still hold the value that it had when it was last drawn.
    """
    key = address.key(name)
    if place is None or name in address.hidden():
        st.session_state.pop(key, None)
    else:
        there = st.session_state.get(key)
        if there is None or not fits(there):
            st.session_state[key] = value
        value = draw(key=key, disabled=name in address.fixed())
    address.remember(name, value, default)
    return value


def slider(
    name: str,
    label: str,
    default: float,
    low: float,
    high: float,
    step: float,
    *,
    place: Any = st,
    **more: Any,
) -> Any:
    """A slider whose value lives in the link; a whole-number one if `step` is an int."""
    if low == high:  # a single value: no slider is needed
        place = None
    read: Callable[..., Any] = address.whole_number if isinstance(step, int) else address.number
    value = read(name, default, low, high)
    steps = (st.session_state.get(address.key(name), value) - low) / step
    look = None if abs(steps - round(steps)) < 1e-6 else "%.4g"  # 0.2887 lies between steps
    return linked_widget(
        name,
        value,
        lambda **key: place.slider(label, low, high, step=step, format=look, **key, **more),
        place=place,
        default=default,
        fits=lambda there: low <= there <= high,
    )


def select(
    name: str,
    label: str,
    words: Mapping[str, str],
    default: str,
    *,
    place: Any = st,
    lasting: bool = True,
    **more: Any,
) -> str:
    """A choice whose value lives in the link.

    Args:
        words: the text of each option in the menu, by its name in links.
        lasting: whether the default stays the same over time, so that it may be left out of the
            link.
    """
    value = linked_widget(
        name,
        address.choice(name, words, default),
        lambda **key: place.selectbox(
            label, tuple(words), format_func=words.__getitem__, **key, **more
        ),
        place=place,
        default=default if lasting else None,
        fits=words.__contains__,
    )
    return str(value)


def toggle(name: str, label: str, default: bool, *, place: Any = st, **more: Any) -> bool:
    """A switch whose value lives in the link as 0 or 1."""
    value = linked_widget(
        name,
        address.choice(name, ("0", "1"), str(int(default))) == "1",
        lambda **key: place.toggle(label, **key, **more),
        place=place,
        default=default,
    )
    return bool(value)


def segments(
    name: str,
    label: str,
    options: Sequence[str],
    default: str | None = None,
    *,
    place: Any = st,
    **more: Any,
) -> str:
    """One of a few options side by side, whose value lives in the link; at first the first."""
    first = options[0] if default is None else default
    value = linked_widget(
        name,
        address.choice(name, options, first),
        lambda **key: place.segmented_control(label, options, required=True, **key, **more),
        place=place,
        default=first,
        fits=options.__contains__,
    )
    return str(value)
