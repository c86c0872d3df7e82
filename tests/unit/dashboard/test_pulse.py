"""Rates and lag between two readings, outages and topics made anew included."""

from datetime import UTC, datetime

from secure_signal.services.dashboard.pulse import Pulse, Reading, compare

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def pulse(before: Reading, now: Reading) -> Pulse:
    return compare(before, now, NOON, {})


def test_rates_and_lag() -> None:
    before = Reading(10.0, "t", {0: 100, 1: 50}, {0: 90})
    now = Reading(12.0, "t", {0: 130, 1: 50}, {0: 130, 1: 10})
    assert pulse(before, now) == Pulse(NOON, arrival_rate=15.0, storing_rate=25.0, lag=40, stored=140)


def test_what_is_stored_since_kafka_was_asked_is_no_negative_lag() -> None:
    assert pulse(Reading(), Reading(1.0, "t", {0: 10, 1: 10}, {0: 15, 1: 5})).lag == 5


def test_an_outage_leaves_what_the_other_side_tells() -> None:
    before = Reading(10.0, "t", {0: 100}, {0: 90})
    kafka_out = pulse(before, Reading(11.0, "t", None, {0: 95}, "Kafka"))
    assert (kafka_out.arrival_rate, kafka_out.storing_rate, kafka_out.lag) == (None, 5.0, None)
    assert kafka_out.trouble == "Kafka"
    postgres_out = pulse(before, Reading(11.0, "t", {0: 101}, None))
    assert (postgres_out.arrival_rate, postgres_out.storing_rate, postgres_out.stored) == (1.0, None, None)


def test_a_topic_made_anew_has_no_rate_yet() -> None:
    found = pulse(Reading(10.0, "old", {0: 100}, {0: 100}), Reading(11.0, "new", {0: 3}, {0: 1}))
    assert (found.arrival_rate, found.storing_rate, found.lag) == (None, None, 2)
