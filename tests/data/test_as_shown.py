"""Images are read as a viewer shows them: values computed here, not by the reader."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from snnlab.data import load_data
from snnlab.data.decode import ImageFile, NeedsSize, decode
from snnlab.data.limits import OWN
from snnlab.data.passed_over import PassedOver
from snnlab.data.spec import DataError, DataSpec, DataWarning

Pixels = np.ndarray
GREYS = np.array([[0, 60, 255], [7, 128, 200]], dtype=np.uint8)  # 2 rows, 3 columns
NOISE = np.random.default_rng(0).integers(0, 255, (30, 30), dtype=np.uint8)
COLOURS = np.stack([GREYS, GREYS[::-1], 255 - GREYS], -1)


def saved(image: Image.Image | Pixels, kind: str = "png", **options: Any) -> bytes:
    file = io.BytesIO()
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    image.save(file, kind, **options)
    return file.getvalue()


def read(content: bytes, **options: Any) -> Pixels:
    """One image as (H, W) if grey, else (H, W, 3)."""
    pixels = decode([ImageFile("x.png", content)], **options)[0]
    return pixels.permute(1, 2, 0).squeeze(2).numpy() if len(pixels) == 1 else as_rgb(pixels)


def as_rgb(pixels: torch.Tensor) -> Pixels:
    return pixels.permute(1, 2, 0).numpy()


def over(ground: int, colour: Pixels, alpha: Pixels) -> Pixels:
    share = alpha.astype(float)[..., None] / 255 if colour.ndim == 3 else alpha.astype(float) / 255
    return share * colour + (1 - share) * ground


TURNED: dict[int, Callable[[Pixels], Pixels]] = {
    1: lambda shown: shown,
    2: lambda shown: shown[:, ::-1],
    3: lambda shown: shown[::-1, ::-1],
    4: lambda shown: shown[::-1],
    5: lambda shown: shown.swapaxes(0, 1),
    6: lambda shown: np.rot90(shown, -1),
    7: lambda shown: shown[::-1, ::-1].swapaxes(0, 1),
    8: lambda shown: np.rot90(shown),
}
"""By the value of the tag: from what is stored to what is shown (EXIF 2.3, 4.6.4)."""


def with_late_exif(content: bytes, note: bytes) -> bytes:
    """A PNG whose EXIF stands behind the pixels."""
    chunk = struct.pack(">I", len(note)) + b"eXIf" + note
    chunk += struct.pack(">I", zlib.crc32(b"eXIf" + note))
    end = content.rindex(b"IEND") - 4
    return content[:end] + chunk + content[end:]


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("kind", ["png", "late png", "tiff", "jpeg", "webp"])
def test_a_photo_is_turned_as_the_camera_was_held(kind: str, orientation: int):
    note = Image.Exif()
    note[0x0112] = orientation
    steps = np.kron(COLOURS, np.ones((16, 16, 1), dtype=np.uint8))  # blocks that JPEG keeps
    expected = TURNED[orientation](steps)
    if kind == "late png":
        content = with_late_exif(saved(steps), note.tobytes()[6:])
    else:
        options = {"lossless": True} if kind == "webp" else {}
        if kind == "jpeg":
            options = {"quality": 100, "subsampling": 0}
        content = saved(steps, kind, exif=note, **options)
    shown = read(content)
    assert shown.shape == expected.shape
    assert np.abs(shown.astype(int) - expected).max() <= (3 if kind == "jpeg" else 0)
    small = read(content, image_size=16)  # from a JPEG decoded at a part of its size, too
    middle = expected[8:-8] if orientation >= 5 else expected[:, 8:-8]
    reference = np.asarray(Image.fromarray(middle.copy()).resize((16, 16), Image.Resampling.BOX))
    assert np.abs(small.astype(int) - reference).mean() < 20


def test_a_damaged_note_about_turning_turns_nothing():
    note = Image.Exif()
    note[0x0112] = 6
    good = note.tobytes()
    for at in range(6, len(good)):
        bad = good[:at] + bytes([good[at] ^ 0xFF]) + good[at + 1 :]
        shown = read(saved(np.zeros((4, 6), np.uint8), exif=bad))
        assert shown.shape in {(4, 6), (6, 4)}


@pytest.mark.parametrize(("ground", "value"), [("white", 255), ("black", 0)])
@pytest.mark.parametrize("kind", ["png", "webp", "tiff"])
def test_transparent_parts_show_the_ground(ground: str, value: int, kind: str):
    alpha = np.array([[0, 128, 255], [1, 254, 77]], dtype=np.uint8)
    options = {"lossless": True, "exact": True} if kind == "webp" else {}
    colour = read(saved(np.dstack([COLOURS, alpha]), kind, **options), ground=ground)
    assert np.abs(colour - over(value, COLOURS, alpha)).max() <= 1
    if kind == "webp":  # knows no grey
        return
    grey = read(saved(np.dstack([GREYS, alpha]), kind), ground=ground)
    assert np.abs(grey - over(value, GREYS, alpha)).max() <= 1
    assert (grey[alpha == 0] == value).all()
    assert (grey[alpha == 255] == GREYS[alpha == 255]).all()


@pytest.mark.parametrize(("ground", "value"), [("white", 255), ("black", 0)])
def test_one_value_may_be_transparent(ground: str, value: int):
    clear = np.where(GREYS == 60, value, GREYS)
    assert (read(saved(GREYS, transparency=60), ground=ground) == clear).all()
    deep = GREYS.astype(np.uint16) * 257
    assert (read(saved(deep, transparency=60 * 257), ground=ground) == clear).all()
    colour = read(saved(COLOURS, transparency=tuple(COLOURS[0, 1].tolist())), ground=ground)
    assert (colour[0, 1] == value).all()
    assert (colour[1] == COLOURS[1]).all()
    bits = Image.fromarray(GREYS > 100).convert("1")
    expected = np.where(GREYS > 100, value, 0)
    assert (read(saved(bits, transparency=255), ground=ground) == expected).all()


@pytest.mark.parametrize("kind", ["png", "gif"])
@pytest.mark.parametrize(("ground", "value"), [("white", 255), ("black", 0)])
def test_a_palette_gives_its_colours_and_its_transparency(kind: str, ground: str, value: int):
    image = Image.fromarray(np.array([[0, 1, 2], [2, 1, 0]], dtype=np.uint8), "P")
    image.putpalette([255, 0, 0, 0, 200, 0, 10, 20, 30])
    expected = np.array([[255, 0, 0], [0, 200, 0], [10, 20, 30]])[np.asarray(image)]
    assert (read(saved(image, kind)) == expected).all()
    expected[np.asarray(image) == 1] = value
    assert (read(saved(image, kind, transparency=1), ground=ground) == expected).all()
    if kind == "png":
        half = read(saved(image, kind, transparency=bytes([255, 255, 51])), ground=ground)
        mixed = over(value, np.array([10.0, 20, 30]), np.array(51))
        assert np.abs(half[0, 2] - mixed).max() <= 1


def test_a_palette_of_greys_is_grey():
    image = Image.fromarray(np.array([[0, 1, 2]], dtype=np.uint8), "P")
    image.putpalette([9, 9, 9, 250, 250, 250, 30, 30, 30])
    for kind in ("png", "gif", "bmp"):
        assert read(saved(image, kind)).tolist() == [[9, 250, 30]]


def test_the_first_frame_is_read_and_the_others_are_named(tmp_path: Path):
    frames = [Image.fromarray(np.full_like(GREYS, value)) for value in (40, 90, 200)]
    for kind in ("gif", "png", "webp", "tiff"):
        options = {"lossless": True} if kind == "webp" else {}
        content = saved(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        passed = PassedOver()
        pixels = decode([ImageFile("x.gif", content)], passed=passed)
        assert pixels.unique().tolist() == [40]
        assert passed.names == {"frames": {"x.gif"}}
        for name in ("cat", "dog"):
            (tmp_path / kind / name).mkdir(parents=True)
            for i in range(4):
                (tmp_path / kind / name / f"{i}.{kind}").write_bytes(content)
        for _ in range(2):  # the second time from the cache
            with pytest.warns(DataWarning, match="8 images with more frames .*'cat/0"):
                data = load_data(str(tmp_path / kind))
        assert data.notes == data.to("cpu").notes != ()


@pytest.mark.parametrize("kind", ["png", "tiff", "ppm"])
def test_the_upper_8_of_16_bits_are_read(kind: str):
    deep = np.array([[0, 255, 256, 511], [32767, 32768, 65279, 65535]], dtype=np.uint16)
    assert (read(saved(deep, kind)) == deep // 256).all()


def test_levels_of_12_bits_fill_the_range():
    content = b"P5 3 1 4095\n" + struct.pack(">3H", 0, 2048, 4095)
    assert read(content).tolist() == [[0, 2048 * 65535 // 4095 // 256, 255]]


def test_16_bit_colour_is_read():
    rows = [struct.pack(">9H", *(257 * int(v) for v in row.flatten())) for row in COLOURS]
    assert (read(raw_png(3, 16, 2, rows)) == COLOURS).all()


def test_bits_are_black_and_white():
    for kind in ("png", "bmp", "tiff", "ppm", "gif"):
        bits = Image.fromarray(GREYS > 100).convert("1")
        assert (read(saved(bits, kind)) == np.where(GREYS > 100, 255, 0)).all()


def test_four_inks_become_three_colours():
    inks = np.dstack([COLOURS, GREYS])
    image = Image.fromarray(inks, "CMYK")
    shown = (255 - inks[..., :3].astype(float)) * (255 - inks[..., 3:].astype(float)) / 255
    assert np.abs(read(saved(image, "tiff")) - shown).max() <= 1
    large = Image.fromarray(np.kron(inks, np.ones((16, 16, 1), dtype=np.uint8)), "CMYK")
    blocks = np.kron(shown, np.ones((16, 16, 1)))
    inner = np.s_[4::16, 4::16]
    jpeg = read(saved(large, "jpeg", quality=100, subsampling=0))
    assert np.abs(jpeg[inner] - blocks[inner]).max() <= 4


def test_a_jpeg_of_inks_coded_as_brightness_and_hue_is_read():
    """YCCK, as programs of printers write it: Adobe's mark says 2 in place of 0."""
    coded = np.array([90, 140, 120, 30], dtype=np.uint8)  # brightness, two of hue, black
    image = Image.fromarray(np.broadcast_to(255 - coded, (16, 16, 4)).copy(), "CMYK")
    content = saved(image, "jpeg", quality=100, subsampling=0)
    mark = content.index(b"Adobe") + 11
    assert content[mark] == 0
    content = content[:mark] + b"\2" + content[mark + 1 :]
    y, cb, cr, black = coded.astype(float) - [0, 128, 128, 0]
    inks = np.array([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb])
    shown = (255 - inks) * black / 255
    assert np.abs(read(content)[8, 8] - shown).max() <= 3


