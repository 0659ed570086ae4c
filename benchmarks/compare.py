"""CUBA and Brunel here and in peers, in turn, on one machine; prints JSON rows and a table.

    python benchmarks/compare.py [--nest PYTHON] [--brian2 PYTHON] [--for MS] [--repeat N]

Peers live in environments of their own: pass their Python interpreters (`pip install
nest-simulator==3.10.*`; `pip install 'brian2==2.9.*' 'numpy<2.3'`, which needs a C++ compiler).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
OURS = "import json,sys; from spikestack.benchmarks import measure; r = measure(sys.argv[1], \
float(sys.argv[2]), threads=int(sys.argv[3])); r['tool'] = 'Spikestack'; print(json.dumps(r))"


def row(command: list[str]) -> dict:
    """Run a command and read the JSON row in its last line."""
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    """Measure everything `--repeat` times in turn and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nest")
    parser.add_argument("--brian2")
    parser.add_argument("--for", dest="duration", default="1000")
    parser.add_argument("--repeat", type=int, default=3)
    asked = parser.parse_args()
    for name in ("cuba", "brunel"):
        commands = {"Spikestack": [sys.executable, "-c", OURS, name, asked.duration, "1"]}
        if asked.nest:
            commands["NEST"] = [asked.nest, str(HERE / "peer_nest.py"), name, asked.duration, "1"]
        if asked.brian2:
            commands["Brian2"] = [asked.brian2, str(HERE / "peer_brian2.py"), name, asked.duration]
        walls: dict[str, list[float]] = {tool: [] for tool in commands}
        rates = {}
        for _ in range(asked.repeat):
            for tool, command in commands.items():
                found = row(command)
                print(json.dumps(found))
                walls[tool].append(found["wall_s_per_s"])
                rates[tool] = found["mean_rate"]
        ours = median(walls["Spikestack"])
        for tool, times in walls.items():
            print(
                f"# {name:8} {tool:12} {median(times):8.3f} s per s, {rates[tool]:6.2f} spikes/s, "
                f"{median(times) / ours:6.1f} times ours"
            )


if __name__ == "__main__":
    main()
