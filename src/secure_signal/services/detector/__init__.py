"""anomaly-detector: signals judged by rules as they pass."""
