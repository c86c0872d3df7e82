"""What the page about rules prints is what the commands say, when one does what it says."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from secure_signal.cli import app

PAGE = Path(__file__).parents[2] / "docs/rules.md"
FILE = re.compile(r"`(?P<name>[\w/.-]+)`:\n\n```\w+\n(?P<text>.*?)```", re.DOTALL)
SESSION = re.compile(r"```console\n(?P<text>.*?)```", re.DOTALL)


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The page, with the files that it gives written to the current folder."""
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text()
    for file in FILE.finditer(text):
        Path(file["name"]).parent.mkdir(exist_ok=True)
        Path(file["name"]).write_text(file["text"])
    return text


def commands(page: str) -> Iterator[tuple[str, str]]:
    """Each command with what is printed under it."""
    for session in SESSION.finditer(page):
        for each in session["text"].removeprefix("$ ").split("\n$ "):
            command, _, output = each.partition("\n")
            yield command, output


def run(command: str) -> str:
    arguments = shlex.split(command)
    if arguments[0] != "secure-signal":
        return subprocess.run(command, shell=True, check=True, capture_output=True, text=True).stdout
    given = b""
    if "<" in arguments:
        *arguments, _, file = arguments
        given = Path(file).read_bytes()
    return CliRunner().invoke(app, arguments[1:], input=given).output


def test_every_command_prints_what_the_page_says(page: str) -> None:
    shown = list(commands(page))
    assert len(shown) > 5
    for command, output in shown:
        printed = "\n".join(line.rstrip() for line in run(command).rstrip().splitlines())
        wanted = ".*".join(map(re.escape, output.rstrip().split("…")))
        assert re.fullmatch(wanted, printed), f"$ {command}\n{printed}"
