"""The account that PostgreSQL runs under: it refuses to be root."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from secure_signal.core.errors import StopError

_CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """A user and its group, by their numbers."""

    uid: int
    gid: int

    def can_enter(self, folder: Path) -> bool:
        """Whether every folder on the way lets it pass."""
        return all(self._may_pass(part.stat()) for part in (folder, *folder.parents))

    def _may_pass(self, status: os.stat_result) -> bool:
        mine = stat.S_IXUSR if status.st_uid == self.uid else stat.S_IXOTH
        return bool(status.st_mode & mine)

    def own(self, path: Path) -> None:
        """Give it this file or folder."""
        os.chown(path, self.uid, self.gid)


def unprivileged(existing: Path) -> Account | None:
    """Whom root becomes: the owner of what exists already, or a system account. None for other users."""
    if os.geteuid() != 0:
        return None
    if existing.exists():
        status = existing.stat()
        return Account(status.st_uid, status.st_gid)
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise StopError(
        "PostgreSQL does not run as root, and there is neither an account 'postgres' nor 'nobody' for it "
        "here. Start as an ordinary user."
    )
