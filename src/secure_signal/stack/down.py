"""``secure-signal down``: ask the supervisor to stop, and wait until it has."""

import time

from secure_signal.core.errors import StopError
from secure_signal.stack import leftovers, record
from secure_signal.stack.folder import DataFolder

# Every part's patience in turn, and the time to drain.
_SECONDS = 180.0
_POLL_SECONDS = 0.1


def stop(folder: DataFolder) -> bool:
    """Whether something ran. StopError where it does not end."""
    running = record.running(folder)
    if running is None:
        return _stop_orphans(folder)
    supervisor = running.supervisor
    deadline = time.monotonic() + _SECONDS
    if process := supervisor.process():
        process.terminate()
    while supervisor.process():
        if time.monotonic() > deadline:
            raise StopError(
                f"The supervisor (process {supervisor.pid}) does not end. See {folder.log('supervisor')}. "
                f"kill -9 {supervisor.pid} ends it at once; no acknowledged signal is lost by that."
            )
        time.sleep(_POLL_SECONDS)
    return True


def _stop_orphans(folder: DataFolder) -> bool:
    """The parts of a supervisor that was killed."""
    try:
        folder.lock()
    except FileNotFoundError:
        return False
    except BlockingIOError:  # it has just begun
        raise StopError("A stack is starting on this folder right now; try again in a moment.") from None
    return bool(leftovers.end(folder))
