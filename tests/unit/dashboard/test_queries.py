"""What can be asked for, and how the refusals read."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from pydantic import BaseModel, ValidationError

from secure_signal.adapters import constraint
from secure_signal.services.dashboard import cursor
from secure_signal.services.dashboard.queries import AnomalyQuery, SignalQuery, StatsQuery

MAY = datetime(2026, 5, 1, tzinfo=UTC)


def test_severity_means_this_or_a_greater_one() -> None:
    assert AnomalyQuery.model_validate({"severity": "high"}).conditions()["severities"] == [
        "high",
        "critical",
    ]
    assert len(AnomalyQuery.model_validate({}).conditions()["severities"]) == 5


def test_conditions_are_the_parameters_without_the_page() -> None:
    key = (MAY, "x")
    query = SignalQuery.model_validate({"type": "auth.login", "cursor": cursor.encode(key), "limit": "7"})
    assert query.before() == key
    assert query.limit == 7
    assert query.conditions() == {
        "user_id": None,
        "type": "auth.login",
        "contains": None,
        "since": None,
        "until": None,
    }


@pytest.mark.parametrize(
    ("query", "name", "value"),
    [
        (SignalQuery, "limit", "0"),
        (SignalQuery, "limit", "1001"),
        (SignalQuery, "user_id", ""),
        (SignalQuery, "user_id", "a\0b"),
        (SignalQuery, "user_id", "a" * 257),
        (SignalQuery, "since", "2026-05-01"),
        (SignalQuery, "since", "1714564800"),
        (SignalQuery, "contains", "[]"),
        (SignalQuery, "contains", '{"a":'),
        (SignalQuery, "contains", '{"a":"\\u0000"}'),
        (SignalQuery, "contains", '{"a":1e999999}'),
        (SignalQuery, "contains", '{"a":' * 600 + "1" + "}" * 600),
        (SignalQuery, "cursor", "AAAA"),
        (SignalQuery, "severity", "high"),
        (AnomalyQuery, "severity", "urgent"),
        (AnomalyQuery, "cursor", cursor.encode((MAY, "of-a-signal"))),
        (AnomalyQuery, "cursor", cursor.encode((MAY, f"urn:uuid:{UUID(int=7)}"))),
        (AnomalyQuery, "cursor", cursor.encode((MAY, f"{{{UUID(int=7)}}}"))),
        (StatsQuery, "bucket", "1ms"),
        (StatsQuery, "limit", "1"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_its_name(query: type[BaseModel], name: str, value: str) -> None:
    with pytest.raises(ValidationError) as caught:
        query.model_validate({name: value})
    assert [error["loc"] for error in caught.value.errors()] == [(name,)]


@pytest.mark.parametrize(
    ("query", "name", "value", "reason"),
    [
        (SignalQuery, "limit", "many", "must be a whole number"),
        (SignalQuery, "limit", "1001", "must be at most 1000"),
        (SignalQuery, "user_id", "", "must have at least 1 character"),
        (SignalQuery, "user_id", "a\0b", "must have no control characters"),
        (SignalQuery, "usr_id", "a", "is no parameter of this call"),
        (AnomalyQuery, "anomaly_type", "x" * 999, "must have at most 256 characters"),
        (StatsQuery, "bucket", "1ms", "must be '1s', '10s', '1m', '5m', '15m', '1h', '6h' or '1d'"),
        (
            StatsQuery,
            "since",
            "2026-05-01T12:00:00 02:00",
            "must be RFC 3339 with a zone, such as 2026-05-01T12:00:00Z, not '2026-05-01T12:00:00 02:00'; "
            "write the + of a zone as %2B",
        ),
    ],
)
def test_refusals_are_in_our_words(query: type[BaseModel], name: str, value: str, reason: str) -> None:
    with pytest.raises(ValidationError) as caught:
        query.model_validate({name: value})
    assert [constraint.reason(error) for error in caught.value.errors()] == [reason]
