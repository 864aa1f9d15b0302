"""The capstone's parts: read from a student's saved notebooks, judged, and told one by one."""

from __future__ import annotations

import os

import nbformat
import pytest
import torch

from snnlab.classroom import answer_cells, own_answers
from snnlab.classroom.applied import on_each_number, on_tensors
from snnlab.classroom.neuron_exercises import one_step
from snnlab.classroom.own_answers import NEEDED
from tests.notebooks.conftest import ROOT, code_of, tagged

STEM = "01_spiking_neuron"
RIGHT = """
def one_step(v, current, v_th, beta):
    h = beta * v + current
    spike = 1 if h >= v_th else 0
    return spike, h - v_th * spike
"""
STUB = "def one_step(v, current, v_th, beta):\n    return ..."
STRICT = RIGHT.replace(">=", ">")


def cell(source, tag=""):
    made = nbformat.v4.new_code_cell(source.strip())
    if tag:
        made.metadata["tags"] = [f"exercise:{tag}"]
    return made


def save(folder, cells, stem=STEM, age=0):
    file = folder / f"{stem}.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), file)
    os.utime(file, (1_000_000_000 - age, 1_000_000_000 - age))
    return file


def told(folder):
    """What is said about the neuron: whose it is, and why."""
    parts = own_answers(folder)
    (line,) = (line for line in repr(parts).splitlines() if line.startswith("one_step "))
    assert ("one_step" in parts.own) == ("✓ yours" in line)
    return line


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(answer_cells, "SECONDS", 1.0)


def test_the_needed_exercises_are_those_of_the_notebooks():
    for needed in NEEDED:
        notebook = nbformat.read(ROOT / "notebooks" / f"{needed.notebook}.ipynb", as_version=4)
        check = tagged(notebook, "check")[needed.name].source
        assert check.endswith(f".{needed.name}.check({needed.name})"), check
        scope = {}
        exec(code_of(tagged(notebook, "solution")[needed.name]), scope | {"math": None})


def test_the_notebooks_as_released_hold_no_answer_yet():
    parts = own_answers(ROOT / "notebooks")
    assert repr(parts).count("not written yet") == len(parts) == 9
    assert parts.told() == "None of the 9 parts is yours yet: all come from the kit."


def test_a_right_answer_is_the_students(tmp_path):
    save(tmp_path, [cell(RIGHT, "one_step")])
    assert "yours, and right" in told(tmp_path)
    assert f"{STEM}.ipynb, saved 9 Sep, " in told(tmp_path)
    parts = own_answers(tmp_path)
    assert parts.told() == "1 of 9 parts is yours, 8 come from the kit."
    html = parts._repr_html_()
    assert html.count("✓ yours") == 1
    assert html.count("the kit&#x27;s") + html.count("the kit's") == 8


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (STUB, "not written yet"),
        (STRICT, "yours, but the check says: At exactly v_th your neuron stays silent."),
        ("def one_step(v, current, v_th, beta)\n    return 0, v", "SyntaxError"),
        ("1 / 0\n" + RIGHT, "The first error of your code is in the line `1 / 0`"),
        (RIGHT.replace("h = ", "h = missing + "), "NameError: name 'missing' is not defined"),
        ("while True:\n    pass\n" + RIGHT, "took too long and was stopped"),
        ("import sys\nsys.exit()", "ended Python before it returned anything"),
        ("pass", "Your function is not there."),
    ],
)
def test_what_is_wrong_is_said_and_the_kit_stands_in(tmp_path, source, words):
    save(tmp_path, [cell(source, "one_step")])
    assert words in told(tmp_path)
    assert "the kit's" in told(tmp_path)


def test_an_endless_function_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setitem(vars(one_step), "seconds", 0.5)
    save(
        tmp_path, [cell("def one_step(v, current, v_th, beta):\n    while True: pass", "one_step")]
    )
    assert "took too long and was stopped" in told(tmp_path)


def test_files_that_are_not_what_they_should_be(tmp_path):
    assert f"there is no {STEM}.ipynb beside this notebook" in told(tmp_path)
    assert "there is no" in told(tmp_path / "nowhere")
    file = save(tmp_path, [cell("x = 1")])
    assert "its cell is not in this notebook" in told(tmp_path)
    file.write_text("<html>")
    assert "is not a notebook" in told(tmp_path)
    save(tmp_path, [cell(RIGHT, "one_step")], "copy")
    assert "(copy.ipynb" in told(tmp_path)
    file.unlink()
    save(tmp_path, [cell("x = 1")])
    assert "(copy.ipynb" in told(tmp_path)
    (tmp_path / "copy.ipynb").unlink()
    file.unlink()
    file.mkdir()
    assert "there is no" in told(tmp_path)


def test_a_copy_under_another_name_is_found_if_the_first_holds_no_answer(tmp_path):
    save(tmp_path, [cell(STRICT, "one_step")], "old", age=100)
    save(tmp_path, [cell(RIGHT, "one_step")], "mine")
    assert "(mine.ipynb" in told(tmp_path)
    save(tmp_path, [cell(STUB, "one_step")])
    assert "(mine.ipynb" in told(tmp_path)
    save(tmp_path, [cell(STRICT, "one_step")])
    assert f"({STEM}.ipynb" in told(tmp_path)


