"""A class and its teacher, in a real browser, with the engine that works."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from snnlab.dashboard.pin import COOKIE, TRIES
from tests.dashboard.browser import (
    PATIENCE,
    badge,
    browsing,
    button,
    chromium,
    drawn,
    press_start,
    served,
)

pytestmark = pytest.mark.slow


def new_page(browser: Any) -> Any:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.set_default_timeout(PATIENCE)
    return context.new_page()


def open_at(page: Any, address: str) -> None:
    page.goto(address)
    drawn(page)


def give(page: Any, number: str) -> None:
    page.get_by_role("textbox", name="PIN").fill(number)
    button(page, "Open").click()


def asked(page: Any) -> int:
    return int(page.get_by_role("textbox", name="PIN").count())


def test_a_lesson_with_a_guesser_and_a_pause(trained: Path, tmp_path: Path) -> None:
    chromium()
    root = tmp_path / "runs"
    shutil.copytree(trained, root)
    with served(root, SNNLAB_TEACHER_PIN="1234") as address, browsing() as browser:
        teacher, student = new_page(browser), new_page(browser)
        open_at(teacher, f"{address}/teacher")
        give(teacher, "1234")
        button(teacher, "Close").wait_for()
        teacher.reload()
        drawn(teacher)
        assert asked(teacher) == 0
        tab = teacher.context.new_page()
        open_at(tab, f"{address}/teacher?view=Join")
        assert asked(tab) == 0
        tab.wait_for_selector("img[alt^='QR code of the link to this dashboard: http://']")

        open_at(student, f"{address}/teacher")
        for _ in range(TRIES):
            give(student, "0000")
            student.get_by_text("That is not the PIN.").wait_for()
            open_at(student, f"{address}/teacher")
        give(student, "1234")
        student.get_by_text("Too many wrong PINs").wait_for()
        other = new_page(browser)
        open_at(other, f"{address}/teacher")
        give(other, "1234")
        button(other, "Close").wait_for()

        open_at(student, f"{address}/runs")
        student.get_by_role("button", name="You are").click()
        student.get_by_role("textbox", name="Nickname").fill("Ada <b>")
        button(student, "Save").click()
        student.get_by_role("button", name="You are Ada <b>").wait_for()

        open_at(teacher, f"{address}/teacher")
        button(teacher, "Pause").click()
        button(teacher, "Go on").wait_for()
        open_at(student, f"{address}/train?preset=digits-mlp&epochs=2&sigma=0.21")
        press_start(student)
        student.get_by_text("The teacher has paused the queue").wait_for()
        teacher.get_by_text("Ada <b>").wait_for()
        button(teacher, "Go on").click()
        badge(student, "Done").wait_for()
        student.get_by_text("per epoch").first.wait_for()

        button(teacher, "Close").click()
        teacher.get_by_role("textbox", name="PIN").wait_for()
        assert COOKIE not in [cookie["name"] for cookie in teacher.context.cookies()]
        open_at(tab, f"{address}/teacher")
        assert asked(tab) == 1
