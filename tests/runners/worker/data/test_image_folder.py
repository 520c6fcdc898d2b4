"""CIFAR-10 as an image folder."""

from __future__ import annotations

import gc
import os
import shutil
import tarfile
from itertools import islice
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor

from runners.worker.data.images import ColorImages, FolderImages
from runners.worker.data.problems import DamagedError
from runners.worker.errors import WorkerError
from runners.worker.inputs import make_inputs
from runners.worker.models import RECIPES
from runners.workloads import Variant
from tests.fakes.image_sets import CLASSES, make_image_folder
from tests.fakes.jobs import load, settings_of

pytestmark = pytest.mark.torch

CPU = torch.device("cpu")
NAME = "cifar-resnet18"
REAL = Path(__file__).parents[4] / ".." / "shared" / "data" / "cifar10-images.tar.xz"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_image_folder(tmp_path / "images")


def failure(root: Path) -> WorkerError:
    with pytest.raises(WorkerError) as caught:
        load(NAME, data=root)
    return caught.value


def test_each_class_is_numbered_by_its_name(root: Path) -> None:
    data = load(NAME, data=root)
    assert (data.source, data.root) == ("real", root)
    assert (len(data.train), len(data.test)) == (30, 20)
    shutil.copy(root / "train" / "ship" / "0001.png", root / "test" / "bird" / "0000.png")
    labels = {label: image for image, label in (data.test[i] for i in range(10))}
    image, label = data.train[10 + CLASSES.index("ship")]
    assert label == CLASSES.index("ship")
    assert torch.equal(labels[CLASSES.index("bird")], image)


def test_auto_finds_it_below_the_data_folder(tmp_path: Path) -> None:
    make_image_folder(tmp_path / "CIFAR10")
    assert load(NAME, data_dir=tmp_path).root == tmp_path / "CIFAR10"


def test_the_first_samples_are_a_fair_part_of_all_classes(root: Path) -> None:
    data = load(NAME, data=root, train_samples=20, test_samples=10)
    assert sorted(data.train[i][1] for i in range(20)) == sorted([*range(10)] * 2)
    assert sorted(data.test[i][1] for i in range(10)) == [*range(10)]


def test_what_systems_leave_in_folders_is_passed_over(root: Path) -> None:
    for part in ("train", "test"):
        for junk in (".DS_Store", "Thumbs.db", "._0000.png", "desktop.ini", "cat.txt"):
            (root / part / "cat" / junk).write_bytes(b"junk")
        (root / part / ".DS_Store").write_bytes(b"junk")
        for folder in (".ipynb_checkpoints", "__MACOSX"):
            (root / part / folder).mkdir()
            (root / part / folder / "0000.png").write_bytes(b"junk")
    assert len(load(NAME, data=root).train) == 30


@pytest.mark.parametrize("suffix", ["png", "jpg", "JPEG"])
def test_all_variants_see_the_same_pixels(tmp_path: Path, suffix: str) -> None:
    root = make_image_folder(tmp_path, side=48, suffix=suffix)
    as_written, tuned = (
        make_inputs(
            load(NAME, data=root, variant=variant),
            RECIPES[NAME],
            settings_of(NAME, variant=variant),
            CPU,
        )
        for variant in (Variant.AS_WRITTEN, Variant.TUNED)
    )
    one, other = (torch.cat([images for images, _ in i.test]) for i in (as_written, tuned))
    assert one.shape == (20, 3, 32, 32)
    torch.testing.assert_close(one, other)
    assert torch.equal(as_written.sample, tuned.sample)


def test_decoded_images_are_kept_until_a_file_changes(root: Path, tmp_path: Path) -> None:
    def first_image() -> Tensor:
        data = load(NAME, data=root, cache_dir=cache, variant=Variant.TUNED)
        assert isinstance(data.train, ColorImages)
        return torch.as_tensor(data.train.data[0])

    cache = tmp_path / "cache"
    before = first_image()
    kept = {path: path.stat().st_mtime_ns for path in cache.rglob("*.idx")}
    assert torch.equal(first_image(), before)
    assert kept == {path: path.stat().st_mtime_ns for path in cache.rglob("*.idx")}
    path = root / "train" / CLASSES[0] / "0000.png"
    Image.new("RGB", (32, 32), "red").save(path)
    os.utime(path, ns=(1, 1))
    assert first_image()[0, 0].tolist() == [255, 0, 0]


def test_without_a_cache_folder_images_are_decoded_all_the_same(root: Path) -> None:
    data = load(NAME, data=root, variant=Variant.TUNED)
    assert len(data.train) == 30
    assert "not kept for the next run" in data.warnings[0]
    assert len(data.warnings) == 1


