"""What can be done: the types of signals, and what the application tells of each.

The payload of a type always has the same fields, whoever does it: nothing but the values can tell an
attack from anything else.
"""

from typing import Any, NamedTuple

from secure_signal.core.traffic.networks import Connection
from secure_signal.core.traffic.population import Device

DETAILS: dict[str, dict[str, Any]] = {
    "account.create": {"plan": "free", "referrer": ""},
    "api.export": {"api_key_id": "", "dataset": "orders", "records": 0, "bytes": 0},
    "api.request": {"api_key_id": "", "method": "GET", "path": "/v2/orders", "status": 200},
    "apikey.create": {"api_key_id": "", "scope": "read"},
    "audit.config_change": {"actor_role": "admin", "setting": "retention_days", "value": "365"},
    "auth.login": {
        "outcome": "success",
        "reason": "",
        "method": "password",
        "known_device": True,
        "days_since_last_login": 0,
    },
    "auth.logout": {"reason": "user"},
    "auth.mfa": {"method": "push", "outcome": "approved"},
    "auth.mfa_change": {"method": "push", "change": "replaced"},
    "auth.password_change": {"outcome": "success"},
    "auth.recovery_change": {"channel": "email", "outcome": "success"},
    "device.register": {"platform": "phone", "new_device_id": ""},
    "file.download": {"file_id": "", "path": "", "bytes": 0},
    "file.read": {"file_id": "", "path": "", "bytes": 0},
    "page.view": {"path": "/home"},
    "payee.add": {"payee_id": "", "bank_country": ""},
    "payment.payout": {"payee_id": "", "amount": 0.0, "currency": "EUR"},
    "role.change": {
        "actor_role": "admin",
        "target_user": "",
        "old_role": "member",
        "new_role": "member",
        "outcome": "success",
    },
    "search.query": {"results": 0},
    "session.refresh": {},
    "session.start": {},
}


class Step(NamedTuple):
    """Something done: ``wait`` seconds after what was done before."""

    wait: float
    user_id: str
    type: str
    payload: dict[str, Any]
    malicious: bool


class Actor(NamedTuple):
    """Whoever sits at a device and uses an account, rightly or not."""

    user_id: str
    device: Device
    connection: Connection
    session_id: str
    malicious: bool = False

    def does(self, wait: float, type_: str, **details: Any) -> Step:
        """One step of this actor; ``details`` are those that differ from the usual ones."""
        place = self.connection.place
        payload = {
            "ip": self.connection.ip,
            "country": place.country,
            "city": place.city,
            "latitude": place.latitude,
            "longitude": place.longitude,
            "user_agent": self.device.user_agent,
            "device_id": self.device.id,
            "session_id": self.session_id,
            **DETAILS[type_],
            **details,
        }
        return Step(wait, self.user_id, type_, payload, self.malicious)
