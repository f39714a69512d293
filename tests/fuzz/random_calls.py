"""Random calls of every method that reflection tells of: whatever a client sends, it gets an answer or a reason.

    random_calls.py [--calls N] [--seed S] [--only I]

No call may end INTERNAL or UNKNOWN, without a reason of ours, or not at all, and the server is well afterwards. Call I
of seed S is made of random.Random(f'{S}/{I}') alone, but for the names that the server chose; --only repeats one.
"""

import argparse
import collections
import random
import sys
import time
import unittest
from pathlib import Path

import grpc
from google.protobuf import message_factory

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'integration'))

from valid_requests import ANALYSES, TINY, filled, learn, parts_of, request_of, names_for
from harness.case import IntegrationTest
from harness.waiting import say, wait_until
from values import Values, flood, spoil

SERVICES = ('RunService', 'AnalysisService', 'CaptureService', 'FactService', 'QuestionSetService', 'SystemService')
HANG = 5  # seconds within which every call ends that is no watch
WATCH = 0.3  # seconds that a watch is listened to
MESSAGE_LIMIT, GRPC_LIMIT = 4 << 20, 16 << 20
WORKER_MEMORY = 2 << 30  # what is accepted may be large: then it fails, and not this machine


class Call:
    """One call: what is sent, and how it was answered."""

    def __init__(self, index, method, parts):
        self.index, self.method, self.parts = index, method, parts
        self.path = f'/{method.containing_service.full_name}/{method.name}'
        self.code, self.reason, self.domain, self.detail, self.seconds = None, '', '', '', 0

    def is_watch(self):
        return self.method.name in ('WatchRun', 'WatchAnalysis', 'StreamMetrics')

    def fault(self):
        """What is wrong with the answer; '' if nothing."""
        if self.code is grpc.StatusCode.OK:
            return ''
        if self.code is grpc.StatusCode.DEADLINE_EXCEEDED and not self.reason:
            return '' if self.is_watch() else f'no answer within {HANG} s'
        if self.code in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN):
            return f'{self.code.name}: {self.detail[:300]}'
        if any(len(part) > GRPC_LIMIT for part in self.parts) and self.code is grpc.StatusCode.RESOURCE_EXHAUSTED:
            return ''  # refused by gRPC before any code of ours
        if not self.reason or self.domain != 'sumscope':
            return f'{self.code.name} without a reason: {self.detail[:300]}'
        return ''

    def __str__(self):
        shown = ' '.join(part[:200].hex() + ('..' if len(part) > 200 else '') for part in self.parts[:4])
        return f'call {self.index} {self.path} {[len(part) for part in self.parts]} {shown}'


class Caller:
    """Makes call after call on one channel."""

    def __init__(self, client, seed, known):
        self.client, self.seed, self.known = client, seed, known
        services = [client.pool.FindServiceByName(f'sumscope.v1.{service}') for service in SERVICES]
        self.methods = [method for service in services for method in service.methods]

    def make(self, index):
        rng = random.Random(f'{self.seed}/{index}')
        method = rng.choice(self.methods)
        known = dict(self.known, name=names_for(self.known, method.name), parent=self.known['run'])
        values = Values(rng, known)
        parts = []
        for template in self.templates(rng, method):
            message = filled(message_factory.GetMessageClass(method.input_type)(), template)
            for _ in range(rng.choice((0, 1, 1, 2, 3))):
                values.mutate(message)
            parts.append(message.SerializeToString())
        if rng.random() < 0.35:
            parts = [values.message(method.input_type).SerializeToString() for _ in parts]
        if rng.random() < 0.25:
            parts = [spoil(rng, part) for part in parts]
        if rng.random() < 0.02:
            room = rng.choice((1 << 16, MESSAGE_LIMIT - 100, MESSAGE_LIMIT - 100, MESSAGE_LIMIT + 100))
            parts = [flood(rng, method.input_type, room) or parts[0] if parts else b'']
        return Call(index, method, parts)

    def templates(self, rng, method):
        if not method.client_streaming:
            return [request_of(rng, self.known, method.name)]
        parts = parts_of(rng, self.known, method.name)
        if rng.random() < 0.3:
            rng.shuffle(parts)
        return parts[:rng.randrange(len(parts) + 1)] if rng.random() < 0.3 else parts

    def send(self, call):
        channel, stream = self.client.channel, call.method.client_streaming
        kind = {(False, False): channel.unary_unary, (False, True): channel.unary_stream, (True, False): channel.stream_unary}
        caller = kind[stream, call.method.server_streaming](call.path, request_serializer=bytes, response_deserializer=bytes)
        begin = time.monotonic()
        try:
            sent = iter(call.parts) if stream else call.parts[0]
            answer = caller(sent, timeout=WATCH if call.is_watch() else HANG)
            call.code = grpc.StatusCode.OK
            for data in self.read(answer) if call.method.server_streaming else [answer]:
                learn(self.known, random.Random(call.index), message_factory.GetMessageClass(call.method.output_type).FromString(data))
        except grpc.RpcError as error:
            call.code, call.detail = error.code(), error.details() or ''
            call.reason, call.domain = self.client.error_info(error)
        call.seconds = time.monotonic() - begin
        return call

    @staticmethod
    def read(stream):
        for count, data in enumerate(stream):
            yield data
            if count > 10:
                stream.cancel()
                return


