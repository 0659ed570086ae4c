"""The command ``spikestack``; every command imports what it needs only when it is called."""

from .app import app, main

__all__ = ["app", "main"]
