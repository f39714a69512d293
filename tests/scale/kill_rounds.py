"""Server, worker or both killed in the middle of slices, sweeps and dependencies, again and again.

    kill_rounds.py [--quick] [--seed N] [--lane]

By hand 100 rounds, with --quick 3; short analyses wait in the queue, or with --lane take the quick lane. In each round two users queue trainings that take turns, a run after another run, orders
of analyses and a sweep; something is killed at a chance moment; then all is to end as if nothing had happened: every job
once at its end, the bytes of undisturbed trainings, no dependency released early, and what was charged is what was had.
"""

import argparse
import contextlib
import os
import random
import signal
import sqlite3
import sys
import time
import unittest
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'integration'))

from harness.case import IntegrationTest  # noqa: E402
from harness.lab import Lab  # noqa: E402
from harness.waiting import say, wait_until  # noqa: E402

ROUNDS, QUICK_ROUNDS = 100, 3
SLICE = 1.1  # seconds
TRAINING = 2 * SLICE  # seconds of a long one
SPEC = dict(operation='ADD', n_digits=2, n_layers=1, n_heads=1, d_model=32, d_head=32, d_mlp=64, batch_size=8)
SHORT = dict(SPEC, steps=100)
EVALUATE = dict(request=dict(evaluate={}), question_set=dict(uniform=dict(count=50)))
UNCHARGED = 5  # seconds of a job that may be forgiven when its server dies
SLACK = 0.5  # seconds between an event's time and that of the charge, for each segment
ENDED = ('SUCCEEDED', 'FAILED', 'CANCELLED')


