from __future__ import annotations

import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Small tensors on a shared machine: more threads would only wait for one another."""
    torch.set_num_threads(1)
