"""The lines of a file of signals, as ``detect`` and ``rules profile`` read them."""

import io
import tracemalloc

import pytest

from secure_signal.cli.bad_lines import BadLines
from secure_signal.cli.signal_lines import LONGEST, watched
from secure_signal.core.errors import UsageError


def read(file: bytes, bad: BadLines | None = None) -> list[bytes]:
    return [line for lines in watched(io.BytesIO(file), bad or BadLines()) for line in lines]


@pytest.mark.parametrize("end", [b"", b"\n"])
@pytest.mark.parametrize("size", [1, 4095, 131_071, 131_072, 131_073, LONGEST])
def test_lines_are_whole_wherever_a_block_ends(size: int, end: bytes) -> None:
    lines = [b"a" * size, b"", b"b", b"c" * size]
    assert read(b"\n".join(lines) + end) == lines


@pytest.mark.parametrize("beyond", [1, 200_000, LONGEST])
@pytest.mark.parametrize("end", [b"", b"\n", b"\nlast"])
def test_a_line_that_is_too_long_is_told_once_and_costs_no_other(
    beyond: int, end: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = BadLines()
    lines = read(b"first\n" + b" " * (LONGEST + beyond) + end, bad)
    assert [line for line in lines if line] == [b"first", b"last"][: 1 + end.endswith(b"last")]
    assert (bad.count, capsys.readouterr().err) == (1, f"line 2: longer than {LONGEST} bytes\n")
    assert lines.index(b"last") == 2 if b"last" in lines else True


def test_a_line_without_an_end_fills_no_memory() -> None:
    class Zeros(io.BytesIO):
        left = 8 * LONGEST

        def read(self, size: int | None = -1) -> bytes:
            assert size is not None
            self.left -= size
            return bytes(size) if self.left > 0 else b""

    tracemalloc.start()
    try:
        assert not any(line for lines in watched(Zeros(), BadLines()) for line in lines)
        assert tracemalloc.get_traced_memory()[1] < 3 * LONGEST
    finally:
        tracemalloc.stop()


def test_of_many_bad_lines_the_first_ones_are_told_and_all_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bad = BadLines()
    for number in range(1, 3001):
        bad.add(number, "no signal")
    bad.tell_count()
    *first, rest, count = capsys.readouterr().err.splitlines()
    assert first == [f"line {number}: no signal" for number in range(1, 21)]
    assert (rest, count) == ("…", "3,000 lines are no signals, and left out.")


@pytest.mark.parametrize(("mark", "unpack"), [("1f8b", "gzip -dc"), ("28b52ffd", "zstd -dc")])
def test_what_is_compressed_is_told_with_how_to_unpack_it(mark: str, unpack: str) -> None:
    with pytest.raises(UsageError, match=unpack):
        read(bytes.fromhex(mark) + b"\0")
