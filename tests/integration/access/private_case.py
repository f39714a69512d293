"""What the tests of private runs have in common: who is there, what they make, and how answers are compared."""

import uuid

from harness.case import IntegrationTest
from harness.lab import Lab
from harness.models import TINY_SPEC
from harness.raw_calls import answer_of, path_of
from harness.waiting import wait_until

# Of the same length, so that one becomes the other within any message.
SECRET, ABSENT = 'secret-a1', 'absent-b2'
TAGS = [dict(node='P5L0H0', tag='Fail%:8'), dict(node='P6L0H0', tag='Algo:A1.SC')]
EVALUATE = dict(evaluate={})
LINES = b'12+34\n55+44\n9+1\n'
LONG = dict(TINY_SPEC, steps=10_000_000)
SEEDS = [dict(field='seed', values=['1', '2'])]

# What a method needs beside the name that it is asked for.
NEEDS = {
    'CreateAnalysis': dict(request=EVALUATE, question_set=dict(uniform=dict(count=20))),
    'ReadTensor': dict(tensor='blocks.0.attn.hook_z'),
    'UpdateRun': dict(update_mask='labels.a'),
    'CreateToken': dict(display_name='x'),
    'UpdateUser': dict(update_mask='role'),
    'SetJobPriority': dict(priority='LOW'),
    'RetrySweep': dict(request_id=str(uuid.uuid4())),
}
# Kinds of names by which the methods of these services find something.
FOUND = {
    'QueueService': ('run', 'prefix', 'job', 'analysis', 'analysis_job', 'member', 'member_job'),
    'SweepService': ('sweep', 'sweep_prefix'),
}
# Methods that name no resource: what they tell is compared in lists, or cannot tell of runs.
NAMELESS = {'CreateRun', 'ListRuns', 'ListFacts', 'ListQuestionSets', 'UploadQuestionSet', 'ImportRun', 'GetServerInfo',
            'GetCaller', 'CreateUser', 'ListUsers', 'ListAuditRecords', 'ListJobs', 'ListDevices', 'WatchDevices',
            'CreateSweep', 'ListSweeps'}

LISTS = [
    ('RunService/ListRuns', dict(show_deleted=True)), ('RunService/ListRuns', dict(page_size=1)),
    ('RunService/ListRuns', dict(order_by='model_name')), ('RunService/ListRuns', dict(order_by='end_time desc')),
    ('RunService/ListRuns', dict(filter='owner = "ada"')), ('RunService/ListRuns', dict(filter='state = SUCCEEDED')),
    ('RunService/ListRuns', dict(filter='labels.project = "secret"')), ('RunService/ListRuns', dict(filter='labels.project:*')),
    ('RunService/ListRuns', dict(filter='sweep:*')), ('RunService/ListRuns', dict(filter='NOT sweep:*')),
    ('RunService/ListRuns', dict(filter='NOT owner = "ben"')), ('RunService/ListRuns', dict(filter='spec.n_digits = 2')),
    ('AnalysisService/ListAnalyses', dict(parent='runs/-')), ('AnalysisService/ListAnalyses', dict(parent='runs/-', page_size=1)),
    ('AnalysisService/ListAnalyses', dict(parent='runs/-', analysis='evaluate')),
    ('CaptureService/ListCaptures', dict(parent='runs/-')),
    ('FactService/ListFacts', {}), ('FactService/ListFacts', dict(page_size=1)),
    ('FactService/ListFacts', dict(filter=f'run.name = "{SECRET}"')), ('FactService/ListFacts', dict(filter='run.owner = "ada"')),
    ('FactService/ListFacts', dict(filter='task = "A1.SC"')), ('FactService/ListFacts', dict(filter='kind = "Fail%"')),
    ('QuestionSetService/ListQuestionSets', {}), ('QuestionSetService/ListQuestionSets', dict(page_size=1)),
    ('SweepService/ListSweeps', {}), ('SweepService/ListSweeps', dict(page_size=1)),
    ('QueueService/ListJobs', {}), ('QueueService/ListJobs', dict(page_size=1)),
]
# All that a job of another's private run says.
TOLD_OF_HIDDEN_JOBS = {'state', 'place', 'create_time', 'start_time', 'expected_start', 'expected_end', 'another_users'}