def test_grey_images_of_a_set_with_colour_are_spread_over_its_channels():
    files = [ImageFile("a.png", saved(GREYS)), ImageFile("b.png", saved(COLOURS))]
    files += [ImageFile("c.png", saved(GREYS.astype(np.uint16) * 257))]
    grey, colour, deep = (as_rgb(pixels) for pixels in decode(files))
    assert (grey == GREYS[..., None]).all()
    assert (deep == grey).all()
    assert (colour == COLOURS).all()


@pytest.mark.parametrize("ending", ["jpg", "JPEG", "jpe", "jfif", "gif", "webp", "bmp", "dib"])
def test_endings_of_images(ending: str, tmp_path: Path):
    kinds = {"jfif": "jpeg", "jpe": "jpeg", "jpg": "jpeg"}
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for i in range(4):
            content = saved(GREYS, kinds.get(ending, ending))
            (tmp_path / "pets" / name / f"{i}.{ending}").write_bytes(content)
    data = load_data(str(tmp_path / "pets"))
    assert len(data.train) + len(data.validation) + len(data.test) == 8
    assert data.notes == ()


def test_the_content_counts_not_the_ending():
    for kind in ("jpeg", "gif", "bmp", "webp", "tiff", "ppm"):
        assert decode([ImageFile("cat.png", saved(GREYS, kind))]).shape[2:] == (2, 3)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", r"it is empty \(0 bytes\); remove it, or save it once more as PNG or JPEG$"),
        (b"\n<!DOCTYPE html><html>", "it is a web page; download the image itself"),
        (b"<html><body>404", "it is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "a pointer of Git LFS"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "it is a HEIC or AVIF picture or a film; save it as JPEG"),
        (b"<svg xmlns='x'/>", r"a drawing \(SVG\)"),
        (b"%PDF-1.7", "it is a PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "it is a PostScript file"),
        (b"nothing of the sort", "no image, or a damaged one; remove it, or save it once more"),
        (saved(NOISE)[:-200], r"damaged, or of a rare kind \(.*truncated.*\); remove it, or save"),
        (
            saved(GREYS, "jpeg")[:-9],
            r"damaged, or of a rare kind \(.*truncated.*\); remove it, or save",
        ),
        (saved(GREYS, "webp")[:-9], "damaged, or of a rare kind"),
    ],
)
def test_what_is_no_image_is_called_by_its_name(content: bytes, words: str, tmp_path: Path):
    with pytest.raises(DataError, match=rf"^image 'cat/a.png' cannot be read: .*{words}") as told:
        decode([ImageFile("cat/a.png", content)])
    assert "\n" not in str(told.value)
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(DataError) as again:
        decode([ImageFile("cat/a.png", tmp_path / "a")])
    assert str(again.value) == str(told.value)


