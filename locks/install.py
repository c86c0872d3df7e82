"""Make an environment with a lock file and this project in it: ``install.py ENVIRONMENT LOCK``.

pip is either silent or prints some lines for each of its packages; this counts those lines, for one
line of progress. Run again after an interruption it goes on: pip keeps what it has downloaded.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_PIP = ("-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar=off")


def main() -> None:
    """Ctrl-C ends it with a sentence."""
    try:
        install(*sys.argv[1:])
    except KeyboardInterrupt:
        show("")
        sys.exit("Interrupted. The next time it goes on from here.")


def install(environment: str, lock: str) -> None:
    """The environment if it is not whole, what the lock names, and the project as it lies here."""
    python = f"{environment}/bin/python"
    if not is_whole(python):
        for _ in run(sys.executable, "-m", "venv", "--clear", environment):
            pass
    total = len(re.findall(r"^\S+==", Path(lock).read_text(), re.MULTILINE))
    packages = 0
    for line in run(python, *_PIP, "--require-hashes", "--requirement", lock):
        packages += line.startswith(("Collecting", "Requirement already satisfied", "Ignoring"))
        show(f"[{packages}/{total}] {describe(line)}")
    for _ in run(python, *_PIP, "--no-deps", "--no-build-isolation", "--editable", "."):
        show("the project itself")
    show("")


def is_whole(python: str) -> bool:
    """Whether an environment has pip, which comes last."""
    asked = [python, "-m", "pip", "--version"]
    return Path(python).exists() and subprocess.run(asked, capture_output=True).returncode == 0  # noqa: S603


def run(*command: str) -> Iterator[str]:
    """The lines that a program prints. Where it fails, the last ones say why, and its exit code is ours."""
    said: list[str] = []
    with subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as program:
        for line in program.stdout or ():
            said.append(line.rstrip())
            yield line
    if program.returncode != 0:
        show("")
        print("\n".join(said[-15:]), file=sys.stderr)
        sys.exit(program.returncode)


def describe(line: str) -> str:
    """What pip does, in a few words."""
    words = line.split()
    if line.startswith("Installing collected"):
        return "unpacking"
    return " ".join(words[1:]) if words[:1] == ["Downloading"] else " ".join(words[:2])


def show(text: str) -> None:
    """Replace the line on a terminal; elsewhere a log stays short."""
    if sys.stdout.isatty():
        print(f"\r\033[K{text[:76]}", end="", flush=True)


if __name__ == "__main__":
    main()
