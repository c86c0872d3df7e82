"""The four services as parts of the local stack."""

import sys
from collections.abc import Mapping
from dataclasses import asdict

from secure_signal.stack import readings
from secure_signal.stack.child import Program
from secure_signal.stack.folder import DataFolder
from secure_signal.stack.part import Part
from secure_signal.stack.ports import HOST, Ports

NAMES = ("emitter", "processor", "detector", "dashboard")


def part(name: str, folder: DataFolder, ports: Ports, environment: Mapping[str, str]) -> Part:
    """One service, run as its own command; ``environment`` says where Kafka and PostgreSQL are."""
    port = asdict(ports)[name]
    program = Program(
        name,
        (sys.executable, "-m", "secure_signal", name),
        folder.log(name),
        {
            **environment,
            "SECURE_SIGNAL_HTTP_HOST": HOST,
            "SECURE_SIGNAL_HTTP_PORT": str(port),
            # The only one of its kind here: killed, it has its work back at its start, not 6 s later.
            "SECURE_SIGNAL_INSTANCE": "local",
            # glibc keeps an arena for each thread otherwise, and no memory comes back.
            "MALLOC_ARENA_MAX": "2",
        },
    )
    return Part(name, port, lambda: program, lambda: not readings.readiness(port))