class KillRounds(IntegrationTest):
    longest = 3 * 3600
    rounds, seed = ROUNDS, 1
    lane_rests = True  # its analyses stand in the queue then, and trainings give way to them

    def setUp(self):
        self.chance = random.Random(self.seed)
        self.lab = Lab(self, users=[('ada', 'MEMBER'), ('ben', 'MEMBER')], slots=('cpu0:cpu:1', 'cpu1:cpu:1'), resume_interval=0.3,
                       flags=['--slice-minutes', str(SLICE / 60), '--half-life-hours', '1000000',
                              '--quick-seconds', '0' if self.lane_rests else '10'])
        self.one = self.lab.server
        self.one.wait_for_slots('IDLE')
        self.long = dict(SPEC, steps=self.steps_of(TRAINING))
        self.undisturbed = {spec['steps']: self.one.weights(self.one.train(**spec, seed=1)) for spec in (self.long, SHORT)}
        self.kills, self.killed, self.segments = [], dict.fromkeys(('server', 'worker', 'both'), 0), 0

    def steps_of(self, seconds):
        """Steps that take so long on this machine as it is now."""
        probe = self.one.train(**SPEC, steps=500)
        return 101 + int(seconds * 500 / sum(1 / row[-1] for row in self.one.metrics(probe, 'TIMING')[1]))

    def rows(self, sql, *values):
        with contextlib.closing(sqlite3.connect(f'file:{self.one.data}/catalog.db?mode=ro', uri=True, timeout=30)) as catalog:
            return catalog.execute(sql, values).fetchall()

    def last_event(self):
        return self.rows('SELECT ifnull(max(sequence), 0) FROM events')[0][0]

    def call(self, user, method, **fields):
        return self.lab.client(user).call(method, request_id=str(uuid.uuid4()), **fields)

    def queue_work(self):
        """Of one round: {name of a run: the run that it waits for, or ''}."""
        first = self.call('ada', 'RunService/CreateRun', spec=dict(self.long, seed=1))['name']
        self.call('ada', 'AnalysisService/CreateAnalysis', parent=first, **EVALUATE)
        after = self.call('ben', 'RunService/CreateRun', spec=dict(SHORT, seed=1), after=[first])['name']
        alone = self.call('ben', 'RunService/CreateRun', spec=dict(self.long, seed=1))['name']
        self.sweep = self.call('ben', 'SweepService/CreateSweep', spec=SHORT, fields=[dict(field='seed', values=['1', '2', '3'])],
                               then=[EVALUATE], max_parallel=1)['name']
        members = self.rows('SELECT id FROM runs WHERE sweep = ?', self.sweep.removeprefix('sweeps/'))
        self.assertEqual(len(members), 3)
        return {first: '', after: first, alone: ''} | {f'runs/{run}': '' for run, in members}

    def kill_something(self):
        """After a chance number of events; where the server dies, another one starts."""
        until = self.last_event() + self.chance.randint(0, 30)
        wait_until('so many events', lambda: self.last_event() >= until or not self.unfinished())
        victim = self.chance.choice(list(self.killed))
        workers = [int(slot['worker_pid']) for slot in self.one.info()['slots'] if int(slot.get('worker_pid', 0))]
        if victim == 'both':
            os.kill(self.one.pid, signal.SIGSTOP)  # so that it cannot see its workers' death
        if victim != 'server' and workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.chance.choice(workers), signal.SIGKILL)
        if victim != 'worker':
            self.kills.append(time.time())
            self.one.kill()
            for client in self.lab.clients.values():
                client.close()
            self.assert_no_process(self.one)
            self.one.start()
            self.lab.clients = {user: self.lab.connect(token=self.lab.secrets[user]) for user in self.lab.clients}
        self.killed[victim] += 1

    def unfinished(self):
        return self.rows(f"SELECT count(*) FROM jobs WHERE state NOT IN {ENDED}")[0][0]

    def test_EverythingEndsOnceWhateverIsKilled(self):
        begin = time.monotonic()
        for number in range(self.rounds):
            with self.subTest(round=number, seed=self.seed):
                since = self.last_event()
                runs = self.queue_work()
                self.kill_something()
                wait_until('every job to have ended', lambda: not self.unfinished(), 400)
                self.assert_round(runs, since)
            if (number + 1) % 10 == 0:
                say(f'{number + 1} rounds in {time.monotonic() - begin:.0f} s')
        self.assert_charges()
        slices = self.rows("SELECT count(*) FROM events WHERE state = 'QUEUED' AND reason = 'SLICE'")[0][0]
        say(f'{self.rounds} rounds in {time.monotonic() - begin:.0f} s: killed {self.killed}; {self.segments} segments, {slices} '
            'slices')
        if self.rounds >= ROUNDS and self.lane_rests:
            self.assertGreater(slices, self.rounds / 10)
        self.assert_well(self.one)

    def assert_round(self, runs, since):
        events = self.rows('SELECT sequence, run, job, state, reason, of_training FROM events WHERE sequence > ? ORDER BY sequence',
                           since)
        jobs = self.rows('SELECT id, run, analysis, state, reason, detail, attempt, segment FROM jobs WHERE run IN ('
                         f"{', '.join('?' * len(runs))})", *(name.removeprefix('runs/') for name in runs))
        self.assertEqual(len(jobs), len(runs) + 4, 'a job for each training and each order')
        succeeded = {run: sequence for sequence, run, _, state, _, training in events if training and state == 'SUCCEEDED'}
        for job, run, analysis, *state in jobs:
            its = [event for event in events if event[2] == job]
            self.assertEqual(state[0], 'SUCCEEDED', (run, analysis, state, its))
            self.assertEqual([event[3] for event in its if event[3] in ENDED], ['SUCCEEDED'], its)
            self.assertIn(its[-1][3], ENDED, 'nothing comes after the end')
            starts = [event[0] for event in its if event[3] == 'STARTING']
            self.assertEqual(len(starts), state[4], 'a start for each segment')
            self.segments += len(starts)
            needs = run if analysis else runs[f'runs/{run}'].removeprefix('runs/')
            if needs:
                self.assertGreater(starts[0], succeeded[needs], f'{run} {analysis} started before {needs} had succeeded')
        self.assertEqual(self.rows('SELECT count(*) FROM orders')[0][0], 0)
        self.assertEqual(self.rows('SELECT count(*) FROM job_dependencies')[0][0], 0)
        self.assertEqual(self.one.client.call('SweepService/GetSweep', name=self.sweep)['state'], 'SWEEP_SUCCEEDED')
        for name in runs:
            run = self.one.run(name)
            if int(run['spec']['seed']) == 1:
                self.assertEqual(self.one.weights(name), self.undisturbed[int(run['spec']['steps'])], 'bytes of every checkpoint')
            self.assertEqual(len(self.one.metrics(name)[1]), int(run['spec']['steps']))

    def assert_charges(self):
        """What users were charged is what their jobs say, and that is the time between a segment's start and its end."""
        jobs = self.rows('SELECT id, owner, device_seconds FROM jobs')
        usage = dict(self.rows('SELECT user, device_seconds FROM usage'))
        for owner in {owner for _, owner, _ in jobs}:
            charged = sum(seconds for _, whose, seconds in jobs if whose == owner)
            say(f'{owner or "the server"}: {charged:.1f} device-seconds of jobs, {usage.get(owner, 0):.1f} charged')
            self.assertAlmostEqual(charged, usage.get(owner, 0), delta=0.01 + 1e-3 * charged)
        forgiven = 0
        for job, _, charged in jobs:
            had = sure = slack = 0
            start = None
            for state, at in self.rows('SELECT state, time FROM events WHERE job = ? ORDER BY sequence', job):
                if state == 'STARTING':
                    start = at / 1e9
                elif start is not None and state in (*ENDED, 'QUEUED'):
                    died = next((kill for kill in self.kills if start <= kill <= at / 1e9), None)
                    had += (died or at / 1e9) - start
                    sure += max(0, died - start - UNCHARGED) if died else at / 1e9 - start
                    start, slack = None, slack + SLACK
            self.assertLessEqual(charged, had + slack, f'jobs/{job} was charged too much')
            self.assertGreaterEqual(charged, sure - slack, f'jobs/{job} was charged too little')
            forgiven += had - charged
        say(f'{forgiven:.1f} device-seconds were forgiven')


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--rounds', type=int, default=ROUNDS)
    parser.add_argument('--lane', action='store_true')
    arguments = parser.parse_args()
    KillRounds.lane_rests = not arguments.lane
    KillRounds.rounds, KillRounds.seed = QUICK_ROUNDS if arguments.quick else arguments.rounds, arguments.seed
    unittest.main(argv=[sys.argv[0]], verbosity=2)
