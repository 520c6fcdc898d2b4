"""Bytes of text, real and made."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
import torch
from torch import Tensor

from runners.worker.data import text_made
from runners.worker.data.text import Windows
from runners.worker.errors import WorkerError
from tests.fakes.jobs import load

pytestmark = pytest.mark.torch

NAME = "transformer-50m"
LENGTH = 256


def some_text(root: Path, windows: int) -> bytes:
    """Text of so many windows in two files, and files that are none of it; the whole text."""
    text = text_made.generate(3, windows * LENGTH + 1)
    root.mkdir(parents=True, exist_ok=True)
    (root / "a.txt").write_bytes(text[:700])
    (root / "b.TXT").write_bytes(text[700:])
    (root / ".hidden.txt").write_bytes(b"no" * 1000)
    (root / "notes.md").write_bytes(b"no" * 1000)
    return text


def as_bytes(tokens: Tensor) -> bytes:
    return bytes(tokens.tolist())


def test_windows_lie_one_after_another_and_ask_for_the_next_byte(tmp_path: Path) -> None:
    text = some_text(tmp_path, 40)
    data = load(NAME, data=tmp_path)
    assert (data.source, data.root) == ("real", tmp_path)
    assert (len(data.train), len(data.test)) == (36, 4)
    samples, targets = data.train[2]
    assert isinstance(targets, Tensor)
    assert samples.dtype == targets.dtype == torch.int64
    assert as_bytes(samples) == text[2 * LENGTH : 3 * LENGTH]
    assert as_bytes(targets) == text[2 * LENGTH + 1 : 3 * LENGTH + 1]


def test_the_last_tenth_is_for_testing(tmp_path: Path) -> None:
    text = some_text(tmp_path, 40)
    test = load(NAME, data=tmp_path).test
    assert b"".join(as_bytes(test[i][0]) for i in range(4)) == text[36 * LENGTH : 40 * LENGTH]


def test_all_windows_at_once_are_those_read_one_by_one(tmp_path: Path) -> None:
    some_text(tmp_path, 20)
    part = cast("Windows", load(NAME, data=tmp_path, train_samples=7).train)
    samples, targets = part.all(torch.device("cpu"))
    assert len(part) == len(samples) == 7
    for index in range(7):
        assert torch.equal(samples[index].long(), part[index][0])
        assert torch.equal(targets[index].long(), part[index][1])


def test_a_folder_named_text_comes_first(tmp_path: Path) -> None:
    some_text(tmp_path, 40)
    some_text(tmp_path / "text", 20)
    data = load(NAME, data_dir=tmp_path)
    assert (data.root, len(data.train)) == (tmp_path / "text", 18)


def test_too_little_text_says_how_much_is_needed(tmp_path: Path) -> None:
    (tmp_path / "short.txt").write_bytes(b"x" * 512)
    with pytest.raises(WorkerError, match=r"hold 512 bytes, and two windows take 513\."):
        load(NAME, data=tmp_path)
    (tmp_path / "short.txt").write_bytes(b"x" * 513)
    assert len(load(NAME, data=tmp_path).train) == 1


def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    some_text(tmp_path, 20)
    monkeypatch.setattr(Path, "read_bytes", forbidden)
    with pytest.raises(WorkerError, match=r"a\.txt cannot be read: Permission denied\."):
        load(NAME, data=tmp_path)


def test_no_text_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(WorkerError) as caught:
        load(NAME, data=tmp_path)
    assert f".txt files in {tmp_path / 'text'} and in {tmp_path}" in caught.value.message


def test_text_cannot_be_downloaded(tmp_path: Path) -> None:
    with pytest.raises(WorkerError, match="no text to download") as caught:
        load(NAME, data="download", data_dir=tmp_path)
    assert "--data generated" in caught.value.remedy


def test_the_stand_in_is_kept_and_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_made, "SIZE_BYTES", 10_000)
    first, second = (load(NAME, cache_dir=tmp_path) for _ in range(2))
    assert first.source == "generated"
    assert (len(first.train), len(first.test)) == (36, 3)
    assert torch.equal(first.train[0][0], second.train[0][0])
    assert len(list(tmp_path.rglob("*.txt"))) == 1


def test_the_stand_in_is_the_same_for_the_same_seed_only() -> None:
    assert text_made.generate(1, 5000) == text_made.generate(1, 5000)
    assert text_made.generate(1, 5000) != text_made.generate(2, 5000)
    assert len(text_made.generate(0, 123_457)) == 123_457


def test_what_is_learned_from_some_of_the_stand_in_holds_for_the_rest_but_not_for_all() -> None:
    text = torch.tensor(list(text_made.generate(0, 600_000)))
    history = text[:-3] * 65_536 + text[1:-2] * 256 + text[2:-1]
    keys, places = history.unique(return_inverse=True)
    follows = torch.zeros(len(keys), 256)
    split = 500_000
    follows.index_put_((places[:split], text[3:][:split]), torch.ones(split), accumulate=True)
    guesses = follows.argmax(1)[places[split:]]
    right = (guesses == text[3:][split:]).float().mean().item()
    most_frequent = text.bincount().max().item() / len(text)
    assert most_frequent < 0.2
    assert 0.4 < right < 0.9
