"""How long a folder of Sigma rules takes to load: compiled anew, and from the cache.

    python -m benchmarks.rule_loading DIR

Each in a process of its own, imports included; the cache is an empty folder that is removed afterwards.
"""

import os
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


def seconds(folder: str, cache: str) -> float:
    start = time.perf_counter()
    environment = {**os.environ, "XDG_CACHE_HOME": cache}
    subprocess.run([sys.executable, "-c", LOAD, folder], env=environment, check=True)
    return time.perf_counter() - start


def main() -> None:
    folder = sys.argv[1]
    with tempfile.TemporaryDirectory() as cache:
        print(f"compiled anew   {seconds(folder, cache):6.2f} s")
        print(f"from the cache  {median(seconds(folder, cache) for _ in range(ROUNDS)):6.2f} s")


if __name__ == "__main__":
    main()
