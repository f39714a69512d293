"""A sweep of 1,000 trainings: made at once, shown, cancelled, and ended by its failures.

    large_sweep.py [--quick]

By hand, on a machine that does nothing else: asserted is also that all of it stays within the bars. --quick is a
twentieth of it, and prints its times.
"""

import argparse
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'integration'))

from harness.case import IntegrationTest  # noqa: E402
from harness.models import TINY_SET  # noqa: E402
from harness.waiting import say, wait_until  # noqa: E402

RUNS, LOOKS, MAX_FAILS = 1000, 50, 3
CREATE_BAR, SHOW_BAR, CANCEL_BAR = 1, 0.05, 3  # seconds
MODEL = 'add_d2_l1_h1'


class LargeSweep(IntegrationTest):
    part = 1  # of everything

    def setUp(self):
        self.one = self.server()
        self.one.wait_for_slots('IDLE')
        self.runs = RUNS // self.part

    def sweep(self, *arguments):
        """A new one, of so many runs: (its name, seconds of the whole command)."""
        begin = time.monotonic()
        made = self.cli(self.one, 'sweep', MODEL, '--seeds', f'1..{self.runs}', *arguments, '-o', 'json').json
        seconds = time.monotonic() - begin
        sweep = made[0] if isinstance(made, list) else made
        self.assertEqual(sweep['runs'], self.runs)
        return sweep['name'], seconds

    def get(self, name):
        return self.one.client.call('SweepService/GetSweep', name=name)

    def counts(self, sweep, which='run_counts'):
        return {each['state']: each['count'] for each in sweep[which]}

    def within(self, what, seconds, bar):
        say(f'{what}: {1000 * seconds:.1f} ms (bar: {1000 * bar:.0f} ms, of {RUNS} runs)')
        with self.subTest(what):
            self.assertTrue(self.part > 1 or seconds < bar, f'{seconds} s')

    def in_server(self, method):
        """The longest that the server took for a call of it, and p99, in seconds."""
        for row in self.one.info()['method_times']:
            if row['method'].endswith(f'/{method}'):
                return row['longest_ms'] / 1000, row['p99_ms'] / 1000
        self.fail(f'{method} was not called')

    def assert_nothing_waits(self):
        jobs = self.one.client.call('QueueService/ListJobs')
        self.assertEqual((jobs['waiting'], jobs['running'], jobs['jobs']), (0, 0, []))

    def test_SweepIsMadeAndShownAndCancelledAtOnce(self):
        name, seconds = self.sweep('--set', f'{TINY_SET},steps=10000000', '--then', 'evaluate')
        self.within('made, whole command', seconds, CREATE_BAR)
        self.within('made, in the server', self.in_server('CreateSweep')[0], CREATE_BAR)
        wait_until('a member to train', lambda: self.counts(self.get(name)).get('RUNNING'))
        for _ in range(LOOKS):
            shown = self.get(name)
        self.assertEqual(self.counts(shown), {'RUNNING': 1, 'QUEUED': self.runs - 1})
        self.assertEqual(self.counts(shown, 'analysis_counts'), {'QUEUED': self.runs})
        self.within(f'GetSweep in the server, p99 of {LOOKS}', self.in_server('GetSweep')[1], SHOW_BAR)
        times = []
        for _ in range(5):
            begin = time.monotonic()
            self.cli(self.one, 'sweeps', 'show', '@last')
            times.append(time.monotonic() - begin)
        self.within('sweeps show, whole command, the best of 5', min(times), SHOW_BAR)

        begin = time.monotonic()
        self.cli(self.one, 'sweeps', 'cancel', '@last')
        acknowledged = time.monotonic() - begin
        ended = wait_until('all to have ended', lambda: (lambda sweep: sweep if sweep['state'] != 'SWEEP_RUNNING' else None)(
            self.get(name)))
        say(f'cancel acknowledged after {1000 * acknowledged:.0f} ms')
        self.within('cancelled, until all has ended', time.monotonic() - begin, CANCEL_BAR)
        self.assertEqual(ended['state'], 'SWEEP_CANCELLED')
        self.assertEqual(self.counts(ended), {'CANCELLED': self.runs})
        self.assertEqual(self.counts(ended, 'analysis_counts'), {'CANCELLED': self.runs})
        self.assert_nothing_waits()
        self.assert_well(self.one)

    def test_SweepGivenAsManyFailuresAsItMayHaveEndsTheRest(self):
        name, _ = self.sweep('--set', f'{TINY_SET},steps=500,schedule=paper1,learning_rate=10,weight_decay=10', '--then', 'evaluate', '--max-fails',
                             str(MAX_FAILS))
        ended = wait_until('the sweep to have ended', lambda: (
            lambda sweep: sweep if sweep['state'] != 'SWEEP_RUNNING' else None)(self.get(name)))
        self.assertEqual(ended['state'], 'SWEEP_FAILED', ended)
        counts = self.counts(ended)
        # One may have begun while the last failure was written.
        self.assertIn(counts['FAILED'], (MAX_FAILS, MAX_FAILS + 1), counts)
        self.assertEqual(counts['FAILED'] + counts['CANCELLED'], self.runs, counts)
        rest = self.one.client.call('RunService/ListRuns', filter='state = "CANCELLED"', page_size=1000)['runs']
        self.assertEqual({run['state_reason'] for run in rest}, {'SWEEP_FAILED_TOO_OFTEN'})
        self.assert_nothing_waits()
        self.cli(self.one, 'sweeps', 'watch', '@last', code=5)
        self.assert_well(self.one)


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--quick', action='store_true')
    if parser.parse_args().quick:
        LargeSweep.part = 20
    unittest.main(argv=[sys.argv[0]], verbosity=2)
