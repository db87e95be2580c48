from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from barnabas.errors import ConfigError, HostDiedError, RetriableError
from barnabas.supervisor.api import describe
from barnabas.supervisor.restart import RestartPolicy, RestartState

DIED = describe(HostDiedError("gone"))


def test_back_off_doubles_up_to_the_maximum():
    state = RestartState(RestartPolicy(initial=1, maximum=5, healthy=600), lambda: 0.5)
    assert [state.failed(DIED, 0) for _ in range(5)] == [1, 2, 4, 5, 5]
    assert state.restarts == 5


def test_a_healthy_run_starts_again_from_the_beginning():
    state = RestartState(RestartPolicy(initial=1, maximum=100, healthy=10), lambda: 0.5)
    state.failed(DIED, 0)
    state.failed(DIED, 0)
    assert state.failed(DIED, 10) == 1


def test_what_cannot_heal_waits_for_a_person():
    state = RestartState(RestartPolicy(), lambda: 0.5)
    assert state.failed(describe(ConfigError("no")), 0) is None
    assert state.failed(describe(RetriableError("yes")), 0) is not None


def test_switched_off():
    assert RestartState(RestartPolicy(enabled=False), lambda: 0.5).failed(DIED, 0) is None


@given(st.integers(0, 100), st.floats(0, 1, exclude_max=True))
def test_a_delay_stays_within_a_fifth_of_the_maximum(failures, jitter):
    state = RestartState(RestartPolicy(initial=1, maximum=300), lambda: jitter)
    for _ in range(failures):
        state.failed(DIED, 0)
    delay = state.failed(DIED, 0)
    assert delay is not None
    assert 0.8 <= delay <= 360


def test_an_unknown_host_may_be_known_later():
    policy = RestartPolicy()
    assert policy.heals(describe(ConfigError("unknown host", code="BRN-1203")))
