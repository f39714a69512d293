"""Every kind of bad input: a clear error with its own reason and exit code, and nothing is lost."""

import hashlib
import json
import math
import struct
import subprocess
import unittest
import uuid

import grpc
from google.protobuf import json_format

from harness.case import IntegrationTest
from harness.models import TINY_SET, TINY_SPEC, run_id
from harness.programs import SUMSCOPE, clean_environment
from harness.safetensors_file import read_safetensors, write_safetensors
from harness.waiting import PATIENCE, wait_until

MODEL = 'add_d2_l1_h1'
LONG = dict(TINY_SPEC, steps=10_000_000)


class BadRequestTest(IntegrationTest):
    def setUp(self):
        self.one = self.server()

    def refused(self, reason, code, *arguments, says=''):
        return self.assert_refused(self.one, reason, code, *arguments, says=says)

    def test_TrainGivenBadSpecIsRefused(self):
        for reason, says, arguments in (
                ('MODEL_NAME_INVALID', 'x1', ['add_d5_x1_h3']),
                ('MODEL_NAME_INVALID', 'div', ['div_d5_l1_h3']),
                ('DIGITS_OUT_OF_RANGE', 'n_digits', ['add_d1_l1_h3']),
                ('DIGITS_OUT_OF_RANGE', '20', ['add_d21_l1_h3']),
                ('HEADS_OUT_OF_RANGE', 'n_heads', ['add_d5_l1_h0']),
                ('HEADS_OUT_OF_RANGE', 'n_heads', [MODEL, '--set', 'n_heads=0']),
                ('STEPS_OUT_OF_RANGE', 'steps', [MODEL, '--set', 'steps=0']),
                ('STEPS_OUT_OF_RANGE', '10000000', [MODEL, '--set', 'steps=10000001']),
                ('UNKNOWN_FIELD', 'learning_rate', [MODEL, '--set', 'learning_rat=1e-3']),
                ('FIELD_TYPE', 'steps', [MODEL, '--set', 'steps=many']),
                ('FIELD_TYPE', 'steps', [MODEL, '--set', 'steps=-5']),
                ('FIELD_TYPE', 'n_heads', [MODEL, '--set', 'n_heads=1.5']),
                ('FIELD_TYPE', 'n_heads', [MODEL, '--set', 'n_heads=99999999999']),
                ('FIELD_TYPE', 'grokfast', [MODEL, '--set', 'grokfast=perhaps']),
                ('FIELD_TYPE', 'plain', [MODEL, '--set', 'format=plane']),
                ('SETTING_INVALID', 'steps', [MODEL, '--set', 'steps']),
                ('INIT_FROM_MISSING', 'init_from', ['ins1_mix_d2_l1_h1']),
                ('LEARNING_RATE_INVALID', '', [MODEL, '--set', 'learning_rate=nan']),
                ('FORMAT_NEEDS_SIGN', 'signed', ['sub_d2_l1_h1', '--set', 'format=plain'])):
            with self.subTest(arguments=arguments):
                self.refused(reason, 2, 'train', *arguments, says=says)
        self.assertEqual(self.cli(self.one, 'runs', 'list', '-o', 'id').text, '', 'nothing was made')

    def test_CreateRunGivenSpecPastTheCliIsRefusedToo(self):
        call = lambda **fields: self.one.client.call('RunService/CreateRun', request_id=str(uuid.uuid4()), **fields)
        # CreateRun{} without a word trained a model of d_model 510 for hours.
        for reason, fields in (('MODEL_MISSING', {}), ('MODEL_MISSING', dict(spec={'operation': 0}, labels={'a': 'b'})),
                               ('STEPS_OUT_OF_RANGE', dict(spec={'steps': 0})),
                               ('LABEL_KEY_INVALID', dict(spec=TINY_SPEC, labels={'': 'x'})),
                               ('LABEL_VALUE_INVALID', dict(spec=TINY_SPEC, labels={'a': 'x\ny'})),
                               ('RUN_ID_INVALID', dict(spec=TINY_SPEC, run_id='../x')),
                               ('RUN_ID_INVALID', dict(spec=TINY_SPEC, run_id='x' * 41))):
            with self.subTest(fields=fields):
                self.assert_rpc_error(self.one, grpc.StatusCode.INVALID_ARGUMENT, reason, lambda: call(**fields))
        self.assert_well(self.one)

    def test_RequestIdGivenAnotherBodyIsRefused(self):
        request = dict(request_id=str(uuid.uuid4()), spec=dict(TINY_SPEC, steps=10))
        name = self.one.client.call('RunService/CreateRun', **request)['name']
        self.assertEqual(self.one.client.call('RunService/CreateRun', **request)['name'], name)
        request['spec']['steps'] = 11
        self.assert_rpc_error(self.one, grpc.StatusCode.ALREADY_EXISTS, 'REQUEST_ID_REUSED',
                              lambda: self.one.client.call('RunService/CreateRun', **request))
        self.assert_rpc_error(self.one, grpc.StatusCode.INVALID_ARGUMENT, 'REQUEST_ID_INVALID',
                              lambda: self.one.client.call('RunService/CreateRun', request_id='x', spec=TINY_SPEC))
        self.assert_rpc_error(self.one, grpc.StatusCode.ALREADY_EXISTS, 'RUN_EXISTS',
                              lambda: self.one.create(run_id=run_id(name), **TINY_SPEC))
        self.assert_well(self.one)

    def test_RunGivenUnknownOrAmbiguousNameIsRefused(self):
        for name in ('aa-first', 'aa-second'):
            self.one.wait_for_state(self.one.create(run_id=name, **dict(TINY_SPEC, steps=10)), 'SUCCEEDED')
        self.refused('RUN_NOT_FOUND', 3, 'runs', 'show', 'nobody')
        self.refused('AMBIGUOUS_PREFIX', 2, 'runs', 'show', 'aa-')
        self.refused('RESOURCE_NAME_INVALID', 2, 'runs', 'show', '../../etc')
        self.assertEqual(self.cli(self.one, 'runs', 'show', 'aa-f', '-o', 'id').text.strip(), 'aa-first')
        self.refused('CHECKPOINT_NOT_FOUND', 3, 'probe', 'aa-first@7', 'evaluate')

    def test_ListGivenBadFilterOrTokenIsRefused(self):
        for field, value, reason in (
                ('filter', 'nonsense = 3', 'FILTER_INVALID'), ('filter', 'state = (', 'FILTER_INVALID'),
                ('filter', '(' * 2000, ''), ('filter', 'a' * 5000, ''), ('order_by', 'nonsense', ''),
                ('page_token', 'nonsense', 'PAGE_TOKEN_INVALID'), ('page_size', 100000, 'PAGE_SIZE_INVALID')):
            with self.subTest(field=field, value=str(value)[:20]):
                with self.assertRaises(grpc.RpcError) as caught:
                    self.one.client.call('RunService/ListRuns', **{field: value})
                self.assertEqual(caught.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)
                found, domain = self.one.client.error_info(caught.exception)
                self.assertEqual(domain, 'sumscope')
                self.assertTrue(found)
                self.assertTrue(not reason or found == reason, found)
                self.assert_well(self.one)

    # What a caller sent was echoed whole, so that the trailers were too long for gRPC: UNKNOWN, or no reason at all.
    def test_CallGivenOverLongTextGetsItsReason(self):
        self.one.train(run_id='tiny', **dict(TINY_SPEC, steps=5))
        for path, fields in (
                ('RunService/ListRuns', dict(order_by='LONG')), ('RunService/ListRuns', dict(filter='LONG')),
                ('RunService/ListRuns', dict(page_token='LONG')), ('RunService/GetRun', dict(name='LONG')),
                ('RunService/GetRun', dict(name='runs/LONG')), ('RunService/CreateRun', dict(model_name='LONG')),
                ('RunService/CreateRun', dict(spec=dict(init_from='LONG', insert_mode='INSERT_INIT'))),
                ('RunService/CreateRun', dict(spec=TINY_SPEC, run_id='LONG')),
                ('RunService/CreateRun', dict(spec=TINY_SPEC, request_id='LONG')),
                ('RunService/CreateRun', dict(spec=TINY_SPEC, labels=dict(a='LONG'))),
                ('RunService/UpdateRun', dict(run=dict(name='runs/tiny'), update_mask='LONG')),
                ('RunService/WatchRun', dict(name='runs/tiny', resume_token='LONG')),
                ('RunService/DownloadCheckpoint', dict(name='runs/tiny/checkpoints/LONG')),
                ('AnalysisService/ListAnalyses', dict(parent='runs/tiny', analysis='LONG')),
                ('AnalysisService/CreateAnalysis', dict(parent='runs/tiny', request=dict(ablate=dict(node_sets=['LONG'])))),
                ('AnalysisService/CreateAnalysis', dict(parent='runs/tiny', request=dict(capture=dict(hooks=['LONG'])))),
                ('AnalysisService/CreateAnalysis', dict(parent='runs/tiny', request=dict(subtasks=dict(tasks=['LONG'])))),
                ('AnalysisService/CreateAnalysis', dict(parent='runs/tiny', request=dict(evaluate={}),
                                                        question_set=dict(list=dict(questions=['LONG'])))),
                ('AnalysisService/CreateAnalysis', dict(parent='runs/tiny', request=dict(evaluate={}),
                                                        question_set=dict(of_class=dict(question_class='LONG', count=1)))),
                ('AnalysisService/CreateAnalysis', dict(parent='runs/tiny', request=dict(import_tags=dict(
                    tags=[dict(node='P5L0H0', tag='LONG')])))),
                ('FactService/ListFacts', dict(filter='LONG = 1')), ('SystemService/GetServerInfo', dict(model_name='LONG')),
                ('QuestionSetService/GetQuestionSet', dict(name='questionSets/LONG'))):
            with self.subTest(path=path, fields=str(fields)):
                method = self.one.client.method(f'sumscope.v1.{path}')
                make = self.one.client.channel.unary_stream if method.server_streaming else self.one.client.channel.unary_unary
                request = self.one.client.message(method.input_type.full_name)
                long = 'x' * 20_000
                text = json.dumps(fields).replace('LONG', long)
                data = json_format.Parse(text, request()).SerializeToString()
                for sent, reason in ((data, ''), (data.replace(long.encode(), b'\xff' * len(long)), 'REQUEST_UNREADABLE')):
                    with self.assertRaises(grpc.RpcError) as caught:
                        answer = make(f'/sumscope.v1.{path}', request_serializer=bytes)(sent, timeout=PATIENCE)
                        list(answer if method.server_streaming else [])
                    found, domain = self.one.client.error_info(caught.exception)
                    self.assertEqual(domain, 'sumscope', caught.exception)
                    self.assertTrue(found and (not reason or found == reason), found)
                    self.assertIn(caught.exception.code(), (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND))
        self.assert_well(self.one)

    def test_ProbeGivenRunWithoutCheckpointOrBadQuestionsIsRefused(self):
        busy = self.one.create(**LONG)
        wait_until('it to train', lambda: int(self.one.run(busy)['steps_done']) > 20)
        waiting = self.one.create(**dict(TINY_SPEC, steps=10))
        gone = self.one.create(**dict(TINY_SPEC, steps=10))
        self.one.client.call('RunService/CancelRun', name=gone)
        self.refused('RUN_HAS_NO_CHECKPOINT', 8, 'probe', run_id(gone), 'evaluate')
        self.refused('RUN_HAS_NO_CHECKPOINT', 8, 'runs', 'export', run_id(waiting), '--out', self.root / 'x')
        self.refused('RUN_UNFINISHED', 8, 'runs', 'delete', run_id(waiting))
        self.assertFalse((self.root / 'x').exists())
        self.one.client.call('RunService/CancelRun', name=busy)
        self.one.wait_for_state(waiting, 'SUCCEEDED')
        for reason, code, questions in (('QUESTION_SET_INVALID', 2, 'nonsense:5'),
                                        ('EMPTY_QUESTION_SET', 2, 'uniform:0'),
                                        ('QUESTIONS_OUT_OF_RANGE', 2, 'uniform:1000000001'),
                                        ('CLASS_UNKNOWN', 2, 'class:S9:10'),
                                        ('CLASS_IMPOSSIBLE', 2, 'class:S5:10'),
                                        ('FILE_NOT_READABLE', 3, f'file:{self.root}/nobody')):
            with self.subTest(questions):
                self.refused(reason, code, 'probe', run_id(waiting), 'evaluate', '--questions', questions)
        for text in ('12+3x', '123+45', '12*34'):
            with self.subTest(text):
                path = self.root / 'questions'
                path.write_text(f'12+34\n{text}\n')
                result = self.cli(self.one, 'probe', run_id(waiting), 'evaluate', '--questions', f'file:{path}', code=2)
                self.assertIn('[', result.stderr)
                self.assert_well(self.one)

    def test_MessageGivenMoreThanTheLimitIsRefused(self):
        # What reaches our code is told what is wrong with it; only gRPC itself refuses what is longer than 16 MiB.
        self.assert_rpc_error(self.one, grpc.StatusCode.INVALID_ARGUMENT, 'LABEL_VALUE_INVALID',
                              lambda: self.one.create(labels={'x': 'y' * (5 << 20)}, **TINY_SPEC))
        with self.assertRaises(grpc.RpcError) as caught:
            self.one.create(labels={'x': 'y' * (17 << 20)}, **TINY_SPEC)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
        self.assert_well(self.one)
        with self.subTest('garbage instead of a message'):
            caller = self.one.client.channel.unary_unary('/sumscope.v1.RunService/CreateRun', request_serializer=bytes,
                                                         response_deserializer=bytes)
            with self.assertRaises(grpc.RpcError):
                caller(b'\xff' * 1000, timeout=PATIENCE)
            self.assert_well(self.one)

    def test_ClientGivenKillInMidStreamHarmsNobody(self):
        name = self.one.create(**LONG)
        wait_until('it to train', lambda: int(self.one.run(name)['steps_done']) > 20)
        environment = dict(clean_environment(self.root), SUMSCOPE_SERVER=self.one.address)
        watchers = [subprocess.Popen([SUMSCOPE, 'runs', 'watch', run_id(name)], stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, env=environment) for _ in range(4)]
        for watcher in watchers:
            self.assertTrue(watcher.stdout.read(1))
            watcher.kill()
            watcher.wait()
            watcher.stdout.close()
        for _ in range(4):
            stream = self.one.client.stream('RunService/StreamMetrics', name=name, follow=True)
            next(stream)
            stream.cancel()
        upload = self.one.client.channel.stream_unary(
            '/sumscope.v1.RunService/ImportRun', request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=bytes)
        part = self.one.client.message('sumscope.v1.ImportRunRequest')

        def half():
            yield part(header=dict(request_id=str(uuid.uuid4()), total_bytes=1 << 20))
            yield part(data=b'x' * 1000)
        with self.assertRaises(grpc.RpcError):
            upload(half(), timeout=PATIENCE)
        self.assert_well(self.one)
        before = int(self.one.run(name)['steps_done'])
        wait_until('training to go on', lambda: int(self.one.run(name)['steps_done']) > before)
        self.one.client.call('RunService/CancelRun', name=name)
        self.one.wait_for_state(name, 'CANCELLED')

    def test_TrainingGivenNonFiniteLossFails(self):
        settings = f'{TINY_SET},steps=500,schedule=paper1,learning_rate=10,weight_decay=10'
        result = self.cli(self.one, 'train', MODEL, '--set', settings, '--watch', code=5)
        self.assertIn('NON_FINITE_LOSS', result.stdout.decode() + result.stderr)
        run = self.one.run('runs/@last')
        self.assertEqual((run['state'], run['state_reason'], run['attempt']), ('FAILED', 'NON_FINITE_LOSS', 1))
        self.assertIn('step', run['state_detail'])
        self.assertEqual(len(self.one.metrics(run['name'])[1]), int(run['steps_done']), 'what came before is kept')
        self.one.train(**dict(TINY_SPEC, steps=10))
        self.assert_well(self.one)


