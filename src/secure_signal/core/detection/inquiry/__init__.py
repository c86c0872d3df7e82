"""Questions to the engine: why, why not, and what if."""
