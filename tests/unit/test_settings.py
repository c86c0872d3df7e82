"""Settings that are wrong are told all at once, each with what it must be."""

import pytest

from secure_signal.adapters import settings
from secure_signal.core.errors import UsageError


def test_every_wrong_setting_is_told_with_what_it_must_be(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {
        "BATCH_SIZE": ("abc", "must be a whole number"),
        "BURST_MODE": ("sure", "must be true or false"),
        "SIGNALS_PER_SECOND": ("-1", "must be at least 0.0"),
        "SECURE_SIGNAL_API_KEYS": ("maybe", "must be 'required' or 'off'"),
        "SECURE_SIGNAL_PARTITIONS": ("1001", "must be at most 1000"),
        "SECURE_SIGNAL_LATENESS": ("soon", "must be a number"),
    }
    for name, (value, _) in wrong.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError) as caught:
        settings.read()
    _, *told = str(caught.value).splitlines()
    assert set(told) == {f"  {name}: {reason}, not '{value}'" for name, (value, reason) in wrong.items()}
