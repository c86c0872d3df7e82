"""What a person reads of an anomaly."""

from tests.unit.detection.conftest import Load
from tests.unit.detection.samples import BRUTE_FORCE, FAILED, OTHER, SUM, signal
from tests.unit.detection.test_engine import observe

from secure_signal.core.detection.engine import Engine


def test_different_values_are_counted_in_words(load: Load) -> None:
    countries = BRUTE_FORCE.replace("event_count", "value_count").replace(
        "{gte: 3}", "{gte: 2, field: country}"
    )
    signals = [signal(n, payload={"outcome": "failure", "country": "DE" if n else "FR"}) for n in range(2)]
    (found,) = observe(Engine(load(FAILED, countries)), *signals)
    sentence = "User alice: 2 different values of country in failed login within 10 seconds (Brute force)"
    assert found.summary == sentence


def test_a_boolean_condition_is_told_by_the_ways_in_which_it_holds(load: Load) -> None:
    login = (
        FAILED.replace("Failed login", "Login").replace("failed_login", "login").replace("failure", "success")
    )
    rule = (
        f"title: Guessed\nid: {SUM}\ncorrelation:\n  type: temporal_ordered\n  group-by: user_id\n"
        "  timespan: 1m\n  condition: (failed_login and login) or (login and not failed_login)\n"
    )
    ruleset = load(FAILED, login.replace("11111111", "44444444"), rule)
    (found,) = observe(Engine(ruleset), signal(0, payload={"outcome": "success"}))
    sentence = "User alice: failed login then login, or login, without failed login within 1 minute (Guessed)"
    assert found.summary == sentence


def test_what_an_inner_rule_found_is_counted_by_its_title(load: Load) -> None:
    inner = BRUTE_FORCE.replace("level", "name: brute_force\nlevel")
    outer = (
        BRUTE_FORCE.replace("failed_login", "brute_force")
        .replace("Brute force", "Siege")
        .replace("10s", "1d")
    )
    signals = [signal(n * 60 + k) for n in range(3) for k in range(3)]
    (found,) = observe(Engine(load(FAILED, inner, outer.replace(SUM, OTHER))), *signals)
    assert found.summary == "User alice: 3 × brute force within 1 day (Siege)"
