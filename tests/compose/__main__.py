"""docker-compose.yml for real: up, signals in, rows and anomalies out, every container killed once.

Run by `make compose-test`; needs Docker Engine 25 with Compose 2.24, and some minutes. It uses a
project, ports and volumes of its own and takes them down at the end.
"""

import sys
import time
from collections import Counter
from typing import Any

import httpx
from tests.compose.project import FailedError, Project, until
from tests.compose.sender import USER, Sender, signal

SERVICES = ("signal-emitter", "signal-processor", "anomaly-detector", "dashboard")
SERVERS = ("kafka", "postgres", "prometheus", "grafana")

_SETTINGS = {"SIGNALS_PER_SECOND": "100", "SECURE_SIGNAL_API_KEYS": "required"}
_RECOVERY_SECONDS = 180


def main() -> int:
    """The exit code: 0 when all of it was seen."""
    project = Project("secure-signal-test", _SETTINGS)
    try:
        project.down()
        scenario(project)
    except (FailedError, httpx.HTTPError, AssertionError) as error:
        print(f"FAILED  {error}", file=sys.stderr)
        project.explain()
        return 1
    finally:
        project.down()
    print("passed")
    return 0


def scenario(project: Project) -> None:
    start = time.monotonic()
    project.compose("up", "--detach", "--build", "--wait", "--wait-timeout=300", timeout=900)
    print(f"up and healthy: {time.monotonic() - start:.0f} s")
    unprivileged(project)
    write, read = (new_key(project, scope) for scope in ("write", "read"))
    refuses_strangers(project)
    sender = Sender(project.url("EMITTER"), write)
    sender.start()
    took = until("rows in PostgreSQL", 60, lambda: stored(project).total() > 0)
    print(f"signals over HTTP become rows: {took:.1f} s")
    detects(project, write, read, "intruder-before")
    observed(project)
    for service in SERVICES + SERVERS:
        recovers(project, service)
    sender.stop()
    nothing_lost(project, sender)
    detects(project, write, read, "intruder-after")
    observed(project)


def unprivileged(project: Project) -> None:
    show = "import os; print(os.getuid(), os.statvfs('/').f_flag & os.ST_RDONLY)"
    for service in SERVICES:
        shown = project.compose("exec", "--no-TTY", service, "python", "-c", show).strip()
        assert shown == "10001 1", f"{service}: user and read-only root are {shown}"
    print("services: user 10001, root read-only")


def new_key(project: Project, scope: str) -> str:
    arguments = ["keys", "create", "--scope", scope, "--name", "compose-test"]
    return project.compose("exec", "--no-TTY", "signal-emitter", "secure-signal", *arguments).strip()


def refuses_strangers(project: Project) -> None:
    answers = (
        httpx.post(project.url("EMITTER") + "/v1/signals", json=[]),
        httpx.get(project.url("DASHBOARD") + "/v1/anomalies"),
    )
    assert [answer.status_code for answer in answers] == [401, 401], answers
    print("without an API key: 401")


def stored(project: Project) -> Counter[str]:
    """How often each id of the sender is in the table."""
    return Counter(project.rows(f"SELECT id FROM signals WHERE user_id LIKE '{USER}%'"))


def detects(project: Project, write: str, read: str, user: str) -> None:
    """One attack of a single signal goes all the way: emitter, detector, processor, dashboard."""
    attack = signal(user, "role.change", {"outcome": "success", "new_role": "admin", "actor_role": "support"})
    emitter, dashboard = project.url("EMITTER") + "/v1/signals", project.url("DASHBOARD") + "/v1/anomalies"
    httpx.post(emitter, json=attack, headers=bearer(write), timeout=30).raise_for_status()

    def found() -> bool:
        answer = httpx.get(dashboard, params={"user_id": user}, headers=bearer(read)).raise_for_status()
        return bool(answer.json()["items"])

    took = until(f"the anomaly of {user} in the dashboard", 60, found)
    print(f"an attack sent is an anomaly in the dashboard: {took:.1f} s")


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def observed(project: Project) -> None:
    """Prometheus scrapes the four services and holds the rules; Grafana answers."""
    took = until("all targets of Prometheus up", 60, lambda: targets_up(project) >= set(SERVICES))
    rules = [rule for group in prometheus(project, "rules")["groups"] for rule in group["rules"]]
    unhealthy = [rule["name"] for rule in rules if rule["health"] == "err"]
    assert rules
    assert not unhealthy, f"rules in error: {unhealthy}"
    grafana = httpx.get(project.url("GRAFANA") + "/api/health").raise_for_status().json()
    assert grafana["database"] == "ok", grafana
    print(f"Prometheus targets up: {took:.1f} s; {len(rules)} rules; Grafana healthy")


def targets_up(project: Project) -> set[str]:
    targets = prometheus(project, "targets")["activeTargets"]
    return {target["labels"]["job"] for target in targets if target["health"] == "up"}


def prometheus(project: Project, path: str) -> dict[str, list[dict[str, Any]]]:
    answer = httpx.get(f"{project.url('PROMETHEUS')}/api/v1/{path}").raise_for_status()
    return dict(answer.json()["data"])


def recovers(project: Project, service: str) -> None:
    before = project.started(service)
    project.kill(service)

    def again() -> bool:
        return project.started(service) != before and project.healthy(service)

    took = until(f"{service} healthy again after kill -9", _RECOVERY_SECONDS, again)
    print(f"{service}: killed -9, healthy again in {took:.1f} s")


def nothing_lost(project: Project, sender: Sender) -> None:
    """Every acked id is in the table exactly once, and nothing that was not sent."""
    acked = set(sender.acked)
    took = until("every acked id in the table", 120, lambda: acked <= stored(project).keys())
    rows = stored(project)
    doubled = sum(count > 1 for count in rows.values())
    print(
        f"acked {len(acked)}, stored {len(rows)}, lost {len(acked - rows.keys())}, doubled {doubled}, "
        f"unknown {len(rows.keys() - sender.sent)}; {sender.retries} retries; caught up in {took:.1f} s"
    )
    assert not doubled
    assert acked == rows.keys()


if __name__ == "__main__":
    sys.exit(main())
