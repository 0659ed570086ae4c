"""No assumption about the processor: the same bits whatever instructions the compiler may use.

Run as a script, this file runs a network in several ways, prints what came out, and leaves the
code of the step loop and the kernels in the folder that its argument names; with a kind of machine
besides, it compiles that code for it.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import pytest
from numba.core.codegen import CPUCodeLibrary

import spikestack as sp
from spikestack.engines.cpu.driver import run
from spikestack.recording import Recording

PRECISIONS = ("float32", "float64")
X86 = platform.machine().lower() in ("x86_64", "amd64")
#: Levels of x86-64 and a feature that a processor must have to run each.
LEVELS = {"x86-64-v2": "sse4.2", "x86-64-v3": "avx2"}
FUSED = re.compile(r"\b(fn?m(add|sub)|fml[as]|vfn?m(add|sub)\w*)\b")


def network() -> sp.Network:
    """Four models in a circle, with distributed weights and delays, noise and conductances."""
    net = sp.Network(seed=6)
    lif = net.add(sp.Population("lif", 90, sp.LIF(v=sp.Uniform(-65.0, -50.0), i_offset=0.8)))
    adex = net.add(sp.Population("adex", 40, sp.AdEx(i_offset=sp.Uniform(0.8, 1.2))))
    hh = net.add(sp.Population("hh", 12, sp.HodgkinHuxley(i_offset=12.0)))
    izh = net.add(sp.Population("izh", 30, sp.Izhikevich(i_offset=sp.Normal(10.0, 2.0))))
    current = sp.ExponentialCurrent(weight=sp.Normal(0.1, 0.05), delay=sp.Normal(1.5, 0.7, low=0.1))
    conductance = sp.ExponentialConductance(weight=sp.LogNormal(-6.0, 0.5), delay=1.0)
    ring = ((lif, adex), (adex, hh), (hh, izh), (izh, lif))
    for pre, post in ring:
        net.connect(pre, post, sp.FixedProbability(0.2), current)
    net.connect(adex, lif, sp.FixedInDegree(4), conductance, name="conductance")
    net.drive(lif, sp.Poisson(2000.0, weight=0.1))
    net.drive(izh, sp.Poisson(40_000.0, weight=0.01))
    for population in (lif, adex, hh, izh):
        net.record(population, "spikes", "v")
    return net


def digest(recording: Recording) -> str:
    """A hash of all spikes and traces."""
    made = hashlib.sha256()
    for name, spikes in sorted(recording.spikes.items()):
        made.update(
            f"{name} {len(spikes)}".encode() + spikes.steps.tobytes() + spikes.ids.tobytes()
        )
    for name, traces in sorted(recording.traces.items()):
        for variable, trace in sorted(traces.items()):
            made.update(f"{name} {variable}".encode() + np.asarray(trace.values).tobytes())
    return made.hexdigest()


def outcome(precision: str, on: str = "cpu", threads: int = 1) -> str:
    return digest(network().run(40.0, precision=precision, on=on, threads=threads))


def compiled_outcomes() -> dict[str, str]:
    """By precision and number of threads."""
    return {f"{p} {n}": outcome(p, threads=n) for p in PRECISIONS for n in (1, 2)}


@pytest.fixture(scope="module")
def wanted() -> dict[str, str]:
    """The reference engine's."""
    found = {p: outcome(p, on="reference") for p in PRECISIONS}
    assert found["float32"] != found["float64"]
    return {f"{p} {n}": found[p] for p in PRECISIONS for n in (1, 2)}


