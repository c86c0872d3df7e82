"""Many records are read at once as they are one by one."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from secure_signal.core import signal
from secure_signal.core.detection import event
from secure_signal.core.detection.event import Event
from secure_signal.core.errors import RefusedError

CORPUS = Path(__file__).parents[4] / "shared/corpora/poison"
CLEAN = b'{"user_id":"a","type":"t","timestamp":"2026-05-01T12:00:00.5Z","payload":{"n":1.5}}'


def one_by_one(value: bytes) -> Event | RefusedError:
    try:
        return Event.of(signal.decode(value))
    except RefusedError as error:
        return error


def seen(read: Event | RefusedError) -> str:
    """All of it, told apart by type (1, 1.0 and true), so that infinities equal themselves."""
    if isinstance(read, RefusedError):
        return str(read)
    return repr((read.id, read.user_id, read.type, read.timestamp, read.payload))


def same(values: list[bytes]) -> None:
    assert [*map(seen, event.read(values))] == [seen(one_by_one(value)) for value in values]


NAMES = st.text(max_size=4) | st.sampled_from(["x" * 128, "x" * 129, "x" * 257, "\x7f", "\x85", "é", "\\"])
TIMES = st.sampled_from(
    [
        f"{day}{between}12:00:{rest}"
        for day in ("2026-05-01", "1969-12-31", "9999-12-31", "2026-02-30")
        for between in "Tt "
        for rest in (
            *("00Z", "00z", "00+00:00", "00.1Z", "00.12", "00.12Z", "00.123456Z", "00.123456+00:00"),
            *(
                "00.1234567Z",
                "00.999999999Z",
                "60Z",
                "00+0100",
                "00+01:00",
                "00.5+0000",
                "0Z",
                "00.12_4Z",
                "",
            ),
        )
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | NAMES
JSON: st.SearchStrategy[Any] = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)
)
IDS = NAMES | st.integers() | st.just(10**200) | LEAVES
MEMBERS = st.fixed_dictionaries(
    {
        "user_id": NAMES,
        "type": NAMES,
        "timestamp": TIMES,
        "payload": st.dictionaries(NAMES, JSON, max_size=3),
    },
    optional={"id": IDS, "folds": JSON, "other": JSON, "\ud800": JSON},
)
OBJECTS = st.builds(
    lambda members, ascii, spaced: json.dumps(
        members, ensure_ascii=ascii, separators=None if spaced else (",", ":")
    ).encode(errors="surrogatepass"),
    MEMBERS,
    st.booleans(),
    st.booleans(),
)
NUMBERS = [
    "1e99",
    "1E+100",
    "1e-99",
    "1e-100",
    "1e400",
    "1e20000",
    "0e0",
    "-0",
    "-0.0",
    "9" * 30,
    "9" * 5000,
    "1." + "1" * 17000,
]
PIECES = [
    *(
        b"",
        b" ",
        b"\n",
        b"\r",
        b"{",
        b"}",
        b"{}",
        b"[]",
        b"\xff",
        b"\x7f",
        b"\\",
        b"null",
        b"{}{}",
        CLEAN,
    ),
    *(CLEAN.replace(b"1.5", number.encode()) for number in NUMBERS),
    *(CLEAN.replace(b"1.5", b"[" * n + b"]" * n) for n in (62, 63, 64, 100, 2000)),
    *(CLEAN.replace(b"1.5", b"[" + b"1e99," * n + b"1]") for n in (1000, 2100, 6000)),
    *(
        CLEAN.replace(b"1.5", b'"' + text + b'"')
        for text in (b"\\u0000", b"\\ud800", b"\\n", b"\xed\xa0\x80", b"\xc3\xa9", b"\\\\ud8", b"\\u0041")
    ),
    *(CLEAN.replace(b'"a"', b'"' + text + b'"') for text in (b"\\n", b"\xc2\x85", b"\xc3\xa9", b"\\u0041")),
    *(
        CLEAN.replace(b'{"n"', b'{"n":%b},"payload":{"n"' % text)
        for text in (b"[[", b"1", b"1e999", b"\\u0000")
    ),
    *(CLEAN[:-1] + b',"payload":' + text + b"}" for text in (b"{}", b"[]", b"1", b"nul")),
    *(
        CLEAN[:40],
        CLEAN[40:],
        CLEAN + b"\n",
        b" " + CLEAN,
        CLEAN + b"\r\n",
        CLEAN + b" x",
        CLEAN.replace(b",", b",\n"),
    ),
    b"{" + b" " * 20_000 + CLEAN[1:],
    CLEAN.replace(b'"a"', b'"' + b"\xc3\xa9" * 256 + b'"'),
    CLEAN.replace(b'"a"', b'"' + b"\xc3\xa9" * 257 + b'"'),
]


@settings(deadline=None)
@given(st.lists(OBJECTS | st.sampled_from([piece for piece in PIECES if len(piece) < 300]), max_size=4))
@example([b"", CLEAN + b"\n" + CLEAN])
@example([CLEAN[:40], CLEAN[40:]])
@example([b"", CLEAN + CLEAN])
def test_a_block_is_read_as_its_records_one_by_one(values: list[bytes]) -> None:
    same(values)
    same([CLEAN, *values, CLEAN])


def test_every_piece_is_read_as_it_is_alone() -> None:
    for value in PIECES:
        same([value])
        same([CLEAN, value])


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.exists(), reason="the corpora are not beside this checkout")
def test_poison_is_refused_in_a_block_too() -> None:
    values = [path.read_bytes() for path in sorted((CORPUS / "values").iterdir())]
    same(values)
    for value in values:
        same([CLEAN, value])
