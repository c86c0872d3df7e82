"""Log lines: one JSON object a line for machines, or coloured text for a person."""

import logging
import sys
from typing import Literal

import structlog


def configure(service: str, form: Literal["json", "console"]) -> None:
    """Set up structlog for this process; every line carries the service's name."""
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # It warns of errors that it raises as well, in plain text.
    logging.getLogger("psycopg").setLevel(logging.ERROR)
    structlog.contextvars.bind_contextvars(service=service)
