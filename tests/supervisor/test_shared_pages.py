"""Pages that forked processes share again: nothing that a process has written may be lost by it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from barnabas._columns import native

pytestmark = pytest.mark.skipif(
    native is None or not sys.platform.startswith("linux"), reason="the compiled part was not built"
)

_PREPARE = """
import gc, os, random, sys, threading
from barnabas._columns import native

native.gather_large()
import email.message, json, decimal  # something to share


class Thing:
    def __init__(self, number):
        self.number = number
        self.text = f"thing {number}"


things = [Thing(number) for number in range(20_000)]
table = {thing.text: thing for thing in things}
buffers = [bytearray(400) for _ in range(2_000)]
large = [list(range(number, number + 300)) for number in range(200)]
gc.collect()
native.fill_pools()
shared = native.share_pages()
gc.freeze()
print(shared)
"""


def _run(code: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", _PREPARE + code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_copies_in_which_nothing_is_new_are_given_back() -> None:
    shared, touched, again = _run("""
sys.stdout.flush()
if os.fork() == 0:
    numbers = sum(thing.number + len(thing.text) for thing in things)  # a look at each: only counts change
    native.return_pages()
    again = sum(1 for thing in things if thing.text in table)
    print(native.return_pages(), native.return_pages(), flush=True)
    os._exit(0)
os.wait()
""")
    assert int(shared) > 4_000_000
    if sys.version_info < (3, 12):  # from then on objects can be made immortal: nothing is copied to begin with
        assert int(touched) > 1_000_000
    assert int(again) <= int(touched) / 10


def test_what_a_process_writes_stays() -> None:
    answers = _run("""
sys.stdout.flush()
children = 4
for child in range(children):
    if os.fork() == 0:
        draw = random.Random(child)
        expected = {}
        for step in range(30):
            for _ in range(200):
                at = draw.randrange(len(things))
                things[at].number = expected["number", at] = draw.randrange(1 << 60)
                things[at].extra = expected["extra", at] = draw.choice(["a", "b", 5.5, None])
                at = draw.randrange(len(buffers))
                buffers[at][draw.randrange(400)] = draw.randrange(256)
                expected["buffer", at] = bytes(buffers[at])
                at = draw.randrange(len(large))
                large[at][draw.randrange(300)] = draw.randrange(1 << 60)
                expected["large", at] = list(large[at])
            if step % 5 == 0:
                table[f"new {step}"] = Thing(step)
                things[step] = Thing(-step)
                expected.pop(("extra", step), None)
                expected["number", step] = -step
            native.return_pages()
            gc.collect()
        for (kind, at), value in expected.items():
            if kind in ("number", "extra"):
                assert getattr(things[at], kind) == value, (kind, at)
            else:
                assert {"buffer": bytes, "large": list}[kind]({"buffer": buffers, "large": large}[kind][at]) == value
        assert [table[f"new {step}"].number for step in range(0, 30, 5)] == list(range(0, 30, 5))
        os._exit(0)
print(*(os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(children)))
""")
    assert answers[1:] == ["0"] * 4


def test_threads_go_on_meanwhile() -> None:
    answers = _run("""
sys.stdout.flush()
if os.fork() == 0:
    done = []

    def work(number):
        read, write = os.pipe()
        for step in range(300):
            at = (number * 5_000 + step * 7) % len(things)
            os.write(write, str(step).encode() * 30)
            assert os.read(read, 500) == str(step).encode() * 30  # a buffer that is filled without the GIL
            things[at].number += step
            assert json.loads(json.dumps({"a": [step, things[at].text]}))["a"] == [step, things[at].text]
            assert email.message.Message() is not None
            assert decimal.Decimal(step) + 1 == step + 1
        done.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        native.return_pages()
    print(sorted(done), flush=True)
    os._exit(0)
os.wait()
""")
    assert answers[1:] == ["[0,", "1,", "2,", "3]"]


def test_it_happens_once_and_not_after_the_fork() -> None:
    assert _run("""
print(native.share_pages(), native.gather_large(), native.fill_pools() >= 0)
""")[1:] == ["0", "False", "True"]


def test_an_interpreter_whose_memory_nobody_arranged_gives_nothing_back() -> None:
    code = "from barnabas._columns import native; print(native.return_pages())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["0"]


def test_with_a_debugging_allocator_objects_survive() -> None:
    environment = {**os.environ, "PYTHONMALLOC": "debug"}
    code = (
        _PREPARE.replace("native.fill_pools()", "")
        + """
sys.stdout.flush()
if os.fork() == 0:
    for _ in range(5):
        native.return_pages()
        things[0].text += "x"
        assert sum(len(thing.text) for thing in things) > 100_000
        gc.collect()
    os._exit(0)
print(os.waitstatus_to_exitcode(os.wait()[1]))
"""
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == "0"
