"""One question to many runs: what `probe --runs` says of a set agrees with what Python makes of the single answers."""

import json
import math
import os
import signal
import statistics
import subprocess
import time
import unittest

from harness.case import IntegrationTest
from harness.models import TINY_SET
from harness.programs import ORACLES, SUMSCOPE, clean_environment
from harness.waiting import say, wait_until

ADD = str(ORACLES / 'add_d5_l1_h3' / 'model.safetensors')
MIX = str(ORACLES / 'mix_d5_l2_h3_early' / 'model.safetensors')
STUDY = 'labels.study = "across"'

# What names a member of a list: the first group that it has in full.
NAMES = (('layer', 'head'), ('task', 'nodes'), ('digit', 'length'), ('digit',), ('question_class',), ('cell',),
         ('nodes',), ('node',), ('component',), ('id',), ('name',), ('label',), ('k',), ('operation',), ('position',),
         ('question',), ('task',))
# Settings, bounds, the words of the question, and what the path says already.
NO_ANSWER = {'mode', 'lower', 'upper', 'per_cell', 'kappa_lower', 'kappa_upper', 'share_expected',
             'reads_above', 'sure_above', 'worst', 'meaning',
             'predicts', 'text', 'store', 'clean', 'store_true', 'clean_true', 'true_answer', 'question', 'truth',
             'look_back_2', 'layer', 'head', 'position', 'digit', 'length', 'cell', 'node', 'component', 'id', 'name',
             'label', 'task', 'operation', 'question_class'}
VERDICTS = ('k', 's', 'cluster_k', 'pair')  # numbers that runs agree on or not
COUNTS_AS_TEXT = ('step', 'steps', 'learnt_step', 'bytes', 'offset', 'rechecked')  # 64-bit integers are strings in JSON


class Flat:
    """A result's JSON as {path: number}, {path: text} and facts."""

    def __init__(self, result):
        self.numbers, self.values, self.facts, self.twice = {}, {}, set(), []
        self.walk(result, '', [])

    def put(self, into, path, value):
        if path in into:
            self.twice.append(path)
        into[path] = value

    def leaf(self, key, value, path):
        if key in VERDICTS and value is not None:
            self.put(self.values, path, str(value))
        elif isinstance(value, bool):
            self.put(self.values, path, 'true' if value else 'false')
        elif isinstance(value, str) and key not in COUNTS_AS_TEXT:
            self.put(self.values, path, value)
        elif value is not None:
            self.put(self.numbers, path, float(value))

    def walk(self, message, path, around):
        if message.get('count') == 0 and 'rate' in message:
            return  # of no questions
        around = [message] + around
        for key, value in message.items():
            here = f'{path}.{key}' if path else key
            if key in NO_ANSWER or (key == 'k' and 'forced' in message):
                continue
            if key == 'nodes' and not isinstance(value, list):
                continue
            if isinstance(value, dict):
                self.walk(value, here, around)
            elif isinstance(value, list):
                self.walk_list(key, value, here, around)
            else:
                self.leaf(key, value, here)

    def walk_list(self, key, elements, here, around):
        if key in ('order', 'cell_order'):
            return self.put(self.values, here, ' '.join(elements))
        if elements and isinstance(elements[0], str):
            if key not in ('answer_tokens', 'nodes', 'labels'):
                self.facts.update(f'{here} {word}' for word in elements)
            return None
        for i, element in enumerate(elements):
            if not isinstance(element, dict):
                self.leaf(key, element, f'{here}.{self.name_at("answer_tokens", i, len(elements), around)}')
            elif set(element) == {'node', 'tag'}:
                self.facts.add(f'{element["node"]} {element["tag"]}')
            else:
                name = self.name_of(element) or self.name_at('nodes', i, len(elements), around)
                self.walk(element, f'{here}.{name}', around)
        return None

    @staticmethod
    def name_at(names, i, size, around):
        for message in around:
            words = message.get(names)
            if isinstance(words, list) and len(words) == size and isinstance(words[0], str):
                return words[i]
        return str(i)

    @staticmethod
    def name_of(element):
        for group in NAMES:
            if all(field in element and not isinstance(element[field], list) for field in group):
                parts = [str(element[field]) for field in group]
                if group[0] == 'layer':
                    return f'L{parts[0]}H{parts[1]}'
                return f'P{parts[0]}' if group[0] == 'position' else ' '.join(parts)
        return ''