@pytest.mark.parametrize("processes", [1, 2])
def test_processes_decode_in_the_order_of_the_samples(
    root: Path, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    monkeypatch.setattr("runners.worker.data.images._FEW", 5)
    monkeypatch.setattr("runners.worker.data.images._DECODED_AT_A_TIME", 4)
    torch.set_num_threads(processes)
    lazy, decoded = (
        load(NAME, data=root, variant=variant) for variant in (Variant.AS_WRITTEN, Variant.TUNED)
    )
    for index in range(30):
        assert torch.equal(lazy.train[index][0], decoded.train[index][0])
        assert lazy.train[index][1] == decoded.train[index][1]


def damage(root: Path) -> Path:
    path = root / "train" / "dog" / "0001.png"
    path.write_bytes(path.read_bytes()[:60])
    return path


def test_a_broken_image_is_named_when_it_is_decoded(root: Path) -> None:
    path = damage(root)
    with pytest.raises(DamagedError) as caught:
        load(NAME, data=root, variant=Variant.TUNED)
    assert caught.value.message.startswith(f"{path} cannot be read as an image")
    assert "--data generated" in caught.value.remedy


@pytest.mark.parametrize("workers", [0, 1])
def test_a_broken_image_is_named_when_a_loader_reads_it(
    root: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    # torch waits so many seconds for a loader process after an error before it ends it.
    monkeypatch.setattr("torch.utils.data._utils.MP_STATUS_CHECK_INTERVAL", 0.2)
    path = damage(root)
    settings = settings_of(NAME, workers=workers)
    inputs = make_inputs(load(NAME, data=root), RECIPES[NAME], settings, CPU)
    with pytest.raises(DamagedError) as caught:
        list(inputs.train)
    message = caught.value.message
    del caught
    gc.collect()
    assert message.startswith(f"{path} cannot be read as an image")
    assert "\n" not in message


def test_loader_processes_bring_every_image_once(root: Path) -> None:
    settings = settings_of(NAME, workers=2, batch_size=8)
    inputs = make_inputs(load(NAME, data=root), RECIPES[NAME], settings, CPU)
    batches = list(inputs.train)
    assert [len(labels) for _, labels in batches] == [8, 8, 8, 6]
    assert sorted(torch.cat([labels for _, labels in batches]).tolist()) == sorted([*range(10)] * 3)


def test_too_few_classes_are_counted(root: Path) -> None:
    shutil.rmtree(root / "train" / "frog")
    error = failure(root)
    assert error.message == f"{root / 'train'} has 9 class folders, not 10."


def test_an_empty_class_is_named(root: Path) -> None:
    for path in (root / "test" / "frog").iterdir():
        path.rename(path.with_suffix(".gif"))
    assert failure(root).message == f"{root / 'test' / 'frog'} holds no .jpg, .jpeg, .png file."


def test_a_missing_part_is_named(root: Path) -> None:
    shutil.rmtree(root / "test")
    assert failure(root).message == f"There is no folder {root / 'test'}."


def test_classes_that_differ_between_the_parts_are_named(root: Path) -> None:
    (root / "test" / "frog").rename(root / "test" / "toad")
    assert failure(root).message.endswith("frog, toad.")


def test_gray_sets_are_never_taken_from_an_image_folder(root: Path) -> None:
    with pytest.raises(WorkerError, match="does not hold MNIST"):
        load("mlp", data=root)


@pytest.mark.skipif(not REAL.is_file(), reason="the real images are not beside this checkout")
def test_real_images_are_decoded_alike_by_loader_and_cache(tmp_path: Path) -> None:
    with tarfile.open(REAL) as archive:
        members = (member for member in archive if member.isfile())
        for number, member in enumerate(islice(members, 2 * len(CLASSES))):
            part = "train" if number < len(CLASSES) else "test"
            folder = tmp_path / part / CLASSES[number % len(CLASSES)]
            folder.mkdir(parents=True)
            stream = archive.extractfile(member)
            assert stream is not None
            (folder / Path(member.name).name).write_bytes(stream.read())
    lazy, decoded = (
        load(NAME, data=tmp_path, variant=variant)
        for variant in (Variant.AS_WRITTEN, Variant.TUNED)
    )
    assert isinstance(lazy.train, FolderImages)
    assert isinstance(decoded.train, ColorImages)
    for index in range(len(CLASSES)):
        assert torch.equal(lazy.train[index][0], decoded.train[index][0])