class PrivateCase(IntegrationTest):
    """A lab of two members and a viewer, and everything that one of them may keep to herself."""

    def setUp(self):
        self.lab = Lab(self, users=[('ada', 'MEMBER'), ('ben', 'MEMBER'), ('vic', 'VIEWER')])
        self.ada, self.ben = self.lab.client('ada'), self.lab.client('ben')

    def create(self, client, run, visibility='LAB', spec=None, **fields):
        client.call('RunService/CreateRun', request_id=str(uuid.uuid4()), run_id=run, visibility=visibility,
                    spec=spec or dict(TINY_SPEC, steps=20), **fields)
        return f'runs/{run}'

    def ask(self, client, run, request, **fields):
        name = client.call('AnalysisService/CreateAnalysis', parent=run, request=request, **fields)['analysis']['name']

        def ended():
            analysis = client.call('AnalysisService/GetAnalysis', name=name)
            self.assertNotIn(analysis['state'], ('FAILED', 'CANCELLED'), analysis)
            return analysis['state'] == 'SUCCEEDED'
        wait_until(f'{name} to be answered', ended)
        return name

    def sweep(self, client, visibility='LAB', spec=None, **fields):
        return client.call('SweepService/CreateSweep', request_id=str(uuid.uuid4()), visibility=visibility, fields=SEEDS,
                           spec=spec or dict(TINY_SPEC, steps=20), **fields)['name']

    def members(self, client, sweep):
        return client.call('RunService/ListRuns', filter=f'sweep = "{sweep}"')['runs']

    def ended_sweep(self, client, visibility, **fields):
        then = [dict(request=EVALUATE, question_set=dict(uniform=dict(count=20)))]
        name = self.sweep(client, visibility, then=then, **fields)
        wait_until(f'{name} to end', lambda: client.call('SweepService/GetSweep', name=name)['state'] == 'SWEEP_SUCCEEDED')
        return name

    def names_of_sweep(self, client, sweep):
        member = self.members(client, sweep)[0]
        return dict(sweep=sweep, sweep_prefix=sweep[:-3], member=member['name'], member_job=member['job'])

    def upload(self, client, lines):
        return client.upload('QuestionSetService/UploadQuestionSet', [dict(header=dict(n_digits=2)), dict(data=lines)])

    def everything_of(self, client, run, visibility, lines, **fields):
        """A run with one of each: {kind: name}."""
        name = self.create(client, run, visibility, **fields)
        wait_until(f'{name} to be trained', lambda: client.call('RunService/GetRun', name=name)['state'] == 'SUCCEEDED')
        questions = self.upload(client, lines)
        uploaded = dict(uploaded=dict(sha256=questions['sha256']))
        analysis = self.ask(client, name, EVALUATE, question_set=uploaded)
        capture = self.ask(client, name, dict(capture=dict(hooks=['blocks.0.attn.hook_z'])),
                           question_set=dict(uniform=dict(count=5)))
        self.ask(client, name, dict(import_tags=dict(file_name='tags.json', tags=TAGS)))
        jobs = dict(job=client.call('RunService/GetRun', name=name)['job'],
                    analysis_job=client.call('AnalysisService/GetAnalysis', name=analysis)['job'])
        sweep = self.names_of_sweep(client, self.ended_sweep(client, visibility, **fields))
        return dict(jobs, **sweep, run=name, checkpoint=f'{name}/checkpoints/20', last=f'{name}/checkpoints/last',
                    analysis=analysis, capture=capture.replace('/analyses/', '/captures/'),
                    question_set=questions['name'], prefix=name[:-3])

    def wait_for_idle_queue(self):
        def is_idle():
            queue = self.ben.call('QueueService/ListJobs')
            return (queue['jobs'], queue['waiting'], queue['running']) == ([], 0, 0)
        wait_until('the queue to be empty', is_idle)

    def told(self, method, answer):
        """All of the answer, but the use of the devices that is kept of each user, which fades with time."""
        if method.name == 'ListJobs' and answer.messages:
            message = self.ben.message(method.output_type.full_name).FromString(answer.messages[0])
            message.ClearField('shares')
            answer.messages[0] = message.SerializeToString(deterministic=True)
        return answer.bytes()

    def lists(self):
        """Every list as ben sees it, page by page, when no job is there."""
        self.wait_for_idle_queue()
        seen = {}
        for path, fields in LISTS:
            method, token, pages = self.ben.method(f'sumscope.v1.{path}'), '', []
            while True:
                answer = answer_of(self.ben, method, [dict(fields, page_token=token)])
                pages.append(self.told(method, answer))
                token = self.ben.message(method.output_type.full_name).FromString(
                    answer.messages[0]).next_page_token if answer.messages else ''
                if not token:
                    break
            seen[path, str(fields)] = pages
        return seen

    def assert_same_as_absent(self, method, present, absent, replacements):
        hidden = answer_of(self.ben, method, [present])
        missing = answer_of(self.ben, method, [absent])
        self.assertEqual(hidden.bytes(*replacements), missing.bytes(), f'{path_of(method)} {present}')
        return missing
