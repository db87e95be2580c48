"""Compare Barnabas with the JVM's Connect worker, side by side.

    python -m bench [--cases footprint,source,sink] [--impl jvm,barnabas] [--reps 3] [--records 2000000]

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

from bench.cases import CASES, IMPLEMENTATIONS, Ground
from bench.report import page, read
from services.kafka import KafkaServer

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[1]
RESULTS, PAGE = ROOT / "bench" / "results.jsonl", ROOT / "docs" / "benchmarks.md"
_BROKER_JVM = ("-Xms1G", "-Xmx1G", "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20")


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
            if function.__name__ not in options.cases.split(","):
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
                print(f"{name} {' '.join(choices.values())} {implementation}: {json.dumps(result)}", flush=True)
                with RESULTS.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")


def main(arguments: Sequence[str]) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Compare Barnabas with the JVM's Connect worker.")
    parser.add_argument("--cases", default="footprint,source,sink", help="any of footprint,source,sink")
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
            with KafkaServer(folder / "broker", jvm=_BROKER_JVM) as broker:
                run(Ground(broker, folder, options.records), options)
    rows = read(RESULTS)
    if not rows:
        print("no results yet: run without --report", file=sys.stderr)
        return 1
    PAGE.write_text(page(rows), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
