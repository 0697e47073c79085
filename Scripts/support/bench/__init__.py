"""The benchmark: see `__main__.py` for the run, `groups` for what is measured, the other modules for the peers."""
