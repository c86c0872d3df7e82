"""The examples in the description are answers as the service gives them."""

import msgspec
import pytest

from secure_signal.services.dashboard import api, openapi, rules, stats


@pytest.mark.parametrize(
    "struct", [api.Signals, api.Anomalies, api.Explained, stats.Stats, rules.Rules, rules.RulesOfSet]
)
def test_an_example_is_an_answer(struct: type[msgspec.Struct]) -> None:
    example = openapi.examples()[struct.__name__]
    answer = msgspec.json.decode(msgspec.json.encode(example), type=struct)
    assert msgspec.json.decode(msgspec.json.encode(answer)) == example
