from __future__ import annotations

from benchmarks.gpu.card_fields import rows_of, table_of
from sensors.clock_limits import clock_limits
from sensors.gpu_readings import GpuReading, MigInstance

CARD = GpuReading(
    index=1,
    uuid="GPU-1",
    name="NVIDIA H200",
    power_w=388.5,
    clock_limits=clock_limits(0x4),
    clock_limit_s={"power-cap": 2.5},
    mig_instances=(MigInstance(index=0, uuid="MIG-0", profile="3g.71gb"),),
    unknown={"fan_pct": "not supported"},
)


def test_each_field_has_its_value_or_the_reason_why_there_is_none() -> None:
    rows = {name: (value, why) for name, value, why in rows_of(CARD)}
    assert rows["power_w"] == ("388.5", "")
    assert rows["clock_limits"] == ("power-cap", "")
    assert rows["clock_limit_s"] == ("power-cap 2.5", "")
    assert rows["mig_instances"] == ("3g.71gb", "")
    assert rows["fan_pct"] == ("", "not supported")
    assert rows["recovery_action"] == ("", "nothing to report")


def test_the_table_names_the_card_and_hides_its_identity() -> None:
    table = table_of(CARD)
    assert table.startswith("| GPU 1, NVIDIA H200 | value | why not |\n")
    assert "| fan_pct |  | not supported |" in table
    assert "GPU-1" not in table
