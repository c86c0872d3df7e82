"""CloudEvents 1.0.2 as signals.

==========  ===========================================================================
user_id     the extension ``userid``, else ``subject``
type        ``type``
timestamp   ``time``, which CloudEvents leaves optional and a signal needs
payload     ``data``, a JSON object
id          made of ``source`` and ``id``, which name an event together (specification, 3.1.1)
==========  ===========================================================================
"""

import msgspec

from secure_signal.core import identity, signal
from secure_signal.core.errors import RefusedError
from secure_signal.core.signal import Signal

MEDIA_TYPE = "application/cloudevents+json"
BATCH_MEDIA_TYPE = "application/cloudevents-batch+json"


class _Event(msgspec.Struct, gc=False):
    specversion: str
    id: str
    source: str
    type: str
    time: str
    data: msgspec.Raw
    subject: str = ""
    userid: str = ""
    datacontenttype: str = "application/json"


_decode = msgspec.json.Decoder(_Event).decode

# Only a digest of id and source is kept: any sensible length will do.
_LONGEST = 2048

_ATTRIBUTES = {"user_id": "subject", "timestamp": "time", "payload": "data"}


def judge(item: bytes) -> tuple[Signal, bytes]:
    """One event in the JSON format to its signal and the JSON to forward.

    RefusedError names the attribute at fault as CloudEvents call it.
    """
    try:
        item.decode()
        event = _decode(item)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise signal.refusal(error) from None
    _check(event)
    value = msgspec.json.encode(
        {
            "id": identity.of_event(event.source, event.id),
            "user_id": event.userid or event.subject,
            "type": event.type,
            "timestamp": event.time,
            "payload": event.data,
        }
    )
    try:
        return signal.decode(value), value
    except RefusedError as error:
        raise RefusedError(_ATTRIBUTES.get(error.field, error.field), error.reason) from None


def _check(event: _Event) -> None:
    """What CloudEvents ask of the attributes that a signal does not have."""
    if event.specversion != "1.0":
        raise RefusedError("specversion", f"must be 1.0, not {event.specversion[:40]!r}")
    signal.name("id", event.id, _LONGEST)
    signal.name("source", event.source, _LONGEST)
    kind = event.datacontenttype.partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise RefusedError("datacontenttype", f"must be JSON, not {kind[:40]!r}")
