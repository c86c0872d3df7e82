"""A careful client: sends in order, and sends a batch again until every signal in it is acknowledged."""

import time
from collections.abc import Callable

import httpx

BATCH = 250


def send(url: str, lines: list[bytes], progress: Callable[[int], None]) -> int:
    """POST every line; ``progress`` hears how many are acknowledged. Returns how often it had to retry."""
    retries = 0
    with httpx.Client(base_url=url, timeout=60) as client:
        for start in range(0, len(lines), BATCH):
            batch = lines[start : start + BATCH]
            while not _acknowledged(client, batch):
                retries += 1
                time.sleep(0.2)
            progress(start + len(batch))
    return retries


def _acknowledged(client: httpx.Client, batch: list[bytes]) -> bool:
    try:
        answer = client.post(
            "/v1/signals", content=b"\n".join(batch), headers={"Content-Type": "application/x-ndjson"}
        )
    except httpx.TransportError:
        return False
    if answer.status_code not in (202, 429, 503):
        raise SystemExit(f"the emitter answered {answer.status_code}: {answer.text[:500]}")
    return answer.status_code == 202
