"""The ports of the stack, all on the loopback address."""

import socket
from dataclasses import asdict, dataclass, replace

import psutil

from secure_signal.core.errors import StopError, UsageError

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    """Where each part listens; 0 stands for any free port."""

    emitter: int = 8000
    processor: int = 8001
    detector: int = 8002
    dashboard: int = 8080
    kafka: int = 29092
    postgres: int = 55432

    def settled(self) -> "Ports":
        """With a free port in place of each 0. UsageError where two parts would share one."""
        chosen = replace(self, **{name: free() for name, port in asdict(self).items() if port == 0})
        numbers = list(asdict(chosen).values())
        if len(set(numbers)) < len(numbers):
            twice = next(n for n in numbers if numbers.count(n) > 1)
            raise UsageError(f"Port {twice} is given to two parts; each needs its own.")
        return chosen

    def check(self) -> None:
        """StopError names a port that cannot be had, who has it, and the option to choose another."""
        for part, port in asdict(self).items():
            problem = _problem(port)
            if problem:
                raise StopError(
                    f"Port {port}, where {part} is to listen, {problem}. "
                    f"Choose another with --{part}-port NUMBER (0: any free one)."
                )


def free() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _problem(port: int) -> str:
    """Why a port cannot be listened on; empty when it can."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen()
        except PermissionError:
            return "is reserved for root"
        except OSError:
            return "is taken" + _by_whom(port)
    return ""


def _by_whom(port: int) -> str:
    """The process that listens there, as far as this user may know."""
    try:
        for found in psutil.net_connections("tcp"):
            if found.status == psutil.CONN_LISTEN and found.laddr[1:] == (port,) and found.pid:
                return f" by {psutil.Process(found.pid).name()} (process {found.pid})"
    except psutil.Error:
        pass
    return ""
