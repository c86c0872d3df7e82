"""The lines of a file of signals, as a command reads them."""

import codecs
from collections.abc import Iterator
from typing import BinaryIO

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from secure_signal.cli.bad_lines import BadLines
from secure_signal.core import payload
from secure_signal.core.errors import UsageError

LONGEST = 16 * payload.MAX_BYTES
"""Bytes of a line: the payload, and room for spaces and members that nobody knows."""

# Bytes that are read at once: so many events stay in a processor's cache until they are judged.
_BLOCK = 128 * 1024

# What files begin with that are compressed (RFC 1952, RFC 8878), and what unpacks them.
_PACKED = {
    b"\x1f\x8b": ("gzip", "gzip -dc signals.ndjson.gz"),
    b"\x28\xb5\x2f\xfd": ("zstd", "zstd -dc signals.ndjson.zst"),
}


def watched(file: BinaryIO, bad: BadLines) -> Iterator[list[bytes]]:
    """The lines of a file, some hundreds at a time, with a count on stderr where a person watches.

    One that is too long is bad, and an empty one stands for it. UsageError where they are compressed.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.completed:,} signals"), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("signals", total=None)
        for lines in _lines(_blocks(file), bad):
            progress.advance(task, len(lines))
            yield lines


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """A file, without a byte order mark at its beginning (RFC 8259, 8.1): editors of Windows write one."""
    first = file.read(_BLOCK)
    _refuse_packed(first)
    yield first.removeprefix(codecs.BOM_UTF8)
    while block := file.read(_BLOCK):
        yield block


def _refuse_packed(first: bytes) -> None:
    for mark, (name, unpack) in _PACKED.items():
        if first.startswith(mark):
            raise UsageError(
                f"The signals are compressed with {name}; unpack them: {unpack} | secure-signal …"
            )


def _lines(blocks: Iterator[bytes], bad: BadLines) -> Iterator[list[bytes]]:
    """The lines of each block, the last of which goes on in the next one."""
    number, rest, is_long = 1, b"", False
    for block in blocks:
        lines = (rest + block).split(b"\n")
        # No other can be: a block is shorter.
        if is_long or len(lines[0]) > LONGEST:
            if not is_long:
                bad.add(number, f"longer than {LONGEST} bytes")
            lines[0] = b""
            is_long = len(lines) == 1
        rest = lines.pop()
        number += len(lines)
        if lines:
            yield lines
    if rest:
        yield [rest]
