"""Images: batches, normalisation, augmentation; Data: its checks."""

from __future__ import annotations

import time

import pytest
import torch

from snnlab.data.images import Data, Images, random_flip, random_shift
from snnlab.data.sources import channel_statistics
from snnlab.data.spec import DataError


def make_images(count: int = 40, shape=(3, 6, 5), shift: int = 0, flip: bool = False) -> Images:
    pixels = torch.randint(
        0, 256, (count, *shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(1)
    )
    return Images(pixels, torch.arange(count), *channel_statistics(pixels), shift, flip)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def restored(images: Images, batch: torch.Tensor) -> torch.Tensor:
    """Normalised values back to 0..255."""
    values = (batch * images.std[:, None, None] + images.mean[:, None, None]) * 255
    return values.round().to(torch.uint8)


def test_batches_without_generator_keep_the_order():
    images = make_images()
    labels = torch.cat([y for _, y in images.batches(7)])
    assert labels.tolist() == list(range(40))
    x = torch.cat([x for x, _ in images.batches(7)])
    assert torch.equal(restored(images, x), images.pixels)


def test_training_pixels_have_mean_0_and_variance_1():
    x = make_images().normalised()
    assert torch.allclose(x.mean((0, 2, 3)), torch.zeros(3), atol=1e-6)
    assert torch.allclose(x.var((0, 2, 3), correction=0), torch.ones(3), atol=1e-5)


def test_another_image_is_normalised_as_these():
    images = make_images()
    assert torch.equal(images.as_input(images.pixels[7]), images.normalised()[7])
    white = images.as_input(torch.full((3, 6, 5), 255, dtype=torch.uint8))
    assert torch.allclose(white[:, 0, 0], (1 - images.mean) / images.std)


def test_statistics_equal_those_of_a_float_tensor():
    pixels = make_images(5000, (2, 3, 3)).pixels  # more than one chunk
    mean, std = channel_statistics(pixels)
    values = pixels.double() / 255
    assert torch.allclose(mean, values.mean((0, 2, 3)).float())
    assert torch.allclose(std, values.std((0, 2, 3), correction=0).float())


def test_a_constant_channel_normalises_to_zero():
    pixels = torch.full((4, 1, 3, 3), 77, dtype=torch.uint8)
    images = Images(pixels, torch.zeros(4, dtype=torch.int64), *channel_statistics(pixels))
    assert torch.allclose(images.normalised(), torch.zeros(()), atol=1e-6)


def test_a_generator_shuffles_every_image_in_once_with_its_label():
    images = make_images()
    x, y = (torch.cat(part) for part in zip(*images.batches(7, generator=seeded()), strict=True))
    assert sorted(y.tolist()) == list(range(40))
    assert y.tolist() != list(range(40))
    assert torch.equal(restored(images, x), images.pixels[y])


@pytest.mark.parametrize("channels_last", [False, True])
def test_same_seed_same_batches(channels_last: bool):
    images = make_images(shift=2, flip=True)
    options = {"augment": True, "channels_last": channels_last}
    first, again, other = (
        torch.cat([x for x, _ in images.batches(7, generator=seeded(seed), **options)])
        for seed in (0, 0, 1)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_passes_of_one_generator_differ():
    images, generator = make_images(), seeded()
    one, two = (
        torch.cat([y for _, y in images.batches(40, generator=generator)]) for _ in range(2)
    )
    assert not torch.equal(one, two)


@pytest.mark.parametrize(("drop_last", "sizes"), [(False, [16, 16, 8]), (True, [16, 16])])
def test_drop_last_and_batch_count(drop_last: bool, sizes: list[int]):
    images = make_images()
    assert [len(y) for _, y in images.batches(16, drop_last=drop_last)] == sizes
    assert images.batch_count(16, drop_last=drop_last) == len(sizes)


def test_channels_last_changes_the_memory_format_only():
    images = make_images()
    plain, last = (next(images.batches(8, channels_last=c))[0] for c in (False, True))
    assert last.is_contiguous(memory_format=torch.channels_last)
    assert plain.is_contiguous()
    assert torch.equal(plain, last)


def test_shift_reaches_every_offset_within_its_limit_and_no_other():
    count, shift = 2000, 2
    pixels = torch.zeros(count, 1, 9, 9, dtype=torch.uint8)
    pixels[:, :, 4, 4] = 255  # one bright pixel at the centre
    one, zero = torch.ones(1), torch.zeros(1)
    images = Images(pixels, torch.zeros(count, dtype=torch.int64), zero, one, shift)
    x, _ = next(images.batches(count, generator=seeded(), augment=True))
    assert x.sum() == count  # each image keeps its pixel
    where = x[:, 0].nonzero()[:, 1:] - 4  # (count, 2)
    offsets, counts = where.unique(dim=0, return_counts=True)
    assert len(offsets) == (2 * shift + 1) ** 2
    assert offsets.abs().max() == shift
    expected = count / 25
    assert (counts - expected).abs().max() < 5 * (expected * 24 / 25) ** 0.5


def test_shift_fills_with_zeros():
    pixels = torch.full((1, 2, 4, 4), 200, dtype=torch.uint8)
    moved = random_shift(pixels, torch.tensor([[0, 3]]), shift=2)  # 2 down, 1 left
    expected = torch.zeros_like(pixels)
    expected[:, :, 2:, :3] = 200
    assert torch.equal(moved, expected)


def test_shift_of_each_image_is_its_own():
    pixels = torch.arange(2 * 9, dtype=torch.uint8).view(2, 1, 3, 3)
    moved = random_shift(pixels, torch.tensor([[1, 1], [1, 0]]), shift=1)
    assert torch.equal(moved[0], pixels[0])
    assert torch.equal(moved[1, 0, :, 1:], pixels[1, 0, :, :2])
    assert torch.equal(moved[1, 0, :, 0], torch.zeros(3, dtype=torch.uint8))


def test_flip_mirrors_only_the_chosen():
    pixels = torch.arange(2 * 6, dtype=torch.uint8).view(2, 1, 2, 3)
    flipped = random_flip(pixels, torch.tensor([False, True]))
    assert torch.equal(flipped[0], pixels[0])
    assert torch.equal(flipped[1, 0], torch.tensor([[8, 7, 6], [11, 10, 9]], dtype=torch.uint8))


def test_augmenting_flips_about_half_where_allowed_and_none_where_not():
    for flip, low, high in ((True, 0.4, 0.6), (False, 0, 0)):
        images = make_images(400, flip=flip)
        x, y = next(images.batches(400, generator=seeded(), augment=True))
        back = restored(images, x)
        mirrored = (back == images.pixels[y].flip(-1)).flatten(1).all(1)
        straight = (back == images.pixels[y]).flatten(1).all(1)
        assert (mirrored ^ straight).all()  # so labels are those of the images as well
        assert low <= mirrored.float().mean() <= high


def test_random_choices_need_a_generator_on_the_cpu():
    with pytest.raises(DataError, match=r"give generator=torch\.Generator"):
        make_images().batches(8, augment=True)
    with pytest.raises(DataError, match="batch_size must be at least 1, got 0"):
        make_images().batches(0)


def test_first_and_subset():
    images = make_images()
    assert images.first(3).labels.tolist() == [0, 1, 2]
    chosen = images.subset(torch.tensor([5, 1]))
    assert chosen.labels.tolist() == [5, 1]
    assert torch.equal(chosen.pixels, images.pixels[[5, 1]])
    for n in (0, 41):
        with pytest.raises(DataError, match=rf"first\({n}\).*1 to 40"):
            images.first(n)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"pixels": torch.zeros(4, 1, 5, 5, dtype=torch.int64)},
            r"uint8 or floating-point numbers \(N, C, H, W\); got int64 \(4, 1, 5, 5\)",
        ),
        ({"labels": torch.zeros(3, dtype=torch.int64)}, r"int64 \(4,\).*got int64 \(3,\)"),
        ({"mean": torch.zeros(2)}, r"mean must have shape \(1,\)"),
        ({"shift": 5}, "got 5 for images of 5 x 5"),
    ],
)
def test_images_refuse_what_does_not_fit(change: dict, message: str):
    fields = {
        "pixels": torch.zeros(4, 1, 5, 5, dtype=torch.uint8),
        "labels": torch.zeros(4, dtype=torch.int64),
        "mean": torch.zeros(1),
        "std": torch.ones(1),
    }
    with pytest.raises(DataError, match=message):
        Images(**(fields | change))


