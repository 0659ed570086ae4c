"""Packets one by one: when each arrives, what it waits for, what is lost."""
