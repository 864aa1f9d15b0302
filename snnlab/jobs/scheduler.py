"""The Dask scheduler named in the environment, if there is one, and the pool on it."""

from __future__ import annotations

import contextlib
import importlib.util
import ipaddress
import os
import re
from collections.abc import Callable

from snnlab.jobs.places import Place
from snnlab.jobs.pool import Pool
from snnlab.runs.config import ConfigError

SCHEDULER = "SNNLAB_SCHEDULER"
"""Environment variable with the address of a Dask scheduler that carries out all jobs."""
PORT = 8786
"""The default port of a scheduler."""
ADDRESS = re.compile(r"(?:(tcp|tls)://)?([\w.-]+|\[[\da-f:.]+\])(?::(\d+))?/?", re.A | re.I)
"""Scheme, host and port; all but the host may be left out."""
NAME = re.compile(r"(?=.*[a-z])[\w-]{1,63}(\.[\w-]{1,63})*", re.A | re.I)
"""The form of a computer's name, as opposed to an IP address."""


def scheduler() -> str | None:
    """The address of the scheduler that SNNLAB_SCHEDULER names; None: jobs stay on this machine.

    HOST and HOST:PORT are completed to SCHEME://HOST:PORT.

    Raises:
        ConfigError: what stands there is no address, or Dask is not installed.
    """
    given = os.environ.get(SCHEDULER, "").strip()
    if not given:
        return None
    found = ADDRESS.fullmatch(given)
    scheme, host, port = found.groups() if found else (None, "", None)
    if not (is_host(host) and 0 < int(port or PORT) < 65536):
        raise ConfigError(
            f"{SCHEDULER} must be the address of a Dask scheduler, like tcp://127.0.0.1:{PORT} or "
            f"tls://HOST:PORT, got {given!r}"
        )
    if importlib.util.find_spec("distributed") is None:
        raise ConfigError(
            f"{SCHEDULER} is {given!r}, and Dask is not installed: pip install dask distributed"
        )
    return f"{(scheme or 'tcp').lower()}://{host}:{port or PORT}"


def is_host(text: str) -> bool:
    """Whether a text can be the name of a computer, or its IP address; IPv6 in brackets."""
    if NAME.fullmatch(text):
        return True
    with contextlib.suppress(ValueError):
        return bool(ipaddress.ip_address(text.strip("[]")))
    return False


def open_pool(address: str | None, places: Callable[[], list[Place]], *, niceness: int = 0) -> Pool:
    """The pool on the scheduler at an address, or else on this machine, with these places."""
    if address is not None:
        from snnlab.jobs.dask_pool import DaskPool  # it takes seconds to import

        return DaskPool(address)
    from snnlab.jobs.local_pool import LocalPool, warm_up

    warm_up()  # while the GPUs are counted: both import PyTorch
    return LocalPool(places(), niceness=niceness)
