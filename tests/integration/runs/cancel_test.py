"""CancelRun in each state, and what can be done afterwards."""

import contextlib
import os
import signal
import time
import unittest

import grpc

from harness.case import IntegrationTest
from harness.models import TINY_SPEC, run_id
from harness.waiting import say, wait_until

LONG = dict(TINY_SPEC, steps=10_000_000)


class CancelTest(IntegrationTest):
    def setUp(self):
        self.one = self.server(resume_interval=0.5)
        self.one.wait_for_slots('IDLE')

    def cancel(self, name):
        begin = time.monotonic()
        run = self.one.client.call('RunService/CancelRun', name=name)
        say(f'cancel acknowledged in {1000 * (time.monotonic() - begin):.1f} ms as {run["state"]} (bar: 100 ms)')
        return run

    def assert_cancelled(self, name, begin):
        run = self.one.wait_for_state(name, 'CANCELLED')
        self.one.wait_for_slots('IDLE')
        say(f'worker idle again {time.monotonic() - begin:.3f} s after the cancel (bar: 2 s)')
        self.assertEqual(run['state_reason'], 'CANCEL_REQUESTED')
        self.assertTrue(run['end_time'])
        return run

    def running(self, **spec):
        name = self.one.create(**dict(LONG, **spec))
        wait_until(f'{name} to train', lambda: int(self.one.run(name)['steps_done']) > 20)
        return name

    @contextlib.contextmanager
    def worker_stopped(self):
        """States that pass in a moment stay as long as their worker does not answer."""
        worker = self.one.worker_pid()
        os.kill(worker, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(worker, signal.SIGCONT)

    def assert_ended(self, name):
        self.assert_rpc_error(self.one, grpc.StatusCode.FAILED_PRECONDITION, 'RUN_ENDED',
                              lambda: self.one.client.call('RunService/CancelRun', name=name))
        self.assert_refused(self.one, 'RUN_ENDED', 8, 'runs', 'cancel', run_id(name))

    def test_QueuedRunGivenCancelNeverStarts(self):
        busy = self.running()
        name = self.one.create(**LONG)
        self.assertEqual(self.one.run(name)['state'], 'QUEUED')
        self.assertEqual(self.cancel(name)['state'], 'CANCELLED')
        run = self.one.run(name)
        self.assertEqual((run['state'], run['segment'], run['steps_done']), ('CANCELLED', 0, '0'))
        self.assert_ended(name)
        self.assertEqual(self.one.run(busy)['state'], 'RUNNING', 'the other run is not disturbed')
        begin = time.monotonic()
        self.cancel(busy)
        self.assert_cancelled(busy, begin)

    def test_StartingRunGivenCancelEndsCancelled(self):
        with self.worker_stopped():
            name = self.one.create(**LONG)
            self.one.wait_for_state(name, 'STARTING')
            self.assertIn(self.cancel(name)['state'], ('CANCELLING', 'CANCELLED'))
        begin = time.monotonic()
        self.assert_cancelled(name, begin)
        self.assert_ended(name)

    def test_RunningRunGivenCancelKeepsItsMetrics(self):
        name = self.running()
        before = self.one.metrics(name)[1]
        begin = time.monotonic()
        self.assertIn(self.cancel(name)['state'], ('CANCELLING', 'CANCELLED'))
        run = self.assert_cancelled(name, begin)
        rows = self.one.metrics(name)[1]
        self.assertGreaterEqual(len(rows), len(before))
        self.assertEqual(rows[:len(before)], before)
        self.assertEqual(len(rows), int(run['steps_done']))
        self.assertTrue(self.one.checkpoints(name))
        self.assert_ended(name)

    def test_CancellingRunGivenCancelStaysCancelling(self):
        name = self.running()
        with self.worker_stopped():
            self.assertEqual(self.cancel(name)['state'], 'CANCELLING')
            self.assertEqual(self.cancel(name)['state'], 'CANCELLING', 'asked again: the same answer')
            self.cli(self.one, 'runs', 'cancel', run_id(name))
        self.assert_cancelled(name, time.monotonic())

    def test_SucceededRunGivenCancelStaysAsItIs(self):
        name = self.one.train(**dict(TINY_SPEC, steps=20))
        self.assert_ended(name)
        self.assertEqual(self.one.run(name)['state'], 'SUCCEEDED')

    def test_CancelledRunGivenResumeEndsWithTheSameBytes(self):
        spec = dict(TINY_SPEC, steps=3000, seed=5)
        name = self.one.create(**spec)
        wait_until(f'{name} to train', lambda: int(self.one.run(name)['steps_done']) > 100)
        self.cancel(name)
        run = self.one.wait_for_state(name, 'CANCELLED')
        self.assertLess(int(run['steps_done']), 3000)
        self.cli(self.one, 'runs', 'resume', run_id(name))
        run = self.one.wait_for_state(name, 'SUCCEEDED')
        self.assertEqual(run['segment'], 2)
        self.assertGreater(int(run['segments'][1]['first_step']), 0, 'it went on where it was cancelled')
        reference = self.one.train(**spec)
        self.assertEqual(self.one.weights(name), self.one.weights(reference))
        self.assertEqual(self.one.metrics(name), self.one.metrics(reference))
        self.assert_rpc_error(self.one, grpc.StatusCode.FAILED_PRECONDITION, 'RUN_NOT_RESUMABLE',
                              lambda: self.one.client.call('RunService/ResumeRun', name=name,
                                                           request_id='6b1c7f6e-2f4b-4c7e-9a52-1f0f2f3a4b5c'))

    def test_QueuedCancelledRunGivenResumeRuns(self):
        busy = self.running()
        name = self.one.create(**dict(TINY_SPEC, steps=30))
        self.cancel(name)
        self.cli(self.one, 'runs', 'resume', run_id(name))
        self.cancel(busy)
        self.one.wait_for_state(name, 'SUCCEEDED')


if __name__ == '__main__':
    unittest.main(verbosity=2)
