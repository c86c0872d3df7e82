"""``secure-signal emitter|processor|detector|dashboard``: one service, alone, by the environment."""
