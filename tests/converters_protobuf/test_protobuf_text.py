from __future__ import annotations

import base64
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import descriptor_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from protobuf_strategies import proto_files, without_json_names

from barnabas.converters._protobuf.known_files import is_known, known_file
from barnabas.converters._protobuf.lexer import ProtoTextError
from barnabas.converters._protobuf.linker import visible_symbols
from barnabas.converters._protobuf.names import entry_name, json_name, scrubbed
from barnabas.converters._protobuf.pool import load_text
from barnabas.converters._protobuf.printer import print_file
from barnabas.converters._protobuf.runtime import GOOGLE_FILES, google_file
from barnabas.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

EVERYTHING = r"""
syntax = "proto2";  // a comment
/* another
   one */ package some.pack;
import public "google/protobuf/timestamp.proto";
import "google/protobuf/descriptor.proto";
option java_package = "com.\x65xample" ".more";
option optimize_for = CODE_SIZE;
option (my_file) = { text: 'it''s' inner { number: -1 } list: [1, 2], any { [some.pack.ext]: 1.5 } };
;
extend google.protobuf.FileOptions { optional Thing my_file = 50000; }
extend google.protobuf.FieldOptions { repeated int32 my_numbers = 50001; }
message Thing {
  option deprecated = true;
  optional string text = 1;
  optional Thing inner = 2;
  repeated int32 list = 3;
  optional Holder any = 4;
  optional int32 number = 5;
  message Holder { extensions 100 to 199, 300; extensions 1000 to max; }
}
extend Thing.Holder { optional double ext = 100; }
message All {
  required int32 r = 1;
  optional sint64 s = 0x10 [default = -7, deprecated = true];
  optional float f = 3 [default = 1e3, (my_numbers) = 1, (my_numbers) = 2];
  optional double d = 4 [default = -inf];
  optional string t = 5 [default = "a\"\n\342\202\254"];
  optional bytes b = 6 [default = "\000\xff"];
  optional Colour c = 7 [default = GREEN];
  repeated fixed32 p = 8 [packed = true];
  map<string, .some.pack.All.Colour> colours = 9;
  optional group Inside = 11 { optional int32 x = 1; optional All all = 2; }
  repeated group More = 12 { }
  oneof choice { int32 one = 13; group Two = 14 { optional Inside inside = 1; } }
  optional google.protobuf.Timestamp when = 15;
  optional bool message = 17;
  reserved 20, 30 to 40, 1000 to max;
  reserved "old", 'older';
  enum Colour { option allow_alias = true;
    RED = 0; GREEN = 2; VERT = 2 [deprecated = true];
    reserved 5, 7 to max; reserved "BLUE"; }
}
service Serving {
  option deprecated = false;
  rpc One (All) returns (stream Thing);
  rpc Two (stream .some.pack.All) returns (All) { option idempotency_level = IDEMPOTENT; }
}
"""
PROTO3 = """
syntax = "proto3";
message M {
  optional int32 a = 1;
  string b = 2 [json_name = "bee"];
  oneof o { M m = 3; bytes x = 4; }
  optional M self = 5;
  map<int64, E> e = 6;
  E.Nothing n = 7;
}
message E.Nothing {}
"""


def again(file: Any, files: dict[str, Any] | None = None) -> Any:
    """Printed and parsed."""
    text = print_file(file) if files is None else print_file(file, visible_symbols(file, files))
    return load_text(text, name=file.name).proto


@pytest.mark.parametrize("name", sorted(GOOGLE_FILES))
def test_googles_files_stay_the_same_through_text(name: str) -> None:
    file = google_file(name)
    assert without_json_names(again(file)) == without_json_names(file)


def test_everything_is_what_googles_compiler_makes_of_it(protoc: Path, tmp_path: Path) -> None:
    text = EVERYTHING.replace("'it''s'", "'its'")
    theirs = compiled(protoc, tmp_path, text)
    ours = load_text(text, name="x.proto").proto
    assert without_options(ours) == without_options(theirs)
    assert without_options(again(ours)) == without_options(theirs)
    printed = print_file(ours)
    assert compiled(protoc, tmp_path, printed) == theirs


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(file=proto_files())
def test_googles_compiler_reads_what_is_printed(protoc: Path, tmp_path: Path, file: Any) -> None:
    for message in walk(file.message_type):
        for field in message.field:
            field.options.ClearField("uninterpreted_option")
            if not field.options.ListFields():
                field.ClearField("options")
    assert without_json_names(compiled(protoc, tmp_path, print_file(file))) == without_names(file)


