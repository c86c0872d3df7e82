"""signal-emitter: signals in over HTTP, acknowledged when Kafka has them."""
