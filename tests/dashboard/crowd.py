"""A crowd before the dashboard: connections as browsers make them, timed.

    python -m tests.dashboard.crowd [--clients 24] [--trainings 6] [--seconds 30] [--against FOLDER]
    python -m tests.dashboard.crowd --page explorer --clients 30 --trainings 0

Every client moves a slider of the neuron lab as soon as the last move is drawn, or plays as people
do in the network explorer; others train; every few seconds a newcomer opens the page. Prints the
seconds of redraws and of the first page. With another checkout of the kit in FOLDER, both are
served and timed in turns, as machines have moods.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import re
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests.dashboard.browser import ROOT, served, server_process

BEGINS_ANEW = ForwardMsg.FINISHED_EARLY_FOR_RERUN
"""How a drawing ends that another one follows at once."""
PATIENCE = 120
"""Seconds for one answer."""
BETWEEN_NEWCOMERS = 3.0
LOOKING = (1.0, 4.0)
"""Seconds for which somebody in the explorer looks before the next step or image."""
STEPS = 4
"""Steps in the explorer before the next image: the browser makes them and tells where it rests."""
TRAINING = "preset=digits&epochs=300"
"""What those ask for who train; each with a sigma of its own."""
SCRIPTS = re.compile(r"""(?:src|href)="(\./static/[^"]+)""")
ROUND = 15.0
"""Seconds for which one checkout is timed before it is the other one's turn."""


@dataclass
class Drawn:
    """What an answer of the server was."""

    seconds: float
    size: int
    """Bytes of all messages, before they are packed."""
    messages: int
    texts: list[str]
    """Of its headings."""


@dataclass
class Page:
    """A page in a browser: it knows its widgets, its link and what is to be asked for later."""

    connection: WebSocketClientConnection
    name: str = ""
    query: str = ""
    hash: str = ""
    """What the server calls the page."""
    states: dict[str, WidgetState] = field(default_factory=dict)
    """Of the widgets, by id; browsers send all of them along."""
    labels: dict[str, str] = field(default_factory=dict)
    """Label of a slider or a button to its id."""
    fragments: dict[str, str] = field(default_factory=dict)
    """Id of a widget to that of the part of the page which it draws anew."""
    clock: dict[str, float] = field(default_factory=dict)
    """Parts that are drawn anew every so many seconds."""
    kept: set[str] = field(default_factory=set)
    """Large messages that need not be sent again, by their hash."""

    async def open(self) -> Drawn:
        """Draw all of it."""
        return await self.ask(BackMsg())

    async def move(self, label: str, value: float) -> Drawn:
        """Move a slider."""
        state = self.states[self.labels[label]]
        state.double_array_value.data[:] = [value]
        return await self.ask(self.about(state.id))

    async def press(self, label: str) -> Drawn:
        """Press a button."""
        id = self.labels[label]
        ask = self.about(id)
        ask.rerun_script.widget_states.widgets.add(id=id, trigger_value=True)
        return await self.ask(ask)

    async def say(self, part: str, event: str, value: object) -> Drawn:
        """Tell what a part of the page that lives in the browser has come to."""
        id = self.labels[part]
        ask = self.about(id)
        said = json.dumps([{"event": event, "value": value}])
        trigger = f"$$STREAMLIT_INTERNAL_KEY_{id}__events"
        ask.rerun_script.widget_states.widgets.add(id=trigger, json_trigger_value=said)
        return await self.ask(ask)

    async def enter(self, label: str, value: float) -> Drawn:
        """Type a number."""
        state = self.states[self.labels[label]]
        state.double_value = value
        return await self.ask(self.about(state.id))

    async def wait(self) -> None:
        """Until the next part draws itself anew, and that."""
        if not self.clock:
            await asyncio.sleep(1)
            return
        part, seconds = min(self.clock.items(), key=lambda pair: pair[1])
        await asyncio.sleep(seconds)
        ask = BackMsg()
        ask.rerun_script.fragment_id = part
        ask.rerun_script.is_auto_rerun = True
        await self.ask(ask)

    def about(self, id: str) -> BackMsg:
        ask = BackMsg()
        ask.rerun_script.fragment_id = self.fragments.get(id, "")
        return ask

    async def ask(self, ask: BackMsg) -> Drawn:
        """Ask for a page, or a part of it, and read all that comes until it is drawn."""
        rerun = ask.rerun_script
        rerun.query_string, rerun.page_script_hash = self.query, self.hash
        rerun.page_name = "" if self.hash else self.name
        rerun.widget_states.widgets.extend(self.states.values())
        rerun.cached_message_hashes.extend(self.kept)
        found = Drawn(0, 0, 0, [])
        start = time.perf_counter()
        await self.connection.write_message(ask.SerializeToString(), binary=True)
        while True:
            content = await asyncio.wait_for(self.connection.read_message(), PATIENCE)
            assert content is not None, "the server has hung up"
            message = ForwardMsg.FromString(content)
            found.size += len(content)
            found.messages += 1
            kind = message.WhichOneof("type")
            if message.metadata.cacheable:
                self.kept.add(message.hash)
            if kind == "delta":
                self.take(message, found)
            elif kind == "new_session":
                self.hash = message.new_session.page_script_hash
            elif kind == "navigation":
                self.hash = message.navigation.page_script_hash
            elif kind == "page_info_changed":
                self.query = message.page_info_changed.query_string
            elif kind == "auto_rerun":
                self.clock[message.auto_rerun.fragment_id] = message.auto_rerun.interval
            elif kind == "stop_auto_rerun":
                for part in message.stop_auto_rerun.fragment_ids:
                    self.clock.pop(part, None)
            elif kind == "script_finished" and message.script_finished != BEGINS_ANEW:
                found.seconds = time.perf_counter() - start
                return found

    def take(self, message: ForwardMsg, found: Drawn) -> None:
        """Note what a browser would show."""
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        assert kind != "exception", element.exception.message
        if kind == "heading":
            found.texts.append(element.heading.body)
        elif kind == "bidi_component":
            part = element.bidi_component
            self.labels[part.component_name] = part.id
            self.fragments[part.id] = message.delta.fragment_id
        elif kind == "number_input":
            number = element.number_input
            self.labels[number.label] = number.id
            self.fragments[number.id] = message.delta.fragment_id
            state = self.states.setdefault(number.id, WidgetState(id=number.id))
            if not state.HasField("double_value") or number.set_value:
                state.double_value = number.value if number.HasField("value") else number.default
        elif kind in ("slider", "button"):
            widget = getattr(element, kind)
            self.labels[widget.label] = widget.id
            self.fragments[widget.id] = message.delta.fragment_id
            if kind == "slider":
                state = self.states.setdefault(widget.id, WidgetState(id=widget.id))
                if not state.double_array_value.data or widget.set_value:
                    state.double_array_value.data[:] = list(widget.value or widget.default)


