"""Rules and signals that the tests of detection share."""

import json
from typing import Any

from secure_signal.core.instant import SECOND
from secure_signal.core.signal import Signal

LOGSOURCES = """
[[logsource]]
type = "auth.login"
product = "app"
category = "authentication"
service = "idp"

[[logsource]]
type = "auth.*"
product = "app"
category = "authentication"
"""

START = 1_777_600_000 * SECOND
# Whenever a test judges its signals, all of them are past.
LATER = START + 365 * 86_400 * SECOND

RULE = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"
SUM = "33333333-3333-4333-8333-333333333333"

FAILED = f"""
title: Failed login
id: {RULE}
name: failed_login
level: low
logsource: {{product: app, category: authentication}}
detection:
  sel: {{outcome: failure}}
  condition: sel
"""

BRUTE_FORCE = f"""
title: Brute force
id: {SUM}
level: high
correlation:
  type: event_count
  rules: failed_login
  group-by: user_id
  timespan: 10s
  condition: {{gte: 3}}
"""


def signal(
    second: float, user: str = "alice", kind: str = "auth.login", number: int = 0, payload: Any = None
) -> Signal:
    """A failed login so many seconds after the start."""
    at = START + round(second * SECOND)
    body = {"outcome": "failure"} if payload is None else payload
    return Signal(f"{user}-{at}-{number}", user, kind, at, json.dumps(body).encode())
