"""SIGKILL in the middle of an evaluation: it goes on from its last state, and counts what an undisturbed one counts."""

import contextlib
import os
import signal
import sqlite3
import unittest
import uuid

from harness.case import IntegrationTest
from harness.models import TINY_SPEC
from harness.waiting import say, wait_until

PROBE = 100_000  # questions that say how fast the machine is
SECONDS = 8  # of the whole evaluation
ENDED = ('SUCCEEDED', 'FAILED', 'CANCELLED')


class EvaluationCrashTest(IntegrationTest):
    def setUp(self):
        self.one = self.server()
        self.run_name = self.one.train(**TINY_SPEC, steps=40)
        probe = self.wait_for_end(self.ask(PROBE))
        self.questions = min(int(PROBE * SECONDS / max(probe['provenance']['seconds'], 0.1)), 100_000_000)

    def ask(self, count, seed=1):
        return self.one.client.call('AnalysisService/CreateAnalysis', parent=self.run_name, request_id=str(uuid.uuid4()),
                                    request=dict(evaluate={}), question_set=dict(uniform=dict(count=count), seed=seed))['analysis']['name']

    def analysis(self, name):
        return self.one.client.call('AnalysisService/GetAnalysis', name=name)

    def wait_for_end(self, name, state='SUCCEEDED'):
        ended = wait_until(f'{name} to end', lambda: (lambda found: found['state'] in ENDED and found)(self.analysis(name)),
                           120)
        self.assertEqual(ended['state'], state, ended)
        return ended

    def done(self, name):
        """Questions of the state that is kept of the analysis; 0: none."""
        with contextlib.closing(sqlite3.connect(f'file:{self.one.data}/catalog.db?mode=ro', uri=True, timeout=30)) as catalog:
            row = catalog.execute('SELECT done FROM partial_results JOIN jobs ON jobs.id = job WHERE analysis = ?',
                                  [name.rsplit('/', 1)[1]]).fetchone()
        return row[0] if row else 0

    def in_the_middle(self, name, beyond=0):
        """Waits for a state of more than `beyond` questions; how many."""
        def counted():
            self.assertNotIn(self.analysis(name)['state'], ENDED, 'it must not be over yet')
            done = self.done(name)
            return done if done > beyond else 0
        return wait_until(f'{name} to have kept a state of more than {beyond} questions', counted)

    def assert_goes_on(self, name, done):
        """Running again, it shows no less than what it had kept."""
        def running():
            found = self.analysis(name)
            return found if found['state'] in ('RUNNING',) + ENDED else None
        found = wait_until(f'{name} to run again', running)
        self.assertGreaterEqual(found['progress'], 0.999 * done / self.questions, found)

    def log(self):
        return [line['text'] for line in self.one.client.call('RunService/ListLogs', name=self.run_name)['lines']]

    def test_EvaluationGivenKilledWorkerThenKilledServerCountsTheSame(self):
        name = self.ask(self.questions)
        first = self.in_the_middle(name)
        os.kill(self.one.worker_pid(), signal.SIGKILL)
        self.assert_goes_on(name, first)
        second = self.in_the_middle(name, first)
        self.one.kill()
        self.assert_no_process(self.one)
        kept = self.done(name)
        self.assertGreaterEqual(kept, second)
        self.one.start()
        self.assert_goes_on(name, kept)
        disturbed = self.wait_for_end(name)
        say(f'{self.questions} questions, killed after {first} and {kept}')
        self.assertEqual(self.done(name), 0, 'nothing is kept of what has ended')
        self.assertFalse([line for line in self.log() if 'starts anew' in line])

        # Deleted, it is computed once more instead of being answered from the store.
        self.one.client.call('AnalysisService/DeleteAnalysis', name=name)
        undisturbed = self.wait_for_end(self.ask(self.questions))
        self.assertEqual(disturbed['result'], undisturbed['result'])
        self.assertEqual(int(undisturbed['result']['evaluate']['exact']['count']), self.questions)

    def test_EvaluationGivenCancelEndsAndKeepsNothing(self):
        name = self.ask(1_000_000_000)
        self.in_the_middle(name)
        self.one.client.call('AnalysisService/CancelAnalysis', name=name)
        self.wait_for_end(name, 'CANCELLED')
        self.assertEqual(self.done(name), 0)
        self.one.wait_for_slots('IDLE')


if __name__ == '__main__':
    unittest.main(verbosity=2)
