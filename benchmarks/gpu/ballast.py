"""Holds a GPU's memory until its standard input ends: `python -m benchmarks.gpu.ballast ...`."""

from __future__ import annotations

import sys

import torch

from runners.worker.lifeline import die_with_parent

_PIECE_BYTES = 256 << 20


def main(device: str, leave_bytes: int) -> None:
    """Take memory piece by piece until only so much is free; say `full`, then wait."""
    die_with_parent()
    torch_device = torch.device(device)
    held = []
    while torch.cuda.mem_get_info(torch_device)[0] > leave_bytes + _PIECE_BYTES:
        held.append(torch.empty(_PIECE_BYTES, dtype=torch.uint8, device=torch_device))
    print("full", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
