"""Trained networks that come with the package: descriptions, their accuracy and their recipe.

``entries()`` lists them, ``load(name)`` gives one as a `Network`, ``evaluate(net, task)`` says how
good it is. ``examples/make_zoo.py`` trains them again.
"""

from __future__ import annotations

from .entries import Entry, entries, entry, load, save
from .evaluating import Result, evaluate
from .measuring import measured
from .tasks import TASKS, Task, task

__all__ = [
    "TASKS",
    "Entry",
    "Result",
    "Task",
    "entries",
    "entry",
    "evaluate",
    "load",
    "measured",
    "save",
    "task",
]
