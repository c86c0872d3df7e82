"""Sysmon events of about 2 KB, made from those of the corpora, and the log sources of their types."""

import re
import tarfile
from collections.abc import Container, Iterator
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from secure_signal.core import instant

TYPES = tuple(f"sysmon.{number}" for number in ("1", "7", "10", "11", "12.delete", "13", "17"))
CATEGORIES = (
    *("process_creation", "registry_set", "registry_event", "registry_add", "registry_delete", "file_event"),
    *("file_delete", "file_access", "file_change", "file_rename", "file_executable_detected", "image_load"),
    *("network_connection", "process_access", "dns_query", "pipe_created", "create_remote_thread"),
    *("driver_load", "create_stream_hash", "wmi_event", "sysmon_status", "sysmon_error"),
    *("raw_access_thread", "process_tampering"),
)
"""What Sigma calls Sysmon's kinds of events."""

_START = 1_777_636_800_000_000
_SIZE = 2_000
# One event of so many is an attack as it is in the corpora; the others are what a desktop does all day.
_ATTACKS = 20
_SYSTEM = "C:\\Windows\\System32\\"
_CHROME = "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe"
_WORD = "C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE"
_PROGRAMS = (
    (_SYSTEM + "svchost.exe", f"{_SYSTEM}svchost.exe -k netsvcs -p -s Schedule", "services.exe"),
    (_SYSTEM + "SearchProtocolHost.exe", f'"{_SYSTEM}SearchProtocolHost.exe" Global', "SearchIndexer.exe"),
    (_SYSTEM + "RuntimeBroker.exe", f"{_SYSTEM}RuntimeBroker.exe -Embedding", "svchost.exe"),
    (_CHROME, f'"{_CHROME}" --type=renderer --lang=en-US --num-raster-threads=4', "explorer.exe"),
    (_WORD, f'"{_WORD}" /n "C:\\Users\\a\\Documents\\plan.docx" /o ""', "explorer.exe"),
)


def unpack(archive: Path, folder: Path) -> Path:
    """SigmaHQ's rules, taken out of their archive; the folder they are in."""
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder


def select(folder: Path, categories: Container[str] | None = None) -> list[Path]:
    """The rule files of a folder, or those with one of these log source categories, in an order of chance."""
    files = sorted(folder.rglob("*.yml"))
    if categories is not None:
        files = [file for file in files if _category(file) in categories]
    Random(1).shuffle(files)
    return files


def _category(file: Path) -> str:
    found = re.search(r"^    category: (\S+)", file.read_text(), re.MULTILINE)
    return found[1] if found else ""


def signals(corpus: Path, count: int, types: tuple[str, ...], seed: int = 1) -> Iterator[bytes]:
    """Events of these types, each in turn; one of 20 as it is in the corpus, the others made harmless."""
    whims = Random(seed)
    known = [msgspec.json.decode(line) for line in (corpus / "signals.ndjson").read_bytes().splitlines()]
    models = [signal for signal in known if signal["type"] in types]
    for i in range(count):
        model = whims.choice(models)
        payload = dict(model["payload"])
        if i % _ATTACKS:
            _calm(payload, whims)
        for field in ("ProcessGuid", "ParentProcessGuid", "LogonGuid"):
            payload[field] = f"{{5AB40FD1-68F9-0A31-0000-{whims.getrandbits(48):012X}}}"
        payload["EventRecordID"] = i
        signal = model | {
            "id": f"{i}",
            "timestamp": instant.render(_START + i * 10_000),
            "payload": payload,
        }
        payload["Details2"] = "x" * max(0, _SIZE - len(msgspec.json.encode(signal)))
        yield msgspec.json.encode(signal)


def _calm(payload: dict[str, Any], whims: Random) -> None:
    """What happened was done by an ordinary program to ordinary things."""
    image, command, parent = whims.choice(_PROGRAMS)
    harmless = {
        "Image": image,
        "SourceImage": image,
        "OriginalFileName": image.rpartition("\\")[2],
        "Description": "Part of the system",
        "CommandLine": f"{command} {whims.getrandbits(32)}",
        "ParentImage": _SYSTEM + parent,
        "ParentCommandLine": _SYSTEM + parent,
        "CurrentDirectory": _SYSTEM,
        "TargetFilename": f"C:\\Users\\a\\AppData\\Local\\Temp\\{whims.getrandbits(64):x}.tmp",
        "TargetObject": f"HKLM\\System\\CurrentControlSet\\Services\\bam\\State\\{whims.getrandbits(64):x}",
        "Details": "Binary Data",
        "Hashes": f"MD5={whims.getrandbits(128):032X},SHA256={whims.getrandbits(256):064X}",
    }
    payload.update({field: value for field, value in harmless.items() if field in payload})
