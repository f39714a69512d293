"""Questions asked while every slot trains: the quick lane answers them, and the trainings end with the same bytes.

    quick_lane.py [--quick]

By hand, on a machine that does nothing else: 200 questions to a model of the paper's shape; asserted are the bytes, that
95 of 100 answers come within the bar, whole client process, and that the trainings lose no more than what the answers took
of the CPU: in clients, in the lane's worker, and in the server beyond what it takes beside trainings alone. --quick asks
10, and prints its times.
"""

import argparse
import math
import os
import statistics
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'integration'))

from harness.case import IntegrationTest  # noqa: E402
from harness.models import run_id  # noqa: E402
from harness.waiting import say, wait_until  # noqa: E402

QUESTIONS, QUICK_QUESTIONS, P95_BAR = 200, 10, 0.5  # seconds
LOSS_BAR = 0.03  # of the trainings' rate, beyond the CPU time of the answers
SPEC = dict(operation='ADD', n_digits=3, n_layers=1, n_heads=2, d_model=32, d_head=16, d_mlp=64, batch_size=16)
PAPERS = 'add_d5_l1_h3'
SLOTS = ('cpu0:cpu:1', 'cpu1:cpu:1')
TICK = 1 / os.sysconf('SC_CLK_TCK')


def cpu_seconds(pid):
    """Of all of its threads, up to now."""
    fields = Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * TICK


class QuickLane(IntegrationTest):
    longest = 1200
    questions = QUESTIONS

    def setUp(self):
        self.one = self.server(slots=SLOTS)
        self.one.wait_for_slots('IDLE')
        self.paper = run_id(self.one.train(PAPERS, steps=10))

    def ask(self, number):
        """Seconds of the whole client process."""
        begin = time.monotonic()
        self.cli(self.one, 'ask', self.paper, f'{10000 + number}+{99999 - 7 * number}')
        return time.monotonic() - begin

    def steps_of(self, seconds):
        """Steps that take at least so long, with both slots busy."""
        probes = self.train_all(steps=1500)
        return int(seconds * statistics.mean(1500 / self.within_steps(name) for name in probes))

    def start_all(self, **spec):
        return [self.one.create(**SPEC, seed=seed, **spec) for seed in range(1, len(SLOTS) + 1)]

    def train_all(self, **spec):
        names = self.start_all(**spec)
        for name in names:
            self.one.wait_for_state(name, 'SUCCEEDED', seconds=600)
        return names

    def within_steps(self, name, first=0, last=None):
        """Seconds within steps, as the worker measured each."""
        return sum(1 / row[-1] for row in self.one.metrics(name, 'TIMING')[1][first:last])

    def quick_worker(self):
        return next(int(slot['worker_pid']) for slot in self.one.info()['slots'] if slot['name'] == 'quick-cpu')

    def steps_done(self, names):
        return [int(self.one.run(name)['steps_done']) for name in names]

    def test_AnswersComeAtOnceWhileEverySlotTrains(self):
        alone = statistics.median(self.ask(number) for number in range(1, 4))
        steps = self.steps_of(8 + 2.5 * alone * self.questions)
        usual, begin = cpu_seconds(self.one.process.pid), time.monotonic()
        undisturbed = self.train_all(steps=steps)
        usual = (cpu_seconds(self.one.process.pid) - usual) / (time.monotonic() - begin)  # of the server, a second

        trainings = self.start_all(steps=steps)
        wait_until('every slot to train', lambda: min(self.steps_done(trainings)) > 0)
        say(f'the first answer, for which the lane\'s worker was started: {self.ask(0):.2f} s')
        worker, begin, since = self.quick_worker(), time.monotonic(), self.steps_done(trainings)
        before = cpu_seconds(worker), sum(os.times()[2:4]), cpu_seconds(self.one.process.pid)
        times = sorted(self.ask(number) for number in range(10, 10 + self.questions))
        spent = cpu_seconds(worker) - before[0]
        clients = sum(os.times()[2:4]) - before[1]
        served = cpu_seconds(self.one.process.pid) - before[2]
        wall, until = time.monotonic() - begin, self.steps_done(trainings)
        served -= usual * wall
        for name in trainings:
            self.assertEqual(self.one.run(name)['state'], 'RUNNING', 'it was to train until the last answer')
        self.assertEqual(self.quick_worker(), worker)

        p95 = times[math.ceil(0.95 * len(times)) - 1]
        say(f'{len(times)} answers in {wall:.1f} s, whole client process: median {1000 * statistics.median(times):.0f} ms, '
            f'p95 {1000 * p95:.0f} ms (bar: {1000 * P95_BAR:.0f} ms), longest {1000 * times[-1]:.0f} ms; alone '
            f'{1000 * alone:.0f} ms')
        for name in trainings:
            run = self.one.wait_for_state(name, 'SUCCEEDED', seconds=600)
            self.assertEqual((run['attempt'], run['segment']), (1, 1), 'nobody made it give way')
        for ours, theirs in zip(trainings, undisturbed):
            self.assertEqual(self.one.weights(ours), self.one.weights(theirs), 'SHA-256 of every checkpoint')
            self.assertEqual(self.one.metrics(ours), self.one.metrics(theirs))
        loss = statistics.mean(self.loss(*each) for each in zip(trainings, undisturbed, since, until))
        cores = os.cpu_count()
        allowed = (spent + clients + served) / (wall * cores) + LOSS_BAR
        say(f'CPU time: {spent:.2f} s of the lane\'s worker, {clients:.2f} s of the clients, {served:.2f} s of the server, '
            f'of {cores} cores for {wall:.1f} s; '
            f'the trainings lost {loss:.1%} of their rate (bar: {allowed:.1%})')
        if self.questions == QUESTIONS:
            self.assertLess(p95, P95_BAR)
            self.assertLess(loss, allowed)

    def loss(self, disturbed, undisturbed, first, last):
        """Of the rate, over the steps that were made while questions were asked."""
        return 1 - self.within_steps(undisturbed, first, last) / self.within_steps(disturbed, first, last)


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--quick', action='store_true')
    if parser.parse_args().quick:
        QuickLane.questions = QUICK_QUESTIONS
    unittest.main(argv=[sys.argv[0]], verbosity=2)
