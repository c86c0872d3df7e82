"""A record with a header key that is no UTF-8: Kafka takes it, the Python client cannot write it."""

import ctypes
from pathlib import Path

import confluent_kafka

_PACKAGE = Path(confluent_kafka.__file__).parent
# From librdkafka's rdkafka.h (rd_kafka_vtype_t, RD_KAFKA_MSG_F_COPY).
_END, _TOPIC, _VALUE, _FLAGS, _HEADERS, _COPY = 0, 1, 4, 7, 10, 2


def produce(bootstrap_servers: str, topic: str, value: bytes) -> None:
    """Produce a value with the header 0xFF, through the library under the Python client.

    In LZ4, as the topic has it, if the value gets smaller: else the broker makes the record anew, in UTF-8.
    """
    library = ctypes.CDLL(str(_librdkafka()))
    for made in (library.rd_kafka_conf_new, library.rd_kafka_new, library.rd_kafka_headers_new):
        made.restype = ctypes.c_void_p
    conf = ctypes.c_void_p(library.rd_kafka_conf_new())
    for name, text in (("bootstrap.servers", bootstrap_servers), ("compression.type", "lz4")):
        assert library.rd_kafka_conf_set(conf, name.encode(), text.encode(), None, 0) == 0
    producer = ctypes.c_void_p(library.rd_kafka_new(0, conf, None, 0))
    headers = ctypes.c_void_p(library.rd_kafka_headers_new(1))
    size = ctypes.c_ssize_t(1)
    library.rd_kafka_header_add(headers, b"\xff", size, b"x", size)
    length = ctypes.c_size_t(len(value))
    record = (_TOPIC, topic.encode(), _VALUE, value, length, _FLAGS, _COPY, _HEADERS, headers, _END)
    assert library.rd_kafka_producev(producer, *record) == 0
    assert library.rd_kafka_flush(producer, 10_000) == 0
    library.rd_kafka_destroy(producer)


def _librdkafka() -> Path:
    """Where the wheel for Linux has it, or the one for macOS."""
    folders = (_PACKAGE.with_name("confluent_kafka.libs"), _PACKAGE / ".dylibs")
    return next(file for folder in folders for file in folder.glob("librdkafka*"))
