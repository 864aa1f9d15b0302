"""A film in a notebook."""

from __future__ import annotations

from anywidget import AnyWidget
from traitlets import Dict, Float

from snnlab.show.films.film import FILM_JS
from snnlab.show.widgets.in_notebook import widget_module


class FilmWidget(AnyWidget):
    """Plays a film; see `film.js`."""

    _esm = widget_module(FILM_JS, "mountFilm")
    given = Dict().tag(sync=True)
    t = Float(0.0).tag(sync=True)
    """The moment at which it rests, in seconds."""
