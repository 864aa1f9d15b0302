"""Files of a finished run that a visitor can download."""

from __future__ import annotations

import json
import pprint
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from snnlab.dashboard.groups import config_of
from snnlab.dashboard.hardware import facts_of
from snnlab.data.spec import CATALOGUE, is_own
from snnlab.runs.config import to_dict
from snnlab.runs.curves import accuracy_csv
from snnlab.runs.exporting import NEEDED, Format, can_export, export_run
from snnlab.runs.hashes import WEIGHTS
from snnlab.runs.reproduction import first_time
from snnlab.runs.store import Run

Content = Callable[[], bytes]


def downloads(run: Run) -> list[tuple[str, str, str, Content]]:
    """Label, file name, kind and content of each file; the content is made on download."""
    files: list[tuple[str, str, str, Content]] = [
        ("Config", f"{run.id}.json", "application/json", lambda: config_json(run)),
        ("Notebook", f"{run.id}.ipynb", "application/x-ipynb+json", lambda: notebook(run)),
        (
            "Weights",
            f"{run.id}.safetensors",
            "application/octet-stream",
            (run.folder / WEIGHTS).read_bytes,
        ),
        *(
            (to.upper(), f"{run.id}.{to}", "application/octet-stream", partial(network, run, to))
            for to in NEEDED
            if can_export(to)
        ),
    ]
    if run.accuracy:
        files = [
            ("CSV", f"{run.id}.csv", "text/csv", lambda: accuracy_csv([run]).encode()),
            ("PNG", f"{run.id}.png", "image/png", lambda: figure(run, "png")),
            ("SVG", f"{run.id}.svg", "image/svg+xml", lambda: figure(run, "svg")),
            *files,
        ]
    return files


def config_json(run: Run) -> bytes:
    """The configuration, as `from_dict` reads it."""
    return (json.dumps(to_dict(config_of(run)), indent=2) + "\n").encode()


def network(run: Run, to: Format) -> bytes:
    """The trained network in a file of another tool, see `export_run`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / run.id
        export_run(run, to, path)
        return path.read_bytes()


def not_offered() -> str:
    """A sentence on network files that cannot be offered, and why; empty if none is missing."""
    missing = [to.upper() for to in NEEDED if not can_export(to)]
    if not missing:
        return ""
    return (
        f"For {' and '.join(missing)} files of the network, whoever runs the server can install "
        'the packages: pip install "snnlab[exchange]"'
    )


def figure(run: Run, kind: str) -> bytes:
    """Accuracy against timesteps as a picture, with its description inside."""
    from snnlab.show.accuracy import accuracy_against_timesteps
    from snnlab.show.page import blank_axes
    from snnlab.show.saving import save

    ax = accuracy_against_timesteps({config_of(run).method: run.accuracy}, ax=blank_axes())
    with tempfile.TemporaryDirectory() as folder:
        (path,) = save(ax, Path(folder) / "accuracy_against_timesteps", (kind,))
        return path.read_bytes()


def notebook(run: Run) -> bytes:
    """A notebook that trains a run again, and says which results are equal to those of the run."""
    from nbformat import v4

    text, code = v4.new_markdown_cell, v4.new_code_cell
    recorded = pprint.pformat(first_time(run), sort_dicts=False, compact=True, width=92)
    cells = [
        text("\n\n".join([f"# Run `{run.id}`, once more", made_by(run), *needs(run)])),
        code(set_up(run)),
        code('done = run(config, Path("once-more"))\ndone.accuracy'),
        text("Is it the same? Accuracy by T, the weights, and what trained them:"),
        code(f"first_time = {recorded}\nprint(once_more(done, first_time))"),
    ]
    if run.accuracy:
        method = config_of(run).method
        cells.append(
            code(
                "from snnlab import show\n\n"
                f"ax = show.accuracy_against_timesteps({{{method!r}: done.accuracy}})"
            )
        )
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    whole = v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    return (v4.writes(whole) + "\n").encode()


def made_by(run: Run) -> str:
    """Versions and hardware that trained a run, and what it takes to get the same numbers."""
    versions = facts_of(run, "versions")
    versions_used = [f"code {run.environment.get('code', 'unknown')}"]
    versions_used += [f"{name} {version}" for name, version in versions.items()]
    return (
        f"Trained with {', '.join(versions_used)}. The same configuration, code and hardware, with "
        "as many threads, give the same numbers: the cell after the training says whether they are."
    )


def needs(run: Run) -> list[str]:
    """Files that are needed to train a run again, a paragraph for each."""
    paragraphs = []
    for name, module in family_modules(run).items():
        paragraphs.append(
            f"**Needed:** the file of the noise family `{name}`, the module `{module}`. Put it "
            "beside this notebook; the first cell imports it."
        )
    data = config_of(run).data.name
    if is_own(data):
        paragraphs.append(
            f"**Needed:** the file with the data set `{data}`: put the module beside this notebook."
        )
    elif data not in CATALOGUE:
        paragraphs.append(
            f"**Needed:** the images, which lay at `{data}` where the run was "
            "trained. Write into `images` where you have them."
        )
    return paragraphs


def family_modules(run: Run) -> dict[str, Any]:
    """Noise families of a run that are not the kit's own, each with the module that declares it."""
    families = facts_of(run, "families")
    return {name: one.get("module") for name, one in families.items() if isinstance(one, dict)}


def set_up(run: Run) -> str:
    """The first cell: threads, number type and device of the run, then its configuration."""
    config = config_of(run)
    hardware, settings = facts_of(run, "hardware"), to_dict(config)
    device = str(hardware.get("device", settings["device"])).partition(":")[0]
    threads = hardware.get("threads")
    lines = ["from pathlib import Path", "", "import torch", ""]
    modules = family_modules(run).values()
    lines += [f"import {name}  # a noise family of one's own" for name in modules]
    lines += ["from snnlab.runs import from_dict, once_more, run", ""]
    if isinstance(threads, int) and not isinstance(threads, bool) and threads > 0:
        lines.append(f"torch.set_num_threads({threads})  # another number would round differently")
    lines.append("torch.set_default_dtype(torch.float32)")
    if device in ("cuda", "mps"):
        lines.append(f'device = "{device}" if torch.{device}.is_available() else "cpu"')
        settings["device"] = Name("device")
    else:
        settings["device"] = "cpu"
    if config.data.name not in CATALOGUE and not is_own(config.data.name):
        lines.append(f"images = {config.data.name!r}")
        settings["data"] |= {"name": Name("images")}
    shown = pprint.pformat(settings, sort_dicts=False, width=92)
    return "\n".join([*lines, f"config = from_dict({shown})"])


class Name(str):
    """A name in code, which is written without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)
