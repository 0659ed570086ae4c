"""The index of the zoo, and its networks, checked as they are read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ..errors import FileFormatError, UnknownNameError
from ..network.files import load_network
from ..network.network import Network
from .packing import pack

__all__ = ["INDEX", "Entry", "entries", "entry", "load", "save", "write_index"]

#: The index that comes with the package, beside the files that it names.
INDEX = Path(__file__).parent / "index.json"
_LARGEST = 1 << 20


@dataclass(frozen=True)
class Entry:
    """What is known of a trained network.

    Attributes
    ----------
    name
    file
        Its description, in the folder of the index.
    fingerprint
        Of the network; see `Network.fingerprint`.
    sha256
        Of the file's bytes.
    task
        What it was trained for, a name in `TASKS`.
    accuracy
        Share of the task's test samples that it names right, on the compiled engine.
    spikes
        Of a mean test sample, by population that fires.
    operations
        Synaptic operations of a mean test sample: ``additions`` and ``multiplications``.
    samples
        How many test samples there are.
    recipe
        Script that trained it, and the settings.
    input
        ``drive`` (its name), ``shape`` of the neurons that it drives, ``steps``, ``dt`` (ms).
    classes
        Names of the answers, in the order of the readout's neurons.
    """

    name: str
    file: str
    fingerprint: str
    sha256: str
    task: str
    accuracy: float
    spikes: dict[str, float]
    operations: dict[str, float]
    samples: int
    recipe: dict[str, Any]
    input: dict[str, Any]
    classes: list[str]


_KINDS: dict[str, Any] = {
    "accuracy": (float, int), "samples": int, "spikes": dict, "operations": dict, "recipe": dict,
    "input": dict, "classes": list,
}  # fmt: skip


def entries(index: str | Path = INDEX) -> list[Entry]:
    """All networks of the zoo.

    Raises
    ------
    FileFormatError
        If the index is damaged.
    """
    try:
        rows = json.loads(Path(index).read_text(encoding="utf-8"))
        return [_entry(row) for row in rows["networks"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise FileFormatError(
            f"{str(index)!r}: no index of a zoo ({type(error).__name__}: {error}); "
            "install Spikestack again"
        ) from error


def _entry(row: Any) -> Entry:
    for field in fields(Entry):
        if not isinstance(row[field.name], _KINDS.get(field.name, str)):
            raise ValueError(f"{field.name} is {row[field.name]!r}")
    if Path(row["file"]).name != row["file"]:
        raise ValueError(f"file is {row['file']!r}, not a name")
    return Entry(**row)


def entry(name: str, index: str | Path = INDEX) -> Entry:
    """One of them by name.

    Raises
    ------
    UnknownNameError
        If there is none of this name.
    """
    known = {e.name: e for e in entries(index)}
    if name not in known:
        raise UnknownNameError("zoo", name, known)
    return known[name]


def _checked(of: Entry, index: str | Path) -> Path:
    """The path of an entry's file, whose bytes are those that the index tells of."""
    path = Path(index).parent / of.file
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST)
    except OSError as error:
        problem = f"{str(path)!r}: {error.strerror}; install Spikestack again"
        raise FileFormatError(problem) from error
    if hashlib.sha256(data).hexdigest() != of.sha256:
        raise FileFormatError(
            f"{str(path)!r}: is damaged: its SHA-256 is not that of the index; "
            "install Spikestack again"
        )
    return path


def load(name: str, index: str | Path = INDEX) -> Network:
    """A trained network of the zoo.

    Parameters
    ----------
    name
        ``"digits-mlp"``; `entries` lists them.
    index
        Of another zoo, as ``examples/make_zoo.py --out FOLDER`` writes it.

    Raises
    ------
    UnknownNameError
        If there is none of this name.
    FileFormatError
        If file or index are damaged, or the network is not the one that was tested.
    """
    found = entry(name, index)
    path = _checked(found, index)
    net = load_network(path)
    if net.fingerprint != found.fingerprint:
        raise FileFormatError(
            f"{str(path)!r}: its fingerprint is {net.fingerprint}, that of the index "
            f"{found.fingerprint}; install Spikestack again"
        )
    return net


def save(name: str, path: str | Path, index: str | Path = INDEX) -> Path:
    """Copy a network of the zoo to a file, whole or not at all; its path.

    Raises
    ------
    UnknownNameError, FileFormatError
        As `load`.
    OSError
        When the folder does not exist or is not writable.
    """
    net = load(name, index)
    return pack(net, path)


def write_index(path: Path, rows: Iterable[Entry]) -> None:
    """Write an index, whole or not at all."""
    text = json.dumps({"networks": [asdict(row) for row in rows]}, indent=1) + "\n"
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
