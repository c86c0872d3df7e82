"""What others wrote, made fit for a terminal."""

import re

# Unicode's category Cc is closed (Unicode Standard, 4.5); a tab does no harm.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")


def harmless(text: str) -> str:
    """One line that moves no cursor, sets no colour and rings no bell."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
