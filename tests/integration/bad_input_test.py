"""Every kind of bad input: a clear error with its own reason and exit code, and nothing is lost."""

import contextlib
import hashlib
import math
import shutil
import sqlite3
import struct
import subprocess
import unittest
import uuid

import grpc

from support import (IntegrationTest, PATIENCE, SUMSCOPE, SUMSCOPED, TINY_SET, TINY_SPEC, clean_environment,
                     read_safetensors, wait_until, write_safetensors)

MODEL = 'add_d2_l1_h1'
LONG = dict(TINY_SPEC, steps=10_000_000)
BIG = dict(operation='ADD', n_digits=5, n_layers=2, n_heads=4, d_model=512, d_head=128, d_mlp=2048, batch_size=8,
           steps=1000)  # a checkpoint takes 25 MB


def run_id(name):
    return name.removeprefix('runs/')


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
                ('LEARNING_RATE_INVALID', '', [MODEL, '--set', 'learning_rate=nan']),
                ('FORMAT_NEEDS_SIGN', 'signed', ['sub_d2_l1_h1', '--set', 'format=plain'])):
            with self.subTest(arguments=arguments):
                self.refused(reason, 2, 'train', *arguments, says=says)
        self.refused('OPERATION_NOT_TRAINABLE', 1, 'train', 'mul_d2_l1_h1')
        self.assertEqual(self.cli(self.one, 'runs', 'list', '-o', 'id').text, '', 'nothing was made')

    def test_CreateRunGivenSpecPastTheCliIsRefusedToo(self):
        call = lambda **fields: self.one.client.call('RunService/CreateRun', request_id=str(uuid.uuid4()), **fields)
        for reason, fields in (('STEPS_OUT_OF_RANGE', dict(spec={'steps': 0})), ('LABEL_KEY_INVALID', dict(labels={'': 'x'})),
                               ('RUN_ID_INVALID', dict(run_id='../x')), ('RUN_ID_INVALID', dict(run_id='x' * 41))):
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
                              lambda: self.one.client.call('RunService/CreateRun', request_id='x'))
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
        for field, value, reason in (('filter', 'nonsense = 3', 'FILTER_FIELD_UNKNOWN'), ('filter', 'state = (', 'FILTER_INVALID'),
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

    def test_ProbeGivenRunWithoutCheckpointOrBadQuestionsIsRefused(self):
        busy = self.one.create(**LONG)
        wait_until('it to train', lambda: int(self.one.run(busy)['steps_done']) > 20)
        waiting = self.one.create(**dict(TINY_SPEC, steps=10))
        self.refused('RUN_UNFINISHED', 8, 'probe', run_id(waiting), 'evaluate')
        self.refused('RUN_UNFINISHED', 8, 'runs', 'export', run_id(waiting), '--out', self.root / 'x')
        self.assertFalse((self.root / 'x').exists())
        self.one.client.call('RunService/CancelRun', name=busy)
        self.one.wait_for_state(waiting, 'SUCCEEDED')
        for reason, code, questions in (('QUESTION_SET_INVALID', 2, 'nonsense:5'), ('QUESTIONS_OUT_OF_RANGE', 2, 'uniform:0'),
                                        ('QUESTIONS_OUT_OF_RANGE', 2, 'uniform:1000000001'), ('CLASS_UNKNOWN', 2, 'class:S9:10'),
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
        with self.assertRaises(grpc.RpcError) as caught:
            self.one.create(labels={'x': 'y' * (5 << 20)}, **TINY_SPEC)
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
            first, second = list(tensors)[:2]
            begin, end = header[second]['data_offsets']
            header[second]['data_offsets'] = [header[first]['data_offsets'][1] - 4, end - 4 - (begin - header[first]['data_offsets'][1])]

        nan = struct.pack('<f', math.nan) + content[4:]
        cases = {
            'SAFETENSORS_TRUNCATED': [data[:len(data) // 2], data[:-1], data[:20], data[:4], b''],
            'SAFETENSORS_HEADER_TOO_LARGE': [struct.pack('<Q', 1 << 40) + data[8:], struct.pack('<Q', (16 << 20) + 1) + b' ' * (17 << 20)],
            'SAFETENSORS_HEADER_INVALID': [struct.pack('<Q', 8) + b'nonsense', struct.pack('<Q', 2) + b'[]',
                                           struct.pack('<Q', 4000) + b'[' * 4000],
            'SAFETENSORS_OVERLAP': [write_safetensors(tensors, change_header=overlap)],
            'SAFETENSORS_SIZE_MISMATCH': [with_tensor((dtype, [shape[0], shape[1], shape[2] + 1], content))],
            'MODEL_TENSOR_MISSING': [write_safetensors({key: value for key, value in tensors.items() if key != name}),
                                     write_safetensors({})],
            'MODEL_TENSOR_SHAPE': [with_tensor((dtype, [shape[0], shape[2], shape[1] // 2], content[:len(content) // 2]))],
            'MODEL_TENSOR_DTYPE': [with_tensor(('F16', shape, content[:len(content) // 2])),
                                   with_tensor(('F64', shape, content * 2))],
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
            self.assert_refused(server, 'MODEL_NOT_LIKE', 2, 'import', good, '--like', 'add_d3_l1_h1')
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


class BadPlaceTest(IntegrationTest):
    """Servers that must not start, or whose ground gives way."""

    def assert_no_start(self, reason, *arguments, code=1, prefix=()):
        done = subprocess.run([*prefix, str(SUMSCOPED), *map(str, arguments)], capture_output=True, timeout=PATIENCE, text=True,
                              env=clean_environment(self.root))
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(f'[{reason}]', done.stderr)
        return done.stderr

    def finished(self, server, **spec):
        """A finished run: (name, its metrics, its weights)."""
        name = server.train(**dict(TINY_SPEC, steps=200, **spec))
        return name, server.metrics(name), server.weights(name)

    def assert_intact(self, server, run):
        name, metrics, weights = run
        self.assertEqual(server.metrics(name), metrics)
        self.assertEqual(server.weights(name), weights)
        self.cli(server, 'runs', 'export', run_id(name), '--out', self.root / 'intact')

    def test_SecondServerGivenOneDataDirectoryIsRefused(self):
        server = self.server()
        run = self.finished(server)
        says = self.assert_no_start('DATA_DIRECTORY_IN_USE', '--data-directory', server.data, '--listen', f'unix:{self.root}/t')
        self.assertIn(str(server.pid), says)
        self.assert_no_start('SOCKET_IN_USE', '--data-directory', self.root / 'other', '--listen', server.address)
        self.assert_intact(server, run)
        self.assert_well(server)

    def test_ServerGivenBadFlagsIsRefused(self):
        data = ('--data-directory', self.root / 'd')
        listen = ('--listen', f'unix:{self.root}/t')
        for reason, arguments in (('SLOT_INVALID', (*data, *listen, '--slot', 'nonsense')),
                                  ('SLOT_INVALID', (*data, *listen, '--slot', 'a:cpu:0')),
                                  ('LISTEN_INVALID', (*data, '--listen', 'nonsense')),
                                  ('TLS_REQUIRED', (*data, '--listen', '0.0.0.0:1'))):
            with self.subTest(arguments=arguments[-1]):
                done = subprocess.run([str(SUMSCOPED), *map(str, arguments)], capture_output=True, timeout=PATIENCE, text=True,
                                      env=clean_environment(self.root))
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertRegex(done.stderr, r'\[[A-Z_]+\]', reason)
        done = subprocess.run([str(SUMSCOPED), '--nonsense'], capture_output=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 2)
        self.assert_no_start('SOCKET_PATH_TOO_LONG', *data, '--listen', f'unix:{self.root}/{"t" * 120}')

    def test_ServerGivenDataDirectoryThatCannotBeWrittenIsRefused(self):
        listen = ('--listen', f'unix:{self.root}/t')
        (self.root / 'file').write_text('here')
        self.assert_no_start('DATA_DIRECTORY_NOT_WRITABLE', '--data-directory', self.root / 'file' / 'd', *listen)
        self.assert_no_start('DATA_DIRECTORY_NOT_WRITABLE', '--data-directory', self.root / 'file', *listen)
        self.assert_no_start('DATA_DIRECTORY_NOT_WRITABLE', '--data-directory', '/proc/sumscope', *listen)
        if may_unshare():
            (self.root / 'ro').mkdir()
            self.assert_no_start('DATA_DIRECTORY_NOT_WRITABLE', '--data-directory', self.root / 'ro', *listen,
                                 prefix=('unshare', '-rm', 'sh', '-c', f'mount -t tmpfs -o ro tmpfs {self.root}/ro && exec "$@"', 'sh'))

    def test_ServerGivenNewerSchemaIsRefusedAndTheFileUntouched(self):
        server = self.server()
        first, second = self.finished(server), self.finished(server, seed=2)
        server.stop()
        catalog = server.data / 'catalog.db'
        with newer_schema(catalog):
            before = hashlib.sha256(catalog.read_bytes()).digest()
            self.assert_no_start('SCHEMA_NEWER', '--data-directory', server.data, '--listen', server.address)
            self.assertEqual(hashlib.sha256(catalog.read_bytes()).digest(), before)
        with newer_schema(server.run_file(first[0])):
            server.start()
            self.assert_refused(server, 'SCHEMA_NEWER', 8, 'runs', 'metrics', run_id(first[0]))
            self.assert_intact(server, second)
            self.assertEqual(len(self.cli(server, 'runs', 'list', '-o', 'id').text.split()), 2)
            server.stop()
        server.start()
        self.assert_intact(server, first)

    def test_RunFileGivenDamageIsReportedAndOthersAreIntact(self):
        server = self.server()
        good, bad = self.finished(server), self.finished(server, seed=2)
        server.stop()
        path = server.run_file(bad[0])
        whole = path.read_bytes()
        flips = {f'bit flipped at {at}': whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1:]
                 for at in (3, 100, *range(5000, len(whole), len(whole) // 5))}
        damages = {**flips, 'truncated': whole[:len(whole) // 2], 'cut': whole[:-4096], 'empty': b'', 'nonsense': b'x' * 9000}
        for damage, content in damages.items():
            with self.subTest(damage):
                path.write_bytes(content)
                server.start()
                self.assert_intact(server, good)
                results = [self.cli(server, 'runs', *command, code=None) for command in (
                    ('metrics', run_id(bad[0]), '-o', 'csv'), ('export', run_id(bad[0]), '--out', self.root / 'x'),
                    ('show', run_id(bad[0])), ('logs', run_id(bad[0])))]
                for result in results:
                    if result.code != 0:
                        self.assertEqual(result.code, 1, result)
                        self.assertRegex(result.stderr, 'CORRUPT', result)
                if results[0].code == 0 and results[1].code == 0:
                    # The flipped bit is in nothing that was asked for: then every answer is the true one.
                    self.assertEqual((server.metrics(bad[0]), server.weights(bad[0])), bad[1:])
                self.assertTrue(damage.startswith('bit') or any(result.code for result in results), 'it must be noticed')
                self.assert_well(server)
                server.stop()
        path.write_bytes(whole)
        server.start()
        self.assert_intact(server, bad)

    def test_CatalogGivenDamageIsRefused(self):
        server = self.server()
        run = self.finished(server)
        server.stop()
        catalog = server.data / 'catalog.db'
        whole = catalog.read_bytes()
        for content in (b'x' * len(whole), whole[:100]):
            catalog.write_bytes(content)
            for journal in ('-wal', '-shm'):
                (server.data / f'catalog.db{journal}').unlink(missing_ok=True)
            self.assert_no_start('CATALOG_CORRUPT', '--data-directory', server.data, '--listen', server.address)
            self.assertEqual(catalog.read_bytes(), content)
        catalog.write_bytes(whole)
        server.start()
        self.assert_intact(server, run)

    def test_RunGivenFullDiskFailsAndTheServerGoesOn(self):
        if not may_unshare():
            self.skipTest('no tmpfs without user namespaces; a file-size limit is tested in any case')
        (self.root / 'small').mkdir()
        mount = f'mount -t tmpfs -o size=12m tmpfs {self.root}/small && exec "$@"'
        server = self.server(data=self.root / 'small' / 'd', wrapper=('unshare', '-rm', 'sh', '-c', mount, 'sh'))
        self.full_disk(server)

    def test_RunGivenFileSizeLimitFailsAndTheServerGoesOn(self):
        self.full_disk(self.server(wrapper=('prlimit', f'--fsize={8 << 20}')))

    def full_disk(self, server):
        before = self.finished(server)
        name = server.create(**BIG)
        run = server.wait_for_state(name, 'FAILED')
        self.assertEqual(run['state_reason'], 'DISK_FULL', run)
        self.cli(server, 'runs', 'watch', run_id(name), code=5)
        self.assert_well(server)
        self.assert_intact(server, before)
        self.assert_intact(server, self.finished(server, seed=3))


def may_unshare():
    return shutil.which('unshare') and subprocess.run(['unshare', '-rm', 'true'], capture_output=True).returncode == 0


@contextlib.contextmanager
def newer_schema(path):
    def bump(by):
        with contextlib.closing(sqlite3.connect(path)) as database:
            version = database.execute('PRAGMA user_version').fetchone()[0]
            database.execute(f'PRAGMA user_version = {version + by}')
            database.commit()
    bump(1000)
    yield
    bump(-1000)


if __name__ == '__main__':
    unittest.main(verbosity=2)
