"""What an API key may do."""

from enum import StrEnum


class Scope(StrEnum):
    """Send signals, ask for signals and anomalies, or everything."""

    WRITE = "write"
    READ = "read"
    ADMIN = "admin"
