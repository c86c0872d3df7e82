"""What a hostile sender can put into signals costs neither memory nor time, and shows nobody a lie."""

import unicodedata

import pytest
from msgspec.structs import replace
from tests.unit.detection.conftest import Load
from tests.unit.detection.samples import BRUTE_FORCE, FAILED, LATER, OTHER, SUM, signal
from tests.unit.detection.test_engine import observe

from secure_signal.core.anomaly import encode
from secure_signal.core.detection import summary
from secure_signal.core.detection.engine import Engine
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.windowing import entry, metric, window
from secure_signal.core.signal import Signal

BY_ADDRESS = BRUTE_FORCE.replace("user_id", "ip")
LONG = "203.0.113.7" + "x" * 250_000


def failures(value: object, count: int = 3, first: int = 0) -> list[Signal]:
    payload = {"outcome": "failure", "ip": value}
    return [signal(n, number=n, payload=payload) for n in range(first, first + count)]


def test_a_long_group_value_costs_neither_state_nor_anomaly_its_size(load: Load) -> None:
    engine = Engine(load(FAILED, BY_ADDRESS))
    (found,) = observe(engine, *failures(LONG))
    ((key, state),) = engine.changes()
    assert len(key) + len(state or b"") + len(encode(found)) < 5_000
    assert str(found.group["ip"]).startswith("203.0.113.7xxx")


def test_long_group_values_stay_apart_and_an_ordinary_one_stays_as_it_is(load: Load) -> None:
    engine = Engine(load(FAILED, BY_ADDRESS))
    assert observe(engine, *failures(LONG + "a", 2), *failures(LONG + "b", 2)) == []
    (found,) = observe(engine, *failures(LONG + "a", 1, first=9), first=9)
    # Who sends a shortened value as it is printed is not taken for the long one.
    assert observe(engine, *failures(found.group["ip"], 2, first=10), first=10) == []
    assert engine.groups == 3
    (ordinary,) = observe(Engine(load(FAILED, BY_ADDRESS)), *failures("y" * 256))
    assert ordinary.group == {"ip": "y" * 256}


def test_a_summary_quotes_no_character_that_steers_a_terminal(load: Load) -> None:
    hostile = "\x1b]0;owned\x07\n\u202e\u2066\x9b31m"
    (plain,) = observe(Engine(load(FAILED)), signal(0, user=hostile))
    (found,) = observe(Engine(load(FAILED, BY_ADDRESS)), *failures(hostile))
    assert found.group == {"ip": hostile}
    for character in found.summary + plain.summary:
        assert unicodedata.category(character) not in ("Cc", "Zl", "Zp")
        assert unicodedata.bidirectional(character) not in ("RLO", "LRI")


def test_a_sum_beyond_the_greatest_float_can_be_told(load: Load) -> None:
    total = BRUTE_FORCE.replace("event_count", "value_sum").replace("{gte: 3}", "{gte: 1.79e+308, field: ip}")
    (found,) = observe(Engine(load(FAILED, total)), *failures(1.7e308))
    assert "sum of ip is 1.79769e+308 " in found.summary


def test_of_a_long_list_so_many_values_count(load: Load) -> None:
    counted = BRUTE_FORCE.replace("event_count", "value_count").replace("gte: 3", "gte: 1000, field: ip")
    engine = Engine(load(FAILED, counted))
    _, (match,) = engine.judge(Event.of(failures(list(range(20_000)))[0]), LATER)
    assert match.values == tuple(range(1_000))


def test_a_flood_into_one_group_is_bounded_and_counted(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "CAPACITY", 10)
    engine = Engine(load(FAILED, BRUTE_FORCE))
    assert len(observe(engine, *failures("10.0.0.1", 25))) == 1
    assert engine.full == 25 - 10


def test_a_condition_that_no_window_can_hold_is_named(load: Load) -> None:
    def notices(condition: str) -> tuple[str, ...]:
        return load(FAILED, BRUTE_FORCE.replace("gte: 3", condition)).correlations[0].notices

    assert notices("gte: 8192") == notices("lt: 8193") == ()
    assert notices("gte: 8193") == ("never fires: a window holds at most 8192 signals or values",)


PAYMENTS = BRUTE_FORCE.replace("event_count", "value_sum").replace("{gte: 3}", "{gte: 1, field: amount}")
PAIRS = (
    BRUTE_FORCE.replace("event_count", "value_count")
    .replace("{gte: 3}", "{gte: 1, field: [amount, payee]}")
    .replace(SUM, OTHER)
)
DIGITS = b"9" * 400


@pytest.mark.parametrize("amount", [DIGITS, b"-" + DIGITS, b"[1e400]", b"9" * 5000])
def test_a_number_beyond_all_range_adds_nothing_and_stops_nothing(load: Load, amount: bytes) -> None:
    engine = Engine(load(FAILED, PAYMENTS, PAIRS))
    payload = b'{"outcome": "failure", "amount": %s, "payee": [%s]}'
    (pair,) = observe(engine, replace(signal(0), payload=payload % (amount, amount)))
    assert pair.rule_id == OTHER
    (total,) = observe(engine, replace(signal(1), payload=payload % (b"5", b"1")), first=1)
    assert "sum of amount is 5 " in total.summary


def test_what_fails_in_one_correlation_is_counted_and_stops_no_other(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(load(FAILED, PAYMENTS, BRUTE_FORCE.replace(SUM, OTHER)))
    signals = [signal(n, payload={"outcome": "failure", "amount": 0.5}) for n in range(3)]

    def fail(*_: object) -> None:
        raise OverflowError

    for place, name in ((entry, "as_number"), (metric, "exact"), (summary, "_number")):
        with monkeypatch.context() as patch:
            patch.setattr(place, name, fail)
            engine = Engine(engine.ruleset)
            found = observe(engine, *signals)
        assert engine.errors[SUM]
        assert [a.rule_id for a in found] == ([OTHER] if place is not summary else [])
        assert engine.errors[OTHER] == (place is summary)
        observe(engine, *signals, first=3)
