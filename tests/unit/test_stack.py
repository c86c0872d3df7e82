"""The local stack without its servers: ports, restarts, logs, records, what survived a supervisor."""

import errno
import io
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import Mock

import psutil
import pytest
from rich.console import Console
from tests.servers import until

from secure_signal.cli import stack as command
from secure_signal.core.errors import StopError, UsageError
from secure_signal.stack import doctor, jars, leftovers, logs, ports, record, up
from secure_signal.stack.account import Account
from secure_signal.stack.child import Identity, Program
from secure_signal.stack.folder import DataFolder
from secure_signal.stack.part import Part, pause
from secure_signal.stack.ports import Ports
from secure_signal.stack.record import PartRecord, Record

SLEEP = ("/bin/sleep", "600")


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path / "data")
    made.make()
    return made


@contextmanager
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that is not our child's leash's: it outlives everybody."""
    process = subprocess.Popen(SLEEP)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_taken_port_is_named_with_its_holder_and_the_way_out() -> None:
    with socket.socket() as holder:
        holder.bind((ports.HOST, 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(StopError) as refused:
            Ports(0, 0, 0, 0, port, 0).check()
    for word in (f"Port {port}", "kafka", f"process {os.getpid()}", "--kafka-port"):
        assert word in str(refused.value)


def test_two_parts_do_not_share_a_port() -> None:
    with pytest.raises(UsageError, match="8000"):
        Ports(emitter=8000, detector=8000).settled()


def test_zero_becomes_a_free_port_for_each_part() -> None:
    chosen = Ports(0, 0, 0, 0, 0, 0).settled()
    chosen.check()


def test_a_jar_with_other_bytes_is_missing(tmp_path: Path) -> None:
    jar = jars.locked()[0]
    (tmp_path / jar.filename).write_bytes(b"x" * jar.size)
    assert jars.missing(tmp_path) == list(jars.locked())


def test_the_pause_before_a_restart_grows_up_to_a_limit() -> None:
    assert [pause(failures) for failures in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_a_killed_part_is_started_again_and_says_so(tmp_path: Path) -> None:
    part = Part("part", 0, lambda: Program("part", SLEEP, tmp_path / "log"), lambda: True)
    list(part.tend(0.0))
    first = part.child
    assert first
    try:
        list(part.tend(0.1))
        first.kill()
        (sentence,) = part.tend(0.2)
        assert "killed by SIGKILL" in sentence
        assert list(part.tend(0.6)) == []
        assert part.record == PartRecord("part", None, restarts=1)
        assert list(part.tend(0.8)) == []
        assert list(part.tend(0.9)) == ["part is ready again"]
    finally:
        part.stop()


def test_a_part_that_cannot_be_started_is_tried_again(tmp_path: Path) -> None:
    log = tmp_path / "missing" / "log"
    part = Part("part", 0, lambda: Program("part", SLEEP, log), lambda: True)
    (sentence,) = part.tend(0.0)
    assert "No such file" in sentence
    assert "trying again in 0.5 s" in sentence
    assert list(part.tend(0.4)) == []
    log.parent.mkdir()
    try:
        assert list(part.tend(0.5)) == []
        assert list(part.tend(0.6)) == ["part is ready again"]
    finally:
        part.stop()


def test_a_part_killed_by_a_signal_without_a_name_is_told(tmp_path: Path) -> None:
    part = Part("part", 0, lambda: Program("part", SLEEP, tmp_path / "log"), lambda: True)
    list(part.tend(0.0))
    assert part.child
    os.kill(part.child.pid, 40)
    part.child.wait()
    (sentence,) = part.tend(0.1)
    assert "killed by signal 40" in sentence


def test_a_child_dies_with_its_parent(tmp_path: Path) -> None:
    script = (
        "import time; from pathlib import Path; from secure_signal.stack.child import Child, Program;"
        f"child = Child(Program('x', {SLEEP!r}, Path({str(tmp_path / 'log')!r})));"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    pid = int(parent.stdout.readline())
    until(lambda: psutil.Process(pid).name() == "sleep", "the child is on its leash")
    parent.kill()
    parent.wait()
    until(lambda: not _lives(pid), "the child is gone", seconds=5)


def _lives(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_what_survived_a_supervisor_is_ended_and_nothing_else(folder: DataFolder) -> None:
    with sleeper() as ours, sleeper() as stranger:
        # The stranger has the pid that a part had, but began at another time.
        reused = Identity(stranger.pid, psutil.Process(stranger.pid).create_time() - 3600)
        parts = (PartRecord("emitter", Identity.of(ours.pid), 0), PartRecord("kafka", reused, 0))
        Record("running", Identity(1, 0.0), Ports(), parts).save(folder)

        assert leftovers.end(folder) == ["emitter"]

        assert not _lives(ours.pid)
        assert stranger.poll() is None


def test_a_postmaster_file_with_somebody_elses_pid_is_removed(tmp_path: Path) -> None:
    with sleeper() as stranger:
        (tmp_path / "postmaster.pid").write_text(f"{stranger.pid}\n{tmp_path}\n")
        leftovers.end_postmaster(tmp_path)
        assert not (tmp_path / "postmaster.pid").exists()
        assert stranger.poll() is None


def test_a_record_of_a_dead_supervisor_does_not_run(folder: DataFolder) -> None:
    Record("running", Identity(os.getpid(), 0.0), Ports(), ()).save(folder)
    assert record.read(folder) is not None
    assert record.running(folder) is None


def test_a_folder_is_had_once(folder: DataFolder) -> None:
    held = folder.lock()
    with pytest.raises(BlockingIOError):
        folder.lock()
    os.close(held)
    os.close(folder.lock())


def test_a_data_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StopError, match="--data"):
        DataFolder(tmp_path / "file" / "data").make()


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter").touch()
    tmp_path.chmod(0o750)
    with pytest.raises(StopError, match="not empty"):
        DataFolder(tmp_path).make()
    assert [f.name for f in tmp_path.iterdir()] == ["letter"]
    assert tmp_path.stat().st_mode & 0o777 == 0o750


def test_an_empty_folder_is_taken_and_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    for _ in range(2):
        DataFolder(tmp_path).make()
    assert tmp_path.stat().st_mode & 0o777 == 0o750


def test_doctor_creates_nothing(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    new, file, foreign = (_advice(path) for path in (tmp_path / "new", tmp_path / "other", tmp_path))
    assert [f.name for f in tmp_path.iterdir()] == ["other"]
    assert not new
    assert "--data" in file
    assert "--data" in foreign


def _advice(path: Path) -> str:
    findings = doctor.examine(DataFolder(path), Ports(0, 0, 0, 0, 0, 0))
    return next(f.advice for f in findings if f.name == "Data folder")


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "stack.json"), "stack.json: Permission denied"),
        (psutil.AccessDenied(7), "Process 7"),
        (KeyboardInterrupt(), "Interrupted"),
    ],
)
def test_what_the_system_refuses_and_ctrl_c_become_a_sentence(
    monkeypatch: pytest.MonkeyPatch, folder: DataFolder, refusal: BaseException, sentence: str
) -> None:
    monkeypatch.setattr(record, "read", Mock(side_effect=refusal))
    with pytest.raises(StopError, match=sentence):
        command.down(folder.path)


def test_a_file_instead_of_a_folder_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StopError, match="Not a directory"):
        command.down(tmp_path / "file")


def test_down_makes_nothing_where_nothing_runs(tmp_path: Path) -> None:
    command.down(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_cannot_be_written_does_not_end_the_supervisor(folder: DataFolder) -> None:
    folder.logs.rmdir()
    out = io.StringIO()
    up.speaker(folder, Console(file=out))("kafka is ready")
    assert "kafka is ready" in out.getvalue()


def test_a_log_is_bounded_also_without_room_for_a_copy(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    log.write_bytes(b"old\n" * 100)
    (tmp_path / "part.log.1").mkdir()
    logs.bound(log, limit=100)
    assert log.stat().st_size == 0


@pytest.mark.parametrize(("count", "last"), [(0, []), (1, ["b"]), (9, ["a", "b"])])
def test_as_many_lines_of_a_log_as_asked(tmp_path: Path, count: int, last: list[str]) -> None:
    (tmp_path / "log").write_text("a\nb\n")
    assert logs.last_lines(tmp_path / "log", count) == last


def test_a_log_is_bounded_while_its_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"old\n" * 100)
        logs.bound(log, limit=100)
        writer.write(b"new\n")
    assert log.read_bytes() == b"new\n"
    assert (tmp_path / "part.log.1").read_bytes() == b"old\n" * 100


def test_following_a_log_gives_whole_new_lines_also_after_it_was_bounded(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    log.write_text("before\n")
    lines = logs.follow({"part": log}, seconds=0)
    with log.open("a", buffering=1) as writer:
        threading.Timer(0.05, lambda: writer.write("first\nhal")).start()
        assert next(lines) == ("part", "first")
        writer.write("f\n")
        assert next(lines) == ("part", "half")
        logs.bound(log, limit=1)
        writer.write("last\n")
        assert next(lines) == ("part", "last")


def test_logs_of_an_unknown_part_name_the_known_ones(folder: DataFolder) -> None:
    folder.log("kafka").touch()
    with pytest.raises(UsageError, match="kafka"):
        logs.of(folder, "kafak")


def test_without_any_log_it_is_told_how_to_start(folder: DataFolder) -> None:
    with pytest.raises(StopError, match=f"{folder.logs}.*up --data {folder.path}"):
        logs.of(folder, None)


def test_an_account_passes_through_open_folders_only(tmp_path: Path) -> None:
    stranger = Account(uid=12345, gid=12345)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert stranger.can_enter(Path("/"))
    assert not stranger.can_enter(closed)
    owner = closed.stat().st_uid
    assert Account(owner, owner).can_enter(closed) == Account(owner, owner).can_enter(tmp_path)


def test_on_windows_the_way_is_compose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(StopError, match="docker compose up"):
        command.status(None)


def test_relative_paths_of_the_environment_hold_for_the_services(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SECURE_SIGNAL_RULES", "rules")
    monkeypatch.setenv("SECURE_SIGNAL_API_KEYS", "off")
    up.settings()
    assert os.environ["SECURE_SIGNAL_RULES"] == str(tmp_path / "rules")
