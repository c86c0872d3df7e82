"""The dead-letter topic: records that can never be stored, as they came, with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message

from secure_signal.adapters import kafka, topics
from secure_signal.core.errors import RetryError

_SECONDS = 10

# Of one letter, so that it fits the topic with room for what Kafka adds; and of what has to be cut.
_MAX_BYTES = kafka.MAX_BATCH_BYTES - 64 * 1024
_CUT_VALUE = kafka.MAX_BATCH_BYTES - 1024 * 1024
_CUT_KEY = 64 * 1024
_HEADER_BYTES = 16

Headers = list[tuple[str, str | bytes | None]]


@dataclass(frozen=True)
class DeadLetter:
    """A record and why it cannot be stored.

    Not the exception, which by its traceback holds the frames that hold the record, until they are
    collected as a cycle: with large records that is hundreds of megabytes.
    """

    record: Message
    field: str
    reason: str


class DeadLetters:
    """Produces dead letters. One is written again when the batch that it came with is done again."""

    def __init__(self, bootstrap_servers: str, name: str) -> None:
        self._producer = kafka.producer(
            bootstrap_servers,
            name,
            **{"message.timeout.ms": _SECONDS * 1000, "queue.buffering.max.messages": 1_000_000},
        )

    def send(self, letters: Sequence[DeadLetter]) -> None:
        """Return when the broker has them all; RetryError where it does not take them."""
        failures: list[KafkaError] = []

        def delivered(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                failures.append(error)

        try:
            for letter in letters:
                key, value, headers = content(letter)
                self._producer.produce(
                    topics.DEAD_LETTERS, value=value, key=key, headers=headers, on_delivery=delivered
                )
            left = self._producer.flush(2 * _SECONDS)
        except (KafkaException, BufferError) as error:
            raise RetryError(f"Kafka does not take dead letters: {error}") from error
        if failures or left:
            raise RetryError(f"Kafka does not take dead letters: {failures or 'no answer'}")


def content(letter: DeadLetter) -> tuple[bytes | None, bytes | None, Headers]:
    """The record's key and value as they came, and its headers, followed by the letter's own.

    A broker bounds a batch by its compressed size, so a record can be too large to be sent on as it is:
    then it is cut, and headers say so.
    """
    key: Any = letter.record.key()
    value: Any = letter.record.value()
    why = _why(letter)
    headers = _headers(letter.record) + why
    if _size(key, value, headers) <= _MAX_BYTES:
        return key, value, headers
    cut: Headers = [
        ("headers", b"left out: the record is too large"),
        ("truncated", b"true"),
        ("original-size", str(len(value or b"")).encode()),
    ]
    return key and key[:_CUT_KEY], value and value[:_CUT_VALUE], cut + why


def _headers(record: Message) -> Headers:
    try:
        found: Any = record.headers()
    except (SystemError, UnicodeDecodeError):
        # The client reads each header's key as UTF-8; asked again, it would return the broken half.
        return [("headers", b"left out: a key is not UTF-8")]
    return list(found or [])


def _why(letter: DeadLetter) -> Headers:
    """Why the record is here and where it stood (milliseconds since the epoch)."""
    record = letter.record
    return [
        ("reason", letter.reason.encode(errors="backslashreplace")),
        ("field", letter.field.encode(errors="backslashreplace")),
        ("topic", str(record.topic()).encode()),
        ("partition", str(record.partition()).encode()),
        ("offset", str(record.offset()).encode()),
        ("timestamp", str(record.timestamp()[1]).encode()),
    ]


def _size(key: bytes | None, value: bytes | None, headers: Headers) -> int:
    """Bytes of a record, at most."""
    told = sum(_HEADER_BYTES + len(name.encode()) + len(content or b"") for name, content in headers)
    return len(key or b"") + len(value or b"") + told
