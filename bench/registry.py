"""Compare the converters with a schema registry with the JVM's own libraries, warmed up, on the same messages.

    python -m bench.registry [--only Avro] [--seconds 1] [--warm 12] [--rounds 3]

Both sides read messages into Connect's data, write them back, or do both, in turns; schemas are known, so no registry
is asked. Counted is the CPU time of the whole process on both sides. The table goes to ``docs/benchmark-registry.md``;
with ``--only`` it is printed and nothing is written.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from barnabas._columns import native
from barnabas.converters import load_converter
from barnabas.supervisor.forkserver import GC_THRESHOLDS
from bench.__main__ import ROOT, machine
from bench.registry_cases import CASES, SCHEMA, RegistryCase, rows
from bench.transforms import work

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from barnabas.converters._registry_client.base import RegistryConverter

PAGE = ROOT / "docs" / "benchmark-registry.md"
_BATCH = 500
_TOPIC = "orders"
_MAIN = "RegistryBench"
_DIRECTIONS = ("read", "write", "both")
INTRODUCTION = """\
# Avro, Protobuf and JSON Schema: records per CPU-second

Written by `make bench-registry`; do not edit. Barnabas's converters against a JVM that does the same with {libraries},
and with the data classes of Apache Kafka Connect 4.3.1 (every value becomes a `Struct`, and is taken out of one). The
records are the same: eleven fields with numbers, texts, nulls, a time, a record, a list and a map. *Read* is from
messages to Connect's data, *write* the way back, *both* one after the other. Each format has a JVM of its own, warmed
up for {warm:g} s; then both sides work in turns, {rounds} times {seconds:g} s, and the medians are shown. CPU time is
that of the whole process: for the JVM with its garbage collector and compiler, for Barnabas with Python's collector as
workers run it. Barnabas converts batches of {batch} records and the JVM one record after the other, each as its tasks
do.
"""


class Figure(NamedTuple):
    """Records per CPU-second on both sides."""

    case: str
    direction: str
    theirs: float
    ours: float

    @property
    def ratio(self) -> float:
        """How many times as many records we do."""
        return self.ours / self.theirs


class Jvm:
    """A JVM that does one format.

    Args:
        classes: Where the compiled program is.
        class_path: The libraries.
        codec: The class to use.
        text: The schema's text.
        messages: What to read.
    """

    def __init__(self, classes: Path, class_path: str, codec: str, text: str, messages: Sequence[bytes]) -> None:
        (classes / "schema").write_text(text)
        (classes / "messages").write_bytes(b"".join(struct.pack(">I", len(each)) + each for each in messages))
        java = os.environ.get("JAVA", "java")
        command = [java, "-cp", f"{classes}:{class_path}", _MAIN, codec, f"{classes}/schema", f"{classes}/messages"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def work(self, direction: str, seconds: float) -> float:
        """Records per CPU-second."""
        pipe_in, pipe_out = self._process.stdin, self._process.stdout
        assert pipe_in is not None, "a pipe"
        assert pipe_out is not None, "a pipe"
        pipe_in.write(f"{direction} {seconds}\n")
        pipe_in.flush()
        answer = pipe_out.readline().split()
        if not answer:
            raise RuntimeError("the JVM ended: run its command by hand to see why")
        return int(answer[0]) / (int(answer[1]) / 1e9)

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


class Ours:
    """Our converter on a registry in memory."""

    def __init__(self, case: RegistryCase) -> None:
        made = load_converter(case.converter)()
        self._converter = cast("RegistryConverter", made)
        url = f"mock://bench-{case.name.replace(' ', '-')}"
        self._converter.configure({"schema.registry.url": url, **case.settings})
        written = self._converter.from_connect_column(_TOPIC, SCHEMA, rows(_BATCH))
        self.messages = [message for message in written if message is not None]
        self.text = self._converter.client.latest(f"{_TOPIC}-value").schema.text
        self._schema, self._values = self._read()
        assert not isinstance(self._schema, list), "one schema"

    def _read(self) -> tuple[Any, list[Any]]:
        return self._converter.to_connect_column(_TOPIC, cast("list[bytes | None]", self.messages))

    def action(self, direction: str) -> Callable[[], object]:
        """A function that does one batch."""
        write = self._converter.from_connect_column
        if direction == "read":
            return self._read
        if direction == "write":
            return lambda: write(_TOPIC, self._schema, self._values)
        return lambda: write(_TOPIC, *self._read())


def measure(case: RegistryCase, classes: Path, class_path: str, options: argparse.Namespace) -> list[Figure]:
    """The lines of one format."""
    ours = Ours(case)
    gc.collect()
    gc.freeze()  # as a worker's hosts do before they work
    gc.set_threshold(*GC_THRESHOLDS)
    jvm = Jvm(classes, class_path, case.codec, case.for_jvm(ours.text), ours.messages)
    figures = []
    try:
        for direction in _DIRECTIONS:
            one = ours.action(direction)
            jvm.work(direction, options.warm)
            work(one, options.warm / 8)
            pairs = [(jvm.work(direction, options.seconds), work(one, options.seconds)) for _ in range(options.rounds)]
            figures.append(
                Figure(case.name, direction, *(statistics.median(column) for column in zip(*pairs, strict=True)))
            )
    finally:
        jvm.close()
        gc.unfreeze()
    return figures


def table(figures: Sequence[Figure]) -> str:
    """The figures in Markdown, losses said first."""
    lost = [f"{figure.case} ({figure.direction})" for figure in figures if figure.ratio < 1]
    lines = [
        f"{len(figures) - len(lost)} of {len(figures)} are at least as fast as on the JVM."
        + (f" **Slower: {', '.join(lost)}.**" if lost else ""),
        "",
        "| Format | Direction | JVM, thousand/CPU-s | Barnabas, thousand/CPU-s | Ratio |",
        "|---|---|---:|---:|---:|",
    ]
    lines += [
        f"| {f.case} | {f.direction} | {f.theirs / 1e3:,.0f} | {f.ours / 1e3:,.0f} | {f.ratio:.2f} |" for f in figures
    ]
    return "\n".join(lines) + "\n"


def compiled(class_path: str, folder: Path, cases: Sequence[RegistryCase]) -> None:
    """Compile the JVM's side."""
    names = {_MAIN, "RegistryCodec", *(case.codec for case in cases)}.union(*(case.sources for case in cases))
    sources = [str(ROOT / "bench" / "java" / f"{name}.java") for name in sorted(names)]
    javac = os.environ.get("JAVAC", "javac")
    subprocess.run([javac, "-nowarn", "-cp", class_path, "-d", str(folder), *sources], check=True)


