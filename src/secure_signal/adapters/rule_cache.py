"""Rules that were compiled before, so that unchanged files are neither parsed nor checked again.

Whatever is wrong with an entry, or with the folder, is as if nothing were there. What is there is read as
data of known types only, never as code.
"""

import gc
import hashlib
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

import msgspec
import platformdirs

import secure_signal
from secure_signal.adapters import bounded_file
from secure_signal.core.detection.rules.choice import Off
from secure_signal.core.detection.rules.correlation import Correlation
from secure_signal.core.detection.rules.rule import Detection

_MOST_ENTRIES = 16
_MOST_BYTES = 256 * 1024 * 1024
_DIGEST_BYTES = 32
_LIBRARIES = ("pysigma", "pyyaml", "google-re2", "regex", "msgspec")


class Compiled(msgspec.Struct, frozen=True):
    """What rule files come to, whatever log sources there are."""

    detections: tuple[Detection, ...]
    correlations: tuple[Correlation, ...]
    remarks: tuple[str, ...]
    off: tuple[Off, ...]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Compiled).decode


def key(parts: Iterable[bytes]) -> str:
    """The name of what is compiled from these bytes by this version of the engine."""
    digest = hashlib.sha256(_engine())
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


def read(name: str) -> Compiled | None:
    """What was kept by this name; None when there is nothing sound."""
    try:
        path = _own_folder() / name
        kept = bounded_file.read(str(path), _MOST_BYTES)
        content = kept[_DIGEST_BYTES:]
        if hashlib.sha256(content).digest() != kept[:_DIGEST_BYTES]:
            return None
        os.utime(path)  # The entries used last stay longest.
        with _uncollected():
            return _decode(content)
    except (OSError, RuntimeError, msgspec.DecodeError, RecursionError):
        return None


def write(name: str, compiled: Compiled) -> None:
    """Keep it, if that can be done."""
    with suppress(OSError, RuntimeError, OverflowError, RecursionError, msgspec.EncodeError):
        content = _encode(compiled)
        own = _own_folder()
        number, path = tempfile.mkstemp(dir=own)
        with os.fdopen(number, "wb") as file:
            file.write(hashlib.sha256(content).digest() + content)
        Path(path).replace(own / name)
        for old in sorted(own.iterdir(), key=_age)[_MOST_ENTRIES:]:
            old.unlink(missing_ok=True)


def folder() -> Path:
    """Where they are kept; RuntimeError when this user has no home."""
    return platformdirs.user_cache_path("secure-signal") / "rules"


def _own_folder() -> Path:
    """The folder, made where it is not there; OSError where others could write what is believed."""
    path = folder()
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.stat()
    if hasattr(os, "getuid") and (found.st_uid != os.getuid() or found.st_mode & 0o022):
        raise PermissionError
    return path


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector, which would take most of the time, looking for cycles where there are none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _age(path: Path) -> float:
    return -path.stat().st_mtime


@cache
def _engine() -> bytes:
    """A digest of everything that takes part in compiling rules: our sources, the libraries and Python."""
    root = Path(secure_signal.__file__).parent
    sources = sorted([*root.glob("core/**/*.py"), *root.glob("adapters/rule_*.py")])
    digest = hashlib.sha256(repr((sys.version, [version(name) for name in _LIBRARIES])).encode())
    for source in sources:
        digest.update(hashlib.sha256(source.read_bytes()).digest())
    return digest.digest()
