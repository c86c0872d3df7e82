"""What detections match: Sigma's modifiers, wildcards, null, keywords and conditions."""

import ipaddress
from collections.abc import Callable
from typing import Any

import pytest

Matches = Callable[[str, Any], bool]

CASES = [
    ("case aside", "sel: {a: FoO}", {"a": "fOo"}, {"a": "fooo"}),
    ("case beyond ASCII", "sel: {a: ŽIGA}", {"a": "žiga"}, {"a": "ziga"}),
    ("a sharp s is no two s", "sel: {a: strasse}", {"a": "STRASSE"}, {"a": "straße"}),
    ("wildcards", r"sel: {a: 'a*c?e'}", {"a": "abbcde"}, {"a": "abbcdde"}),
    ("pieces do not overlap", "sel: {a: 'ab*ba'}", {"a": "abba"}, {"a": "aba"}),
    ("a piece does not reach into the tail", "sel: {a: 'x*ab*b'}", {"a": "xabb"}, {"a": "xab"}),
    ("across lines", "sel: {a: 'x*y?z'}", {"a": "x\ny\nz"}, {"a": "x\ny\n\nz"}),
    ("escaped wildcard", r"sel: {a: '1\*2'}", {"a": "1*2"}, {"a": "1x2"}),
    ("escaped backslash", r"sel: {a: '*\\x'}", {"a": r"\\h\x"}, {"a": "hx"}),
    ("plain backslash", r"sel: {a|contains: '\Temp\'}", {"a": r"C:\temp\x"}, {"a": "C:/Temp/x"}),
    ("startswith", "sel: {a|startswith: ab}", {"a": "ABc"}, {"a": "cab"}),
    ("endswith", "sel: {a|endswith: bc}", {"a": "aBC"}, {"a": "bca"}),
    ("contains all", "sel: {a|contains|all: [x, y]}", {"a": "y-x"}, {"a": "xx"}),
    ("cased", "sel: {a|cased: Foo}", {"a": "Foo"}, {"a": "foo"}),
    ("cased contains", "sel: {a|contains|cased: Foo}", {"a": "aFoob"}, {"a": "afoob"}),
    ("cased and not, side by side", "sel: [{a|cased: X}, {a: y}]", {"a": "Y"}, {"a": "x"}),
    ("re is a search, cased", "sel: {a|re: 'b[0-9]+$'}", {"a": "ab12"}, {"a": "aB12"}),
    ("re with i", "sel: {a|re|i: '^AB'}", {"a": "abc"}, {"a": "cab"}),
    ("re with m", "sel: {a|re|m: '^b$'}", {"a": "a\nb\nc"}, {"a": "ab"}),
    ("re with s", "sel: {a|re|s: 'a.b'}", {"a": "a\nb"}, {"a": "ab"}),
    ("re that RE2 cannot run", r"sel: {a|re: '(a)\1'}", {"a": "xaa"}, {"a": "xab"}),
    ("windash", "sel: {a|windash|contains: ' -enc'}", {"a": "ps /ENC x"}, {"a": "ps +enc x"}),
    ("base64", "sel: {a|base64: foo}", {"a": "Zm9v"}, {"a": "foo"}),
    ("base64offset", "sel: {a|base64offset|contains: foobar}", {"a": "eGZvb2Jhcg=="}, {"a": "eGZvb2Jh"}),
    ("wide", "sel: {a|wide|base64offset|contains: ab}", {"a": "YQBiAA=="}, {"a": "YWI="}),
    ("utf16le is wide", "sel: {a|utf16le|base64offset|contains: ab}", {"a": "YQBiAA=="}, {"a": "YWI="}),
    ("utf16be", "sel: {a|utf16be|base64: ab}", {"a": "AGEAYg=="}, {"a": "YQBiAA=="}),
    ("cidr", "sel: {a|cidr: 10.0.0.0/8}", {"a": "10.255.0.1"}, {"a": "11.0.0.1"}),
    ("cidr of version 6", "sel: {a|cidr: '2001:db8::/32'}", {"a": "2001:DB8::7"}, {"a": "10.0.0.1"}),
    ("cidr of no address", "sel: {a|cidr: 10.0.0.0/8}", {"a": "10.0.0.0"}, {"a": "ten"}),
    ("fieldref", "sel: {a|fieldref: b}", {"a": "X", "b": "x"}, {"a": "x"}),
    ("fieldref endswith", "sel: {a|fieldref|endswith: b}", {"a": "yx", "b": "X"}, {"a": "xy", "b": "x"}),
    ("exists", "sel: {a|exists: true}", {"a": ""}, {"a": None}),
    ("exists not", "sel: {a|exists: false}", {"b": 1}, {"a": {}}),
    ("null", "sel: {a: null}", {"a": None}, {"a": ""}),
    ("number", "sel: {a: 4624}", {"a": 4624}, {"a": 46240}),
    ("number as text", "sel: {a: 4624}", {"a": "4624"}, {"a": "4624.0"}),
    ("number as float", "sel: {a: 2}", {"a": 2.0}, {"a": True}),
    ("text meets number", "sel: {a|startswith: '46'}", {"a": 4624}, {"a": 5624}),
    ("boolean", "sel: {a: true}", {"a": True}, {"a": 1}),
    ("boolean as text", "sel: {a: false}", {"a": "False"}, {"a": None}),
    ("gt", "sel: {a|gt: 1.5}", {"a": 2}, {"a": 1.5}),
    ("gte of a text", "sel: {a|gte: 2}", {"a": "2"}, {"a": "two"}),
    ("gte of a text with an exponent", "sel: {a|gte: 2}", {"a": "+.25e1"}, {"a": "1_000"}),
    ("gte of digits", "sel: {a|gte: 2}", {"a": "7."}, {"a": "\u0667"}),
    ("gte of a text with spaces", "sel: {a|gte: 2}", {"a": "30"}, {"a": " 30\n"}),
    ("lt", "sel: {a|lt: 2}", {"a": -1}, {"a": "-"}),
    ("lte", "sel: {a|lte: 2}", {"a": 2}, {"a": "1e400"}),
    ("neq", "sel: {a|neq: x}", {"a": "y"}, {"a": "X"}),
    ("hour", "sel: {a|hour: 3}", {"a": "2026-05-01T05:59:00+02:00"}, {"a": "2026-05-01T05:59:00Z"}),
    ("hour compared", "sel: {a|hour|gte: 22}", {"a": "2026-05-01T23:00:00Z"}, {"a": "soon"}),
    ("week", "sel: {a|week: 53}", {"a": "2027-01-01T00:00:00Z"}, {"a": "2027-01-04T00:00:00Z"}),
    ("own timestamp", "sel: {timestamp|year|gt: 2025, a: x}", {"a": "x"}, {"a": "y"}),
    ("own field wins", "sel: {type: auth.login, a: x}", {"a": "x", "type": "z"}, {"type": "auth.login"}),
    ("dotted path", "sel: {a.b: x}", {"a": {"b": "X"}}, {"a": "x"}),
    ("exact key first", "sel: {a.b: x}", {"a.b": "x", "a": {"b": "y"}}, {"a.b": "y", "a": {"b": "x"}}),
    ("exact null hides the path", "sel: {a.b: null}", {"a.b": None, "a": {"b": "x"}}, {"a": {"b": "x"}}),
    ("any element of a list", "sel: {a: x}", {"a": ["y", "X"]}, {"a": ["y", ["x"]]}),
    ("element compared", "sel: {a|gt: 5}", {"a": [1, 9]}, {"a": [1, 2]}),
    ("an object is no text", "sel: {a|contains: ''}", {"a": ""}, {"a": {"x": "y"}}),
    ("keyword", "sel: [needle]", {"b": [{"c": "a NEEDLE b"}]}, {"needle": "x"}),
    ("keyword number", "sel: [42]", {"b": 1425}, {"b": 24}),
    ("keywords, all", "sel: {'|all': [x, y]}", {"a": "x", "b": "y"}, {"a": "x"}),
    ("keyword re", "sel: {'|re': 'x[0-9]'}", {"a": ["x1"]}, {"a": "x"}),
    ("list of maps", "sel: [{a: x, b: y}, {c: z}]", {"c": "z"}, {"a": "x", "b": "z"}),
    ("1 of", "s1: {a: x}\ns2: {b: y}\nt: {c: z}\ncondition: 1 of s*", {"b": "y"}, {"c": "z"}),
    ("all of them", "s1: {a: x}\ns2: {b: y}\ncondition: all of them", {"a": "x", "b": "y"}, {"a": "x"}),
    ("not", "s: {a: x}\nt: {b: y}\ncondition: s and not t", {"a": "x"}, {"a": "x", "b": "y"}),
    ("precedence", "s: {a: x}\nt: {b: y}\nu: {c: z}\ncondition: s or t and u", {"a": "x"}, {"b": "y"}),
    (
        "nested",
        "s: {a: x}\nt: {b: y}\nu: {c: z}\ncondition: (s or t) and u",
        {"b": "y", "c": "z"},
        {"a": "x"},
    ),
    ("two conditions", "s: {a: x}\nt: {b: y}\ncondition: [s, t]", {"b": "y"}, {"c": "z"}),
    (
        "timeframe is no selection",
        "s: {a: x}\ntimeframe: 5m\ncondition: all of them",
        {"a": "x"},
        {"a": "5m"},
    ),
    ("huge number elsewhere", "sel: {a: 12}", {"a": 12, "b": 10**4000}, {"a": 13, "b": 10**4000}),
]


@pytest.mark.parametrize(("name", "detection", "hit", "miss"), CASES, ids=[c[0] for c in CASES])
def test_a_detection_matches_one_payload_and_not_the_other(
    name: str, detection: str, hit: Any, miss: Any, matches: Matches
) -> None:
    assert matches(detection, hit)
    assert not matches(detection, miss)


def test_an_address_is_read_once_for_all_networks(matches: Matches, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand networks would read it for 2 ms at each signal."""
    read: list[str] = []
    original = ipaddress.ip_address

    def counted(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
        read.append(text)
        return original(text)

    monkeypatch.setattr(ipaddress, "ip_address", counted)
    networks = ", ".join(f"10.0.{number}.0/24" for number in range(20))
    assert matches(f"sel: {{a|cidr: [{networks}]}}", {"a": "10.0.19.77"})
    assert matches("sel: {a|cidr: 10.0.0.0/8}", {"a": ["no address", "10.0.19.77"]})
    assert not matches("sel: {a|cidr: 10.0.0.0/8}", {"a": "10.0.19.77" * 1_000})
    assert sorted(read) == ["10.0.19.77", "no address"]
