"""Conditions of correlations that are never or always true are noted, and slips in them."""

import pytest
from tests.unit.detection.conftest import Load
from tests.unit.detection.samples import BRUTE_FORCE, FAILED

from secure_signal.core.detection import summary
from secure_signal.core.errors import UsageError

TEMPORAL = BRUTE_FORCE.replace("event_count", "temporal")
SUMMED = BRUTE_FORCE.replace("event_count", "value_sum")
VALUES = BRUTE_FORCE.replace("event_count", "value_count")


@pytest.mark.parametrize(
    ("text", "condition", "words"),
    [
        (BRUTE_FORCE, "gte: 5, lt: 2", "never fires: no count is ≥ 5 and < 2"),
        (BRUTE_FORCE, "gt: 2, lt: 3", "never fires: no count"),
        (BRUTE_FORCE, "lt: 1", "never fires: it is looked at when a signal enters"),
        (BRUTE_FORCE, "gte: 0", "is true at every signal: any count is ≥ 0"),
        (BRUTE_FORCE, "gte: 2.5", "is compared with one that is none: ≥ 2.5"),
        (BRUTE_FORCE, "gte: 2, field: ip", "passes over the field of its condition"),
        (TEMPORAL, "gte: 2", "never fires: it lists 1 rules"),
        (SUMMED, "gt: 3, lt: 3, field: a", "never fires: no number is > 3 and < 3"),
    ],
)
def test_a_condition_that_means_nothing_is_noted(text: str, condition: str, words: str, load: Load) -> None:
    (notice,) = load(FAILED, text.replace("gte: 3", condition)).correlations[0].notices
    assert words in notice


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        (BRUTE_FORCE, "gte: 1"),
        (BRUTE_FORCE, "gte: 2, lte: 2"),
        (BRUTE_FORCE, "neq: 2"),
        (TEMPORAL, "gte: 1"),
        (VALUES, "lt: 1, field: ip"),
        (SUMMED, "gt: 2, lt: 3, field: a"),
        (SUMMED, "gte: 2.5, field: a"),
        (SUMMED, "lt: -0.5, field: a"),
    ],
)
def test_one_that_can_be_true_and_false_is_not(text: str, condition: str, load: Load) -> None:
    assert load(FAILED, text.replace("gte: 3", condition)).correlations[0].notices == ()


def test_months_are_noted_and_told_in_days(load: Load) -> None:
    (rule,) = load(FAILED, BRUTE_FORCE.replace("10s", "10M")).correlations
    assert rule.notices == ("the timespan 10M is in months; so many minutes are 10m",)
    assert summary.duration(rule.timespan) == "304.4 days"
    assert summary.duration(100_000_000_000) == "100000 seconds"


def test_a_suppression_of_nothing_is_a_mistake(load: Load) -> None:
    with pytest.raises(UsageError, match=r"rule-1.yml:11: secure_signal.suppress: 0s suppresses nothing"):
        load(BRUTE_FORCE + "secure_signal: {suppress: 0s}\n", FAILED)
