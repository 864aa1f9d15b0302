"""As `pretend_work`, in a module that starts a thread when it is imported."""

from __future__ import annotations

import threading
from typing import Any

from pretend_work import Report
from pretend_work import act as act_alone

threading.Thread(target=threading.Event().wait, daemon=True).start()


def act(job: dict[str, Any], report: Report) -> None:
    act_alone(job, report)
