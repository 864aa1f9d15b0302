"""500 links and 100 folders of runs, made up: every page is drawn, and none raises."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from snnlab.dashboard.labels import Label, keep
from snnlab.jobs.fair_queue import FairQueue, Job
from snnlab.jobs.queue_file import QueueFile
from snnlab.runs.store import list_runs
from snnlab.studies.race import RaceConfig, race
from tests.dashboard.conftest import SMALL, VISITOR, Open
from tests.dashboard.made_up import damage, made_up_link

VIEWS = ("Timesteps", "Operations", "Training seconds", "Race and audit")


@pytest.fixture(scope="module")
def whole(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs with labels, a race, and a queue that another server has left."""
    from dataclasses import replace

    root = tmp_path_factory.mktemp("whole") / "runs"
    shutil.copytree(trained, root)
    for run in list_runs(root):
        keep(root, run.id, Label("my run", "a note", VISITOR))
    short = replace(SMALL, timesteps=2, conversion_timesteps=2)
    asked = RaceConfig(short, methods=("noise", "no-noise"), seeds=1, equal_time=False)
    race(asked, root / "races" / "small")
    file, queue = QueueFile(root), FairQueue()
    file.read()
    queue.waiting.append(Job("x", (VISITOR,), SMALL, 0.0))
    file.write(queue)
    return root


@pytest.fixture
def shown(whole: Path, runs: Path) -> Path:
    """A copy of them, which the dashboard shows."""
    shutil.rmtree(runs)
    shutil.copytree(whole, runs)
    return runs


def unfold(app: AppTest) -> AppTest:
    for box in app.expander:
        if box.key:
            app.session_state[box.key] = True
    return app.run()


@pytest.mark.sample(3)
@pytest.mark.parametrize("seed", range(500))
def test_a_made_up_link_never_raises(
    seed: int, runs: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SNNLAB_TEACHER_PIN", "1234")
    page, link = made_up_link(seed, [run.id for run in list_runs(runs)])
    app = open_page(page, **link)  # type: ignore[arg-type]
    assert not app.exception, (page, link)
    assert not unfold(app).exception, (page, link)


@pytest.mark.slow
@pytest.mark.sample(1)
@pytest.mark.parametrize("seed", range(100))
def test_a_damaged_folder_never_raises(
    seed: int, shown: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SNNLAB_TEACHER_PIN", "1234")
    ids = [run.id for run in list_runs(shown)]
    done = damage(shown, seed)
    every, one = ",".join(ids), ids[seed % len(ids)]
    for page, link in (
        ("train", {"run": every}),
        ("explorer", {"run": one}),
        ("distributions", {"run": one}),
        ("compare", {"run": every, "view": VIEWS[seed % len(VIEWS)]}),
        ("runs", {"run": one}),
        ("teacher", {}),
    ):
        assert not open_page(page, **link).exception, (page, done)


@pytest.mark.slow
def test_a_damaged_folder_is_listed_whatever_it_holds(whole: Path, tmp_path: Path) -> None:
    for seed in range(100, 160):
        root = tmp_path / str(seed)
        shutil.copytree(whole, root)
        done = damage(root, seed)
        for run in list_runs(root):
            assert run.status == "damaged" or run.config, done
            assert len(run.reason) < 1000, done
            assert run.accuracy is not None, done
        assert QueueFile(root).read().running == [], done
        shutil.rmtree(root, ignore_errors=True)  # it may be a link to itself now