class BadImportTest(IntegrationTest):
    def test_ImportGivenBadSafetensorsIsRefusedAndLeavesNothing(self):
        server = self.server()
        run = self.cli(server, 'train', MODEL, '--set', f'{TINY_SET},steps=5', '--watch', '--quiet').text.strip()
        good = self.root / 'good.safetensors'
        self.cli(server, 'runs', 'export', run, '--out', good)
        data = good.read_bytes()
        _, tensors = read_safetensors(data)
        name = 'blocks.0.attn.W_Q'
        dtype, shape, content = tensors[name]

        def changed(**change):
            return write_safetensors({**tensors, **{key.replace('__', '.'): value for key, value in change.items()}})

        def with_tensor(entry):
            return write_safetensors({**tensors, name: entry})

        def overlap(header):
            second = list(tensors)[1]
            header[second]['data_offsets'] = [offset - 4 for offset in header[second]['data_offsets']]

        nan = struct.pack('<f', math.nan) + content[4:]
        cases = {
            'SAFETENSORS_TRUNCATED': [data[:len(data) // 2], data[:-1], data[:20], data[:4], b''],
            'SAFETENSORS_HEADER_TOO_LARGE': [struct.pack('<Q', 1 << 40) + data[8:],
                                             struct.pack('<Q', (16 << 20) + 1) + b' ' * (17 << 20)],
            'SAFETENSORS_HEADER_INVALID': [struct.pack('<Q', 8) + b'nonsense', struct.pack('<Q', 2) + b'[]',
                                           struct.pack('<Q', 4000) + b'[' * 4000],
            'SAFETENSORS_OVERLAP': [write_safetensors(tensors, change_header=overlap)],
            'SAFETENSORS_SIZE_MISMATCH': [with_tensor((dtype, [shape[0], shape[1], shape[2] + 1], content))],
            'MODEL_TENSOR_MISSING': [write_safetensors({key: value for key, value in tensors.items() if key != name}),
                                     write_safetensors({})],
            'MODEL_TENSOR_SHAPE': [with_tensor((dtype, [1, shape[1] // 2, shape[2]], content[:len(content) // 2]))],
            'MODEL_TENSOR_DTYPE': [with_tensor(('I32', shape, content))],
            'SAFETENSORS_DTYPE': [with_tensor(('X7', shape, content))],
            'MODEL_TENSOR_UNKNOWN': [write_safetensors({**tensors, 'more': ('F32', [1], b'\0' * 4)})],
            'WEIGHTS_NOT_FINITE': [with_tensor((dtype, shape, nan)),
                                   with_tensor((dtype, shape, content[:-4] + struct.pack('<f', -math.inf)))],
        }
        files = sorted(path.name for path in server.data.rglob('*.db'))
        for reason, contents in cases.items():
            for i, content in enumerate(contents):
                with self.subTest(f'{reason} {i}'):
                    path = self.root / 'bad.safetensors'
                    path.write_bytes(content)
                    self.assert_refused(server, reason, 2, 'import', path)
        with self.subTest('--like another model'):
            self.assert_refused(server, 'LIKE_MISMATCH', 2, 'import', good, '--like', 'add_d3_l1_h1')
        with self.subTest('no such file'):
            self.assert_refused(server, 'FILE_NOT_READABLE', 3, 'import', self.root / 'nobody')
        with self.subTest('an upload that is not what it says'):
            part = dict(header=dict(request_id=str(uuid.uuid4()), total_bytes=len(data), sha256='0' * 64))
            self.assert_rpc_error(server, grpc.StatusCode.DATA_LOSS, 'IMPORT_CORRUPT',
                                  lambda: server.client.upload('RunService/ImportRun', [part, dict(data=data)]))
            part['header'].update(total_bytes=len(data) + 1, sha256=hashlib.sha256(data).hexdigest())
            self.assert_rpc_error(server, grpc.StatusCode.INVALID_ARGUMENT, 'IMPORT_INCOMPLETE',
                                  lambda: server.client.upload('RunService/ImportRun', [part, dict(data=data)]))
        self.assertEqual(files, sorted(path.name for path in server.data.rglob('*.db')), 'nothing is left of them')
        self.assertEqual(self.cli(server, 'runs', 'list', '-o', 'id').text.split(), [run])
        self.cli(server, 'import', good)


if __name__ == '__main__':
    unittest.main(verbosity=2)
