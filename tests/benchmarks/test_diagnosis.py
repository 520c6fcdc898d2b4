from __future__ import annotations

import pytest

from benchmarks.diagnosis import Gain


@pytest.mark.parametrize(("predicted", "measured"), [(2.0, 1.8), (2.0, 2.2)])
def test_a_gain_is_off_by_as_much_to_either_side(predicted: float, measured: float) -> None:
    gain = Gain(remedy="more of it", predicted=predicted, measured=measured)
    assert gain.off_pct == pytest.approx(10.0)
