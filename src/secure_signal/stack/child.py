"""One process of the stack: what to run, and the run itself."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from secure_signal.stack import leash
from secure_signal.stack.account import Account


@dataclass(frozen=True)
class Program:
    """What to run under which name; its output is appended to ``log``.

    ``stop`` is the signal that ends it in good order, ``last_will`` the one it gets when its parent
    dies, ``patience`` the seconds it may take to end before it is killed, and ``folder`` where it works.
    """

    name: str
    command: tuple[str, ...]
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    account: Account | None = None
    folder: Path = Path("/")
    stop: signal.Signals = signal.SIGTERM
    last_will: signal.Signals = signal.SIGKILL
    patience: float = 20.0


@dataclass(frozen=True)
class Identity:
    """A process for sure: a pid alone may be another's by now. ``started`` in seconds since 1970."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> "Identity":
        """The identity of a process that runs; psutil.NoSuchProcess where it does not."""
        return cls(pid, psutil.Process(pid).create_time())

    def process(self) -> psutil.Process | None:
        """The process, while it runs; a zombie runs no more."""
        try:
            found = psutil.Process(self.pid)
            same = abs(found.create_time() - self.started) < 1
            return found if same and found.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


class Child:
    """A running program. To be started by a thread that lives on: the leash is tied to the thread."""

    def __init__(self, program: Program) -> None:
        self.program = program
        with program.log.open("ab") as log:
            self._popen = subprocess.Popen(  # noqa: S603
                self._leashed(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | program.environment,
                cwd=program.folder,
                # Ctrl-C in the terminal is for the supervisor alone: it knows the order.
                process_group=0,
            )
        self.identity = Identity.of(self._popen.pid)

    def _leashed(self) -> list[str]:
        account = self.program.account
        uid, gid = (account.uid, account.gid) if account else (-1, -1)
        words = (os.getpid(), int(self.program.last_will), uid, gid)
        return [sys.executable, "-I", "-S", leash.__file__, *map(str, words), *self.program.command]

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative for the signal that ended it."""
        return self._popen.poll()

    def stop(self) -> None:
        """Ask it to end, wait, and kill it when its patience is over."""
        self.ask_to_stop()
        self.wait()

    def ask_to_stop(self) -> None:
        """Send the stop signal, if it runs."""
        if self.exit_code is None:
            self._popen.send_signal(self.program.stop)

    def wait(self) -> None:
        """Wait until it has ended, for the program's patience at most."""
        try:
            self._popen.wait(self.program.patience)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once (SIGKILL)."""
        self._popen.kill()
        self._popen.wait()
