"""Waits with deadlines, and what is said while they last."""

import contextlib
import signal
import sys
import time

PATIENCE = 60  # seconds; a deadline for what takes a moment, on a machine that does other things too


def wait_until(what, condition, seconds=PATIENCE):
    """What `condition` returns as soon as it is true; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f'gave up after {seconds} s of waiting for: {what}')
        time.sleep(0.01)


def say(text):
    print(f'    {text}', file=sys.stderr, flush=True)


@contextlib.contextmanager
def deadline_dump(test, seconds):
    """Ends a test that hangs in spite of every deadline of its own, before ctest does, and says where it was."""
    def expired(number, frame):
        raise AssertionError(f'{test.id()} took longer than {seconds} s')
    old = signal.signal(signal.SIGALRM, expired)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, old)
