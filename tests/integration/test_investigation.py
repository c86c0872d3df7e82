"""backtest, why and why-not on what PostgreSQL keeps."""

import json
import re
import signal as signal_numbers
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from signal import SIGINT
from typing import Any

import psycopg
import pytest
from tests.servers import until
from tests.unit import test_rules_docs
from typer.testing import CliRunner

from secure_signal.adapters import anomaly_table, postgres, rule_files
from secure_signal.adapters.binary_copy import signal_row
from secure_signal.adapters.settings import Settings
from secure_signal.adapters.signal_table import SignalCopy
from secure_signal.cli import app
from secure_signal.core import anomaly, instant, signal
from secure_signal.core.anomaly import Anomaly
from secure_signal.core.detection.engine import Engine
from secure_signal.core.detection.event import Event
from secure_signal.core.errors import StopError, UsageError
from secure_signal.core.instant import SECOND
from secure_signal.core.signal import Signal

pytestmark = pytest.mark.integration

START = instant.parse("2026-11-20T08:00:00Z")
SINCE = ["--since", instant.render(START)]
RULES = """
title: Failed login
id: 11111111-1111-4111-8111-111111111111
name: failed_login
logsource: {product: webapp, category: authentication}
detection: {sel: {outcome: failure}, condition: sel}
---
title: Brute force
id: 33333333-3333-4333-8333-333333333333
name: brute_force
correlation:
  type: event_count
  rules: failed_login
  group-by: user_id
  timespan: 10s
  condition: {gte: 3}
"""

CHAINED = """---
title: Again and again
id: 5e0b64d2-9a1c-4a57-8f6e-2c1f4b7d9e33
correlation:
  type: event_count
  rules: brute_force
  group-by: user_id
  timespan: 1h
  condition: {gte: 2}
level: high
"""
PAGE = Path(__file__).parents[2] / "docs/investigate.md"
Find = Callable[..., list[Anomaly]]


def failures(*seconds: int, user: str = "alice") -> list[Signal]:
    payload = b'{"outcome": "failure", "bytes": 1e400}'
    return [Signal(f"{user}-{s}", user, "auth.login", START + s * SECOND, payload) for s in seconds]


def store(database: psycopg.Connection, signals: list[Signal]) -> None:
    with database.transaction():
        copy = SignalCopy(database)
        copy.write([signal_row(each) for each in signals])
        copy.finish()


@pytest.fixture
def database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection]:
    monkeypatch.setenv("DATABASE_URL", database_url)
    with postgres.connect(database_url, "test") as connection:
        postgres.migrate(connection)
        yield connection


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yml"
    path.write_text(RULES)
    return path


@pytest.fixture
def find(database: psycopg.Connection, rules: Path) -> Find:
    """Store signals and what is found in them, as the pipeline does."""

    def find(signals: list[Signal], rules: Path = rules) -> list[Anomaly]:
        store(database, signals)
        found = Engine(rule_files.load(rules)).observe_all(map(Event.of, signals), 0, START)
        anomaly_table.merge(database, [anomaly_table.row(anomaly.encode(each)) for each in found])
        return found

    return find


def run(*arguments: str) -> Any:
    """What a command tells programs."""
    result = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    return json.loads(result.stdout)


def test_a_backtest_counts_what_was_found_from_an_instant_on(
    database: psycopg.Connection, rules: Path
) -> None:
    # Bob's episode is open at the beginning already, alice's begins after it; carol's after the end.
    signals = [
        *failures(-12, -8, -4, 0, 4, user="bob"),
        *failures(1, 2, 3),
        *failures(60, 61, 62, user="carol"),
    ]
    store(database, signals)
    told = run("backtest", "--rules", str(rules), *SINCE, "--until", instant.render(START + 50 * SECOND))
    assert (told["found"], told["signals"], told["quiet"]) == (1, 8, 0)
    assert told["rules"][0]["examples"]["added"][0]["user_id"] == "alice"


def test_a_backtest_tells_what_a_change_does(
    database: psycopg.Connection, rules: Path, tmp_path: Path
) -> None:
    store(database, [*failures(1, 2, 3), *failures(31, 32, user="bob")])
    changed = tmp_path / "changed.yml"
    changed.write_text(RULES.replace("gte: 3", "gte: 2"))
    arguments = ["backtest", "--rules", str(changed), "--against", str(rules), *SINCE]
    told = run(*arguments)
    assert [told[name] for name in ("found", "added", "removed", "moved")] == [2, 1, 0, 1]
    table = CliRunner().invoke(app, arguments).stdout
    assert "+ 2026-11-20 08:00:32  User bob: 2 × failed login within 10 seconds (Brute force)" in table


def test_why_there_is_an_anomaly(find: Find, rules: Path) -> None:
    (found,) = find(failures(1, 2, 3))
    told = run("why", found.id, "--rules", str(rules))
    assert (told["verdict"]["reason"], told["verdict"]["anomaly"]["id"], told["notes"]) == (
        "found",
        found.id,
        [],
    )
    assert told["verdict"]["window"]["metric"] == 3
    assert [s["id"] for s in told["verdict"]["window"]["signals"]] == found.evidence
    shown = CliRunner().invoke(app, ["why", found.id, "--rules", str(rules)]).stdout
    assert '✓ outcome is "failure": "failure"' in shown
    assert "3, wanted ≥ 3" in shown


