"""A change of rule files is seen, however it is made, and once whoever writes has done."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from secure_signal.adapters.rule_watch import RuleWatch


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "rules"
    (made / "deep").mkdir(parents=True)
    (made / "deep" / "a.yml").write_text("title: a")
    return made


def _atomic_rename(folder: Path) -> None:
    written = folder / ".a.yml.tmp"
    written.write_text("title: b")
    times = (folder / "deep" / "a.yml").stat()
    os.utime(written, ns=(times.st_atime_ns, times.st_mtime_ns))
    written.rename(folder / "deep" / "a.yml")


CHANGES: dict[str, Callable[[Path], object]] = {
    "written in place": lambda folder: (folder / "deep" / "a.yml").write_text("title: b"),
    "of the same size and time, renamed over it": _atomic_rename,
    "added": lambda folder: (folder / "b.yaml").write_text("title: b"),
    "settings added": lambda folder: (folder / "rules.toml").write_text(""),
    "taken away": lambda folder: (folder / "deep" / "a.yml").unlink(),
    "folder removed": shutil.rmtree,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_told_once(folder: Path, change: Callable[[Path], object]) -> None:
    watch = RuleWatch([folder])
    assert [watch.has_changed() for _ in range(3)] == [False] * 3
    change(folder)
    assert [watch.has_changed() for _ in range(4)] == [False, True, False, False]


def test_what_is_no_rule_does_not_count(folder: Path) -> None:
    watch = RuleWatch([folder])
    (folder / "README.md").write_text("")
    (folder / ".git").mkdir()
    (folder / ".git" / "x.yml").write_text("")
    assert not any(watch.has_changed() for _ in range(3))


def test_while_somebody_writes_it_waits_but_not_for_ever(folder: Path) -> None:
    watch = RuleWatch([folder])
    told = []
    for number in range(12):
        (folder / f"{number}.yml").write_text("")
        told.append(watch.has_changed())
    assert told.index(True) == 9


def test_a_folder_swapped_by_kubernetes_is_another(tmp_path: Path) -> None:
    for name in ("..1", "..2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.yml").write_text("title: a")
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "a.yml").symlink_to("..data/a.yml")
    watch = RuleWatch([tmp_path])
    (tmp_path / "..new").symlink_to("..2")
    (tmp_path / "..new").rename(tmp_path / "..data")
    assert [watch.has_changed() for _ in range(3)] == [False, True, False]


def test_a_file_that_came_and_went_needs_no_load(folder: Path) -> None:
    watch = RuleWatch([folder, folder / "deep" / "a.yml"])
    (folder / "b.yml").write_text("")
    assert not watch.has_changed()
    (folder / "b.yml").unlink()
    assert not any(watch.has_changed() for _ in range(3))
