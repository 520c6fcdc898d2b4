"""`racetop history`: past comparisons."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from runners.comparison import RunWorker
from runners.history.entries import RUNNING
from runners.history.files import export_text, from_text, read_export, write_export
from runners.history.side_by_side import side_by_side
from runners.history.store import Entry, History, HistoryError, NotThereError
from runners.paths import HISTORY_VARIABLE, history_path
from runners.reports.names import Form, ReportName
from runners.reports.render import render
from runners.spec import UsageError
from runners.text import counted, printable
from tui.commands.compare import carry_out
from tui.commands.history_list import as_json, description, table
from tui.commands.output import add_output_options, output_from, write_output
from tui.commands.progress import progress_on
from tui.option_values import natural, positive

_PAGE = 20
_ID = "a number that 'racetop history list' shows"
_DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the command works with; tests pass their own.

    Attributes:
        stdin: Answers questions, and is what `import -` reads.
        stdout: For what was asked for.
        stderr: For everything else.
        run_worker: Runs one job, for `resume`; None for warm workers.
        clock: Wall clock, seconds since the epoch.
    """

    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    run_worker: RunWorker | None = None
    clock: Callable[[], float] = time.time

    def say(self, text: str) -> None:
        """Tell people something beside what was asked for."""
        self.stderr.write(f"racetop: {printable(text)}\n")
        self.stderr.flush()


def run_history(arguments: Sequence[str], around: Surroundings | None = None) -> int:
    """Run the command.

    Args:
        arguments: Those behind `history`.
        around: What it works with; None is the program's own.

    Returns:
        0 all well, 1 it could not be done or a run failed, 2 wrong usage, 128 and the signal's
        number when one ended it.

    Raises:
        UsageError: Nothing is kept here, or the options do not fit.
    """
    options = _parser().parse_args(arguments)
    around = around or Surroundings(stdin=sys.stdin, stdout=sys.stdout, stderr=sys.stderr)
    path = history_path()
    if path is None:
        raise UsageError(f"no history is kept here: {HISTORY_VARIABLE} is 'off'")
    try:
        with closing(History.open(path, clock=around.clock)) as history:
            status: int = options.do(history, options, around)
            return status
    except HistoryError as error:
        around.say(str(error))
        return 2 if isinstance(error, NotThereError) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="racetop history", description="Past comparisons.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(
        name: str, do: Callable[[History, argparse.Namespace, Surroundings], int], about: str
    ) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = commands.add_parser(name, help=about, description=about)
        command.set_defaults(do=do)
        return command

    command = add("list", _list, "the newest comparisons; words filter")
    command.add_argument(
        "words",
        nargs="*",
        help="all must be there: plain, or workload:, device:, variant:, axis:, host:, status:, "
        "data: with a word",
    )
    command.add_argument("--limit", type=positive, default=_PAGE, metavar="N", help="at most N")
    command.add_argument("--json", action="store_true", help="schema racetop.history-list/1")
    command = add("show", _show, "a comparison's result, as compare prints it")
    command.add_argument("id", type=positive, metavar="ID", help=_ID)
    add_output_options(command)
    command = add("compare", _compare, "several comparisons side by side")
    command.add_argument("ids", type=positive, nargs="+", metavar="ID", help=_ID)
    add_output_options(command)
    command = add("resume", _resume, "go on with an interrupted comparison at its next run")
    command.add_argument(
        "id", type=positive, nargs="?", metavar="ID", help=f"{_ID}; without it, the newest such"
    )
    add_output_options(command)
    command.add_argument("--quiet", action="store_true", help="no progress")
    command = add("export", _export, "comparisons as JSON, for another machine's import")
    command.add_argument("ids", type=positive, nargs="+", metavar="ID", help=_ID)
    command.add_argument("-o", "--output", type=Path, metavar="FILE", help="not to the output")
    command = add("import", _import, "add what another machine exported")
    command.add_argument("file", help="an export; - for standard input")
    command = add("delete", _delete, "delete comparisons for good; asks first")
    command.add_argument("ids", type=positive, nargs="*", metavar="ID", help=_ID)
    command.add_argument(
        "--older-than", type=_days, metavar="90d", help="all that began so many days ago"
    )
    command.add_argument("--yes", action="store_true", help="do not ask")
    return parser


