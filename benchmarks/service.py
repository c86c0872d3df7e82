"""One service of the pipeline, as the command starts it."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from tests.servers import until

from secure_signal.stack import ports


@contextmanager
def running(name: str, environment: dict[str, str]) -> Iterator[int]:
    """The service on a free port, which it gives; at the end it is stopped in good order."""
    port = ports.free()
    process = subprocess.Popen(
        [sys.executable, "-m", "secure_signal", name],
        env={**os.environ, **environment, "SECURE_SIGNAL_HTTP_PORT": str(port)},
        stderr=subprocess.DEVNULL,
    )
    try:
        yield port
    finally:
        process.terminate()
        process.wait()


def await_ready(port: int) -> None:
    """Return when the service can do its work."""
    until(lambda: _is_ready(port), "the service is ready")


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False
