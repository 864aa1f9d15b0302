"""Tables as text, Markdown for people and CSV for programs; and the headings above them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from snnlab.measure.statistics import Estimate, estimate


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]], *, names: int = 1) -> str:
    """A Markdown table: the first `names` columns flush left, the others flush right."""
    from pandas import DataFrame

    titles, *body = ([cell.replace("|", "\\|") for cell in line] for line in (header, *rows))
    sides = ["left"] * names + ["right"] * (len(titles) - names)
    frame = DataFrame(body, columns=titles)
    text: str = frame.to_markdown(index=False, colalign=sides, disable_numparse=True)
    return text


def document(*parts: str) -> str:
    """Paragraphs, headings and tables as one Markdown text."""
    return "\n\n".join(parts) + "\n"


def heading(
    title: str, asked: dict[str, Any], made_by: dict[str, Any], seeds: str, timed: str = ""
) -> str:
    """The heading of a study: configuration, machine and command.

    Args:
        title: title of the study.
        asked: its configuration (`start`) and its `seeds`, from its JSON file.
        made_by: see `provenance.environment`.
        seeds: a remark about the seeds.
        timed: a remark about the use of the machine, if times were measured.
    """
    config = asked["start"]
    lines = [
        f"# {title}: {config['data']['name']}, {config['model']['name']}",
        "",
        f"- seeds {', '.join(map(str, asked['seeds']))}; {seeds}",
        f"- {machine_in_words(made_by['hardware'])}{timed}",
        f"- {versions_in_words(made_by['versions'])}",
        f"- code {made_by['code']}, commit {made_by['git_commit'] or 'unknown'}",
        f"- `{' '.join(made_by['command'])}`",
    ]
    return "\n".join(lines)


def machine_in_words(hardware: dict[str, Any]) -> str:
    """The processor or GPU, and how many threads; see `provenance.hardware`."""
    return f"{processor(hardware)}, {hardware.get('threads', '?')} thread(s)"


def processor(hardware: dict[str, Any]) -> str:
    """The GPU, or else the processor."""
    return str(hardware.get("gpu") or hardware.get("processor", "an unknown machine"))


def versions_in_words(found: dict[str, str]) -> str:
    """Packages with their versions."""
    return ", ".join(f"{name} {version}" for name, version in found.items())


def columns_at(timesteps: Iterable[int]) -> list[str]:
    """The headings of the columns of accuracies at some T."""
    return [f"T = {T}" for T in timesteps]


def mean_text(values: Sequence[float | None], digits: int) -> str:
    """Mean over seeds as text, with half the width of its interval if there are several.

    Empty if a seed lacks its value, or there is none.
    """
    known = [value for value in values if value is not None]
    return estimate(known).text(digits) if known and len(known) == len(values) else ""


def with_deviation(found: Estimate) -> str:
    """A mean with its standard deviation over seeds in brackets, if there are several."""
    return f"{found.mean:.2f}" + ("" if found.deviation is None else f" ({found.deviation:.2f})")


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A CSV with a line that names the columns, of which two may have one name; None is empty."""
    from pandas import DataFrame

    # Of type object: whole numbers stay whole in a column that is empty elsewhere.
    frame = DataFrame(list(rows), columns=list(columns), dtype=object)
    return frame.to_csv(index=False, lineterminator="\n")
