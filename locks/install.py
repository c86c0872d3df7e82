"""Install a lock file into this Python's environment, with one line of progress: ``install.py LOCK``.

pip is either silent or prints some lines for each of its packages; this counts those lines. Run again
after an interruption it goes on: pip keeps what it has downloaded.
"""

import re
import subprocess
import sys
from pathlib import Path

_PIP = (sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-input")


def main() -> None:
    """Run pip; where it fails, its last lines say why, and the exit code is its own."""
    lock = sys.argv[1]
    total = len(re.findall(r"^\S+==", Path(lock).read_text(), re.MULTILINE))
    pip = subprocess.Popen(  # noqa: S603
        [*_PIP, "--progress-bar=off", "--require-hashes", "--requirement", lock],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    seen: list[str] = []
    packages = 0
    for line in pip.stdout or ():
        seen.append(line.rstrip())
        packages += line.startswith(("Collecting", "Requirement already satisfied", "Ignoring"))
        show(f"[{packages}/{total}] {describe(line)}")
    show("")
    if pip.wait() != 0:
        print("\n".join(seen[-15:]), file=sys.stderr)
        sys.exit(pip.returncode)


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
