"""Looks at something as spans of time, few enough of them to keep for hours. Pure."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

# At a look a second the newest 17 minutes stay as they are.
MOST_SPANS = 1024
# Means that are known for less than this share of the time asked for are no means of it.
LEAST_KNOWN = 0.5


class Kind(Enum):
    """What a value of a look says of the time since the look before."""

    MEAN = auto()
    """What it was all the time, or on average."""
    LEAST = auto()
    """The smallest."""
    MOST = auto()
    """The largest."""
    SUM = auto()
    """What was added, evenly: so a counter is interpolated between two looks."""


@dataclass(frozen=True, slots=True)
class Span:
    """The time between two looks, and what the later one says of it.

    Attributes:
        since_s: Monotonic clock at the earlier look.
        until_s: Monotonic clock at the later one.
        values: A value for each quantity of the track; None where unknown.
        held_s: Seconds for which something held, by its name, without zeros; None where unknown.
        looks: How many looks it stands for.
    """

    since_s: float
    until_s: float
    values: tuple[float | None, ...]
    held_s: Mapping[str, float] | None = None
    looks: int = 1

    @property
    def length_s(self) -> float:
        """How long it is."""
        return self.until_s - self.since_s

    def part_within(self, start_s: float, end_s: float) -> float:
        """The share of it that lies within a time, 0 to 1."""
        inside_s = min(self.until_s, end_s) - max(self.since_s, start_s)
        return max(0.0, inside_s) / self.length_s


class Track:
    """Spans in their order, each from the end of the one before.

    Once there are too many, the older half is thinned: each two that follow each other become
    one. What is long ago is then known less finely, sums and means stay.

    Args:
        quantities: What each value is, and of which kind.
        most_spans: How many to keep.
    """

    def __init__(self, quantities: Mapping[str, Kind], *, most_spans: int = MOST_SPANS) -> None:
        self._kinds = tuple(quantities.values())
        self._places = {name: place for place, name in enumerate(quantities)}
        self._most = most_spans
        self._spans: list[Span] = []

    def add(self, span: Span) -> None:
        """Add the newest span; one without length says nothing."""
        if span.length_s <= 0:
            return
        self._spans.append(span)
        if len(self._spans) > self._most:
            half = len(self._spans) // 4 * 2
            old, new = self._spans[:half], self._spans[half:]
            pairs = zip(old[::2], old[1::2], strict=True)
            self._spans = [*(self._joined(*pair) for pair in pairs), *new]

    def within(self, start_s: float, end_s: float) -> TimeOfTrack:
        """What is known of a time."""
        first = bisect_right(self._spans, start_s, key=lambda span: span.until_s)
        past = bisect_left(self._spans, end_s, key=lambda span: span.since_s)
        return TimeOfTrack(start_s, end_s, self._spans[first:past], self._places)

    def _joined(self, one: Span, other: Span) -> Span:
        """Two spans that follow each other as one."""
        values = tuple(
            _join(kind, (a, one.length_s), (b, other.length_s))
            for kind, a, b in zip(self._kinds, one.values, other.values, strict=True)
        )
        held_s = None
        if one.held_s is not None and other.held_s is not None:
            names = {*one.held_s, *other.held_s}
            held_s = {n: one.held_s.get(n, 0.0) + other.held_s.get(n, 0.0) for n in names}
        looks = one.looks + other.looks
        return Span(one.since_s, other.until_s, values, held_s, looks)


@dataclass(frozen=True, slots=True)
class TimeOfTrack:
    """What a track knows of a time.

    Attributes:
        start_s: When it begins, monotonic clock.
        end_s: When it ends.
        spans: The spans that lie in it, in part at least.
        places: Where each quantity stands in their values.
    """

    start_s: float
    end_s: float
    spans: Sequence[Span]
    places: Mapping[str, int]

    @property
    def looks(self) -> int:
        """How many looks fell within it."""
        found = (s for s in self.spans if s.until_s <= self.end_s)
        return sum(math.ceil(s.looks * s.part_within(self.start_s, self.end_s)) for s in found)

    def mean(self, name: str) -> float | None:
        """The mean over the time; None where it is known for less than half of it."""
        known = [
            (value, span.part_within(self.start_s, self.end_s) * span.length_s)
            for span, value in zip(self.spans, self._values(name), strict=True)
            if value is not None
        ]
        known_s = sum(seconds for _, seconds in known)
        if known_s <= 0 or known_s < LEAST_KNOWN * (self.end_s - self.start_s):
            return None
        return sum(value * seconds for value, seconds in known) / known_s

    def total(self, name: str) -> float | None:
        """The sum over the time, of the spans at its edges a part; None unless all is known."""
        known = [value for value in self._values(name) if value is not None]
        if not self._is_whole or len(known) < len(self.spans):
            return None
        return sum(
            value * span.part_within(self.start_s, self.end_s)
            for value, span in zip(known, self.spans, strict=True)
        )

    def integral(self, name: str) -> float | None:
        """A mean times the time it held, over the time; None unless all is known."""
        if not self._is_whole or None in self._values(name):
            return None
        mean = self.mean(name)
        return None if mean is None else mean * (self.end_s - self.start_s)

    def held_s(self) -> dict[str, float] | None:
        """Seconds for which something held, by its name; None unless all is known."""
        if not self._is_whole:
            return None
        found: dict[str, float] = {}
        for span in self.spans:
            if span.held_s is None:
                return None
            for name, seconds in span.held_s.items():
                part_s = seconds * span.part_within(self.start_s, self.end_s)
                found[name] = found.get(name, 0.0) + part_s
        return found

    def least(self, name: str) -> float | None:
        """The smallest; see `telling`."""
        return min(self._known(name), default=None)

    def most(self, name: str) -> float | None:
        """The largest; see `telling`."""
        return max(self._known(name), default=None)

    @property
    def telling(self) -> Sequence[Span]:
        """The spans that tell of this time rather than of what is beside it.

        Those that lie in it by half at least; where it is too short for that, all.
        """
        half = [s for s in self.spans if s.part_within(self.start_s, self.end_s) >= 0.5]
        return half or self.spans

    @property
    def edge_error(self) -> float:
        """How far off a sum may be, as a share of what is summed over the time.

        Only the spans at the edges are interpolated. What something took that ran at full load
        on one side of the edge and not at all on the other is off by d f (1 - f) of it, where f
        is the edge's place in a span d long.
        """
        if not self.spans or self.end_s <= self.start_s:
            return 1.0
        edges = ((self.start_s, self.spans[0]), (self.end_s, self.spans[-1]))
        off_s = sum(
            (at_s - span.since_s) * (span.until_s - at_s) / span.length_s
            for at_s, span in edges
            if span.since_s < at_s < span.until_s
        )
        return off_s / (self.end_s - self.start_s)

    @property
    def _is_whole(self) -> bool:
        """Whether the spans cover all of the time."""
        if not self.spans:
            return False
        return self.spans[0].since_s <= self.start_s and self.spans[-1].until_s >= self.end_s

    def _values(self, name: str) -> list[float | None]:
        place = self.places[name]
        return [span.values[place] for span in self.spans]

    def _known(self, name: str) -> list[float]:
        place = self.places[name]
        return [value for s in self.telling if (value := s.values[place]) is not None]


def _join(
    kind: Kind, one: tuple[float | None, float], other: tuple[float | None, float]
) -> float | None:
    (a, a_s), (b, b_s) = one, other
    if a is None or b is None:
        return None if kind in (Kind.SUM, Kind.MEAN) else a if b is None else b
    if kind is Kind.SUM:
        return a + b
    if kind is Kind.MEAN:
        return (a * a_s + b * b_s) / (a_s + b_s)
    return min(a, b) if kind is Kind.LEAST else max(a, b)
