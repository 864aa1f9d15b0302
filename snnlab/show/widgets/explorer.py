"""The network explorer in a notebook: an image, chosen or drawn, on its way through networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from html import escape
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from ipywidgets import HTML, Box, Button, Layout, ToggleButton, VBox
from torch import Tensor
from traitlets import Enum, Int, List, TraitError, validate

from snnlab.data.drawn import as_image
from snnlab.data.images import Images, as_picture
from snnlab.data.spec import DataError, DataSpec
from snnlab.measure.decisions import KINDS, Kind, decisions_of, images_of_kind, next_of
from snnlab.measure.one_image import ImageSeen, see_image
from snnlab.measure.one_neuron import neuron_residuals
from snnlab.measure.residuals import trained_noise
from snnlab.network.net import SpikingNet
from snnlab.neuron.own_layer import noise_of
from snnlab.settings import checked, count
from snnlab.show.described import DRAWING, drifted_span, image_title, one_neuron_words
from snnlab.show.explorer.drawing import PAD_JS, SIDE, ink_of, pad_given
from snnlab.show.explorer.frames import VIEWS, frames, lanes, neuron_words, title_of
from snnlab.show.explorer.player import PLAYER_JS, player_page
from snnlab.show.page import blank_axes
from snnlab.show.picture import Picture, picture
from snnlab.show.potentials import IN_SIGHT, residual_histograms
from snnlab.show.trace import neuron_trace
from snnlab.show.widgets.in_notebook import Mounted
from snnlab.show.widgets.live import MOST_IMAGES, choice, first_images, slider, which_images
from snnlab.show.widgets.names import LIVE, name_controls

Place = tuple[str, int, int]
"""Which neuron: name of the network, stage, and index in the stage (by channel, row, column)."""
ONE_NETWORK: Final = "network"
"""The name of a network that is given without one."""

_AT_REST = (
    "<p><em>In JupyterLab you choose the image or draw one here, and see the residuals of each "
    "neuron.</em></p>"
)
_ROW = Layout(display="flex", flex_flow="row wrap", align_items="center", overflow="visible")


class Player(Mounted):
    """Plays the frames of an image; see `player.js`."""

    t = Int(1).tag(sync=True)
    view = Enum(VIEWS, VIEWS[0]).tag(sync=True)
    neuron: Any = List(Int(), allow_none=True, default_value=None).tag(sync=True)

    @validate("t")
    def _shown_step(self, proposal: Mapping[str, Any]) -> int:
        """Refuse a timestep that does not exist, as a browser can send anything."""
        step, last = int(proposal["value"]), self.given.get("T", 1)
        if not 1 <= step <= last:
            raise TraitError(f"t must be 1 to {last}, got {step}")
        return step


class NetworkExplorer(VBox):
    """All neurons of some networks on one image, timestep by timestep.

    Where widgets do not run (a web page, a printout) this image still plays, but no other can be
    chosen.

    Args: see `network_explorer`.

    Attributes:
        seen: by name of a network, the numbers of all its neurons on the image.
        controls: widgets by name, as in `LivePicture`.

    Example:
        >>> explorer.image = 17
        >>> explorer.seen["noise"].decided_at()
    """

    def __init__(
        self,
        nets: Mapping[str, SpikingNet],
        images: Images,
        classes: Sequence[str],
        timesteps: int,
        data: DataSpec | None,
        image: int,
    ) -> None:
        self.nets, self.images, self.classes = dict(nets), images, list(classes)
        self.timesteps = timesteps
        self.seen: dict[str, ImageSeen] = {}
        self._data = data
        self._drawing: Tensor | None = None  # the last drawing, shown or not
        self._drawn: Tensor | None = None
        self._neuron: Place | None = None
        self._histogram: dict[Place, Picture] = {}  # residuals of the neuron opened last
        self._first = [0] * max(len(net.stages) for net in nets.values())
        self._decisions: dict[str, npt.NDArray[np.int64]] = {}
        self._player = Player(PLAYER_JS, "mount")
        self._player.on_msg(lambda _, told, __: self._told(told))
        hidden = Layout(display="none")
        self._pad = Mounted(PAD_JS, "mountPad", given=pad_given(), layout=hidden)
        self._pad.on_msg(lambda _, told, __: self._told(told))
        self._found, self._opened = HTML(layout=Layout(margin="0 0.8em")), HTML()
        self.controls = self._made_controls(image)
        names = name_controls(*self.controls.values())
        super().__init__([*self._rows(), self._pad, self._player, self._opened, names])
        self.add_class(LIVE)
        self._see()

    @property
    def image(self) -> int:
        """Number of the test image; while a drawing is shown, that of the last image."""
        return int(self.controls["image"].value)

    @image.setter
    def image(self, number: int) -> None:
        number = place_of("image", number, len(self.images))
        if number == self.image:
            self.draw(None)
        self.controls["image"].value = number

    @property
    def t(self) -> int:
        """The timestep that is shown, 1 to T."""
        return int(self._player.t)

    @t.setter
    def t(self, step: int) -> None:
        step = count("t", step)
        if step > self.timesteps:
            raise ValueError(f"t must be 1 to {self.timesteps}, got {step}")
        self._player.t = step

    @property
    def view(self) -> str:
        """What the maps show: spikes, h, v or rates."""
        return str(self._player.view)

    @view.setter
    def view(self, name: str) -> None:
        if name not in VIEWS:
            raise ValueError(f"view must be one of {', '.join(VIEWS)}, got {name!r}")
        self._player.view = name

    @property
    def neuron(self) -> Place | None:
        """The open neuron as (network, stage, index); None if none is open."""
        return self._neuron

    @neuron.setter
    def neuron(self, place: Place | None) -> None:
        self._neuron = None if place is None else self._checked(place)
        self._player.neuron = self._in_player()
        self._open()

    @property
    def drawn(self) -> Tensor | None:
        """The drawing as the networks see it, uint8 (1, H, W); None: a test image is shown."""
        return self._drawn

    def draw(self, ink: npt.ArrayLike | Tensor | None) -> None:
        """Show a drawing in place of a test image.

        Args:
            ink: (S, S), from 0 for no ink to 255, see `as_image`; None: back to the test
                image.

        Raises:
            DataError: an empty drawing, or data for which drawings are not supported.
        """
        if ink is None and self._drawn is None:
            return
        self._drawn = self._drawing = None if ink is None else self._as_image(ink)
        self._see()
        said = self._player.given["said"][-1] if self._drawn is not None else ""
        self._pad.given = pad_given(self._drawn, said, None if ink is None else on_pad(ink))
        if "draw" in self.controls:
            self.controls["draw"].value |= self._drawn is not None

    def find_next(self) -> int | None:
        """Show the next image of the chosen kind; its number, or None if there is none."""
        chosen, kind = self.controls.get("network"), self.controls["kind"].value
        name = chosen.value if chosen else next(iter(self.nets))
        offered = first_images(self.images, MOST_IMAGES)
        if name not in self._decisions:
            self._decisions[name] = decisions_of(self.nets[name], offered, self.timesteps)
        found = images_of_kind(kind, self._decisions[name], offered.labels.cpu().numpy())
        number = next_of(found, self.image)
        self._found.value = f"{len(found)} images. {which_images(offered, self.images)}"
        if number is not None:
            self.image = number
        return number

    @property
    def pictures(self) -> list[Picture]:
        """Pictures of the open neuron: its potential over time, and its residuals."""
        if self._neuron is None:
            return []
        if self._neuron not in self._histogram:
            self._histogram = {self._neuron: self._residuals(*self._neuron)}
        return [self._trace(*self._neuron), self._histogram[self._neuron]]

    def _made_controls(self, image: int) -> dict[str, Any]:
        """The controls outside of the player."""
        number = slider("test image", 0, len(self.images) - 1, image)
        number.continuous_update = False  # all neurons of all networks are sent to the browser
        number.observe(self._moved, names="value")
        kinds: list[tuple[str, Kind]] = [(words, kind) for kind, words in KINDS.items()]
        made = {"image": number, "kind": choice("kind of image", kinds)}
        if len(self.nets) > 1:
            titles = [(title_of(name), name) for name in self.nets]
            made["network"] = choice("in the network", titles)
        if self._data is not None:
            made["draw"] = ToggleButton(description="Draw your own", tooltip="Draw your own")
            made["draw"].observe(self._toggled, names="value")
        return made

    def _rows(self) -> list[Box]:
        """The rows of controls above the player."""
        step = {"Previous": -1, "Next": 1}
        buttons = [button(words, partial(self._step, by)) for words, by in step.items()]
        find = button("Next of this kind", self.find_next)
        draw = [self.controls["draw"]] if "draw" in self.controls else []
        kinds = [self.controls[name] for name in ("kind", "network") if name in self.controls]
        rows = [[self.controls["image"], *buttons, *draw], [*kinds, find, self._found]]
        return [Box(row, layout=_ROW) for row in rows]

    def _step(self, by: int) -> None:
        self.image = (self.image + by) % len(self.images)

    def _moved(self, change: object) -> None:
        self._drawn = None
        self._see()

    def _toggled(self, change: Mapping[str, Any]) -> None:
        self._pad.layout.display = "" if change["new"] else "none"
        if self._drawing is not None:
            self._drawn = self._drawing if change["new"] else None
            self._see()

    def _told(self, told: Any) -> None:
        """Handle a message [what, details] of the browser; a malformed one is ignored."""
        with suppress(ValueError, TypeError, KeyError, IndexError):  # DataError is a ValueError
            what, more = told
            if what == "ink":
                self.draw(None if more is None else ink_of(more))
            elif what == "neuron":
                self.neuron = None if more is None else self._place_in(more)
            elif what == "more":  # other maps of a stage are requested
                stage = place_of("stage", more["stage"], len(self._first))
                self._first[stage] = checked("first", int, more["first"])
                self._send_frames()

    def _in_player(self) -> list[int] | None:
        """The open neuron as network, stage and index for the player."""
        if self._neuron is None:
            return None
        name, stage, index = self._neuron
        return [list(self.nets).index(name), stage, index]

    def _place_in(self, told: Mapping[str, Any]) -> Place:
        """The neuron for the numbers in a browser's message."""
        network = place_of("network", told["network"], len(self.nets))
        return list(self.nets)[network], told["stage"], told["index"]

    def _as_image(self, ink: npt.ArrayLike | Tensor) -> Tensor:
        if self._data is None:
            raise DataError("nobody can draw such images: give `data`, the name of their set")
        return as_image(ink, self._data)

    def _pixels(self) -> Tensor:
        """The image that is shown, uint8 (C, H, W)."""
        return self.images.pixels[self.image] if self._drawn is None else self._drawn

    def _see(self) -> None:
        """Run the networks on the image, and show the result."""
        image = self.images.as_input(self._pixels())  # (C, H, W)
        self.seen = {name: see_image(net, image, self.timesteps) for name, net in self.nets.items()}
        self._send_frames()
        self._open()

    def _send_frames(self) -> None:
        """Send the frames to the player."""
        label = None if self._drawn is not None else int(self.images.labels[self.image])
        self._player.given = frames(
            lanes(self.seen),
            as_picture(self._pixels()).cpu().numpy(),
            self.classes,
            title=self.title,
            label=label,
            first=self._first,
        )

    @property
    def title(self) -> str:
        """The title of the image."""
        if self._drawn is not None:
            return DRAWING
        return image_title(self.image, self.classes[int(self.images.labels[self.image])])

    def _checked(self, place: object) -> Place:
        """The place of a neuron, checked."""
        if not isinstance(place, tuple | list) or len(place) != 3:
            raise ValueError(f"neuron must be (network, stage, index), got {place!r}")
        name, stage, index = place
        if name not in list(self.seen):
            raise ValueError(f"network must be one of {list(self.seen)}, got {name!r}")
        stages = self.seen[name].stages
        stage = place_of("stage", stage, len(stages))
        return name, stage, place_of("index", index, stages[stage].spikes[0].size)

    def _open(self) -> None:
        """Show the open neuron below the player."""
        words = "" if self._neuron is None else self._neuron_words(*self._neuron)
        self._opened.value = words + "".join(shown.html() for shown in self.pictures)

    def _neuron_words(self, name: str, stage: int, index: int) -> str:
        """A sentence on the open neuron and its spikes on this image."""
        seen = self.seen[name].stages[stage]
        fired = int(seen.spikes.reshape(self.timesteps, -1)[:, index].sum())
        trained = float(seen.trained.reshape(-1)[index])
        words = (
            f"{self.title}: in the network {title_of(name)} the neuron of stage {stage + 1} at "
            f"{neuron_words(seen, index)} fires at {fired} of {self.timesteps} timesteps."
        )
        noise = noise_of(self.nets[name].neuron_layers()[stage])
        if noise is not None:
            once = "timestep", "it fires with probability"
            if noise.timesteps > 1:  # one pass stands for several timesteps and gives a rate
                once = "pass", "its mean rate is"
            words += " In one {} with the noise of its training {} {:.2f}.".format(*once, trained)
        return f"<p>{escape(words)}</p>"

    def _trace(self, name: str, stage: int, index: int) -> Picture:
        """The potential of a neuron, and its currents, on this image."""
        seen = self.seen[name].stages[stage]
        currents, h, v, spikes = seen.path(index)
        ax = neuron_trace(h, v, spikes, seen.v_th, v_init=seen.v_init, current=currents)
        return picture(ax, "Its potential on this image, over its current at each timestep.")

    def _residuals(self, name: str, stage: int, index: int) -> Picture:
        """The residuals of a neuron over many images, and the noise that replaced them."""
        net, shown = self.nets[name], first_images(self.images, MOST_IMAGES)
        found = neuron_residuals(net, shown, max(2, self.timesteps), stage=stage, index=index)
        noise = trained_noise(net.neuron_layers()[stage])
        (ax,) = residual_histograms(
            [found.summary],
            noise=noise,
            names=["This neuron"],
            span=drifted_span(found.summary, IN_SIGHT) or IN_SIGHT,
            axes=[blank_axes()],
        )
        words = f"{one_neuron_words(found, noise)} {which_images(shown, self.images)}"
        return picture(ax, words)

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(**options)
        given = self._player.given
        bundle["text/plain"] = f"{given['title']}. {given['said'][-1]}"
        page = player_page(given, t=self.t, view=self.view, neuron=self._in_player())
        bundle["text/html"] = page + self._opened.value + _AT_REST
        return bundle