async def opened(address: str, visitor: str, name: str = "", query: str = "") -> Page:
    """A new connection of a visitor, with nothing drawn yet."""
    request = HTTPRequest(
        address.replace("http", "ws") + "/_stcore/stream",
        headers={"Cookie": f"snnlab_visitor={visitor}"},
    )
    return Page(await websocket_connect(request, max_message_size=2**28), name, query)


@dataclass
class Found:
    """What was timed."""

    redraws: list[Drawn] = field(default_factory=list)
    images: list[Drawn] = field(default_factory=list)
    """Other images in the explorer; there, redraws are those after a step."""
    first: list[float] = field(default_factory=list)
    """Seconds until each visitor of the explorer had its first image."""
    openings: list[float] = field(default_factory=list)
    """Seconds until a newcomer has all files and the first page is drawn."""
    seconds: float = 0.0
    server: float = 0.0
    """Seconds of processor time of the server: what a busy machine does not change."""
    trained: int = 0
    """Epochs that came to an end meanwhile."""


async def mover(address: str, number: int, slider: str, until: float, found: Found) -> None:
    """Moves a slider without a pause; nobody else has its T."""
    timesteps, choice = number % 46 + 5, random.Random(number)
    page = await opened(address, f"{number:016x}", query=f"T={timesteps}")
    await page.open()
    while time.perf_counter() < until:
        drawn = await page.move(slider, choice.randrange(10, 90) / 100)
        wrong = f"visitor {number} sees another's page"
        assert any(f"in {timesteps} timestep" in text for text in drawn.texts), wrong
        found.redraws.append(drawn)
    page.connection.close()


async def watcher(address: str, number: int, until: float, found: Found) -> None:
    """Goes through the images of the explorer, steps through each, and looks meanwhile."""
    choice = random.Random(number)
    page = await opened(address, f"{number:016x}", "explorer")
    found.first.append((await page.open()).seconds)
    image = next(label for label in page.labels if label.startswith("Image"))
    while time.perf_counter() < until:
        await asyncio.sleep(choice.uniform(*LOOKING))
        found.images.append(await page.enter(image, choice.randrange(0, 100)))
        for _ in range(STEPS):
            await asyncio.sleep(choice.uniform(*LOOKING))
            rest = {"t": choice.randrange(1, 17), "view": "spikes"}
            found.redraws.append(await page.say("snnlab.player", "at", rest))
    page.connection.close()


async def trainer(address: str, number: int, until: float) -> None:
    """Starts a training and looks at it."""
    query = f"{TRAINING}&sigma={0.3 + number / 100:.2f}"
    page = await opened(address, f"{number + 1000:016x}", "train", query)
    await page.open()
    await page.press("Start")
    while time.perf_counter() < until:
        await page.wait()
    page.connection.close()


async def newcomers(address: str, page_name: str, until: float, found: Found) -> None:
    """Opens the page anew, now and then, with an empty cache."""
    client = AsyncHTTPClient()
    while time.perf_counter() < until:
        start = time.perf_counter()
        body = (await client.fetch(address)).body.decode()
        files = [f"{address}/{path}" for path in SCRIPTS.findall(body)]
        await asyncio.gather(*(client.fetch(file, request_timeout=PATIENCE) for file in files))
        page = await opened(address, f"{random.getrandbits(64):016x}", page_name)
        await page.open()
        found.openings.append(time.perf_counter() - start)
        page.connection.close()
        await asyncio.sleep(BETWEEN_NEWCOMERS)


