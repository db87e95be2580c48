"""Compare transforms, predicates and the JSON round trip with the JVM's own classes, warmed up, on the same records.

    python -m bench.transforms [--only Cast,JSON] [--seconds 1] [--warm 4] [--rounds 3]

Every case has a JVM of its own, so that its compiler sees one class only: the best it can do. Both sides then work in
turns. Counted is the CPU time of the whole process on both sides. The table goes to ``docs/benchmark-transforms.md``;
with ``--only`` it is printed and nothing is written.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from barnabas.converters import load_converter
from barnabas.predicates.names import PREDICATES
from barnabas.record import Headers, SinkBatch
from barnabas.supervisor.forkserver import GC_THRESHOLDS
from barnabas.transforms.names import TRANSFORMS
from bench.__main__ import ROOT, machine
from bench.transform_cases import CASES, TransformCase, payloads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PAGE = ROOT / "docs" / "benchmark-transforms.md"
_BATCH = 500
_MAIN = "TransformBench"
INTRODUCTION = """\
# Transforms: records per CPU-second

Written by `make bench-transforms`; do not edit. Barnabas against the classes of Apache Kafka Connect 4.3.1 on the same
records: JSON of about 330 bytes with nine fields, one of them nested. Each case has a JVM of its own, warmed up for
{warm:g} s; then both sides work in turns, {rounds} times {seconds:g} s, and the medians are shown. CPU time is that of
the whole process: for the JVM with its garbage collector and compiler, for Barnabas with Python's collector as workers
run it. Barnabas transforms batches of {batch} records and the JVM one record after the other, each as its tasks do.
*Schemaless* rows are maps, those with a *schema* are structs.
"""


class Figure(NamedTuple):
    """Records per CPU-second on both sides."""

    case: str
    form: str
    theirs: float
    ours: float

    @property
    def ratio(self) -> float:
        """How many times as many records we do."""
        return self.ours / self.theirs


class Jvm:
    """A JVM that runs one case.

    Args:
        classes: Where the compiled program is.
        libraries: Kafka's jars.
        case: What to run.
        schemas: Whether payloads are envelopes.
        lines: The payloads.
    """

    def __init__(self, classes: Path, libraries: Path, case: TransformCase, *, schemas: bool, lines: list[str]) -> None:
        test = {
            "class": case.java_class,
            "config": case.config,
            "whole": case.whole,
            "schemas": str(schemas).lower(),
        }
        (classes / "case.json").write_text(json.dumps(test))
        (classes / "payloads").write_text("\n".join(lines))
        java = os.environ.get("JAVA", "java")
        command = [java, "-cp", f"{classes}:{libraries}/*", _MAIN, f"{classes}/case.json", f"{classes}/payloads"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def work(self, seconds: float) -> float:
        """Records per CPU-second."""
        pipe_in, pipe_out = self._process.stdin, self._process.stdout
        assert pipe_in is not None, "a pipe"
        assert pipe_out is not None, "a pipe"
        pipe_in.write(f"{seconds}\n")
        pipe_in.flush()
        answer = pipe_out.readline().split()
        if not answer:
            raise RuntimeError("the JVM ended: run its command by hand to see why")
        return int(answer[0]) / (int(answer[1]) / 1e9)

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


def ours(case: TransformCase, *, schemas: bool, lines: list[str]) -> Callable[[], object]:
    """A function that does one batch."""
    converter = load_converter("JsonConverter")()
    converter.configure({"schemas.enable": str(schemas).lower(), "converter.type": "value"})
    raw: list[bytes | None] = [line.encode() for line in lines]
    schema, values = converter.to_connect_column("orders", raw)
    size = len(values)

    def batch(schema: Any, values: list[Any]) -> SinkBatch:
        return SinkBatch(
            "orders",
            values,
            keys=["key"] * size,
            value_schema=schema,
            partitions=[at % 6 for at in range(size)],
            offsets=list(range(size)),
            timestamps=[1_700_000_000_000 + at for at in range(size)],
            headers=None if case.whole else [Headers().add("trace", f"t-{at}") for at in range(size)],
        )

    assert not isinstance(schema, list), "one schema"
    made = batch(schema, values)
    path = TRANSFORMS.get(case.java_class) or PREDICATES[case.java_class]
    module, _, name = path.partition(":")
    step = getattr(__import__(module, fromlist=[name]), name)()
    step.configure(case.config)
    if case.java_class in PREDICATES:
        return lambda: step.test_batch(made)
    if not case.whole and case.headers:
        return lambda: bool(step.apply_batch(made)[0].headers)  # which may be made only now
    if not case.whole:
        return lambda: step.apply_batch(made)

    def whole() -> None:
        schema, values = converter.to_connect_column("orders", raw)
        changed, _ = step.apply_batch(made.replace(value_schema=schema, values=values))
        converter.from_connect_column("orders", changed.value_schema, changed.values)

    return whole


def work(one: Callable[[], object], seconds: float) -> float:
    """Records per CPU-second of a function that does one batch."""
    done, until, cpu = 0, time.perf_counter() + seconds, time.process_time()
    while time.perf_counter() < until:
        one()
        done += _BATCH
    return done / (time.process_time() - cpu)


def measure(case: TransformCase, form: str, classes: Path, libraries: Path, options: argparse.Namespace) -> Figure:
    """One line of the table."""
    schemas = form == "schema"
    lines = payloads(_BATCH, schemas=schemas)
    one = ours(case, schemas=schemas, lines=lines)
    gc.collect()
    gc.freeze()  # as a worker's hosts do before they work
    gc.set_threshold(*GC_THRESHOLDS)
    jvm = Jvm(classes, libraries, case, schemas=schemas, lines=lines)
    try:
        jvm.work(options.warm)
        work(one, options.warm / 4)
        pairs = [(jvm.work(options.seconds), work(one, options.seconds)) for _ in range(options.rounds)]
    finally:
        jvm.close()
        gc.unfreeze()
    return Figure(case.name, form, *(statistics.median(column) for column in zip(*pairs, strict=True)))


def chosen(only: str) -> Iterator[tuple[TransformCase, str]]:
    """The cases whose name contains one of the given words."""
    words = [word.strip().lower() for word in only.split(",") if word.strip()]
    for case in CASES:
        if not words or any(word in case.name.lower() for word in words):
            for form in case.forms:
                yield case, form


def table(figures: Sequence[Figure]) -> str:
    """The figures in Markdown, losses said first."""
    lost = [f"{figure.case} ({figure.form})" for figure in figures if figure.ratio < 1]
    lines = [
        f"{len(figures) - len(lost)} of {len(figures)} cases are at least as fast as on the JVM."
        + (f" **Slower: {', '.join(lost)}.**" if lost else ""),
        "",
        "| Case | Form | JVM, thousand/CPU-s | Barnabas, thousand/CPU-s | Ratio |",
        "|---|---|---:|---:|---:|",
    ]
    lines += [f"| {f.case} | {f.form} | {f.theirs / 1e3:,.0f} | {f.ours / 1e3:,.0f} | {f.ratio:.2f} |" for f in figures]
    return "\n".join(lines) + "\n"


def compiled(libraries: Path, folder: Path) -> None:
    """Compile the JVM's side."""
    source = ROOT / "bench" / "java" / f"{_MAIN}.java"
    javac = os.environ.get("JAVAC", "javac")
    subprocess.run([javac, "-nowarn", "-cp", f"{libraries}/*", "-d", str(folder), str(source)], check=True)