def test_sizes_are_told_as_a_viewer_shows_them():
    note = Image.Exif()
    note[0x0112] = 8
    files = [
        ImageFile("lying.png", saved(np.zeros((4, 6), np.uint8))),
        ImageFile("turned.jpg", saved(np.zeros((3, 9), np.uint8), "jpeg", exif=note)),
    ]
    said = r"6 x 4 \(1, such as 'lying.png'\), 3 x 9 \(1, such as 'turned.jpg'\)"
    with pytest.raises(NeedsSize, match=said) as told:
        decode(files)
    assert told.value.sizes == {(4, 6): 1, (9, 3): 1}


def test_the_ground_reaches_every_way_to_load(tmp_path: Path):
    clear = saved(np.zeros((4, 4, 2), np.uint8))
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for i in range(4):
            (tmp_path / "pets" / name / f"{i}.png").write_bytes(clear)
    path = str(tmp_path / "pets")
    assert load_data(path).train.pixels.unique().tolist() == [255]
    assert load_data(path, ground="black").train.pixels.unique().tolist() == [0]
    with pytest.raises(DataError, match="unknown ground 'green'; valid: white, black"):
        DataSpec(path, ground="green")  # type: ignore[arg-type]


def samples() -> list[bytes]:
    """Images of all kinds that are read, small."""
    note = Image.Exif()
    note[0x0112] = 6
    colour = Image.fromarray(np.random.default_rng(1).integers(0, 255, (8, 9, 3), dtype=np.uint8))
    clear, few, grey = colour.convert("RGBA"), colour.quantize(8), colour.convert("L")
    deep = np.arange(72, dtype=np.uint16).reshape(8, 9) * 900
    return [
        *(saved(image, "jpeg", exif=note) for image in (colour, grey, colour.convert("CMYK"))),
        *(saved(image, "png", exif=note) for image in (clear, few, grey)),
        *(saved(few, kind, transparency=3) for kind in ("png", "gif")),
        *(saved(grey, kind, save_all=True, append_images=[few]) for kind in ("gif", "png")),
        *(saved(image, kind) for image in (colour, grey) for kind in ("bmp", "ppm", "webp")),
        *(saved(image, "tiff", compression="tiff_lzw") for image in (colour, clear)),
        saved(deep, "png", transparency=900),
        saved(deep, "tiff"),
    ]


