"""The status as a table for a person."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from secure_signal.stack.status import Status
from secure_signal.stack.terminal import harmless


def show(status: Status, console: Console) -> None:
    """Print it."""
    console.print(Text(f"{status.state.capitalize()} on {status.data}"), soft_wrap=True)
    if not status.parts:
        return
    table = Table("part", "state", "process", "port", "memory", "restarts", box=None, pad_edge=False)
    for part in status.parts:
        memory = f"{part.memory_bytes / 2**20:.0f} MiB" if part.memory_bytes else ""
        pid = str(part.pid or "")
        state = Text(harmless(part.state))
        table.add_row(part.name, state, pid, str(part.port), memory, str(part.restarts))
    console.print(table)
    for name, url in status.urls.items():
        console.print(f"{name:<10} {url}", markup=False, soft_wrap=True)
