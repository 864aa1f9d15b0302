"""Thirty visitors at once, each with a connection of its own, as browsers make them."""

from __future__ import annotations

import asyncio
import random
import shutil
import time
from pathlib import Path

import psutil
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests.dashboard.browser import served, server_process

pytestmark = pytest.mark.slow
VISITORS, SECONDS, MOST_GROWTH = 30, 120, 200 * 2**20
PATIENCE = 120


class Visitor:
    """Opens the neuron lab with a T that is nobody else's, and moves the current."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.random = random.Random(number)
        self.redraws = 0
        self.slider = ""  # the id of the slider of the current, once it is known

    async def visit(self, address: str, until: float) -> None:
        self.slider = ""
        url = address.replace("http", "ws") + "/_stcore/stream"
        connection = await websocket_connect(url, max_message_size=2**28)
        while time.monotonic() < until:
            timesteps = self.number + 5  # 5 to 34: nobody else's
            text = await self.redraw(connection, f"T={timesteps}")
            assert f"in {timesteps} timesteps" in text, f"visitor {self.number} sees another's page"
            self.redraws += 1
        connection.close()

    async def redraw(self, connection: WebSocketClientConnection, query: str) -> str:
        """Ask for a page of one's own, and read all that comes until it is drawn."""
        ask = BackMsg()
        ask.rerun_script.query_string = query
        if self.slider:
            state = ask.rerun_script.widget_states.widgets.add(id=self.slider)
            state.double_array_value.data.append(self.random.randrange(10, 90) / 100)
        await connection.write_message(ask.SerializeToString(), binary=True)
        texts = []
        while True:
            content = await asyncio.wait_for(connection.read_message(), PATIENCE)
            assert content is not None, "the server has hung up"
            message = ForwardMsg.FromString(content)
            kind = message.WhichOneof("type")
            if kind == "delta":
                element = message.delta.new_element
                assert element.WhichOneof("type") != "exception", element.exception.message
                texts.append(element.heading.body)
                if element.slider.label == "Current":
                    self.slider = element.slider.id
            if kind == "script_finished":
                return "\n".join(texts)


def memory(process: psutil.Process) -> int:
    return int(process.memory_info().rss)


def test_thirty_visitors_for_two_minutes(trained: Path, tmp_path: Path) -> None:
    root = tmp_path / "runs"
    shutil.copytree(trained, root)
    visitors = [Visitor(number) for number in range(VISITORS)]

    async def crowd(address: str, seconds: float) -> None:
        until = time.monotonic() + seconds
        await asyncio.gather(*(visitor.visit(address, until) for visitor in visitors))

    with served(root) as address:
        server = server_process(address)
        asyncio.run(crowd(address, 1))  # everything is loaded
        before = memory(server)
        asyncio.run(crowd(address, SECONDS))
        growth = memory(server) - before
    assert min(visitor.redraws for visitor in visitors) >= 2
    assert growth < MOST_GROWTH, f"the server grew by {growth / 2**20:.0f} MiB"
