"""Loading and scanning, as it happens in a host: real modules in temporary homes, imported in this process."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from textwrap import dedent

import pytest

from barnabas import SinkConnector, SourceConnector
from barnabas.errors import PluginError
from barnabas.plugins import load, scan_home
from barnabas.plugins.builtin import builtin
from barnabas.plugins.loading import base_class
from barnabas.plugins.scan import import_root
from barnabas.supervisor.api import PluginRef

SOURCE = """
    from barnabas import SourceConnector, SourceTask

    class {name}Task(SourceTask):
        def poll(self):
            return None

    class {name}(SourceConnector):
        TASK = {name}Task

        @classmethod
        def version(cls):
            return "{version}"
"""


@pytest.fixture(autouse=True)
def clean_imports():
    """Homes of one test are unknown to the next."""
    path, modules = sys.path[:], set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text))
    return path


def source(path, name, version="1.2"):
    return write(path, SOURCE.format(name=name, version=version))


@pytest.mark.parametrize("ref", builtin(), ids=lambda ref: f"{ref.kind}-{ref.path}")
def test_every_builtin_plugin_loads(ref):
    assert issubclass(load(ref), base_class(ref.kind))


def test_a_single_file_is_a_home(tmp_path):
    home = source(tmp_path / "one_file_home.py", "Lines")
    (ref,) = scan_home(str(home))
    assert ref == PluginRef("one_file_home.Lines", "one_file_home:Lines", "source", home=str(tmp_path), version="1.2")
    assert issubclass(load(ref), SourceConnector)


def test_a_package_is_a_home(tmp_path):
    home = tmp_path / "package_home"
    write(home / "__init__.py", "from package_home.sub.source import Lines")
    write(home / "sub" / "__init__.py", "")
    source(home / "sub" / "source.py", "Lines")
    write(home / "tests" / "test_lines.py", "raise AssertionError('tests are not imported')")
    (ref,) = scan_home(str(home))
    assert ref.path == "package_home.sub.source:Lines"
    assert ref.home == str(tmp_path)


def test_a_folder_of_modules_is_a_home_and_dependencies_are_left_alone(tmp_path):
    home = tmp_path / "home"
    source(home / "flat_module.py", "Flat")
    write(home / "a_dependency" / "__init__.py", "raise AssertionError('not to be imported')")
    write(home / "some_package" / "__init__.py", "")
    source(home / "some_package" / "deep.py", "Deep")
    assert {ref.path for ref in scan_home(str(home))} == {"flat_module:Flat", "some_package.deep:Deep"}
    assert {ref.home for ref in scan_home(str(home))} == {str(home)}
    assert "a_dependency" not in sys.modules


def test_abstract_private_and_imported_classes_are_no_plugins(tmp_path):
    text = """
        from barnabas import SinkConnector, SinkTask, SourceConnector

        class _Hidden(SinkConnector):
            TASK = SinkTask

        class Sink(_Hidden):
            pass
    """
    home = write(tmp_path / "kinds_home.py", text)
    assert [(ref.path, ref.kind) for ref in scan_home(str(home))] == [("kinds_home:Sink", "sink")]


def test_transforms_and_converters_are_found(tmp_path):
    text = """
        from barnabas.transforms import Transformation

        class Upper(Transformation):
            def apply(self, record):
                return record
    """
    (ref,) = scan_home(str(write(tmp_path / "transforms_home.py", text)))
    assert ref.kind == "transformation"


def test_declared_plugins_are_taken_without_import(tmp_path):
    home = tmp_path / "home"
    source(home / "declared_module.py", "Declared")
    source(home / "mentions_barnabas_but_is_not_declared.py", "Other")
    info = home / "declared-3.1.dist-info"
    write(info / "METADATA", "Metadata-Version: 2.1\nName: declared\nVersion: 3.1\n")
    write(
        info / "entry_points.txt",
        "[barnabas.plugins]\nsource.x = declared_module:Declared\nwrong = declared_module:X\n",
    )
    (ref,) = scan_home(str(home))
    assert (ref.path, ref.kind, ref.version, ref.home) == ("declared_module:Declared", "source", "3.1", str(home))
    assert "declared_module" not in sys.modules


def test_a_broken_module_does_not_hide_the_others(tmp_path, caplog):
    home = tmp_path / "home"
    source(home / "good_module.py", "Good")
    write(home / "bad_module.py", "import barnabas\nraise SystemExit(3)")
    assert [ref.path for ref in scan_home(str(home))] == ["good_module:Good"]
    assert "bad_module" in caplog.text


def test_a_home_with_nothing_but_errors_fails(tmp_path):
    home = write(tmp_path / "bad_home.py", "import barnabas\nimport no_such_library_x")
    with pytest.raises(PluginError, match="no_such_library_x"):
        scan_home(str(home))


def test_a_failing_version_is_no_reason_to_fail(tmp_path, caplog):
    home = write(
        tmp_path / "version_home.py",
        """
        from barnabas import SinkConnector

        class S(SinkConnector):
            @classmethod
            def version(cls):
                raise ValueError("no version")
        """,
    )
    assert scan_home(str(home))[0].version == "undefined"
    assert "no version" in caplog.text


def test_import_root(tmp_path):
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "__init__.py").touch()
    assert import_root(str(tmp_path / "p")) == str(tmp_path)
    assert import_root(str(tmp_path)) == str(tmp_path)
    assert import_root(str(tmp_path / "p" / "__init__.py")) == str(tmp_path / "p")


@pytest.mark.parametrize(
    ("text", "path", "code", "says"),
    [
        ("", "no_such_module_at_all:X", "BRN-4002", "no Python module no_such_module_at_all"),
        ("", "errors_home.sub:X", "BRN-4002", "no Python module errors_home.sub"),
        ("import hdfs3_x", "errors_home:X", "BRN-4004", "errors_home:X needs the Python module hdfs3_x"),
        ("1 / 0", "errors_home:X", "BRN-4005", "ZeroDivisionError"),
        ("x = (", "errors_home:X", "BRN-4005", "SyntaxError"),
        ("class Other: pass", "errors_home:X", "BRN-4006", "has no class X"),
        ("X = 1", "errors_home:X", "BRN-4006", "has no class X"),
        ("class X: pass", "errors_home:X", "BRN-4003", "not a source"),
    ],
)
def test_everything_that_can_go_wrong_has_a_code_and_a_remedy(tmp_path, text, path, code, says):
    write(tmp_path / "errors_home.py", text)
    with pytest.raises(PluginError, match=says) as caught:
        load(PluginRef("n", path, "source", home=str(tmp_path)))
    assert caught.value.code == code
    assert caught.value.remedy


def test_the_remedy_lists_the_classes_there_are(tmp_path):
    write(tmp_path / "listed_home.py", "class One: pass\nclass _Hidden: pass\n")
    with pytest.raises(PluginError, match=r"defined there: One\."):
        load(PluginRef("n", "listed_home:Two", "source", home=str(tmp_path)))


def test_a_sink_is_no_source(tmp_path):
    write(tmp_path / "sink_home.py", "from barnabas import SinkConnector\nclass S(SinkConnector): pass\n")
    assert issubclass(load(PluginRef("n", "sink_home:S", "sink", home=str(tmp_path))), SinkConnector)
    with pytest.raises(PluginError, match="not a source"):
        load(PluginRef("n", "sink_home:S", "source", home=str(tmp_path)))


def test_nested_classes_load(tmp_path):
    write(tmp_path / "nested_home.py", "from barnabas import SinkConnector\nclass A:\n  class B(SinkConnector): pass\n")
    assert load(PluginRef("n", "nested_home:A.B", "sink", home=str(tmp_path))).__name__ == "B"


def test_units_of_one_process_may_load_at_the_same_time(tmp_path):
    """Modules that import each other, imported from both ends by two threads."""
    package = tmp_path / "circular_home"
    slow = "import time; time.sleep(0.2)\nfrom barnabas import SinkConnector\n"
    write(package / "__init__.py", "")
    for one, other in ("ab", "ba"):
        text = f"{slow}class {one.upper()}(SinkConnector): pass\nimport circular_home.{other}\n"
        (package / f"{one}.py").write_text(text)
    refs = [PluginRef("n", f"circular_home.{name}:{name.upper()}", "sink", home=str(tmp_path)) for name in "ab"]
    with ThreadPoolExecutor(2) as pool:
        assert [found.__name__ for found in pool.map(load, refs)] == ["A", "B"]
