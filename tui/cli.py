"""The command line. Only the live screen imports Textual."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from functools import partial

from runners.spec import Request, UsageError, named_workloads
from runners.text import printable
from runners.workloads.catalogue import CATALOGUE, LADDERS
from sensors.wanted import Wanted
from tui import option_values
from tui.options import add_comparison_options, for_workload, preset_request, request_from
from tui.wiring import INTERVALS_S, Opening

DEFAULT_WORKLOAD = "fashion-cnn"
_INTERVALS = ", ".join(f"{interval_s:g}" for interval_s in INTERVALS_S)
_COMMANDS_TEXT = """\
commands (racetop COMMAND --help says more):
  compare WORKLOAD   the race without a screen: progress on stderr, result on stdout
  history            past comparisons: list, show, compare, resume, export, import, delete
  diagnose WORKLOAD  where the time goes, what limits it, what to change, and what that gains
  tune WORKLOAD      tries each setting briefly and keeps what wins
  snapshot           the machine's readings, once or as a stream
  workloads          what can be trained
  doctor             what works on this machine and what does not, with remedies

environment:
  RACETOP_DATA       where data sets are looked for
  RACETOP_HISTORY    the file of past comparisons, or off
  NO_COLOR           no colors
"""
# What a full disk, a full quota, a limit on files and a terminal that is gone give.
_NO_OUTPUT = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
# How alike a word and the name of a command are, from 0 to 1, where the command is meant.
_NEAR = 0.75


def run(arguments: Sequence[str]) -> int:
    """Run the command line.

    Returns:
        0 all done, 1 a job failed or the output could not be written, 2 wrong usage, 130
        interrupted.
    """
    try:
        try:
            return _run(arguments)
        finally:
            # Here, not at exit, where Python has but a traceback for what goes wrong.
            print(end="", flush=True)
    except UsageError as error:
        print(f"racetop: {printable(str(error))}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader has gone: nothing is left to say.
        _give_up_output()
        return 0
    except OSError as error:
        # Where a file is named, it is not the output.
        if error.errno not in _NO_OUTPUT or error.filename is not None:
            raise
        _give_up_output()
        with suppress(OSError):
            print(f"racetop: the output could not be written: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(arguments: Sequence[str]) -> int:
    commands = _commands()
    if arguments and arguments[0] in commands:
        return commands[arguments[0]](arguments[1:])
    if arguments:
        _refuse_near_command(arguments[0], commands)
    return _live(arguments)


def _refuse_near_command(word: str, commands: Mapping[str, object]) -> None:
    """Raises UsageError for a word that is nearer to a command than to a workload."""
    workloads = (*CATALOGUE, *LADDERS)
    near = get_close_matches(word, (*commands, *workloads), n=1, cutoff=_NEAR)
    if word not in workloads and near and near[0] in commands:
        raise UsageError(f"no command '{word}'; did you mean '{near[0]}'?")


def _give_up_output() -> None:
    """What is left of it would be tried again, and told of, at exit."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _commands() -> Mapping[str, Callable[[Sequence[str]], int]]:
    return {
        "compare": _compare,
        "history": _history,
        "diagnose": _diagnose,
        "tune": _tune,
        "snapshot": _snapshot,
        "workloads": _workloads,
        "doctor": _doctor,
    }


def _live(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="racetop",
        usage="racetop [WORKLOAD] [options]\n       racetop COMMAND ...",
        description="One screen shows the machine and races training jobs on it.",
        epilog=_COMMANDS_TEXT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action=_ShowVersion, nargs=0, help="show the version and leave"
    )
    parser.add_argument(
        "workload",
        nargs="?",
        metavar="WORKLOAD",
        help="what to race at once; without it, keys start a race",
    )
    parser.add_argument(
        "--interval",
        type=float,
        default=1.0,
        metavar="S",
        help=f"seconds between readings: {_INTERVALS}",
    )
    parser.add_argument(
        "--filter",
        default="",
        metavar="WORDS",
        help="list only processes with these words, as after /: user:ana type:C",
    )
    parser.add_argument(
        "--read-only", action="store_true", help="no key can send a process a signal"
    )
    add_comparison_options(parser)
    options = parser.parse_args(arguments)
    if options.interval not in INTERVALS_S:
        parser.error(f"--interval {options.interval:g}: one of {_INTERVALS}")
    opening = _opening(options)
    problem = _terminal_problem()
    if problem is not None:
        print(f"racetop: {problem}", file=sys.stderr)
        return 2
    from tui.live import run_live

    return run_live(opening, interval_s=options.interval)


