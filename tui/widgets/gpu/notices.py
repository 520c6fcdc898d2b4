"""What a GPU's user should notice: errors of the card, and what holds its clocks down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from sensors.clock_limits import clock_limits
from sensors.gpu_readings import ClockLimit, GpuReading, GpuState, Severity
from tui import format as fmt
from tui.line import Line
from tui.theme import Role

WORTH_TELLING_S = 0.05
_ROLES = {
    Severity.INFORMATION: Role.DIM,
    Severity.WARNING: Role.WARNING,
    Severity.CRITICAL: Role.BAD,
}
_MARKS = {Severity.INFORMATION: "", Severity.WARNING: "! ", Severity.CRITICAL: "!! "}
_SHORT = {
    "application-clocks": "app-clk",
    "power-cap": "pwr-cap",
    "hw-slowdown": "hw-slow",
    "hw-thermal": "hw-hot",
    "sw-thermal": "sw-hot",
    "power-brake": "brake",
    "display-clocks": "display",
    "sync-boost": "sync",
    "board-limit": "board",
    "reliability-limit": "voltage",
}
_SHORT_EARLIER = {
    "power-cap": "(cap)",
    "hw-slowdown": "(slow)",
    "hw-thermal": "(hw-hot)",
    "sw-thermal": "(sw-hot)",
    "power-brake": "(brake)",
    "board-limit": "(board)",
    "reliability-limit": "(volt)",
}
_COUNTED = {limit.name: limit for limit in clock_limits(0x7FF)}


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to notice, in words of several lengths, the longest first."""

    forms: tuple[str, ...]
    role: Role

    def form(self, level: int) -> str:
        """The words of a level, 0 being the longest."""
        return self.forms[min(level, len(self.forms) - 1)]

    def longest_within(self, width: int) -> str:
        """The longest words of at most `width` cells, or the shortest there are."""
        fitting = (form for form in self.forms if cell_len(form) <= width)
        return next(fitting, self.forms[-1])


def state_words(gpu: GpuReading) -> tuple[str, Role]:
    """What to say of a card that gives no readings."""
    since = "" if gpu.state_since_s is None else f" since {fmt.time_of_day(gpu.state_since_s)}"
    if gpu.state is GpuState.ASLEEP:
        return "asleep (power saving): not woken", Role.DIM
    words = "lost" if gpu.state is GpuState.LOST else "does not answer"
    return f"{words}{since}", Role.BAD


def troubles(gpu: GpuReading) -> Iterator[Notice]:
    """Errors of the card that ask for something to be done, the worst first."""
    if gpu.recovery_action:
        action = gpu.recovery_action
        yield Notice((f"the driver asks for: {action}", f"needs {action}", action), Role.BAD)
    if gpu.remap_failed:
        yield Notice(("row remap failed: exchange the card", "remap failed", "bad row"), Role.BAD)
    if gpu.ecc_uncorrected:
        words = f"{_number(gpu.ecc_uncorrected, 'memory error')} not corrected"
        yield Notice((words, f"ECC {fmt.count(gpu.ecc_uncorrected)}"), Role.BAD)
    if gpu.last_xid:
        at = "" if gpu.last_xid_at_s is None else f" at {fmt.time_of_day(gpu.last_xid_at_s)}"
        forms = (f"driver error Xid {gpu.last_xid}{at}", f"Xid {gpu.last_xid}")
        yield Notice(forms, Role.BAD)
    if gpu.remap_pending:
        yield Notice(("row remap pending: reset the card", "remap"), Role.WARNING)


def mended(gpu: GpuReading) -> Iterator[Notice]:
    """Errors of the card that were dealt with."""
    if gpu.ecc_corrected:
        words = f"{_number(gpu.ecc_corrected, 'memory error')} corrected"
        yield Notice((words, f"ECC {fmt.count(gpu.ecc_corrected)} ok"), Role.WARNING)
    if gpu.remapped_rows:
        yield Notice((f"{_number(gpu.remapped_rows, 'row')} remapped",), Role.WARNING)


def _number(count: int, what: str) -> str:
    return f"{fmt.count(count)} {what}{'' if count == 1 else 's'}"


def limits(gpu: GpuReading, held_s: Mapping[str, float]) -> Iterator[Notice]:
    """What holds the clocks now, then what held them since racetop opened.

    Args:
        gpu: The card.
        held_s: Seconds since racetop opened by the limit's name.
    """
    current = gpu.clock_limits or ()
    for limit in current:
        yield _current(limit, held_s.get(limit.name))
    names = {limit.name for limit in current}
    for name, known in _COUNTED.items():
        seconds = held_s.get(name, 0.0)
        if name in names or seconds < WORTH_TELLING_S:
            continue
        if known.severity is not Severity.INFORMATION:
            yield _earlier(known, seconds)


def _current(limit: ClockLimit, held_s: float | None) -> Notice:
    mark = _MARKS[limit.severity]
    told = held_s is not None and held_s >= WORTH_TELLING_S
    held = f" {fmt.held(held_s)}" if told else ""
    texts = (f"{limit.text}{held}", f"{limit.name}{held}", limit.name)
    short = _SHORT.get(limit.name, limit.name)
    return Notice((*(mark + text for text in texts), short), _ROLES[limit.severity])


def _earlier(limit: ClockLimit, held_s: float) -> Notice:
    held, name = fmt.held(held_s), limit.name
    role = Role.BAD if limit.severity is Severity.CRITICAL else Role.TEXT
    long_forms = (f"earlier {limit.text} {held}", f"earlier {name} {held}", f"({name} {held})")
    return Notice((*long_forms, _SHORT_EARLIER.get(name, f"({name})")), role)


def add_notices(line: Line, notices: Sequence[Notice], width: int) -> Line:
    """Append notices within `width` cells, in the longest words in which all of them fit.

    Where not even the shortest do, the first ones are shown and the others counted.
    """
    for level in range(4):
        texts = [notice.form(level) for notice in notices]
        if sum(map(cell_len, texts)) + 2 * (len(texts) - 1) <= width:
            return _joined(line, texts, notices)
    shown, texts = 1, [notices[0].longest_within(width - len(" +9"))]
    room = width - len(" +9") - cell_len(texts[0])
    while shown < len(notices) and cell_len(notices[shown].form(3)) + 2 <= room:
        texts.append(notices[shown].form(3))
        room -= cell_len(texts[-1]) + 2
        shown += 1
    _joined(line, texts, notices)
    return line.add(f" +{len(notices) - shown}", Role.DIM) if shown < len(notices) else line


def _joined(line: Line, texts: Sequence[str], notices: Sequence[Notice]) -> Line:
    for number, (text, notice) in enumerate(zip(texts, notices, strict=False)):
        line.add(", " if number else "", Role.DIM).add(text, notice.role)
    return line
