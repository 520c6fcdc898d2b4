from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import torch

from runners.events import ErrorKind
from runners.worker import datasets, generator, idx
from runners.worker.errors import WorkerError
from runners.workloads import JobSettings
from tests.fakes.image_sets import make_set, pack

pytestmark = pytest.mark.torch

REAL = Path(__file__).parents[3] / ".." / "shared" / "data"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_set(tmp_path / "data", "MNIST", train=60, test=20)


@pytest.fixture
def few_generated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Generated sets of a size that suits a test."""
    monkeypatch.setattr(generator, "TRAIN_SAMPLES", 60)
    monkeypatch.setattr(generator, "TEST_SAMPLES", 20)


def load(
    *,
    data: str | Path = "auto",
    data_dir: Path | None = None,
    cache_dir: Path | None = None,
    train_samples: int | None = None,
    seed: int = 0,
) -> datasets.DataSet:
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
    return datasets.load("MNIST", settings, mean=(0.5,), std=(0.5,))


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
    assert label == data.train.targets[0]


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
    assert torch.equal(first.train.data, second.train.data)
    assert not torch.equal(first.train.data, load(cache_dir=cache, seed=1).train.data)


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


def test_packed_files_are_unpacked_once_into_the_cache(root: Path, tmp_path: Path) -> None:
    plain = load(data=root)
    pack(root, "MNIST")
    cache = tmp_path / "cache"
    first, second = load(data=root, cache_dir=cache), load(data=root, cache_dir=cache)
    assert first.root == second.root
    assert cache in first.root.parents
    assert torch.equal(first.train.data, plain.train.data)
    assert not idx.missing_files(root, "MNIST", ".gz")
    assert idx.missing_files(root, "MNIST")


def test_a_packed_file_that_is_cut_short_is_named(root: Path, tmp_path: Path) -> None:
    pack(root, "MNIST")
    packed = idx.folder(root, "MNIST") / "t10k-images-idx3-ubyte.gz"
    packed.write_bytes(packed.read_bytes()[:-100])
    assert str(packed) in failure(data=root, cache_dir=tmp_path / "cache").message
    assert not list((tmp_path / "cache").rglob("*ubyte"))


def test_a_file_that_is_cut_short_is_named_with_both_sizes(root: Path) -> None:
    path = idx.folder(root, "MNIST") / "train-images-idx3-ubyte"
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    message = failure(data=root).message
    assert str(path) in message
    assert f"{len(whole) - 5} bytes and should have {len(whole)}" in message


def test_a_file_of_another_kind_is_named(root: Path) -> None:
    path = idx.folder(root, "MNIST") / "train-labels-idx1-ubyte"
    path.write_bytes(gzip.compress(b"not what it should be"))
    assert failure(data=root).message == f"{path} is not an idx file of bytes."


def test_labels_that_do_not_match_the_images_are_named(root: Path) -> None:
    path = idx.folder(root, "MNIST") / "train-labels-idx1-ubyte"
    idx.write(path, torch.zeros(59, dtype=torch.uint8))
    assert failure(data=root).message == f"{path} has 59 labels for 60 images."


def test_a_damaged_set_is_never_replaced_by_generated_data(root: Path) -> None:
    (idx.folder(root, "MNIST") / "t10k-labels-idx1-ubyte").write_bytes(b"")
    assert "t10k-labels" in failure(data="auto", data_dir=root).message


def test_a_part_of_the_samples_is_the_first_ones(root: Path) -> None:
    part, whole = load(data=root, train_samples=25), load(data=root)
    assert len(part.train) == 25
    assert torch.equal(part.train.data, whole.train.data[:25])


def test_more_samples_than_there_are_is_an_error_that_says_how_many_there_are(root: Path) -> None:
    error = failure(data=root, train_samples=61)
    assert error.message == "--train-samples 61 is more than the set has: 60."


def test_a_download_needs_a_folder_to_keep_it() -> None:
    assert "RACETOP_DATA" in failure(data="download").remedy


def test_a_download_says_first_what_it_fetches_and_explains_a_failing_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_network(_root: str, *, download: bool) -> None:
        assert download
        assert "MNIST (about 11 MiB)" in capsys.readouterr().out
        raise RuntimeError("Error downloading\nno route")

    monkeypatch.setattr(datasets, "type_of", {"MNIST": no_network})
    error = failure(data="download", data_dir=tmp_path)
    assert error.message.endswith("Error downloading no route")
    assert "network" in error.remedy


def test_a_download_leaves_the_set_where_auto_finds_it(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "target"

    def fetch(scratch: str, *, train: bool = True, download: bool = False, **_: object) -> object:
        if download:
            make_set(Path(scratch), "MNIST", train=60, test=20)
        return real(scratch, train=train) if not download else None

    real = datasets.type_of["MNIST"]
    monkeypatch.setattr(datasets, "type_of", {"MNIST": fetch})
    assert load(data="download", data_dir=target).source == "real"
    assert sorted(path.name for path in idx.folder(target, "MNIST").iterdir()) == sorted(idx.FILES)
    assert torch.equal(load(data_dir=target).train.data, load(data=root).train.data)


@pytest.mark.skipif(not REAL.is_dir(), reason="the real MNIST is not beside this checkout")
def test_the_real_mnist_is_unpacked_and_whole(tmp_path: Path) -> None:
    data = load(data=REAL, cache_dir=tmp_path)
    assert (data.source, len(data.train), len(data.test)) == ("real", 60_000, 10_000)
    assert data.train.targets[:5].tolist() == [5, 0, 4, 1, 9]
