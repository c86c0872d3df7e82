"""How long a folder of Sigma rules takes to load: compiled anew, and from the cache.

    python -m benchmarks.rule_loading DIR

Each in a process of its own, imports included; the cache is an empty folder that is removed afterwards.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from statistics import median

LOAD = """
import sys
from pathlib import Path
from secure_signal.adapters import rule_files
from secure_signal.core.detection.engine import Engine
Engine(rule_files.load(Path(sys.argv[1])))
"""
ROUNDS = 5


def seconds(folder: str, cache: str) -> tuple[float, float]:
    """By the clock, and of the processor."""
    start, used = time.perf_counter(), _used()
    environment = {**os.environ, "XDG_CACHE_HOME": cache}
    subprocess.run([sys.executable, "-c", LOAD, folder], env=environment, check=True)
    return time.perf_counter() - start, _used() - used


def _used() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def main() -> None:
    folder = sys.argv[1]
    with tempfile.TemporaryDirectory() as cache:
        print("compiled anew   {:6.2f} s, {:6.2f} s of the processor".format(*seconds(folder, cache)))
        rounds = [seconds(folder, cache) for _ in range(ROUNDS)]
        print(
            "from the cache  {:6.2f} s, {:6.2f} s of the processor".format(
                *map(median, zip(*rounds, strict=True))
            )
        )


if __name__ == "__main__":
    main()
