"""The outside world, thinly: Kafka, PostgreSQL, HTTP, the clock, the environment."""
