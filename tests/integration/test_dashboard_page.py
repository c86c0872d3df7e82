"""dashboard's page in a real Chromium."""

import json
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from selenium.webdriver import Chrome, ChromeOptions, Keys
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from tests.integration.dashboard_process import (
    Dashboard,
    empty_database,
    running_dashboard,
    store_anomaly,
    store_signal,
)
from tests.servers import until

from secure_signal.adapters import api_keys
from secure_signal.adapters import topics as pipeline_topics
from secure_signal.adapters.rule_status import Announcements, Failure, Status
from secure_signal.core.detection.sigma.problem import Problem
from secure_signal.core.instant import SECOND
from secure_signal.core.scope import Scope

_CHROMIUM, _DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        not (_CHROMIUM and _DRIVER), reason="needs chromium and chromedriver (Debian: chromium-driver)"
    ),
]

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    options = ChromeOptions()
    for flag in (*_FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.binary_location = str(_CHROMIUM)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = Chrome(options, Service(_DRIVER))
    try:
        yield chrome
    finally:
        chrome.quit()


@contextmanager
def _dashboard(kafka: str, database: str, log: Path, keys: str) -> Iterator[Dashboard]:
    pipeline_topics.ensure(kafka, 4, 1)
    with running_dashboard(
        log, KAFKA_BOOTSTRAP_SERVERS=kafka, DATABASE_URL=database, SECURE_SIGNAL_API_KEYS=keys
    ) as running:
        yield running


@pytest.fixture(scope="module")
def database(postgres_url: str) -> Iterator[str]:
    with empty_database(postgres_url) as url:
        yield url


@pytest.fixture(scope="module")
def dashboard(
    kafka_bootstrap: str, database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Dashboard]:
    with _dashboard(kafka_bootstrap, database, tmp_path_factory.mktemp("page") / "log", "off") as running:
        yield running


@pytest.fixture
def rows(dashboard: Dashboard, database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("TRUNCATE signals, anomalies")
        yield connection


@pytest.fixture
def page(browser: Chrome, dashboard: Dashboard, rows: psycopg.Connection) -> Chrome:
    """The page, live, with nothing to show."""
    _complaints(browser)
    browser.get(dashboard.url)
    _until_status(browser, "Live")
    return browser


def _find(page: Chrome, selector: str) -> WebElement:
    return page.find_element(By.CSS_SELECTOR, selector)


def _until_status(page: Chrome, text: str) -> None:
    until(
        lambda: text in _find(page, "#status").text, f"the page says {text}", lambda: str(_complaints(page))
    )


def _summaries(page: Chrome) -> list[str]:
    # In one step: elements come and go.
    found = page.execute_script(
        "return [...document.querySelectorAll('#anomalies .summary')].map((e) => e.textContent)"
    )
    assert isinstance(found, list)
    return found


def _complaints(page: Chrome) -> list[str]:
    """What the console says: a breach of the content security policy, a script's error."""
    entries = page.get_log("browser")  # type: ignore[no-untyped-call]
    return [e["message"] for e in entries if e["level"] in ("SEVERE", "WARNING")]


HOSTILE = '<script>document.title = "taken"</script><img src=x onerror="document.title = `taken`">'


def test_an_anomaly_appears_live_and_what_users_sent_is_only_text(
    page: Chrome, rows: psycopg.Connection
) -> None:
    assert "No anomalies yet" in _find(page, "#empty").text
    payload = json.dumps({HOSTILE: HOSTILE})[:-1] + ', "n": 12345678901234567890.10}'
    evidence = store_signal(rows, user_id=HOSTILE, type=HOSTILE, payload=payload)
    for severity in ("low", "high"):
        store_anomaly(
            rows,
            user_id=HOSTILE,
            summary=f"{severity}: {HOSTILE}",
            rule_title=HOSTILE,
            anomaly_type=HOSTILE,
            severity=severity,
            group=json.dumps({"user_id": HOSTILE}),
            evidence=json.dumps([evidence, "gone"]),
        )
    expected = [f"high: {HOSTILE}", f"low: {HOSTILE}"]
    until(lambda: _summaries(page) == expected, "both anomalies are shown, the last one first")
    assert not _find(page, "#empty").is_displayed()

    # With the keyboard alone.
    page.execute_script("document.querySelector('#anomalies button').focus()")
    page.switch_to.active_element.send_keys(Keys.ENTER)
    until(lambda: "1 signal" in _find(page, "#detail-note").text, "the evidence is shown")
    assert "1 more" in _find(page, "#detail-note").text
    shown = _find(page, "#evidence").text
    assert "12345678901234567890.10" in shown
    assert HOSTILE in shown
    page.switch_to.active_element.send_keys(Keys.ESCAPE)
    until(lambda: not _find(page, "#detail").is_displayed(), "the detail is closed")

    assert page.title == "Secure Signal"
    assert page.execute_script("return document.querySelectorAll('main script, main img').length") == 0
    assert _complaints(page) == []


def test_a_name_without_spaces_fits_a_phone(page: Chrome, rows: psycopg.Connection) -> None:
    store_anomaly(rows, user_id="W" * 256, summary="W" * 400, rule_title="W" * 200)
    until(lambda: len(_summaries(page)) == 1, "the anomaly is shown")
    size = {"width": 360, "height": 700, "deviceScaleFactor": 1, "mobile": True}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        for action in ("", "document.querySelector('#anomalies button').click()"):
            page.execute_script(action)
            assert page.execute_script("return document.documentElement.scrollWidth") <= 360
            assert page.execute_script("return document.getElementById('detail').scrollWidth") <= 360
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_older_anomalies_are_shown_on_demand(page: Chrome, rows: psycopg.Connection) -> None:
    with rows.transaction():
        # All in one instant: now() is that of the transaction.
        moment = rows.execute("SELECT now()").fetchone()
        assert moment
        stored = {store_anomaly(rows, summary=f"s{n}", detection_timestamp=moment[0]) for n in range(120)}
    until(lambda: len(_summaries(page)) == 120, "all are told live")
    page.refresh()
    until(lambda: len(_summaries(page)) == 50, "the first page is shown")
    for count in (100, 120):
        page.execute_script("document.getElementById('older').click()")
        until(lambda count=count: len(_summaries(page)) == count, f"{count} are shown")  # type: ignore[misc]
    assert len(set(_summaries(page))) == len(stored)
    assert not _find(page, "#older").is_displayed()


def test_rules_that_were_refused_are_told(page: Chrome, kafka_bootstrap: str) -> None:
    announcements = Announcements(kafka_bootstrap)
    moment = time.time_ns() // 1000
    refused = Failure(moment, 2, [Problem(HOSTILE, 7, HOSTILE), Problem("b.yml", None, "is empty")])
    announcements.tell(Status("a", "hash1", 45, moment, moment, refused))
    page.refresh()
    until(lambda: _find(page, "#rules").text == "45", "the rules are counted")
    assert f"{HOSTILE}:7: {HOSTILE}. And 1 more." in _find(page, "#refusal").text
    announcements.tell(Status("a", "hash1", 45, moment, moment))
    until(lambda: not _find(page, "#refusal").is_displayed(), "the refusal is over")
    announcements.tell(Status("b", "hash2", 44, moment, moment - 60 * SECOND))
    until(lambda: "no sign from b since" in _find(page, "#rules-unit").text, "the silent one is told")
    assert _find(page, "#rules").text == "45"
    announcements.leave("a")
    announcements.leave("b")
    assert _complaints(page) == []


def test_a_lost_connection_is_told_and_found_again(
    page: Chrome, dashboard: Dashboard, rows: psycopg.Connection
) -> None:
    dashboard.process.kill()
    dashboard.process.wait()
    _until_status(page, "Connection lost")
    store_anomaly(rows, summary="meanwhile")
    dashboard.start()
    _until_status(page, "Live")
    until(lambda: _summaries(page) == ["meanwhile"], "what came meanwhile is shown")


def test_a_person_signs_in_with_a_key(
    browser: Chrome, kafka_bootstrap: str, database_url: str, tmp_path: Path
) -> None:
    with (
        _dashboard(kafka_bootstrap, database_url, tmp_path / "log", "required") as dashboard,
        psycopg.connect(database_url, autocommit=True) as connection,
    ):
        secret = secrets.token_bytes(api_keys.SECRET_BYTES)
        _, key = api_keys.create(connection, "person", [Scope.READ], secret)
        browser.get(dashboard.url)
        until(lambda: _asks_for_a_key(browser), "the page asks for a key")
        assert not _find(browser, "#live").is_displayed()
        _find(browser, "#key").send_keys("ssk_wrong", Keys.ENTER)
        until(lambda: "unknown" in _find(browser, "#sign-in-error").text, "a wrong key is refused")
        _find(browser, "#key").clear()
        _find(browser, "#key").send_keys(key, Keys.ENTER)
        _until_status(browser, "Live")
        assert not _find(browser, "#sign-in").is_displayed()
        assert browser.execute_script("return document.cookie") == ""
        browser.refresh()
        _until_status(browser, "Live")
        _find(browser, "#sign-out").click()
        until(lambda: _asks_for_a_key(browser), "the page asks again")


def _asks_for_a_key(page: Chrome) -> bool:
    return bool(page.execute_script("return document.getElementById('sign-in')?.checkVisibility()"))