def used(address: str) -> float:
    """Seconds of processor time of a server, without what trains."""
    times = server_process(address).cpu_times()
    return float(times.user + times.system)


def resident(address: str) -> float:
    """MiB that a server takes of the memory."""
    return float(server_process(address).memory_info().rss) / 2**20


async def crowd(
    address: str, *, clients: int, slider: str, until: float, found: Found, page: str = ""
) -> None:
    """All of them but those who train; with page explorer all are there."""
    start, before = time.perf_counter(), used(address)
    if page:
        movers = [watcher(address, number, until, found) for number in range(clients)]
    else:
        movers = [mover(address, number, slider, until, found) for number in range(clients)]
    await asyncio.gather(*movers, newcomers(address, page, until, found))
    found.seconds += time.perf_counter() - start
    found.server += used(address) - before


def table(found: Found, name: str) -> str:
    """What was found, in lines."""
    times = [drawn.seconds for drawn in found.redraws]
    sizes = [drawn.size for drawn in found.redraws]
    counts = [drawn.messages for drawn in found.redraws]
    rate = len(times) / found.seconds
    more = ""
    if found.images:
        images = [drawn.seconds for drawn in found.images]
        more = (
            f"; {len(images)} other images, median {statistics.median(images):.3f} s, 95 % within "
            f"{share(images, 0.95):.3f} s, "
            f"{statistics.median(drawn.size for drawn in found.images) / 1024:.0f} KiB; first "
            f"image after {statistics.median(found.first):.2f} s, 95 % within "
            f"{share(found.first, 0.95):.2f} s"
        )
    return (
        f"{name}: {len(times)} redraws in {found.seconds:.0f} s, {1000 / rate:.1f} ms each "
        f"({1000 * found.server / len(times):.1f} ms of the server's processor time); "
        f"median {statistics.median(times):.3f} s, 95 % within {share(times, 0.95):.3f} s; "
        f"{statistics.median(sizes) / 1024:.1f} KiB in {statistics.median(counts):.0f} messages; "
        f"{len(found.openings)} pages opened, median {statistics.median(found.openings):.2f} s, "
        f"slowest {max(found.openings):.2f} s; {found.trained} epochs trained"
    ) + more


def share(values: Sequence[float], part: float) -> float:
    """The value below which that part of all lies."""
    return sorted(values)[min(int(part * len(values)), len(values) - 1)]


def epochs(root: Path) -> int:
    """That have come to an end in a folder of runs."""
    return sum(len(path.read_bytes().splitlines()) for path in root.glob("*/metrics.jsonl"))


async def measure(
    addresses: Sequence[tuple[str, str, Path]],
    *,
    clients: int,
    trainings: int,
    seconds: float,
    slider: str,
    page: str = "",
) -> dict[str, Found]:
    """Time several servers in turns; only the one whose turn it is has a crowd.

    Prints what was found so far after each turn.

    Args:
        addresses: name, address and folder of runs of each.
    """
    found = {name: Found() for name, _, _ in addresses}
    rounds = max(1, round(seconds / ROUND))
    for number in range(rounds):
        for name, address, root in addresses if number % 2 == 0 else addresses[::-1]:
            until = time.perf_counter() + seconds / rounds + 3 * bool(trainings)
            at_work = [
                asyncio.ensure_future(trainer(address, one, until)) for one in range(trainings)
            ]
            await asyncio.sleep(3 * bool(trainings))
            before, memory = epochs(root), resident(address)
            await crowd(
                address,
                clients=clients,
                slider=slider,
                until=until,
                found=found[name],
                page=page,
            )
            found[name].trained += epochs(root) - before
            grown = resident(address) - memory
            load = psutil.getloadavg()[0]
            print(f"{name}: {grown:+.0f} MiB of memory; load {load:.1f}")  # noqa: T201
            await asyncio.gather(*at_work)
            print(table(found[name], name), flush=True)  # noqa: T201
    return found


def main() -> None:
    """Serve, time, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=24)
    parser.add_argument("--trainings", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--slider", default="Current")
    parser.add_argument("--page", default="", choices=("", "explorer"))
    parser.add_argument("--against", type=Path, help="another checkout")
    args = parser.parse_args()
    checkouts = {"this": ROOT} | ({"other": args.against.resolve()} if args.against else {})
    with contextlib.ExitStack() as stack:
        addresses = []
        for name, checkout in checkouts.items():
            root = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "runs"
            address = stack.enter_context(served(root, checkout))
            print(f"{name}: {server_process(address).pid} at {address}", flush=True)  # noqa: T201
            addresses.append((name, address, root))
        asyncio.run(
            measure(
                addresses,
                clients=args.clients,
                trainings=args.trainings,
                seconds=args.seconds,
                slider=args.slider,
                page=args.page,
            )
        )


if __name__ == "__main__":
    main()
