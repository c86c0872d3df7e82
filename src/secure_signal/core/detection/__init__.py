"""The detection engine: Sigma rules over a stream of signals."""
