"""Prints how long looks at the GPUs take, a second apart: `python -m benchmarks.gpu_looks N`.

A process of its own, as the driver library takes its settings from the environment.
"""

from __future__ import annotations

import json
import sys
import time

from sensors.nvidia import NvidiaGpus
from sensors.wanted import NOTHING_MORE

_INTERVAL_S = 1.0


def main(number: int) -> int:
    """Look once to open the driver, then so many times; print milliseconds as JSON.

    What the sensors do between two looks is done here too, and not counted: nobody waits for it.
    """
    gpus = NvidiaGpus()
    reading = gpus.read(NOTHING_MORE)
    took_ms = []
    for _ in range(number):
        while gpus.idle():
            pass
        time.sleep(_INTERVAL_S)
        began_s = time.perf_counter()
        reading = gpus.read(NOTHING_MORE)
        took_ms.append((time.perf_counter() - began_s) * 1e3)
    gpus.close()
    print(json.dumps({"gpus": len(reading.gpus), "took_ms": took_ms}))
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
