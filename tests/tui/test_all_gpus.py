"""All GPUs taken together, and their place in the history."""

from dataclasses import replace

from tests.fakes import scenes
from tui.history.all_gpus import AllGpus, together
from tui.history.quantities import ALL_GPU_QUANTITIES, QUANTITIES
from tui.history.recording import ALL_GPUS, HOST, Recording, subject_of

GIB = 1024**3
CARD = replace(
    scenes.gpu(0, 0.0),
    busy_pct=100.0,
    memory_used_bytes=10 * GIB,
    memory_total_bytes=80 * GIB,
    power_w=300.0,
    power_limit_w=700.0,
)


def test_shares_are_averaged_and_amounts_added_up() -> None:
    idle = replace(CARD, busy_pct=0.0, memory_used_bytes=0, power_w=100.0)
    assert together([CARD, idle]) == AllGpus(
        busy_pct=50.0,
        memory_used_bytes=10 * GIB,
        memory_total_bytes=160 * GIB,
        power_w=400.0,
        power_limit_w=1400.0,
    )


def test_a_gpu_that_tells_nothing_counts_for_nothing_and_is_not_idle() -> None:
    silent = replace(CARD, busy_pct=None, memory_used_bytes=None, power_w=None, power_limit_w=None)
    assert together([CARD, silent]) == together([CARD])
    assert together([silent]) == AllGpus()


def test_memory_that_is_the_hosts_is_not_added_to_that_of_cards() -> None:
    shared = replace(CARD, memory_is_shared=True)
    assert together([CARD, shared]).memory_total_bytes == 80 * GIB


def test_without_a_limit_of_each_there_is_none_of_all() -> None:
    unlimited = replace(CARD, power_limit_w=None)
    both = together([CARD, unlimited])
    assert (both.power_w, both.power_limit_w) == (600.0, None)


def test_the_history_has_them_where_there_are_several() -> None:
    alone, several = Recording(), Recording()
    for second in range(3):
        alone.add(scenes.reading(float(second), gpus=1))
        several.add(scenes.reading(float(second), gpus=2))
    for quantity in ALL_GPU_QUANTITIES:
        assert not alone.has(ALL_GPUS, quantity)
        assert several.newest(ALL_GPUS, quantity) is not None


def test_each_quantity_belongs_to_one_gpu_to_all_or_to_the_host() -> None:
    subjects = {quantity.name: subject_of(quantity, "GPU-7") for quantity in QUANTITIES}
    assert subjects["gpu.busy"] == "GPU-7"
    assert subjects["gpus.busy"] == ALL_GPUS
    assert subjects["host.swap"] == HOST
