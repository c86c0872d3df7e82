"""``secure-signal up --detach``: the same supervisor in the background, without a terminal."""

import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from typing import IO

from rich.console import Console
from rich.text import Text

from secure_signal.adapters.settings import Settings
from secure_signal.core.errors import StopError
from secure_signal.stack import invocation, record, view
from secure_signal.stack.folder import DataFolder
from secure_signal.stack.ports import Ports

_POLL_SECONDS = 0.1


def run(folder: DataFolder, ports: Ports, settings: Settings, console: Console) -> None:
    """Start it and return when everything is ready. StopError says why it did not come up."""
    options = [f"--{name}-port={port}" for name, port in asdict(ports).items()]
    command = [sys.executable, "-m", "secure_signal", "up", f"--data={folder.path}", *options]
    with tempfile.TemporaryFile() as complaints:
        supervisor = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            start_new_session=True,
        )
        try:
            _wait(supervisor, folder, complaints)
        except KeyboardInterrupt:
            supervisor.terminate()
            raise StopError("Given up; what had started stops.") from None
    stop = invocation.of(folder, "down")
    background = f"Running in the background (process {supervisor.pid}). Stop it: {stop}"
    console.print(Text(background), soft_wrap=True)
    view.tell_doors(console, settings)
    console.print(view.places(folder, ports), soft_wrap=True)


def _wait(supervisor: "subprocess.Popen[bytes]", folder: DataFolder, complaints: IO[bytes]) -> None:
    while not _is_running(supervisor.pid, folder):
        if supervisor.poll() is not None:
            complaints.seek(0)
            said = complaints.read().decode(errors="replace").strip()
            raise StopError(said.removeprefix("secure-signal: ") or "It was stopped while it started.")
        time.sleep(_POLL_SECONDS)


def _is_running(pid: int, folder: DataFolder) -> bool:
    found = record.running(folder)
    return found is not None and found.supervisor.pid == pid and found.state == "running"
