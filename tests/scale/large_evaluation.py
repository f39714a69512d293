"""One evaluation of very many questions, whose worker is killed on the way.

  PYTHONPATH=tests/integration SUMSCOPE_BIN_DIR=build/release/bin OMP_WAIT_POLICY=passive \\
      .deps/pip/bin/python tests/scale/large_evaluation.py [--quick] [--questions 1e8] [--steps 3000] [--once]

Trains a tiny model, evaluates it on so many questions, and kills the worker once after a third of them: the evaluation
goes on from its last state. Prints rate and memory of worker and server over time: the memory is constant. Then evaluates
the same without a kill and compares every count and loss; --once leaves that out. --quick, for ctest, asks few."""

import argparse
import os
import signal
import sys
import time
import unittest
import uuid

from harness.case import IntegrationTest
from harness.models import TINY_SPEC
from harness.waiting import say, wait_until

QUICK_QUESTIONS, QUICK_STEPS = 400_000, 60
LOOKS = 20  # at the memory, over the evaluation
MEMORY_BAR = 64 << 20  # that a worker may grow by between the first tenth and the end
ENDED = ('SUCCEEDED', 'FAILED', 'CANCELLED')


def resident(pid):
    """Bytes; 0 of a process that is not there."""
    try:
        with open(f'/proc/{pid}/status', encoding='utf-8') as status:
            return next((int(line.split()[1]) << 10 for line in status if line.startswith('VmRSS:')), 0)
    except (FileNotFoundError, ProcessLookupError):
        return 0


class LargeEvaluation(IntegrationTest):
    questions, steps, once = 100_000_000, 3000, False
    longest = 48 * 3600

    def test_large_evaluation(self):
        self.one = self.server()
        self.model = self.one.train(**TINY_SPEC, steps=self.steps)
        disturbed = self.evaluate(kill=True)
        self.assertEqual(int(disturbed['exact']['count']), self.questions)
        say(f"{disturbed['exact']['correct']} right, nines {disturbed.get('nines')}")
        if not self.once:
            self.one.client.call('AnalysisService/DeleteAnalysis', name=self.name)
            self.assertEqual(self.evaluate(kill=False), disturbed)

    def analysis(self):
        return self.one.client.call('AnalysisService/GetAnalysis', name=self.name)

    def evaluate(self, kill):
        """The result."""
        self.name = self.one.client.call(
            'AnalysisService/CreateAnalysis', parent=self.model, request_id=str(uuid.uuid4()), request=dict(evaluate={}),
            question_set=dict(uniform=dict(count=self.questions), seed=7))['analysis']['name']
        begin, looked, sizes, killed = time.monotonic(), 0.0, [], False
        while (found := self.analysis())['state'] not in ENDED:
            progress, worker = found['progress'], self.one.worker_pid()
            if found['state'] == 'RUNNING' and progress >= looked:
                sizes.append((progress, resident(worker)))
                say(f'{progress:7.2%} after {time.monotonic() - begin:8.1f} s: worker {resident(worker) >> 20} MB, '
                    f'server {resident(self.one.pid) >> 20} MB')
                looked = progress + 1 / LOOKS
            if kill and not killed and progress > 1 / 3:
                os.kill(worker, signal.SIGKILL)
                killed, looked = True, 0
                say(f'worker killed at {progress:.2%}')
                wait_until('another worker', lambda: self.one.worker_pid() not in (0, worker))
            time.sleep(0.02 if self.questions == QUICK_QUESTIONS else 1)
        self.assertEqual(found['state'], 'SUCCEEDED', found)
        seconds = time.monotonic() - begin
        say(f'{self.questions:.3g} questions in {seconds:.1f} s, {self.questions / seconds:.0f} a second')
        early = [size for progress, size in sizes if progress < 0.3 and size > 0]
        if early:
            self.assertLess(max(size for _, size in sizes), max(early) + MEMORY_BAR)
        return found['result']['evaluate']


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--questions', type=lambda text: int(float(text)), default=LargeEvaluation.questions)
    parser.add_argument('--steps', type=int, default=LargeEvaluation.steps)
    parser.add_argument('--once', action='store_true')
    given = parser.parse_args()
    LargeEvaluation.questions, LargeEvaluation.steps, LargeEvaluation.once = given.questions, given.steps, given.once
    if given.quick:
        LargeEvaluation.questions, LargeEvaluation.steps = QUICK_QUESTIONS, QUICK_STEPS
    unittest.main(argv=[sys.argv[0]], verbosity=2)
