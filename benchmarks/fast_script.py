"""fashion-cnn in one file, as fast as a plain loop gets on a CPU: what tuned is measured against.

All images lie scaled in memory, a batch is cut out by index, convolutions are channels-last, the
optimizer is fused, and nothing is read from a tensor within an epoch. It uses nothing of racetop.
Run it with the folder that holds FashionMNIST/raw:

    python benchmarks/fast_script.py DATA_DIR --samples 12000 --epochs 3 --threads 1
"""

from __future__ import annotations

import argparse
import time

import torch
from torch import Tensor, nn
from torchvision import datasets


def make_model() -> nn.Module:
    """The network: two convolutions, two linear layers."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(256, 128),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(128, 10),
    ).to(memory_format=torch.channels_last)


def train_one_epoch(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    optimizer: torch.optim.Optimizer,
    batch_size: int,
) -> tuple[float, float]:
    """Train on all images once; the mean loss and the share of right answers."""
    loss_sum, right = torch.zeros(()), torch.zeros((), dtype=torch.int64)
    for chosen in torch.randperm(len(labels)).split(batch_size):
        batch, targets = images.index_select(0, chosen), labels.index_select(0, chosen)
        prediction = model(batch)
        loss = nn.functional.cross_entropy(prediction, targets)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        loss_sum += loss.detach() * len(targets)
        right += (prediction.argmax(1) == targets).sum()
    return loss_sum.item() / len(labels), right.item() / len(labels)


def run(data_dir: str, *, samples: int | None, epochs: int, batch_size: int) -> None:
    """Train for some epochs and print each."""
    torch.manual_seed(0)
    data = datasets.FashionMNIST(data_dir, train=True)
    images = data.data[:samples].unsqueeze(1).float().div_(255).sub_(0.5).div_(0.5)
    labels = data.targets[:samples]
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001, fused=True)
    model.train()
    for epoch in range(1, epochs + 1):
        start_s = time.perf_counter()
        loss, accuracy = train_one_epoch(model, images, labels, optimizer, batch_size)
        took_s = time.perf_counter() - start_s
        print(
            f"epoch {epoch}: {took_s:.3f} s, loss {loss:.4f}, accuracy {accuracy:.4f}", flush=True
        )


def main() -> None:
    """Read the arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data_dir", help="folder that holds FashionMNIST/raw")
    parser.add_argument("--samples", type=int, help="training samples to use (default: all)")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=100)
    parser.add_argument("--threads", type=int, help="threads of one operator (default: torch's)")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    run(
        options.data_dir,
        samples=options.samples,
        epochs=options.epochs,
        batch_size=options.batch_size,
    )


if __name__ == "__main__":
    main()
