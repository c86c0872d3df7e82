"""Embedded PostgreSQL: the binaries of a wheel, scram over the loopback address, no socket file."""

import os
import secrets
import shutil
import signal
import subprocess
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import psycopg
from psycopg import sql

from secure_signal.core.errors import RetryError, StopError
from secure_signal.stack import account, postgres_home
from secure_signal.stack.child import Program

_HOST = "127.0.0.1"
_NAME = "secure_signal"


@dataclass(frozen=True)
class Access:
    """How a client gets in."""

    port: int
    password: str

    def url(self, database: str = _NAME) -> str:
        """A libpq URL."""
        return f"postgresql://{_NAME}:{self.password}@{_HOST}:{self.port}/{database}"


def prepare(folder: Path, port: int, password_file: Path, log: Path) -> tuple[Program, Access]:
    """Make the cluster if there is none, and say what to run and how to get in."""
    user = account.unprivileged(folder)
    home = postgres_home.cluster_folder(folder, user)
    binaries = postgres_home.binaries(user)
    access = Access(port, _password(password_file))
    cluster = home / "cluster"
    if not cluster.exists():
        _make_cluster(cluster, binaries, user, access.password)
    shutil.copyfile(str(files("secure_signal.stack") / "postgres.conf"), cluster / "postgresql.conf")
    command = (str(binaries / "postgres"), "-D", str(cluster), *_listen_on(port))
    # A fast shutdown is safe and quick; its backends follow the postmaster in any case.
    stop = signal.SIGINT
    return Program("postgres", command, log, account=user, stop=stop, last_will=stop), access


def _listen_on(port: int) -> tuple[str, ...]:
    return ("-c", f"listen_addresses={_HOST}", "-c", f"port={port}", "-c", "unix_socket_directories=")


def _password(file: Path) -> str:
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
            new.write(secrets.token_urlsafe(24))
    return file.read_text().strip()


def _make_cluster(cluster: Path, binaries: Path, user: account.Account | None, password: str) -> None:
    """Run initdb beside the place, then move the result there: half a cluster is never taken for one."""
    unfinished = cluster.with_name("cluster.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    password_file = cluster.with_name("initdb.password")
    password_file.touch(0o600)
    password_file.write_text(password)
    if user:
        user.own(password_file)
    try:
        _initdb(binaries, unfinished, password_file, user)
    finally:
        password_file.unlink()
    unfinished.rename(cluster)


def _initdb(binaries: Path, cluster: Path, password_file: Path, user: account.Account | None) -> None:
    done = subprocess.run(  # noqa: S603
        [
            str(binaries / "initdb"),
            f"--pgdata={cluster}",
            f"--username={_NAME}",
            "--auth=scram-sha-256",
            f"--pwfile={password_file}",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        user=user.uid if user else None,
        group=user.gid if user else None,
        extra_groups=[] if user else None,
    )
    if done.returncode != 0:
        raise StopError(f"PostgreSQL's cluster could not be made in {cluster}: {done.stderr.strip()}")


def is_ready(access: Access) -> bool:
    """Whether it lets us in."""
    try:
        psycopg.connect(access.url("postgres"), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def ensure_database(access: Access, name: str = _NAME) -> None:
    """Create the database if it is missing; RetryError where PostgreSQL cannot be reached."""
    try:
        with psycopg.connect(access.url("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
            if not known:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    except psycopg.OperationalError as error:
        raise RetryError(f"PostgreSQL cannot be reached: {error}") from error
