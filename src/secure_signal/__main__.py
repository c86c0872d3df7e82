"""``python -m secure_signal`` is the command ``secure-signal``."""

from secure_signal.cli import main

main()
