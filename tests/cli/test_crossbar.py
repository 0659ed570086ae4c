"""``spikestack crossbar``: matrices and networks on crossbars, and files that hold neither."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from .conftest import Cli

IDEAL = ("--device", "Ideal")
WEIGHTS = np.random.default_rng(5).normal(size=(60, 20))


@pytest.fixture
def matrix(tmp_path: Path) -> Path:
    """A file of weights."""
    path = tmp_path / "weights.npy"
    np.save(path, WEIGHTS)
    return path


def test_a_matrix(cli: Cli, matrix: Path, tmp_path: Path) -> None:
    """Report, numbers, a page and a picture."""
    text = cli.ok("crossbar", matrix, *IDEAL)
    assert "60 x 20 weights" in text and "most of it" in text and "ADC 8 bits" in text
    (one,) = cli.json("crossbar", matrix, *IDEAL, "--rows", 32, "--columns", 16)["arrays"]
    assert (one["inputs"], one["outputs"], len(one["tiles"])) == (60, 20, 6)
    assert one["errors"]["levels"] < 1e-6 and 1e-3 < one["errors"]["noise"] < 0.1
    assert one["energy"] == pytest.approx(sum(p["energy"] for p in one["components"]))
    assert all(part["source"] and part["grade"] for part in one["components"])
    page, picture = tmp_path / "page.html", tmp_path / "picture.png"
    cli.ok("crossbar", matrix, *IDEAL, "--out", page)
    assert page.read_text().startswith("<!doctype html>") and "data:image/png" in page.read_text()
    cli.ok("crossbar", matrix, *IDEAL, "--out", picture)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_kinds_of_files(cli: Cli, tmp_path: Path) -> None:
    """The same numbers, however they are written."""
    np.savez_compressed(tmp_path / "a.npz", other=np.ones(3), weights=WEIGHTS)
    np.savetxt(tmp_path / "a.csv", WEIGHTS, delimiter=",")
    np.savetxt(tmp_path / "a.txt", WEIGHTS)
    np.save(tmp_path / "a.npy", np.asfortranarray(WEIGHTS))
    found = [
        cli.json("crossbar", tmp_path / "a.npz", "--array", "weights", *IDEAL),
        *(cli.json("crossbar", tmp_path / f"a.{kind}", *IDEAL) for kind in ("csv", "txt", "npy")),
    ]
    errors = [one["arrays"][0]["errors"]["noise"] for one in found]
    assert np.ptp(errors) < 1e-3 * errors[0]


def test_a_network(cli: Cli, net_file: Path) -> None:
    """Each projection is a matrix of its own; one of them may be chosen."""
    found = cli.json("crossbar", net_file, *IDEAL)["arrays"]
    sizes = {one["name"]: (one["inputs"], one["outputs"]) for one in found}
    assert len(sizes) >= 1 and all(size[0] in (40, 10) for size in sizes.values())
    name = next(iter(sizes))
    (one,) = cli.json("crossbar", net_file, "--array", name, *IDEAL)["arrays"]
    assert one["name"] == name
    assert "nothing" in cli.fails("crossbar", net_file, "--array", "nothing", *IDEAL)


OWN = """
import numpy as np
import spikestack as sp

net = sp.Network(seed=1)
a = net.add(sp.Population("a", 6, sp.LIF()))
b = net.add(sp.Population("b", (4, 4), sp.LIF()))
own = sp.Crossbar(sp.devices.Ideal(), slices=2, bits_per_cell=2, programming="exact")
net.connect(a, a, sp.AllToAll(), sp.Delta(weight=np.arange(36.0)), name="described",
            realised_by=own)
net.connect(b, b, sp.Convolution(np.arange(9.0).reshape(1, 1, 3, 3), padding=1),
            sp.Delta(weight=0.1), name="kernel")
