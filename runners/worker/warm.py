"""Imports ahead of a job all that its first step would import, so that it starts at once."""

from __future__ import annotations

import importlib
import os

from runners.worker.libraries import load_torch, load_torchvision

_OURS = ("runners.worker.job", "runners.worker.training", "runners.worker.micro")
# Imported late by torch, torchvision and Pillow themselves: by an optimizer's first step, when
# the first image is opened, when a loader process is started.
_LATE = (
    "PIL.ImageFile",
    "PIL.JpegImagePlugin",
    "PIL.PngImagePlugin",
    "encodings.hex_codec",
    "encodings.idna",
    "multiprocessing.popen_fork",
    "multiprocessing.queues",
    "torch._dynamo",
    "torchvision.models.resnet",
    "torchvision.transforms.v2",
)


def import_everything() -> None:
    """Import all that a job needs; runs no operator, starts no thread, opens no device.

    Raises:
        WorkerError: torch or torchvision is missing or broken.
    """
    # numpy's library starts its threads when imported, and a forked job would lack them.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    load_torch()
    load_torchvision()
    for name in (*_OURS, *_LATE):
        importlib.import_module(name)
