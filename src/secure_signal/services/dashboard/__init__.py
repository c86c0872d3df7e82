"""dashboard: what is stored and what happens now, over HTTP, for people and programs."""
