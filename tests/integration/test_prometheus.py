"""What the dashboard and the alerts ask for is there: a real Prometheus scrapes the real services."""

import json
import math
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.integration.observed_pipeline import DEPLOY, Pipeline, Prometheus
from tests.servers import until

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        shutil.which("prometheus") is None,
        reason="prometheus is not installed (Debian: apt install prometheus)",
    ),
]

# What Grafana puts in for a scrape each second and a minute shown.
_VARIABLES = {"$__rate_interval": "10s", "$__range": "60s"}
_SERVICES = ("signal-emitter", "signal-processor", "anomaly-detector", "dashboard")


@pytest.fixture
def observed(
    tmp_path: Path, kafka_bootstrap: str, database_url: str, topics: None
) -> Iterator[tuple[Pipeline, Prometheus]]:
    settings = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap,
        "DATABASE_URL": database_url,
        "SECURE_SIGNAL_API_KEYS": "off",
        "SIGNALS_PER_SECOND": "50",
    }
    with ExitStack() as stack:
        pipeline = Pipeline(tmp_path, kafka_bootstrap, settings)
        pipeline.start(stack)
        prometheus = Prometheus(tmp_path, pipeline.ports)
        prometheus.start(stack)
        yield pipeline, prometheus


def test_every_query_of_the_dashboard_has_data_and_every_alert_its_metrics(
    observed: tuple[Pipeline, Prometheus],
) -> None:
    pipeline, prometheus = observed
    missing = queries()
    assert len(missing) > 30

    def all_found() -> bool:
        pipeline.work()
        missing[:] = [query for query in missing if not has_data(prometheus, query)]
        return not missing

    until(all_found, "every query returns data", lambda: "\n".join(missing))
    assert names_in_rules() <= scraped(prometheus) | recorded(prometheus)


def queries() -> list[str]:
    """Each query of the dashboard, its variables put in."""
    dashboard = json.loads((DEPLOY / "grafana" / "dashboards" / "secure-signal.json").read_text())
    found = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    for variable, value in _VARIABLES.items():
        found = [query.replace(variable, value) for query in found]
    assert not [query for query in found if "$" in query]
    return found


def has_data(prometheus: Prometheus, query: str) -> bool:
    """Whether at least one series has a number."""
    result = prometheus.ask("query", query=query)["result"]
    return any(not math.isnan(float(series["value"][1])) for series in result)


def scraped(prometheus: Prometheus) -> set[str]:
    """Metrics that the services declare, whether they have a series yet or not."""
    return set(prometheus.ask("metadata"))


def recorded(prometheus: Prometheus) -> set[str]:
    rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
    assert not [rule for rule in rules if rule["health"] == "err"]
    return {rule["name"] for rule in rules if rule["type"] == "recording"}


def names_in_rules() -> set[str]:
    """The metrics that the rules are about: identifiers beside functions, labels and matchers."""
    rules: list[dict[str, Any]] = [
        rule
        for file in (DEPLOY / "prometheus" / "rules").glob("*.yml")
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
    ]
    bare = [re.sub(r"\{.*?\}|\b(by|on) \(.*?\)", "", rule["expr"]) for rule in rules]
    names = {name for expr in bare for name in re.findall(r"\b[a-z]\w*(?:[_:]\w+)+\b(?!\()", expr)}
    return {name.removesuffix("_bucket") for name in names}
