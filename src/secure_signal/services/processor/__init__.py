"""signal-processor: what is on Kafka, exactly once into PostgreSQL."""