class AcrossRunsTest(IntegrationTest):
    def setUp(self):
        self.one = self.server(slots=('cpu0:cpu:2',))

    def sumscope(self, *arguments, **options):
        return self.cli(self.one, *arguments, **options)

    def three_runs(self):
        """Different shapes and operations: ADD and MIX of five digits, a tiny ADD of two."""
        label = ('--label', 'study=across', '--quiet')
        self.sumscope('import', ADD, '--run-id', 'add5', *label)
        self.sumscope('import', MIX, '--operation', 'mix', '--run-id', 'mix5', *label)
        self.sumscope('train', 'add_d2_l1_h1', '--set', f'{TINY_SET},steps=60', '--run-id', 'tiny', '--watch', *label)
        return ['add5', 'mix5', 'tiny']

    def across(self, probe, *options, runs=STUDY, **more):
        return self.sumscope('probe', '--runs', runs, probe, *options, '-o', 'json', **more).json

    def single(self, run, probe, *options):
        return self.sumscope('probe', run, probe, *options, '--wait', '-o', 'json').json

    def analyses(self):
        return self.sumscope('analyses', 'list', '-o', 'id').text.split()

    def compare(self, across, answers, probe):
        """Every number, value and fact of `across` is what the single answers say, and none is missing."""
        flats = [Flat(answer['result'][probe.replace('-', '_')]) for answer in answers]
        for flat in flats:
            self.assertEqual(flat.twice, [])
        numbers = {entry['path']: entry for entry in across['numbers']}
        self.assertEqual(set(numbers), {path for flat in flats for path in flat.numbers})
        self.assertEqual(len(numbers), len(across['numbers']))
        for path, entry in numbers.items():
            values = [flat.numbers[path] for flat in flats if path in flat.numbers]
            self.assertEqual((entry['n'], entry['min'], entry['max']), (len(values), min(values), max(values)), path)
            scale = max(abs(value) for value in values) * 1e-12
            self.assertLessEqual(abs(entry['mean'] - statistics.fmean(values)), scale, path)
            if len(values) == 1:
                self.assertIsNone(entry['standard_deviation'], path)
            else:
                self.assertTrue(math.isclose(entry['standard_deviation'], statistics.stdev(values), rel_tol=1e-9,
                                             abs_tol=scale), path)
        says = {(path, value): sum(flat.values.get(path) == value for flat in flats)
                for flat in flats for path, value in flat.values.items()}
        self.assertEqual({(entry['path'], entry['value']): entry['k'] for entry in across['values']}, says)
        for entry in across['values']:
            self.assertEqual(entry['m'], sum(entry['path'] in flat.values for flat in flats), entry)
        facts = {fact: sum(fact in flat.facts for flat in flats) for flat in flats for fact in flat.facts}
        self.assertEqual({entry['fact']: entry['k'] for entry in across['facts']}, facts)
        self.assertEqual({entry['m'] for entry in across['facts']} - {len(flats)}, set())
        return len(numbers), len(says), len(facts)

    def test_RunsOfDifferentShapesAreSummedUpAsPythonDoes(self):
        runs = self.three_runs()
        for probe, *options in (('evaluate', '--questions', 'uniform:300'),
                                ('useful-nodes', '--questions', 'uniform:40'),
                                ('attribution', '--questions', 'uniform:50'),
                                ('attention', '--questions', 'uniform:30'),
                                ('cascades', '--per-cell', '20', '--questions', 'uniform:50')):
            with self.subTest(probe):
                begin = time.monotonic()
                across = self.across(probe, *options)
                self.assertEqual((across['analysis'], across['filter'], across['left_out']),
                                 (probe.replace('-', '_'), STUDY, []))
                self.assertEqual(sorted(run['run'] for run in across['runs']), [f'runs/{run}' for run in runs])
                stored = self.analyses()
                answers = [self.single(run, probe, *options) for run in runs]
                self.assertTrue(all(answer['from_cache'] for answer in answers))
                self.assertEqual(sorted(run['analysis'] for run in across['runs']),
                                 sorted(answer['name'] for answer in answers))
                numbers, values, facts = self.compare(across, answers, probe)
                self.assertGreater(numbers, 10)
                if probe == 'useful-nodes':
                    self.assertGreater(facts, 5)
                again = self.across(probe, *options)
                self.assertEqual(again, across)
                self.assertEqual(self.analyses(), stored)  # nothing was computed again
                say(f'{probe}: {numbers} numbers, {values} values, {facts} facts, {time.monotonic() - begin:.1f} s')

    def test_TheTableAndTheCsvSayWhatTheJsonSays(self):
        self.three_runs()
        ask = ('probe', '--runs', STUDY, 'evaluate', '--questions', 'uniform:50')
        across = self.sumscope(*ask, '-o', 'json').json
        lines = self.sumscope(*ask, '-o', 'csv').text.splitlines()
        self.assertEqual(len(lines) - 1, sum(len(across[part]) for part in ('numbers', 'values', 'facts')))
        loss = next(entry for entry in across['numbers'] if entry['path'] == 'exact.rate')
        row = next(line for line in lines if line.startswith('number,exact.rate,')).split(',')
        self.assertEqual([float(cell) for cell in row[3:8]],
                         [loss[key] for key in ('n', 'mean', 'standard_deviation', 'min', 'max')])
        self.assertIn('exact.rate', self.sumscope(*ask).text)
        self.assertEqual(len(self.sumscope(*ask, '-o', 'id').text.split()), 3)

    def test_RunsThatCannotAnswerAreLeftOutWithAReason(self):
        runs = self.three_runs()
        waiting = self.sumscope('train', 'add_d2_l1_h1', '--set', f'{TINY_SET},steps=10000000', '--quiet').text.strip()
        self.one.wait_for_state(f'runs/{waiting}', 'RUNNING')
        self.sumscope('train', 'add_d2_l1_h1', '--set', f'{TINY_SET},steps=10', '--run-id', 'behind', '--label',
                      'study=across', '--quiet')
        self.assert_refused(self.one, 'NO_RESULTS', 8, 'probe', '--runs', 'labels.study = "none"', 'evaluate',
                            says='no run matches')
        self.sumscope('runs', 'cancel', 'behind', waiting, '--quiet')
        self.one.wait_for_state(f'runs/{waiting}', 'CANCELLED')
        only = 'labels.study = "across" AND state = CANCELLED'
        self.assert_refused(self.one, 'NO_RESULTS', 8, 'probe', '--runs', only, 'evaluate', says='behind is left out')
        asked = self.sumscope('probe', '--runs', STUDY, 'evaluate', '--questions', 'uniform:50', '-o', 'json')
        self.assertRegex(asked.stderr, 'behind is left out: .* no weights yet')
        self.assertEqual(asked.json['left_out'], ['behind'])
        self.assertEqual(len(asked.json['runs']), 3)
        answers = [self.single(run, 'evaluate', '--questions', 'uniform:50') for run in runs]
        self.compare(asked.json, answers, 'evaluate')
        phases = self.sumscope('probe', '--runs', STUDY, 'phases', '--window', '5', '-o', 'json')
        self.assertEqual(sorted(phases.json['left_out']), ['add5', 'behind', 'mix5'])
        self.assertRegex(phases.stderr, 'add5 is left out: .*imported')
        self.compare(phases.json, [self.single('tiny', 'phases', '--window', '5')], 'phases')
        imported = 'labels.study = "across" AND spec.n_digits = 5'
        self.assert_refused(self.one, 'NO_RESULTS', 8, 'probe', '--runs', imported, 'phases', says='mix5 is left out')

    def test_ARunThatRefusesTheQuestionIsToldAndTheOthersAnswer(self):
        self.three_runs()
        # A position that two digits do not have.
        asked = self.sumscope('probe', '--runs', STUDY, 'ablate', '--nodes', 'P14L0H0', '--questions', 'uniform:40',
                              '-o', 'json', code=2)
        self.assertIn('tiny', asked.stderr)
        self.assertIn('POSITION_OUT_OF_RANGE', asked.stderr)
        self.assertEqual(sorted(run['run'] for run in asked.json['runs']), ['runs/add5', 'runs/mix5'])
        self.assert_refused(self.one, 'FILTER_INVALID', 2, 'probe', '--runs', 'labels.study = = 1', 'evaluate')
        self.assert_refused(self.one, 'USAGE', 2, 'probe', 'add5', '--runs', STUDY, 'evaluate')

    def test_ADryRunOfManyRunsQueuesNothing(self):
        self.three_runs()
        dry = self.sumscope('probe', '--runs', STUDY, 'evaluate', '--dry-run', '-o', 'json').json
        self.assertEqual(sorted(entry['run'] for entry in dry['predictions']), ['runs/add5', 'runs/mix5', 'runs/tiny'])
        self.assertEqual(self.analyses(), [])

    def ask_while_the_worker_stands_still(self, *options):
        """(a process that waits for three answers, the stopped worker's pid)"""
        worker = self.one.worker_pid()
        os.kill(worker, signal.SIGSTOP)
        environment = dict(clean_environment(self.root), SUMSCOPE_SERVER=self.one.address)
        asking = subprocess.Popen([str(SUMSCOPE), 'probe', '--runs', STUDY, 'evaluate', *options],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  env=environment, cwd=self.root)
        self.addCleanup(asking.kill)
        wait_until('three analyses to be queued', lambda: len(self.analyses()) == 3)
        return asking, worker

    def test_ASetThatLosesItsWorkerAndItsServerIsAnsweredAllTheSame(self):
        runs = self.three_runs()
        options = ('--questions', 'uniform:400')
        asking, worker = self.ask_while_the_worker_stands_still(*options, '-o', 'json')
        os.kill(worker, signal.SIGKILL)
        self.one.kill()
        self.one.start()
        out, err = asking.communicate(timeout=120)
        self.assertEqual(asking.returncode, 0, err)
        self.assertIn(b'lost the server', err)
        across = json.loads(out)
        self.assertEqual(len(self.analyses()), 3)
        self.compare(across, [self.single(run, 'evaluate', *options) for run in runs], 'evaluate')

    def test_ASetThatIsInterruptedGoesOnAndIsAskedAgain(self):
        runs = self.three_runs()
        asking, worker = self.ask_while_the_worker_stands_still('--questions', 'uniform:500')
        asking.send_signal(signal.SIGINT)
        out, err = asking.communicate(timeout=60)
        self.assertEqual((asking.returncode, out), (130, b''), err)
        self.assertIn(b'goes on', err)
        stored = self.analyses()
        os.kill(worker, signal.SIGCONT)
        across = self.across('evaluate', '--questions', 'uniform:500')
        self.assertEqual(sorted(run['analysis'] for run in across['runs']), sorted(stored))
        self.assertEqual(self.analyses(), stored)
        self.compare(across, [self.single(run, 'evaluate', '--questions', 'uniform:500') for run in runs], 'evaluate')


if __name__ == '__main__':
    unittest.main()
