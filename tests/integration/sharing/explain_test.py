"""Why a job waits: each reason with who holds what it needs, its place and an estimate, and nothing of private runs."""

import json
import unittest
import uuid

import grpc

from harness.case import IntegrationTest
from harness.lab import Lab
from harness.models import TINY_SPEC, run_id
from harness.waiting import wait_until

LONG = dict(TINY_SPEC, steps=10_000_000)
SECRET = 'undisclosed'


class ExplainTest(IntegrationTest):
    def lab_of(self, *flags, **options):
        self.lab = Lab(self, users=[('ada', 'MEMBER'), ('ben', 'MEMBER')], flags=flags, **options)
        return self.lab.server

    def create(self, user, **fields):
        return self.lab.client(user).call('RunService/CreateRun', request_id=str(uuid.uuid4()),
                                          **dict(dict(spec=LONG), **fields))['name']

    def running(self, user, **fields):
        name = self.create(user, **fields)
        self.lab.server.wait_for_state(name, 'RUNNING')
        return name

    def explain(self, user, name):
        return self.lab.client(user).call('QueueService/ExplainJob', name=name)

    def explained(self, user, name, reason):
        """The explanation as soon as it has this reason; the command line says the same."""
        def is_said():
            explanation = self.explain(user, name)
            self.assertEqual(explanation['job']['state'], 'QUEUED', explanation)
            return explanation if explanation['job']['reason'] == reason else None
        explanation = wait_until(f'{name} to wait for {reason}', is_said, 30)
        shown = self.cli(None, 'explain', run_id(name), env=self.lab.environment(user)).text
        self.assertIn(reason, shown)
        return explanation

    def queue(self, user):
        return self.lab.client(user).call('QueueService/ListJobs')

    def test_JobsGivenOneSlotSayWhatTheyWaitFor(self):
        self.lab_of()
        holder = self.running('ada')
        slice_, next_ = self.create('ben'), self.create('ada')
        shown = self.queue('ben')['jobs'][0]
        self.assertEqual((shown['run'], shown['state'], shown['slot'], shown['reason']), (holder, 'RUNNING', 'cpu0', ''))
        self.assertNotIn('expected_start', shown)

        waits = self.explained('ben', slice_, 'SLICE')
        self.assertEqual(waits['job']['place'], 1)
        self.assertEqual([(each['slot'], each['owner'], each['job']) for each in waits['holders']],
                         [('cpu0', 'ada', self.explain('ada', holder)['job']['name'])])
        for part in ('cpu0', 'ada', 'number 1 of 2'):
            self.assertIn(part, waits['text'])
        self.assertIn('expected_start', waits['job'], 'an estimate')
        estimate = waits['job']['expected_start']
        self.assertLessEqual(estimate['earliest'], estimate['time'])
        self.assertLessEqual(estimate['time'], estimate['latest'])

        waits = self.explained('ada', next_, 'PRIORITY')
        self.assertEqual(waits['job']['place'], 2)
        self.assertIn('number 2 of 2', waits['text'])
        self.assertEqual([job['place'] for job in self.queue('ben')['jobs']], [0, 1, 2])

        self.lab.client('ben').call('QueueService/HoldJob', name=slice_)
        waits = self.explained('ada', slice_, 'HELD')
        self.assertIn('ben', waits['text'])
        self.assertEqual(waits['job']['place'], 0)
        waits = self.explained('ada', next_, 'RESOURCES')
        self.assertEqual((waits['job']['place'], waits['holders'][0]['slot']), (1, 'cpu0'))
        for part in ('cpu0', 'ada', 'number 1 of'):
            self.assertIn(part, waits['text'])

        after = self.create('ben', after=[holder])
        waits = self.explained('ben', after, 'DEPENDENCY')
        self.assertEqual((waits['job']['after'], waits['job']['place']), ([holder], 0))
        self.assertIn(holder, waits['text'])

    def test_JobGivenLimitOfItsOwnerSaysSo(self):
        self.lab_of('--limit', 'ada:running=1', slots=('cpu0:cpu:1', 'cpu1:cpu:1'))
        self.running('ada')
        waits = self.explained('ada', self.create('ada'), 'USER_LIMIT')
        for part in ('ada', '1 of at most 1'):
            self.assertIn(part, waits['text'])
        self.running('ben')  # the other slot is free for others

    # Others were told how many private jobs its owner had running, where and until when.
    def test_JobGivenLimitOfPrivateRunsTellsOthersNothingOfThem(self):
        self.lab_of('--limit', 'ada:running=1')
        hidden = self.running('ada', visibility='PRIVATE')
        ours = self.create('ada')
        waits = self.explained('ben', ours, 'USER_LIMIT')
        self.assertEqual(waits.get('holders', []), [])
        self.assertIn('has as many jobs running as they may', waits['text'])
        listed = [job for job in self.queue('ben')['jobs'] if job.get('run') == ours]
        for text in (waits['text'], waits['job']['detail'], listed[0]['detail']):
            for told in ('1 of at most', 'another user', 'cpu0', '1 job'):
                self.assertNotIn(told, text)
        waits = self.explained('ada', ours, 'USER_LIMIT')
        self.assertEqual([holder['job'] for holder in waits['holders']], [self.lab.server.run(hidden)['job']])
        self.assertIn('1 of at most 1', waits['text'])

    # What one had held was an answer to nobody, however often others asked.
    def test_QuestionGivenHoldIsReleasedByWhoeverAsksItToo(self):
        self.lab_of()
        run = self.running('ada')
        def ask(user):
            return self.lab.client(user).call('AnalysisService/CreateAnalysis', parent=run, request_id=str(uuid.uuid4()),
                                              request=dict(evaluate={}), question_set=dict(uniform=dict(count=10)))
        mine = ask('ada')['analysis']
        self.assertEqual(self.lab.client('ada').call('QueueService/HoldJob', name=mine['job'])['reason'], 'HELD')
        self.assertEqual(ask('ada')['analysis']['state_reason'], 'HELD')
        joined = ask('ben')
        self.assertEqual((joined['analysis']['name'], joined['from_cache']), (mine['name'], True))
        self.assertEqual(joined['analysis']['state_reason'], 'DEPENDENCY')
        self.assertEqual(self.explain('ada', mine['job'])['job']['held_by'], '')

    def test_JobGivenNoWorkerSaysSo(self):
        program = self.root / 'no-worker'
        program.write_text('#!/bin/sh\nexit 3\n')
        program.chmod(0o755)
        self.lab_of('--worker-program', str(program))
        waits = self.explained('ada', self.create('ada'), 'NO_WORKER')
        self.assertIn('cpu0', waits['text'])

    def test_AnotherUserGivenPrivateRunsLearnsPlaceAndTimesAlone(self):
        server = self.lab_of()
        hidden = dict(visibility='PRIVATE', labels=dict(what=SECRET))
        names = [self.running('ada', run_id=f'{SECRET}-one', **hidden), self.create('ada', run_id=f'{SECRET}-two', **hidden)]
        jobs = [server.run(name)['job'] for name in names]
        ours = self.create('ben')
        waits = self.explained('ben', ours, 'SLICE')
        self.assertEqual([(each['owner'], each['job']) for each in waits['holders']], [('another user', '')])
        self.assertIn('another user', waits['text'])
        after = self.queue('ben')
        self.assertEqual([job['another_users'] for job in after['jobs']], [True, False, True])
        environment = self.lab.environment('ben')
        said = [json.dumps(waits), json.dumps(after), json.dumps(self.lab.client('ben').call('DeviceService/ListDevices')),
                *(self.cli(None, *command, env=environment).text
                  for command in (('queue',), ('queue', '-o', 'json'), ('explain', run_id(ours)),
                                  ('explain', run_id(ours), '-o', 'json'), ('devices',), ('devices', '-o', 'json')))]
        for text in said:
            for secret in (SECRET, *(job.removeprefix('jobs/') for job in jobs)):
                self.assertNotIn(secret, text)
        for name in (*names, *jobs):
            for method in ('ExplainJob', 'HoldJob', 'ReleaseJob'):
                absent = name[:-2] + ('aa' if name.startswith('runs/') else '00')
                told = [self.refusal('ben', method, each) for each in (name, absent)]
                self.assertEqual(told[0].replace(name.split('/')[1], '*'), told[1].replace(absent.split('/')[1], '*'))
        self.assertEqual(self.explain('ada', names[1])['job']['name'], jobs[1], 'its owner sees all of it')

    def refusal(self, user, method, name):
        """Code, reason and text of a call that is refused."""
        with self.assertRaises(grpc.RpcError) as caught:
            self.lab.client(user).call(f'QueueService/{method}', name=name)
        return f'{caught.exception.code().name} {caught.exception.details()}'


if __name__ == '__main__':
    unittest.main(verbosity=2)
