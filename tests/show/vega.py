"""What a chart of Vega-Lite would draw, found without a browser."""

from __future__ import annotations

import json
from typing import Any

import pytest

vl_convert = pytest.importorskip("vl_convert")


class Compiled:
    """A chart in Vega's words, whose parameters can be set."""

    def __init__(self, chart: dict[str, Any]) -> None:
        self.vega = vl_convert.vegalite_to_vega(json.dumps({**chart, "width": 400}))

    def signal(self, name: str, **values: Any) -> str:
        """A signal as text, with parameters set."""
        return self._texts({"signal": name}, None, values)[0]

    def rows(self, layer: int, *fields: str, **values: Any) -> list[tuple[float, ...]]:
        """The fields of what a layer draws, a row for each mark or point, with parameters set."""
        drawn = next(m for m in self.vega["marks"] if m["name"].startswith(f"layer_{layer}_"))
        data = drawn["from"].get("data") or drawn["from"]["facet"]["data"]
        listed = ", ".join(f"datum.{field}" for field in fields)
        texts = self._texts({"signal": f"join([{listed}], ' ')"}, data, values)
        return [tuple(map(float, text.split())) for text in texts]

    def _texts(self, text: dict[str, str], data: str | None, values: dict[str, Any]) -> list[str]:
        left = dict(values)
        signals = [
            {**signal, "value": left.pop(signal["name"])} if signal["name"] in left else signal
            for signal in self.vega["signals"]
        ]
        assert not left, f"no such parameters: {', '.join(left)}"
        mark: dict[str, Any] = {"type": "text", "encode": {"update": {"text": text}}}
        if data:
            mark["from"] = {"data": data}
        spec = {**self.vega, "signals": signals, "marks": [mark], "axes": [], "legends": []}
        drawn = vl_convert.vega_to_scenegraph(json.dumps(spec))
        return [item["text"] for item in found(drawn["scenegraph"], "text")]


def found(part: Any, kind: str) -> list[dict[str, Any]]:
    """The items of all marks of a kind, wherever they are."""
    if isinstance(part, list):
        return [item for inner in part for item in found(inner, kind)]
    if not isinstance(part, dict):
        return []
    if part.get("marktype") == kind:
        return list(part["items"])
    return found(part.get("items", []), kind)
