"""Modifiers together, at their edges, as the Sigma specification 2.1 has them (Modifiers Appendix)."""

from collections.abc import Callable
from typing import Any

import pytest

Matches = Callable[[str, Any], bool]

CASES: list[tuple[str, list[Any], list[Any]]] = [
    ("{a|neq: [x, y]}", [{"a": "z"}, {}], [{"a": "X"}, {"a": "y"}]),
    ("{a|neq: 5}", [{"a": 6}, {"a": "five"}], [{"a": 5}, {"a": "5"}]),
    ("{a|contains|neq: [x, y]}", [{"a": "z"}], [{"a": "axb"}, {"a": "by"}]),
    ("{a|startswith|neq: x}", [{"a": "yx"}], [{"a": "xy"}]),
    ("{a|endswith|neq: x}", [{"a": "xy"}], [{"a": "yx"}]),
    ("{a|re|neq: '^x'}", [{"a": "yx"}], [{"a": "xy"}]),
    ("{a|cidr|neq: 10.0.0.0/8}", [{"a": "11.0.0.1"}], [{"a": "10.0.0.1"}]),
    ("{a|fieldref|neq: b}", [{"a": "x", "b": "y"}, {"a": "x"}], [{"a": "x", "b": "X"}]),
    ("{a|contains|all|neq: [x, y]}", [{"a": "x"}, {"a": "z"}], [{"a": "xy"}]),
    ("{a|fieldref|startswith: b}", [{"a": "xy", "b": "X"}], [{"a": "yx", "b": "x"}]),
    ("{a|fieldref|contains: b}", [{"a": "yXy", "b": "x"}], [{"a": "y", "b": "x"}]),
    ("{a|fieldref: [b, c]}", [{"a": "x", "c": "x"}], [{"a": "x", "b": "y"}]),
    ("{a|fieldref: b.c}", [{"a": 5, "b": {"c": 5}}], [{"a": 5, "b": {"c": 6}}]),
    ("{a|all: ['*x*', '*y*']}", [{"a": "yx"}], [{"a": "x"}]),
    ("{a|contains|all: [x, y]}", [{"a": ["x", "y"]}], [{"a": ["x"]}]),
    ("{a|re|all: [x, y]}", [{"a": "yx"}], [{"a": "x"}]),
    ("{a|contains|all|cased: [X, y]}", [{"a": "yX"}], [{"a": "yx"}]),
    ("{a: ''}", [{"a": ""}], [{}, {"a": None}, {"a": " "}, {"a": 0}]),
    ("{a: null}", [{}, {"a": None}], [{"a": ""}, {"a": 0}, {"a": False}, {"a": []}]),
    ("{a: [null, x]}", [{}, {"a": "X"}], [{"a": ""}]),
    ("{a: '*'}", [{"a": ""}, {"a": 0}, {"a": "x"}], [{}, {"a": None}]),
    ("{a: '?'}", [{"a": "é"}, {"a": 5}], [{"a": ""}, {"a": "ab"}]),
    ("{a: '?*'}", [{"a": "é"}, {"a": "ab"}], [{"a": ""}]),
    ("{a|contains: 'x*y'}", [{"a": "1x2y3"}], [{"a": "yx"}]),
    ("{a|startswith: ['x', 'y?z']}", [{"a": "xa"}, {"a": "Y1Z9"}], [{"a": "yz"}]),
    (r"{a: 'x\\*'}", [{"a": "x\\y"}, {"a": "x\\"}], [{"a": "x*"}, {"a": "xy"}]),
    (r"{a: 'x\\\*'}", [{"a": "x\\*"}], [{"a": "x\\y"}]),
    (r"{a: 'x\\\\y'}", [{"a": "x\\\\y"}], [{"a": "x\\y"}]),
    (r"{a: 'x\y'}", [{"a": "x\\y"}], [{"a": "xy"}]),
    (r"{a|contains: '\?'}", [{"a": "who?"}], [{"a": "who"}]),
    (r"{a|endswith: '\*'}", [{"a": "x*"}], [{"a": "x"}]),
    (r"{a|re: 'x\\y\*'}", [{"a": "x\\y*"}], [{"a": "xy*"}]),
    ("{a: '4624'}", [{"a": 4624}, {"a": "4624"}], [{"a": 46240}]),
    ("{a: -1}", [{"a": -1}, {"a": "-1"}], [{"a": 1}]),
    # What no float equals, such as the ids of many services.
    (
        "{a: 1234567890123456789}",
        [{"a": 1234567890123456789}, {"a": "1234567890123456789"}],
        [{"a": 1234567890123456768}, {"a": 1234567890123456790}],
    ),
    ("{a|neq: [1, 9007199254740993]}", [{"a": 9007199254740992}], [{"a": 9007199254740993}, {"a": 1}]),
    ("[9007199254740993]", [{"a": {"b": 9007199254740993}}], [{"a": 9007199254740992}]),
    ("{a: 1.5}", [{"a": 1.5}, {"a": "1.5"}], [{"a": 1}, {"a": "1.50"}]),
    ("{a: 'true'}", [{"a": True}, {"a": "TRUE"}], [{"a": 1}]),
    ("{a|re: '^46'}", [{"a": 4624}], [{"a": 246}]),
    ("{a|re|i|m|s: '^B.c$'}", [{"a": "x\nb\nC\ny"}], [{"a": "xb\nc"}]),
    ("{a|gt: -0.5}", [{"a": 0}, {"a": "0"}], [{"a": -0.5}, {"a": True}, {"a": None}, {"a": "x"}]),
    ("{a|lte: [1, 5]}", [{"a": 4}], [{"a": 6}]),
    ("{a|gt|neq: 5}", [{"a": 5}, {"a": "x"}], [{"a": 6}]),
    ("{a|gte: 123456789012345678}", [{"a": 123456789012345678}], [{"a": 123456789012345677}]),
    ("[{b: 1}, {a|lt: [1, 9007199254740993]}]", [{"a": 9007199254740992}], [{"a": 9007199254740993}]),
    ("{a|gt: 9007199254740992}", [{"a": "9007199254740993"}], [{"a": "9007199254740992"}]),
    ("{a: [1.0, 2.50]}", [{"a": "1.0"}, {"a": "1"}, {"a": 1}, {"a": "2.5"}], [{"a": "1.00"}]),
    ("{a|neq: 5.0}", [{"a": "6"}, {}], [{"a": "5.0"}, {"a": "5"}, {"a": 5}]),
    ("{a|exists: true}", [{"a": 0}, {"a": []}], [{}, {"a": None}]),
    ("{a.b|exists: false}", [{}, {"a": 5}, {"a": {"c": 1}}], [{"a": {"b": 1}}]),
    ("{a|cidr: [10.0.0.0/8, '::1/128']}", [{"a": "10.1.1.1"}, {"a": "::1"}], [{"a": "::2"}, {"a": 10}]),
    ("{a|wide: ab}", [{"a": "a\0B\0"}], [{"a": "ab"}]),
    ("{a|utf16be: ab}", [{"a": "\0a\0b"}], [{"a": "a\0b\0"}]),
    ("{a|utf16|base64: ab}", [{"a": "//5hAGIA"}], [{"a": "YQBiAA=="}]),
    (
        "{a|base64offset|contains: foobar}",
        [{"a": "Zm9vYmFy"}, {"a": "eGZvb2Jhcg=="}, {"a": "eHhmb29iYXI="}],
        [{"a": "Zm9vYmF6"}],
    ),
    ("{a|base64|cased: foo}", [{"a": "Zm9v"}], [{"a": "zm9v"}]),
    ("{a|cased|base64: foo}", [{"a": "Zm9v"}], [{"a": "zM9V"}]),
    ("{a|cased|windash: '-X'}", [{"a": "/X"}], [{"a": "-x"}]),
    (
        "{a|windash|contains: ' -e -f '}",
        [{"a": "x /e \u2013f y"}, {"a": "x \u2014e \u2015f y"}],
        [{"a": "x e f y"}],
    ),
    ("{a|windash: 'a-b'}", [{"a": "a-b"}], [{"a": "a/b"}]),
    ("{a|minute: 7}", [{"a": "2026-05-01T00:07:59Z"}], [{"a": "2026-05-01T07:00:00Z"}]),
    ("{a|day|lt: 2}", [{"a": "2026-05-01T00:00:00Z"}], [{"a": "2026-05-02T00:00:00Z"}, {"a": 1}]),
    ("{a|month: [5, 6]}", [{"a": "2026-06-01T00:00:00Z"}], [{"a": "2026-07-05T00:00:00Z"}]),
    (
        "{a|year|lt: 1970}",
        [{"a": "1950-05-01T00:00:00Z"}, {"a": "1970-01-01T00:30:00+01:00"}],
        [{"a": "1970-01-01T00:00:00Z"}, {"a": "0001-01-01T00:00:00+01:00"}],
    ),
    ("{a|year|neq: 2026}", [{"a": "2025-12-31T23:59:59Z"}], [{"a": "2026-01-01T00:00:00Z"}]),
    ("{'|contains|all': [x, y]}", [{"a": "1x", "b": {"c": "2y"}}], [{"a": "x"}]),
    ("['a*b', 7]", [{"x": "1aXb2"}, {"x": [70]}], [{"x": "ba"}]),
    ("{'|cased': Foo}", [{"x": "aFoo"}], [{"x": "foo"}]),
    ("[{a: x}, {b: null, c: y}]", [{"a": "x", "b": 1}, {"c": "y"}], [{"b": 1, "c": "y"}]),
]


