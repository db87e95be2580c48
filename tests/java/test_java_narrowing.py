"""Java's conversions of numbers and texts, against recordings of the JVM."""

from __future__ import annotations

import math
import struct
from decimal import Decimal
from pathlib import Path

import pytest

from barnabas._java.narrowing import LossyError, NotNumericError, UnparsableError, boolean_of, float_of, integer_of

KINDS = {
    "int8": integer_of(8),
    "int16": integer_of(16),
    "int32": integer_of(32),
    "int64": integer_of(64),
    "float32": float_of(32),
    "float64": float_of(64),
    "boolean": boolean_of(),
}
READ = {"long": int, "double": float, "decimal": Decimal, "text": lambda text: text[1:-1]}


def recorded():
    lines = (Path(__file__).parent / "narrowing.tsv").read_text(encoding="utf-8").split("\n")
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def shown(to, value):
    if to == "boolean":
        return "true" if value else "false"
    if to == "float32":
        return "7fc00000" if math.isnan(value) else f"{struct.unpack('>I', struct.pack('>f', value))[0]:x}"
    if to == "float64":
        return "7ff8000000000000" if math.isnan(value) else f"{struct.unpack('>Q', struct.pack('>d', value))[0]:x}"
    return str(value)


def ours(source, to, text):
    try:
        return shown(to, KINDS[to](READ[source](text)))
    except UnparsableError:
        return "?"


@pytest.mark.parametrize("source", READ)
def test_as_recorded(source):
    cases = [case for case in recorded() if case[0] == source]
    assert len(cases) > 200
    wrong = [(case, found) for case in cases if (found := ours(*case[:3])) != case[3]]
    assert wrong == []


@pytest.mark.parametrize("convert", KINDS.values(), ids=KINDS)
def test_anything_else_is_no_number(convert):
    for value in (b"1", [1], None, Decimal("NaN")):
        if isinstance(value, Decimal) and convert in (KINDS["float32"], KINDS["float64"]):
            continue
        with pytest.raises(NotNumericError):
            convert(value)


@pytest.mark.parametrize(
    ("convert", "value"),
    [
        (integer_of(8, strict=True), 128),
        (integer_of(32, strict=True), 1.5),
        (integer_of(32, strict=True), math.nan),
        (integer_of(64, strict=True), Decimal("0.1")),
        (float_of(64, strict=True), (1 << 53) + 1),
        (float_of(32, strict=True), 1e39),
        (float_of(32, strict=True), "1e39"),
        (boolean_of(strict=True), "yes"),
        (boolean_of(strict=True), 2),
        (boolean_of(strict=True), 0.5),
    ],
)
def test_strict_refuses_what_would_change(convert, value):
    with pytest.raises(LossyError):
        convert(value)


@pytest.mark.parametrize(
    ("convert", "value", "made"),
    [
        (integer_of(8, strict=True), -128, -128),
        (integer_of(8, strict=True), 5.0, 5),
        (float_of(32, strict=True), 0.1, struct.unpack("f", struct.pack("f", 0.1))[0]),
        (float_of(32, strict=True), math.inf, math.inf),
        (boolean_of(strict=True), "TRUE", True),
        (boolean_of(strict=True), 0, False),
    ],
)
def test_strict_takes_what_stays(convert, value, made):
    assert convert(value) == made
