"""What the next readings are to hold beside the usual."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody looks at just now, so that nothing dear is read for nobody.

    Attributes:
        own_pids: Processes to list in any case.
        all_processes: Whether to list every process of the host; else the busiest only.
        gpu_profile: Whether to measure the GPUs' inner activity (GPM).
        processes: Whether to list processes at all.
    """

    own_pids: frozenset[int] = frozenset()
    all_processes: bool = False
    gpu_profile: bool = False
    processes: bool = True


NOTHING_MORE = Wanted()
