"""CIFAR-10 as torchvision keeps it, and its stand-in."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from runners.worker.data import images_made, sets
from runners.worker.data.images import ColorImages
from runners.worker.data.images_made import generate
from runners.worker.errors import WorkerError
from runners.worker.inputs import make_inputs
from runners.worker.models import RECIPES
from runners.workloads import Variant
from tests.fakes.image_sets import make_cifar, pack_cifar, small_stand_ins
from tests.fakes.jobs import load, settings_of

pytestmark = pytest.mark.torch


def pixels(data: sets.DataSet) -> torch.Tensor:
    return torch.as_tensor(data.train.data)  # type: ignore[union-attr]


def test_pickled_batches_are_read_by_torchvision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_cifar(tmp_path, monkeypatch)
    data = load("resnet50", data=tmp_path)
    assert (data.source, data.name, data.root) == ("real", "CIFAR10", tmp_path)
    assert (len(data.train), len(data.test)) == (40, 8)
    image, label = data.train[3]
    assert (image.shape, label) == ((3, 32, 32), 3)


def test_the_packed_form_is_unpacked_once_into_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, cache = tmp_path / "data", tmp_path / "cache"
    make_cifar(root, monkeypatch)
    plain = load("resnet50", data=root)
    pack_cifar(root)
    first, second = (load("resnet50", data=root, cache_dir=cache) for _ in range(2))
    assert first.root == second.root
    assert cache in first.root.parents
    assert torch.equal(pixels(first), pixels(plain))


def test_what_is_there_in_whatever_form_is_not_downloaded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_cifar(tmp_path, monkeypatch)
    pack_cifar(tmp_path)
    data = load("resnet50", data="download", data_dir=tmp_path, cache_dir=tmp_path / "cache")
    assert len(data.train) == 40
    assert "Downloading" not in capsys.readouterr().out


@pytest.mark.parametrize("variant", [Variant.TUNED, Variant.IDEAL])
def test_all_variants_see_the_same_pixels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variant: Variant
) -> None:
    make_cifar(tmp_path, monkeypatch)
    passes = []
    for one in (Variant.AS_WRITTEN, variant):
        settings = settings_of("resnet50", variant=one)
        data = load("resnet50", data=tmp_path, variant=one, train_samples=25)
        inputs = make_inputs(data, RECIPES["resnet50"], settings, torch.device("cpu"))
        images, labels = zip(*inputs.test, strict=True)
        passes.append((torch.cat(images), torch.cat(labels)))
        assert sorted(len(labels) for _, labels in inputs.train) == [5, 10, 10]
    torch.testing.assert_close(passes[0], passes[1])


def test_a_packed_file_that_is_cut_short_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_cifar(tmp_path, monkeypatch)
    packed = pack_cifar(tmp_path)
    packed.write_bytes(packed.read_bytes()[:-500])
    with pytest.raises(WorkerError, match=packed.name):
        load("resnet50", data=tmp_path, cache_dir=tmp_path / "cache")


def test_a_changed_file_is_named_and_never_unpickled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_cifar(tmp_path, monkeypatch) / "data_batch_4"
    path.write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    with pytest.raises(WorkerError, match="data_batch_4 is damaged") as caught:
        load("resnet50", data=tmp_path)
    assert "--data generated" in caught.value.remedy


def test_its_absence_names_each_form_that_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(WorkerError) as caught:
        load("resnet50", data=tmp_path)
    for form in ("data_batch_1", "cifar-10-python.tar.gz", str(tmp_path / "train")):
        assert form in caught.value.message


def test_the_stand_in_has_its_form_and_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_stand_ins(monkeypatch, train=60, test=20)
    first = load("resnet50", data="generated", cache_dir=tmp_path)
    monkeypatch.setattr(images_made, "generate", None)
    second = load("resnet50", data="generated", cache_dir=tmp_path)
    assert (first.source, len(first.train), len(first.test)) == ("generated", 60, 20)
    assert isinstance(first.train, ColorImages)
    assert torch.equal(pixels(first), pixels(second))
    image, label = first.train[7]
    assert (image.shape, label) == ((3, 32, 32), int(generate("CIFAR10", 0, 8)[1][7]))