def test_data_refuses_labels_without_a_class():
    images = make_images(10)  # labels 0 to 9
    Data("ten", tuple("abcdefghij"), images, images, images)
    with pytest.raises(DataError, match=r"'nine': train labels run from 0 to 9.*are 0 to 8"):
        Data("nine", tuple("abcdefghi"), images, images, images)


def test_data_refuses_splits_of_different_shape():
    images, larger = make_images(2), make_images(2, (3, 6, 6))
    with pytest.raises(DataError, match=r"test images have shape \(3, 6, 6\).*\(3, 6, 5\)"):
        Data("x", ("a", "b"), images, images, larger)


def test_repr_is_short_and_telling():
    images = make_images(1500)
    data = Data("toy", tuple(str(i) for i in range(1500)), images, images.first(5), images)
    assert repr(data) == (
        "Data('toy': 1,500 train, 5 validation, 1,500 test images of 3 x 6 x 5, 1500 classes, cpu)"
    )
    assert repr(images) == "Images(1,500 of 3 x 6 x 5, cpu)"
    assert data.channels == 3
    assert data.image_shape == (3, 6, 5)


def test_batches_are_cheap():
    images = make_images(6400, (1, 28, 28), shift=2, flip=True)
    for augment, limit in ((False, 5e-3), (True, 15e-3)):  # seconds, ten times the measured
        began = time.process_time()
        count = sum(1 for _ in images.batches(128, generator=seeded(), augment=augment))
        assert (time.process_time() - began) / count < limit


@pytest.mark.gpu
def test_batches_on_the_gpu_are_those_of_the_cpu_and_never_wait():
    images = make_images(400, shift=2, flip=True)
    on_gpu = images.to("cuda")
    list(on_gpu.batches(64, generator=seeded(), augment=True))  # warm up
    torch.cuda.set_sync_debug_mode("error")
    try:
        batches = list(on_gpu.batches(64, generator=seeded(), augment=True, channels_last=True))
    finally:
        torch.cuda.set_sync_debug_mode("default")
    for (x, y), (x_gpu, y_gpu) in zip(
        images.batches(64, generator=seeded(), augment=True), batches, strict=True
    ):
        assert torch.equal(y, y_gpu.cpu())
        assert torch.allclose(x, x_gpu.cpu(), atol=1e-6)
