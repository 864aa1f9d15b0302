"""Every notebook runs as released and with its solutions, offline, with equal numbers."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

FOLDER = Path(__file__).resolve().parent.parent.parent / "notebooks"
QUICKEST = ["01_spiking_neuron"]
OTHERS = sorted(path.stem for path in FOLDER.glob("*.ipynb") if path.stem not in QUICKEST)


@pytest.mark.timeout(1800)  # two kernels and all the training, on a machine that may be busy
@pytest.mark.parametrize(
    "stem", [*QUICKEST, *(pytest.param(stem, marks=pytest.mark.slow) for stem in OTHERS)]
)
def test_a_notebook_fails_only_its_checks_and_passes_them_once_solved(
    stem, read_notebook, solved, execute
):
    released = read_notebook(stem)
    before, after = execute(released), execute(solved(released))
    assert verdicts(before)
    assert set(verdicts(before).values()) == {"Not yet."}
    assert set(verdicts(after).values()) == {"That's right."}, verdicts(after)
    assert set(verdicts(before)) == set(verdicts(after))
    assert results(before) == results(after)  # same seed, same numbers


def verdicts(notebook):
    """The verdict of each check by its name."""
    found = {}
    for cell in notebook.cells:
        for tag in cell.metadata.get("tags", []):
            if tag.startswith("check:"):
                text = cell.outputs[0]["data"]["text/plain"]
                found[tag] = next(v for v in ("That's right.", "Not yet.") if text.startswith(v))
    return found


def results(notebook):
    """What every cell but the checks has put out: texts, pictures, tables."""
    found = {}
    for cell in notebook.cells:
        tags = "".join(cell.metadata.get("tags", []))
        if cell.cell_type != "code" or tags.startswith("check:"):
            continue
        assert not any(output.output_type == "error" for output in cell.outputs)
        assert not any(output.get("name") == "stderr" for output in cell.outputs), cell.outputs
        for output in cell.outputs:
            require_words(output.get("data", {}).get("text/html", ""))
        if tags == "timing":  # seconds differ from run to run
            continue
        found[cell.id] = [without_ids(output) for output in joined(cell.outputs)]
    return found


def joined(outputs):
    """Outputs with printed text in one piece: a busy kernel sends it in several."""
    pieces = []
    for output in outputs:
        if pieces and output.output_type == "stream" == pieces[-1].output_type:
            pieces[-1] = nbformat.from_dict({**pieces[-1], "text": pieces[-1].text + output.text})
        else:
            pieces.append(output)
    return pieces


def require_words(html):
    """Every picture has alternative text, and a summary below it."""
    pictures = re.findall(r"<img [^>]*>|<svg [^>]*role=\"img\"[^>]*>", html)
    for picture in pictures:
        assert re.search(r'(alt|aria-label)="[^"]{20,}"', picture), picture[-200:]
    summaries = re.findall(r"<figcaption[^>]*>([^<]{15,})</figcaption>", html)
    assert len(summaries) == len(pictures), html[-500:]


def without_ids(output):
    """Text of an output, or its plain and HTML forms; widgets have ids that change."""
    if output.output_type == "stream":
        return output.text
    return {kind: output.data.get(kind) for kind in ("text/plain", "text/html")}


@pytest.mark.slow
def test_the_network_is_really_blocked(execute):
    cell = nbformat.v4.new_code_cell(
        "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9')"
    )
    with pytest.raises(CellExecutionError, match="without a network"):
        execute(nbformat.v4.new_notebook(cells=[cell]))
