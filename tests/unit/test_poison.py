"""Every case of the poison corpus gets the fate its manifest gives."""

import json
from pathlib import Path

import pytest

from secure_signal.core import instant, signal
from secure_signal.core.errors import RefusedError

CORPUS = Path(__file__).parents[3] / "shared/corpora/poison"

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS.exists(), reason="the corpora are not beside this checkout"),
]


def test_every_case_gets_its_fate() -> None:
    wrong = []
    for case in json.loads((CORPUS / "manifest.json").read_text()):
        value = (CORPUS / "values" / case["file"]).read_bytes()
        try:
            found = signal.decode(value)
        except RefusedError:
            fate = "dead-letter"
        else:
            fate = "store"
            want = case.get("expect", {})
            start, end = want.get("payload_span", (0, 0))
            same = (
                found.user_id == want.get("user_id")
                and found.type == want.get("type")
                and abs(found.timestamp - instant.parse(want["timestamp"])) <= 1
                and found.payload == value[start:end]
            )
            fate = fate if same else "stored differently"
        if fate != case["fate"]:
            wrong.append((case["name"], fate))
    assert wrong == []
