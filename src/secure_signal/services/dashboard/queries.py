"""What can be asked for: the query parameters of each list, and their bounds."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from secure_signal.adapters.stored_signals import Key
from secure_signal.core import instant, payload
from secure_signal.core.anomaly import SEVERITIES
from secure_signal.core.errors import RefusedError
from secure_signal.core.signal import MAX_TYPE, MAX_USER_ID
from secure_signal.services.dashboard import cursor


def _moment(text: str) -> datetime:
    try:
        return instant.to_datetime(instant.parse(text))
    except RefusedError as error:
        # A + that is not encoded arrives as a space.
        advice = "; write the + of a zone as %2B" if " " in text else ""
        raise ValueError(error.reason + advice) from None


def _cursor(text: str) -> str:
    try:
        cursor.decode(text)
    except RefusedError as error:
        raise ValueError(error.reason) from None
    return text


def _object(text: str) -> str:
    try:
        msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        payload.guard(text.strip().encode())
    except (msgspec.DecodeError, RecursionError):
        raise ValueError("must be a JSON object") from None
    except RefusedError as error:
        raise ValueError(error.reason) from None
    return text


_NO_CONTROL = r"^[^\x00-\x1f\x7f-\x9f]*$"

Moment = Annotated[datetime, BeforeValidator(_moment, json_schema_input_type=str)]
Name = Annotated[str, Field(min_length=1, max_length=MAX_USER_ID, pattern=_NO_CONTROL)]
Cursor = Annotated[str, Field(max_length=1024), AfterValidator(_cursor)]


class Query(BaseModel):
    """A parameter that no query has is refused, not ignored: a misspelt filter would show too much."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: Moment | None = Field(None, description="From this time on", examples=["2026-05-01T12:00:00Z"])
    until: Moment | None = Field(None, description="Before this time", examples=["2026-05-01T13:00:00Z"])


class ListQuery(Query):
    """Of a list: how much of it, and where it goes on."""

    user_id: Name | None = Field(None, description="Of this user", examples=["alice"])
    limit: int = Field(100, ge=1, le=1000, description="Items of a page, at most")
    cursor: Cursor | None = Field(None, description="Where to go on: take it from `next`")

    def before(self) -> Key | None:
        """The last row of the page before."""
        return cursor.decode(self.cursor) if self.cursor else None

    def conditions(self) -> dict[str, Any]:
        """The named parameters of the list's statement, but for the page's."""
        return self.model_dump(exclude={"limit", "cursor"})


class SignalQuery(ListQuery):
    """Signals by ``timestamp``, the newest first."""

    type: Annotated[str, Field(min_length=1, max_length=MAX_TYPE, pattern=_NO_CONTROL)] | None = Field(
        None, description="Of this type", examples=["auth.login"]
    )
    contains: Annotated[str, Field(max_length=4096), AfterValidator(_object)] | None = Field(
        None,
        description="With these members in the payload (a JSON object)",
        examples=['{"ip": "203.0.113.7"}'],
    )


class AnomalyQuery(ListQuery):
    """Anomalies by ``detection_timestamp``, the last first."""

    anomaly_type: Name | None = Field(None, description="Of this type", examples=["brute_force"])
    rule_id: Name | None = Field(None, description="Found by this rule")
    severity: Literal["informational", "low", "medium", "high", "critical"] = Field(
        "informational", description="Of this severity or a greater one"
    )

    @field_validator("cursor")
    @classmethod
    def _of_an_anomaly(cls, text: str | None) -> str | None:
        if text:
            _, identity = cursor.decode(text)
            # UUID() also takes forms that PostgreSQL does not.
            if str(UUID(identity)) != identity:
                raise ValueError("is none of a list of anomalies")
        return text

    def conditions(self) -> dict[str, Any]:
        """The named parameters of the list's statement, but for the page's."""
        wanted = SEVERITIES[SEVERITIES.index(self.severity) :]
        return super().conditions() | {"severities": list(wanted)}


class StatsQuery(Query):
    """Counts by time bucket; without bounds those of the last 60 buckets."""

    bucket: Literal["1s", "10s", "1m", "5m", "15m", "1h", "6h", "1d"] = Field(
        "1m", description="Length of a bucket; there can be 1,000 of them"
    )