def main(arguments: Sequence[str]) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        description="Compare the converters of schema registries with the JVM's libraries."
    )
    parser.add_argument("--only", default="", help="parts of names, with commas")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each measurement")
    parser.add_argument("--warm", type=float, default=12.0, help="seconds for the JVM's compiler")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    home = Path(os.environ.get("BARNABAS_CACHE", Path.home() / ".cache" / "barnabas"))
    class_path = f"{home / 'kafka-4.3.1' / 'lib'}/*:{home / 'registry-3.3.3' / 'lib'}/*"
    words = [word.strip().lower() for word in options.only.split(",") if word.strip()]
    cases = [case for case in CASES if not words or any(word in case.name.lower() for word in words)]
    figures = []
    with tempfile.TemporaryDirectory() as name:
        compiled(class_path, Path(name), cases)
        for case in cases:
            for figure in measure(case, Path(name), class_path, options):
                print(
                    f"{figure.case:14} {figure.direction:6} {figure.theirs / 1e3:9,.0f} {figure.ours / 1e3:9,.0f}"
                    f" thousand/CPU-s, ratio {figure.ratio:.2f}",
                    flush=True,
                )
                figures.append(figure)
    if options.only:
        return 0
    about = machine()
    libraries = "; ".join(case.libraries for case in CASES)
    text = INTRODUCTION.format(batch=_BATCH, libraries=libraries, **vars(options))
    where = f"{about['cpu']}, {about['cores']} cores; Python {about['python']}; {about['java']}"
    built = "with" if native is not None else "without"
    PAGE.write_text(
        f"{text}\n{table(figures)}\nMachine: {where}; {built} the compiled part of Barnabas.\n", encoding="utf-8"
    )
    print(f"Written: {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