@settings(max_examples=70, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(proto_files())
def test_a_file_is_the_same_after_printing_and_parsing(file: Any) -> None:
    found = load_text(print_file(file)).proto
    assert found == file
    assert print_file(found) == print_file(file)


def test_a_serialised_descriptor_is_read_too() -> None:
    file = google_file("google/protobuf/struct.proto")
    text = base64.b64encode(file.SerializeToString()).decode()
    assert load_text(text, name="google/protobuf/struct.proto").proto == file


def test_editions_are_read_and_written() -> None:
    text = 'edition = "2023"; message M { int32 a = 1 [features.field_presence = IMPLICIT]; reserved gone; }'
    file = load_text(text).proto
    assert file.edition == descriptor_pb2.EDITION_2023
    assert not load_text(text).descriptor.message_types_by_name["M"].fields_by_name["a"].has_presence
    assert again(file) == file


def test_imports_are_found_among_references_and_known_files() -> None:
    loaded = load_text(
        'syntax = "proto3"; import "a.proto"; message M { p.A a = 1; q.B b = 2; google.type.Date d = 3; }',
        {
            "a.proto": 'syntax = "proto3"; package p; import public "b.proto"; message A { q.B b = 1; }',
            "b.proto": 'syntax = "proto3"; package q; import public "google/type/date.proto"; message B { }',
        },
    )
    assert loaded.descriptor.message_types_by_name["M"].fields_by_name["b"].message_type.full_name == "q.B"


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("message {}", "BRN-1440", "line 1, column 9: expected the name of a message, found '{'"),
        ("message M {\n  int32 a = 1\n}", "BRN-1440", "line 3, column 1: expected ';'"),
        ("message M { int32 a = 0; }", "BRN-1440", "0 is not between 1 and 536870911"),
        ("message M { Nothing a = 1; }", "BRN-1440", "names the type Nothing (in M)"),
        ('syntax = "proto4";', "BRN-1440", "proto4"),
        ('edition = "2030";', "BRN-1440", "edition '2030' is not one of 2023, 2024"),
        ("message M { oneof o { repeated int32 a = 1; } }", "BRN-1440", "no label"),
        ("message M { int32 a = 1 [default = 1.5]; }", "BRN-1440", "no default for a whole number"),
        ("option java_package = 5;", "BRN-1440", "wrong value for option java_package"),
        ("option java_package = { a: 1", "BRN-1440", "never closed"),
        ("message M { \x00 }", "BRN-1440", "unexpected"),
        ("/* open", "BRN-1440", "unexpected"),
        ('import "nowhere.proto";', "BRN-1441", "imports nowhere.proto"),
        ("message M { int32 a = 1; int32 b = 1; }", "BRN-1442", "is invalid"),
        ("message M { optional int32 a = 1; } message M { }", "BRN-1442", "is invalid"),
        ("message M" * 3 + "{" * 3000, "BRN-1440", "cannot be read"),
        ("message M { " * 3000, "BRN-1440", "cannot be read"),
        ("AAAA", "BRN-1440", "neither .proto text nor"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, code: str, words: str) -> None:
    with pytest.raises(DataError) as caught:
        load_text(text)
    assert caught.value.code == code
    assert words in str(caught.value)


def test_imports_that_go_round_are_refused() -> None:
    with pytest.raises(ProtoTextError, match="imports itself"):
        load_text('import "a.proto";', {"a.proto": 'import "b.proto";', "b.proto": 'import "a.proto";'})


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([*EVERYTHING.split(), *PROTO3.split(), "{", "}", ";", "=", "1"]), max_size=30))
def test_any_words_give_a_file_or_a_data_error(words: list[str]) -> None:
    assert outcome(" ".join(words)) in OUTCOMES


@given(st.text(max_size=20))
def test_any_text_gives_a_file_or_a_data_error(text: str) -> None:
    assert outcome(text) in OUTCOMES


def test_derived_names() -> None:
    assert entry_name("my_map") == "MyMapEntry"
    assert json_name("my_field_2x") == "myField2x"
    assert scrubbed("a-b.c") == "a_b_c"
    assert scrubbed("1st") == "x1st"
    assert scrubbed("fine") == "fine"


def test_known_files_are_known() -> None:
    assert is_known("confluent/meta.proto")
    assert not is_known("confluent/other.proto")
    assert [m.name for m in known_file("google/type/timeofday.proto").message_type] == ["TimeOfDay"]


OUTCOMES = (None, "BRN-1440", "BRN-1441", "BRN-1442")


def outcome(text: str) -> str | None:
    """The code of what is wrong with a text; ``None`` if it is a file."""
    try:
        load_text(text)
    except DataError as error:
        return error.code
    return None


def compiled(protoc: Path, folder: Path, text: str) -> Any:
    (folder / "x.proto").write_text(text)
    include = folder / "include"
    for name in GOOGLE_FILES:
        (include / name).parent.mkdir(parents=True, exist_ok=True)
        if not (include / name).exists():
            (include / name).write_text(print_file(google_file(name)))
    done = subprocess.run(
        [protoc, f"-I{folder}", f"-I{include}", "--descriptor_set_out", folder / "out", "x.proto"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr + text
    return descriptor_pb2.FileDescriptorSet.FromString((folder / "out").read_bytes()).file[0]


def walk(messages: Any) -> Any:
    for message in messages:
        yield message
        yield from walk(message.nested_type)


def without_names(file: Any) -> Any:
    copy = without_json_names(file)
    copy.name = "x.proto"
    return copy


def without_options(file: Any) -> Any:
    """Custom options are told apart by whether they were interpreted; all others have to be there."""
    copy = without_json_names(file)
    known = descriptor_pb2.FileDescriptorProto.FromString(copy.SerializeToString())
    owners: list[Any] = [known]
    for message in walk(known.message_type):
        owners += [message, *message.field]
    for owner in owners:
        owner.options.ClearField("uninterpreted_option")
        owner.options.DiscardUnknownFields()
        if not owner.options.ListFields():
            owner.ClearField("options")
    return known
