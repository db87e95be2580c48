"""Compare two commits of Barnabas, in turns on the same broker, so that a slow-down is seen before it is merged.

    python -m bench.compare BEFORE [AFTER] [--cases source,sink] [--only TEXT] [--reps 3] [--records 1000000]

``AFTER`` is the working tree unless it is named. Both run with the environment of this tree: what a commit needs beside
it has to be installed. Prints, for each case, the medians and their ratio; exit code 1 if one of them is slower by more
than ``--limit`` (0.1: a tenth) in CPU-seconds.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cases import CASES
from bench.ground import BROKER_JVM, Ground
from bench.report import title
from services.kafka import KafkaServer

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[1]
_SHOWN = (
    "cpu_s_per_million",
    "records_per_s",
    "peak_pss_mb",
    "many_pss_mb",
    "all_running_s",
    "age_p50_ms",
    "rest_ready_s",
)


def check_out(commit: str, folder: Path) -> Path:
    """The sources of a commit, compiled parts included."""
    tree = folder / commit.replace("/", "-")
    tree.mkdir()
    archive = subprocess.run(["git", "-C", ROOT, "archive", commit], capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", tree], input=archive.stdout, check=True)
    if (tree / "hatch_build.py").exists():
        subprocess.run([sys.executable, "hatch_build.py"], cwd=tree, check=True)
    return tree


def main(arguments: Sequence[str]) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Compare two commits of Barnabas.")
    parser.add_argument("before")
    parser.add_argument("after", nargs="?")
    parser.add_argument("--cases", default="source,sink")
    parser.add_argument("--only", default="", help="cases with this in their title")
    parser.add_argument("--reps", type=int, default=3)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--limit", type=float, default=0.1)
    options = parser.parse_args(arguments)
    found: dict[str, dict[str, dict[str, list[float]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    with tempfile.TemporaryDirectory(prefix="compare-") as name:
        folder = Path(name)
        trees = {"before": check_out(options.before, folder)}
        trees["after"] = check_out(options.after, folder) if options.after else ROOT
        with KafkaServer(folder / "broker", jvm=BROKER_JVM) as broker:
            ground = Ground(broker, folder, options.records, trees)
            for _ in range(options.reps):
                for case, function, choices in CASES:
                    called = title(case, choices)
                    if function.__name__ not in options.cases.split(",") or options.only not in called:
                        continue
                    for side in trees:
                        for key, value in function(ground, side, **choices).items():
                            if key in _SHOWN:
                                found[called][key][side].append(value)
                        print(f"{called}: {side}", file=sys.stderr, flush=True)
            ground.close()
    return report(found, options.limit)


def report(found: dict[str, dict[str, dict[str, list[float]]]], limit: float) -> int:
    """Print the medians; 1 if something became slower."""
    slower = 0
    print("| case | figure | before | after | after / before |\n|---|---|---:|---:|---:|")
    for case, figures in found.items():
        for key, sides in figures.items():
            before, after = (statistics.median(sides[side]) for side in ("before", "after"))
            ratio = after / before if before else 1.0
            slower |= key == "cpu_s_per_million" and ratio > 1 + limit
            print(f"| {case} | {key} | {before:g} | {after:g} | {ratio:.2f} |")
    return int(slower)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
