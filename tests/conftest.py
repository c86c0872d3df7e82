"""One Kafka and one PostgreSQL for the whole run of pytest, started when the first test asks for them.

A test that kills or freezes a server starts its own with ``start_kafka`` or ``start_postgres``.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial

import psycopg
import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from psycopg import sql
from tests.servers import Server, StartServer, running_kafka, running_postgres, until

from secure_signal.adapters import rule_cache
from secure_signal.adapters import topics as pipeline_topics
from secure_signal.adapters.settings import Settings
from secure_signal.stack import ports

PARTITIONS = 4


@pytest.fixture(scope="session")
def kafka_bootstrap() -> Iterator[str]:
    """The bootstrap servers of the Kafka that all tests share."""
    with running_kafka() as server:
        yield server.address


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of the database ``postgres`` on the PostgreSQL that all tests share."""
    with running_postgres() as server:
        yield server.address


@pytest.fixture
def start_kafka() -> Iterator[StartServer]:
    """Start a Kafka of the test's own, to be killed, frozen and started again; it ends with the test."""
    with _starter(running_kafka) as start:
        yield start


@pytest.fixture
def start_postgres() -> Iterator[StartServer]:
    """Start a PostgreSQL of the test's own, likewise."""
    with _starter(running_postgres) as start:
        yield start


@contextmanager
def _starter(running: Callable[[], AbstractContextManager[Server]]) -> Iterator[StartServer]:
    with ExitStack() as stack:
        yield lambda: stack.enter_context(running())


@pytest.fixture
def database_url(postgres_url: str) -> Iterator[str]:
    """The URL of an empty database, dropped after the test."""
    name = sql.Identifier(f"test_{uuid.uuid4().hex}")
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        yield postgres_url.rsplit("/", 1)[0] + "/" + name.as_string().strip('"')
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture
def topics(kafka_bootstrap: str) -> None:
    """The pipeline's topics, empty, and no consumer groups: as on a Kafka that was never used."""
    admin = AdminClient({"bootstrap.servers": kafka_bootstrap})
    _delete_groups(admin)
    _delete_topics(admin)
    pipeline_topics.ensure(kafka_bootstrap, PARTITIONS, replication_factor=1)
    until(lambda: len(_topics(admin)) == len(pipeline_topics.ALL), "all topics have leaders")


def _delete_topics(admin: AdminClient) -> None:
    old = [t.name for t in pipeline_topics.ALL if t.name in admin.list_topics(timeout=10).topics]
    for deleted in admin.delete_topics(old).values() if old else ():
        deleted.result()
    until(lambda: not _topics(admin), "the old topics are gone")


def _topics(admin: AdminClient) -> list[str]:
    """The pipeline's topics of which each partition has a leader."""
    wanted = {t.name for t in pipeline_topics.ALL}
    return [
        t.topic
        for t in admin.list_topics(timeout=10).topics.values()
        if t.topic in wanted
        and len(t.partitions) == PARTITIONS
        and all(p.leader >= 0 for p in t.partitions.values())
    ]


def _delete_groups(admin: AdminClient) -> None:
    """Groups whose consumers were killed stay until their sessions time out."""
    for group in admin.list_consumer_groups().result().valid:
        until(partial(_is_group_gone, admin, group.group_id), f"group {group.group_id} is gone")


def _is_group_gone(admin: AdminClient, name: str) -> bool:
    try:
        admin.delete_consumer_groups([name])[name].result()
    except KafkaException as error:
        return bool(error.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND)
    return True


@pytest.fixture
def settings(kafka_bootstrap: str, database_url: str, topics: None) -> Settings:
    """Settings of a service on empty topics and an empty database, on a free port, without API keys."""
    return Settings(
        kafka_bootstrap_servers=kafka_bootstrap,
        database_url=database_url,
        partitions=PARTITIONS,
        http_port=ports.free(),
        api_keys="off",
    )


@pytest.fixture(scope="session", autouse=True)
def _rule_cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The rules of tests are kept nowhere else."""
    folder = tmp_path_factory.mktemp("rule-cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rule_cache, "folder", lambda: folder)
        yield
