"""The command `racetop`, also as `python -m tui`."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Run the command line and return its exit status."""
    _replace_closed_streams()
    from tui.cli import run

    return run(sys.argv[1:])


def _replace_closed_streams() -> None:
    """Let streams that were closed lead nowhere, and no file of ours take their places."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


if __name__ == "__main__":
    sys.exit(main())
