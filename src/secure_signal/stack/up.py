"""``secure-signal up``: one supervisor on one data folder, from the first check to the last goodbye."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from secure_signal.adapters.settings import Settings
from secure_signal.adapters.settings import read as read_settings
from secure_signal.core.errors import StopError
from secure_signal.stack import invocation, jars, leftovers, logs, record, view
from secure_signal.stack.folder import DataFolder
from secure_signal.stack.ports import Ports
from secure_signal.stack.supervisor import Stopped, Supervisor
from secure_signal.stack.watch import Watch

_TICK_SECONDS = 0.1


class AlreadyRunningError(StopError):
    """A stack runs on this data folder; it is left alone."""


def settings() -> Settings:
    """The environment's settings, but without API keys unless it asks for them.

    The services work in another folder, so the paths in the environment they inherit become absolute.
    """
    os.environ.setdefault("SECURE_SIGNAL_API_KEYS", "off")
    found = read_settings()
    for name, path in (("SECURE_SIGNAL_RULES", found.rules), ("SECURE_SIGNAL_LOGSOURCES", found.logsources)):
        if path is not None:
            os.environ[name] = str(path.absolute())
    return found


def claim(folder: DataFolder) -> None:
    """Make the folder ours for as long as this process lives, free of an earlier supervisor's processes."""
    folder.make()
    try:
        folder.lock()
    except BlockingIOError:
        running = record.running(folder)
        who = f" (process {running.supervisor.pid})" if running else ""
        raise AlreadyRunningError(
            f"A stack runs on {folder.path} already{who}; it is left as it is. "
            f"See it: {invocation.of(folder, 'status')}. Stop it: {invocation.of(folder, 'down')}. "
            "Another beside it: --data DIR, and other ports (--emitter-port 0 and so on: any free ones)."
        ) from None
    leftovers.end(folder)


def fetch_jars(console: Console) -> list[Path]:
    """Kafka's jars, with a progress bar while they come."""
    folder = jars.default_folder()
    if not jars.missing(folder):
        return jars.fetch(folder)
    columns = TextColumn("Downloading Kafka"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=sum(jar.size for jar in jars.locked()))
        return jars.fetch(folder, lambda size: bar.advance(task, size))


def run(folder: DataFolder, ports: Ports, settings: Settings, console: Console) -> None:
    """Run the stack until SIGINT, SIGTERM or SIGHUP. StopError where it cannot start."""
    begin = time.monotonic()
    claim(folder)
    ports.check()
    found = fetch_jars(console)
    say = speaker(folder, console)
    wanted = _until_signal()
    supervisor = Supervisor(folder, ports, found, settings, say, wanted)
    try:
        say(f"Starting on {folder.path}")
        supervisor.start()
        say(f"Ready after {time.monotonic() - begin:.1f} s")
        view.tell_doors(console, settings)
        if not console.is_terminal:  # the picture has them at its foot
            console.print(view.places(folder, ports), soft_wrap=True)
        _watch(supervisor, folder, ports, console, wanted)
    except Stopped:
        pass
    finally:
        supervisor.stop()
        say("Stopped. The data stay; the next start goes on from here")


def _watch(
    supervisor: Supervisor, folder: DataFolder, ports: Ports, console: Console, wanted: Callable[[], bool]
) -> None:
    watch = Watch(ports, supervisor.environment["DATABASE_URL"])
    watch.start()
    with view.opened(console, folder, ports) as shown:
        while wanted():
            time.sleep(_TICK_SECONDS)
            supervisor.tend()
            shown.show(watch.scene, supervisor.parts.values())


def speaker(folder: DataFolder, console: Console) -> Callable[[str], None]:
    """Tells the person now, and the log for later."""
    log = folder.log("supervisor")

    def say(sentence: str) -> None:
        with suppress(OSError):  # a full disk is no reason to stop
            logs.bound(log)
            with log.open("a") as file:
                file.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {sentence}\n")
        with suppress(OSError):  # a terminal that is gone is none to stop in disorder
            console.print(Text(sentence), soft_wrap=True)

    return say


def _until_signal() -> Callable[[], bool]:
    """True until Ctrl-C, ``down`` or a terminal that closes."""
    received: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, _: received.append(got))
    return lambda: not received
