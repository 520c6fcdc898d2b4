from __future__ import annotations

from runners.events import DeviceReady
from runners.machine.figures import EnergySource
from runners.machine.watching import Watch
from runners.spec import RunKey
from tests.fakes.looks import GPU, OTHER_GPU, gpu, look
from tests.fakes.training import epoch, plan

ON_CPU, ON_GPU = RunKey(job=0, trial=0), RunKey(job=1, trial=0)


def device(uuid: str | None) -> DeviceReady:
    return DeviceReady(device_name="a device", device_uuid=uuid, versions={}, threads=1)


def test_lanes_side_by_side_are_each_told_of_their_own_device() -> None:
    watch = Watch(plan("cpu", "cuda:1"))
    watch.told(ON_CPU, device(None))
    watch.told(ON_GPU, device(OTHER_GPU))
    for at_s in range(7):
        cards = gpu(GPU, power_w=100.0), gpu(OTHER_GPU, power_w=500.0)
        watch.looked(look(float(at_s), *cards, package_power_w=60.0, temperature_c=50.0))
    watch.told(ON_GPU, epoch(1, 5.0, started_mono_s=1.0, process_s=5.0))
    watch.told(ON_CPU, epoch(1, 6.5, started_mono_s=0.0, process_s=2.0))
    was_waiting = watch.is_waiting
    last = watch.looked(look(7.0, gpu(), gpu(OTHER_GPU), package_power_w=60.0, temperature_c=50.0))
    found = {key: event.machine for key, event in last}

    assert found[ON_GPU].power_w == 500.0
    assert found[ON_GPU].energy_source is EnergySource.GPU_POWER
    assert found[ON_CPU].power_w is None
    assert found[ON_CPU].energy_j == 390.0
    assert found[ON_CPU].energy_source is EnergySource.CPU_POWER
    assert (found[ON_GPU].temperature_c, found[ON_CPU].temperature_c) == (60.0, 50.0)
    assert (was_waiting, watch.is_waiting) == (True, False)
    assert watch.rest() == []


def test_a_gpu_that_does_not_say_which_it_is_has_no_figures_of_its_own() -> None:
    watch = Watch(plan("cpu", "cuda:1"))
    watch.told(ON_GPU, device(None))
    for at_s in (0.0, 1.0):
        watch.looked(look(at_s, gpu(), package_power_w=60.0, temperature_c=50.0))
    watch.told(ON_GPU, epoch(1, 1.0, started_mono_s=0.0))
    ((_, event),) = watch.rest()

    assert event.machine.gpu_busy_pct is None
    assert event.machine.energy_j is None
    assert event.machine.temperature_c is None
