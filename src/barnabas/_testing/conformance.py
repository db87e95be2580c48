"""What source and sink conformance have in common: the connector without its tasks, and the folder to work in."""

from __future__ import annotations

import shutil
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from barnabas._testing.contexts import MemoryConnectorContext
from barnabas.config import ConfigDef, ConfigValue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from barnabas.connector import Connector

__all__ = ["Conformance", "eventually"]

_PROMPT_SECONDS = 5.0


def eventually(check: Callable[[], bool], timeout: float = 10.0) -> bool:
    """Whether ``check`` holds within ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    while not check():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


class Conformance(ABC):
    """The tests that need no task; see :class:`SourceConformance` and :class:`SinkConformance`."""

    connector_class: ClassVar[type[Any]]
    """The connector under test."""

    folder: Path
    """A folder of the running test, removed after it."""

    @abstractmethod
    def props(self) -> Mapping[str, str]:
        """A working configuration, as text. Called more than once in a test: give the same one each time."""

    def setup_method(self) -> None:
        """Called by pytest before each test; a subclass that needs more calls ``super().setup_method()`` first."""
        self.folder = Path(tempfile.mkdtemp(prefix="conformance-"))

    def teardown_method(self) -> None:
        """Called by pytest after each test; a subclass that needs more calls ``super().teardown_method()`` last."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _connector(self) -> Connector:
        connector: Connector = self.connector_class()
        connector.initialize(MemoryConnectorContext())
        return connector

    def _validated(self, props: Mapping[str, str]) -> list[ConfigValue]:
        return self._connector().validate(props)

    def test_every_key_is_documented(self) -> None:
        """A key without a text cannot be explained to anybody."""
        keys = self._connector().config().keys
        assert [name for name, key in keys.items() if not key.doc.strip()] == []

    def test_defaults_are_valid(self) -> None:
        """The definition accepts its own defaults: parsing them gives them back."""
        definition = self._connector().config()
        optional = [key for key in definition.keys.values() if not key.required]
        alone = ConfigDef()
        for key in optional:
            alone.add(key)
        assert set(alone.parse({})) == {key.name for key in optional}

    def test_the_configuration_is_valid(self) -> None:
        """What the tests run with passes validation."""
        assert {value.name: value.errors for value in self._validated(self.props()) if value.errors} == {}

    def test_an_empty_configuration_gives_errors_not_exceptions(self) -> None:
        """Validation speaks of every key of the definition, and names each required key that is missing."""
        definition = self._connector().config()
        values = {value.name: value for value in self._validated({})}
        assert set(definition.keys) <= set(values)
        assert [name for name, key in definition.keys.items() if key.required and not values[name].errors] == []

    def test_nonsense_gives_errors_not_exceptions(self) -> None:
        """Validation survives any text in any key."""
        for text in ("", "\x00", "nonsense", "-1", "{", "9" * 40):
            values = self._validated(dict.fromkeys(self._connector().config().keys, text))
            assert all(isinstance(value, ConfigValue) for value in values)

    def test_task_configs_stay_within_the_maximum(self) -> None:
        """At most ``tasks.max`` configurations, of text only, and the same ones when asked again."""
        connector = self._connector()
        connector.start(dict(self.props()))
        try:
            for most in (1, 2, 7):
                configs = connector.task_configs(most)
                assert len(configs) <= most
                assert all(isinstance(text, str) for config in configs for pair in config.items() for text in pair)
                assert connector.task_configs(most) == configs
        finally:
            connector.stop()

    def test_a_connector_may_be_stopped_without_having_been_started(self) -> None:
        """A worker stops whatever it made, also when starting failed."""
        self._connector().stop()

    def test_a_task_may_be_stopped_without_having_been_started(self) -> None:
        """A worker stops whatever it made, also when starting failed."""
        connector = self._connector()
        connector.start(dict(self.props()))
        try:
            connector.task_class()().stop()
        finally:
            connector.stop()

    def test_versions_are_text(self) -> None:
        """REST shows them."""
        connector = self._connector()
        connector.start(dict(self.props()))
        try:
            assert connector.version()
            assert connector.task_class().version()
        finally:
            connector.stop()

    def _stops_promptly(self, stop: Callable[[], None]) -> None:
        started = time.monotonic()
        stop()
        assert time.monotonic() - started < _PROMPT_SECONDS