def _list(history: History, options: argparse.Namespace, around: Surroundings) -> int:
    words = " ".join(options.words)
    found = history.entries(words, options.limit + 1)
    entries = found[: options.limit]
    if options.json:
        around.stdout.write(json.dumps(as_json(entries), indent=2) + "\n")
    elif entries:
        around.stdout.write(table(entries))
        if len(found) > len(entries):
            around.say(f"these are the newest {len(entries)}; --limit N shows more")
    else:
        around.say("no comparison has all these words" if words else "nothing was compared yet")
    return 0


def _show(history: History, options: argparse.Namespace, around: Surroundings) -> int:
    output = output_from(options)
    output.check()
    saved = history.load(options.id)
    if output.form is Form.TEXT:
        around.stdout.write(f"{description(saved.entry)}\n")
    rendered = partial(
        render,
        saved.state,
        machine=saved.machine,
        request=saved.request,
        versions=saved.versions,
    )
    return int(not write_output(output, rendered, around.stdout, around.say))


def _compare(history: History, options: argparse.Namespace, around: Surroundings) -> int:
    output = output_from(options)
    # Of all reports this one tells jobs apart by their labels, which hold the numbers.
    output = replace(output, report=output.report or ReportName.JOBS)
    output.check()
    comparisons = [history.load(number) for number in dict.fromkeys(options.ids)]
    if output.form is Form.TEXT:
        for saved in comparisons:
            around.stdout.write(f"{description(saved.entry)}\n")
    beside = side_by_side(comparisons)
    rendered = partial(render, beside.state, machine=beside.machine, versions=beside.versions)
    return int(not write_output(output, rendered, around.stdout, around.say))


def _resume(history: History, options: argparse.Namespace, around: Surroundings) -> int:
    output = output_from(options)
    output.check()
    number = options.id
    if number is None:
        waiting = [e.id for e in history.entries("status:interrupted") if not e.is_foreign]
        if not waiting:
            raise HistoryError("no comparison of this machine was interrupted")
        number = waiting[0]
    saved, recorder = history.resume(number)
    progress = progress_on(around.stderr, is_quiet=options.quiet)
    progress.note(description(saved.entry))
    return carry_out(
        saved.plan,
        output,
        around.stdout,
        progress,
        request=saved.request,
        machine=saved.machine,
        run_worker=around.run_worker,
        state=saved.state,
        recorder=recorder,
    )


def _export(history: History, options: argparse.Namespace, around: Surroundings) -> int:
    document = history.export(dict.fromkeys(options.ids))
    if options.output is None:
        around.stdout.write(export_text(document))
    else:
        write_export(options.output, document)
    return 0


def _import(history: History, options: argparse.Namespace, around: Surroundings) -> int:
    is_piped = options.file == "-"
    document: Any = (
        from_text(around.stdin.read(), "-") if is_piped else read_export(Path(options.file))
    )
    numbers = history.import_(document)
    here = len(document["comparisons"]) - len(numbers)
    if numbers:
        around.say(f"imported as {', '.join(map(str, numbers))}")
    if here:
        around.say(f"{counted(here, 'comparison')} of it {'was' if here == 1 else 'were'} here")
    return 0


def _delete(history: History, options: argparse.Namespace, around: Surroundings) -> int:
    if not options.ids and options.older_than is None:
        raise UsageError("name what to delete: numbers that 'racetop history list' shows")
    entries = {entry.id: entry for entry in history.entries()}
    numbers = list(dict.fromkeys(options.ids))
    for number in numbers:
        if number not in entries:
            raise NotThereError(number)
    if options.older_than is not None:
        before_s = around.clock() - options.older_than * _DAY_S
        numbers += [
            number
            for number, entry in entries.items()
            if entry.started_at < before_s
            and (entry.status != RUNNING or entry.is_foreign)
            and number not in numbers
        ]
    if not numbers:
        around.say("there is none so old")
        return 0
    if not options.yes and not _agrees([entries[number] for number in numbers], around):
        around.say("nothing was deleted")
        return 1
    around.say(f"deleted {counted(history.delete(numbers), 'comparison')}")
    return 0


def _agrees(entries: Sequence[Entry], around: Surroundings) -> bool:
    """Whether whoever sits there wants these deleted."""
    if not around.stdin.isatty():
        raise UsageError("delete asks first, and nobody is there to answer; use --yes")
    around.stderr.write(table(entries))
    around.stderr.write(f"Delete {counted(len(entries), 'comparison')} for good? [y/N] ")
    around.stderr.flush()
    return around.stdin.readline().strip().lower() in ("y", "yes")


def _days(text: str) -> int:
    if not (text.endswith("d") and text[:-1].isdecimal()):
        raise argparse.ArgumentTypeError(f"'{text}' is no number of days such as 90d")
    return natural(text[:-1])
