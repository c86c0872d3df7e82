"""Secure Signal: security signals over HTTP, through Kafka, into PostgreSQL, judged as they pass."""
