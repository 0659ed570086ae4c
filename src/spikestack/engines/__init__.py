"""Engines: each runs a Program; all of them give the same bits."""
