"""What runs on a data folder, written down for the other commands and for the next start."""

import os
from typing import Literal

import msgspec

from secure_signal.stack.child import Identity
from secure_signal.stack.folder import DataFolder
from secure_signal.stack.ports import Ports

State = Literal["starting", "running", "stopping"]


class PartRecord(msgspec.Struct, frozen=True):
    """One part; without ``identity`` it does not run at the moment."""

    name: str
    identity: Identity | None
    restarts: int


class Record(msgspec.Struct, frozen=True):
    """The stack as its supervisor left it."""

    state: State
    supervisor: Identity
    ports: Ports
    parts: tuple[PartRecord, ...]

    def save(self, folder: DataFolder) -> None:
        """Replace the record; a reader sees the old one or the new one."""
        new = folder.record.with_suffix(".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(self))
        new.replace(folder.record)


def read(folder: DataFolder) -> Record | None:
    """The last record, whether its processes still live or not."""
    try:
        return msgspec.json.decode(folder.record.read_bytes(), type=Record)
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
        return None


def running(folder: DataFolder) -> Record | None:
    """The record of the stack that runs on this folder now."""
    record = read(folder)
    return record if record and record.supervisor.process() else None
