"""A signal with its time to be sent, and the attack it belongs to."""

from random import Random
from typing import NamedTuple

import msgspec

from secure_signal.core import identity
from secure_signal.core.signal import Signal
from secure_signal.core.traffic.actions import Step


class Emission(NamedTuple):
    """``due`` is the signal's own timestamp; ``label_id`` names the attack whose signal it is."""

    due: int
    signal: Signal
    label_id: str | None = None


_encode = msgspec.json.Encoder().encode


def signal(rng: Random, step: Step, instant: int) -> Signal:
    """What the application tells of a step."""
    return Signal(
        id=identity.uuid7(instant, rng.getrandbits(74)),
        user_id=step.user_id,
        type=step.type,
        timestamp=instant,
        payload=_encode(step.payload),
    )
