"""SIGKILL in mid-training: the run goes on from its resume state and ends with the bytes of an undisturbed one."""

import os
import signal
import time
import unittest

from harness.case import IntegrationTest
from harness.models import run_id
from harness.processes import is_alive
from harness.safetensors_file import read_safetensors
from harness.waiting import say, wait_until

SPEC = dict(operation='ADD', n_digits=3, n_layers=1, n_heads=2, d_model=32, d_head=16, d_mlp=64, batch_size=16,
            steps=3000, seed=11)


class CrashTest(IntegrationTest):
    undisturbed = None  # bytes of a run of SPEC that nothing happened to; trained once

    def setUp(self):
        self.crashed = self.server(resume_interval=0.3)

    def in_mid_training(self, server):
        """A run that has a resume state and more than half of its steps to go: (name, steps acknowledged)."""
        name = server.create(**SPEC)

        def caught():
            run = server.run(name)
            self.assertIn(run['state'], ('QUEUED', 'STARTING', 'RUNNING'), run)
            return int(run['steps_done']) > SPEC['steps'] // 10 and server.resume_step(name) > 0
        wait_until(f'{name} to be in mid-training', caught)
        steps = len(server.metrics(name)[1])
        self.assertLess(steps, SPEC['steps'], 'it must not be over yet')
        return name, steps

    def end_of(self, server, name, attempt, acknowledged):
        """Waits for the end and compares every byte with an undisturbed run of the same spec."""
        first = server.metrics(name)[1]
        self.assertGreaterEqual(len(first), acknowledged, 'what was acknowledged is still there')
        run = server.wait_for_state(name, 'SUCCEEDED')
        self.assertEqual(run['attempt'], attempt)
        self.assertEqual(run['segment'], 2)
        self.assertEqual(len(run['segments']), 2)
        self.assertGreater(int(run['segments'][1]['first_step']), 0, 'it went on from its resume state')
        self.assertFalse(run['mixed_hardware'])
        log = [line['text'] for line in server.client.call('RunService/ListLogs', name=name)['lines']]
        self.assertFalse([line for line in log if 'RESUME_DIVERGED' in line])

        self.assert_undisturbed(server, name)
        self.assertEqual(self.csv(server, name).count(b'\n'), SPEC['steps'] + 1)

    def assert_undisturbed(self, server, name):
        if CrashTest.undisturbed is None:
            CrashTest.undisturbed = self.bytes_of(server, server.train(**SPEC))
        for ours, theirs, what in zip(self.bytes_of(server, name), CrashTest.undisturbed,
                                      ('SHA-256 of every checkpoint', 'metrics', 'exported weights')):
            self.assertEqual(ours, theirs, what)

    def bytes_of(self, server, name):
        return server.weights(name), self.csv(server, name), self.tensors(server, name)

    def csv(self, server, name):
        return self.cli(server, 'runs', 'metrics', run_id(name), '-o', 'csv').stdout

    def tensors(self, server, name):
        path = self.root / 'weights.safetensors'
        self.cli(server, 'runs', 'export', run_id(name), '--out', path)
        return read_safetensors(path.read_bytes())[1]

    def assert_ends_with_its_server(self, worker):
        begin = time.monotonic()
        wait_until(f'worker {worker} to end after its server', lambda: not is_alive(worker), 20)
        say(f'worker ended {time.monotonic() - begin:.3f} s after its server (bar: 2 s)')

    def test_RunGivenKilledWorkerGoesOnWithTheSameBytes(self):
        server = self.crashed
        name, steps = self.in_mid_training(server)
        worker = server.worker_pid()
        os.kill(worker, signal.SIGKILL)
        server.wait_for_state(name, 'QUEUED', 'STARTING', 'RUNNING')
        self.end_of(server, name, attempt=2, acknowledged=steps)
        self.assertNotEqual(server.worker_pid(), worker)

    def test_RunGivenKilledServerGoesOnWithTheSameBytes(self):
        server = self.crashed
        name, steps = self.in_mid_training(server)
        worker = server.worker_pid()
        server.kill()
        self.assert_ends_with_its_server(worker)
        self.assert_no_process(server)
        server.start()
        self.assertTrue(server.info()['repairs'], 'recovery says what it did')
        self.end_of(server, name, attempt=2, acknowledged=steps)

    def test_RunGivenKilledServerAndWorkerGoesOnWithTheSameBytes(self):
        server = self.crashed
        name, steps = self.in_mid_training(server)
        worker = server.worker_pid()
        os.kill(server.pid, signal.SIGSTOP)  # so that it cannot see its worker's death
        os.kill(worker, signal.SIGKILL)
        server.kill()
        self.assert_no_process(server)
        server.start()
        self.end_of(server, name, attempt=2, acknowledged=steps)

    def test_RunGivenDrainGoesOnInTheSameAttempt(self):
        server = self.crashed
        name, steps = self.in_mid_training(server)
        begin = time.monotonic()
        self.assertEqual(server.stop(), 0)
        say(f'drained in {time.monotonic() - begin:.3f} s')
        self.assert_no_process(server)
        server.start()
        self.end_of(server, name, attempt=1, acknowledged=steps)

    def test_QueuedRunsGivenKilledServerKeepTheirOrder(self):
        server = self.crashed
        first, _ = self.in_mid_training(server)
        waiting = [server.create(**dict(SPEC, steps=20, seed=seed)) for seed in range(3)]
        server.kill()
        server.start()
        for name in waiting:
            self.assertEqual(server.run(name)['state'], 'QUEUED')
        runs = [server.wait_for_state(name, 'SUCCEEDED') for name in [first, *waiting]]
        self.assertEqual([run['attempt'] for run in runs], [2, 1, 1, 1])
        ends = [run['end_time'] for run in runs]
        self.assertEqual(ends, sorted(ends))

    def test_RunGivenThreeKilledWorkersFailsAndCanBeResumed(self):
        server = self.crashed
        name = server.create(**SPEC)
        for attempt in (1, 2, 3):
            wait_until(f'attempt {attempt} to train',
                       lambda: (lambda run: run['state'] == 'RUNNING' and run['attempt'] == attempt)(server.run(name)))
            os.kill(server.worker_pid(), signal.SIGKILL)
        run = server.wait_for_state(name, 'FAILED')
        self.assertEqual((run['state_reason'], run['attempt']), ('WORKER_LOST', 3))
        self.cli(server, 'runs', 'watch', run_id(name), code=5)
        self.cli(server, 'runs', 'resume', run_id(name), '--watch')
        self.assert_undisturbed(server, name)

    def test_IdleWorkerGivenKillIsReplaced(self):
        server = self.crashed
        server.wait_for_slots('IDLE')
        worker = server.worker_pid()
        os.kill(worker, signal.SIGKILL)
        wait_until('another worker', lambda: server.worker_pid() not in (0, worker))
        server.train(**dict(SPEC, steps=20))


if __name__ == '__main__':
    unittest.main(verbosity=2)