def damage(count: int, seed: int) -> None:
    """Change and cut images: they are read, or a sentence names them."""
    draw, good, told = random.Random(seed), samples(), []
    for _ in range(count):
        content = bytearray(draw.choice(good))
        for _ in range(draw.choice((1, 1, 2, 8))):
            among = min(len(content), draw.choice((64, 10_000)))
            content[draw.randrange(among)] = draw.randrange(256)
        end = draw.choice((len(content), len(content), draw.randrange(len(content))))
        file = ImageFile("cat/a.png", bytes(content[:end]))
        try:
            size = draw.choice((None, 4))
            limits = replace(OWN, pixels=10_000, decoded=100_000)
            assert decode([file], size, limits).shape[1] in {1, 3}
        except DataError as error:
            told.append(str(error))
    assert all(one.startswith("image 'cat/a.png' ") and "\n" not in one for one in told)
    assert 0.3 < len(told) / count < 0.9


def test_damaged_images_are_read_or_named():
    damage(600, seed=0)


@pytest.mark.slow
def test_many_damaged_images_are_read_or_named():
    damage(20_000, seed=1)


def raw_png(width: int, bits: int, kind: int, rows: list[bytes], clear: bytes = b"") -> bytes:
    """A PNG as the standard writes it, of kinds that Pillow reads and does not write."""

    def chunk(name: bytes, held: bytes) -> bytes:
        return (
            struct.pack(">I", len(held)) + name + held + struct.pack(">I", zlib.crc32(name + held))
        )

    header = struct.pack(">IIBBBBB", width, len(rows), bits, kind, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            chunk(b"tRNS", clear) if clear else b"",
            chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))),
            chunk(b"IEND", b""),
        ]
    )


