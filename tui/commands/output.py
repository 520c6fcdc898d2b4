"""What a command prints of a comparison: its options, and the printing."""

from __future__ import annotations

import argparse
import io
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TextIO

from runners.reports.names import Form, ReportName
from runners.spec import UsageError
from tui.option_values import one_of

Render = Callable[[Form, ReportName | None], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What to print.

    Attributes:
        form: How it is written.
        report: What the tables show; None is what fits best.
        html: A file to write a report to, beside what is printed.
    """

    form: Form = Form.TEXT
    report: ReportName | None = None
    html: Path | None = None

    def check(self) -> None:
        """Look, before anything takes its time, whether it can be written.

        Raises:
            UsageError: The report cannot be where it is to be.
        """
        if self.html is None:
            return
        if self.html.is_dir():
            raise UsageError(f"'{self.html}' is a directory; name a file to write the report to")
        if not self.html.absolute().parent.is_dir():
            raise UsageError(f"no directory '{self.html.parent}' to write the report to")


def add_output_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that `output_from` reads."""
    group = parser.add_argument_group("output")
    form = partial(
        group.add_mutually_exclusive_group().add_argument,
        action="store_const",
        dest="form",
        default=Form.TEXT,
    )
    form("--json", const=Form.JSON, help="the whole result, schema racetop.comparison/1")
    form("--csv", const=Form.CSV, help="a row for each epoch")
    form("--markdown", const=Form.MARKDOWN, help="tables to paste into a README")
    group.add_argument(
        "--html", type=Path, metavar="FILE", help="a report in one file, beside the output"
    )
    group.add_argument(
        "--report",
        type=one_of(ReportName),
        metavar="NAME",
        help=f"what the tables show: {', '.join(ReportName)}; without it, what fits best",
    )


def output_from(options: argparse.Namespace) -> Output:
    """What parsed options choose."""
    return Output(form=options.form, report=options.report, html=options.html)


def write_output(
    output: Output, render: Render, stdout: TextIO, say: Callable[[str], None]
) -> bool:
    """Write the report, if one is asked for, and print the result.

    Args:
        output: What to print.
        render: Gives a report in a form; see `runners.reports.render`.
        stdout: Where to print.
        say: Takes what goes wrong.

    Returns:
        Whether the result, and the report if one is asked for, could be written.

    Raises:
        BrokenPipeError: Whoever reads the result has gone; the report is written.
    """
    is_written = output.html is None or _write(output.html, render(Form.HTML, output.report), say)
    if isinstance(stdout, io.TextIOWrapper):
        stdout.reconfigure(errors="replace")
    return _print(render(output.form, output.report), stdout, say) and is_written


def _print(text: str, stdout: TextIO, say: Callable[[str], None]) -> bool:
    try:
        stdout.write(text)
        stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        say(f"the result could not be printed: {error.strerror}")
        # What is left of it would be tried again, and told of, at exit.
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())
        return False
    return True


def _write(path: Path, text: str, say: Callable[[str], None]) -> bool:
    try:
        path.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        say(f"the report could not be written: {error}")
        return False
    return True
