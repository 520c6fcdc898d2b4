import pytest

from benchmarks.screen import Chunk, Press, Screen, delays_s, first_time

SAY_PAUSED = b"\x1b[1;1Hpaused"
SAY_NOTHING = b"\x1b[1;1H      "


def shown(*pieces: bytes) -> str:
    screen = Screen(20, 3)
    for piece in pieces:
        screen.feed(piece)
    return screen.text().strip()


def test_bytes_become_rows() -> None:
    assert shown(b"\x1b[2J\x1b[1;1Hone\x1b[2;3H\x1b[1;38;2;9;9;9mtwo\x1b[0m") == "one\n  two"


def test_a_character_that_is_said_to_repeat_is_repeated() -> None:
    assert shown(b"a\x1b[4b|") == "aaaaa|"


@pytest.mark.parametrize("query", [b"\x1b[>25u", b"\x1b[<u", b"\x1b[?2026$p"])
def test_questions_to_the_terminal_leave_no_mark(query: bytes) -> None:
    assert shown(query + b"a") == "a"


@pytest.mark.parametrize("cut", range(1, 18))
def test_sequences_may_be_cut_anywhere(cut: int) -> None:
    written = b"\x1b[?2026$p\x1b[1;2H" + "é║".encode()
    assert shown(written[:cut], written[cut:]) == "é║"


def test_the_first_frame_is_there_when_all_its_words_are() -> None:
    chunks = [Chunk(0.1, b"racetop"), Chunk(0.2, b" ... q"), Chunk(0.3, b"uit")]
    assert first_time(chunks, Screen(20, 3), "racetop", "quit") == 0.3
    assert first_time(chunks, Screen(20, 3), "hello") is None


def test_a_delay_ends_with_the_screen_the_press_asked_for() -> None:
    chunks = [
        Chunk(1.0, b"\x1b[3;1Hclock"),
        Chunk(2.1, b"\x1b[3;1Hclick"),
        Chunk(2.5, SAY_PAUSED),
        Chunk(4.25, SAY_NOTHING),
    ]
    presses = [Press(2.0, appears=True), Press(4.0, appears=False)]
    assert delays_s(chunks, presses, Screen(20, 3), "paused") == [0.5, 0.25]


def test_an_answer_after_the_next_press_counts_for_neither() -> None:
    chunks = [Chunk(3.5, SAY_PAUSED), Chunk(4.0, SAY_NOTHING)]
    presses = [Press(2.0, appears=True), Press(3.0, appears=False)]
    assert delays_s(chunks, presses, Screen(20, 3), "paused") == [None, 1.0]


def test_a_press_without_an_answer_has_no_delay() -> None:
    assert delays_s([], [Press(1.0, appears=True)], Screen(20, 3), "paused") == [None]