def network_explorer(
    nets: Mapping[str, SpikingNet] | SpikingNet,
    images: Images,
    classes: Sequence[str],
    *,
    timesteps: int = 16,
    image: int = 0,
    data: DataSpec | str | None = None,
) -> NetworkExplorer:
    """Every neuron of a network, timestep by timestep, on an image that you choose or draw.

    Several networks are shown side by side. A click on a neuron opens it below: its potential and
    its currents, and its residuals with the noise that replaced them in training.

    Args:
        nets: a network, or several by name; those of `COMPARED` ("noise", "no-noise-half",
            "no-noise-rest") have a title and a colour of their own. They run without noise; give
            them as they were trained with one timestep, so that they can be compared with their
            training.
        images: to choose from.
        classes: names of the classes.
        timesteps: T.
        image: number of the image that is shown first.
        data: the data set of the images, or its name: then drawings are processed like its images.
            None: there is no pad.

    Raises:
        ValueError: no network, or one that does not spike; T below 1, no such image, or data for
            which drawings are not supported.

    Example:
        >>> explorer = network_explorer({"noise": net}, data.test, data.classes, data=data.name)
        >>> explorer.t = 16
    """
    several = dict(nets) if isinstance(nets, Mapping) else {ONE_NETWORK: nets}
    if not several:
        raise ValueError("nets is empty: give at least one network")
    for net in several.values():
        if not isinstance(net, SpikingNet):
            kind = type(net).__name__
            raise ValueError(f"nets must be a SpikingNet, or several by name; got a {kind}")
    image = place_of("image", image, len(images))
    drawn = DataSpec(data) if isinstance(data, str) else data
    if drawn is not None:
        as_image(np.ones((1, 1)), drawn)  # raises unless drawings are supported
    steps = count("timesteps", timesteps)
    return NetworkExplorer(several, images, classes, steps, drawn, image)


def on_pad(ink: npt.ArrayLike | Tensor) -> npt.NDArray[np.uint8] | None:
    """A drawing for the pad; None if it has another size."""
    grey = np.asarray(ink)
    return grey.astype(np.uint8) if grey.shape == (SIDE, SIDE) else None


def place_of(name: str, number: object, places: int) -> int:
    """A number as an index below `places`.

    Raises:
        ValueError: it is no such index.
    """
    place = checked(name, int, number)
    if not 0 <= place < places:
        raise ValueError(f"{name} must be 0 to {places - 1}, got {place}")
    return int(place)


def button(words: str, press: Callable[[], object]) -> Button:
    """A button with a label that calls `press`."""
    made = Button(description=words, tooltip=words, layout=Layout(width="auto"))
    made.on_click(lambda _: press())
    return made
