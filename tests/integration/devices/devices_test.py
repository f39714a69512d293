"""A box with two GPUs that a fake NVML plays: who may start where, and what is said of strangers, lost GPUs and memory that
a worker keeps. Workers compute on the CPU and believe what the server says of their slot."""

import os
import unittest

from harness.case import IntegrationTest
from harness.fake_box import FakeBox
from harness.models import TINY_SPEC
from harness.waiting import wait_until

LONG = dict(TINY_SPEC, steps=10_000_000)


class DevicesTest(IntegrationTest):
    def setUp(self):
        box = FakeBox(self)
        self.become, self.options = box.become, box.options

    def slot(self, name):
        return next(slot for slot in self.one.info()['slots'] if slot['name'] == name)

    def device(self, name):
        devices = self.one.client.call('DeviceService/ListDevices')['devices']
        return next(device for device in devices if device['name'] == name)

    def runs_on(self, name, slot):
        run = self.one.wait_for_state(name, 'RUNNING')
        wait_until(f'{name} to train', lambda: int(self.one.run(name)['steps_done']) > 0)
        self.assertEqual(self.slot(slot)['state'], 'BUSY')
        return run

    def wait_for_log(self, name, words):
        def said():
            lines = self.one.client.call('RunService/ListLogs', name=name).get('lines', [])
            return [line for line in lines if all(word in line['text'] for word in words)]
        return wait_until(f'{words} in the log of {name}', said, 30)[0]

    def cancel(self, name):
        self.one.client.call('RunService/CancelRun', name=name)
        self.one.wait_for_state(name, 'CANCELLED')

    def test_JobsGivenAStrangerOnAGpuStartOnTheOtherAndThenWhenTheStrangerHasLeft(self):
        stranger = os.getpid()
        self.become((0, stranger, 700))
        self.one = self.server(**self.options)
        first = self.one.create(**LONG)
        self.runs_on(first, 'gpu1')
        second = self.one.create(**LONG)
        wait_until('the reason why it waits',
                   lambda: self.one.run(second)['state_reason'] in ('DEVICE_BUSY_OUTSIDE', 'RESOURCES', 'PRIORITY'))
        wait_until('the other worker to be ready', lambda: self.slot('gpu0')['state'] == 'IDLE')
        self.assertEqual(self.one.run(second)['state'], 'QUEUED')
        device = self.device('cuda:0')
        self.assertEqual([int(process['pid']) for process in device['foreign']], [stranger])
        self.assertTrue(any(str(stranger) in warning for warning in device['warnings']), device)
        self.assertFalse(self.device('cuda:1').get('foreign'))
        self.become()
        self.runs_on(second, 'gpu0')

        self.become((0, stranger, 900))
        self.assertEqual(self.wait_for_log(second, [str(stranger), 'cuda:0'])['severity'], 'WARNING')
        self.assertEqual(self.one.run(second)['state'], 'RUNNING', 'it was not told to give way')
        self.cancel(first)
        self.cancel(second)

    def test_JobGivenALostGpuGoesOnElsewhere(self):
        self.become((1, os.getpid(), 700))
        self.one = self.server(**self.options)
        name = self.one.create(**LONG)
        self.runs_on(name, 'gpu0')
        self.become((1, os.getpid(), 700), lost=0)
        run = self.one.wait_for_state(name, 'QUEUED', seconds=60)
        self.assertIn(run['state_reason'], ('DEVICE_LOST', 'DEVICE_BUSY_OUTSIDE', 'RESOURCES', 'SLICE', 'PRIORITY'))
        self.assertTrue(self.device('cuda:0')['lost'])
        self.wait_for_log(name, ['cuda:0', 'lost'])
        self.become(lost=0)
        self.runs_on(name, 'gpu1')
        self.cancel(name)

    def test_WorkerGivenMemoryThatItKeepsIsRestarted(self):
        self.become()
        self.one = self.server(**self.options)
        name = self.one.create(**LONG)
        wait_until('the run to be on a GPU', lambda: self.one.run(name)['state'] == 'RUNNING')
        slot = wait_until('its slot', lambda: next((s for s in self.one.info()['slots'] if s['state'] == 'BUSY'), None))
        gpu = int(slot['device'].removeprefix('cuda:'))
        self.become((gpu, slot['worker_pid'], 6000))
        self.cancel(name)
        restarted = wait_until('the worker to be restarted',
                               lambda: self.slot(slot['name']) if self.slot(slot['name'])['restarts'] > 0 else None, 60)
        self.assertNotEqual(restarted['worker_pid'], slot['worker_pid'])
        self.assertTrue(any('6000 MiB' in warning for warning in self.device(slot['device'])['warnings']))
        wait_until('the slot to be idle', lambda: self.slot(slot['name'])['state'] == 'IDLE')
        again = self.one.create(**LONG)
        self.one.wait_for_state(again, 'RUNNING')
        self.cancel(again)


if __name__ == '__main__':
    unittest.main(verbosity=2)
