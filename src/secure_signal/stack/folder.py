"""The data folder of one stack.

::

    lock               held (flock) by the supervisor as long as it lives
    stack.json         what runs now: supervisor, ports, parts with their process ids
    postgres.password  of PostgreSQL's user secure_signal; readable for the owner only
    kafka/             server.properties, and data/ with the records
    postgres/          cluster/ with the tables; a link where root's home is closed to PostgreSQL
    logs/              NAME.log of each part, up to 10 MB, and NAME.log.1 with what came before
"""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from secure_signal.core.errors import StopError


def default() -> Path:
    """This user's data folder, as the platform has it."""
    return platformdirs.user_data_path("secure-signal")


@dataclass(frozen=True)
class DataFolder:
    """The places in it."""

    path: Path

    @property
    def _lock(self) -> Path:
        return self.path / "lock"

    @property
    def record(self) -> Path:
        """What runs now."""
        return self.path / "stack.json"

    @property
    def password(self) -> Path:
        """PostgreSQL's password."""
        return self.path / "postgres.password"

    @property
    def kafka(self) -> Path:
        """Kafka's settings and records."""
        return self.path / "kafka"

    @property
    def postgres(self) -> Path:
        """PostgreSQL's cluster."""
        return self.path / "postgres"

    @property
    def logs(self) -> Path:
        """A log of each part, and of the supervisor."""
        return self.path / "logs"

    def log(self, name: str) -> Path:
        """The log of one of them."""
        return self.logs / f"{name}.log"

    def make(self) -> None:
        """Create it, or take an empty one. StopError where that cannot be."""
        try:
            self._make_or_accept()
            self._lock.touch(0o600)
            for inner in (self.kafka, self.logs):
                inner.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StopError(
                f"The data folder {self.path} cannot be made: {error.strerror}. "
                "Choose another with --data DIR."
            ) from error

    def _make_or_accept(self) -> None:
        try:
            self.path.mkdir(parents=True)
            # Others may pass through it, as PostgreSQL's account does, but see nothing in it.
            self.path.chmod(0o711)
        except FileExistsError:
            self.check()

    def check(self) -> None:
        """StopError where a folder is there that holds something else."""
        if self.path.exists() and not self._lock.exists() and any(self.path.iterdir()):
            raise StopError(
                f"{self.path} is no data folder of the stack, and it is not empty. "
                "Choose an empty or a new one with --data DIR."
            )

    def lock(self) -> int:
        """Take the folder for this process until it ends.

        BlockingIOError where another has it, FileNotFoundError where it was never made.
        """
        descriptor = os.open(self._lock, os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise
        return descriptor
