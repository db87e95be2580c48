"""Compare Barnabas with the JVM's Connect worker, side by side.

    python -m bench [--cases footprint,source,…] [--only TEXT] [--impl jvm,barnabas] [--reps 3] [--records 2000000]

Each run adds one JSON line to ``bench/results.jsonl``; ``docs/benchmarks.md`` is written from all of them. Repetitions
are interleaved: each runs every implementation once. ``--report`` writes the page only, ``--fresh`` forgets earlier
results.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.cases import CASES, IMPLEMENTATIONS
from bench.ground import BROKER_JVM, Ground
from bench.report import page, read, title
from services.kafka import KafkaServer

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[1]
RESULTS, PAGE = ROOT / "bench" / "results.jsonl", ROOT / "docs" / "benchmarks.md"


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    java = subprocess.run([os.environ.get("JAVA", "java"), "-version"], capture_output=True, text=True, check=True)
    return {
        "cpu": models[0].split(":")[1].strip() if models else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "java": java.stderr.splitlines()[0],
    }


def run(ground: Ground, options: argparse.Namespace) -> None:
    """All chosen cases; one line of results each."""
    about = machine()
    for repetition in range(options.reps):
        for name, function, choices in CASES:
            if function.__name__ not in options.cases.split(",") or options.only not in title(name, choices):
                continue
            for implementation in options.impl.split(","):
                result = function(ground, implementation, **choices)
                row = {
                    "at": time.strftime("%Y-%m-%d %H:%M"),
                    "case": name,
                    "options": choices,
                    "implementation": implementation,
                    "repetition": repetition,
                    "target": ground.records,
                    "result": result,
                    "machine": about,
                }
                print(f"{title(name, choices)}: {implementation}: {json.dumps(result)}", flush=True)
                with RESULTS.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")


def main(arguments: Sequence[str]) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Compare Barnabas with the JVM's Connect worker.")
    every = ",".join(dict.fromkeys(function.__name__ for _, function, _ in CASES))
    parser.add_argument("--cases", default=every, help=f"any of {every}")
    parser.add_argument("--only", default="", help="cases with this in their title")
    parser.add_argument("--impl", default=",".join(IMPLEMENTATIONS), help="any of jvm,barnabas")
    parser.add_argument("--reps", type=int, default=3)
    parser.add_argument("--records", type=int, default=2_000_000)
    parser.add_argument("--report", action="store_true", help="measure nothing, write the page")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results first")
    options = parser.parse_args(arguments)
    if options.fresh:
        RESULTS.unlink(missing_ok=True)
    if not options.report:
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            folder = Path(name)
            with KafkaServer(folder / "broker", jvm=BROKER_JVM) as broker:
                ground = Ground(broker, folder, options.records)
                try:
                    run(ground, options)
                finally:
                    ground.close()
    rows = read(RESULTS)
    if not rows:
        print("no results yet: run without --report", file=sys.stderr)
        return 1
    PAGE.write_text(page(rows), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