@pytest.mark.parametrize(("ground", "value"), [("white", 255), ("black", 0)])
@pytest.mark.parametrize(
    ("bits", "row", "greys"),
    [(2, b"\x1b", [0, 85, 170, 255]), (4, b"\x1a\xf0", [17, 170, 255, 0])],
)
def test_a_transparent_grey_of_few_bits(
    bits: int, row: bytes, greys: list[int], ground: str, value: int
):
    for level in range(2**bits):
        content = raw_png(4, bits, 0, [row], struct.pack(">H", level))
        clear = level * 255 // (2**bits - 1)
        expected = [value if grey == clear else grey for grey in greys]
        assert read(content, ground=ground).ravel().tolist() == expected


def test_a_transparent_colour_of_16_bits():
    row = struct.pack(">6H", 60000, 300, 5, 1000, 2000, 40000)
    content = raw_png(2, 16, 2, [row], struct.pack(">3H", 60000, 300, 5))
    assert read(content).ravel().tolist() == [*[255] * 3, 3, 7, 156]


def test_grey_of_16_bits_with_transparency_is_grey():
    content = raw_png(2, 16, 4, [struct.pack(">4H", 5 << 8, 65535, 9 << 8, 0)])
    assert decode([ImageFile("x", content)]).tolist() == [[[[5, 255]]]]


@pytest.mark.parametrize(("white", "expected"), [(0, [255, 0, 253]), (1, [0, 255, 2])])
def test_white_may_be_zero_in_a_tiff_of_16_bits(white: int, expected: list[int]):
    image = Image.fromarray(np.array([[0, 65535, 512]], dtype=np.uint16))
    content = bytearray(saved(image, "tiff"))
    entry = struct.pack("<HHI", 262, 3, 1)
    at = content.index(entry) + len(entry)
    content[at : at + 2] = struct.pack("<H", white)
    assert read(bytes(content)).ravel().tolist() == expected


@pytest.mark.parametrize(("ground", "value"), [("white", 255), ("black", 0)])
def test_a_frame_smaller_than_its_picture_leaves_the_ground(ground: str, value: int):
    content = bytearray(saved(Image.new("RGB", (2, 1), "red"), "gif"))
    content[6:10] = struct.pack("<HH", 4, 2)  # the picture; the frame keeps its size
    pixels = read(bytes(content), ground=ground)
    expected = np.full((2, 4, 3), value)
    expected[0, :2] = [255, 0, 0]
    assert (pixels.reshape(2, 4, 3) == expected).all()
