import os
import sys

import pytest

from benchmarks.figures import NotMeasuredError
from benchmarks.pty_program import PtyProgram, pss_bytes

ECHO = """\
import os, sys, tty
tty.setraw(0)
size = os.get_terminal_size()
os.write(1, b"\\x1b[?2026$p")
reply = os.read(0, 99)
print(size.columns, size.lines, "synchronized" if reply == b"\\x1b[?2026;2$y" else reply, end="")
sys.stdout.flush()
while os.read(0, 1) != b"q":
    os.write(1, b" pressed")
"""
PARENT = """\
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
time.sleep(0.3)
print("ready", flush=True)
sys.stdin.read(1)
child.kill()
child.wait()
"""
DEAF = """\
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
"""


def program(code: str) -> PtyProgram:
    return PtyProgram([sys.executable, "-c", code], dict(os.environ))


def wait_for(running: PtyProgram, word: str) -> None:
    running.wait_until(lambda: word in running.screen().text(), word, limit_s=30.0)


def test_a_program_finds_a_terminal_that_answers_and_types() -> None:
    with program(ECHO) as running:
        wait_for(running, "120 40 synchronized")
        pressed_s = running.press("x")
        wait_for(running, "pressed")
        assert running.chunks[-1].at_s >= pressed_s
        assert running.written_bytes() >= len("120 40 synchronized pressed")
        assert not running.has_workers()
        assert running.cpu_s() > 0
        assert running.pss_bytes() > 0
    with pytest.raises(ProcessLookupError):
        os.kill(running.pid, 0)


def test_what_children_use_is_counted_with_the_tree_only() -> None:
    with program(PARENT) as running:
        wait_for(running, "ready")
        assert running.has_workers()
        assert running.tree_cpu_s() > running.cpu_s()
        assert running.tree_pss_bytes() > running.pss_bytes()


def test_a_screen_is_timed_by_the_bytes_that_made_it_and_none_by_its_limit() -> None:
    with program(ECHO) as running:
        wait_for(running, "synchronized")
        assert running.time_until(lambda _screen: False, limit_s=0.01) is None
        pressed_s = running.press("x")
        seen_s = running.time_until(lambda screen: "pressed" in screen.text(), limit_s=30.0)
        assert seen_s is not None
        assert pressed_s <= seen_s <= running.now_s()


def test_a_program_that_ends_by_itself_is_no_measurement() -> None:
    with program("print('no driver')") as running, pytest.raises(NotMeasuredError, match="no driv"):
        running.watch(30.0)


@pytest.mark.slow
def test_a_program_that_hears_neither_key_nor_signal_is_killed() -> None:
    with program(DEAF) as running:
        wait_for(running, "ready")
    with pytest.raises(ProcessLookupError):
        os.kill(running.pid, 0)


def test_the_proportional_size_is_in_bytes() -> None:
    text = (
        "00400000-7fff ---p 00000000 00:00 0  [rollup]\nRss:  9 kB\nPss:  7 kB\nPss_Dirty: 1 kB\n"
    )
    assert pss_bytes(text) == 7 * 1024
    with pytest.raises(NotMeasuredError):
        pss_bytes("Rss: 9 kB\n")
