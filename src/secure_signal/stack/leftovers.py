"""Processes that outlived their supervisor: known for sure, and ended."""

import signal
from contextlib import suppress
from pathlib import Path

import psutil

from secure_signal.stack.folder import DataFolder
from secure_signal.stack.record import read

_PATIENCE = 10.0


def end(folder: DataFolder) -> list[str]:
    """End what a dead supervisor left running on this folder, whose lock the caller holds.

    Returns the names of the parts. Where the leash holds (Linux) there are none, or they are just dying.
    """
    record = read(folder)
    found = {
        process: part.name
        for part in (record.parts if record else ())
        if part.identity and (process := part.identity.process())
    }
    for process, name in found.items():
        _send(process, signal.SIGINT if name == "postgres" else signal.SIGTERM)
    _wait_or_kill(list(found))
    return list(found.values())


def end_postmaster(cluster: Path) -> None:
    """Free a cluster for a new postmaster: end the one that still runs on it, or remove a dead one's file.

    PostgreSQL removes the file itself, unless the dead one's pid is by now another process of the same
    user, as it can be after the machine was started anew.
    """
    file = cluster / "postmaster.pid"
    try:
        postmaster = psutil.Process(int(file.read_text().split()[0]))
        is_ours = postmaster.name() == "postgres" and Path(postmaster.cwd()) == cluster
    except (FileNotFoundError, IndexError, ValueError, psutil.AccessDenied):
        return
    except psutil.NoSuchProcess:
        is_ours = False
    if is_ours:
        _send(postmaster, signal.SIGINT)
        _wait_or_kill([postmaster])
    file.unlink(missing_ok=True)


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def _wait_or_kill(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=_PATIENCE)
    for process in alive:
        _send(process, signal.SIGKILL)
    psutil.wait_procs(alive, timeout=_PATIENCE)
