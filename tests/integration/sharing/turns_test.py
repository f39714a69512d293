"""Two users and one slot: their trainings take turns, and end with the bytes of undisturbed ones."""

import time
import unittest
import uuid

from harness.case import IntegrationTest
from harness.lab import Lab
from harness.models import run_id
from harness.safetensors_file import read_safetensors
from harness.waiting import say, wait_until

SPEC = dict(operation='ADD', n_digits=3, n_layers=1, n_heads=2, d_model=32, d_head=16, d_mlp=64, batch_size=16, seed=11)
SLICE = 3  # seconds
REAL_SLICE = 30 * 60
PATIENCE = 400  # seconds of a training, on a machine that does other things too
LONGEST_LOSS = 0.03  # of a slice


class TurnsTest(IntegrationTest):
    longest = 880

    def setUp(self):
        self.lab = Lab(self, users=[('ada', 'MEMBER'), ('ben', 'MEMBER')], flags=['--slice-minutes', str(SLICE / 60)])
        self.server_ = self.lab.server
        self.spec = dict(SPEC, steps=self.steps_of(4 * SLICE))

    def steps_of(self, seconds):
        """Steps that take so long on this machine as it is now."""
        probe = self.train(dict(SPEC, steps=2000))
        return int(seconds * 2000 / self.step_seconds(probe))

    def train(self, spec):
        name = self.server_.create(**spec)
        self.server_.wait_for_state(name, 'SUCCEEDED', seconds=PATIENCE)
        return name

    def step_seconds(self, name):
        """The time within all steps, as the worker measured each."""
        return sum(1 / row[-1] for row in self.server_.metrics(name, 'TIMING')[1])

    def create(self, user, **fields):
        return self.lab.client(user).call('RunService/CreateRun', request_id=str(uuid.uuid4()), spec=self.spec, **fields)['name']

    def bytes_of(self, name):
        path = self.root / 'weights.safetensors'
        self.cli(self.server_, 'runs', 'export', run_id(name), '--out', path)
        return (self.server_.weights(name), self.cli(self.server_, 'runs', 'metrics', run_id(name), '-o', 'csv').stdout,
                read_safetensors(path.read_bytes())[1])

    def test_TwoUsersGivenOneSlotTakeTurnsAndEndAsIfUndisturbed(self):
        server = self.server_
        undisturbed = self.train(self.spec)
        begin = time.monotonic()
        names = [self.create('ada'), self.create('ben')]
        runs = [server.wait_for_state(name, 'SUCCEEDED', seconds=PATIENCE) for name in names]
        wall = time.monotonic() - begin
        for run in runs:
            self.assertGreaterEqual(run['segment'], 2, 'it gave way')
            self.assertEqual(run['attempt'], 1, 'and no attempt was counted')
            self.assertFalse(run['mixed_hardware'])
        expected = self.bytes_of(undisturbed)
        for name in names:
            for ours, theirs, what in zip(self.bytes_of(name), expected,
                                          ('SHA-256 of every checkpoint', 'metrics', 'exported weights')):
                self.assertEqual(ours, theirs, what)
        segments = sum(run['segment'] for run in runs)
        within = sum(self.step_seconds(name) for name in names)
        cost = (wall - within) / segments
        say(f'{segments} segments in {wall:.2f} s, {within:.2f} s of them within steps: {cost:.3f} s for each change, '
            f'{cost / REAL_SLICE:.4%} of a slice of {REAL_SLICE // 60} minutes')
        self.assertLess(cost, LONGEST_LOSS * REAL_SLICE)

    def test_UserGivenNobodyElseKeepsTheSlot(self):
        name = self.create('ada')
        self.assertEqual(self.server_.wait_for_state(name, 'SUCCEEDED', seconds=PATIENCE)['segment'], 1)

    def test_ServerGivenDeathInASliceGoesOnWithBoth(self):
        server = self.server_
        undisturbed = self.train(self.spec)
        names = [self.create('ada'), self.create('ben')]
        wait_until('a change of turns', lambda: any(int(server.run(name)['segment']) > 1 for name in names), 120)
        server.kill()
        server.start()
        for name in names:
            run = server.wait_for_state(name, 'SUCCEEDED', seconds=PATIENCE)
            self.assertLessEqual(run['attempt'], 2)
            self.assertEqual(self.bytes_of(name), self.bytes_of(undisturbed))


if __name__ == '__main__':
    unittest.main(verbosity=2)
