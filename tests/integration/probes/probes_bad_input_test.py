"""Probes, question sets and captures given bad input: each its own reason and exit code, nothing half-stored, the server
well afterwards; and the same question asked twice."""

import json
import unittest

from harness.case import IntegrationTest
from harness.programs import ORACLES

TINY = 'd_model=16,d_head=8,d_mlp=32,batch_size=8'
MIX = str(ORACLES / 'mix_d5_l2_h3_early' / 'model.safetensors')


class ProbesTest(IntegrationTest):
    def setUp(self):
        self.one = self.server()
        self.sumscope('import', MIX, '--operation', 'mix', '--run-id', 'mix', '--quiet')

    def sumscope(self, *arguments, **options):
        return self.cli(self.one, *arguments, **options)

    def refused(self, reason, code, *arguments, says=''):
        return self.assert_refused(self.one, reason, code, *arguments, says=says)

    def analyses(self, run):
        return self.sumscope('analyses', 'list', run, '-o', 'id').text.split()

    def captures_on_disk(self):
        return [path.name for path in (self.one.data / 'runs').glob('*/*') if path.name.count('.') >= 2
                and not path.name.endswith(('-wal', '-shm'))]

    def test_ProbeGivenBadInputIsRefusedWithAReasonOfItsOwn(self):
        probe = ('probe', 'mix')
        cases = [
            ('NODE_INVALID', 2, 'ablate', '--nodes', 'P14Q2'),
            ('POSITION_OUT_OF_RANGE', 2, 'ablate', '--nodes', 'P19L0H0'),
            ('LAYER_OUT_OF_RANGE', 2, 'ablate', '--nodes', 'L2H0'),
            ('HEAD_OUT_OF_RANGE', 2, 'ablate', '--nodes', 'P14L0H3'),
            ('EMPTY_QUESTION_SET', 2, 'evaluate', '--questions', 'uniform:0'),
            ('QUESTION_INVALID', 2, 'attention', '--questions', f'file:{self.question_file("123456+1")}'),
            ('COMPONENTS_OUT_OF_RANGE', 2, 'pca', '--components', '0'),
            ('COMPONENTS_OUT_OF_RANGE', 2, 'pca', '--components', '11'),
            ('DIGIT_OUT_OF_RANGE', 2, 'pca', '--questions', 'tricase:D5:10'),
            ('TASK_UNKNOWN', 2, 'subtasks', '--tasks', 'A2.QQ'),
            ('TASK_DIGIT_OUT_OF_RANGE', 2, 'patch', '--questions', 'tasks:A7.SA'),
            ('PAIRS_WANTED', 2, 'patch', '--questions', 'uniform:10'),
            ('QUESTION_SET_HAS_PAIRS', 2, 'evaluate', '--questions', 'tasks:SA'),
            ('FEATURE_UNKNOWN', 2, 'linear-probe', '--node', 'P14L0', '--feature', 'A2.QQ'),
            ('QUESTION_SET_NOT_FOUND', 3, 'evaluate', '--questions', 'sha256:' + '0' * 64),
            ('RUN_HAS_NO_METRICS', 8, 'phases'),
        ]
        for reason, code, name, *options in cases:
            with self.subTest(reason, options=options):
                self.refused(reason, code, *probe, name, *options)
        self.refused('HOOK_UNKNOWN', 2, 'capture', 'mix', '--hooks', 'blocks.0.attn.hook_zz', says='attn.hook_z')
        self.refused('COMPONENTS_OUT_OF_RANGE', 2, 'capture', 'mix', '--hooks', 'blocks.0.attn.hook_z', '--reduce',
                     'components:51')
        self.refused('CHECKPOINT_NOT_FOUND', 3, 'probe', 'mix@77', 'evaluate')
        self.assertEqual(self.analyses('mix'), [])
        self.assertEqual(self.captures_on_disk(), [])

    def question_file(self, text):
        path = self.root / 'questions.txt'
        path.write_text(text + '\n')
        return path

    def test_ProductsAreAskedOnlyWhatAppliesToThem(self):
        run = self.sumscope('train', 'mul_d4_l1_h2', '--set', f'{TINY},steps=5', '--watch', '--quiet').text.split()[0]
        for name, *options in (('cascades',), ('subtasks',), ('algorithm',),
                               ('evaluate', '--questions', 'class:S1:10'), ('evaluate', '--questions', 'stratified:5'),
                               ('linear-probe', '--node', 'P9L0', '--feature', 'A1.SC')):
            with self.subTest(name, options=options):
                self.refused('TASK_NOT_APPLICABLE', 2, 'probe', run, name, *options)
        result = self.sumscope('probe', run, 'evaluate', '--questions', 'uniform:50', '--wait', '-o', 'json').json
        self.assertEqual(result['result']['evaluate']['cells'], [])

    def test_TaskGivenAnotherOperationIsRefused(self):
        run = self.sumscope('train', 'add_d4_l1_h2', '--set', f'{TINY},steps=5', '--watch', '--quiet').text.split()[0]
        self.refused('TASK_NOT_APPLICABLE', 2, 'probe', run, 'subtasks', '--tasks', 'A1.MD')
        self.refused('USEFUL_NODES_MISSING', 8, 'train', 'ins2_add_d4_l1_h2', '--set',
                     f'{TINY},steps=5,init_from={run}')
        waiting = self.sumscope('train', 'add_d4_l1_h2', '--set', f'{TINY},steps=10000000', '--quiet').text.strip()
        behind = self.sumscope('train', 'add_d4_l1_h2', '--set', f'{TINY},steps=5', '--quiet').text.strip()
        for one in (behind, waiting):
            self.sumscope('runs', 'cancel', one, '--quiet')
        self.refused('RUN_HAS_NO_CHECKPOINT', 8, 'probe', behind, 'evaluate')

    def test_ProbeGivenTheSameQuestionTwiceIsComputedOnce(self):
        ask = ('probe', 'mix', 'useful-nodes', '--questions', 'uniform:50', '--wait', '-o', 'json')
        first, second = self.sumscope(*ask).json, self.sumscope(*ask).json
        self.assertEqual((first['from_cache'], second['from_cache']), (False, True))
        self.assertEqual(json.dumps(first['result']), json.dumps(second['result']))
        self.assertEqual(len(self.analyses('mix')), 1)
        shown = self.sumscope('analyses', 'show', first['name'], '-o', 'json').json
        self.assertEqual(json.dumps(shown['result']), json.dumps(first['result']))
        facts = self.sumscope('facts', 'run.n_layers = 2 AND kind = "Fail%"', '-o', 'json').json
        self.assertGreater(len(facts['facts'] if isinstance(facts, dict) else facts), 0)

    def test_CaptureGivenACorruptChunkSaysSo(self):
        name = self.sumscope('capture', 'mix', '--hooks', 'blocks.*.attn.hook_z', '--questions', 'uniform:200',
                             '--wait', '--quiet').text.split()[-1]
        capture = name.replace('/analyses/', '/captures/')
        self.assertEqual(len(self.captures_on_disk()), 1)
        self.one.stop()
        path = next((self.one.data / 'runs').glob(f'*/{self.captures_on_disk()[0]}'))
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 0x40
        path.write_bytes(data)
        self.one.start()
        result = self.sumscope('captures', 'export', capture, '--out', str(self.root / 'all.safetensors'), code=None)
        self.assertNotEqual(result.code, 0)
        self.assertRegex(result.stderr, 'CHUNK_CORRUPT|CAPTURE_FILE_CORRUPT')
        self.assertFalse((self.root / 'all.safetensors').exists())
        self.assert_well(self.one)


if __name__ == '__main__':
    unittest.main()
