"""Prints one snapshot of this machine as JSON: `python -m sensors`."""

from __future__ import annotations

import json
import sys

from sensors.sampler import take_reading
from sensors.snapshot import snapshot


def main() -> int:
    """Print a snapshot; needs psutil, and nvidia-ml-py for the GPUs."""
    print(json.dumps(snapshot(take_reading()), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
