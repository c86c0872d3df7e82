"""Ctrl-C ends a command quietly, whenever it comes."""

import json
import signal
import subprocess
import sys
from functools import partial

INTERRUPTED = 130

# What a shell starts in the background ignores SIGINT, and so do its children.
LISTENING = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)

# SIGINT comes when the first module of the command is looked for.
WHILE_LOADED = """
import os, signal, sys
from importlib.metadata import entry_points

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            os.kill(os.getpid(), signal.SIGINT)

(command,) = entry_points(group="console_scripts", name="secure-signal")
sys.meta_path.insert(0, Interrupting())
sys.argv = ["secure-signal", "--version"]
command.load()()
"""


def test_while_modules_are_loaded() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WHILE_LOADED], capture_output=True, timeout=30, preexec_fn=LISTENING
    )
    assert (done.returncode, done.stdout, done.stderr) == (INTERRUPTED, b"", b"")


def test_while_signals_are_judged() -> None:
    line = json.dumps(
        {
            "id": "x" * 36,
            "user_id": "alice",
            "type": "auth.login",
            "timestamp": "2026-05-01T12:00:00Z",
            "payload": {},
        }
    )
    with subprocess.Popen(
        [sys.executable, "-m", "secure_signal", "detect"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=LISTENING,
    ) as process:
        assert process.stdin
        assert process.stderr
        # More than the pipe and a block hold: when all is written, the first are judged.
        process.stdin.write(f"{line}\n".encode() * 5_000)
        process.send_signal(signal.SIGINT)
        told = process.stderr.read()
        process.wait(30)
    assert (process.returncode, told) == (INTERRUPTED, b"")