def test_an_answer_in_a_cell_of_ones_own_counts(tmp_path):
    save(tmp_path, [cell(STUB, "one_step"), cell(RIGHT)])
    assert "yours, and right" in told(tmp_path)
    save(tmp_path, [cell(RIGHT), cell(STUB, "one_step")])
    assert "yours, and right" in told(tmp_path)


def test_an_answer_finds_what_other_cells_define_and_nothing_else_of_them_is_run(tmp_path):
    other = "import math\nfirst = 1.0\ndef charge(v, i, b):\n    return first * b * v + i\n"
    run = f"open({str(tmp_path / 'run')!r}, 'w')\nraise SystemExit"
    answer = RIGHT.replace("beta * v + current", "charge(v, current, beta) + math.floor(0.5)")
    save(tmp_path, [cell("%matplotlib inline\n" + other), cell(run), cell(answer, "one_step")])
    assert "yours, and right" in told(tmp_path)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "helper",
    [
        "charge = lambda v, i, b: b * v + i",
        "import operator as o\nadd = o.add\ndef charge(v, i, b): return add(b * v, i)",
        "try:\n    import nowhere\nexcept ImportError:\n    def charge(v, i, b): return b * v + i",
        "raise SystemExit\ndef charge(v, i, b): return b * v + i",
    ],
)
def test_an_answer_finds_what_it_uses_however_that_is_made(tmp_path, helper):
    answer = RIGHT.replace("beta * v + current", "charge(v, current, beta)")
    save(tmp_path, [cell(helper), cell(answer, "one_step")])
    assert "yours, and right" in told(tmp_path)
    save(tmp_path, [cell(answer, "one_step"), cell(helper)])
    assert "yours, and right" in told(tmp_path)


def test_what_later_cells_do_to_names_spoils_no_answer(tmp_path):
    answer = RIGHT.replace("1 if h >= v_th else 0", "int(max(0, h >= v_th))")
    later = "max = 3\ndef int(x): return 7\n"
    save(tmp_path, [cell(answer, "one_step"), cell(later)])
    assert "yours, and right" in told(tmp_path)
    save(tmp_path, [cell(later), cell(answer, "one_step")])
    assert "'int' object is not callable" in told(tmp_path)


def test_of_several_answers_the_right_one_counts(tmp_path):
    save(tmp_path, [cell(RIGHT, "one_step"), cell(STRICT)])
    assert "yours, and right" in told(tmp_path)
    save(tmp_path, [cell(RIGHT), cell("# see above", "one_step")])
    assert "yours, and right" in told(tmp_path)
    save(tmp_path, [cell(STRICT), cell("# see above", "one_step")])
    assert "At exactly v_th your neuron stays silent." in told(tmp_path)


def test_magic_and_prints_of_a_cell_do_no_harm(tmp_path, capsys):
    save(tmp_path, [cell("%timeit 1\n!ls\nprint('seen')\n" + RIGHT, "one_step")])
    assert "yours, and right" in told(tmp_path)
    assert "seen" not in capsys.readouterr().out


def test_a_function_can_be_handed_over_and_is_checked(tmp_path, capsys):
    scope = {}
    exec(RIGHT, scope)
    parts = own_answers(tmp_path)
    parts["one_step"] = lambda v, current, v_th, beta: (0, v)
    assert parts.own == []
    parts["one_step"] = scope["one_step"]
    assert parts.own == ["one_step"]
    assert "That's right." in capsys.readouterr().out
    with pytest.raises(KeyError, match="parts are one_step, matched_noise"):
        parts["two_steps"] = scope["one_step"]
    with pytest.raises(AttributeError, match="got 'two_steps'"):
        _ = parts.two_steps


def test_a_part_that_stops_later_is_replaced_and_that_is_said(tmp_path, capsys):
    late = RIGHT.replace("h = ", "if v == 99:\n        raise ValueError('no 99')\n    h = ")
    save(tmp_path, [cell(late, "one_step")])
    parts = own_answers(tmp_path)
    spikes, left = parts.one_step(torch.tensor([0.5, 99.0]), torch.tensor(0.5), 1.0, 1.0)
    assert spikes.tolist() == [1, 1]
    assert left.tolist() == [0, 98.5]
    said = capsys.readouterr().out
    assert "stopped here with ValueError: no 99. From here on the kit's solution" in said
    assert "None of the 9 parts is yours" in said
    assert parts.own == []


