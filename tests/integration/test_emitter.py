"""signal-emitter on a real Kafka: what it acknowledges is there, and nothing else."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from tests.integration.emitter_process import Emitter, running_emitter, stored

from secure_signal.adapters import topics
from secure_signal.services.emitter import body

CORPUS = Path(__file__).parents[3] / "shared/corpora/poison"

pytestmark = pytest.mark.integration


def _signal(number: int, **changes: object) -> bytes:
    """With spaces and an order of members that no encoder would write."""
    members = {
        "payload": {"n": number, "x": 1.50, "é": "ü"},
        "id": f"signal-{number}",
        "user_id": f"user-{number % 7}",
        "type": "login",
        "timestamp": "2026-05-01T12:00:00.5Z",
        **changes,
    }
    kept = {name: value for name, value in members.items() if value is not None}
    return json.dumps(kept, ensure_ascii=False, separators=(" , ", " : ")).encode()


@pytest.fixture(scope="module")
def emitter(kafka_bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emitter]:
    topics.ensure(kafka_bootstrap, 4, 1)
    log = tmp_path_factory.mktemp("emitter") / "log"
    with running_emitter(
        log, KAFKA_BOOTSTRAP_SERVERS=kafka_bootstrap, SECURE_SIGNAL_API_KEYS="off"
    ) as running:
        yield running


def test_every_signal_is_where_the_answer_says_byte_for_byte(kafka_bootstrap: str, emitter: Emitter) -> None:
    sent = [_signal(number) for number in range(300)]
    answer = emitter.post(b"[" + b" ,\n".join(sent) + b"]")
    assert answer.status_code == 202
    accepted = answer.json()["accepted"]
    assert [a["index"] for a in accepted] == list(range(300))
    assert [a["id"] for a in accepted] == [f"signal-{number}" for number in range(300)]
    assert len({a["partition"] for a in accepted}) > 1
    records = stored(kafka_bootstrap, accepted)
    assert [value for _, value in records] == sent
    assert [key for key, _ in records] == [b"user-%d" % (number % 7) for number in range(300)]


def test_a_signal_without_id_gets_one_and_a_retry_with_it_is_the_same_signal(
    kafka_bootstrap: str, emitter: Emitter
) -> None:
    # Of equal names the last counts: an id of null after a made one would undo it.
    first = emitter.post(_signal(1, id=None)[:-1] + b', "id": null}').json()["accepted"][0]
    assert UUID(first["id"]).version == 7
    again = emitter.post(_signal(1, id=first["id"])).json()["accepted"][0]
    assert (again["id"], again["partition"]) == (first["id"], first["partition"])
    assert again["offset"] > first["offset"]
    (_, one), (_, two) = stored(kafka_bootstrap, [first, again])
    assert one
    assert two
    assert json.loads(one)["id"] == json.loads(two)["id"] == first["id"]


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_good_lines_are_accepted_and_bad_ones_named(
    kafka_bootstrap: str, emitter: Emitter, coding: str
) -> None:
    lines = [_signal(1), b'{"user_id": 5}', b"nonsense", _signal(2, payload=None), _signal(3)]
    compress = gzip.compress if coding == "gzip" else vars(body)["zstd"].compress
    headers = {"content-type": "application/x-ndjson", "content-encoding": coding}
    answer = emitter.post(compress(b"\n".join(lines)), headers)
    assert answer.status_code == 202
    assert [a["index"] for a in answer.json()["accepted"]] == [0, 4]
    assert [(r["index"], r["field"]) for r in answer.json()["refused"]] == [
        (1, "user_id"),
        (2, ""),
        (3, "payload"),
    ]
    assert [value for _, value in stored(kafka_bootstrap, answer.json()["accepted"])] == [lines[0], lines[4]]


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"[{}", {}, 400),
        (b"not gzip", {"content-encoding": "gzip"}, 400),
        (b"{}", {"content-type": "text/plain"}, 415),
        (b"{}", {"content-encoding": "br"}, 415),
        (b"[]", {}, 422),
        (b"[1, {}]", {}, 422),
        (bytes(body.MAX_BYTES + 1), {}, 413),
        (gzip.compress(bytes(body.MAX_BYTES + 1)), {"content-encoding": "gzip"}, 413),
        (b"[" + b",".join([b"{}"] * 10_001) + b"]", {}, 413),
    ],
)
def test_a_bad_call_is_told_so_as_a_problem(
    emitter: Emitter, content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = emitter.post(content, headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["detail"]
    if status == 415:
        assert "accept" in answer.headers or "accept-encoding" in answer.headers


def test_the_largest_call_is_taken(kafka_bootstrap: str, emitter: Emitter) -> None:
    padding = "x" * 900
    sent = [_signal(number, payload={"x": padding}) for number in range(9_500)]
    answer = emitter.post(b"[" + b",".join(sent) + b"]")
    assert answer.status_code == 202
    assert len(answer.json()["accepted"]) == 9_500
    last = answer.json()["accepted"][-1:]
    assert stored(kafka_bootstrap, last) == [(b"user-%d" % (9_499 % 7), sent[-1])]


def test_a_signal_bloated_by_members_that_nobody_reads_is_taken_without_them(
    kafka_bootstrap: str, emitter: Emitter
) -> None:
    sent = _signal(1, id=None, other="x" * 2_000_000)
    answer = emitter.post(sent)
    assert answer.status_code == 202
    [(_, value)] = stored(kafka_bootstrap, answer.json()["accepted"])
    assert value
    assert b'{"n" : 1 , "x" : 1.5 , "\xc3\xa9" : "\xc3\xbc"}' in value
    assert json.loads(value)["id"] == answer.json()["accepted"][0]["id"]
    assert "other" not in json.loads(value)


def test_a_cloud_event_arrives_as_a_signal(kafka_bootstrap: str, emitter: Emitter) -> None:
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "/shop",
        "type": "login",
        "time": "2026-05-01T12:00:00Z",
        "subject": "alice",
        "data": {"ip": "203.0.113.7"},
    }
    answer = emitter.post(json.dumps(event).encode(), {"content-type": "application/cloudevents+json"})
    assert answer.status_code == 202
    [(key, value)] = stored(kafka_bootstrap, answer.json()["accepted"])
    assert key == b"alice"
    assert value
    assert json.loads(value)["payload"] == event["data"]


def test_what_happened_can_be_scraped(emitter: Emitter) -> None:
    names = [
        'signals_produced_total{source="http"}',
        'signal_production_latency_seconds_count{source="http"}',
        'signals_refused_total{field="timestamp"}',
        'http_requests_total{route="",status="202"}',
    ]
    before = [emitter.metric(name) for name in names]
    assert emitter.post(b"[%b, %b, %b]" % (_signal(1), _signal(2), _signal(3, timestamp="now"))).is_success
    after = [emitter.metric(name) for name in names]
    assert [new - old for old, new in zip(before, after, strict=True)] == [2, 1, 1, 1]
    assert emitter.metric("signals_in_flight") == emitter.metric("http_backlog_bytes") == 0


def test_the_documented_examples_work(emitter: Emitter) -> None:
    described = emitter.client.get("/openapi.json").json()
    bodies = described["paths"]["/v1/signals"]["post"]["requestBody"]["content"]
    examples = [
        (kind, e["value"]) for kind, body in bodies.items() for e in body.get("examples", {}).values()
    ]
    assert len(examples) == 4
    for kind, value in examples:
        content = value if isinstance(value, str) else json.dumps(value)
        answer = emitter.post(content.encode(), {"content-type": kind})
        assert answer.status_code == 202
        assert answer.json()["refused"] == []


def test_it_says_how_it_is_and_what_it_takes(emitter: Emitter) -> None:
    assert emitter.client.get("/healthz").json() == {"status": "ok"}
    described = emitter.client.get("/openapi.json").json()
    answers = described["paths"]["/v1/signals"]["post"]["responses"]
    assert {"202", "400", "401", "403", "408", "413", "415", "422", "429", "503"} <= answers.keys()
    page = emitter.client.get("/docs")
    assert page.headers["content-security-policy"] == "default-src 'self'"
    for path in ("/docs.js", "/docs.css"):
        assert path in page.text
        assert emitter.client.get(path).is_success
    assert "://" not in page.text
    assert emitter.client.get("/v1/signals").status_code == 405
    assert emitter.client.get("/nothing").headers["content-type"] == "application/problem+json"


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.exists(), reason="the corpora are not beside this checkout")
def test_every_poisoned_body_gets_its_fate(kafka_bootstrap: str, emitter: Emitter) -> None:
    wrong, sent, accepted = [], [], []
    for case in json.loads((CORPUS / "manifest.json").read_text()):
        if "http" not in case["transport"]:
            continue
        value = (CORPUS / "values" / case["file"]).read_bytes()
        answer = emitter.post(value)
        if case["fate"] == "store" and answer.status_code == 202:
            sent.append(value.strip(b" \t\r\n"))
            accepted += answer.json()["accepted"]
        elif case["fate"] == "store" or not 400 <= answer.status_code < 500:
            wrong.append((case["name"], answer.status_code, answer.text[:200]))
    assert wrong == []
    assert len(sent) > 50
    for value, (_, record) in zip(sent, stored(kafka_bootstrap, accepted), strict=True):
        assert record
        assert record[: len(value) - 1] == value[:-1]
