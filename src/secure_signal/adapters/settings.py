"""The environment, read once at the start of a process."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from secure_signal.adapters import constraint
from secure_signal.core.errors import UsageError
from secure_signal.core.instant import SECOND


def _plain(name: str) -> AliasChoices:
    """One of the settings that are known without our prefix."""
    return AliasChoices(name, name.lower())


class Settings(BaseSettings):
    """Every setting of every service; the names without the prefix are the ones others rely on."""

    model_config = SettingsConfigDict(env_prefix="SECURE_SIGNAL_", extra="ignore", frozen=True)

    kafka_bootstrap_servers: str = Field(
        "kafka:29092",
        validation_alias=_plain("KAFKA_BOOTSTRAP_SERVERS"),
        description="Kafka brokers",
    )
    database_url: str = Field(
        "postgresql://secure_signal:secure_signal@postgres:5432/secure_signal",
        validation_alias=_plain("DATABASE_URL"),
        description="PostgreSQL, as a libpq URL",
    )
    batch_size: Annotated[int, Field(ge=1, le=100_000)] = Field(
        5_000,
        validation_alias=_plain("BATCH_SIZE"),
        description="Rows of one transaction of the processor, at most",
    )
    signals_per_second: Annotated[float, Field(ge=0, le=100_000)] = Field(
        50.0,
        validation_alias=_plain("SIGNALS_PER_SECOND"),
        description="What the generator makes; 0 is off",
    )
    burst_mode: bool = Field(
        False,
        validation_alias=_plain("BURST_MODE"),
        description="Quiet and peaks instead of a steady rate",
    )
    batch_milliseconds: Annotated[int, Field(ge=1, le=60_000)] = Field(
        200, description="Age of one transaction of the processor, at most"
    )
    http_host: str = Field("127.0.0.1", description="Address that a service listens on")
    http_port: Annotated[int, Field(ge=0, le=65_535)] | None = Field(
        None,
        description="Port; by default emitter 8000, processor 8001, detector 8002, dashboard 8080",
    )
    api_keys: Literal["required", "off"] = Field("required", description="Whether HTTP calls need an API key")
    partitions: Annotated[int, Field(ge=1, le=1_000)] = Field(
        4, description="Partitions of the topics, when a service creates them"
    )
    replication_factor: Annotated[int, Field(ge=1, le=10)] = Field(
        1, description="Replicas of the topics, when a service creates them"
    )
    instance: str | None = Field(
        None,
        description="Name of a processor or detector among its kind; restarted, it has its work back at once",
    )
    rules: Path | None = Field(None, description="Folder of Sigma rules; by default the bundled pack")
    logsources: Path | None = Field(
        None,
        description="TOML file that maps signal types to log sources; by default the bundled one",
    )
    lateness: Annotated[float, Field(ge=0, le=86_400)] = Field(
        60.0,
        description="Seconds that a signal may come behind the newest of its group and count in correlations",
    )
    seed: int = Field(1, description="Seed of the generator")
    log_format: Literal["json", "console"] = Field("json", description="How log lines are written")

    @property
    def allowed_lateness(self) -> int:
        """In microseconds."""
        return round(self.lateness * SECOND)


def read() -> Settings:
    """The settings of this process; UsageError names each one that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        lines = [f"{_variable(e['loc'])}: {constraint.reason(e)}, not {e['input']!r}" for e in error.errors()]
        raise UsageError("A setting in the environment is wrong.\n  " + "\n  ".join(lines)) from None


def _variable(location: tuple[int | str, ...]) -> str:
    name = str(location[0])
    return name if name.isupper() else f"SECURE_SIGNAL_{name.upper()}"