def main(arguments: Sequence[str]) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Compare transforms with the JVM's own classes.")
    parser.add_argument("--only", default="", help="parts of case names, with commas")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each measurement")
    parser.add_argument("--warm", type=float, default=4.0, help="seconds for the JVM's compiler")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    home = Path(os.environ.get("BARNABAS_CACHE", Path.home() / ".cache" / "barnabas"))
    libraries = home / "kafka-4.3.1" / "lib"
    figures = []
    with tempfile.TemporaryDirectory() as name:
        compiled(libraries, Path(name))
        for case, form in chosen(options.only):
            figure = measure(case, form, Path(name), libraries, options)
            print(
                f"{figure.case:42} {form:10} {figure.theirs / 1e3:9,.0f} {figure.ours / 1e3:9,.0f}"
                f" thousand/CPU-s, ratio {figure.ratio:.2f}",
                flush=True,
            )
            figures.append(figure)
    if options.only:
        return 0
    about = machine()
    text = INTRODUCTION.format(batch=_BATCH, **vars(options))
    where = f"{about['cpu']}, {about['cores']} cores; Python {about['python']}; {about['java']}"
    PAGE.write_text(f"{text}\n{table(figures)}\nMachine: {where}.\n", encoding="utf-8")
    print(f"Written: {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
