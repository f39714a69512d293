"""Every figure of the oracle models' expected.json and verdict.json, asked through the command line of the imported
models; tolerances of tests/oracles/README.md."""

import json
import math
import time
import unittest

from harness.case import IntegrationTest
from harness.programs import ORACLES
from harness.waiting import say


class ProbesOracle(IntegrationTest):
    """The tests of one model; sub-classes name it."""
    MODEL = None
    OPERATION = 'add'

    def setUp(self):
        if self.MODEL is None:
            self.skipTest('the sub-classes name a model')
        self.expected = json.loads((ORACLES / self.MODEL / 'expected.json').read_text())
        self.mixed = self.OPERATION == 'mix'
        self.one = self.server()
        self.sumscope('import', str(ORACLES / self.MODEL / 'model.safetensors'), '--operation', self.OPERATION,
                      '--run-id', 'oracle', '--quiet')

    def sumscope(self, *arguments, **options):
        return self.cli(self.one, *arguments, timeout=900, **options)

    def ask(self, probe, questions, *arguments):
        """The result of one analysis, as the CLI prints it."""
        answer = self.sumscope('probe', 'oracle', probe, *(('--questions', questions) if questions else ()), *arguments,
                               '--wait', '-o', 'json').json
        self.assertFalse(answer['from_cache'])
        return answer['result'][probe.replace('-', '_')]

    def set(self, name):
        return f'file:{ORACLES / self.MODEL / "questions.tsv"}?set={name}'

    def uniform_sets(self):
        """{entry of the file: question set}"""
        if not self.mixed:
            return {None: 'uniform'}
        return {'add_uniform': 'add_uniform', 'sub_uniform': 'sub_uniform'}

    def entry(self, probe, name):
        return self.expected[probe] if name is None else self.expected[probe][name]

    def both(self, ours, theirs, what=''):
        """Pairs of two lists of the same length."""
        self.assertEqual(len(ours), len(theirs), what)
        return zip(ours, theirs)

    def near(self, value, expected, absolute, relative=0.0, what=''):
        if expected is None:
            self.assertIsNone(value, what)
        else:
            self.assertLessEqual(abs(value - expected), absolute + relative * abs(expected), f'{what}: {value} {expected}')

    def loss(self, value, expected, what=''):
        self.near(value, expected, 1e-5, 1e-4, what)

    def check_evaluation(self):
        for name, expected in self.expected['evaluation']['sets'].items():
            result = self.ask('evaluate', self.set(name))
            self.assertEqual(result['exact']['correct'], expected['exact'], name)
            self.assertEqual(result['near_ties'], expected['near_ties'], name)
            self.loss(result['loss'], expected['loss'], name)
            self.assertEqual([digit['accuracy']['correct'] for digit in result['digits']], expected['digit_correct'])
            for digit, loss in self.both(result['digits'], expected['digit_loss']):
                self.loss(digit['loss'], loss, name)
            for cell in result['cells'] if name in ('uniform', 'add_uniform', 'sub_uniform') else ():
                of_cell = self.expected['evaluation']['cells'][cell['cell']]
                for ours, theirs in [(cell, of_cell)] + list(self.both(cell['by_column'], of_cell['by_column'])):
                    self.assertEqual((ours['accuracy']['count'], ours['accuracy']['correct']),
                                     (theirs['count'], theirs['correct']), cell['cell'])
                    self.near(ours.get('loss'), theirs['loss'], 1e-5, 1e-4, cell['cell'])

    def check_attention(self):
        for name, questions in self.uniform_sets().items():
            result = self.ask('attention', self.set(questions))
            expected = self.entry('attention', name)
            self.assertEqual(len(result['heads']), len(expected))
            for head, of_head in self.both(result['heads'], expected):
                self.assertEqual((head['layer'], head['head']), (of_head['layer'], of_head['head']))
                self.assertEqual(len(head['rows']), len(of_head['rows']))
                for row, weights in self.both(head['rows'], of_head['rows']):
                    for ours, theirs in self.both(row['weights'], weights):
                        self.near(ours, theirs, 1e-5, what='attention')

    def check_attribution(self):
        for name, questions in self.uniform_sets().items():
            result = self.ask('attribution', self.set(questions))
            expected = self.entry('attribution', name)
            self.assertLess(result['largest_sum_error'], 1e-3)
            say(f'{self.MODEL} {questions}: parts sum to the logit within {result["largest_sum_error"]:.2g}')
            parts = {part['component']: part['logits'] for part in result['parts']}
            self.assertEqual(set(parts), set(expected['parts']))
            for component, logits in expected['parts'].items():
                for ours, theirs in self.both(parts[component], logits):
                    self.near(ours, theirs, 1e-3, what=component)
            for ours, theirs in self.both(result['true_logit'], expected['true_logit']):
                self.near(ours, theirs, 1e-3, what='true_logit')

    def node_of(self, record):
        position = '' if record['position'] is None else f'P{record["position"]}'
        kind = {'head': f'H{record["head"]}', 'mlp': 'MLP', 'position': ''}[record['scope']]
        return f'{position}L{record["layer"]}{kind}'

    def check_ablation(self):
        sets = {name: self.set(questions) for name, questions in self.uniform_sets().items()}
        if self.mixed:
            both = self.one.root / 'both.tsv'
            lines = (ORACLES / self.MODEL / 'questions.tsv').read_text().splitlines()
            both.write_text('\n'.join([lines[0]] + [line for line in lines[1:] if '_uniform' in line.split('\t')[0]]))
            sets['both'] = f'file:{both}'
        for name, questions in sets.items():
            entry = self.entry('ablation', name)
            for mode in ('mean', 'zero'):
                records = [record for record in entry['results'] if record['mode'] == mode]
                flags = [part for record in records for part in ('--nodes', self.node_of(record))]
                result = self.ask('ablate', questions, '--mode', mode, *flags)
                self.assertEqual(result['unablated']['right'], entry['unablated']['right'])
                self.assertEqual(result['unablated']['failed_digits'], entry['unablated']['failed_digits'])
                self.loss(result['unablated']['loss'], entry['unablated']['loss'])
                for ours, theirs in self.both(result['results'], records):
                    what = f'{name} {mode} {ours["nodes"]}'
                    self.assertEqual(ours['nodes'], self.node_of(theirs))
                    self.loss(ours['loss'], theirs['loss'], what)
                    for a, b in self.both(ours['digit_loss'], theirs['digit_loss']):
                        self.loss(a, b, what)
                    for field in ('failed', 'failed_of_right'):
                        self.near(ours[field], theirs[field], theirs['near_ties'], what=what)
                    for field in ('failed_digits', 'failed_digits_of_right'):
                        for a, b in self.both(ours[field], theirs[field]):
                            self.near(a, b, theirs['near_ties'], what=what)

    def interventions(self):
        """{(pair id, nodes): record}, of either layout of the file."""
        file, records = self.expected['interventions'], {}
        text = lambda layer, position, heads: ','.join(f'P{position}L{layer}H{head}' for head in heads)
        for record in file.get('results', ()):
            nodes = text(record['layer'], record['position'], record['heads'])
            records[record['pair'], nodes] = record
        for pair in file['pairs'] if 'nodes' in file else ():
            strong = {}
            for index, digit in pair['strong']:
                strong.setdefault(index, []).append(digit)
            for i, node in enumerate(file['nodes']):
                records[pair['id'], text(*node)] = {
                    'predicted': pair['predicted'][i] or pair['clean_predicted'], 'impact': pair['impact'][i],
                    'l2': pair['l2'][i], 'loss': pair['loss'][i], 'margin': pair['margin'][i],
                    'strong_for': strong.get(i, [])}
        return records

    def check_interventions(self):
        expected = self.interventions()
        result = self.ask('patch', 'tasks:all', '--head-pairs')
        compared = 0
        for pair in result['pairs']:
            of_pair = next((p for p in self.expected['interventions']['pairs'] if p['id'] == pair['id']), None)
            if of_pair is None:
                continue  # SS9 and SS9C, which the 1-layer model's file does not hold
            for field in ('store', 'clean', 'store_true', 'clean_true', 'store_predicted', 'clean_predicted'):
                self.assertEqual(pair[field], of_pair[field], pair['id'])
            self.assertEqual({str(e['digit']): e['answer'] for e in pair['expected']}, of_pair['expected'], pair['id'])
            for nodes, ours in self.both(result['nodes'], pair['results']):
                theirs = expected[pair['id'], nodes]
                what = f'{pair["id"]} {nodes}'
                compared += 1
                self.near(ours['l2'], theirs['l2'], 1e-4, 1.5e-5 if self.mixed else 1e-5, what)
                self.loss(ours['loss'], theirs['loss'], what)
                if theirs['margin'] < 1e-4:
                    continue
                self.assertEqual((ours['predicted'], ours['impact'], ours['strong_for']),
                                 (theirs['predicted'], theirs['impact'], theirs['strong_for']), what)
        self.assertEqual(compared, len(expected))
        say(f'{self.MODEL}: {compared} interventions agree')

    def check_look_back(self):
        for name, expected in self.expected['look_back'].items():
            result = self.ask('cascades', self.set(name), '--per-cell', '1')
            self.assertEqual(len(result['agreements']), 1)
            ours = result['agreements'][0]
            self.assertEqual(ours['questions'], expected['count'])
            self.assertEqual((ours['mistakes_forced'], ours['mistakes_generated']),
                             (expected['mistakes']['forced'], expected['mistakes']['generated']), name)
            self.assertEqual(ours['generated_digit_correct'], expected['generated_digit_correct'], name)
            self.assertEqual(ours['by_k'], expected['by_k'], name)

    def check_verdict(self):
        verdict = json.loads((ORACLES / self.MODEL / 'verdict.json').read_text())
        result = self.ask('cascades', None)
        parts = {'additions': verdict['digits']}
        for sign, digits in verdict.get('subtraction', {}).items():
            if sign in ('positive', 'negative'):
                parts[f'subtractions_{sign}'] = digits
        for part, digits in parts.items():
            self.assertEqual([digit['digit'] for digit in result[part]], [digit['digit'] for digit in digits])
            for ours, theirs in self.both(result[part], digits):
                what = f'{part} {ours["digit"]}'
                for m, right in enumerate(theirs['right']):
                    # Other questions of the same kind: two shares differ by chance.
                    n, their_n = ours['per_cell'], verdict['per_cell']
                    p = (ours['right'][m] + right) / (n + their_n)
                    error = 4 * math.sqrt(p * (1 - p) * (1 / n + 1 / their_n)) + 1e-3
                    self.near(ours['right'][m] / n, right / their_n, error, what=f'{what} m {m}')
                k = len(theirs['right']) if theirs['k'] == 'exact' else theirs['k']
                self.assertEqual(ours['k'], k, what)
                # The files say "exact" of what reads all the way; ours is sure of all.
                self.assertEqual(ours['exact'], ours['s'] == len(theirs['right']), what)
                self.assertLessEqual(ours['s'], ours['k'], what)

    def check_pca(self):
        path = ORACLES / self.MODEL / 'pca_questions.tsv'
        for operation in ('+', '-') if self.mixed else (None,):
            for digit in range(4):
                of_operation = f'&op={operation}' if operation else ''
                result = self.ask('pca', f'file:{path}?digit={digit}{of_operation}', '--digit', str(digit))
                nodes = {node['node']: node for node in result['nodes']}
                records = [record for record in self.expected['pca']
                           if record['digit'] == digit and record.get('op') == operation]
                self.assertGreater(len(records), 0)
                for theirs in records:
                    name = f'P{theirs["position"]}L{theirs["layer"]}H{theirs["head"]}'
                    ours, what = nodes[name], f'{operation} D{digit} {name}'
                    self.near(ours['total_variance'], theirs['total_variance'] or 0, 1e-8, 1e-3, what)
                    if theirs['silhouette'] is None:
                        self.assertIsNone(ours.get('label_silhouette'), what)
                        continue
                    for a, b in self.both(ours['evr'], theirs['evr']):
                        self.near(a, b, 1e-3, what=what)
                    self.near(ours['label_silhouette'], theirs['silhouette'], 1e-3, what=what)
                    self.near(ours['label_ch'], theirs['calinski_harabasz'], 0, 1e-3, what)

    def test_GivenTheOracleModelThenEveryFigureAgrees(self):
        for check in (self.check_evaluation, self.check_attention, self.check_attribution, self.check_ablation,
                      self.check_interventions, self.check_look_back, self.check_verdict, self.check_pca):
            with self.subTest(check.__name__):
                begin = time.monotonic()
                check()
                say(f'{self.MODEL} {check.__name__}: agrees, {time.monotonic() - begin:.1f} s')


class AddL1(ProbesOracle):
    MODEL = 'add_d5_l1_h3'


class MixL2Early(ProbesOracle):
    MODEL, OPERATION = 'mix_d5_l2_h3_early', 'mix'


class MixL2Small(ProbesOracle):
    MODEL, OPERATION = 'mix_d5_l2_h3_small', 'mix'


del ProbesOracle

if __name__ == '__main__':
    unittest.main()
