"""Filters of camera events, one file each: which events are kept, or where they go."""
