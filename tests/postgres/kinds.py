"""A table with a column of every type, and rows for it; tables with all that matters about keys and defaults."""

from __future__ import annotations

TABLES = r"""
CREATE TYPE mood AS ENUM ('sad','ok','happy');
CREATE DOMAIN posint AS integer CHECK (VALUE > 0);
CREATE EXTENSION hstore;
CREATE TABLE orders (id serial PRIMARY KEY, customer varchar(40) NOT NULL, amount numeric(10,2) NOT NULL DEFAULT 1.50,
  note text, created timestamp NOT NULL DEFAULT '2020-01-01', updated timestamptz, big text);
ALTER TABLE orders ALTER big SET STORAGE EXTERNAL;
CREATE TABLE full_identity (id int, "Odd Name" text, n int NOT NULL, v varchar(10) NOT NULL DEFAULT 'x', big text,
  PRIMARY KEY (id));
ALTER TABLE full_identity REPLICA IDENTITY FULL;
ALTER TABLE full_identity ALTER big SET STORAGE EXTERNAL;
CREATE TABLE no_key (a int, b text);
ALTER TABLE no_key REPLICA IDENTITY FULL;
CREATE TABLE two_keys (b text, a int, c int, PRIMARY KEY (a, b));
CREATE TABLE kinds (
  id bigint PRIMARY KEY, c_bool boolean, c_int2 smallint, c_int4 int, c_int8 bigint, c_f4 real, c_f8 double precision,
  c_num numeric, c_num_p numeric(12,3), c_num_i numeric(6), c_money money, c_char char(5), c_vchar varchar(7),
  c_text text, c_name name, c_cchar "char", c_bytea bytea, c_date date, c_time time, c_time3 time(3), c_timetz timetz,
  c_ts timestamp, c_ts3 timestamp(3), c_ts0 timestamp(0), c_tstz timestamptz, c_tstz3 timestamptz(3), c_int interval,
  c_uuid uuid, c_json json, c_jsonb jsonb, c_xml xml, c_inet inet, c_cidr cidr, c_mac macaddr, c_mac8 macaddr8,
  c_bit bit(1), c_bit5 bit(5), c_vbit varbit(12), c_bit40 bit(40), c_bit70 bit(70), c_point point, c_int4r int4range,
  c_int8r int8range, c_numr numrange, c_tsr tsrange, c_tstzr tstzrange, c_dater daterange, c_hstore hstore,
  c_enum mood, c_posint posint, c_oid oid, c_tsv tsvector, c_tsq tsquery, c_box box, c_circle circle, c_line line,
  c_poly polygon, c_pglsn pg_lsn, a_int int[], a_int2 smallint[], a_int8 bigint[], a_text text[], a_vchar varchar(5)[],
  a_char char(3)[], a_bool boolean[], a_num numeric[], a_nump numeric(8,2)[], a_f4 real[], a_f8 float8[], a_date date[],
  a_time time[], a_timetz timetz[], a_ts timestamp[], a_tstz timestamptz[], a_uuid uuid[], a_json json[],
  a_jsonb jsonb[], a_enum mood[], a_bytea bytea[], a_inet inet[], a_int2d int[][], a_int4r int4range[], a_oid oid[],
  a_hstore hstore[]);
CREATE TABLE defaults (id int PRIMARY KEY DEFAULT 7, i2 smallint NOT NULL DEFAULT 3, i8 bigint DEFAULT 900,
  b boolean DEFAULT true, t text DEFAULT 'it''s', n numeric(8,2) NOT NULL DEFAULT 3.14, f float8 DEFAULT 1.5,
  r real DEFAULT 2.5, d date NOT NULL DEFAULT '2021-02-03', ts timestamp DEFAULT '2021-02-03 04:05:06.789',
  tz timestamptz DEFAULT '2021-02-03 04:05:06+00', u uuid DEFAULT '0a0b0c0d-0000-0000-0000-000000000001',
  j jsonb DEFAULT '{"a": 1}', e mood DEFAULT 'ok', i interval DEFAULT '1 day', tm time DEFAULT '10:11:12',
  c char(3) DEFAULT 'ab', e2 mood NOT NULL DEFAULT 'sad', fn int DEFAULT 1+1, neg int DEFAULT -5,
  by bytea DEFAULT '\x0102', a int[] DEFAULT '{1,2}');
"""

