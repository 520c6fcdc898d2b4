"""The table of a sweep of loader processes in every form."""

from __future__ import annotations

import pytest

from runners.reports.names import Form
from runners.reports.render import render
from runners.workloads import Precision
from tests.fakes.finished import FAILED
from tests.fakes.loaders import Fed, workers_sweep

SWEEP = workers_sweep(
    {
        0: Fed(epoch_s=2.0, wait_s=1.0),
        2: Fed(epoch_s=1.0, wait_s=0.1, first_s=0.05, loader_s=1.25, core_s=0.03),
        4: Fed(epoch_s=1.5, memory_bytes=None, loader_s=None, core_s=None, first_s=None),
        8: FAILED,
    }
)


def test_a_row_tells_what_a_count_gains_and_takes() -> None:
    text = render(SWEEP, Form.TEXT)
    table = text.partition("Loader processes by count, fork\n\n")[2].partition("\n\n")[0]
    assert table.splitlines() == [
        "                           data  first batch  their    their  core",
        "workers  samples/s   vs 0  wait            s  cores   memory  wait  note",
        "0              500  1.00x  50 %  0.010 (0 %)   0.00    0 MiB   0 %",
        "2            1,000  2.00x  10 %  0.050 (5 %)   1.25  200 MiB   3 %  fastest, enough",
        "4              667  1.33x  33 %          n/a    n/a      n/a   n/a",
        "8              n/a    n/a   n/a          n/a    n/a      n/a   n/a  failed",
    ]


@pytest.mark.parametrize("form", [Form.TEXT, Form.MARKDOWN, Form.HTML])
def test_every_form_has_it_and_says_what_follows(form: Form) -> None:
    text = render(SWEEP, form)
    assert "Loader processes by count" in text
    assert "2 workers are enough" in text


def test_each_group_of_jobs_has_its_own_and_other_comparisons_none() -> None:
    both = workers_sweep(
        {0: Fed(epoch_s=2.0), 2: Fed(epoch_s=1.0)}, precisions=(Precision.FP32, Precision.BF16)
    )
    assert "Loader processes by count, fp32" in render(both, Form.TEXT)
    assert "Loader processes" not in render(workers_sweep({2: Fed(epoch_s=1.0)}), Form.TEXT)


def test_options_of_the_loader_stand_in_the_settings() -> None:
    fed = {2: Fed(epoch_s=1.0)}
    usual = render(workers_sweep(fed), Form.TEXT)
    asked = workers_sweep(fed, start_method="spawn", persistent_workers=True, pin_memory=False)
    assert "2 workers, all threads" in usual
    assert "spawn, persistent, not pinned" in " ".join(render(asked, Form.TEXT).split())
