"""Captures on the real thing: what is read back, reductions, limits, and what is left after a cancel or a dead worker."""

import os
import signal
import struct
import unittest

from harness.case import IntegrationTest
from harness.programs import ORACLES
from harness.safetensors_file import read_safetensors
from harness.waiting import wait_until

MIX = str(ORACLES / 'mix_d5_l2_h3_early' / 'model.safetensors')
HOOK = 'blocks.1.attn.hook_z'
LARGE = ('--hooks', '*', '--questions', 'uniform:20000')


def floats(data):
    return struct.unpack(f'<{len(data) // 4}f', data)


class CapturesTest(IntegrationTest):
    def setUp(self):
        self.one = self.server()
        self.sumscope('import', MIX, '--operation', 'mix', '--run-id', 'mix', '--quiet')

    def sumscope(self, *arguments, **options):
        return self.cli(self.one, *arguments, **options)

    def capture(self, *options, wait=True):
        """The id of a new capture."""
        result = self.sumscope('capture', 'mix', *options, '--quiet', *(['--wait'] if wait else []))
        return result.text.split()[-1].split('/')[-1]

    def export(self, capture):
        path = self.root / f'{capture}.safetensors'
        self.sumscope('captures', 'export', f'runs/mix/captures/{capture}', '--out', str(path))
        return read_safetensors(path.read_bytes())[1]

    def on_disk(self, capture):
        return [path.name for path in (self.one.data / 'runs').glob(f'*/mix.{capture}.db*')]

    def state(self, capture):
        return self.one.client.call('AnalysisService/GetAnalysis', name=f'runs/mix/analyses/{capture}')

    def test_CaptureGivenReductionsThenTheyAreThoseOfTheWhole(self):
        questions = ('--questions', 'uniform:40', '--positions', 'P12,P14')
        whole = self.export(self.capture('--hooks', HOOK, *questions))
        dtype, shape, data = whole[HOOK]
        self.assertEqual((dtype, shape), ('F32', [40, 2, 3, 32]))
        self.assertEqual(whole['tokens'][:2], ('I64', [40, 19]))
        values, width = floats(data), 2 * 3 * 32
        mean = floats(self.export(self.capture('--hooks', HOOK, *questions, '--reduce', 'mean'))[HOOK][2])
        self.assertEqual(len(mean), width)
        for i in range(width):
            self.assertAlmostEqual(mean[i], sum(values[i::width]) / 40, places=5)
        components = self.export(self.capture('--hooks', HOOK, *questions, '--reduce', 'components:2'))
        self.assertEqual(components[f'{HOOK}.scores'][1], [40, 2])
        self.assertEqual(components[f'{HOOK}.axes'][1], [2, width])

    def test_CaptureGivenOneTensorThenNpyAndRangesAreItsBytes(self):
        capture = self.capture('--hooks', HOOK, '--questions', 'uniform:30')
        name = f'runs/mix/captures/{capture}'
        data = self.export(capture)[HOOK][2]
        path = self.root / 'z.npy'
        self.sumscope('captures', 'get', name, '--tensor', HOOK, '--out', str(path))
        content = path.read_bytes()
        self.assertEqual(content[:6], b'\x93NUMPY')
        self.assertIn(b"'<f4'", content[:200])
        self.assertEqual(content[-len(data):], data)
        part = self.root / 'part.bin'
        self.sumscope('captures', 'get', name, '--tensor', HOOK, '--offset-bytes', '100', '--length-bytes', '1000',
                      '--out', str(part))
        self.assertEqual(part.read_bytes(), data[100:1100])
        self.sumscope('captures', 'delete', name)
        self.assertEqual(self.on_disk(capture), [])
        self.assert_refused(self.one, 'NOT_FOUND', 3, 'captures', 'show', name)

    def test_CaptureGivenTheLimitThenItIsRefusedBeforeItStarts(self):
        small = self.server(name='small', flags=('--capture-limit-bytes', '1000000'))
        self.cli(small, 'import', MIX, '--operation', 'mix', '--run-id', 'mix', '--quiet')
        self.assert_refused(small, 'CAPTURE_TOO_LARGE', 9, 'capture', 'mix', *LARGE, says='bytes')
        self.assertEqual(self.cli(small, 'analyses', 'list', 'mix', '-o', 'id').text, '')

    def test_CaptureGivenACancelThenNothingIsLeft(self):
        capture = self.capture(*LARGE, wait=False)
        wait_until('the capture to write', lambda: self.on_disk(capture))
        self.one.client.call('AnalysisService/CancelAnalysis', name=f'runs/mix/analyses/{capture}')
        wait_until('the capture to end', lambda: 'CANCELLED' in str(self.state(capture)))
        wait_until('its file to go', lambda: not self.on_disk(capture))
        self.assert_refused(self.one, 'NOT_FOUND', 3, 'captures', 'show', f'runs/mix/captures/{capture}')

    def test_CaptureGivenADeadWorkerIsMadeAgain(self):
        capture = self.capture('--hooks', 'blocks.*.hook_resid_*', '--questions', 'uniform:10000', wait=False)
        wait_until('the capture to write', lambda: self.on_disk(capture))
        os.kill(self.one.worker_pid(), signal.SIGKILL)
        wait_until('the capture to end', lambda: 'SUCCEEDED' in str(self.state(capture)))
        again = self.capture('--hooks', 'blocks.*.hook_resid_*', '--questions', 'uniform:10000', '--question-seed', '0')
        self.assertEqual(again, capture)  # the same question: the stored answer
        self.assertEqual(self.on_disk(capture), [f'mix.{capture}.db'])


if __name__ == '__main__':
    unittest.main()
