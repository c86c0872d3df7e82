"""Our own command as the person can type it here: by the way it was called, and for the same data folder."""

import os
import shlex
import shutil
import sys
from pathlib import Path

from secure_signal.stack import folder as data_folder
from secure_signal.stack.folder import DataFolder

_NAME = "secure-signal"


def of(folder: DataFolder, words: str) -> str:
    """``words`` are the subcommand and its arguments, such as ``logs kafka``."""
    option = "" if folder.path == data_folder.default() else f" --data {shlex.quote(str(folder.path))}"
    return f"{_program()} {words}{option}"


def _program() -> str:
    if shutil.which(_NAME):
        return _NAME
    script = Path(sys.executable).with_name(_NAME)
    if not script.exists():
        return f"{sys.executable} -m secure_signal"
    here = os.path.relpath(script)
    return str(script) if here.startswith("..") else here
