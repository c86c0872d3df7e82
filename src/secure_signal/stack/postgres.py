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

from secure_signal.core.errors import RetryError, StopError
from secure_signal.stack import account, leftovers, postgres_home
from secure_signal.stack.child import Program
from secure_signal.stack.ports import HOST

_NAME = "secure_signal"


@dataclass(frozen=True)
class Access:
    """How a client gets in."""

    port: int
    password: str

    @classmethod
    def by(cls, password_file: Path, port: int) -> "Access":
        """With the password of this file, which is made when there is none."""
        if not password_file.exists():
            descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as new:
                new.write(secrets.token_urlsafe(24))
        return cls(port, password_file.read_text().strip())

    def url(self, database: str = _NAME) -> str:
        """A libpq URL."""
        return f"postgresql://{_NAME}:{self.password}@{HOST}:{self.port}/{database}"


def prepare(folder: Path, access: Access, log: Path) -> Program:
    """Make the cluster if there is none, and say what to run."""
    user = account.unprivileged(folder)
    home = postgres_home.cluster_folder(folder, user)
    binaries = postgres_home.binaries(user)
    cluster = home / "cluster"
    if not cluster.exists():
        _make_cluster(cluster, binaries, user, access.password)
    leftovers.end_postmaster(cluster)
    shutil.copyfile(str(files("secure_signal.stack") / "postgres.conf"), cluster / "postgresql.conf")
    command = (str(binaries / "postgres"), "-D", str(cluster), *_listen_on(access.port))
    # A fast shutdown is safe and quick; its backends follow the postmaster in any case.
    stop = signal.SIGINT
    return Program("postgres", command, log, account=user, stop=stop, last_will=stop)


def _listen_on(port: int) -> tuple[str, ...]:
    return ("-c", f"listen_addresses={HOST}", "-c", f"port={port}", "-c", "unix_socket_directories=")


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


def ensure_database(access: Access) -> None:
    """Create the database if it is missing; RetryError where PostgreSQL cannot be reached."""
    try:
        with psycopg.connect(access.url("postgres"), autocommit=True) as connection:
            if not connection.execute(_query("find_database")).fetchone():
                connection.execute(_query("create_database"))
    except psycopg.OperationalError as error:
        raise RetryError(f"PostgreSQL cannot be reached: {error}") from error


def _query(name: str) -> bytes:
    return (files("secure_signal.stack") / f"{name}.sql").read_bytes()
