import math

import pytest

from tui import format as fmt

GIB = 1024**3


def test_unknown_is_never_zero() -> None:
    texts = [
        fmt.pct(None),
        fmt.share(None),
        fmt.short_rate(None),
        fmt.energy(None),
        fmt.held(None),
        fmt.gib(None),
        fmt.gib(None, of_bytes=4 * GIB),
        fmt.memory(None),
        fmt.celsius(None),
        fmt.watts(None),
        fmt.mhz(None),
        fmt.rate(None),
        fmt.seconds(None),
        fmt.clock(None),
        fmt.uptime(None),
        fmt.count(None),
        fmt.speed(None),
        fmt.ratio(None),
        fmt.accuracy(None),
        fmt.loss(None),
    ]
    assert all("n/a" in text and "0" not in text.replace("4.00", "") for text in texts)


@pytest.mark.parametrize("share", [None, 0.0, 5.4, 62.0, 100.0])
def test_a_percentage_keeps_its_width(share: float | None) -> None:
    assert len(fmt.pct(share)) == 5


@pytest.mark.parametrize("value", [None, 0.0, 999.0, 12_345.0, 9.99e6, 1.2e9, 63e9, 999.96e6])
def test_a_rate_keeps_its_width(value: float | None) -> None:
    assert len(fmt.rate(value)) == 10


def test_used_and_total_share_their_digits() -> None:
    assert fmt.gib(int(19.4 * GIB), of_bytes=int(139.8 * GIB)) == " 19.4/139.8 GiB"
    assert fmt.gib(int(0.61 * GIB), of_bytes=8 * GIB) == "0.61/8.00 GiB"


@pytest.mark.parametrize(
    ("value_s", "text"),
    [
        (0.0821, "82.1 ms"),
        (0.9996, "1.00 s"),
        (7.309, "7.31 s"),
        (73.09, "73.1 s"),
        (162.2, "162 s"),
        (0.99949, "999 ms"),
    ],
)
def test_a_time_has_three_digits(value_s: float, text: str) -> None:
    assert fmt.seconds(value_s) == text


def test_durations_read_like_a_clock() -> None:
    assert fmt.clock(72.4) == "1:12"
    assert fmt.clock(59.6) == "1:00"
    assert fmt.clock(7500) == "2:05:00"
    assert fmt.uptime(3 * 86400 + 4 * 3600 + 59) == "3 d 4 h"
    assert fmt.uptime(61) == "1 min"


def test_ratios_have_three_digits() -> None:
    assert [fmt.ratio(v) for v in (2.344, 9.996, 22.49, 159.4)] == ["2.34", "10.0", "22.5", "159"]


def test_a_diverged_loss_is_named() -> None:
    assert fmt.loss(math.nan) == "diverged"
    assert fmt.loss(0.41234) == "0.412"


@pytest.mark.parametrize("value", [None, 0.0, 999.0, 12_345.0, 9.99e6, 1.2e9, 63e9, 999.96e6])
def test_short_forms_keep_their_widths(value: float | None) -> None:
    assert len(fmt.short_rate(value)) == 5
    assert len(fmt.energy(value)) == 7
    assert len(fmt.share(None if value is None else min(value, 100.0))) == 4


def test_a_time_that_adds_up_shows_tenths_only_while_they_matter() -> None:
    texts = [fmt.held(value) for value in (0.04, 0.4, 9.96, 38.2, 99.6, 7500.0)]
    assert texts == ["0.0 s", "0.4 s", "10 s", "38 s", "1:40", "2:05:00"]


@pytest.mark.parametrize(
    ("samples_per_s", "text"),
    [(0.265, "0.27"), (9.4, "9.40"), (99.97, "100"), (32_787.4, "32,787")],
)
def test_a_slow_speed_is_not_rounded_to_nothing(samples_per_s: float, text: str) -> None:
    assert fmt.speed(samples_per_s) == text
