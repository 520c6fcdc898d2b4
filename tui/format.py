"""Numbers to text for the screen: fixed widths, units, and `n/a` for what is unknown."""

from __future__ import annotations

import time

UNKNOWN = "n/a"
GIB = 1024**3
MIB = 1024**2


def pct(value: float | None) -> str:
    """A share in percent, 5 cells: ` 62 %`."""
    return f"{UNKNOWN:>5}" if value is None else f"{value:3.0f} %"


def share(value: float | None) -> str:
    """A share in percent where room is short, 4 cells: ` 62%`."""
    return f"{UNKNOWN:>4}" if value is None else f"{round(value):3d}%"


def gib(value_bytes: int | None, *, of_bytes: int | None = None) -> str:
    """Bytes in GiB; with `of_bytes` as `used/total`, both with the digits the total needs."""
    digits = 2 if (of_bytes or value_bytes or 0) < 10 * GIB else 1
    used = UNKNOWN if value_bytes is None else f"{value_bytes / GIB:.{digits}f}"
    if of_bytes is None:
        return used if value_bytes is None else f"{used} GiB"
    total = f"{of_bytes / GIB:.{digits}f}"
    return f"{used:>{len(total)}}/{total} GiB"


def memory(value_bytes: float | None) -> str:
    """Bytes in MiB below 1 GiB, else in GiB."""
    if value_bytes is None:
        return UNKNOWN
    if value_bytes < GIB:
        return f"{value_bytes / MIB:.0f} MiB"
    return f"{value_bytes / GIB:.1f} GiB"


def celsius(value_c: float | None) -> str:
    """A temperature, 6 cells: ` 54 °C`."""
    return f"{UNKNOWN:>6}" if value_c is None else f"{value_c:3.0f} °C"


def watts(value_w: float | None, *, limit_w: float | None = None) -> str:
    """Power in watts, with a limit as `388/700 W`."""
    power = UNKNOWN if value_w is None else f"{value_w:.0f}"
    if limit_w is None:
        return power if value_w is None else f"{power:>3} W"
    limit = f"{limit_w:.0f}"
    return f"{power:>{len(limit)}}/{limit} W"


def mhz(value_mhz: float | None, *, max_mhz: float | None = None) -> str:
    """A clock in MHz, with its maximum as `1740/1980 MHz`."""
    clock = UNKNOWN if value_mhz is None else f"{value_mhz:.0f}"
    if max_mhz is None:
        return clock if value_mhz is None else f"{clock:>4} MHz"
    return f"{clock:>4}/{max_mhz:.0f} MHz"


def rate(bytes_per_s: float | None) -> str:
    """Bytes a second in decimal units, 10 cells: ` 1.20 GB/s`."""
    if bytes_per_s is None:
        return f"{UNKNOWN:>10}"
    for unit, size in (("GB/s", 1e9), ("MB/s", 1e6)):
        if bytes_per_s >= 0.9995 * size:
            return f"{_three_digits(bytes_per_s / size):>5} {unit}"
    return f"{bytes_per_s / 1e3:5.0f} kB/s"


def short_rate(bytes_per_s: float | None) -> str:
    """Bytes a second where room is short, 5 cells: `1.20G`."""
    if bytes_per_s is None:
        return f"{UNKNOWN:>5}"
    for unit, size in (("G", 1e9), ("M", 1e6)):
        if bytes_per_s >= 0.9995 * size:
            return f"{_three_digits(bytes_per_s / size):>4}{unit}"
    return f"{bytes_per_s / 1e3:4.0f}k"


def energy(value_j: float | None) -> str:
    """Energy with three digits, 7 cells: `1.20 MJ`."""
    if value_j is None:
        return f"{UNKNOWN:>7}"
    for unit, size in (("GJ", 1e9), ("MJ", 1e6), ("kJ", 1e3)):
        if value_j >= 0.9995 * size:
            return f"{_three_digits(value_j / size):>4} {unit}"
    return f"{value_j:5.0f} J"


def held(value_s: float | None) -> str:
    """A time that adds up: `0.4 s`, `38 s`, from 100 s on as a clock shows it, `2:05`."""
    if value_s is None:
        return UNKNOWN
    if value_s >= 99.5:
        return clock(value_s)
    return f"{value_s:.0f} s" if value_s >= 9.95 else f"{value_s:.1f} s"


def time_of_day(wall_time_s: float) -> str:
    """A moment of the wall clock, in local time: `14:02:11`."""
    return time.strftime("%H:%M:%S", time.localtime(wall_time_s))


def seconds(value_s: float | None) -> str:
    """A measured time with three digits: `82.1 ms`, `7.31 s`, `162 s`."""
    if value_s is None:
        return UNKNOWN
    if value_s < 0.9995:
        return f"{_three_digits(value_s * 1e3)} ms"
    return f"{_three_digits(value_s)} s"


def clock(value_s: float | None) -> str:
    """A duration as a clock shows it: `1:12`, `2:05:00`."""
    if value_s is None:
        return UNKNOWN
    minutes, rest = divmod(round(value_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def uptime(value_s: float | None) -> str:
    """A long duration in its two largest units: `3 d 4 h`."""
    if value_s is None:
        return UNKNOWN
    minutes = int(value_s // 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def count(value: float | None) -> str:
    """A number with thousands set apart: `32,787`."""
    return UNKNOWN if value is None else f"{value:,.0f}"


def speed(samples_per_s: float | None) -> str:
    """Samples a second: whole ones from 100 on, else three digits."""
    if samples_per_s is None:
        return UNKNOWN
    return count(samples_per_s) if samples_per_s >= 99.95 else _three_digits(samples_per_s)


def ratio(value: float | None) -> str:
    """A ratio with three digits: `2.34`, `22.5`, `159`."""
    return UNKNOWN if value is None else _three_digits(value)


def accuracy(share: float | None) -> str:
    """A share of right answers in percent, two decimals: `98.71 %`."""
    return UNKNOWN if share is None else f"{100 * share:.2f} %"


def loss(value: float | None) -> str:
    """A loss with three decimals; a diverged one is named so."""
    if value is None:
        return UNKNOWN
    return f"{value:.3f}" if abs(value) < 1e4 else "diverged" if value != value else f"{value:.2e}"


def _three_digits(value: float) -> str:
    if value >= 99.95:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"
