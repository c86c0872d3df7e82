"""A key that nobody knows would be passed over, and change what a rule means: it is told."""

import pytest
from tests.unit.detection.conftest import Load
from tests.unit.detection.samples import BRUTE_FORCE, FAILED

from secure_signal.core.errors import UsageError

SLIPS = [
    (
        BRUTE_FORCE.replace("group-by", "group_by"),
        8,
        "correlation.group_by is unknown; did you mean 'group-by'?",
    ),
    (BRUTE_FORCE.replace("group-by", "groupby"), 8, "did you mean 'group-by'?"),
    (BRUTE_FORCE.replace("timespan", "time_span"), 9, "did you mean 'timespan'?"),
    (
        BRUTE_FORCE + "  suppress: 1h\n",
        11,
        "correlation.suppress is unknown; it stands under `secure_signal:`",
    ),
    (BRUTE_FORCE + "  field: ip\n", 11, "it stands under `condition:`"),
    (BRUTE_FORCE + "  window: 5m\n", 11, "write type, rules, group-by, timespan"),
    (BRUTE_FORCE + "secure-signal: {suppress: 1h}\n", 11, "did you mean 'secure_signal'?"),
    (BRUTE_FORCE + "secure_signals: {suppress: 1h}\n", 11, "did you mean 'secure_signal'?"),
    (FAILED.replace("category:", "Category:"), 6, "logsource.Category is unknown; did you mean 'category'?"),
    (FAILED.replace("category:", "servce:"), 6, "did you mean 'service'?"),
]


@pytest.mark.parametrize(("text", "line", "words"), SLIPS, ids=[str(n) for n in range(len(SLIPS))])
def test_a_slip_is_a_problem_with_its_line(text: str, line: int, words: str, load: Load) -> None:
    others = [] if "category:" not in text and "title: Failed" in text else [FAILED]
    with pytest.raises(UsageError) as error:
        load(text, *others)
    assert f"rule-1.yml:{line}: " in str(error.value)
    assert words in str(error.value)
    assert "1 problem." in str(error.value)


def test_a_key_of_ones_own_at_the_top_is_noted_where_it_looks_like_a_slip(load: Load) -> None:
    text = FAILED.replace("level:", "levl:") + "simulation: x\nregression_tests_path: y\nticket: 7\n"
    ruleset = load(text.replace("product: app", "product: app, definition: all, zone: eu"))
    assert [notice for _, notice in ruleset.notices] == [
        "the key 'levl' is passed over; did you mean 'level'?",
        "logsource.zone is passed over: a log source is product, category and service",
    ]


def test_a_filters_slips_are_noted(load: Load) -> None:
    narrow = FAILED.replace("detection:", "filter:\n  rules: any").replace(
        "name: failed_login", "statis: test"
    )
    assert any(
        "'statis' is passed over; did you mean 'status'?" in r
        for r in load(FAILED, narrow.replace("11111111", "44444444")).remarks
    )
