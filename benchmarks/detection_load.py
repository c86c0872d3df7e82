"""What the engine's benchmark feeds it: signals of this project's shape, and rules for them."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from uuid import UUID, uuid5

import msgspec

from secure_signal.adapters import rule_files
from secure_signal.core import identity, instant
from secure_signal.core.detection.rules.ruleset import RuleSet

TYPES = tuple(f"{area}.{verb}" for area in ("auth", "session", "file", "payment", "api") for verb in "abcd")
"""Types of signals, equally frequent."""

COUNTRIES = tuple(a + b for a in "ABCDEFGHIJ" for b in "KLMNOPQRSTUVWXYZABC")
_START = 1_777_636_800_000_000
_IDS = UUID("6c5c3b30-8b9f-5c56-9bb0-1a2b3c4d5e6f")


def signals(count: int, users: int = 10_000, seed: int = 1) -> Iterator[bytes]:
    """JSON of signals of 200 bytes, a hundred a second; three of ten are failures."""
    whims = Random(seed)
    for i in range(count):
        moment = _START + i * 10_000 + whims.randrange(10_000)
        yield msgspec.json.encode(
            {
                "id": identity.uuid7(moment, whims.getrandbits(74)),
                "user_id": f"user-{whims.randrange(users):07}",
                "type": whims.choice(TYPES),
                "timestamp": instant.render(moment),
                "payload": {
                    "outcome": "failure" if whims.random() < 0.3 else "success",
                    "country": whims.choice(COUNTRIES),
                    "ip": f"10.{whims.randrange(256)}.{whims.randrange(256)}.{whims.randrange(256)}",
                },
            }
        )


def failures(count: int, users: int, everyone: bool = False, seed: int = 2) -> Iterator[bytes]:
    """JSON of failures of the first type, of users at random or of each in turn, all within a day."""
    whims = Random(seed)
    for i in range(count):
        user = i if everyone else whims.randrange(users)
        moment = _START + (0 if everyone else 3_600_000_000) + i * 1_000
        yield msgspec.json.encode(
            {
                "id": f"{everyone}-{i}",
                "user_id": f"user-{user:07}",
                "type": TYPES[0],
                "timestamp": instant.render(moment),
                "payload": {
                    "outcome": "failure",
                    "country": whims.choice(COUNTRIES),
                    "ip": f"10.0.0.{i % 256}",
                },
            }
        )


def ruleset(folder: Path, count: int, timespan: str = "5m", least: int = 5) -> RuleSet:
    """So many correlations with their detections, written to a folder and loaded."""
    folder.mkdir(exist_ok=True)
    for number, rule in enumerate(_rules(count, timespan, least)):
        (folder / f"{number:04}.yml").write_text(rule)
    (folder / "logsources.toml").write_text(_logsources())
    return rule_files.load(folder, folder / "logsources.toml")


def _logsources() -> str:
    """Each type has a log source of its own area."""
    tables = '[[logsource]]\ntype = "{0}.*"\nproduct = "webapp"\ncategory = "{0}"\n'
    return "\n".join(tables.format(area) for area in dict.fromkeys(t.partition(".")[0] for t in TYPES))


def _rules(count: int, timespan: str, least: int) -> Iterator[str]:
    """Correlations, by turns event_count and value_count, each with its own detection, as YAML.

    The first 20 look at the failures of a type each; those after them at failures from one country too.
    """
    for n in range(count):
        kind = TYPES[n % len(TYPES)]
        country = COUNTRIES[(n // len(TYPES) - 1) % len(COUNTRIES)]
        yield _RULE.format(
            n=n,
            detection=uuid5(_IDS, f"d{n}"),
            correlation=uuid5(_IDS, f"c{n}"),
            category=kind.partition(".")[0],
            type=kind,
            more=f"\n        country: {country}" if n >= len(TYPES) else "",
            timespan=timespan,
            least=least,
            kind="value_count" if n % 2 else "event_count",
            field="\n        field: ip" if n % 2 else "",
        )


_RULE = """
title: Failures {n}
id: {detection}
name: failures_{n}
status: test
level: low
logsource:
    product: webapp
    category: {category}
detection:
    selection:
        type: {type}
        outcome: failure{more}
    condition: selection
---
title: Many failures {n}
id: {correlation}
status: test
level: high
correlation:
    type: {kind}
    rules: [failures_{n}]
    group-by: [user_id]
    timespan: {timespan}
    condition:
        gte: {least}{field}
"""