class _ShowVersion(argparse.Action):
    """Looks the version up only when it is asked for: reading the metadata takes a while."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"racetop {version('racetop')}")
        parser.exit()


def _opening(options: argparse.Namespace) -> Opening:
    starts = options.workload is not None
    options.workload = options.workload or DEFAULT_WORKLOAD
    named_workloads(options.workload)

    def request(workload: str, accelerator: str | None) -> Request:
        return request_from(for_workload(options, workload), accelerator=accelerator)

    return Opening(
        workload=options.workload,
        start=starts,
        needs_gpus=options.devices is None,
        request=request,
        preset=partial(preset_request, options),
        process_filter=options.filter,
        read_only=options.read_only,
    )


def _terminal_problem() -> str | None:
    instead = "'racetop compare' and 'racetop snapshot' work without one"
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        return f"the live screen needs a terminal; {instead}."
    if os.environ.get("TERM", "") in ("", "dumb", "unknown"):
        return f"the live screen needs a capable terminal, and TERM names none; {instead}."
    return None


def _compare(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="racetop compare",
        usage="%(prog)s WORKLOAD [options]",
        description="Train a workload in every way asked for and compare. Progress goes to "
        "stderr, the result to stdout.",
    )
    from tui.commands.compare import run_compare
    from tui.commands.output import add_output_options

    parser.add_argument(
        "workload",
        metavar="WORKLOAD",
        help="a name that 'racetop workloads' lists, several with commas, or a ladder",
    )
    add_output_options(parser)
    parser.add_argument("--quiet", action="store_true", help="no progress")
    _add_no_history(parser)
    add_comparison_options(parser)
    return run_compare(parser.parse_args(arguments))


def _add_no_history(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--no-history", action="store_false", dest="history", help="do not keep the result"
    )


def _history(arguments: Sequence[str]) -> int:
    from tui.commands.history import run_history

    return run_history(arguments)


def _diagnose(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="racetop diagnose",
        usage="%(prog)s WORKLOAD [options]",
        description="Run a training briefly as it is and without one part each, and tell what "
        "limits it, by how much, and what to change. Progress goes to stderr.",
    )
    from runners.diagnosis.diagnosing import TRIAL_S
    from runners.reports.names import Form

    parser.add_argument(
        "workload", metavar="WORKLOAD", help="a name that 'racetop workloads' lists"
    )
    form = parser.add_mutually_exclusive_group().add_argument
    form(
        "--json",
        action="store_const",
        const=Form.JSON,
        dest="form",
        default=Form.TEXT,
        help="schema racetop.diagnosis/1, see docs/diagnosis.md",
    )
    form(
        "--markdown",
        action="store_const",
        const=Form.MARKDOWN,
        dest="form",
        help="tables to paste into an issue",
    )
    parser.add_argument(
        "--try",
        action="store_true",
        dest="try_remedies",
        help="apply each remedy and measure what it gains",
    )
    parser.add_argument(
        "--trial-seconds",
        type=option_values.seconds,
        default=TRIAL_S,
        metavar="TIME",
        help=f"about how long a steady epoch of a run takes (default {TRIAL_S:g}s)",
    )
    _add_no_history(parser)
    add_comparison_options(parser)
    options = parser.parse_args(arguments)
    from tui.commands.diagnose import run_diagnose

    return run_diagnose(options)


def _tune(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="racetop tune",
        usage="%(prog)s WORKLOAD [options]",
        description="Try each setting of a training briefly, keep what wins, print the table. "
        "Progress goes to stderr.",
    )
    parser.add_argument(
        "workload", metavar="WORKLOAD", help="a name that 'racetop workloads' lists"
    )
    parser.add_argument("--json", action="store_true", help="schema racetop.tuning/1")
    parser.add_argument(
        "--trial-seconds",
        type=option_values.seconds,
        default=2.0,
        metavar="TIME",
        help="about how long a steady epoch of a trial takes (default 2s)",
    )
    _add_no_history(parser)
    add_comparison_options(parser)
    options = parser.parse_args(arguments)
    from tui.commands.tune import run_tune

    return run_tune(options)


def _snapshot(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="racetop snapshot", description="The machine's readings, once or as a stream."
    )
    add = parser.add_argument
    add("--json", action="store_true", help="schema racetop.snapshot/1, see docs/snapshot.md")
    add("--csv", action="store_true", help="a row for each reading, without processes")
    add("--every", type=float, metavar="S", help="a reading every S seconds")
    add("--count", type=int, metavar="N", help="stop after N readings")
    add("--all-processes", action="store_true", help="every process, not the busiest only")
    add("--profile", action="store_true", help="what goes on inside GPUs (GPM, from Hopper on)")
    options = parser.parse_args(arguments)
    if options.every is not None and not 0.1 <= options.every <= 86_400:
        parser.error("--every: from 0.1 seconds to a day")
    if options.count is not None and options.count < 1:
        parser.error("--count: at least 1")
    if options.csv and (options.json or options.all_processes):
        parser.error("--csv excludes --json, and holds no processes")
    from tui.commands.snapshot import run_snapshot

    return run_snapshot(
        form="csv" if options.csv else "json" if options.json else "text",
        every_s=options.every,
        count=options.count,
        wanted=Wanted(all_processes=options.all_processes, gpu_profile=options.profile),
    )


def _workloads(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="racetop workloads", description="What can be trained, with sizes and settings."
    )
    parser.add_argument("--json", action="store_true", help="schema racetop.workloads/1")
    options = parser.parse_args(arguments)
    from tui.commands.workloads import run_workloads

    return run_workloads(as_json=options.json)


def _doctor(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="racetop doctor",
        description="What works on this machine and what does not, each with its remedy.",
    )
    parser.add_argument("--json", action="store_true", help="schema racetop.doctor/1")
    options = parser.parse_args(arguments)
    from tui.commands.doctor import run_doctor

    return run_doctor(as_json=options.json)
