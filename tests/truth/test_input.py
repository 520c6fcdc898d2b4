"""Planted causes in the input are named, and are not named once they are gone."""

from __future__ import annotations

import tarfile
from itertools import islice
from pathlib import Path

import pytest
from PIL import Image

from runners.diagnosis.records import Bottleneck, Part
from tests.fakes.image_sets import CLASSES
from tests.fakes.real_diagnosis import diagnosed, job

pytestmark = [pytest.mark.torch, pytest.mark.slow, pytest.mark.alone]

REAL = Path(__file__).parents[2] / ".." / "shared" / "data" / "cifar10-images.tar.xz"
INPUT = {Bottleneck.INPUT, Bottleneck.MILDLY_INPUT}
BATCH = 2
ITEM_S = 0.01
# A step computes, asleep, for as long as its samples are waited for.
STEP_S = BATCH * ITEM_S


def test_a_loader_that_sleeps_is_named_with_the_share_it_takes(
    sets: Path, group: Path | None
) -> None:
    settings = job("fashion-cnn", sets, batch_size=BATCH)
    found = diagnosed(settings, f"item-sleep={ITEM_S}", f"forward-sleep={STEP_S}", group=group)

    assert found.bottleneck is Bottleneck.INPUT, found.sentence
    assert found.narrow is Part.LOADER
    assert found.shares.stall is not None
    assert found.samples_per_s is not None
    # What the input costs is the sleep, and the little that reading samples takes beside it.
    stall_s = found.shares.stall.value / found.samples_per_s.value
    assert 0.9 * ITEM_S < stall_s < 1.5 * ITEM_S
    assert found.predicted_gain is not None
    assert found.predicted_gain.value == pytest.approx(1 / (1 - found.shares.stall.value), rel=0.1)
    assert found.remedies


def test_the_same_without_the_sleep_is_not_input_bound(sets: Path, group: Path | None) -> None:
    settings = job("fashion-cnn", sets, batch_size=BATCH)
    found = diagnosed(settings, f"forward-sleep={STEP_S}", group=group, trials=3)

    assert found.bottleneck not in INPUT, found.sentence
    assert found.shares.stall is not None
    assert found.shares.stall.value < 0.2


@pytest.mark.skipif(not REAL.is_file(), reason="the real images are not beside this checkout")
def test_large_jpegs_that_take_long_to_decode_are_named(tmp_path: Path, group: Path | None) -> None:
    root = enlarged(tmp_path, train=8, test=1, side=1024)
    settings = job("cifar-resnet18", root, batch_size=8)
    found = diagnosed(settings, group=group)

    assert found.bottleneck is Bottleneck.INPUT, found.sentence
    assert found.narrow is Part.LOADER
    assert found.shares.stall is not None
    assert found.shares.stall.value > 0.3


def enlarged(root: Path, *, train: int, test: int, side: int) -> Path:
    """Real images as large JPEGs, so many of each class; what they show does not matter here."""
    with tarfile.open(REAL) as archive:
        members = (member for member in archive if member.isfile())
        for number, member in enumerate(islice(members, len(CLASSES) * (train + test))):
            part = "train" if number < len(CLASSES) * train else "test"
            folder = root / part / CLASSES[number % len(CLASSES)]
            folder.mkdir(parents=True, exist_ok=True)
            stream = archive.extractfile(member)
            assert stream is not None
            Image.open(stream).resize((side, side)).save(folder / f"{number:04}.jpg", quality=90)
    return root
