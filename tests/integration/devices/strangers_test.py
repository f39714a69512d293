"""What is said of strangers on GPUs to those whose jobs wait for them, and trainings that give way to strangers."""

import os
import pwd
import unittest

from harness.case import IntegrationTest
from harness.fake_box import FakeBox
from harness.models import TINY_SPEC, run_id
from harness.waiting import wait_until

LONG = dict(TINY_SPEC, steps=10_000_000)


class StrangersTest(IntegrationTest):
    def setUp(self):
        self.box = FakeBox(self)
        self.stranger, self.name_of_stranger = os.getpid(), pwd.getpwuid(os.geteuid()).pw_name

    def start(self, *flags):
        options = dict(self.box.options)
        self.one = self.server(slots=options['slots'], flags=[*options['flags'], *flags], resume_interval=0.3)
        self.one.wait_for_slots('IDLE')

    def explain(self, name):
        return self.one.client.call('QueueService/ExplainJob', name=name)

    def running(self):
        """A new run that trains: (its name, the number of its GPU)."""
        name = self.one.create(**LONG)
        self.one.wait_for_state(name, 'RUNNING')
        return name, int(self.explain(name)['job']['device'].removeprefix('cuda:'))

    def test_JobGivenStrangersOnEveryGpuSaysWhoTheyAre(self):
        self.box.become((0, self.stranger, 700), (1, self.stranger, 900))
        self.start()
        name = self.one.create(**LONG)
        waits = wait_until('the reason why it waits', lambda: (
            lambda said: said if said['job']['reason'] == 'DEVICE_BUSY_OUTSIDE' else None)(self.explain(name)), 30)
        self.assertEqual([holder['slot'] for holder in waits['holders']], ['gpu0', 'gpu1'])
        shown = self.cli(self.one, 'explain', run_id(name)).text, self.cli(self.one, 'devices').text
        for text in (waits['text'], *shown):
            for part in (str(self.stranger), self.name_of_stranger):
                self.assertIn(part, text)
        for part in ('cuda:0', 'cuda:1', 'gpu0', 'gpu1', 'warning'):
            self.assertIn(part, shown[1])
        self.assertIn('DEVICE_BUSY_OUTSIDE', self.cli(self.one, 'queue').text)
        self.box.become((1, self.stranger, 900))
        self.one.wait_for_state(name, 'RUNNING')
        self.assertEqual(self.explain(name)['job']['slot'], 'gpu0')

    def test_TrainingGivesWayToStrangersWhereItIsToldTo(self):
        self.start('--yield-to-foreign')
        name, gpu = self.running()
        self.box.become((0, self.stranger, 700), (1, self.stranger, 700))
        run = self.one.wait_for_state(name, 'QUEUED', seconds=30)
        self.assertEqual((run['state_reason'], run['attempt']), ('DEVICE_BUSY_OUTSIDE', 1))
        self.box.become((gpu, self.stranger, 700))
        run = self.one.wait_for_state(name, 'RUNNING')
        self.assertEqual((run['attempt'], run['segment'], self.explain(name)['job']['device']), (1, 2, f'cuda:{1 - gpu}'))


if __name__ == '__main__':
    unittest.main(verbosity=2)
