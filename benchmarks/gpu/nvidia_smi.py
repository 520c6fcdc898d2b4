"""Step: does `nvidia-smi` tell the same of the GPUs as our readings."""

from __future__ import annotations

import csv
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from benchmarks.figures import NotMeasuredError
from benchmarks.gpu.card_fields import take_readings
from benchmarks.gpu.findings import Findings, Setting

_MIB = 1 << 20
_LIMIT_S = 60.0
_UNKNOWN_FIELD = re.compile(r'Field "([^"]+)" is not a valid field')
_NOT_THERE = re.compile(r"^\[.*\]$|^N/A$|^$")

Value: TypeAlias = float | str | None


@dataclass(frozen=True, slots=True)
class Pair:
    """A field of ours and what `nvidia-smi` calls it.

    Attributes:
        ours: Name of the reading's field.
        theirs: Name of the column.
        tolerance: How far the numbers may be apart, as they are not read at the same moment;
            None for text.
        unit: What one of theirs is in our unit.
    """

    ours: str
    theirs: str
    tolerance: float | None = 0
    unit: float = 1


PAIRS = (
    Pair("uuid", "uuid", None),
    Pair("name", "name", None),
    Pair("pci_bus_id", "pci.bus_id", None),
    Pair("memory_total_bytes", "memory.total", _MIB, _MIB),
    Pair("memory_reserved_bytes", "memory.reserved", 64 * _MIB, _MIB),
    Pair("memory_used_bytes", "memory.used", 64 * _MIB, _MIB),
    Pair("temperature_c", "temperature.gpu", 3),
    Pair("memory_temperature_c", "temperature.memory", 3),
    Pair("fan_pct", "fan.speed", 10),
    Pair("power_w", "power.draw", 25),
    Pair("power_limit_w", "enforced.power.limit", 1),
    Pair("sm_clock_mhz", "clocks.sm", 200),
    Pair("sm_clock_max_mhz", "clocks.max.sm"),
    Pair("memory_clock_mhz", "clocks.mem", 200),
    Pair("memory_clock_max_mhz", "clocks.max.mem"),
    Pair("performance_state", "pstate", 2),
    Pair("pcie_generation", "pcie.link.gen.gpucurrent", 4),
    Pair("pcie_width", "pcie.link.width.current"),
    Pair("pcie_generation_max", "pcie.link.gen.max"),
    Pair("pcie_width_max", "pcie.link.width.max"),
    Pair("encoder_pct", "utilization.encoder", 10),
    Pair("decoder_pct", "utilization.decoder", 10),
    Pair("ecc_corrected", "ecc.errors.corrected.volatile.total"),
    Pair("ecc_uncorrected", "ecc.errors.uncorrected.volatile.total"),
)


def check_agreement(_setting: Setting, findings: Findings) -> None:
    """Ask `nvidia-smi` between two looks of our own, and hold the three together."""
    before = take_readings()
    theirs = query(_run)
    after = {gpu.uuid: gpu for gpu in take_readings()}
    lines = ["| GPU | field | ours | nvidia-smi | agrees |", "| --- | --- | --- | --- | --- |"]
    for gpu in before:
        row = theirs.get(gpu.uuid)
        if row is None or gpu.uuid not in after:
            findings.demand(f"GPU {gpu.index} is there", False, found="gone", wanted="in both")
            continue
        for pair in PAIRS:
            ours, other = getattr(gpu, pair.ours), row.get(pair.theirs)
            agrees = is_same(pair, ours, getattr(after[gpu.uuid], pair.ours), other)
            lines.append(
                f"| {gpu.index} | {pair.ours} | {ours} | {other} | {'yes' if agrees else 'NO'} |"
            )
            if not agrees:
                findings.demand(
                    f"GPU {gpu.index}: {pair.ours}", False, found=str(ours), wanted=str(other)
                )
    findings.text += "\n".join(lines) + "\n"
    findings.demand(
        "fields held against nvidia-smi",
        bool(theirs),
        found=f"{len(PAIRS)} of {len(before)} GPUs",
        wanted="all alike",
    )


def is_same(pair: Pair, before: Value, after: Value, theirs: Value) -> bool:
    """Whether our two readings, taken before and after, and theirs agree.

    What they do not tell, we may; what they tell, we must.
    """
    if theirs is None:
        return True
    if before is None and after is None:
        return False
    if pair.tolerance is None:
        return theirs in (before, after)
    ours = [float(value) for value in (before, after) if value is not None]
    return min(ours) - pair.tolerance <= float(theirs) <= max(ours) + pair.tolerance


def query(run: Callable[[Sequence[str]], str]) -> dict[str, Mapping[str, Value]]:
    """What `nvidia-smi` tells of each GPU, by identity, in our units.

    Args:
        run: Runs a command and gives what it prints.

    Raises:
        NotMeasuredError: It cannot be asked.
    """
    columns = [pair.theirs for pair in PAIRS]
    while columns:
        text = run(
            ["nvidia-smi", f"--query-gpu={','.join(columns)}", "--format=csv,noheader,nounits"]
        )
        unknown = _UNKNOWN_FIELD.search(text)
        if unknown is None:
            return _by_uuid(columns, text)
        # Older programs do not know every column.
        columns = [name for name in columns if name != unknown[1]]
    raise NotMeasuredError("nvidia-smi knows none of the columns.")


def _by_uuid(columns: Sequence[str], text: str) -> dict[str, Mapping[str, Value]]:
    units = {pair.theirs: pair for pair in PAIRS}
    found: dict[str, Mapping[str, Value]] = {}
    for cells in csv.reader(text.splitlines(), skipinitialspace=True):
        if len(cells) != len(columns):
            raise NotMeasuredError(f"nvidia-smi answers: {' '.join(text.split())}")
        row = dict(zip(columns, cells, strict=True))
        found[row["uuid"]] = {name: _value(units[name], cell) for name, cell in row.items()}
    return found


def _value(pair: Pair, cell: str) -> Value:
    if _NOT_THERE.match(cell.strip()):
        return None
    if pair.tolerance is None:
        return cell.strip()
    return float(cell.strip().removeprefix("P")) * pair.unit


def _run(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_LIMIT_S, check=False
        )
    except FileNotFoundError:
        raise NotMeasuredError("nvidia-smi is not installed.") from None
    except subprocess.TimeoutExpired:
        raise NotMeasuredError(f"nvidia-smi does not answer within {_LIMIT_S:g} s.") from None
    return done.stdout
