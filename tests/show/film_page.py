"""Films in a browser, as somebody opens them from disk."""

from __future__ import annotations

from typing import Any

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


def opened(browser: Any, address: str, size: dict[str, int] = WIDE, **options: Any) -> Any:
    """A page with a film, drawn; `wrong` holds errors of scripts, and what was asked for."""
    context = browser.new_context(viewport=size, **options)
    context.route("http*://**/*", lambda route: route.abort())
    page = context.new_page()
    page.wrong = []
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.on("request", lambda request: page.wrong.append(request.url))
    page.goto(address)
    page.wait_for_selector(".film[data-ready]")
    page.wrong.remove(address)
    return page