def built_for(processor: str, folder: Path) -> dict[str, Any]:
    """What a new process finds that compiles everything for a processor, with caches of its own."""
    caches = {"NUMBA_CACHE_DIR": str(folder / "numba"), "SPIKESTACK_CACHE": str(folder / "kernels")}
    target = {"NUMBA_CPU_NAME": processor, "NUMBA_CPU_FEATURES": ""}
    done = subprocess.run(
        [sys.executable, __file__, str(folder)],
        env=os.environ | caches | target,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def generic(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """Built for the least that a processor of this kind can do: what it found, and its code."""
    folder = tmp_path_factory.mktemp("generic")
    return built_for("generic", folder), folder


def test_this_processor(wanted: dict[str, str]) -> None:
    """Built with every instruction that there is."""
    assert compiled_outcomes() == wanted


def test_any_processor(generic: tuple[dict[str, Any], Path], wanted: dict[str, str]) -> None:
    """Built for the least that a processor of this kind can do."""
    found, _ = generic
    assert found["outcomes"] == wanted
    assert found["registers"] in ([], ["xmm"])


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
def test_older_processors(level: str, wanted: dict[str, str], tmp_path: Path) -> None:
    """Without AVX, and without AVX-512."""
    if not X86:
        pytest.skip("levels of x86-64 on another kind of processor")
    if not llvm.get_host_cpu_features().get(LEVELS[level]):
        pytest.skip(f"this processor lacks {LEVELS[level]}")
    found = built_for(level, tmp_path)
    assert found["outcomes"] == wanted
    assert found["registers"] == (["xmm"] if level == "x86-64-v2" else ["xmm", "ymm"])


def test_code_is_of_no_processor(generic: tuple[dict[str, Any], Path]) -> None:
    """No intrinsic of one kind of processor, no assembly, nothing that may be rounded otherwise."""
    files = sorted(generic[1].glob("*.ll"))
    assert len(files) >= 2 + 8
    for path in files:
        text = path.read_text()
        assert not re.search(r"llvm\.(x86|aarch64|arm|ppc|riscv|s390)\.", text), path.name
        assert not re.search(r"\basm (sideeffect|\")", text), path.name
        assert not re.search(r"\bf(add|sub|mul|div) (\w+ )*(fast|contract|reassoc)\b", text)
        assert "llvm.fmuladd" not in text, path.name


@pytest.mark.parametrize("machine", ["aarch64", "riscv64", "x86_64"])
def test_code_compiles_for_others(generic: tuple[dict[str, Any], Path], machine: str) -> None:
    """Step loop and kernels become their instructions, and none that rounds once for two."""
    # In a process of its own: what LLVM cannot compile, it ends the process over.
    command = [sys.executable, __file__, str(generic[1]), machine]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    if not found:
        pytest.skip(f"this LLVM cannot compile for {machine}")
    assert len(found) >= 2 + 8
    assert all(row["bytes"] > 1000 and not row["fused"] for row in found), found
    assert all(row["sleeps"] == row["name"].startswith("run") for row in found), found


def compiled_for(machine: str, folder: Path) -> list[dict[str, Any]]:
    """Facts of each piece of code that a run left there, compiled for another machine."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    triple = f"{machine}-unknown-linux-gnu"
    try:
        target = llvm.Target.from_triple(triple)
    except RuntimeError:
        return []
    features = {"riscv64": "+m,+a,+f,+d,+c", "x86_64": "+fma"}.get(machine, "")
    found = []
    for path in sorted(folder.glob("*.ll")):
        compiler = target.create_target_machine(features=features, opt=3)
        text = re.sub(r'^target (triple|datalayout) = ".*"$', "", path.read_text(), flags=re.M)
        module = llvm.parse_assembly(f'target triple = "{triple}"\n{text}')
        module.data_layout = str(compiler.target_data)
        module.verify()
        size, made = len(compiler.emit_object(module)), compiler.emit_assembly(module)
        facts = {"fused": bool(FUSED.search(made)), "sleeps": "nanosleep" in made}
        found.append({"name": path.name, "bytes": size} | facts)
    return found


def code_as_optimised() -> dict[str, str]:
    """The code of each library that is compiled from now on, by name.

    What Numba shows later has been through the processor's own part of LLVM, which leaves traces.
    """
    found: dict[str, str] = {}
    optimise = CPUCodeLibrary._optimize_final_module

    def kept(library: CPUCodeLibrary) -> None:
        optimise(library)
        found[library.name] = str(library._final_module)

    CPUCodeLibrary._optimize_final_module = kept
    return found


def without_reference_counts(text: str) -> str:
    """Without two functions of Numba's own, which it makes for the processor at hand on its own."""
    body = re.compile(r"^define [^\n]*@(NRT_\w+)\(.*?^}$", flags=re.M | re.S)
    text = body.sub(r"declare void @\1(ptr)", text)
    return re.sub(r"^declare i8 @llvm\.x86\.atomic\.sub\.cc\.i64\(.*$", "", text, flags=re.M)


def main(folder: Path) -> dict[str, Any]:
    """Run, and write the step loop and the kernels to the folder."""
    code = code_as_optimised()
    outcomes = compiled_outcomes()
    libraries = {f"run{k}": made.library for k, made in enumerate(run.overloads.values())}
    for precision in PRECISIONS:
        for module in sp.Simulation(network(), precision=precision).engine._modules:
            libraries[module.__name__] = module.step._library
    for name, library in libraries.items():
        (folder / f"{name}.ll").write_text(without_reference_counts(code[library.name]))
    assembly = "".join(run.inspect_asm().values())
    registers = [name for name in ("xmm", "ymm", "zmm") if f"%{name}" in assembly]
    return {"outcomes": outcomes, "registers": registers}


if __name__ == "__main__":
    folder, *machine = sys.argv[1:]
    answer = compiled_for(machine[0], Path(folder)) if machine else main(Path(folder))
    print(json.dumps(answer))
