"""What docker-compose.yml promises: bounded, unprivileged, on this machine only, every setting named."""

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from psycopg import conninfo

from secure_signal.adapters.settings import Settings

_ROOT = Path(__file__).parents[2]
_DEPLOY = _ROOT / "deploy"
_COMPOSE = (_ROOT / "docker-compose.yml").read_text()
_SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(_COMPOSE)["services"]
_OURS = ("signal-emitter", "signal-processor", "anomaly-detector", "dashboard")
# The address that the image fixes, and what must differ between `--scale`d containers.
_NOT_IN_COMPOSE = {"SECURE_SIGNAL_HTTP_HOST", "SECURE_SIGNAL_INSTANCE"}


@pytest.mark.parametrize("name", _SERVICES)
def test_every_container_is_bounded_and_watched(name: str) -> None:
    service = _SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["logging"]["options"]["max-size"]
    assert service["mem_limit"]
    assert service["healthcheck"]["test"]


@pytest.mark.parametrize("name", _SERVICES)
def test_ports_are_published_on_this_machine_only(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in _SERVICES[name].get("ports", []))


@pytest.mark.parametrize("name", _OURS)
def test_our_services_cannot_write_their_image_and_wait_for_what_they_need(name: str) -> None:
    service = _SERVICES[name]
    assert service["read_only"] is True
    assert {d["condition"] for d in service["depends_on"].values()} == {"service_healthy"}
    assert service["depends_on"].keys() == {"kafka", "postgres"}


def test_every_variable_of_the_compose_file_is_explained_and_nothing_else() -> None:
    used = set(re.findall(r"\$\{(\w+)", _COMPOSE)) | _passed_through()
    explained = set(re.findall(r"^#([A-Z_]+)=", (_ROOT / ".env.example").read_text(), re.MULTILINE))
    assert explained == used


def test_the_defaults_told_are_the_defaults() -> None:
    told = dict(re.findall(r"^#([A-Z_]+)=(.*)$", (_ROOT / ".env.example").read_text(), re.MULTILINE))
    for name, field in Settings.model_fields.items():
        variable = _variable(name)
        # Inside compose the password stands beside the URL.
        if variable in told and variable != "DATABASE_URL":
            assert told[variable].lower() == str(field.default).lower().removesuffix(".0"), variable


@pytest.mark.parametrize("name", _OURS)
def test_a_password_of_any_characters_breaks_no_url(name: str) -> None:
    environment = _SERVICES[name]["environment"]
    (default,) = re.findall(r"^\$\{DATABASE_URL:-([^${}]+)\}$", environment["DATABASE_URL"])
    assert f"\n#DATABASE_URL={default}\n" in (_ROOT / ".env.example").read_text()
    assert "password" not in conninfo.conninfo_to_dict(default)
    assert environment["PGPASSWORD"] == _SERVICES["postgres"]["environment"]["POSTGRES_PASSWORD"]


def test_every_setting_of_a_service_can_be_set() -> None:
    settings = {_variable(name) for name in Settings.model_fields}
    passed = {name for ours in _OURS for name in _SERVICES[ours]["environment"]}
    assert settings - _NOT_IN_COMPOSE <= passed


def test_the_detector_reads_the_folder_of_rules_that_is_mounted_and_cannot_write_there() -> None:
    detector = _SERVICES["anomaly-detector"]
    (mount,) = detector["volumes"]
    (default,) = re.findall(r"^\$\{SECURE_SIGNAL_RULES_FOLDER:-(.+)\}$", mount["source"])
    assert mount["read_only"] is True
    # Else Docker makes a folder of a name that was mistyped, and no rule runs.
    assert mount["bind"] == {"create_host_path": False}
    assert detector["environment"]["SECURE_SIGNAL_RULES"] == mount["target"]
    logsources = Path(detector["environment"]["SECURE_SIGNAL_LOGSOURCES"]).relative_to(mount["target"])
    assert (_ROOT / default / logsources).resolve() == Path(
        str(files("secure_signal"))
    ) / "rules/logsources.toml"


def test_what_is_passed_is_a_setting() -> None:
    settings = {_variable(name) for name in Settings.model_fields}
    for ours in _OURS:
        assert _SERVICES[ours]["environment"].keys() <= settings | {"PGPASSWORD"}


def test_prometheus_scrapes_each_service_where_it_listens() -> None:
    config = yaml.safe_load((_DEPLOY / "prometheus" / "prometheus.yml").read_text())
    lookups = {job["job_name"]: job["dns_sd_configs"][0] for job in config["scrape_configs"][: len(_OURS)]}
    scraped = {job: (lookup["names"], str(lookup["port"])) for job, lookup in lookups.items()}
    listening = {n: ([n], _SERVICES[n]["environment"]["SECURE_SIGNAL_HTTP_PORT"]) for n in _OURS}
    assert scraped == listening


def test_grafana_asks_the_prometheus_of_the_compose_file() -> None:
    provisioned = yaml.safe_load(
        (_DEPLOY / "grafana" / "provisioning" / "datasources" / "prometheus.yml").read_text()
    )
    (source,) = provisioned["datasources"]
    dashboard = json.loads((_DEPLOY / "grafana" / "dashboards" / "secure-signal.json").read_text())
    asked = {panel["datasource"]["uid"] for panel in dashboard["panels"] if panel["type"] != "row"}
    scraping = yaml.safe_load((_DEPLOY / "prometheus" / "prometheus.yml").read_text())["global"]
    assert asked == {source["uid"]}
    assert source["url"] == "http://prometheus:9090"
    assert source["jsonData"]["timeInterval"] == scraping["scrape_interval"]


def _passed_through() -> set[str]:
    return {n for ours in _OURS for n, value in _SERVICES[ours]["environment"].items() if value is None}


def _variable(field: str) -> str:
    alias = Settings.model_fields[field].validation_alias
    return str(alias.choices[0]) if alias else f"SECURE_SIGNAL_{field.upper()}"  # type: ignore[union-attr]
