"""The python transform: finding functions, giving them settings, calling them, and what can go wrong."""

from __future__ import annotations

import pickle
import sys
import textwrap
from itertools import count

import pytest

from barnabas import RetriableError, SinkRecord, SourceRecord
from barnabas.errors import ConfigError, DataError
from barnabas.record import SinkBatch, SourceBatch
from barnabas.transforms.chain import apply_record, apply_step, make_steps

NUMBERS = count()


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes a module with an unused name into a folder, the current one by default; gives that name."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)

    def write(text, folder=tmp_path):
        name = f"user_steps_{next(NUMBERS)}"
        (folder / f"{name}.py").write_text(textwrap.dedent(text))
        return name

    return write


def make(function, home=None, plugin_path=None, **settings):
    settings = {f"transforms.x.{key}": value for key, value in settings.items()}
    props = {"transforms": "x", "transforms.x.type": "python", "transforms.x.function": function, **settings}
    (step,) = make_steps(props, home, plugin_path)
    return step


def values(step, *given):
    batch, kept = apply_step(step, SourceBatch("t", [*given]))
    return batch.values, kept


# ---------------------------------------------------------------------- calling
def test_one_record_at_a_time(write):
    module = write("""
        def clean(record):
            return record.new_record(value=record.value.strip()) if record.value else None
    """)
    step = make(f"{module}:clean")
    assert (step.name, step.one_by_one) == (f"{module}.clean", True)
    assert values(step, " a", "", "b ") == (["a", "b"], [0, 2])
    assert apply_record(step, SourceRecord("t", " c")).value == "c"
    assert apply_record(step, SourceRecord("t", "")) is None


@pytest.mark.parametrize(
    "text",
    [
        "from barnabas import SourceBatch\ndef f(batch: SourceBatch) -> SourceBatch:",
        "from __future__ import annotations\nfrom barnabas.record import Batch\ndef f(batch: Batch[Any]):",
        "from barnabas.record import Batch\ndef f(batch: Batch):",
    ],
)
def test_a_batch_at_a_time_by_annotation(write, text):
    module = write(text + "\n    return batch.replace(values=[value + 1 for value in batch.values])\n")
    step = make(f"{module}:f")
    assert not step.one_by_one
    assert values(step, 1, 2) == ([2, 3], None)
    assert apply_record(step, SourceRecord("t", 1)).value == 2


def test_a_batch_at_a_time_by_setting(write):
    module = write("""
        def positive(batch):
            kept = [at for at, value in enumerate(batch.values) if value > 0]
            return batch.take(kept), kept

        def nothing(batch):
            return None
    """)
    step = make(f"{module}:positive", batch="true")
    assert values(step, 1, -1, 2) == ([1, 2], [0, 2])
    assert values(step, 1, 2) == ([1, 2], None)
    assert apply_record(step, SourceRecord("t", -1)) is None
    assert values(make(f"{module}:nothing", batch="true"), 1, 2) == ([], [])


def test_sink_records(write):
    module = write("def f(record): return record.new_record(topic='u')")
    batch, _ = apply_step(make(f"{module}:f"), SinkBatch.of([SinkRecord("t", 0, 5, "v")]))
    assert (batch.topic, batch[0].original.topic) == ("u", "t")


def test_an_object_that_counts_is_called_once_a_record(write):
    module = write("""
        class Counter:
            def __init__(self, *, start: int = 0):
                self.count = start

            def __call__(self, record):
                self.count += 1
                return record.new_record(value=self.count)

        numbered = Counter(start=10)

        def closure():
            seen = []
            def f(record):
                seen.append(record.value)
                return record.new_record(value=[*seen])
            return f

        seen = closure()
    """)
    assert values(make(f"{module}:numbered"), "a", "b")[0] == [11, 12]
    assert values(make(f"{module}:Counter", start="5"), "a", "b")[0] == [6, 7]
    assert values(make(f"{module}:seen"), "a", "b")[0] == [["a"], ["a", "b"]]


# ---------------------------------------------------------------------- settings
def test_settings_are_keyword_arguments_of_their_type(write):
    module = write("""
        from __future__ import annotations

        def f(record, currency: str, *, rate: float, places: int = 2, quiet: bool = False,
              names: list[str] = (), limit: int | None = None, max_length="x"):
            return record.new_record(value=(currency, rate, places, quiet, names, limit, max_length))
    """)
    settings = {"currency": "EUR", "rate": " 1.5", "quiet": "TRUE", "names": "a, b", "limit": "3", "max.length": "9"}
    step = make(f"{module}:f", **settings)
    assert values(step, 1)[0] == [("EUR", 1.5, 2, True, ["a", "b"], 3, "9")]


def test_a_function_that_takes_any_setting(write):
    module = write("def f(record, **settings): return record.new_record(value=settings)")
    assert values(make(f"{module}:f", colour="red", strict="true"), 1)[0] == [{"colour": "red"}]


def test_strict_is_given_to_whoever_wants_it(write):
    module = write("""
        def f(record, *, strict: bool = False):
            return record.new_record(value=strict)

        def g(record):
            return record
    """)
    assert values(make(f"{module}:f", strict="true"), 1)[0] == [True]
    assert values(make(f"{module}:g", strict="true"), 1)[0] == [1]


