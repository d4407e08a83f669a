"""One canary per patch of MiniStack: the gap is still there without it, and it is filled with it."""