_PLAIN = r"""
id=1|c_bool=true|c_int2=-5|c_int4=123456|c_int8=9007199254740993|c_f4=3.25|c_f8=1e-5|c_num=123.4500|c_num_p=-7.125
c_num_i=42|c_money=1234.56|c_char='ab'|c_vchar='vär'|c_text=E'li\nne\t"q" \\ 😀'|c_name='nm'|c_cchar='c'
c_bytea='\x00ff10'|c_date='2024-02-29'|c_time='13:14:15.123456'|c_time3='13:14:15.123456'|c_timetz='13:14:15.1234+02'
c_ts='2024-02-29 13:14:15.1234'|c_ts3='2024-02-29 13:14:15.123456'|c_ts0='2024-02-29 13:14:15.9'
c_tstz='2024-02-29 13:14:15.1234+02'|c_tstz3='2024-02-29 13:14:15.1+02'|c_int='1 year 2 mons 3 days 04:05:06.789'
c_uuid='0a0b0c0d-1111-2222-3333-444455556666'|c_json='{"b": [1, 2.50],   "a":null}'
c_jsonb='{"b": [1, 2.50],   "a":null}'|c_xml='<a>x</a>'|c_inet='192.168.0.1/24'|c_cidr='10.1.0.0/16'
c_mac='08:00:2b:01:02:03'|c_mac8='08:00:2b:01:02:03:04:05'|c_bit=B'1'|c_bit5=B'10110'|c_vbit=B'110'
c_bit40=B'1000000000000000000000000000000000000011'
c_bit70=B'1000000000000000000000000000000000000011100000000000000000000000000001'|c_point='(1.5,-2)'|c_int4r='[1,5]'
c_int8r='(1,5)'|c_numr='[1.5,2.5)'|c_tsr='[2024-01-01 00:00,2024-01-02 12:00)'
c_tstzr='[2024-01-01 00:00+00,2024-01-02 12:00+00)'|c_dater='[2024-01-01,2024-01-05]'
c_hstore='a=>1, b=>NULL, "k k"=>"v,\""'|c_enum='happy'|c_posint=5|c_oid=4000000000|c_tsv='fat cat'|c_tsq='fat & cat'
c_box='((0,0),(1,1))'|c_circle='<(0,0),5>'|c_line='{1,2,3}'|c_poly='((0,0),(1,1),(2,0))'|c_pglsn='16/B374D848'
a_int='{1,NULL,3}'|a_int2='{1,2}'|a_int8='{1,9007199254740993}'
a_text=ARRAY['a,b','q"x','back\slash',NULL,'','NULL',' sp ']|a_vchar='{ab,cd}'|a_char='{a,bc}'|a_bool='{t,f,NULL}'
a_num='{1.50,2,NULL}'|a_nump='{1.5,2}'|a_f4='{1.5,2.25}'|a_f8='{1.5,1e300}'|a_date='{2024-01-01,1969-12-31}'
a_time='{10:11:12.5}'|a_timetz='{10:11:12+02}'|a_ts='{2024-01-01 01:02:03.5}'|a_tstz='{2024-01-01 01:02:03.5+01}'
a_uuid='{0a0b0c0d-1111-2222-3333-444455556666}'|a_json=ARRAY['{"a": 1}'::json]|a_jsonb=ARRAY['{"a": 1}'::jsonb]
a_enum='{sad,happy}'|a_bytea=ARRAY['\x01ff'::bytea]|a_inet='{10.0.0.1}'|a_int2d='{{1,2},{3,4}}'|a_int4r='{"[1,5)"}'
a_oid='{1,2}'|a_hstore=ARRAY['a=>1'::hstore]
"""
_EXTREME = r"""
id=2|c_int2=-32768|c_int4=-2147483648|c_int8=-9223372036854775808|c_f4='NaN'|c_f8='Infinity'
c_num=12345678901234567890.123456789|c_num_p=0|c_num_i=-999999|c_money=-0.01|c_char=''|c_date='1969-12-31'
c_time='00:00:00'|c_timetz='23:59:59.999999-11'|c_ts='1969-12-31 23:59:59.999999'|c_tstz='1900-01-01 00:00:00+00'
c_int='-1 year -2 mons +3 days -04:05:06.7'|c_bit=B'0'|c_int4r='empty'|c_int8r='(,5)'|c_hstore=''|a_int='{}'
c_uuid='ffffffff-ffff-ffff-ffff-ffffffffffff'|c_bytea=''|c_text=''|c_json='[]'|c_point='(1e10,0.1)'
"""
_ODD = (
    {"id": "3"},
    {"id": "4", "c_f4": "'-Infinity'", "c_f8": "1e22", "c_ts": "'infinity'", "c_tstz": "'-infinity'", "c_num_p": "1.1"},
    {"id": "5", "c_time": "'24:00:00'", "c_ts": "'0044-03-15 00:00:00 BC'", "c_tstz": "'0044-03-15 00:00:00+00 BC'"},
    {"id": "6", "c_f8": "123456789.125", "c_f4": "1e-10", "c_num": "-0.000001", "c_date": "'12024-03-15'"},
    {
        "id": "7",
        "c_ts": "'12024-03-15 00:00:00'",
        "c_tstz": "'12024-03-15 00:00:00.5+00'",
        "c_f8": "0",
        "c_num": "1e30",
    },
    {
        "id": "8",
        "c_int": "'00:00:00'",
        "c_num": "100",
        "c_tstz": "'2024-01-01'",
        "c_ts": "'2024-01-01'",
        "c_num_i": "0",
    },
)