@pytest.mark.parametrize(
    ("settings", "key", "message", "remedy"),
    [
        ({}, "currency", "needs the setting currency", "Set currency"),
        (
            {"currency": "x", "curency": "y"},
            "curency",
            "no parameter for the setting curency",
            "Did you mean currency?",
        ),
        ({"currency": "x", "rate": "much"}, "rate", "Invalid value much for configuration rate", "Write a number."),
        ({"currency": "x", "zzzzz": "1"}, "zzzzz", "no parameter for the setting", "It takes currency, rate."),
    ],
)
def test_settings_that_do_not_fit(write, settings, key, message, remedy):
    module = write("def f(record, *, currency, rate: float = 1.0): return record")
    with pytest.raises(ConfigError, match=message) as caught:
        make(f"{module}:f", **settings)
    assert caught.value.key == f"transforms.x.{key}"
    assert remedy in caught.value.remedy


# ---------------------------------------------------------------------- finding
def test_where_modules_are_found(write, tmp_path, monkeypatch):
    folders = [tmp_path / name for name in ("home", "plugins", "plugins/acme", "work")]
    for folder in folders:
        folder.mkdir()
    monkeypatch.chdir(folders[3])
    text = "def f(record): return record"
    for folder in folders:
        assert make(f"{write(text, folder)}:f", str(folders[0]), str(folders[1]))


def test_the_home_goes_first_and_no_file_beside_the_worker_hides_a_library(write, tmp_path):
    (tmp_path / "home").mkdir()
    name = write("def f(record): return record", tmp_path / "home")
    (tmp_path / f"{name}.py").write_text("raise OSError")
    assert make(f"{name}:f", str(tmp_path / "home"))
    (tmp_path / "colorsys.py").write_text("def f(record): return record")
    with pytest.raises(ConfigError, match=r"Module colorsys \(.*colorsys.py\) has no function f"):
        make("colorsys:f")


def test_a_module_that_is_not_there_says_where_was_looked(write, tmp_path):
    with pytest.raises(ConfigError) as caught:
        make("no_such_module:f")
    assert caught.value.key == "transforms.x.function"
    assert str(tmp_path) in caught.value.message
    assert "site-packages" not in caught.value.message


@pytest.mark.parametrize(
    ("text", "name", "message", "remedy"),
    [
        ("def clean(record): return record", "claen", "has no function claen", "Did you mean"),
        ("x = 1", "x", "is a int, which cannot be called", "function"),
        ("def f(): return 1", "f", "takes no record", "f(record)"),
        ("def f(*, a): return 1", "f", "takes no record", "f(record)"),
        ("async def f(record): return record", "f", "coroutine", "plain function"),
        ("def f(record): yield record", "f", "generator", "plain function"),
        ("import no_such_thing_here", "f", "needs the Python module no_such_thing_here", "pip install"),
        ("def f(record): retrun record", "f", r"Importing .* failed: SyntaxError", "Correct"),
        ("1 / 0", "f", r"Importing .* failed: ZeroDivisionError: division by zero \(.*, line 1\)", "Correct"),
        ("class C:\n def __init__(self): raise OSError('no')", "C", "Making a .*C failed: OSError: no", "Correct"),
        ("class C:\n  pass", "C", "a C, which cannot be called", "function"),
        ("from barnabas import Transformation as T\nclass C(T): pass", "C", "is a transform itself", "type="),
    ],
)
def test_functions_that_cannot_be_used(write, text, name, message, remedy):
    module = write(text)
    with pytest.raises(ConfigError, match=message) as caught:
        make(f"{module}:{name}")
    assert caught.value.code == "BRN-2182"
    assert remedy in caught.value.remedy


@pytest.mark.parametrize("function", ["", "clean", ":clean", "my:"])
def test_a_name_without_module(function):
    with pytest.raises(ConfigError, match="does not name a function"):
        make(function)


# ---------------------------------------------------------------------- failing
def test_a_failure_names_function_file_and_line(write, tmp_path):
    module = write("""
        import json

        def f(record):
            return record.new_record(value=json.loads(record.value))
    """)
    with pytest.raises(DataError) as caught:
        values(make(f"{module}:f"), "{")
    assert f"{module}.f failed with JSONDecodeError: " in caught.value.message
    assert f"({tmp_path / module}.py, line 5)" in caught.value.message
    assert caught.value.code == "BRN-2184"
    assert pickle.loads(pickle.dumps(caught.value)).message == caught.value.message


def test_a_failure_that_heals_is_left_as_it_is(write):
    module = write("""
        from barnabas import RetriableError

        def f(record):
            raise RetriableError("later")
    """)
    with pytest.raises(RetriableError, match=r"^later$"):
        values(make(f"{module}:f"), 1)


@pytest.mark.parametrize(
    ("body", "batch", "message"),
    [
        ("return True", "false", "returned a bool"),
        ("return [r]", "false", "returned a list"),
        ("return r.value", "false", "returned a int"),
        ("return r.values", "true", "returned a list"),
        ("return r[:1]", "true", "returned 1 of 2 records without the positions"),
        ("return r[:1], [1, 0]", "true", "returned 1 records and the positions"),
        ("return r, [1, 0]", "true", "do not go together"),
        ("return r, [0, 2]", "true", "do not go together"),
    ],
)
def test_answers_of_another_kind(write, body, batch, message):
    module = write(f"def f(r): {body}")
    with pytest.raises(DataError, match=message) as caught:
        values(make(f"{module}:f", batch=batch), 1, 2)
    assert caught.value.code == "BRN-2185"
    assert caught.value.remedy.startswith("Return ")