def test_why_tells_that_the_rules_have_changed(find: Find, rules: Path) -> None:
    (found,) = find(failures(1, 2, 3))
    rules.write_text(RULES.replace("gte: 3", "gte: 2"))
    changed, not_again, instead = run("why", found.id, "--rules", str(rules))["notes"]
    assert "The rules have changed since" in changed
    assert "do not lead to this anomaly" in not_again
    assert "The condition was true already" in instead
    rules.write_text(RULES.partition("---")[0])
    told = run("why", found.id, "--rules", str(rules))
    assert told["verdict"] is None
    assert "is not among those that are loaded" in told["notes"][1]


def test_why_shows_the_signals_of_what_another_correlation_found(find: Find, rules: Path) -> None:
    rules.write_text(RULES + CHAINED)
    *_, found = find(failures(1, 2, 3, 21, 22, 23))
    told = run("why", found.id, "--rules", str(rules))
    assert [each["id"] for each in told["within"]] == [f"alice-{s}" for s in (1, 2, 3, 21, 22, 23)]
    shown = CliRunner().invoke(app, ["why", found.id, "--rules", str(rules)]).stdout
    assert "2026-11-20 08:00:02.000  alice  auth.login  alice-2" in shown


def test_why_not(find: Find, rules: Path) -> None:
    (found,) = find(failures(1, 2, 3, 4))
    expected = {"alice-2": "not crossed", "alice-3": "found", "alice-4": "episode open"}
    for signal_id, reason in expected.items():
        (told,) = run("why-not", "brute_force", signal_id, "--rules", str(rules))["verdicts"]
        assert told["verdict"]["reason"] == reason
        if reason != "not crossed":
            assert told["notes"] == [f"It is stored: secure-signal why {found.id}"]
    shown = CliRunner().invoke(app, ["why-not", "Brute force", "alice-2", "--rules", str(rules)]).stdout
    assert "2 in the 10 seconds up to this signal, and ≥ 3 is wanted" in shown


def test_why_not_asks_what_stood_in_the_way(
    database: psycopg.Connection, rules: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", settings.kafka_bootstrap_servers)
    store(database, failures(1, 2, 3))

    def notes() -> list[str]:
        (told,) = run("why-not", "brute_force", "alice-3", "--rules", str(rules))["verdicts"]
        return list(told["notes"])

    # Kafka has made the topics only now.
    until(lambda: "not remembered" in notes()[-1], "Kafka tells that there is no coverage")
    missing, late, others, recent, _ = notes()
    assert "is not stored" in missing
    assert "after its timestamp" in late
    assert "other signals 2 came more than" in others
    assert "on its way" in recent


def test_why_not_names_what_was_told_at_the_signal_in_another_order(
    find: Find, database: psycopg.Connection, rules: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", settings.kafka_bootstrap_servers)
    # Live, the first two came last: the window was crossed at the third signal of the later three.
    (found,) = find(failures(3, 4, 5))
    store(database, failures(1, 2))
    (told,) = run("why-not", "brute_force", "alice-5", "--rules", str(rules))["verdicts"]
    assert told["verdict"]["reason"] == "episode open"
    assert told["notes"][0].endswith(f"secure-signal why {found.id}")
    assert "is not stored" in told["notes"][1]


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["why", "x"], "UUIDs"),
        (["why", "00000000-0000-0000-0000-000000000000"], "no anomaly"),
        (["why-not", "brute_force", "nobody"], "no signal nobody"),
        (["why-not", "brute_farce", "nobody"], "brute_force"),
        (["backtest", "--since", "yesterday"], "--since"),
        (["backtest", "--since", "1h", "--until", "2h"], "later"),
    ],
)
def test_what_is_asked_wrongly(database: psycopg.Connection, arguments: list[str], what: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, UsageError)
    assert what in str(result.exception)


def test_a_database_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, rules: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://a:b@127.0.0.1:1/c")
    result = CliRunner().invoke(app, ["backtest", "--rules", str(rules), *SINCE])
    assert isinstance(result.exception, StopError)
    assert "DATABASE_URL" in str(result.exception)


def test_every_command_prints_what_the_page_says(
    find: Find, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = PAGE.read_text()
    for file in test_rules_docs.FILE.finditer(page):
        Path(file["name"]).parent.mkdir(exist_ok=True)
        Path(file["name"]).write_text(file["text"])
    lines = Path("signals.ndjson").read_bytes().splitlines()
    assert len(find([signal.decode(line) for line in lines], Path("live"))) == 1
    for command, output in test_rules_docs.commands(page):
        printed = "\n".join(line.rstrip() for line in test_rules_docs.run(command).rstrip().splitlines())
        shown = "\n".join(line.rstrip() for line in output.rstrip().splitlines())
        assert re.fullmatch(".*".join(map(re.escape, shown.split("…"))), printed), f"$ {command}\n{printed}"


def test_an_interrupted_backtest_ends_quietly(database: psycopg.Connection, rules: Path) -> None:
    command = [sys.executable, "-m", "secure_signal", "backtest", "--rules", str(rules), *SINCE]
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'signals'::regclass"
    # What a shell starts in the background ignores SIGINT, and so do its children.
    listening = partial(signal_numbers.signal, SIGINT, signal_numbers.SIG_DFL)
    # The backtest waits for the table, and would for ever.
    with database.transaction():
        database.execute("LOCK TABLE signals")
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=listening
        ) as process:
            try:
                until(lambda: database.execute(waiting).fetchone() == (1,), "the backtest reads signals")
            finally:
                process.send_signal(SIGINT)
            told = process.communicate(timeout=30)
    assert (process.returncode, *told) == (130, b"", b"")
