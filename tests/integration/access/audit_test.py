"""The audit: each call of a method that changes something leaves exactly one row, allowed, refused or killed."""

import json
import threading
import unittest
import uuid

import grpc

from harness.case import IntegrationTest
from harness.held_proxy import HeldProxy
from harness.lab import Lab
from harness.models import TINY_SPEC
from harness.programs import ORACLES
from harness.raw_calls import answer_of, methods, path_of
from harness.stock_client import StockClient
from harness.waiting import say, wait_until

WEIGHTS = ORACLES / 'mix_d5_l2_h3_early' / 'model.safetensors'
READING = ('Get', 'List', 'Watch', 'Stream', 'Read', 'Download', 'Explain')
LONG = dict(TINY_SPEC, steps=10_000_000)
EVALUATE = dict(evaluate={})
# Its loss is no number within a moment.
FAILING = dict(TINY_SPEC, steps=500, schedule='SCHEDULE_PAPER1', learning_rate=10, weight_decay=10)
SEEDS = [dict(field='seed', values=['1', '2'])]


def uuid4():
    return str(uuid.uuid4())


class AuditTest(IntegrationTest):
    def setUp(self):
        self.lab = Lab(self, users=[('ada', 'MEMBER'), ('ben', 'MEMBER'), ('vic', 'VIEWER')])
        self.admin, self.ada = self.lab.server.client, self.lab.client('ada')
        for name in ('ben', 'vic'):
            self.lab.client(name)
        self.seen = len(self.lab.audit())

    def mutating(self):
        return {method.name: method for method in methods(self.ada) if not method.name.startswith(READING)}

    def new_row(self, **expected):
        """The one row that the last call left."""
        rows = self.lab.audit()
        self.assertEqual(len(rows), self.seen + 1, rows[:max(1, len(rows) - self.seen)])
        self.seen += 1
        self.assertEqual({key: rows[0][key] for key in expected}, expected, rows[0])
        return rows[0]

    def no_row(self):
        self.assertEqual(len(self.lab.audit()), self.seen)

    def call(self, client, name, *parts, code='OK'):
        """Calls a mutating method; its answer as a message."""
        method = self.mutating()[name]
        answer = answer_of(client, method, parts)
        self.assertEqual(answer.code, code, answer)
        return client.message(method.output_type.full_name).FromString(answer.messages[0]) if code == 'OK' else answer

    def state(self, name):
        return self.ada.call('RunService/GetRun', name=name)['state']

    def wait_for(self, name, state):
        wait_until(f'{name} to be {state}', lambda: self.state(name) == state)

    def wait_for_sweep(self, name, state):
        wait_until(f'{name} to be {state}', lambda: self.ada.call('SweepService/GetSweep', name=name)['state'] == state)

    def made_sweep(self, spec):
        """A new sweep of ada's, whose row is counted."""
        self.seen += 1
        return self.ada.call('SweepService/CreateSweep', request_id=uuid4(), spec=spec, fields=SEEDS)['name']

    def made_run(self, run, spec):
        """The same of a run."""
        self.seen += 1
        return self.ada.call('RunService/CreateRun', request_id=uuid4(), run_id=run, spec=spec)

    def parts(self):
        """A call of each mutating method that succeeds, in an order in which they do: (method, caller, messages)."""
        known = {}

        def note(key, value):
            known[key] = value
            return value
        yield 'CreateRun', self.ada, [dict(request_id=uuid4(), run_id='done', spec=dict(TINY_SPEC, steps=5))]
        self.wait_for('runs/done', 'SUCCEEDED')
        yield 'UpdateRun', self.ada, [dict(run=dict(name='runs/done', labels=dict(a='b')), update_mask='labels.a')]
        yield 'CreateRun', self.ada, [dict(request_id=uuid4(), run_id='long', spec=LONG)]
        self.wait_for('runs/long', 'RUNNING')
        yield 'CreateAnalysis', self.ada, [dict(request_id=uuid4(), parent='runs/done', request=EVALUATE,
                                                question_set=dict(uniform=dict(count=20)))]
        analyses = self.ada.call('AnalysisService/ListAnalyses', parent='runs/done')['analyses']
        yield 'CancelAnalysis', self.ada, [dict(name=note('analysis', analyses[0]['name']))]
        yield 'DeleteAnalysis', self.ada, [dict(name=known['analysis'])]
        yield 'CreateRun', self.ada, [dict(request_id=uuid4(), run_id='waits', spec=LONG)]
        job = self.ada.call('RunService/GetRun', name='runs/waits')['job']
        yield 'HoldJob', self.ada, [dict(name='runs/waits')]
        yield 'SetJobPriority', self.ada, [dict(name=job, priority='LOW')]
        yield 'ReleaseJob', self.admin, [dict(name=job)]
        yield 'CancelRun', self.ada, [dict(name='runs/waits')]
        yield 'CancelRun', self.ada, [dict(name='runs/long')]
        self.wait_for('runs/long', 'CANCELLED')
        yield 'ResumeRun', self.ada, [dict(name='runs/long', request_id=uuid4())]
        yield 'CancelRun', self.admin, [dict(name='runs/long')]
        self.wait_for('runs/long', 'CANCELLED')
        yield 'RetryRun', self.ada, [dict(name='runs/done', request_id=uuid4())]
        yield 'CreateAnalysis', self.ada, [dict(request_id=uuid4(), parent='runs/done', request=dict(
            capture=dict(hooks=['blocks.0.attn.hook_z'])), question_set=dict(uniform=dict(count=5)))]

        def captures():
            return self.ada.call('CaptureService/ListCaptures', parent='runs/done')['captures']
        yield 'DeleteCapture', self.ada, [dict(name=wait_until('the capture', captures)[0]['name'])]
        yield 'DeleteRun', self.ada, [dict(name='runs/long')]
        yield 'UndeleteRun', self.ada, [dict(name='runs/long')]
        yield from self.parts_of_sweeps()
        data = WEIGHTS.read_bytes()
        yield 'ImportRun', self.ada, [
            dict(header=dict(request_id=uuid4(), run_id='foreign', operation='MIX', total_bytes=len(data))),
            *(dict(data=data[at:at + 1000_000]) for at in range(0, len(data), 1000_000))]
        yield 'UploadQuestionSet', self.ada, [dict(header=dict(n_digits=2)), dict(data=b'12+34\n')]
        yield 'CreateUser', self.admin, [dict(user_id='cy', user=dict(role='MEMBER'), request_id=uuid4())]
        yield 'UpdateUser', self.admin, [dict(user=dict(name='users/cy', disabled=True), update_mask='disabled')]
        yield 'CreateToken', self.ada, [dict(display_name='laptop')]
        tokens = self.ada.call('UserService/ListTokens')['tokens']
        yield 'RevokeToken', self.ada, [dict(name=tokens[0]['name'])]

    def parts_of_sweeps(self):
        def newest():
            return self.ada.call('SweepService/ListSweeps')['sweeps'][0]['name']
        then = [dict(request=EVALUATE, question_set=dict(uniform=dict(count=20)))]
        yield 'CreateSweep', self.ada, [dict(request_id=uuid4(), spec=LONG, fields=SEEDS, then=then)]
        name = newest()
        yield 'CancelSweep', self.ada, [dict(name=name)]
        self.wait_for_sweep(name, 'SWEEP_CANCELLED')
        yield 'DeleteSweep', self.ada, [dict(name=name)]
        yield 'CreateSweep', self.ada, [dict(request_id=uuid4(), spec=FAILING, fields=SEEDS, then=then)]
        name = newest()
        self.wait_for_sweep(name, 'SWEEP_FAILED')
        yield 'RetrySweep', self.ada, [dict(name=name, request_id=uuid4())]
        self.wait_for_sweep(name, 'SWEEP_FAILED')

    @staticmethod
    def resource_of(message, asked):
        """What the row of a call that was answered with the message names."""
        if message.DESCRIPTOR.name == 'Job':  # the run or the analysis that the job is of
            return message.analysis or message.run
        made = getattr(getattr(message, 'analysis', None) or getattr(message, 'token', None) or message, 'name', '')
        # A capture is the analysis that made it, under whose name it was created.
        return (made or asked['name']).replace('/captures/', '/analyses/')

    def test_EveryMutatingMethodThatSucceedsLeavesOneRow(self):
        called = set()
        for name, client, parts in self.parts():
            with self.subTest(name):
                self.no_row()
                message = self.call(client, name, *parts)
                row = self.new_row(method=f'/{path_of(self.mutating()[name])}', code='OK', reason='')
                who = ('users/ada', '127.0.0.1') if client is self.ada else (row['user'], 'socket')
                self.assertEqual((row['user'], row['address']), who)
                self.assertEqual(row['credential'], 'token test' if client is self.ada else row['credential'])
                self.assertEqual(row['request_id'], parts[0].get('request_id', parts[0].get('header', {}).get('request_id', '')))
                self.assertEqual(row['resource'], self.resource_of(message, parts[0]))
                called.add(name)
        self.assertEqual(called, set(self.mutating()), 'a method whose row no test has seen')
        text = json.dumps(self.lab.audit())
        for secret in (*self.lab.secrets.values(), '12+34'):
            self.assertNotIn(secret, text)

    def test_RefusedMutatingMethodLeavesOneRowToo(self):
        job = self.made_run('done', dict(TINY_SPEC, steps=5))['job']
        self.wait_for('runs/done', 'SUCCEEDED')
        sweep = self.made_sweep(LONG)
        callers = {name: self.lab.client(name) for name in ('vic', 'ben')}
        nobody = self.lab.connect(token='sst_t0000000_' + 'A' * 43)
        outcomes = {}
        for name, method in self.mutating().items():
            row = dict(method=f'/{path_of(method)}')
            for what, parts in self.refused(method, job, sweep).items():
                with self.subTest(name, what=what):
                    for user, client in callers.items():
                        answer = answer_of(client, method, parts)
                        if answer.code == 'OK':  # a viewer may make tokens: that is no refusal
                            self.new_row(**row, code='OK')
                            continue
                        found = self.new_row(**row, user=f'users/{user}', code=answer.code)
                        self.assertNotEqual(found['reason'], '')
                        outcomes[user, name] = found['reason']
        for name in ('CreateRun', 'DeleteRun', 'UploadQuestionSet', 'UpdateUser', 'HoldJob', 'CreateSweep'):  # more would be slowed down
            with self.subTest(name, what='nobody'):
                method = self.mutating()[name]
                answer = answer_of(nobody, method, self.refused(method, job, sweep)['absent'])
                self.assertEqual(answer.code, 'UNAUTHENTICATED', answer)
                self.new_row(method=f'/{path_of(method)}', user='', code=answer.code, reason='TOKEN_UNKNOWN')
        self.assertEqual(outcomes['vic', 'CancelRun'], 'METHOD_DENIED')
        self.assertEqual(outcomes['ben', 'CreateUser'], 'METHOD_DENIED')
        self.assertIn(outcomes['ben', 'CancelRun'], ('NOT_OWNER', 'RUN_NOT_FOUND'))
        for name in ('HoldJob', 'ReleaseJob', 'SetJobPriority', 'CancelSweep', 'RetrySweep', 'DeleteSweep'):
            self.assertEqual(outcomes['vic', name], 'METHOD_DENIED', name)
            self.assertEqual(outcomes['ben', name], 'NOT_OWNER', name)
        self.assertEqual(outcomes['vic', 'CreateSweep'], 'METHOD_DENIED')
        self.assertEqual(self.ada.call('SweepService/GetSweep', name=sweep)['state'], 'SWEEP_RUNNING')

    # What its owner may do, but not now: the transaction that finds that out is undone, its row is there.
    def test_OwnersCallThatIsRefusedForTheStateOfThingsLeavesOneRow(self):
        self.made_run('long', LONG)
        self.wait_for('runs/long', 'RUNNING')
        self.made_run('waits', LONG)
        sweep = self.made_sweep(LONG)
        seeds, twice = dict(request_id=uuid4(), spec=LONG, fields=SEEDS), [*SEEDS, *SEEDS]
        refusals = [
            ('HoldJob', dict(name='runs/long'), 'JOB_STARTED'),
            ('SetJobPriority', dict(name='runs/long', priority='LOW'), 'JOB_STARTED'),
            ('ReleaseJob', dict(name='runs/waits'), 'JOB_NOT_HELD'),
            ('SetJobPriority', dict(name='runs/waits'), 'PRIORITY_MISSING'),
            ('DeleteSweep', dict(name=sweep), 'SWEEP_UNFINISHED'),
            ('RetrySweep', dict(name=sweep, request_id=uuid4()), 'SWEEP_HAS_NO_FAILED'),
            ('CreateSweep', dict(seeds, fields=[]), 'SWEEP_EMPTY'), ('CreateSweep', dict(seeds, fields=twice), 'FIELD_TWICE')]
        self.assert_refused_with_one_row(refusals)
        self.seen += 1
        self.ada.call('SweepService/CancelSweep', name=sweep)
        self.wait_for_sweep(sweep, 'SWEEP_CANCELLED')
        member = self.ada.call('RunService/ListRuns', filter=f'sweep = "{sweep}"')['runs'][0]
        self.assert_refused_with_one_row([
            ('CancelSweep', dict(name=sweep), 'SWEEP_ENDED'), ('HoldJob', dict(name=member['name']), 'JOB_ENDED'),
            ('SetJobPriority', dict(name=member['job'], priority='LOW'), 'JOB_ENDED')])

        with self.subTest('the same sweep asked for twice, and its id with another body'):
            made = self.call(self.ada, 'CreateSweep', seeds).name
            self.new_row(code='OK', resource=made)
            self.assertEqual(self.call(self.ada, 'CreateSweep', seeds).name, made)
            self.new_row(code='OK', resource=made)
            self.call(self.ada, 'CreateSweep', dict(seeds, max_fails=1), code='ALREADY_EXISTS')
            self.new_row(code='ALREADY_EXISTS', user='users/ada', request_id=seeds['request_id'])

    def assert_refused_with_one_row(self, refusals):
        for name, fields, reason in refusals:
            with self.subTest(name, reason=reason):
                method = self.mutating()[name]
                answer = answer_of(self.ada, method, [fields])
                self.new_row(method=f'/{path_of(method)}', user='users/ada', code=answer.code, reason=reason,
                             request_id=fields.get('request_id', ''))

    @staticmethod
    def refused(method, job, sweep):
        """Messages that no member may send: of what is absent, of what is another's, of what is wrong."""
        if method.client_streaming:
            return {'absent': [dict(data=b'no header')]}
        fields = method.input_type.fields_by_name
        if 'name' in fields and method.name.endswith('Sweep'):
            return {'absent': [dict(name='sweeps/nobody')], 'another\'s': [dict(name=sweep)]}
        if 'name' in fields and method.name.startswith(('Hold', 'Release', 'Set')):
            return {'absent': [dict(name='runs/nobody')], 'absent job': [dict(name='jobs/nobody')],
                    'another\'s': [dict(name='runs/done')], 'another\'s job': [dict(name=job)]}
        for holder in ('run', 'user'):
            if holder in fields and method.name.startswith('Update'):
                return {kind: [{holder: dict(name=f'{holder}s/{name}'), 'update_mask': 'labels' if holder == 'run' else 'role'}]
                        for kind, name in (('absent', 'nobody'), ('another\'s', 'done'))}
        for key in ('name', 'parent'):
            if key in fields:
                places = dict(Token='users/{}/tokens/t0000000', Analysis='runs/{}/analyses/a0000000',
                              Capture='runs/{}/captures/a0000000')
                place = next((one for part, one in places.items() if method.name.endswith(part)), 'runs/{}')
                place = {'CreateToken': 'users/{}', 'CreateAnalysis': 'runs/{}'}.get(method.name, place)
                return {'absent': [{key: place.format('nobody')}], 'another\'s': [{key: place.format('done')}]}
        return {'absent': [{}]}

    def test_ReadingLeavesNoRow(self):
        job, sweep = self.made_run('done', dict(TINY_SPEC, steps=5))['job'], self.made_sweep(dict(TINY_SPEC, steps=5))
        self.wait_for_sweep(sweep, 'SWEEP_SUCCEEDED')
        answered = set()
        for method in methods(self.ada):
            if not method.name.startswith(READING):
                continue
            named = 'name' in method.input_type.fields_by_name
            for fields in ({}, *(dict(name=name) for name in ('runs/done', job, sweep) if named)):
                for client in (self.ada, self.lab.client('vic')):
                    answer = answer_of(client, method, [fields], timeout=2)  # the watch of the devices has no end
                    if answer.messages:
                        answered.add(method.name)
        self.no_row()
        for name in ('ListJobs', 'ExplainJob', 'ListDevices', 'WatchDevices', 'GetSweep', 'ListSweeps', 'WatchSweep'):
            self.assertIn(name, answered)

    def test_AuditIsFilteredPagedAndForAdmins(self):
        run = self.ada.call('RunService/CreateRun', request_id=uuid4(), spec=LONG)['name']
        self.ada.call('RunService/UpdateRun', run=dict(name=run, labels=dict(a='b')), update_mask='labels')
        self.lab.client('ben').call('RunService/CreateRun', request_id=uuid4(), spec=LONG)
        admin = self.lab.server.address

        def rows(*options):
            return self.cli(admin, 'audit', '-o', 'jsonl', *options).text.splitlines()
        self.assertEqual(len(rows('--user', 'ada')), 2)
        self.assertEqual(len(rows('--user', 'ada', '--method', 'CreateRun')), 1)
        self.assertEqual(len(rows('--resource', run)), 2)
        self.assertEqual(len(rows('--limit', '1')), 1)
        self.assertGreater(len(rows('--since', '1h')), 3)
        self.assertEqual(rows('--since', '2099-01-01T00:00:00Z'), [])
        self.assertIn('ada', self.cli(admin, 'audit').text)
        self.assert_refused(None, 'METHOD_DENIED', 4, 'audit', env=self.lab.environment('ada'))
        first = self.admin.call('UserService/ListAuditRecords', page_size=2)
        self.assertTrue(first['next_page_token'])
        with self.assertRaises(grpc.RpcError):
            self.admin.call('UserService/ListAuditRecords', page_size=2, page_token=first['next_page_token'] + 'x')
        sequences = [int(row['sequence']) for row in self.lab.audit()]
        self.assertEqual(sequences, sorted(set(sequences), reverse=True))

    # Killed between the mutation and its answer: the run and its row are both there, or neither.
    def test_ServerKilledBetweenMutationAndAnswerHasBothOrNone(self):
        server, made = self.lab.server, []
        proxy = HeldProxy(f'{self.root}/p', server.address)
        self.addCleanup(proxy.close)
        rounds, both = 12, 0
        for number in range(rounds):
            slow = StockClient(proxy.address, options=[('grpc.use_local_subchannel_pool', 1)])
            slow.call('RunService/ListRuns')
            slow.method('sumscope.v1.RunService/CreateRun')
            calls, bare = [], slow._caller('sumscope.v1.RunService/CreateRun')
            proxy.hold('down', 0)  # no answer passes
            ids = [f'k{number}-{i}' for i in range(4)]
            for run in ids:
                request = bare[0](request_id=uuid4(), run_id=run, model_name='add_d2_l1_h1')
                calls.append(bare[1].future(request, timeout=60))
            if number % 2:
                wait_until('the last of them to be there', lambda: self.exists(server.client, ids[-1]))
            elif number:
                threading.Event().wait(0.0005 * number)  # the moment of the kill, anywhere within the calls
            server.kill()
            proxy.cut()
            for call in calls:
                with self.assertRaises(grpc.RpcError):
                    call.result()
            slow.close()
            server.start()
            made += ids
            for run in made:
                rows = [row for row in self.lab.audit(resource=f'runs/{run}') if row['method'].endswith('/CreateRun')]
                self.assertEqual(len(rows), int(self.exists(server.client, run)), f'{run}: {rows}')
                self.assertTrue(all(row['code'] == 'OK' for row in rows), rows)
                both += run in ids and len(rows)
        say(f'of {4 * rounds} runs that were being made {both} are there, each with its row')
        self.assertTrue(0 < both)

    @staticmethod
    def exists(client, run):
        try:
            client.call('RunService/GetRun', name=f'runs/{run}')
            return True
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.NOT_FOUND:
                raise
            return False


if __name__ == '__main__':
    unittest.main(verbosity=2)
