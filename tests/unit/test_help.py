"""What each command's ``--help`` says."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from secure_signal.cli import app

EXAMPLE = re.compile(r"Example: `(.*)`$", re.MULTILINE)


def commands(command: Any, call: str) -> Iterator[Any]:
    """Each command that does something, and how it is called."""
    if not hasattr(command, "commands"):
        yield pytest.param(command, call, id=call)
    for name, each in getattr(command, "commands", {}).items():
        yield from commands(each, f"{call} {name}")


@pytest.mark.parametrize(("command", "call"), [*commands(typer.main.get_command(app), "secure-signal")])
def test_every_command_has_an_example_of_itself(command: Any, call: str) -> None:
    (example,) = EXAMPLE.findall(command.help)
    assert call in example
    options = {name for parameter in command.params for name in parameter.opts}
    assert options.issuperset(re.findall(r"--[a-z-]+", example))
