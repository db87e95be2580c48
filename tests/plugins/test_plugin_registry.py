"""The registry: finding by any name, listing, homes, classes named by their module."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from barnabas.errors import ConnectError, PluginError
from barnabas.plugins import Plugins
from barnabas.plugins.homes import list_homes, split_plugin_path, stamp
from barnabas.supervisor.api import PluginRef

FILE_SOURCE = "org.apache.kafka.connect.file.FileStreamSourceConnector"
FILE_SINK = "org.apache.kafka.connect.file.FileStreamSinkConnector"


@pytest.fixture
def plugins():
    return Plugins()


@pytest.mark.parametrize(
    "name",
    [
        FILE_SOURCE,
        "FileStreamSource",
        "FileStreamSourceConnector",
        " FileStreamSource ",
        "barnabas.connectors.filestream.source.FileStreamSourceConnector",
        "barnabas.connectors.filestream.source:FileStreamSourceConnector",
    ],
)
def test_every_name_of_a_builtin_connector(plugins, name):
    ref = plugins.find_connector(name)
    assert ref.name == FILE_SOURCE
    assert ref.kind == "source"
    assert ref.trusted


@pytest.mark.parametrize("name", ["NetworkSource", "NetworkSourceConnector", "Datagen", "DatagenSource"])
def test_our_own_connectors(plugins, name):
    assert plugins.find_connector(name).kind == "source"


@pytest.mark.parametrize("name", ["Json", "JsonConverter", "org.apache.kafka.connect.json.JsonConverter"])
def test_converters(plugins, name):
    assert plugins.find(name, "converter").path.endswith(":JsonConverter")
    assert plugins.find(name, "header_converter").kind == "header_converter"


def test_listing_order(plugins):
    connectors = [(ref.kind, ref.name) for ref in plugins.list()]
    assert {("sink", FILE_SINK), ("source", FILE_SOURCE)} <= set(connectors)
    assert connectors == sorted(connectors)
    kinds = [ref.kind for ref in plugins.list(connectors_only=False)]
    order = ["sink", "source", "transformation", "predicate", "converter", "header_converter"]
    assert kinds == sorted(kinds, key=order.index)
    assert plugins.list() == plugins.list(connectors_only=False)[: len(connectors)]


def test_an_unknown_connector_is_said_as_kafka_says_it_and_the_nearest_named(plugins):
    with pytest.raises(PluginError) as caught:
        plugins.find_connector("FileStreamSorce")
    error = caught.value
    assert error.message.startswith(
        "Failed to find any class that implements Connector and which name matches FileStreamSorce, "
        "available connectors are: "
    )
    assert f"{FILE_SINK}, " in error.message
    assert error.remedy == f"Did you mean {FILE_SOURCE}?"
    assert error.key == "connector.class"
    assert error.code == "BRN-4001"


def test_a_converter_is_no_connector(plugins):
    with pytest.raises(PluginError, match="Failed to find any class that implements Connector"):
        plugins.find_connector("JsonConverter")
    with pytest.raises(PluginError, match="implements Converter and which name matches FileStreamSource"):
        plugins.find("FileStreamSource", "converter")


def test_find_of_any_kind(plugins):
    assert plugins.find("FileStreamSink").kind == "sink"
    with pytest.raises(PluginError, match="available plugins are"):
        plugins.find("Nope")


class Homes:
    """A stand-in for the scanning process: what it was asked, and what it answers."""

    def __init__(self):
        self.asked = []
        self.answers = {}

    async def scan(self, home):
        self.asked.append(Path(home).name)
        answer = self.answers.get(Path(home).name, [])
        if isinstance(answer, Exception):
            raise answer
        return answer


def home(folder, name):
    (folder / name).mkdir()
    (folder / name / "code.py").write_text("x = 1")
    return str(folder / name)


async def test_homes_are_scanned_once_and_again_when_changed(tmp_path):
    homes = Homes()
    one = home(tmp_path, "one")
    homes.answers["one"] = [PluginRef("m.OrdersConnector", "m:OrdersConnector", "source", home=one)]
    plugins = Plugins(str(tmp_path), homes.scan)
    await plugins.discover()
    await plugins.discover()
    assert homes.asked == ["one"]
    assert plugins.find_connector("Orders").home == one
    home(tmp_path, "two")
    os.utime(tmp_path / "one" / "code.py", ns=(1, 1))
    await plugins.discover()
    assert sorted(homes.asked) == ["one", "one", "two"]
    (tmp_path / "one" / "code.py").unlink()
    await plugins.discover()
    with pytest.raises(PluginError):
        plugins.find_connector("Orders")


async def test_a_failing_home_costs_only_itself(tmp_path, caplog):
    homes = Homes()
    home(tmp_path, "bad")
    good = home(tmp_path, "good")
    homes.answers = {"bad": ConnectError("It hung."), "good": [PluginRef("m.Good", "m:Good", "sink", home=good)]}
    plugins = Plugins(str(tmp_path), homes.scan)
    await plugins.discover()
    assert plugins.find_connector("Good").home == good
    assert "It hung." in caplog.text


async def test_the_newest_version_of_a_class_is_used(tmp_path):
    homes = Homes()
    for name, version in (("a", "1.9"), ("b", "1.10"), ("c", "1.2")):
        at = home(tmp_path, name)
        homes.answers[name] = [PluginRef("m.X", "m:X", "sink", home=at, version=version)]
    plugins = Plugins(str(tmp_path), homes.scan)
    await plugins.discover()
    assert plugins.find_connector("X").version == "1.10"
    assert [ref.name for ref in plugins.list()].count("m.X") == 1


async def test_ambiguous_names(tmp_path):
    homes = Homes()
    at = home(tmp_path, "a")
    homes.answers["a"] = [PluginRef(f"{m}.XConnector", f"{m}:XConnector", "sink", home=at) for m in "mn"]
    plugins = Plugins(str(tmp_path), homes.scan)
    await plugins.discover()
    with pytest.raises(PluginError, match=r"More than one connector matches alias X\. .* m\.XConnector, n"):
        plugins.find_connector("X")
    assert plugins.find_connector("n.XConnector").path == "n:XConnector"


def test_plugin_path(tmp_path, caplog, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert split_plugin_path(f" {tmp_path}, ,~,/x") == [str(tmp_path), "/x"]
    assert split_plugin_path(None) == []
    (tmp_path / "single.py").write_text("")
    (tmp_path / "README.md").write_text("")
    (tmp_path / "java").mkdir()
    (tmp_path / "java" / "x.jar").write_text("")
    (tmp_path / "other.jar").write_text("")
    (tmp_path / "empty").mkdir()
    kept = home(tmp_path, "kept")
    with caplog.at_level(logging.INFO):
        assert list_homes([str(tmp_path), "/no/such/folder"]) == [kept, str(tmp_path / "single.py")]
    info = [record.getMessage() for record in caplog.records if record.levelno == logging.INFO]
    assert len(info) == 1
    assert info[0].endswith("skipped: java, other.jar.")
    assert "/no/such/folder cannot be listed" in caplog.text
    assert stamp(kept)[1] == 1


def test_single_files_on_the_plugin_path(tmp_path, caplog):
    (tmp_path / "one.py").write_text("")
    with caplog.at_level(logging.INFO):
        assert list_homes(["libs/connect-file-4.3.1.jar", str(tmp_path / "one.py")]) == [str(tmp_path / "one.py")]
    assert [record.levelname for record in caplog.records] == ["INFO"]


MODULE = """
    import barnabas
    import barnabas.connector as bc
    from barnabas import SinkConnector as Base
    from typing import Generic, TypeVar
    from direct_other import Mixin
    T = TypeVar("T")

    class Plain(Base): ...
    class Dotted(barnabas.SourceConnector): ...
    class Aliased(bc.SourceConnector): ...
    class Derived(Mixin, Plain): ...
    class Both(Derived, Generic[T]): ...
    class Special(Both[int]): ...
    class Nothing: ...
    class Looped(Looped): ...
    Renamed = Dotted
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module in the working folder, which would fail if it were imported."""
    (tmp_path / "direct_module.py").write_text(dedent(MODULE) + "\nraise AssertionError('imported')\n")
    (tmp_path / "direct_package").mkdir()
    (tmp_path / "direct_package" / "__init__.py").write_text("from .inner import Inner\n")
    (tmp_path / "direct_package" / "inner.py").write_text(
        "from ..direct_module import Plain\nfrom direct_module import Plain as P\nclass Inner(P): ...\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("direct_module.Plain", "sink"),
        ("direct_module:Plain", "sink"),
        ("direct_module.Dotted", "source"),
        ("direct_module.Aliased", "source"),
        ("direct_module.Derived", "sink"),
        ("direct_module.Special", "sink"),
        ("direct_module.Renamed", "source"),
        ("direct_package.Inner", "sink"),
        ("direct_package.inner.Inner", "sink"),
    ],
)
def test_a_class_named_by_its_module_is_found_without_importing_it(plugins, module, name, kind):
    ref = plugins.find_connector(name)
    assert (ref.kind, ref.home) == (kind, str(module))
    assert ref.path == ":".join(name.replace(":", ".").rsplit(".", 1))
    assert not {"direct_module", "direct_package"} & set(sys.modules)


def test_a_class_of_an_installed_package(plugins, module, monkeypatch):
    monkeypatch.syspath_prepend(str(module))
    monkeypatch.chdir("/")
    assert plugins.find_connector("direct_module.Plain").home is None


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("direct_module.Missing", "BRN-4006"),
        ("direct_module.Nothing", "BRN-4003"),
        ("direct_module.Looped", "BRN-4003"),
        ("direct_nowhere.X", "BRN-4001"),
        ("json.JSONDecoder", "BRN-4003"),
        ("sys.flags", "BRN-4001"),
        ("a b.c", "BRN-4001"),
        ("..", "BRN-4001"),
        ("", "BRN-4001"),
        (":", "BRN-4001"),
    ],
)
def test_wrong_paths(plugins, module, name, code):
    with pytest.raises(PluginError) as caught:
        plugins.find_connector(name)
    assert caught.value.code == code
    assert caught.value.remedy


def test_a_module_with_a_syntax_error_says_so(plugins, module):
    (module / "direct_broken.py").write_text("class X(")
    with pytest.raises(PluginError, match=r"cannot be read: .*line 1"):
        plugins.find_connector("direct_broken.X")


async def test_who_needs_all_plugins_waits_for_the_first_look_into_homes(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "plugin.py").touch()
    looking = asyncio.Event()

    async def scan(home):
        await looking.wait()
        return []

    plugins = Plugins(str(tmp_path), scan)
    discovering = asyncio.create_task(plugins.discover())
    waiting = asyncio.create_task(plugins.until_found())
    await asyncio.sleep(0.05)
    assert not waiting.done()
    looking.set()
    await asyncio.gather(discovering, waiting)
    await Plugins().until_found()
