"""The rules written down for other tools give the outputs those tools gave, spike for spike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from . import nir_rules

nir = pytest.importorskip("nir")
GOLDEN = Path(__file__).parent / "nir_golden"


def cases(tool: str) -> list[str]:
    return sorted(path.stem for path in GOLDEN.glob(f"{tool}_*.npz"))


def loaded(case: str) -> tuple[Any, dict[str, np.ndarray], dict[str, Any]]:
    arrays = dict(np.load(GOLDEN / f"{case}.npz", allow_pickle=False))
    info = json.loads(str(arrays.pop("info")))
    graph = nir.read(GOLDEN / f"{case}.nir", type_check=False)
    return graph, arrays, info


def check(case: str, graph: Any, arrays: dict[str, np.ndarray], neuron: Any, **how) -> None:
    made = nir_rules.run(graph, arrays["input"], neuron, **how)
    expected = {k.removeprefix("out/"): v for k, v in arrays.items() if k.startswith("out/")}
    assert expected
    for name, values in expected.items():
        if type(graph.nodes[name]).__name__ not in ("LI", "CubaLI"):
            assert values.any(), f"{case}: {name} never fires"
            np.testing.assert_array_equal(made[name], values, err_msg=f"{case}: {name}")
        else:
            np.testing.assert_allclose(made[name], values, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("case", cases("snntorch"))
def test_snntorch(case: str) -> None:
    graph, arrays, info = loaded(case)
    recurrent = "rleaky" in case or "rsynaptic" in case
    wired = {a for a, b in graph.edges if recurrent and b.endswith("w_rec")}
    by_id = {id(node): name for name, node in graph.nodes.items()}
    check(
        case,
        graph,
        arrays,
        lambda node: nir_rules.snntorch(
            node, recurrent=by_id[id(node)] in wired, **info["options"]
        ),
    )


@pytest.mark.parametrize("case", cases("norse"))
def test_norse(case: str) -> None:
    graph, arrays, info = loaded(case)
    unit = 1.0 / info["options"]["to_nir_dt"]
    check(case, graph, arrays, lambda node: nir_rules.norse(node, dt=info["dt"], tau_unit=unit))


@pytest.mark.parametrize("case", cases("spikingjelly"))
def test_spikingjelly(case: str) -> None:
    graph, arrays, info = loaded(case)
    check(case, graph, arrays, lambda node: nir_rules.spikingjelly(node, dt=info["dt"]))


@pytest.mark.parametrize("case", cases("sinabs"))
def test_sinabs(case: str) -> None:
    graph, arrays, info = loaded(case)
    check(case, graph, arrays, lambda node: nir_rules.sinabs(node, **info["options"]))


@pytest.mark.parametrize("case", cases("spyx"))
def test_spyx(case: str) -> None:
    graph, arrays, info = loaded(case)
    arrays = {name.split("/layer_1.lif")[0]: values for name, values in arrays.items()}
    check(case, graph, arrays, lambda node: nir_rules.spyx(node, dt=info["dt"]), channels_last=True)


@pytest.mark.parametrize("case", cases("rockpool"))
def test_rockpool(case: str) -> None:
    graph, arrays, info = loaded(case)
    check(case, graph, arrays, lambda node: nir_rules.rockpool(node, dt=info["dt"]))