def test_a_part_that_is_too_slow_or_never_ends_is_replaced(tmp_path, monkeypatch, capsys):
    endless = RIGHT.replace("h = ", "while v == 99: pass\n    h = ")
    save(tmp_path, [cell(endless, "one_step")])
    monkeypatch.setattr("snnlab.classroom.parts.SECONDS_OF_CALL", 0.3)
    parts = own_answers(tmp_path)
    assert parts.one_step(torch.tensor([0.5, 99.0]), 0.5, 1.0, 1.0)[0].tolist() == [1, 1]
    assert "stopped here with OutOfTime. From here on" in capsys.readouterr().out
    monkeypatch.setattr("snnlab.classroom.parts.SECONDS_OF_CALL", 60)
    monkeypatch.setattr("snnlab.classroom.parts.SECONDS_IN_ALL", 0)
    parts = own_answers(tmp_path)
    assert parts.one_step(torch.tensor([0.5]), 0.5, 1.0, 1.0)[0].tolist() == [1]
    assert "which is too long. From here on the kit's solution" in capsys.readouterr().out
    assert parts.own == []


def test_results_come_in_one_form_whatever_a_student_returns(tmp_path):
    parts = own_answers(tmp_path)
    parts["matched_noise"] = lambda v_th: torch.tensor([v_th / 2, v_th / 12**0.5])
    mu, sigma = parts.matched_noise(1.0)
    assert f"{mu:.2f} {sigma:.4f}" == "0.50 0.2887"
    parts["matched_noise"] = lambda v_th: (torch.tensor([v_th / 2]), torch.tensor([v_th / 12**0.5]))
    assert f"{parts.matched_noise(1.0)[0]:.2f}" == "0.50"
    parts["rates"] = lambda spikes: tuple(spikes.mean(0).tolist())
    assert parts.rates(torch.eye(2)).tolist() == [0.5, 0.5]
    parts["predicted_classes"] = lambda readout: (r.argmax() for r in readout.sum(0))
    assert parts.predicted_classes(torch.eye(3)[None]).tolist() == [0, 1, 2]
    assert len(parts.own) == 3


def test_all_kit_parts_take_tensors():
    parts = own_answers("/nowhere")
    v, current = torch.rand(4, 3), torch.randn(4, 3, requires_grad=True) * 1
    spikes, left = parts.one_step(v, current, 1.0, 1.0)
    assert torch.equal(spikes, (v + current >= 1).float())
    assert torch.allclose(left, v + current - spikes)
    mu, sigma = parts.matched_noise(1.0)
    z = (current + mu - 1) / sigma
    wanted = torch.exp(-z * z / 2) / (2 * torch.pi) ** 0.5 / sigma
    assert torch.allclose(parts.surrogate_slope(current, mu, sigma), wanted)
    assert torch.equal(parts.noisy_spikes(current, v, 1.0), spikes)
    readout, labels = torch.randn(5, 6, 3), torch.randint(3, (6,))
    by_time = parts.accuracy_after_each_timestep(readout, labels)
    last = (parts.predicted_classes(readout) == labels).float().mean() * 100
    assert by_time[-1] == pytest.approx(last.item())
    assert parts.mean_and_spread([1.0, 2.0, 3.0]) == (2.0, 1.0)
    fired = torch.tensor([[0.0, 1.0, 1.0], [0.0, 0.0, 1.0]])
    assert parts.rates(fired).tolist() == [0, 0.5, 1]
    assert parts.active_neurons(fired).tolist() == [False, True, False]


def test_a_function_of_numbers_is_called_once_for_each_or_once_for_all():
    calls = []

    def rectified(x, y):
        calls.append(x)
        return x + y if x > 0 else y  # one number only

    one_by_one = on_each_number(rectified, [(1.0, 2.0), (-1.0, 0.5)])
    calls.clear()
    assert one_by_one(torch.tensor([[1.0], [-2.0]]), 3.0).tolist() == [[4], [3]]
    assert calls == [1, -2]

    def doubled(x):
        calls.append(x)
        return 2 * x

    at_once = on_each_number(doubled, [(1.0,), (-1.0,)])
    calls.clear()
    assert at_once(torch.ones(3)).tolist() == [2, 2, 2]
    assert len(calls) == 1

    def otherwise(x):  # takes tensors, but means something else by them
        return max(0, x) if isinstance(x, float) else x

    assert on_each_number(otherwise, [(1.0,), (-1.0,)])(torch.tensor([-1.0, 2.0])).tolist() == [
        0,
        2,
    ]


def test_a_function_that_works_in_place_spoils_nothing():
    readout = torch.ones(3)
    assert on_tensors(lambda x: x.mul_(2), readout)(readout).tolist() == [2, 2, 2]
    assert readout.tolist() == [1, 1, 1]


def test_words_for_every_number_of_parts(tmp_path):
    for needed in NEEDED[:8]:
        notebook = nbformat.read(ROOT / "notebooks" / f"{needed.notebook}.ipynb", as_version=4)
        for name, each in tagged(notebook, "exercise").items():
            if name in [n.name for n in NEEDED[:8]]:
                each.source = code_of(tagged(notebook, "solution")[name])
        nbformat.write(notebook, tmp_path / f"{needed.notebook}.ipynb")
    parts = own_answers(tmp_path)
    assert parts.told() == "8 of 9 parts are yours, 1 comes from the kit."
    parts["active_neurons"] = lambda s: (s.sum(0) > 0) & (s.sum(0) < len(s))
    assert parts.told() == "All 9 parts are yours."