class RandomCallsTest(IntegrationTest):
    longest = 3000
    calls, seed, only = 1000, 1, None

    def test_CallGivenAnythingIsAnsweredOrGivenAReason(self):
        server = self.server(wrapper=('prlimit', f'--data={WORKER_MEMORY}'), resume_interval=1)
        pid = server.pid
        known = self.prepare(server)
        caller = Caller(server.client, self.seed, known)
        outcomes, faults, slowest = collections.Counter(), [], 0
        for index in [self.only] if self.only is not None else range(self.calls):
            call = caller.send(caller.make(index))
            outcomes[call.code.name] += 1
            slowest = max(slowest, call.seconds)
            if call.fault():
                faults.append(f'{call.fault()}\n    {call}')
                say(faults[-1])
            if index % 1000 == 999:
                self.relieve(server)
                say(f'{index + 1} calls: {dict(outcomes)}, slowest {slowest:.2f} s, {len(faults)} faults')
        self.relieve(server)
        say(f'{sum(outcomes.values())} calls of {len(caller.methods)} methods: {dict(outcomes)}; slowest {slowest:.2f} s')
        self.assertEqual(server.pid, pid)
        self.assert_well(server)
        self.assertEqual(faults, [], f'{len(faults)} of {self.calls} calls, seed {self.seed}')
        self.assertEqual(server.stop(), 0)
        server.start()
        self.assert_well(server)

    def prepare(self, server):
        """Some of each resource, finished; what calls may name."""
        for name, more in (('tiny', {}), ('mixed', dict(operation='MIX', n_heads=2, d_head=8)), ('gone', dict(steps=5))):
            run = server.create(run_id=name, labels=dict(a='b'), **dict(TINY, **more))
            server.wait_for_state(run, 'SUCCEEDED')
        server.client.call('RunService/DeleteRun', name='runs/gone')
        uploaded = server.client.upload('QuestionSetService/UploadQuestionSet',
                                        [dict(header=dict(n_digits=2)), dict(data=b'12+34\n1+99\n')])
        analyses = []
        for kind in ANALYSES:
            pairs = dict(pairs=dict(tasks=['A1.SA'])) if 'patch' in kind else dict(uniform=dict(count=20))
            questions = {} if set(kind) & {'phases', 'import_tags'} else pairs
            questions = dict(list=dict(questions=['12+34'])) if 'ask' in kind else questions
            made = server.client.call('AnalysisService/CreateAnalysis', parent='runs/tiny', request=kind, question_set=questions)
            analyses.append(made['analysis']['name'])
        for name in analyses:
            wait_until(f'{name} to end', lambda: server.client.call('AnalysisService/GetAnalysis', name=name)['state'] == 'SUCCEEDED')
        weights = b''.join(chunk.data for chunk in server.client.stream('RunService/DownloadCheckpoint', name='runs/tiny'))
        captures = server.client.call('CaptureService/ListCaptures', parent='runs/-')['captures']
        return dict(run=['runs/tiny', 'runs/mixed', 'runs/gone', 'runs/@last'], weights=weights, sha256=[uploaded['sha256']],
                    checkpoint=['runs/tiny/checkpoints/20', 'runs/mixed/checkpoints/last', 'runs/tiny/checkpoints/0', 'runs/tiny'],
                    analysis=analyses, capture=[capture['name'] for capture in captures] * 4, question_set=[uploaded['name']] * 4,
                    tensor=['tokens', 'blocks.0.attn.hook_z'], page_token=[], resume_token=['e0-l0', 'e3-l1'])

    @staticmethod
    def cancel(server, path, name):
        try:
            server.client.call(path, name=name)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.FAILED_PRECONDITION:  # it ended meanwhile
                raise

    def relieve(self, server):
        """Cancels what was queued, so that no accepted giant keeps this machine busy."""
        for run in server.client.call('RunService/ListRuns', page_size=1000, show_deleted=True,
                                      filter='state = QUEUED OR state = STARTING OR state = RUNNING')['runs']:
            self.cancel(server, 'RunService/CancelRun', run['name'])
        token = ''
        while True:
            page = server.client.call('AnalysisService/ListAnalyses', parent='runs/-', page_size=1000, page_token=token)
            for analysis in page['analyses']:
                if analysis['state'] in ('QUEUED', 'STARTING', 'RUNNING'):
                    self.cancel(server, 'AnalysisService/CancelAnalysis', analysis['name'])
            token = page['next_page_token']
            if not token:
                return


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--calls', type=int, default=RandomCallsTest.calls)
    parser.add_argument('--seed', type=int, default=RandomCallsTest.seed)
    parser.add_argument('--only', type=int)
    arguments = parser.parse_args()
    RandomCallsTest.calls, RandomCallsTest.seed, RandomCallsTest.only = arguments.calls, arguments.seed, arguments.only
    unittest.main(argv=sys.argv[:1], verbosity=2)
