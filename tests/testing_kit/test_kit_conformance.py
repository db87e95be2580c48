"""The conformance suites pass good connectors and catch bad ones."""

from __future__ import annotations

from unittest import SkipTest

import kit_connectors as kit
import pytest

from barnabas import ConfigDef, Type
from barnabas._testing import conformance
from barnabas.testing import SinkConformance, SourceConformance


class TestLineSource(SourceConformance):
    connector_class = kit.LineSource

    def props(self):
        return {"file": str(self.folder / "in"), "topic": "t"}

    def make_input(self, n):
        path = self.folder / "in"
        start = len(path.read_text().splitlines()) if path.exists() else 0
        lines = [f"line {number}" for number in range(start, start + n)]
        with path.open("a") as file:
            file.writelines(line + "\n" for line in lines)
        return lines


class TestKeepSink(SinkConformance):
    connector_class = kit.KeepSink

    def props(self):
        (self.folder / "sub").mkdir(exist_ok=True)
        return {"file": str(self.folder / "sub" / "out")}

    def read_output(self):
        path = self.folder / "sub" / "out"
        return path.read_text().splitlines() if path.exists() else []

    def break_target(self):
        (self.folder / "sub").rename(self.folder / "away")

    def mend_target(self):
        (self.folder / "away").rename(self.folder / "sub")


def failures(suite, connector):
    """Names of the suite's tests that a connector fails."""
    impatient = type("Impatient", (suite,), {"connector_class": connector, "timeout": 0.6})
    failed = set()
    for name in [
        name for name in dir(impatient) if name.startswith("test_") and name != "test_killed_it_loses_nothing"
    ]:
        one = impatient()
        one.setup_method()
        try:
            getattr(one, name)()
        except SkipTest:
            pass
        except Exception:  # noqa: BLE001  whatever it is, the connector failed
            failed.add(name)
        finally:
            try:
                one.teardown_method()
            except Exception:  # noqa: BLE001  the same
                failed.add(name)
    return failed


@pytest.mark.parametrize(
    ("task", "caught_by"),
    [
        (kit.OffsetBefore, "test_resumes_after_what_was_committed"),
        (kit.ForgetfulStart, "test_resumes_after_what_was_committed"),
        (kit.TupleOffsets, "test_delivers_everything_in_order"),
        (kit.NeedsStart, "test_a_task_may_be_stopped_without_having_been_started"),
        (kit.SlowPoll, "test_stops_promptly"),
        (kit.NoTopic, "test_records_name_a_topic_and_keep_to_their_schema"),
        (kit.LosesOnPause, "test_delivers_everything_in_order"),
    ],
)
def test_a_bad_source_is_caught(task, caught_by, monkeypatch):
    only(SourceConformance, caught_by, monkeypatch)
    monkeypatch.setattr(conformance, "_PROMPT_SECONDS", 0.5)
    assert failures(TestLineSource, kit.with_task(kit.LineSource, task)) == {caught_by}


@pytest.mark.parametrize(
    ("task", "caught_by"),
    [
        (kit.CommitsEarly, "test_what_may_be_committed_is_written"),
        (kit.HatesEmpty, "test_an_empty_batch_does_no_harm"),
        (kit.ForgetsOnRetry, "test_a_failed_target_is_tried_again_with_the_same_batch"),
        (kit.NeverCommits, "test_everything_written_can_be_committed"),
    ],
)
def test_a_bad_sink_is_caught(task, caught_by, monkeypatch):
    assert caught_by in failures(TestKeepSink, kit.with_task(kit.KeepSink, task))


def only(suite, name, monkeypatch):
    """Leave one test of a suite, so that a bad connector that hangs in others does not take its time in each."""
    for other in [other for other in dir(suite) if other.startswith("test_") and other != name]:
        monkeypatch.setattr(suite, other, lambda _: None)


@pytest.mark.parametrize(
    ("definition", "caught_by"),
    [
        (ConfigDef(kit.SINK).define("dark", Type.INT, default=1), "test_every_key_is_documented"),
        (ConfigDef(kit.SINK).define("more", Type.INT, doc="?"), "test_the_configuration_is_valid"),
    ],
)
def test_a_bad_definition_is_caught(definition, caught_by):
    connector = kit.with_task(kit.KeepSink, kit.KeepTask, CONFIG=definition)
    assert failures(TestKeepSink, connector) == {caught_by}


def test_too_many_tasks_are_caught():
    connector = kit.with_task(kit.KeepSink, kit.KeepTask, task_configs=lambda self, most: [{}] * (most + 1))
    assert "test_task_configs_stay_within_the_maximum" in failures(TestKeepSink, connector)


def test_validation_that_raises_is_caught():
    connector = kit.with_task(kit.KeepSink, kit.KeepTask, validate=lambda self, props: [props["file"]])
    found = failures(TestKeepSink, connector)
    assert "test_an_empty_configuration_gives_errors_not_exceptions" in found
