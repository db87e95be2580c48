"""What COPY is sent, read back by PostgreSQL itself."""

from __future__ import annotations

import math
import struct
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas import DataError
from barnabas.connectors.jdbc.sink_binary import BinaryField, PgType, binary_field, binary_rows
from barnabas.connectors.jdbc.sink_kinds import kind_of
from barnabas.connectors.jdbc.sink_load import Loader
from barnabas.schema import Date, Instant, LogicalDecimal, Schema, Time, Timestamp, Type

if TYPE_CHECKING:
    from services.postgres import PostgresServer

TEXT, INT8 = PgType(25, "text"), PgType(20, "int8")


def naive(fields: list[BinaryField], columns: list[list[Any]]) -> bytes:
    out = b""
    for row in zip(*columns, strict=True):
        out += struct.pack("!h", len(fields))
        for field, value in zip(fields, row, strict=True):
            data = None if value is None else field.single(value)
            out += struct.pack("!i", -1) if data is None else struct.pack("!i", len(data)) + data
    return out


@given(
    st.data(), st.lists(st.sampled_from(["int8", "text", "bool", "float8"]), min_size=1, max_size=6), st.integers(0, 5)
)
def test_rows_are_the_fields_one_after_the_other(data: Any, names: list[str], size: int) -> None:
    kinds = {
        "int8": (Schema.OPTIONAL_INT64, st.integers(-(1 << 63), (1 << 63) - 1)),
        "text": (Schema.OPTIONAL_STRING, st.text()),
        "bool": (Schema.OPTIONAL_BOOLEAN, st.booleans()),
        "float8": (Schema.OPTIONAL_FLOAT64, st.floats(allow_nan=False)),
    }
    fields = [binary_field(kinds[name][0], kind_of(kinds[name][0]), PgType(0, name)) for name in names]
    assert all(fields)
    sized = {"min_size": size, "max_size": size}
    columns = [
        data.draw(st.lists(st.none() | kinds[name][1].map(str if name == "text" else lambda v: v), **sized))
        for name in names
    ]
    assert binary_rows(fields, columns) == naive(fields, columns)  # type: ignore[arg-type] # all of them are there


NOON = datetime(2026, 2, 3, 12, 30, 1, 5000, tzinfo=UTC)
ARRAY = Schema.array(Schema.OPTIONAL_INT32, optional=True)
SEMANTIC = "io.debezium.time."
CASES: list[tuple[str, Schema, Any, Any]] = [
    ("smallint", Schema.INT8, -5, -5),
    ("int", Schema.INT64, 7, 7),
    ("bigint", Schema.INT64, -(1 << 63), -(1 << 63)),
    ("numeric", Schema.INT64, 12, Decimal(12)),
    ("numeric", Schema.FLOAT64, 1.25, Decimal("1.25")),
    ("numeric(9,2)", LogicalDecimal.schema(2), Decimal("-12.34"), Decimal("-12.34")),
    ("real", Schema.FLOAT32, 1.5, 1.5),
    ("double precision", LogicalDecimal.schema(1), Decimal("2.5"), 2.5),
    ("double precision", Schema.FLOAT64, -math.inf, -math.inf),
    ("boolean", Schema.BOOLEAN, True, True),
    ("text", Schema.STRING, "a\tb\\\nü\U0001f600", "a\tb\\\nü\U0001f600"),
    ("varchar(3)", Schema.STRING, "abc", "abc"),
    ("text", Schema.INT32, 5, "5"),
    ("text", Schema.BOOLEAN, False, "false"),
    ("mood", Schema.STRING, "sad", "sad"),
    ("positive", Schema.INT32, 5, 5),
    ("bytea", Schema.BYTES, b"\x00\xff", b"\x00\xff"),
    ("uuid", Schema.STRING, "0b9c2625-dc21-4f05-9ad4-0fd6a11b0c2a", "0b9c2625-dc21-4f05-9ad4-0fd6a11b0c2a"),
    ("json", Schema.STRING, '{"a": 1}', {"a": 1}),
    ("jsonb", Schema.map(Schema.STRING, Schema.INT32), {"a": 1}, {"a": 1}),
    ("jsonb", Schema.struct(None, d=LogicalDecimal.schema(1)), {"d": Decimal("0.5")}, {"d": "0.5"}),
    ("date", Date.SCHEMA, date(1969, 12, 31), date(1969, 12, 31)),
    ("date", Schema(Type.INT32, name=SEMANTIC + "Date"), 1, date(1970, 1, 2)),
    ("time", Time.SCHEMA, time(1, 2, 3, 4000), time(1, 2, 3, 4000)),
    ("time", Schema(Type.INT64, name=SEMANTIC + "MicroTime"), 1_000_001, time(0, 0, 1, 1)),
    ("timestamp", Timestamp.SCHEMA, NOON, NOON.replace(tzinfo=None)),
    ("timestamptz", Timestamp.SCHEMA, NOON, NOON),
    ("timestamp", Schema(Type.INT64, name=SEMANTIC + "Timestamp"), 1001, datetime(1970, 1, 1, 0, 0, 1, 1000)),  # noqa: DTZ001
    ("timestamp", Schema(Type.INT64, name=SEMANTIC + "NanoTimestamp"), 1999, datetime(1970, 1, 1, 0, 0, 0, 1)),  # noqa: DTZ001
    ("timestamptz", Schema(Type.STRING, name=SEMANTIC + "ZonedTimestamp"), "2026-02-03T12:30:01.005Z", NOON),
    ("int[]", ARRAY, [1, None, 3], [1, None, 3]),
    ("text[]", Schema.array(Schema.STRING), [], []),
    ("inet", Schema.STRING, "10.0.0.1", "10.0.0.1/32"),
    ("interval", Schema.STRING, "1 day", "1 day"),
    ("int4range", Schema.STRING, "[1,5)", "[1,5)"),
    ("bigint", Schema.STRING, "42", 42),
    ("boolean", Schema.INT32, 1, True),
]


