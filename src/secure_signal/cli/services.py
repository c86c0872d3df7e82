"""The services, each alone, by the environment: ``secure-signal emitter`` and its three sisters."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from secure_signal.adapters.settings import Settings

app = typer.Typer()

# Each service is imported when it is asked for: no process pays for the libraries of another.


@app.command()
def emitter() -> None:
    """Run signal-emitter: HTTP in, Kafka out, and the generator.

    Example: `eval "$(secure-signal env)"; SECURE_SIGNAL_HTTP_PORT=9000 secure-signal emitter`
    """
    from secure_signal.services.emitter import service

    service.run(_settings("signal-emitter"))


@app.command()
def processor() -> None:
    """Run signal-processor: Kafka in, PostgreSQL out.

    Example: `eval "$(secure-signal env)"; SECURE_SIGNAL_HTTP_PORT=9001 secure-signal processor`
    """
    from secure_signal.services.processor import service

    service.run(_settings("signal-processor"))


@app.command()
def detector() -> None:
    """Run anomaly-detector: signals in, anomalies out, both on Kafka.

    Example: `eval "$(secure-signal env)"; SECURE_SIGNAL_HTTP_PORT=9002 secure-signal detector`
    """
    from secure_signal.services.detector import service

    service.run(_settings("anomaly-detector"))


@app.command()
def dashboard() -> None:
    """Run dashboard: what is stored, and what happens now, over HTTP.

    Example: `eval "$(secure-signal env)"; SECURE_SIGNAL_HTTP_PORT=9080 secure-signal dashboard`
    """
    from secure_signal.services.dashboard import service

    service.run(_settings("dashboard"))


def _settings(service: str) -> "Settings":
    from secure_signal.adapters import log, settings

    read = settings.read()
    log.configure(service, read.log_format)
    return read
