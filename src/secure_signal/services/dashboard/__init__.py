"""dashboard: what is stored and what happens now, for people and programs."""
