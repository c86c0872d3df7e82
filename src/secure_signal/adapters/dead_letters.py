"""The dead-letter topic: records that can never be stored, as they came, with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException, Message

from secure_signal.adapters import kafka, topics
from secure_signal.core.errors import RefusedError, RetryError

_SECONDS = 10


@dataclass(frozen=True)
class DeadLetter:
    """A record and why it cannot be stored."""

    record: Message
    refusal: RefusedError


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
                self._producer.produce(
                    topics.DEAD_LETTERS,
                    value=letter.record.value(),
                    key=letter.record.key(),
                    headers=headers(letter),
                    on_delivery=delivered,
                )
            left = self._producer.flush(2 * _SECONDS)
        except (KafkaException, BufferError) as error:
            raise RetryError(f"Kafka does not take dead letters: {error}") from error
        if failures or left:
            raise RetryError(f"Kafka does not take dead letters: {failures or 'no answer'}")


def headers(letter: DeadLetter) -> list[tuple[str, bytes]]:
    """The record's own headers, then why it is here and where it stood (milliseconds since the epoch)."""
    record = letter.record
    return [
        *(record.headers() or []),
        ("reason", letter.refusal.reason.encode(errors="backslashreplace")),
        ("field", letter.refusal.field.encode(errors="backslashreplace")),
        ("topic", str(record.topic()).encode()),
        ("partition", str(record.partition()).encode()),
        ("offset", str(record.offset()).encode()),
        ("timestamp", str(record.timestamp()[1]).encode()),
    ]
