"""``python -m secure_signal`` is the command ``secure-signal``."""

import sys

_INTERRUPTED = 130


def main() -> None:
    """Run the command. Ctrl-C ends it without a word, also while its modules are loaded."""
    try:
        # Imported here: that takes long enough to be interrupted.
        from secure_signal import cli

        cli.run()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
