from __future__ import annotations

from runners.launching.lines import LineSplitter, LogGate, RawLine


def raw(count: int) -> list[RawLine]:
    return [RawLine(str(number).encode(), is_cut=False) for number in range(count)]


def test_lines_are_put_together_from_pieces() -> None:
    splitter = LineSplitter(100)

    assert splitter.feed(b"one\ntw") == [(b"one", False)]
    assert splitter.feed(b"o\n\n\nthree") == [(b"two", False)]
    assert splitter.finish() == [(b"three", False)]
    assert splitter.finish() == []


def test_an_overlong_line_is_cut_and_the_next_one_is_whole() -> None:
    splitter = LineSplitter(4)

    assert splitter.feed(b"12345678") == []
    assert splitter.feed(b"9\nab\n") == [(b"1234", True), (b"ab", False)]


def test_a_line_of_just_the_limit_is_whole() -> None:
    assert LineSplitter(4).feed(b"1234\n") == [(b"1234", False)]


def test_a_progress_bar_is_a_line_for_each_of_its_states() -> None:
    lines = LineSplitter(100, ends=b"\r\n").feed(b"10%\r20%\r\ndone\n")

    assert [line.content for line in lines] == [b"10%", b"20%", b"done"]


def test_few_lines_pass_at_once() -> None:
    gate = LogGate(lines_per_s=5)

    assert gate.admit(raw(5), 0.0) == ["0", "1", "2", "3", "4"]
    assert not gate.is_holding


def test_of_many_lines_the_newest_come_a_second_later_with_a_count() -> None:
    gate = LogGate(lines_per_s=2, lines_kept=2)

    assert gate.admit(raw(10), 0.0) == ["0", "1"]
    assert gate.is_holding
    assert gate.admit([], 0.9) == []
    assert gate.admit([], 1.0) == ["(6 lines left out)", "8", "9"]
    assert gate.release() == []


def test_lines_held_are_not_left_out() -> None:
    gate = LogGate(lines_per_s=2, lines_kept=2)

    gate.admit(raw(4), 0.0)
    assert gate.release() == ["2", "3"]


def test_a_cut_line_and_bad_bytes_are_shown_as_such() -> None:
    assert LogGate().admit([RawLine(b"\xffab", is_cut=True)], 0.0) == ["\ufffdab..."]
