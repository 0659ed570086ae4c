"""Files of events, one format each; found by their contents."""

from .opening import EventFile, open_events, read_events, write_events

__all__ = ["EventFile", "open_events", "read_events", "write_events"]
