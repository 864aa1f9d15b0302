"""The field for images of one's own on the page Train, and the teacher's list of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from snnlab.dashboard import kept_archives, upload
from snnlab.dashboard.kept_archives import KeptArchive, every, remove
from snnlab.dashboard.predictions import network_and_data
from snnlab.dashboard.screen import escaped
from snnlab.data.spec import DataSpec
from snnlab.runs.run import run
from snnlab.runs.store import read_run
from snnlab.studies.noise_sweep import SIGMAS
from tests.dashboard.conftest import PETS, SMALL, VISITOR, Open, packed, picture
from tests.dashboard.fake_engine import FakeEngine

pytestmark = pytest.mark.usefixtures("look_here")
MIXED = {"dog/x.png": picture((30, 50))}


def opened(app: AppTest) -> AppTest:
    app.session_state["train:more"] = True
    return app.run()


def bring(app: AppTest, content: bytes, name: str = "pets.zip") -> AppTest:
    opened(app).file_uploader[0].set_value((name, content, "application/zip"))
    app.run()
    assert not app.exception
    return app


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def kept(root: Path) -> KeptArchive:
    (one,) = every(root / kept_archives.FOLDER)
    return one


def brought(root: Path) -> KeptArchive:
    """What a visitor brought at another time."""
    folder = root / kept_archives.FOLDER
    staged = kept_archives.stage(memoryview(packed(PETS)), folder)
    return kept_archives.keep(staged, "pets.zip", VISITOR, folder)


def words(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.info, app.warning, app.error)
    return "\n".join(str(one.value) for kind in kinds for one in kind).replace("\\", "")


def test_what_was_brought_is_chosen_shown_and_trained(
    empty: Path, open_page: Open, engine: FakeEngine
) -> None:
    app = bring(open_page("train", sigma="0.4"), packed(PETS))
    there = kept(empty)
    assert app.selectbox(key="train:data").value == there.id == app.query_params["data"]
    assert (app.selectbox(key="train:model").value, app.slider(key="train:epochs").value) == (
        "convnet",
        8,
    )
    assert app.slider(key="train:sigma").value == 0.4  # the visitor had moved it
    assert "16 images, grey, 8 × 8 pixels" in words(app)
    assert "cat 8, dog 8" in words(app)
    press(app, "Start")
    (job,) = engine.jobs()
    assert Path(job.config.data.name) == there.path.absolute()
    assert job.config.data.image_size is None
    assert "pets.zip, convnet" in words(app)


def test_mixed_sizes_give_a_choice_of_size_at_once(
    empty: Path, open_page: Open, engine: FakeEngine
) -> None:
    app = bring(open_page("train"), packed(PETS, **MIXED))
    size = app.selectbox(key="train:size")
    assert size.options[0] == "32 × 32, suggested"
    assert "64 × 64, 4 times the work" in size.options
    assert "8 × 8 to 50 × 30 pixels" in words(app)
    assert "size" not in app.query_params
    size.set_value("16").run()
    assert app.query_params["size"] == "16"
    press(app, "Start")
    assert [job.config.data.image_size for job in engine.jobs()] == [16]
    app.selectbox(key="train:data").set_value("digits").run()
    assert "train:size" not in [one.key for one in app.selectbox]
    press(app, "Start")
    assert engine.jobs()[-1].config.data == DataSpec("digits")


def test_what_was_passed_over_stands_below(empty: Path, open_page: Open) -> None:
    app = bring(open_page("train"), packed(PETS, **{"notes.txt": b"x", ".DS_Store": b"x"}))
    there = words(app)
    assert "Passed over:  \n1 file that is no image by its name: 'notes.txt'" in there
    assert "1 hidden file or folder, or one that a system adds: '.DS_Store'" in there
    assert "Passed over" not in words(bring(app, packed(PETS)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no archive at all" * 50, "pets.zip: neither a folder nor a zip or tar archive"),
        (packed({"cat": 8}), "pets.zip: only one class, 'cat'"),
        (packed(PETS, **{"dog/x.png": b"x"}), "pets.zip: image 'dog/x.png' cannot be read"),
    ],
)
def test_a_refusal_names_the_file_and_stays_until_the_next(
    content: bytes, message: str, empty: Path, open_page: Open
) -> None:
    app = bring(open_page("train"), content)
    assert message in words(app)
    assert "data" not in app.query_params
    assert message in words(app.run())
    assert message not in words(bring(app, packed(PETS)))


@pytest.mark.slow
def test_a_new_session_of_the_same_visitor_has_it_and_others_have_not(
    empty: Path, open_page: Open, engine: FakeEngine
) -> None:
    id = brought(empty).id
    again = opened(open_page("train"))
    assert "pets.zip: 16 images, uploaded" in again.selectbox(key="train:data").options
    other = opened(open_page("train", visitor="f" * 16))
    assert not any("pets.zip" in one for one in other.selectbox(key="train:data").options)
    shared = opened(open_page("train", visitor="f" * 16, data=id))  # as a teacher's lesson does
    assert shared.selectbox(key="train:data").value == id
    mine = opened(open_page("train", data=id))
    assert "Remove for good" in [one.label for one in mine.button]
    assert "Remove for good" not in [one.label for one in shared.button]
    press(shared, "Start")
    assert engine.jobs()[0].config.data.name.endswith(id)


def test_a_lesson_that_sets_the_data_offers_no_field(empty: Path, open_page: Open) -> None:
    id = brought(empty).id
    for how in ("fix", "hide"):
        app = opened(open_page("train", data=id, **{how: "data"}))
        assert len(app.file_uploader) == 0
        assert "16 images" in words(app)


def test_its_owner_removes_it_unless_a_run_waits(
    empty: Path, open_page: Open, engine: FakeEngine
) -> None:
    app = press(bring(open_page("train"), packed(PETS)), "Start")
    press(app, "Remove for good")
    assert "cancel it first" in words(app)
    engine.become(engine.jobs()[0].id, "finished")
    press(app, "Remove for good")
    assert list((empty / kept_archives.FOLDER).iterdir()) == []
    assert app.selectbox(key="train:data").value == "mnist-5k"
    assert "data" not in app.query_params


@pytest.mark.parametrize("closed", [True, False])
def test_a_link_to_images_that_are_gone_says_so(closed: bool, empty: Path, open_page: Open) -> None:
    app = open_page("train", data="0123456789abcdef.zip")
    assert "The images of this link are not here (any more)." in words(app)
    assert not app.exception


@pytest.mark.parametrize(
    ("page", "label"),
    [("train", "Start"), ("train", "Map σ × T"), ("sigma_map", f"Train all {len(SIGMAS) + 1}")],
)
def test_nothing_is_trained_instead_of_images_that_went_meanwhile(
    page: str, label: str, empty: Path, open_page: Open, engine: FakeEngine
) -> None:
    there = brought(empty)
    app = open_page(page, data=there.id)
    remove(there, VISITOR)  # in another tab
    press(app, label)
    assert [error.value for error in app.error] == [escaped(upload.NOT_HERE)]
    assert engine.jobs() == []


@pytest.mark.slow
def test_runs_whose_images_are_gone_say_so_where_they_are_needed(
    runs: Path, open_page: Open, engine: FakeEngine
) -> None:
    bring(open_page("train"), packed(PETS))
    there = kept(runs)
    done = run(replace(SMALL, data=DataSpec(str(there.path.absolute()))), runs)
    network_and_data(done)
    remove(there, VISITOR)
    assert read_run(done.folder).status == "finished"
    gone = "uploaded and have been removed since. Upload the same archive once more"
    assert gone in words(open_page("train", run=done.id))
    assert gone in words(open_page("distributions", run=done.id))
    (done.folder / "result.json").unlink()
    (job,) = engine.submit([done.config], user=VISITOR)  # type: ignore[list-item]
    engine.become(job.id, "interrupted")
    assert gone in words(press(open_page("train", run=done.id), "Go on"))
    assert f"removed images {there.id[:4]}" in words(open_page("train", run=done.id))
    bring(open_page("train"), packed(PETS))
    assert "Go on" in [one.label for one in open_page("train", run=done.id).button]


@pytest.mark.slow
def test_the_teacher_sees_whose_they_are_and_removes_any(
    empty: Path, open_page: Open, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SNNLAB_TEACHER_PIN", "1234")
    press(bring(open_page("train"), packed(PETS)), "Start")
    teacher = open_page("teacher", view="Uploads")
    assert "pets.zip" not in words(teacher)  # behind the PIN
    teacher.text_input[0].set_value("1234")
    press(teacher, "Open")
    there = words(teacher)
    assert "pets.zip" in there
    assert "16 images, 8 × 8 pixels, cat 8, dog 8, 1 run waits or trains on it" in there
    assert "1 run waits for it and will fail" in there
    press(teacher, "Remove for good")
    assert every(empty / kept_archives.FOLDER) == []
    assert "Nobody has uploaded images" in words(teacher)


def test_the_field_takes_what_the_reader_reads_up_to_the_limit_of_the_server(
    empty: Path, open_page: Open
) -> None:
    (field,) = opened(open_page("train")).file_uploader
    assert set(field.allowed_type) == set(upload.ENDINGS) >= {".zip", ".tar", ".gz", ".tgz", ".xz"}
    assert field.proto.max_upload_size_mb == 50
