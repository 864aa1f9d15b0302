"""Image folders: layouts, sizes, colour, planted faults."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from snnlab.data import load_data
from snnlab.data.spec import DataError, DataWarning

Write = Callable[..., Path]


def test_a_plain_folder_is_split(tmp_path: Path, write_folder: Write):
    root = write_folder(tmp_path / "pets", ("cat", "dog/young", "dog/old"), count=12)
    data = load_data(str(root))
    assert data.classes == ("cat", "dog")
    assert data.image_shape == (1, 6, 6)
    assert (len(data.test), len(data.validation), len(data.train)) == (9, 3, 24)
    assert torch.bincount(data.train.labels).tolist() == [8, 16]
    assert not data.train.flip


def test_train_and_test_folders_are_kept(tmp_path: Path, write_folder: Write, write_image: Write):
    root = write_folder(tmp_path / "pets", ("train/cat", "train/dog"), count=10)
    for i in range(3):
        write_image(root / "test" / "cat" / f"{i}.png", 200)
        write_image(root / "test" / "dog" / f"{i}.png", 220)
    data = load_data(str(root))
    assert (len(data.train), len(data.validation), len(data.test)) == (18, 2, 6)
    assert data.test.pixels[data.test.labels == 0].unique().tolist() == [200]
    assert data.test.pixels[data.test.labels == 1].unique().tolist() == [220]
    assert data.train.pixels.max() == 90


def test_a_validation_folder_is_kept(tmp_path: Path, write_folder: Write):
    folders = [f"{split}/{c}" for split in ("train", "valid", "test") for c in ("cat", "dog")]
    data = load_data(str(write_folder(tmp_path / "pets", folders, count=4)))
    assert (len(data.train), len(data.validation), len(data.test)) == (8, 8, 8)


def test_a_class_may_be_called_train(tmp_path: Path, write_folder: Write):
    data = load_data(str(write_folder(tmp_path / "rail", ("train", "tram"))))
    assert data.classes == ("train", "tram")


def test_colour_anywhere_makes_all_colour(tmp_path: Path, write_folder: Write, write_image: Write):
    root = write_folder(tmp_path / "pets")
    red = np.zeros((6, 6, 3), dtype=np.uint8)
    red[..., 0] = 255
    write_image(root / "dog" / "red.png", red)
    data = load_data(str(root))
    assert data.channels == 3
    pixels = torch.cat([s.pixels for s in (data.train, data.validation, data.test)])
    assert (pixels[:, 0] == 255).flatten(1).all(1).sum() == 1
    grey = pixels[(pixels[:, 0] != 255).flatten(1).all(1)]
    assert torch.equal(grey[:, 0], grey[:, 2])


def test_16_bit_grey_keeps_its_upper_8_bits(
    tmp_path: Path, write_folder: Write, write_image: Write
):
    root = write_folder(tmp_path / "pets", count=3)
    write_image(root / "cat" / "deep.png", np.full((6, 6), 250 * 256 + 7, dtype=np.uint16))
    data = load_data(str(root))
    assert data.channels == 1
    assert max(int(s.pixels.max()) for s in (data.train, data.validation, data.test)) == 250


def test_float_pixels_are_refused(tmp_path: Path, write_folder: Write, write_image: Write):
    root = write_folder(tmp_path / "pets")
    write_image(root / "cat" / "float.tiff", np.zeros((6, 6), dtype=np.float32))
    with pytest.raises(DataError, match=r"cat/float.tiff.*32-bit pixels of mode 'F'"):
        load_data(str(root))


def test_sizes_must_agree_or_image_size_be_given(
    tmp_path: Path, write_folder: Write, write_image: Write
):
    root = write_folder(tmp_path / "pets")
    write_image(root / "dog" / "wide.png", 255, size=(4, 8))
    with pytest.raises(
        DataError, match=r"6 x 6 \(16, .*8 x 4 \(1, such as 'dog/wide.png'\).*image_"
    ):
        load_data(str(root))
    assert load_data(str(root), image_size=5).image_shape == (1, 5, 5)


def test_image_size_cuts_the_centre_and_keeps_the_aspect(
    tmp_path: Path, write_folder: Write, write_image: Write
):
    root = write_folder(tmp_path / "pets", count=2)
    wide = np.zeros((8, 24), dtype=np.uint8)
    wide[:, 8:16] = 255  # a white square at the centre
    write_image(root / "dog" / "wide.png", wide)
    data = load_data(str(root), image_size=8)
    splits = (data.train, data.validation, data.test)
    assert max(float(s.pixels.float().mean((1, 2, 3)).amax()) for s in splits) == 255


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("content", [b"", b"this is no image", "cut"])
def test_a_corrupt_image_is_named(
    packed: bool, content: object, tmp_path: Path, write_folder: Write, pack: Write
):
    root = write_folder(tmp_path / "pets")
    bad = root / "dog" / "03.png"
    if content == "cut":
        noise = np.random.default_rng(0).integers(0, 255, (6, 6), dtype=np.uint8)
        Image.fromarray(noise).save(bad)
        content = bad.read_bytes()[:-30]
    bad.write_bytes(content)
    path = pack(root, tmp_path / "pets.tar") if packed else root
    with pytest.raises(DataError, match=r"pets.*: image 'dog/03.png' cannot be read"):
        load_data(str(path))


def test_an_empty_class_is_named(tmp_path: Path, write_folder: Write, pack: Write):
    root = write_folder(tmp_path / "pets")
    (root / "fish").mkdir()
    (root / "fish" / "notes.txt").write_text("soon")
    for path in (root, pack(root, tmp_path / "pets.tar", "pets/")):
        with pytest.raises(DataError, match=r"class folder '(pets/)?fish' holds no image"):
            load_data(str(path))


def test_an_empty_class_of_one_split_is_named(tmp_path: Path, write_folder: Write):
    root = write_folder(tmp_path / "p", ("train/cat", "train/dog", "test/cat", "test/dog"))
    (root / "test" / "fish").mkdir()
    with pytest.raises(DataError, match="class folder 'test/fish' holds no image"):
        load_data(str(root))


def test_one_class_is_refused(tmp_path: Path, write_folder: Write):
    with pytest.raises(DataError, match="only one class, 'cat'; at least two"):
        load_data(str(write_folder(tmp_path / "pets", ("cat",))))


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        (
            ("train/cat", "train/dog", "test/cat"),
            "'dog' has images in .*'train' but none in 'test'",
        ),
        (
            ("train/cat", "train/dog", "test/cat", "test/dog", "test/fish"),
            "'fish'.*'test' but none",
        ),
        (
            ("train/cat", "train/dog", "tset/cat"),
            "'tset' stands beside 'train', and is no split by its name.*: train, val, test",
        ),
    ],
)
def test_splits_must_have_the_same_classes(
    folders: tuple[str, ...], message: str, tmp_path: Path, write_folder: Write
):
    with pytest.raises(DataError, match=message):
        load_data(str(write_folder(tmp_path / "pets", folders)))


def test_stray_images_and_empty_folders_are_refused(
    tmp_path: Path, write_folder: Write, write_image: Write
):
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(DataError, match=r"no images found; expected <class>/<image>.*\.png"):
        load_data(str(empty))
    root = write_folder(tmp_path / "pets")
    write_image(root / "stray.png")
    with pytest.raises(DataError, match=r"image 'stray.png' lies in no class folder"):
        load_data(str(root))


def test_too_few_images_for_every_class(tmp_path: Path, write_folder: Write):
    root = write_folder(tmp_path / "pets", count=1)
    with pytest.raises(DataError, match="the 0 training images leave 2 of 2 classes without any"):
        load_data(str(root))


def test_folder_links_are_followed_once(tmp_path: Path, write_folder: Write):
    root = write_folder(tmp_path / "pets", ("cat",))
    write_folder(tmp_path / "elsewhere", ("dog",))
    (root / "dog").symlink_to(tmp_path / "elsewhere" / "dog")
    (root / "cat" / "loop").symlink_to(root)
    with pytest.warns(DataWarning, match="1 link that is not followed.*'cat/loop'"):
        data = load_data(str(root))
    assert data.classes == ("cat", "dog")
    assert len(data.train) + len(data.validation) + len(data.test) == 16