@pytest.fixture(scope="module")
def connection(postgres: PostgresServer) -> Any:
    with postgres.database() as name, postgres.connect(name) as connection:
        connection.prepare_threshold = None
        connection.execute("CREATE TYPE mood AS ENUM ('sad', 'glad')")
        connection.execute("CREATE DOMAIN positive AS int CHECK (value > 0)")
        yield connection


def target(connection: Any, name: str) -> PgType:
    from barnabas.connectors.jdbc.dialects.base import TableId  # noqa: PLC0415
    from barnabas.connectors.jdbc.dialects.postgresql import PostgreSqlDialect  # noqa: PLC0415
    from barnabas.connectors.jdbc.sink_catalog import find_target  # noqa: PLC0415
    from barnabas.connectors.jdbc.url import parse_url  # noqa: PLC0415

    dialect = PostgreSqlDialect(parse_url("jdbc:postgresql://h/d"))
    found = find_target(connection, dialect, TableId(None, None, name))
    assert found is not None
    return found.columns["v"].type


@pytest.mark.parametrize(("sql", "schema", "value", "expected"), CASES, ids=[f"{c[0]}-{c[1].type.name}" for c in CASES])
@pytest.mark.parametrize("with_text", [False, True], ids=["binary", "text"])
def test_postgresql_reads_what_was_meant(
    connection: Any, sql: str, schema: Schema, value: Any, expected: Any, with_text: bool
) -> None:
    more = ", w inet" if with_text else ""  # one column that goes as text only makes all of them go so
    connection.execute("DROP TABLE IF EXISTS t")
    connection.execute(f"CREATE TABLE t (v {sql}{more})")
    columns, types, rows = {"v": schema.as_optional()}, [target(connection, "t")], [[value, None]]
    if with_text:
        columns["w"], rows = Schema.OPTIONAL_STRING, [*rows, ["::1", None]]
        types.append(PgType(869, "inet"))
    loader = Loader(columns, types, None)
    with connection.cursor() as cursor, cursor.copy(f"COPY t FROM STDIN{loader.options}") as copy:
        copy.write(loader.payload(rows))
    cast = "::text" if sql in {"uuid", "inet", "interval", "int4range"} else ""
    assert connection.execute(f"SELECT v{cast} FROM t").fetchall() == [(expected,), (None,)]


def test_the_wall_clock_of_another_zone(connection: Any) -> None:
    connection.execute("DROP TABLE IF EXISTS z")
    connection.execute("CREATE TABLE z (v timestamp, w timestamptz)")
    loader = Loader(
        {"v": Timestamp.SCHEMA, "w": Timestamp.SCHEMA},
        [PgType(1114, "timestamp"), PgType(1184, "timestamptz")],
        ZoneInfo("Asia/Tokyo"),
    )
    with connection.cursor() as cursor, cursor.copy(f"COPY z FROM STDIN{loader.options}") as copy:
        copy.write(loader.payload([[NOON], [NOON]]))
    assert connection.execute("SELECT v, w FROM z").fetchone() == (datetime(2026, 2, 3, 21, 30, 1, 5000), NOON)  # noqa: DTZ001


def test_moments_beyond_python(connection: Any) -> None:
    connection.execute("DROP TABLE IF EXISTS far")
    connection.execute("CREATE TABLE far (v timestamp)")
    loader = Loader({"v": Timestamp.SCHEMA}, [PgType(1114, "timestamp")], None)
    with connection.cursor() as cursor, cursor.copy("COPY far FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(loader.payload([[NOON, Instant(253_402_300_800_000)]]))
    assert connection.execute("SELECT max(v)::text FROM far").fetchone() == ("10000-01-01 00:00:00",)


@pytest.mark.parametrize(
    ("schema", "kind", "value"),
    [
        (Schema.INT64, PgType(23, "int4"), 1 << 40),
        (Schema.STRING, TEXT, "\ud800"),
        (Schema.STRING, PgType(2950, "uuid"), "no"),
        (Schema.FLOAT64, PgType(700, "float4"), 1e300),
        (Schema.STRING, TEXT, 5),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_column(schema: Schema, kind: PgType, value: Any) -> None:
    loader = Loader({"a": Schema.INT64, "b": schema}, [INT8, kind], None)
    with pytest.raises(DataError, match=f"column b of type {kind.name}") as caught:
        loader.payload([[1, 2], [value, value]])
    assert caught.value.code == "BRN-6187"


def test_a_null_where_the_schema_has_none_is_the_tables_business() -> None:
    loader = Loader({"a": Schema.INT64}, [INT8], None)
    assert loader.payload([[None]])[19:] == b"\x00\x01\xff\xff\xff\xff\xff\xff"
