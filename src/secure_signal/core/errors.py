"""The error tree, named by what the caller does about it."""


class SecureSignalError(Exception):
    """Anything this project raises on purpose; its text is fit to be shown to a person."""


class RefusedError(SecureSignalError):
    """The input is bad and will never be good: answer 4xx, or dead-letter it with this reason.

    ``field`` names the member at fault (``payload.a`` style), empty for the whole value.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        self.reason = reason


class RetryError(SecureSignalError):
    """An outage: what was tried may succeed later, unchanged. Never a reason to dead-letter."""


class FencedError(SecureSignalError):
    """Somebody else owns this work now: drop what is in hand and ask for an assignment again."""


class StopError(SecureSignalError):
    """The process cannot go on until a person changes something; the text says what and where."""

    exit_code = 1


class UsageError(StopError):
    """A setting, an argument or a rule file is wrong."""

    exit_code = 2
