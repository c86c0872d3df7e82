"""One part of the running stack: kept running, with a growing pause between its restarts."""

import signal
from collections.abc import Callable, Iterator

from secure_signal.stack.child import Child, Program
from secure_signal.stack.record import PartRecord

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0

# A part that was ready for this long starts anew with the shortest pause.
_STEADY_SECONDS = 30.0


class Part:
    """A program, restarted whenever it ends. Times are seconds of a monotonic clock."""

    def __init__(
        self, name: str, port: int, program: Callable[[], Program], is_ready: Callable[[], bool]
    ) -> None:
        """``program`` is asked at every start."""
        self.name = name
        self.port = port
        self._program = program
        self._is_ready = is_ready
        self.child: Child | None = None
        self.ready_since: float | None = None
        self.restarts = 0
        self.failures = 0
        self.last_exit: int | None = None
        self._next_start = 0.0

    def tend(self, now: float) -> Iterator[str]:
        """Do what is to be done now; yields what a person should know about it."""
        if self.child is None:
            if now >= self._next_start:
                self.child = Child(self._program())
        elif self.child.exit_code is not None:
            yield self._bury(self.child, now)
        elif self.ready_since is None and self._is_ready():
            self.ready_since = now
            yield f"{self.name} is ready again" if self.restarts else f"{self.name} is ready"

    def _bury(self, child: Child, now: float) -> str:
        if self.ready_since is not None and now - self.ready_since > _STEADY_SECONDS:
            self.failures = 0
        seconds = pause(self.failures)
        self.failures += 1
        self.restarts += 1
        self.last_exit = child.exit_code
        self._next_start = now + seconds
        self.child = self.ready_since = None
        return (
            f"{self.name} ended ({_cause(self.last_exit)}); starting it again in {seconds:g} s "
            f"(see {child.program.log})"
        )

    @property
    def record(self) -> PartRecord:
        """What other commands are told."""
        return PartRecord(self.name, self.child.identity if self.child else None, self.restarts)

    def stop(self) -> None:
        """End it in good order, and for good."""
        if self.child:
            self.child.stop()
        self.child = self.ready_since = None


def pause(failures: int) -> float:
    """Seconds before a part is started again that has failed so often in a row."""
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(failures, 10))


def _cause(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return f"killed by {signal.Signals(-exit_code).name}"
    return f"exit code {exit_code}"
