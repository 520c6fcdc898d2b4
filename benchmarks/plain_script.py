"""fashion-cnn as a person would write it: one file, torchvision, a loader, a loop, prints.

It is what the as-written worker is measured against, so it uses nothing of racetop. Run it
with the folder that holds FashionMNIST/raw:

    python benchmarks/plain_script.py DATA_DIR --epochs 3 --threads 1
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms


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
    )


def make_loader(
    data_dir: str, *, train: bool, samples: int | None, batch_size: int
) -> DataLoader[Any]:
    """Batches of the training or the test set, of its first `samples` where given."""
    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
    data = datasets.FashionMNIST(data_dir, train=train, transform=transform)
    if samples is not None:
        data.data, data.targets = data.data[:samples], data.targets[:samples]
    return DataLoader(data, batch_size=batch_size, shuffle=train)


def train_one_epoch(
    model: nn.Module,
    loader: DataLoader[Any],
    loss_fn: nn.Module,
    optimizer: torch.optim.Optimizer,
    device: torch.device,
) -> tuple[float, float]:
    """Train on all batches once; the mean loss and the share of right answers."""
    model.train()
    loss_sum, right, seen = 0.0, 0, 0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        prediction = model(images)
        loss = loss_fn(prediction, labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        loss_sum += loss.item() * len(labels)
        right += (prediction.argmax(1) == labels).sum().item()
        seen += len(labels)
    return loss_sum / seen, right / seen


def test(model: nn.Module, loader: DataLoader[Any], device: torch.device) -> float:
    """The share of right answers on the test set."""
    model.eval()
    right, seen = 0, 0
    with torch.no_grad():
        for images, labels in loader:
            prediction = model(images.to(device))
            right += (prediction.argmax(1) == labels.to(device)).sum().item()
            seen += len(labels)
    return right / seen


def run(
    data_dir: str, *, samples: int | None, epochs: int, batch_size: int = 100, seed: int = 0
) -> list[float]:
    """Train for some epochs, print each, and return their training times in seconds."""
    torch.manual_seed(seed)
    device = torch.device("cpu")
    train_loader = make_loader(data_dir, train=True, samples=samples, batch_size=batch_size)
    test_loader = make_loader(data_dir, train=False, samples=None, batch_size=batch_size)
    model = make_model().to(device)
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    times_s = []
    for epoch in range(1, epochs + 1):
        start_s = time.perf_counter()
        loss, accuracy = train_one_epoch(model, train_loader, loss_fn, optimizer, device)
        times_s.append(time.perf_counter() - start_s)
        tested = test(model, test_loader, device)
        print(
            f"epoch {epoch}: {times_s[-1]:.3f} s, loss {loss:.4f}, accuracy {accuracy:.4f}, "
            f"test accuracy {tested:.4f}",
            flush=True,
        )
    return times_s


def main() -> None:
    """Read the arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data_dir", help="folder that holds FashionMNIST/raw")
    parser.add_argument("--samples", type=int, help="training samples to use (default: all)")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=100)
    parser.add_argument("--threads", type=int, help="threads of one operator (default: torch's)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    run(
        options.data_dir,
        samples=options.samples,
        epochs=options.epochs,
        batch_size=options.batch_size,
        seed=options.seed,
    )


if __name__ == "__main__":
    main()