"""


def test_own_crossbars_and_kernels(cli: Cli, write: Callable[[str], Path]) -> None:
    """What a projection describes goes before the options, unless a device is given."""
    path = write(OWN)
    own, kernel = (
        cli.json("crossbar", path, "--array", "described")["arrays"]
        + cli.json("crossbar", path, "--array", "kernel", "--device", "window/HfO2")["arrays"]
    )
    assert (own["device"], own["tiles"][0]["lines"]) == ("Ideal", [6, 24])
    assert (kernel["device"], kernel["inputs"], kernel["outputs"]) == ("StanfordPKU", 9, 1)
    (other,) = cli.json("crossbar", path, "--array", "described", "--device", "PCM:Joshi2020")[
        "arrays"
    ]
    assert (other["device"], other["tiles"][0]["lines"]) == ("PCM", [6, 12])


def test_options_reach_the_crossbar(cli: Cli, matrix: Path) -> None:
    """Slices, bits, stuck cells and transistors show in what is reported."""
    options = ("--slices", 2, "--bits-per-cell", 2, "--r-access", "2 kOhm", "--adc-bits", 6)
    (one,) = cli.json("crossbar", matrix, *IDEAL, *options)["arrays"]
    assert one["errors"]["levels"] > 0.01 and one["current_lost"]["most"] > 0.03
    assert one["tiles"][0]["lines"] == [60, 80]


def npy(header: str, data: bytes = b"") -> bytes:
    """An .npy file with this header."""
    text = header.encode()
    text += b" " * (63 - (len(text) + 10) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


def _objects() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array([[{}]], dtype=object), allow_pickle=True)
    return stream.getvalue()


def _zip(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return stream.getvalue()


HUGE = "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000)}"
NEGATIVE = "{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 8)}"


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.npy", b"abc", "damaged"),
        ("a.npy", npy(HUGE, bytes(80)), "damaged"),
        ("a.npy", npy(NEGATIVE, bytes(64)), "damaged"),
        ("a.npy", npy("{'descr': '<U4', 'fortran_order': False, 'shape': (1, 1)}", bytes(16)),
         "not numbers"),
        ("a.npy", npy("__import__('os')"), "damaged"),
        ("a.npy", _objects(), "objects"),
        ("a.npz", _zip(a=npy(HUGE)), "damaged"),
        ("a.npz", _zip(), "several arrays or none"),
        ("a.npz", b"PK", "damaged"),
        ("a.csv", b"1,2\n3,x\n", "damaged"),
        ("a.csv", b"1,2\n3\n", "damaged"),
        ("a.csv", b"", "matrix"),
        ("a.csv", b"1,nan\n", "finite"),
        ("a.csv", b"\xff\xfe\x00", "damaged"),
    ],
    ids=str,
)  # fmt: skip
def test_bad_files(cli: Cli, tmp_path: Path, name: str, data: bytes, said: str) -> None:
    """One clear line each, and nothing written."""
    path = tmp_path / name
    path.write_bytes(data)
    out = tmp_path / "out.html"
    assert said in cli.fails("crossbar", path, *IDEAL, "--out", out)
    assert not out.exists()


def test_bad_options(cli: Cli, matrix: Path, tmp_path: Path) -> None:
    """Wrong usage, before anything is read."""
    for options, said in (
        (("--device", "Idael"), "Ideal"),
        (("--device", "Ideal:none"), "none"),
        ((*IDEAL, "--adc-bits", 1), "at least 2"),
        ((*IDEAL, "--r-wire", "5 mV"), "unit"),
        ((*IDEAL, "--out", tmp_path / "a.doc"), ".html"),
        ((*IDEAL, "--out", tmp_path / "no" / "a.png"), "no folder"),
    ):
        assert said in cli.fails("crossbar", matrix, *options, code=2)
    assert "ISAAC" in cli.fails("crossbar", matrix, *IDEAL, "--adc", "ISAC")
    assert "no such file" in cli.fails("crossbar", tmp_path / "a.npy", *IDEAL)
    assert ".npz" in cli.fails("crossbar", matrix, *IDEAL, "--array", "a")