def _row(text: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for line in text.strip().splitlines() for pair in line.split("|"))


def statements(first: int = 0) -> list[str]:
    """Inserts of all rows; ``first`` is added to their ids."""
    rows = [_row(_PLAIN), _row(_PLAIN) | _row(_EXTREME), *_ODD]
    found = []
    for row in rows:
        values = {**row, "id": str(int(row["id"]) + first)}
        found.append(f"INSERT INTO kinds ({', '.join(values)}) VALUES ({', '.join(values.values())})")
    return found


BEFORE = [
    """INSERT INTO orders (customer, amount, note, updated)
       VALUES ('ann', 12.30, 'first', '2024-02-29 13:14:15.1234+02')""",
    "INSERT INTO orders (customer, amount) VALUES ('bob', 0.05)",
    "INSERT INTO full_identity VALUES (1,'x',2)",
    "INSERT INTO no_key VALUES (1,'a'),(2,NULL)",
    "INSERT INTO two_keys VALUES ('k',1,2)",
    *statements(),
    "INSERT INTO defaults DEFAULT VALUES",
]
"""What a snapshot finds."""

AFTER = [
    """INSERT INTO orders (customer, amount, note, updated, big)
       VALUES ('cyd', 1, 'streamed', '2024-02-29 13:14:15+02', repeat('x', 5000))""",
    "UPDATE orders SET note = 'changed' WHERE customer='cyd'",
    "UPDATE orders SET note = 'changed again', big='small' WHERE customer='cyd'",
    "UPDATE orders SET id = 100 WHERE customer='ann'",
    "DELETE FROM orders WHERE customer='bob'",
    "UPDATE full_identity SET big = repeat('y', 5000)",
    "UPDATE full_identity SET n = 3",
    "UPDATE full_identity SET id = 9",
    "DELETE FROM full_identity",
    "UPDATE no_key SET b='z' WHERE a=2",
    "DELETE FROM no_key WHERE a = 1",
    "UPDATE two_keys SET c=5",
    "UPDATE two_keys SET a=5",
    "DELETE FROM two_keys",
    "BEGIN; INSERT INTO two_keys VALUES ('q',1,1),('q',2,2); INSERT INTO no_key VALUES (7,'same tx'); COMMIT",
    "BEGIN; INSERT INTO two_keys VALUES ('r',1,1); ROLLBACK",
    "DELETE FROM kinds",
    "DELETE FROM defaults",
    *statements(10),
    "UPDATE kinds SET c_int4=1 WHERE id=11",
    "INSERT INTO defaults DEFAULT VALUES",
    "TRUNCATE no_key",
    "ALTER TABLE two_keys ADD COLUMN d int NOT NULL DEFAULT 4",
    "INSERT INTO two_keys VALUES ('s',1,1)",
]
"""What is streamed. Each table changes its columns once only, and before the next row: a catalog knows the present."""

LAST = [
    "CREATE TABLE late (id int primary key, v text)",
    "INSERT INTO late VALUES (1,'late')",
    "SELECT pg_logical_emit_message(true,'pfx','msg')",
    "INSERT INTO orders (customer, amount, note) VALUES ('end', 99, 'the-end')",
]
