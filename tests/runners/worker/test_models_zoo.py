"""The ResNets: their shapes, what of them is trained, and weights from a file."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from torchvision.models import resnet18

from runners.worker.errors import WorkerError
from runners.worker.models import RECIPES, zoo
from runners.worker.models.resnet63 import resnet63
from runners.worker.network import build
from runners.workloads import JobSettings

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """torchvision's ResNet-18 as a file, the statistics of its normalizations moved."""
    torch.manual_seed(1)
    model = resnet18()
    model(torch.randn(2, 3, 64, 64))
    path = tmp_path_factory.mktemp("weights") / "resnet18.pth"
    torch.save(model.state_dict(), path)
    return path


def settings_with(weights: Path | None) -> JobSettings:
    return JobSettings(
        workload="cifar-resnet18",
        device="cpu",
        batch_size=4,
        epochs=1,
        weights=None if weights is None else str(weights),
    )


def built(weights: Path | None) -> nn.Module:
    network = build(RECIPES["cifar-resnet18"], settings_with(weights), torch.device("cpu"))
    assert network.weights == (None if weights is None else str(weights))
    return network.module


def test_the_body_gives_what_torchvisions_gives_with_the_same_file(weights: Path) -> None:
    model = built(weights).eval()
    assert isinstance(model, zoo.FineTunedResNet18)
    original = resnet18()
    original.load_state_dict(torch.load(weights, weights_only=True))
    original.avgpool, original.fc = nn.Identity(), nn.Identity()
    images = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(model.body(images).flatten(1), original.eval()(images))


def test_without_a_file_the_weights_come_from_the_seed(weights: Path) -> None:
    one, two, loaded = (
        m.state_dict()["body.conv1.weight"] for m in map(built, (None, None, weights))
    )
    assert torch.equal(one, two)
    assert not torch.equal(one, loaded)


def failure(path: Path) -> WorkerError:
    with pytest.raises(WorkerError) as caught:
        built(path)
    assert "--weights" in caught.value.remedy
    return caught.value


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    error = failure(tmp_path / "nothing.pth")
    assert error.message == (
        f"The weights {tmp_path}/nothing.pth cannot be read: No such file or directory."
    )
    assert "Is a directory" in failure(tmp_path).message


@pytest.mark.parametrize("content", [b"", b"words, not weights", b"PK\x03\x04 and no more"])
def test_what_is_no_file_of_weights_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.pth"
    path.write_bytes(content)
    assert "damaged, or is no file of weights" in failure(path).message


def test_a_file_cut_short_is_told(tmp_path: Path, weights: Path) -> None:
    path = tmp_path / "half.pth"
    path.write_bytes(weights.read_bytes()[: 1 << 20])
    assert "damaged" in failure(path).message


class Trap:
    """Makes a folder when an unsafe reader loads it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.mkdir, (self.path,)


def test_nothing_in_a_file_is_run(tmp_path: Path) -> None:
    path, sprung = tmp_path / "trap.pth", tmp_path / "sprung"
    torch.save({"conv1.weight": Trap(sprung)}, path)
    assert "no file of weights" in failure(path).message
    assert not sprung.exists()


@pytest.mark.parametrize("content", [[1, 2], torch.zeros(3)])
def test_a_file_without_a_state_dict_is_told(tmp_path: Path, content: object) -> None:
    path = tmp_path / "list.pth"
    torch.save(content, path)
    assert "holds no state dict" in failure(path).message


@pytest.mark.parametrize("wrong", [None, torch.zeros(64, 1, 7, 7), "text"])
def test_weights_of_another_model_are_told_by_the_first_that_does_not_fit(
    tmp_path: Path, weights: Path, wrong: object
) -> None:
    given = torch.load(weights, weights_only=True)
    if wrong is None:
        del given["conv1.weight"]
    else:
        given["conv1.weight"] = wrong
    path = tmp_path / "other.pth"
    torch.save(given, path)
    assert "conv1.weight does not fit" in failure(path).message


def test_of_the_body_only_normalizations_are_trained() -> None:
    with torch.device("meta"):
        model = zoo.FineTunedResNet18()
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    layers = dict(model.named_modules())
    kinds = {type(layers[name.rpartition(".")[0]]) for name in trained if name.startswith("body.")}
    assert kinds == {nn.BatchNorm2d}
    assert {name for name in trained if name.startswith("head.")} == {
        f"head.{name}"
        for name in ("2.weight", "2.bias", "4.weight", "6.weight", "6.bias", "8.weight")
    }
    fixed = {
        type(layers[name.rpartition(".")[0]]) for name in dict(model.named_parameters())
    } - kinds
    assert nn.Conv2d in fixed


def test_the_head_takes_the_largest_and_the_mean_of_each_channel() -> None:
    with torch.device("meta"):
        pool = zoo.FineTunedResNet18().head[0]
    features = torch.tensor([[[[1.0, 2.0], [3.0, 6.0]], [[0.0, 0.0], [0.0, 4.0]]]])
    assert pool(features).tolist() == [[6.0, 4.0, 3.0, 1.0]]


def test_the_form_for_small_images_keeps_their_size_to_the_first_stage() -> None:
    with torch.device("meta"):
        model = zoo.resnet18_small_images()
    sizes: list[torch.Size] = []
    first = model.get_submodule("layer1")
    first.register_forward_hook(lambda _layer, _inputs, output: sizes.append(output.shape[2:]))
    model(torch.zeros(1, 3, 32, 32, device="meta"))
    assert sizes == [torch.Size((32, 32))]


def test_resnet63_has_63_convolutions_each_with_a_bias() -> None:
    with torch.device("meta"):
        convolutions = [layer for layer in resnet63().modules() if isinstance(layer, nn.Conv2d)]
    assert len(convolutions) == 63
    assert all(layer.bias is not None for layer in convolutions)
    assert [layer.stride for layer in convolutions].count((2, 2)) == 4


def test_resnet63_pads_a_stride_of_two_below_and_to_the_right_only() -> None:
    with torch.device("meta"):
        padded = [layer for layer in resnet63().modules() if isinstance(layer, nn.ZeroPad2d)]
    assert [layer.padding for layer in padded] == [(0, 1, 0, 1)] * 2
    stride_two = nn.Sequential(padded[0], nn.Conv2d(1, 1, 3, 2, bias=False))
    with torch.no_grad():
        for parameter in stride_two.parameters():
            parameter.fill_(1.0)
    # Each output is the sum of 3x3 ones that begins at its own corner; the rim lacks a row.
    assert stride_two(torch.ones(1, 1, 4, 4))[0, 0].tolist() == [[9.0, 6.0], [6.0, 4.0]]


def test_a_torchvision_that_does_not_load_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    with pytest.raises(WorkerError, match="does not fit torch"):
        zoo.resnet50()
