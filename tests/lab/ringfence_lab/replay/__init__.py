"""`make replay`: one event through the real functions in a local account, and what came of it."""
