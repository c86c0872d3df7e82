"""A DATABASE_URL that is wrong is told without the password in it."""

import time
from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from secure_signal.adapters import postgres
from secure_signal.adapters.api_keys import Keyring
from secure_signal.adapters.read_pool import ReadPool
from secure_signal.cli import app
from secure_signal.core.errors import UsageError

WRONG = (
    "postgresql://u:secret%zz@localhost/db",
    "postgresql://u:secret space@localhost/db",
    "postgresql://u:an@secret@localhost/db",
    "postgresql://u:secret/slash@localhost/db",
    "postgresql://u:secret@[::1/db",
    "postgresql://u:p@localhost:secret/db",
    "secret",
)
USERS: tuple[Callable[[str], object], ...] = (
    lambda url: postgres.connect(url, "test"),
    lambda url: Keyring(url, time.monotonic),
    lambda url: ReadPool(url, "test", 1),
)


@pytest.mark.parametrize("url", WRONG)
@pytest.mark.parametrize("use", USERS, ids=("connect", "keyring", "pool"))
def test_whoever_uses_it_refuses_it_and_keeps_the_secret(use: Callable[[str], object], url: str) -> None:
    with pytest.raises(UsageError, match="DATABASE_URL") as caught:
        use(url)
    assert "secret" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("command", [["keys", "list"], ["score"]], ids=("keys", "score"))
def test_a_command_refuses_it(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", WRONG[0])
    result = CliRunner().invoke(app, command)
    assert isinstance(result.exception, UsageError)
    assert "secret" not in str(result.exception) + result.output


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p%40ss%2F@localhost:5432/db",
        "postgresql://u@[::1]/db",
        "postgresql://a:5432,b:5433/db",
        "postgresql://u@%2Fvar%2Frun/db",
        "postgresql:///db?host=/tmp&port=5432",
        "host=localhost dbname=db",
    ],
)
def test_what_libpq_reads_is_right(url: str) -> None:
    postgres.check(url)
