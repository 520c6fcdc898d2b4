"""Imports torch and torchvision, and says what to do where that fails."""

from __future__ import annotations

import importlib
import sys
from importlib import metadata

from runners.events import ErrorKind
from runners.worker.errors import WorkerError

_REINSTALL_BOTH = "Install the two together: pip install --force-reinstall torch torchvision"


def load_torch() -> None:
    """Import torch.

    Raises:
        WorkerError: It is missing or broken.
    """
    try:
        importlib.import_module("torch")
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise _broken_torch(error) from error
        raise WorkerError(
            ErrorKind.TORCH_MISSING,
            f"torch is not installed for {sys.executable}.",
            "pip install torch torchvision",
        ) from error
    except (ImportError, OSError) as error:
        raise _broken_torch(error) from error


def load_torchvision() -> None:
    """Import torchvision.

    Raises:
        WorkerError: It is missing or does not fit torch.
    """
    try:
        importlib.import_module("torchvision.datasets")
    except ModuleNotFoundError as error:
        if error.name != "torchvision":
            raise _misfit(error) from error
        raise WorkerError(
            ErrorKind.TORCHVISION_MISMATCH,
            f"torchvision is not installed for {sys.executable}; it reads the data sets.",
            "pip install torchvision",
        ) from error
    except (ImportError, RuntimeError, AttributeError, OSError) as error:
        raise _misfit(error) from error


def version_of(distribution: str) -> str | None:
    """The installed version of a distribution; None where it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _broken_torch(error: Exception) -> WorkerError:
    return WorkerError(
        ErrorKind.TORCH_MISSING,
        f"torch is installed but does not load: {error}",
        _REINSTALL_BOTH,
    )


def _misfit(error: Exception) -> WorkerError:
    return WorkerError(
        ErrorKind.TORCHVISION_MISMATCH,
        f"torchvision {version_of('torchvision')} does not fit torch {version_of('torch')}: "
        f"{error}",
        _REINSTALL_BOTH,
    )
