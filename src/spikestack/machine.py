"""What this process may use: processors and memory, within the limits of its control groups.

Containers and batch systems limit a process by its control group (cgroup), version 1 or 2, or by
one that this is nested in. The system's own totals know nothing of that.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

__all__ = ["available_memory", "available_processors"]

_PROC = Path("/proc")
#: A limit, what is used of it, and what of that can be had back at once: version 2, version 1.
_MEMORY = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)
_UNLIMITED = 2**60


def available_processors() -> int:
    """Processors that this process may use: those it may run on, or its quota of their time.

    Quotas are rounded down to whole processors, but at least 1: more threads than that would stand
    still for the rest of each period.
    """
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:
        count = os.cpu_count() or 1
    quotas = [quota for group in _groups("cpu") if (quota := _quota(group)) is not None]
    return max(1, min([count, *quotas]))


def available_memory() -> int:
    """Bytes that may be taken: what the system has free, or what a group leaves of its limit."""
    free = _system_free()
    for group in _groups("memory"):
        for limit_file, use_file, cached in _MEMORY:
            limit, used = _number(group / limit_file), _number(group / use_file)
            if limit is not None and used is not None and limit < _UNLIMITED:
                used -= min(used, _statistic(group / "memory.stat", cached))
                free = min(free, max(limit - used, 0))
    return free


def _quota(group: Path) -> int | None:
    """Whole processors that a group may keep busy, if it is limited."""
    words = _text(group / "cpu.max").split()
    if len(words) == 2 and all(word.isdigit() for word in words):
        quota, period = map(int, words)
    else:
        quota = _number(group / "cpu.cfs_quota_us") or 0
        period = _number(group / "cpu.cfs_period_us") or 0
    return quota // period if quota > 0 and period > 0 else None


def _groups(controller: str) -> Iterator[Path]:
    """Folders of this process's groups, from its own to the outermost that can be seen."""
    own = {}
    for line in _text(_PROC / "self/cgroup").splitlines():
        number, controllers, path = (*line.split(":", 2), "", "")[:3]
        if number == "0" and not controllers:
            own["cgroup2"] = path
        elif controller in controllers.split(","):
            own["cgroup"] = path
    for line in _text(_PROC / "self/mountinfo").splitlines():
        head, _, tail = line.partition(" - ")
        kind, options = tail.split(" ")[0], tail.split(" ")[-1].split(",")
        if kind in own and (kind == "cgroup2" or controller in options):
            root, mount = (_unescaped(word) for word in head.split(" ")[3:5])
            yield from _upwards(PurePosixPath(own[kind]), root, Path(mount))


def _upwards(own: PurePosixPath, root: str, mount: Path) -> Iterator[Path]:
    """Folders of `own` and the groups around it, where `root` is mounted at `mount`."""
    if ".." in own.parts or not own.is_relative_to(root):
        return
    inner = own.relative_to(root)
    for path in (inner, *inner.parents):
        yield mount / path


def _unescaped(word: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), word)


def _system_free() -> int:
    kib = _statistic(_PROC / "meminfo", "MemAvailable:")
    if kib:
        return kib * 1024
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 2**40


def _text(path: Path) -> str:
    """The contents of a file, or nothing if it cannot be read."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _number(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.isdigit() else None


def _statistic(path: Path, name: str) -> int:
    """A named number of a file of them; 0 if it is not there."""
    for line in _text(path).splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == name and words[1].isdigit():
            return int(words[1])
    return 0
