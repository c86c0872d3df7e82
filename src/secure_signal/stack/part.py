"""One part of the running stack: kept running, with a growing pause between its restarts."""

import signal
from collections.abc import Callable, Iterator

from secure_signal.core.errors import StopError
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
        self.last_problem = ""
        self._next_start = 0.0

    def tend(self, now: float) -> Iterator[str]:
        """Do what is to be done now; yields what a person should know about it."""
        if self.child is None:
            if now >= self._next_start:
                yield from self._start(now)
        elif self.child.exit_code is not None:
            yield self._bury(self.child, now)
        elif self.ready_since is None and self._is_ready():
            self.ready_since = now
            yield f"{self.name} is ready again" if self.restarts else f"{self.name} is ready"

    def _start(self, now: float) -> Iterator[str]:
        try:
            self.child = Child(self._program())
        except (OSError, StopError) as error:  # a full disk, for one
            self.last_problem = str(error)
            seconds = self._put_off(now)
            yield f"{self.name} cannot be started ({error}); trying again in {seconds:g} s"

    def _bury(self, child: Child, now: float) -> str:
        if self.ready_since is not None and now - self.ready_since > _STEADY_SECONDS:
            self.failures = 0
        self.last_exit = child.exit_code
        self.last_problem = _cause(self.last_exit)
        self.child = self.ready_since = None
        seconds = self._put_off(now)
        return (
            f"{self.name} ended ({self.last_problem}); starting it again in {seconds:g} s "
            f"(see {child.program.log})"
        )

    def _put_off(self, now: float) -> float:
        """Count a failure; returns the seconds until the next start."""
        seconds = pause(self.failures)
        self.failures += 1
        self.restarts += 1
        self._next_start = now + seconds
        return seconds

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
    if exit_code is None or exit_code >= 0:
        return f"exit code {exit_code}"
    try:
        return f"killed by {signal.Signals(-exit_code).name}"
    except ValueError:  # a real-time signal has no name
        return f"killed by signal {-exit_code}"
