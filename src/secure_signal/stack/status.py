"""What runs on a data folder, asked of the parts themselves."""

from dataclasses import asdict

import msgspec
import psutil

from secure_signal.stack import kafka, postgres, readings, record
from secure_signal.stack.child import Identity
from secure_signal.stack.folder import DataFolder
from secure_signal.stack.ports import HOST, Ports


class PartStatus(msgspec.Struct, frozen=True):
    """One part; ``memory_bytes`` is its own share of the memory, its child processes included."""

    name: str
    state: str
    pid: int | None
    port: int
    restarts: int
    memory_bytes: int | None


class Status(msgspec.Struct, frozen=True):
    """The stack; ``state`` is starting, running, stopping or stopped."""

    state: str
    data: str
    supervisor: int | None = None
    parts: tuple[PartStatus, ...] = ()
    urls: dict[str, str] = {}

    @property
    def is_ready(self) -> bool:
        """Whether everything runs and is ready."""
        return self.state == "running" and all(part.state == "ready" for part in self.parts)


def read(folder: DataFolder) -> Status:
    """Ask everything that runs on the folder."""
    running = record.running(folder)
    if running is None:
        return Status("stopped", str(folder.path))
    parts = tuple(_part(folder, running.ports, part) for part in running.parts)
    urls = {
        "emitter": f"http://{HOST}:{running.ports.emitter}/docs",
        "dashboard": f"http://{HOST}:{running.ports.dashboard}/",
    }
    return Status(running.state, str(folder.path), running.supervisor.pid, parts, urls)


def _part(folder: DataFolder, ports: Ports, part: record.PartRecord) -> PartStatus:
    port = asdict(ports)[part.name]
    alive = part.identity is not None and part.identity.process() is not None
    state = _state(folder, part.name, port) if alive else "starting again"
    pid = part.identity.pid if part.identity and alive else None
    return PartStatus(part.name, state, pid, port, part.restarts, _memory(part.identity))


def _state(folder: DataFolder, name: str, port: int) -> str:
    if name == "kafka":
        return "ready" if kafka.is_ready(port) else "not ready: it does not answer"
    if name == "postgres":
        access = postgres.Access.by(folder.password, port)
        return "ready" if postgres.is_ready(access) else "not ready: it does not answer"
    reason = readings.readiness(port)
    return f"not ready: {reason}" if reason else "ready"


def _memory(identity: Identity | None) -> int | None:
    process = identity.process() if identity else None
    try:
        family = [process, *process.children(recursive=True)] if process else []
        return sum(_own_memory(member) for member in family) or None
    except psutil.Error:
        return None


def _own_memory(process: psutil.Process) -> int:
    """Shared pages are divided among who shares them, where the platform tells."""
    return int(getattr(process.memory_full_info(), "pss", 0) or process.memory_info().rss)