@pytest.mark.parametrize(("selection", "hits", "misses"), CASES, ids=[case[0] for case in CASES])
def test_modifiers(selection: str, hits: list[Any], misses: list[Any], matches: Matches) -> None:
    assert [payload for payload in hits if not matches(f"sel: {selection}", payload)] == []
    assert [payload for payload in misses if matches(f"sel: {selection}", payload)] == []


SELECTIONS = "s1_x: {a: 1}\ns2_x: {b: 1}\ns3_y: {c: 1}\n_s4_x: {d: 1}\n"


@pytest.mark.parametrize(
    ("condition", "hits", "misses"),
    [
        ("1 of them", ["a", "c"], ["d"]),
        ("all of them", ["abc"], ["ab", "bcd"]),
        ("any of them", ["a"], ["d"]),
        ("1 of *_x", ["a", "b"], ["c", "d"]),
        ("all of s*_x", ["ab"], ["ac"]),
        ("1 of _*", ["d"], ["abc"]),
        ("not 1 of s*", ["d", ""], ["a", "bcd"]),
        ("s1_x and not (s2_x or s3_y)", ["a", "ad"], ["ab", "ac", ""]),
        ("not s1_x and s2_x", ["b"], ["ab", ""]),
        ("not (s1_x and s2_x)", ["", "a", "c"], ["ab"]),
        ("s1_x or s2_x and not s3_y", ["ac", "b"], ["bc", "c"]),
    ],
)
def test_conditions(condition: str, hits: list[str], misses: list[str], matches: Matches) -> None:
    detection = f"{SELECTIONS}condition: {condition}"
    assert [keys for keys in hits if not matches(detection, dict.fromkeys(keys, 1))] == []
    assert [keys for keys in misses if matches(detection, dict.fromkeys(keys, 1))] == []
