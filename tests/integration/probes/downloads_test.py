"""Captures that are downloaded in the middle of trouble: the file that comes out in the end is the whole one, or there
is none and a reason."""

import ast
import hashlib
import struct
import subprocess
import unittest

from harness.case import IntegrationTest
from harness.held_proxy import HeldProxy
from harness.programs import ORACLES, SUMSCOPE, clean_environment
from harness.safetensors_file import read_safetensors
from harness.waiting import say

try:
    import numpy
except ImportError:
    numpy = None

MIX = str(ORACLES / 'mix_d5_l2_h3_early' / 'model.safetensors')
HOOK = 'blocks.1.hook_resid_post'
MIDDLE = 5 << 20  # bytes


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def read_npy(data):
    """(dtype, shape, bytes) of a version 1.0 file."""
    assert data[:8] == b'\x93NUMPY\x01\x00', data[:8]
    length, = struct.unpack('<H', data[8:10])
    header = ast.literal_eval(data[10:10 + length].decode('latin-1'))
    assert not header['fortran_order'] and (10 + length) % 64 == 0 and data[9 + length:10 + length] == b'\n'
    return header['descr'], list(header['shape']), data[10 + length:]


class DownloadsTest(IntegrationTest):
    def setUp(self):
        self.one = self.server(slots=('cpu0:cpu:2',))
        self.sumscope('import', MIX, '--operation', 'mix', '--run-id', 'mix', '--quiet')
        self.capture = self.store('--hooks', HOOK, '--questions', 'uniform:1500')
        self.proxy = HeldProxy(f'{self.root}/p', self.one.address)
        self.addCleanup(self.proxy.close)
        self.out = self.root / 'out'
        self.out.mkdir()

    def sumscope(self, *arguments, **options):
        return self.cli(self.one, *arguments, **options)

    def store(self, *options):
        analysis = self.sumscope('capture', 'mix', *options, '--quiet', '--wait').text.split()[-1]
        return analysis.replace('/analyses/', '/captures/')

    def commands(self):
        """{what: (arguments, path)} of both ways to have it all."""
        return {'export': (('captures', 'export', self.capture, '--out', self.out / 'all.safetensors'),
                           self.out / 'all.safetensors'),
                'get': (('captures', 'get', self.capture, '--tensor', HOOK, '--out', self.out / 'one.npy'),
                        self.out / 'one.npy')}

    def whole(self, arguments, path):
        """The bytes of an undisturbed download."""
        self.sumscope(*arguments)
        data = path.read_bytes()
        path.unlink()
        self.assertEqual(self.files(), [])
        self.assertGreater(len(data), 2 * MIDDLE)
        return data

    def files(self):
        return sorted(path.name for path in self.out.iterdir())

    def partial(self, path):
        name, = self.files()
        self.assertTrue(name.startswith(f'{path.name}.part-'), name)
        return self.out / name

    def start(self, arguments):
        environment = dict(clean_environment(self.root), SUMSCOPE_SERVER=self.proxy.address)
        process = subprocess.Popen([str(SUMSCOPE), *map(str, arguments)], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, cwd=self.root)
        self.addCleanup(process.kill)
        return process

    def start_and_hold(self, arguments):
        """A download that stands still in its middle."""
        self.proxy.hold('down', MIDDLE)
        process = self.start(arguments)
        self.proxy.wait_until_held()
        return process

    def end(self, server_or_process, code=None):
        if code is None:
            return super().end(server_or_process)
        err = server_or_process.communicate(timeout=60)[1].decode()
        self.assertEqual(server_or_process.returncode, code, err)
        return err

    def test_AKilledClientGoesOnWhereItWas(self):
        for what, (arguments, path) in self.commands().items():
            with self.subTest(what):
                whole = self.whole(arguments, path)
                process = self.start_and_hold(arguments)
                process.kill()
                self.end(process, -9)
                self.proxy.cut()
                size = self.partial(path).stat().st_size
                self.assertTrue(MIDDLE // 2 < size < len(whole), size)
                result = self.sumscope(*arguments)
                self.assertIn('going on after', result.stderr)
                self.assertEqual(sha256(path.read_bytes()), sha256(whole))
                self.assertEqual(self.files(), [path.name])
                path.unlink()

    def test_ADamagedPartialFileNeverBecomesTheFile(self):
        def cut_to(size):
            return lambda data: data[:size]

        def flip(at):
            return lambda data: data[:at] + bytes([data[at] ^ 0x40]) + data[at + 1:]

        for what, (arguments, path) in self.commands().items():
            whole = self.whole(arguments, path)
            self.end_after_cut(self.start_and_hold(arguments))
            partial = self.partial(path)
            self.assertEqual(whole[:partial.stat().st_size], partial.read_bytes())
            cases = {'cut within the header': cut_to(5)(whole), 'cut': cut_to(3_000_001)(whole), 'empty': b'',
                     'of full length': whole, 'too long': whole + b'more',
                     'with a flipped bit in the header': flip(12)(whole[:4_000_000]),
                     'with a flipped bit': flip(2_000_000)(whole[:4_000_000]),
                     'of full length with a flipped bit': flip(len(whole) - 1)(whole)}
            for name, content in cases.items():
                with self.subTest(f'{what} {name}'):
                    partial.write_bytes(content)
                    first = self.sumscope(*arguments, code=None)
                    if first.code != 0:  # only the hash of the whole tells a flipped bit: nothing is left then
                        self.assertIn('flipped', name)
                        self.assertIn('CAPTURE_CORRUPT', first.stderr)
                        self.assertEqual((first.code, self.files()), (1, []))
                        self.sumscope(*arguments)
                    self.assertEqual(sha256(path.read_bytes()), sha256(whole))
                    self.assertEqual(self.files(), [path.name])
                    path.unlink()

    def end_after_cut(self, process):
        process.kill()
        process.communicate(timeout=60)
        self.proxy.cut()

    def test_ARestartedServerIsNotNoticedInTheFile(self):
        for what, (arguments, path) in self.commands().items():
            for kill in (False, True):
                with self.subTest(what, kill=kill):
                    whole = self.whole(arguments, path)
                    process = self.start_and_hold(arguments)
                    self.one.kill() if kill else self.assertEqual(self.one.stop(), 0)
                    self.one.start()
                    self.proxy.cut()
                    self.end(process, 0)
                    self.assertEqual(sha256(path.read_bytes()), sha256(whole))
                    self.assertEqual(self.files(), [path.name])
                    path.unlink()

    def test_ACaptureDeletedMeanwhileEndsTheDownloadWithAReason(self):
        for what in ('export', 'get'):
            with self.subTest(what):
                self.capture = self.store('--hooks', HOOK, '--questions', 'uniform:1500', '--question-seed', '1')
                arguments, path = self.commands()[what]
                process = self.start_and_hold(arguments)
                self.sumscope('captures', 'delete', self.capture)
                self.proxy.cut()
                err = self.end(process, 3)
                self.assertIn('CAPTURE_NOT_FOUND', err)
                self.assertNotIn('goes on from there', err)
                self.assertEqual(self.files(), [])
                self.assert_well(self.one)

    def test_AStreamThatRunsWhileItsCaptureIsDeletedIsWhole(self):
        arguments, path = self.commands()['export']
        whole = self.whole(arguments, path)
        process = self.start_and_hold(arguments)
        self.sumscope('captures', 'delete', self.capture)
        self.proxy.release()
        self.end(process, 0)
        self.assertEqual(sha256(path.read_bytes()), sha256(whole))
        self.assert_refused(self.one, 'CAPTURE_NOT_FOUND', 3, *arguments)

    def streamed(self, capture, tensor):
        """A tensor's bytes by the stock client, and its dtype and shape as the server tells them."""
        described = self.one.client.call('CaptureService/GetCapture', name=capture)['result']['tensors']
        about = next(one for one in described if one['name'] == tensor)
        chunks = list(self.one.client.stream('CaptureService/ReadTensor', name=capture, tensor=tensor))
        data = b''.join(chunk.data for chunk in chunks)
        self.assertEqual((len(data), sha256(data)), (int(about['bytes']), about['sha256']))
        self.assertEqual(chunks[0].sha256, about['sha256'])
        return about['dtype'], [int(size) for size in about.get('shape', [])], data

    def test_FilesHoldTheStreamedValues(self):
        captures = [self.store('--hooks', 'blocks.0.*', '--questions', 'uniform:20'),
                    self.store('--hooks', '*.attn.hook_z', '--questions', 'uniform:50', '--reduce', 'components:3'),
                    self.store('--hooks', '*.hook_mlp_out', '--questions', 'uniform:50', '--reduce', 'class-mean')]
        descr = {'F32': '<f4', 'F64': '<f8', 'I64': '<i8', 'I32': '<i4', 'U8': '|u1', 'BOOL': '|b1'}
        compared = 0
        for capture in captures:
            file = self.out / f'{capture.split("/")[-1]}.safetensors'
            self.sumscope('captures', 'export', capture, '--out', file)
            tensors = read_safetensors(file.read_bytes())[1]
            names = [one['name'] for one in
                     self.one.client.call('CaptureService/GetCapture', name=capture)['result']['tensors']]
            self.assertEqual(sorted(tensors), sorted(names))
            for name in names:
                with self.subTest(capture, name=name):
                    dtype, shape, data = self.streamed(capture, name)
                    self.assertEqual(tensors[name], (dtype, shape, data))
                    path = self.out / 'one.npy'
                    self.sumscope('captures', 'get', capture, '--tensor', name, '--out', path)
                    self.assertEqual(read_npy(path.read_bytes()), (descr[dtype], shape, data))
                    if numpy is not None:
                        array = numpy.load(path)
                        self.assertEqual((array.dtype.str, list(array.shape), array.tobytes()),
                                         (descr[dtype], shape, data))
                    compared += 1
        say(f'{compared} tensors compared{"" if numpy is None else ", with NumPy too"}')
        self.assertGreater(compared, 20)


if __name__ == '__main__':
    unittest.main()
