"""Leases: what a worker that is no member any more must not go on doing."""

from __future__ import annotations

import os
import time

import pytest

from barnabas.lease import LEASE_EXIT, Lease, lease_clock, lease_end, watch
from barnabas.supervisor.board import Board


def seconds(number):
    return int(number * 1e9)


def test_it_ends_before_the_session_does():
    sent = lease_clock()
    assert lease_end(sent, 10_000) == sent + seconds(9)
    assert lease_end(sent, 1_000) == sent + seconds(0.7)


def test_a_board_tells_its_host():
    ours = Board.create(2)
    theirs = Board.attach(os.dup(ours.fd))
    assert theirs.slots == 2
    ended = []
    lease = Lease(theirs, lambda: ended.append(True))
    lease.check()
    assert lease.left() is None
    ours.lease = lease_clock() + seconds(5)
    lease.check()
    assert 4 < lease.left() <= 5
    ours.slot(1).clear()  # the last slot is not where the lease is
    assert lease.left() is not None
    assert not ended
    ours.lease = lease_clock() - 1
    lease.check()
    assert ended
    for board in (ours, theirs):
        board.close()


@pytest.mark.parametrize("renewed", [False, True])
def test_a_process_ends_with_its_lease(renewed):
    board = Board.create(1)
    board.lease = lease_clock() + seconds(0.3)
    child = os.fork()
    if child == 0:
        watch(Lease(Board.attach(board.fd)))
        time.sleep(1.2)
        os._exit(0)
    if renewed:
        board.lease = lease_clock() + seconds(60)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == (0 if renewed else LEASE_EXIT)
    board.close()


def test_a_lease_without_end_is_not_watched():
    board = Board.create(1)
    watch(Lease(board))
    board.close()
