"""Kafka's jars: listed in ``kafka.lock`` with their SHA-256, fetched once, verified at every start."""

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import platformdirs
from jgo.maven import MavenContext, PythonResolver

from secure_signal.core.errors import RetryError, StopError

Progress = Callable[[int], None]
"""Told how many more bytes of the jars are there; fewer than none when a download starts again."""

_THREADS = 8

# Seconds before each try.
_PAUSES = (0, 1, 2)


@dataclass(frozen=True)
class Jar:
    """One line of the lock file; ``size`` in bytes."""

    group: str
    artifact: str
    version: str
    sha256: str
    size: int

    @property
    def filename(self) -> str:
        """The name it has in a Maven repository and in our folder."""
        return f"{self.artifact}-{self.version}.jar"


@cache
def locked() -> tuple[Jar, ...]:
    """The jars of the lock file."""
    lines = (files("secure_signal.stack") / "kafka.lock").read_text().splitlines()
    return tuple(_read(line) for line in lines if not line.startswith("#"))


def _read(line: str) -> Jar:
    coordinate, sha256, size = line.split()
    group, artifact, version = coordinate.split(":")
    return Jar(group, artifact, version, sha256, int(size))


def default_folder() -> Path:
    """Where this user's jars are kept, for every stack."""
    return platformdirs.user_cache_path("secure-signal") / "jars"


def missing(folder: Path) -> list[Jar]:
    """The jars that are not in ``folder``, or not with the bytes that the lock file names."""
    with ThreadPoolExecutor(_THREADS) as pool:
        intact = pool.map(lambda jar: _is_intact(folder / jar.filename, jar), locked())
        return [jar for jar, there in zip(locked(), intact, strict=True) if not there]


def fetch(folder: Path, progress: Progress = lambda _: None) -> list[Path]:
    """The paths of all jars, after downloading what is missing.

    What arrived stays, so a later call goes on from there. StopError where a jar cannot be had.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = missing(folder)
    progress(sum(jar.size for jar in locked()) - sum(jar.size for jar in wanted))
    with ThreadPoolExecutor(_THREADS) as pool:
        downloads = [pool.submit(_download, jar, folder, progress) for jar in wanted]
        try:
            for download in downloads:
                download.result()
        finally:  # after a failure or Ctrl-C, what has not begun does not begin
            pool.shutdown(wait=False, cancel_futures=True)
    return [folder / jar.filename for jar in locked()]


def _download(jar: Jar, folder: Path, progress: Progress) -> None:
    for pause in _PAUSES:
        time.sleep(pause)
        try:
            return _attempt(jar, folder, progress)
        except RetryError as error:
            failure = error
    raise StopError(
        f"{jar.filename} of Kafka could not be downloaded: {failure}. Look at the network "
        "(HTTPS_PROXY is honoured), then start again: what has arrived is kept."
    )


def _attempt(jar: Jar, folder: Path, progress: Progress) -> None:
    """Download beside the place and move there when verified, so that no reader ever sees half a jar."""
    counted = 0

    @contextmanager
    def report(_name: str, _size: int) -> Iterator[Progress]:
        def count(size: int) -> None:
            nonlocal counted
            counted += size
            progress(size)

        yield count

    with tempfile.TemporaryDirectory(dir=folder, prefix="download-") as staging:
        maven = MavenContext(PythonResolver(progress_callback=report), Path(staging), timeout=30)
        artifact = maven.project(jar.group, jar.artifact).at_version(jar.version).artifact()
        try:
            arrived = artifact.resolve()
        except (OSError, RuntimeError) as error:  # requests' errors are OSErrors
            progress(-counted)
            raise RetryError(str(error)) from error
        if not _is_intact(arrived, jar):
            progress(-counted)
            raise RetryError("its SHA-256 is not the one in the lock file")
        arrived.replace(folder / jar.filename)


def _is_intact(path: Path, jar: Jar) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == jar.sha256
    except FileNotFoundError:
        return False
