from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import torch

from runners.events import ErrorKind
from runners.worker.data import idx, image_sources, sets
from runners.worker.data.images import VisionSet
from runners.worker.data.vision import IDX_FILES, LAYOUTS
from runners.worker.errors import WorkerError
from runners.worker.models import RECIPES
from runners.workloads import JobSettings
from runners.workloads.catalogue import CATALOGUE
from tests.fakes.image_sets import make_set, pack, small_stand_ins

pytestmark = pytest.mark.torch

RAW = LAYOUTS["MNIST"].folder
REAL = Path(__file__).parents[4] / ".." / "shared" / "data"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_set(tmp_path / "data", "MNIST", train=60, test=20)


@pytest.fixture
def few_generated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Generated sets of a size that suits a test."""
    small_stand_ins(monkeypatch, train=60, test=20)


def load(
    *,
    data: str | Path = "auto",
    data_dir: Path | None = None,
    cache_dir: Path | None = None,
    train_samples: int | None = None,
    seed: int = 0,
) -> sets.DataSet:
    settings = JobSettings(
        workload="mlp",
        device="cpu",
        batch_size=10,
        epochs=1,
        seed=seed,
        data=str(data),
        data_dir=str(data_dir) if data_dir else None,
        cache_dir=str(cache_dir) if cache_dir else None,
        train_samples=train_samples,
    )
    return sets.load(CATALOGUE["mlp"], RECIPES["mlp"], settings)


def images(data: sets.DataSet) -> VisionSet:
    return cast("VisionSet", data.train)


def pixels(data: sets.DataSet) -> torch.Tensor:
    return torch.as_tensor(images(data).data)


def failure(**arguments: Path | str | int) -> WorkerError:
    with pytest.raises(WorkerError) as caught:
        load(**arguments)  # type: ignore[arg-type]
    assert caught.value.kind is ErrorKind.DATA_MISSING
    return caught.value


def test_a_named_folder_is_read_as_it_is(root: Path) -> None:
    data = load(data=root)
    assert (data.source, data.root, data.warnings) == ("real", root, ())
    assert (len(data.train), len(data.test)) == (60, 20)
    image, label = data.train[0]
    assert image.shape == (1, 28, 28)
    assert label == images(data).targets[0]


def test_a_named_folder_without_the_set_is_an_error_that_says_what_was_looked_for(
    tmp_path: Path,
) -> None:
    error = failure(data=tmp_path)
    assert str(tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte") in error.message
    assert "--data generated" in error.remedy


def test_a_folder_that_is_not_there_is_told_as_such(tmp_path: Path) -> None:
    assert failure(data=tmp_path / "nowhere").message == f"There is no folder {tmp_path}/nowhere."


def test_auto_takes_the_real_set_where_it_is(root: Path, tmp_path: Path) -> None:
    assert load(data_dir=root, cache_dir=tmp_path / "cache").source == "real"


@pytest.mark.usefixtures("few_generated")
def test_auto_falls_back_on_generated_data_that_is_kept_and_the_same_next_time(
    tmp_path: Path,
) -> None:
    cache = tmp_path / "cache"
    first = load(data_dir=tmp_path, cache_dir=cache)
    written = {path: path.stat().st_mtime_ns for path in cache.rglob("*ubyte")}
    second = load(data_dir=tmp_path, cache_dir=cache)
    assert first.source == second.source == "generated"
    assert len(written) == 4
    assert written == {path: path.stat().st_mtime_ns for path in cache.rglob("*ubyte")}
    assert torch.equal(pixels(first), pixels(second))
    assert not torch.equal(pixels(first), pixels(load(cache_dir=cache, seed=1)))


@pytest.mark.usefixtures("few_generated")
def test_without_a_usable_cache_data_is_made_all_the_same_and_nothing_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    for cache in (None, in_the_way):
        data = load(data="generated", cache_dir=cache)
        assert len(data.train) == 60
        assert "not kept for the next run" in data.warnings[0]
    assert list(tmp_path.iterdir()) == [in_the_way]


@pytest.mark.usefixtures("few_generated")
def test_a_disk_that_is_full_everywhere_is_told_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_path: Path, _values: torch.Tensor) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(idx, "write", full)
    error = failure(data="generated", cache_dir=tmp_path)
    assert error.message.endswith("No space left on device.")
    assert "disk space" in error.remedy
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_packed_files_are_unpacked_once_into_the_cache(root: Path, tmp_path: Path) -> None:
    plain = load(data=root)
    pack(root, "MNIST")
    cache = tmp_path / "cache"
    first, second = load(data=root, cache_dir=cache), load(data=root, cache_dir=cache)
    assert first.root == second.root
    assert cache in first.root.parents
    assert torch.equal(pixels(first), pixels(plain))
    assert not (root / RAW / IDX_FILES[0]).exists()


def test_a_packed_file_that_is_cut_short_is_named(root: Path, tmp_path: Path) -> None:
    pack(root, "MNIST")
    packed = root / RAW / "t10k-images-idx3-ubyte.gz"
    packed.write_bytes(packed.read_bytes()[:-100])
    assert str(packed) in failure(data=root, cache_dir=tmp_path / "cache").message
    assert not list((tmp_path / "cache").rglob("*ubyte"))


def test_a_file_that_is_cut_short_is_named_with_both_sizes(root: Path) -> None:
    path = root / RAW / "train-images-idx3-ubyte"
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    message = failure(data=root).message
    assert str(path) in message
    assert f"{len(whole) - 5} bytes and should have {len(whole)}" in message


def test_a_file_of_another_kind_is_named(root: Path) -> None:
    path = root / RAW / "train-labels-idx1-ubyte"
    path.write_bytes(gzip.compress(b"not what it should be"))
    assert failure(data=root).message == f"{path} is not an idx file of bytes."


def test_labels_that_do_not_match_the_images_are_named(root: Path) -> None:
    path = root / RAW / "train-labels-idx1-ubyte"
    idx.write(path, torch.zeros(59, dtype=torch.uint8))
    assert failure(data=root).message == f"{path} has 59 labels for 60 images."


def test_a_damaged_set_is_never_replaced_by_generated_data(root: Path) -> None:
    (root / RAW / "t10k-labels-idx1-ubyte").write_bytes(b"")
    assert "t10k-labels" in failure(data="auto", data_dir=root).message


def test_a_part_of_the_samples_is_the_first_ones(root: Path) -> None:
    part, whole = load(data=root, train_samples=25), load(data=root)
    assert len(part.train) == 25
    assert torch.equal(pixels(part), pixels(whole)[:25])
    assert part.train_in_set == whole.train_in_set == 60


def test_more_samples_than_there_are_is_an_error_that_says_how_many_there_are(root: Path) -> None:
    error = failure(data=root, train_samples=61)
    assert error.message == "--train-samples 61 is more than the set has: 60."
    # By this a diagnosis knows that fewer samples would do.
    assert error.kind is ErrorKind.DATA_MISSING
    assert "--train-samples" in error.remedy


def test_a_download_needs_a_folder_to_keep_it() -> None:
    assert "RACETOP_DATA" in failure(data="download").remedy


def reader_of_mnist(monkeypatch: pytest.MonkeyPatch, reader: Callable[..., Any]) -> None:
    layout = replace(LAYOUTS["MNIST"], reader=reader)
    monkeypatch.setattr(image_sources, "LAYOUTS", {**LAYOUTS, "MNIST": layout})


def test_a_download_says_first_what_it_fetches_and_explains_a_failing_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_network(_root: str, *, download: bool) -> None:
        assert download
        assert "MNIST (about 11 MiB)" in capsys.readouterr().out
        raise RuntimeError("Error downloading\nno route")

    reader_of_mnist(monkeypatch, no_network)
    error = failure(data="download", data_dir=tmp_path)
    assert error.message.endswith("Error downloading no route")
    assert "network" in error.remedy


def test_a_download_leaves_the_set_where_auto_finds_it(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(scratch: str, *, download: bool) -> None:
        assert download
        make_set(Path(scratch), "MNIST", train=60, test=20)

    target = tmp_path / "target"
    reader_of_mnist(monkeypatch, fetch)
    assert load(data="download", data_dir=target).source == "real"
    assert sorted(path.name for path in (target / RAW).iterdir()) == sorted(IDX_FILES)
    assert torch.equal(pixels(load(data_dir=target)), pixels(load(data=root)))


@pytest.mark.skipif(not REAL.is_dir(), reason="the real MNIST is not beside this checkout")
def test_the_real_mnist_is_unpacked_and_whole(tmp_path: Path) -> None:
    data = load(data=REAL, cache_dir=tmp_path)
    assert (data.source, len(data.train), len(data.test)) == ("real", 60_000, 10_000)
    assert images(data).targets[:5].tolist() == [5, 0, 4, 1, 9]
