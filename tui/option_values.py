"""From the text of an option to its value. Pure."""

from __future__ import annotations

import math
from argparse import ArgumentTypeError
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from runners.devices import parse_device
from runners.loader_options import START_METHODS
from runners.spec import UsageError

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
_SECONDS = {"s": 1, "m": 60, "h": 3600}
# Far above anything there is, and small enough for whatever counts with it.
_MOST = 10**18
_YES_NO = {"yes": True, "no": False}


def list_of(parse: Callable[[str], T]) -> Callable[[str], tuple[T, ...]]:
    """Reads values with commas between."""

    def parse_list(text: str) -> tuple[T, ...]:
        parts = [part.strip() for part in text.split(",")]
        if not all(parts):
            raise ArgumentTypeError(f"'{text}' has an empty entry")
        return tuple(parse(part) for part in parts)

    return parse_list


def one_of(kind: type[E]) -> Callable[[str], E]:
    """Reads one of an enumeration's values."""

    def parse(text: str) -> E:
        try:
            return kind(text)
        except ValueError:
            known = ", ".join(member.value for member in kind)
            raise ArgumentTypeError(f"'{text}' is none of: {known}") from None

    return parse


def device(text: str) -> str:
    """Reads a device in torch's spelling."""
    try:
        return parse_device(text)
    except UsageError as error:
        raise ArgumentTypeError(str(error)) from None


def start_method(text: str) -> str:
    """Reads how loader processes start."""
    if text not in START_METHODS:
        raise ArgumentTypeError(f"'{text}' is none of: {', '.join(START_METHODS)}")
    return text


def yes_no(text: str) -> bool:
    """Reads `yes` or `no`."""
    try:
        return _YES_NO[text]
    except KeyError:
        raise ArgumentTypeError(f"'{text}' is neither yes nor no") from None


def seconds(text: str) -> float:
    """Reads a time such as `90s`, `10m` or `1h`."""
    number, unit = (text[:-1], text[-1]) if text[-1:] in _SECONDS else (text, "s")
    try:
        value_s = float(number) * _SECONDS[unit]
    except ValueError:
        value_s = math.nan
    if not 0 < value_s < math.inf:
        raise ArgumentTypeError(f"'{text}' is no time such as 90s, 10m or 1h")
    return value_s


def percent(text: str) -> float:
    """Reads a percentage."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < 100:
        raise ArgumentTypeError(f"'{text}' is no percentage between 0 and 100")
    return value


def positive(text: str) -> int:
    """Reads a whole number from 1 up."""
    return _number(text, least=1)


def natural(text: str) -> int:
    """Reads a whole number from 0 up."""
    return _number(text, least=0)


def _number(text: str, *, least: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least:
        raise ArgumentTypeError(f"'{text}' is not a whole number from {least} up")
    if number > _MOST:
        raise ArgumentTypeError(f"'{text}' is too large a number")
    return number
