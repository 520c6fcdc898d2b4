"""The comparisons that people did by hand, each by its command, for real on little data."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.image_sets import make_image_folder

pytestmark = [pytest.mark.torch, pytest.mark.slow]

ROOT = Path(__file__).parents[3]
LITTLE = ("--devices", "cpu", "--threads", "1", "--data", "generated", "--quiet")
FEW = ("--train-samples", "192", "--test-samples", "64")


def table(home: Path, *arguments: str) -> str:
    """What `racetop compare` prints."""
    done = subprocess.run(
        [sys.executable, "-m", "tui", "compare", *arguments],
        cwd=home,
        env={**os.environ, "HOME": str(home), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def row(text: str, start: str) -> list[str]:
    """The first line that starts so, as words after it."""
    line = next(line for line in text.splitlines() if line.startswith(start))
    return line.removeprefix(start).split()


def test_an_mnist_cnn_gets_its_rows_down_to_each_layer(home: Path) -> None:
    text = table(
        home, "mnist-cnn", *LITTLE, *FEW, "--epochs", "2", "--layers", "--report", "metrics"
    )
    for start in ("total training time", "test accuracy", "single-sample latency", "model build"):
        words = row(text, start)
        assert any(word[0].isdecimal() for word in words), words
        assert "n/a" not in words[:3]
    assert "Conv2d" in text


def test_training_calls_are_timed_one_by_one(home: Path) -> None:
    settings = ("--batch-size", "2", "--epochs", "3", "--trials", "2", "--variant", "as-written")
    text = table(home, "resnet63", *LITTLE, *settings)
    assert len([word for word in row(text, "cpu    1") if word == "/"]) == 3
    assert len([word for word in row(text, "cpu    2") if word == "/"]) == 3
    assert row(text, "steady call, wall s")
    assert "GFLOP/s" in text


def test_a_mnist_network_gets_its_four_columns(home: Path) -> None:
    text = table(home, "mlp", *LITTLE, *FEW, "--epochs", "2", "--report", "summary", "--markdown")
    lines = text.splitlines()
    header = next(place for place, line in enumerate(lines) if line.startswith("| Device |"))
    device, epochs, total, accuracy = lines[header + 2].strip("| ").split(" | ")
    assert device.startswith("cpu")
    assert (epochs, total.split()[1], accuracy.split()[1]) == ("2", "s", "%")


def test_batch_sizes_on_images_in_folders_get_their_relative_speeds(home: Path) -> None:
    folder = make_image_folder(home / "images", train=10, test=2)
    settings = ("--batch-size", "16,32,64", "--epochs", "2", "--variant", "as-written")
    text = table(home, "cifar-resnet18", *LITTLE[:-3], "--data", str(folder), "--quiet", *settings)
    assert "CIFAR10 (real)" in text
    assert "1.00x" in text
    assert len([line for line in text.splitlines() if "MiB" in line and "x" in line]) == 3


def test_a_ladder_of_models_gets_a_row_for_each(home: Path) -> None:
    settings = (*FEW, "--epochs", "2", "--variant", "as-written,tuned")
    text = table(home, "mlp,fashion-cnn,mnist-cnn", *LITTLE, *settings)
    for start in ("mlp  ", "fashion-cnn  ", "mnist-cnn  "):
        assert any(word.endswith("x") for word in row(text, start)), text


def test_micro_tasks_are_timed_by_call(home: Path) -> None:
    text = table(home, "matmul", *LITTLE, "--epochs", "3", "--report", "calls")
    assert len([word for word in row(text, "cpu    1") if word == "/"]) == 3
