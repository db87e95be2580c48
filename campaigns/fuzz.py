"""Hostile bytes for every converter: none may end in anything but a value or one of our own errors.

    python -m campaigns.fuzz [--inputs 1000000] [--seed 1] [--only avro,protobuf,jsonschema]

Every converter and header converter gets its share, JsonConverter with each of its settings. What is read is read once
more as a part of a column, which has to give the same, and written back. The same seed gives the same bytes. Exit code
0 only if nothing else than values and data errors came out; the bytes that did otherwise are printed.
"""

from __future__ import annotations

import argparse
import logging
import struct
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, Final

from barnabas.converters import CONVERTERS, HEADER_CONVERTERS, load_converter, load_header_converter
from barnabas.errors import BarnabasError
from campaigns.fuzz_corpus import hostile
from campaigns.fuzz_json_schema import json_schema_converters
from campaigns.fuzz_registry import registry_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Row", "main", "run"]

_COLUMN: Final = 20
_JSON: Final = "org.apache.kafka.connect.json.JsonConverter"
_CONTENT: Final = (
    '{"type":"struct","fields":[{"field":"x","type":"int64"},{"field":"d","type":"double","optional":true}]}'
)
_JSON_CONFIGS: Final[tuple[dict[str, str], ...]] = (
    {},
    {"schemas.enable": "false"},
    {"schema.content": _CONTENT},
    {"decimal.format": "NUMERIC", "replace.null.with.default": "false"},
    {"strict": "true"},
    {"strict": "true", "schemas.enable": "false"},
    {"schemas.cache.size": "0"},
)


@dataclass
class Row:
    """One converter and what came of its inputs."""

    name: str
    converter: Any
    header: bool = False
    framed: Callable[[Random, bytes], bytes] = lambda _, payload: payload
    inputs: int = 0
    read: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)


def rows() -> list[Row]:
    """Every converter there is, with every setting that changes what it reads."""
    made = []
    for full in CONVERTERS:
        for config in _JSON_CONFIGS if full == _JSON else ({}, {"strict": "true"}):
            converter = load_converter(full)()
            converter.configure({"converter.type": "value", **config})
            shown = ",".join(f"{k}={v}" for k, v in config.items() if k != "schema.content")
            what = f"{full.rpartition('.')[2]} {shown or ('schema.content' if config else '')}"
            made.append(Row(what.strip(), converter))
    for full in HEADER_CONVERTERS:
        converter_ = load_header_converter(full)()
        converter_.configure({"converter.type": "header"})
        made.append(Row(f"{full.rpartition('.')[2]} (header)", converter_, header=True))
    made += [Row(name, registered, framed=framed) for name, registered, framed in json_schema_converters()]
    made += [Row(row.name, row.converter, framed=row.spoiled) for row in registry_rows()]
    return made


def run(inputs: int, seed: int, only: str = "") -> list[Row]:
    """Feed ``inputs`` byte strings, column by column, to one converter after another; ``only``: parts of names."""
    words = [word.strip().lower() for word in only.split(",") if word.strip()]
    random = Random(seed)
    table = [row for row in rows() if not words or any(word in row.name.lower() for word in words)]
    weights = [8 if row.name.startswith(("JsonConverter", "JsonSchema")) and not row.header else 2 for row in table]
    left = inputs
    while left > 0:
        row = random.choices(table, weights)[0]
        payloads = [row.framed(random, hostile(random)) for _ in range(min(_COLUMN, left))]
        left -= len(payloads)
        start = time.perf_counter()
        _feed(row, payloads)
        row.seconds += time.perf_counter() - start
    return table


def _feed(row: Row, payloads: list[bytes]) -> None:
    row.inputs += len(payloads)
    good: list[tuple[bytes, Any]] = []
    for payload in payloads:
        found = _guarded(row, "read", payload, lambda payload=payload: _read(row, payload))
        if found is not None:
            row.read += 1
            good.append((payload, found))
            _guarded(row, "write", payload, lambda found=found: _write(row, found))
    if row.header or not good:
        return
    column = _guarded(
        row, "read a column with", good[0][0], lambda: row.converter.to_connect_column("t", [p for p, _ in good])
    )
    if column is None:
        row.failures.append(f"column refused what its records are: {[p.hex() for p, _ in good]}")
        return
    schemas = column[0] if isinstance(column[0], list) else [column[0]] * len(good)
    for (payload, found), schema, value in zip(good, schemas, column[1], strict=True):
        if schema is not found.schema or _canonical(value) != _canonical(found.value):
            row.failures.append(f"column gives {value!r:.200} but alone it is {found.value!r:.200}: {payload.hex()}")


def _guarded(row: Row, what: str, payload: bytes, act: Any) -> Any:
    try:
        return act()
    except BarnabasError as error:
        str(error)
        row.codes[error.code] += 1
    except BaseException as error:
        row.failures.append(f"{what} {payload.hex()[:4000]}: {type(error).__name__}: {error!s:.200}")
        if isinstance(error, KeyboardInterrupt):
            raise
    return None


def _read(row: Row, payload: bytes) -> Any:
    if row.header:
        return row.converter.to_connect_header("t", "h", payload)
    return row.converter.to_connect("t", payload)


def _write(row: Row, found: Any) -> Any:
    if row.header:
        return row.converter.from_connect_header("t", "h", found.schema, found.value)
    return row.converter.from_connect("t", found.schema, found.value)


def _canonical(value: Any, depth: int = 0) -> Any:
    """Something to compare that keeps 1, 1.0 and True apart; what is nested very deeply is left out."""
    if depth > 200:
        return None
    if isinstance(value, dict):
        pairs = [(repr(_canonical(k, depth + 1)), _canonical(v, depth + 1)) for k, v in value.items() if v is not None]
        return sorted(pairs, key=lambda pair: pair[0])
    if isinstance(value, list | tuple):
        return [_canonical(item, depth + 1) for item in value]
    return struct.pack(">d", value) if isinstance(value, float) else (type(value), value)


def main(arguments: Sequence[str]) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Hostile bytes for every converter.")
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="parts of names, with commas")
    options = parser.parse_args(arguments)
    logging.disable(logging.WARNING)  # SimpleHeaderConverter logs what it takes as bytes
    start = time.perf_counter()
    table = run(options.inputs, options.seed, options.only)
    took = time.perf_counter() - start
    print(f"{'converter':58} {'inputs':>8} {'read':>8} {'refused':>8} {'failed':>6} {'per s':>8}")
    for row in table:
        rate = row.inputs / row.seconds if row.seconds else 0
        refused = row.inputs - row.read
        print(f"{row.name:58} {row.inputs:8} {row.read:8} {refused:8} {len(row.failures):6} {rate:8,.0f}")
    codes = sum((row.codes for row in table), Counter[str]())
    print("errors: " + ", ".join(f"{code} {count}" for code, count in sorted(codes.items())))
    failures = [(row.name, failure) for row in table for failure in row.failures]
    for name, failure in failures[:20]:
        print(f"FAILED {name}: {failure}")
    print(f"{options.inputs} inputs, seed {options.seed}: {len(failures)} failures, {options.inputs / took:,.0f} per s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
