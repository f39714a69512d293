"""The CLI as its users see it: outputs, exit codes, and the road of a model in and out."""

import csv
import gzip
import io
import json
import os
import signal
import subprocess
import time
import unittest

from harness.case import IntegrationTest
from harness.models import TINY_SET, run_id
from harness.processes import reap
from harness.programs import ORACLES, SUMSCOPE, SUMSCOPED, WORKER, clean_environment
from harness.safetensors_file import read_safetensors
from harness.waiting import PATIENCE, say, wait_until

MODEL = 'add_d2_l1_h1'
LONG = f'{TINY_SET},steps=10000000'


def listed(result):
    """The runs of `runs list -o json`, which is a list or the response message."""
    answer = result.json
    return answer['runs'] if isinstance(answer, dict) else answer


class CliTest(IntegrationTest):
    def setUp(self):
        self.one = self.server(resume_interval=0.5)

    def sumscope(self, *arguments, **options):
        return self.cli(self.one, *arguments, **options)

    def train(self, *arguments, steps=60, code=0):
        """`train --watch` to its end; the run's id."""
        result = self.sumscope('train', MODEL, '--set', f'{TINY_SET},steps={steps}', '--watch', '--quiet', *arguments,
                               code=code)
        return result.text.split()[0]

    def submit(self, *arguments, settings=LONG):
        return self.sumscope('train', MODEL, '--set', settings, '--quiet', *arguments).text.strip()

    def wait_for_steps(self, run, steps=20):
        wait_until(f'{run} to train', lambda: int(self.one.run(f'runs/{run}')['steps_done']) > steps)

    def test_MetricsGivenTwoCallsAreTheSameBytesWithOneRowForEveryStep(self):
        run = self.train(steps=250)
        first = self.sumscope('runs', 'metrics', run, '-o', 'csv').stdout
        second = self.sumscope('runs', 'metrics', run, '-o', 'csv').stdout
        self.assertEqual(first, second)
        rows = list(csv.DictReader(io.StringIO(first.decode())))
        self.assertEqual([int(row['step']) for row in rows], list(range(250)))
        self.assertTrue(all(float(row['loss']) > 0 for row in rows))
        self.assertNotIn('nan', first.decode().lower())
        lines = self.sumscope('runs', 'metrics', run, '-o', 'jsonl').text.splitlines()
        self.assertEqual(len(lines), 250)
        self.assertEqual([json.loads(line)['loss'] for line in lines], [float(row['loss']) for row in rows])
        path = self.root / 'metrics.csv'
        self.sumscope('runs', 'metrics', run, '-o', 'csv', '--out', path)
        self.assertEqual(path.read_bytes(), first)
        timing = self.sumscope('runs', 'metrics', run, '-o', 'csv', '--timing').text
        self.assertIn('steps_per_second', timing.splitlines()[0])
        self.assertEqual(len(timing.splitlines()), 251)

    def test_ProgramsGivenLddLinkNoTorch(self):
        for program, linked in ((SUMSCOPED, False), (SUMSCOPE, False), (WORKER, True)):
            libraries = subprocess.run(['ldd', program], capture_output=True, check=True, text=True).stdout
            self.assertEqual('torch' in libraries, linked, f'{program}\n{libraries}')

    def test_EveryExitCodeGivenItsCauseIsAsDocumented(self):
        run = self.train()
        with self.subTest('0'):
            self.sumscope('runs', 'list')
            self.sumscope('--help')
            self.sumscope('--version')
        with self.subTest('2: usage'):
            for arguments in ((), ('nonsense',), ('runs',), ('runs', 'show'), ('runs', 'list', '--nonsense'),
                              ('runs', 'list', '-o', 'nonsense'), ('runs', 'list', '--filter', 'nonsense = 3')):
                self.assertTrue(self.sumscope(*arguments, code=2).stderr, arguments)
        with self.subTest('3: not found'):
            self.sumscope('runs', 'show', 'nobody', code=3)
            self.sumscope('analyses', 'show', f'{run}/nobody', code=3)
        with self.subTest('5: the job failed'):
            explosive = f'{TINY_SET},steps=500,schedule=paper1,learning_rate=10,weight_decay=10'
            self.sumscope('train', MODEL, '--set', explosive, '--watch', code=5)
            self.sumscope('runs', 'watch', '@last', code=5)
        with self.subTest('6: the job was cancelled'):
            long = self.submit()
            self.wait_for_steps(long)
            self.sumscope('runs', 'cancel', long)
            self.sumscope('runs', 'watch', long, code=6)
        with self.subTest('7: server unavailable'):
            self.cli(f'unix:{self.root}/nobody', 'runs', 'list', code=7)
            self.cli('', 'runs', 'list', code=7)
        with self.subTest('8: precondition'):
            self.sumscope('runs', 'cancel', run, code=8)
            self.sumscope('runs', 'resume', run, code=8)
        with self.subTest('124: timeout'):
            os.kill(self.one.pid, signal.SIGSTOP)
            try:
                self.sumscope('--timeout', '1s', 'runs', 'show', run, code=124)
            finally:
                os.kill(self.one.pid, signal.SIGCONT)

    def test_ServerGivenByFlagEnvironmentOrFileIsFound(self):
        other = f'unix:{self.root}/nobody'
        self.cli(other, '--server', self.one.address, 'runs', 'list')
        configuration = self.root / 'config'
        (configuration / 'sumscope').mkdir(parents=True)
        (configuration / 'sumscope' / 'config.toml').write_text(f'server = "{self.one.address}"\n')
        self.cli('', 'runs', 'list', env={'XDG_CONFIG_HOME': str(configuration)})
        self.cli(other, 'runs', 'list', env={'XDG_CONFIG_HOME': str(configuration)}, code=7)

    # Runs.

    def test_RunsGivenSeveralAreListedShownFilteredAndPaged(self):
        runs = [self.train('--label', f'number={i}', '--label', 'purpose=test', steps=20 + i) for i in range(3)]
        everything = listed(self.sumscope('runs', 'list', '-o', 'json'))
        self.assertEqual([run_id(run['name']) for run in everything], runs[::-1], 'newest first')
        self.assertEqual(self.sumscope('runs', 'list', '-o', 'id').text.split(), runs[::-1])
        self.assertEqual(self.sumscope('runs', 'list', '--quiet').text.split(), runs[::-1])
        self.assertEqual(len(self.sumscope('runs', 'list', '-o', 'jsonl').text.splitlines()), 3)
        self.assertEqual(len(self.sumscope('runs', 'list', '-o', 'csv').text.splitlines()), 4)
        self.assertEqual(len(self.sumscope('runs', 'list', '--no-headers').text.splitlines()), 3)
        self.assertEqual(len(self.sumscope('runs', 'list', '-o', 'wide').text.splitlines()), 4)
        for text, expected in (('labels.number = "1"', runs[1:2]), ('spec.steps >= 21', runs[:0:-1]),
                               ('state = SUCCEEDED AND labels.purpose = "test"', runs[::-1]), ('state = FAILED', []),
                               ('labels.number = "0" OR labels.number = "2"', [runs[2], runs[0]]),
                               ('NOT labels.number = "0"', runs[:0:-1]), ('metrics.heldout_loss > 0', runs[::-1])):
            with self.subTest(text):
                self.assertEqual(self.sumscope('runs', 'list', '--filter', text, '-o', 'id').text.split(), expected)
        self.assertEqual(self.sumscope('runs', 'list', '--limit', '2', '-o', 'id').text.split(), runs[:0:-1])
        self.assertEqual(self.sumscope('runs', 'list', '--sort-by', 'create_time', '-o', 'id').text.split(), runs)

        with self.subTest('pages'):
            token, paged = '', []
            while True:
                page = self.one.client.call('RunService/ListRuns', page_size=2, page_token=token)
                paged += [run_id(run['name']) for run in page['runs']]
                token = page['next_page_token']
                if not token:
                    break
            self.assertEqual(paged, runs[::-1])

        with self.subTest('show'):
            shown = self.sumscope('runs', 'show', runs[0], '-o', 'json').json
            self.assertEqual((shown['name'], shown['state']), (f'runs/{runs[0]}', 'SUCCEEDED'))
            self.assertEqual(shown['spec']['steps'], '20')
            self.assertEqual(shown['spec']['beta2'], 0.98)
            self.assertIn(runs[0], self.sumscope('runs', 'show', runs[0]).text)
            last = self.sumscope('runs', 'show', '@last', '-o', 'json').json
            self.assertEqual(last['name'], f'runs/{runs[2]}')
            prefix = next(runs[0][:n] for n in range(1, 9) if not any(run.startswith(runs[0][:n]) for run in runs[1:]))
            self.assertEqual(self.sumscope('runs', 'show', prefix, '-o', 'id').text.strip(), runs[0])

    def test_LabelsGivenChangesAreChanged(self):
        run = self.train('--label', 'a=1')
        self.sumscope('runs', 'label', run, 'b=2', 'c=with space')
        self.assertEqual(self.one.run(f'runs/{run}')['labels'], {'a': '1', 'b': '2', 'c': 'with space'})
        self.sumscope('runs', 'label', run, 'a-', 'b=3')
        self.assertEqual(self.one.run(f'runs/{run}')['labels'], {'b': '3', 'c': 'with space'})

    def test_DeletedRunGivenUndeleteIsBack(self):
        run = self.train()
        before = self.sumscope('runs', 'metrics', run, '-o', 'csv').stdout
        self.sumscope('runs', 'delete', run)
        self.assertEqual(self.sumscope('runs', 'list', '-o', 'id').text, '')
        self.assertEqual(self.sumscope('runs', 'list', '--deleted', '-o', 'id').text.split(), [run])
        self.sumscope('runs', 'undelete', run)
        self.assertEqual(self.sumscope('runs', 'list', '-o', 'id').text.split(), [run])
        self.assertEqual(self.sumscope('runs', 'metrics', run, '-o', 'csv').stdout, before)
        long = self.submit()
        self.wait_for_steps(long)
        self.sumscope('runs', 'delete', long, code=8)
        self.sumscope('runs', 'cancel', long)

    def test_RetryGivenEndedRunIsANewOneWithTheSameBytes(self):
        run = self.train('--label', 'a=1')
        again = self.sumscope('runs', 'retry', run, '--quiet').text.strip()
        self.assertNotEqual(again, run)
        self.one.wait_for_state(f'runs/{again}', 'SUCCEEDED')
        self.assertEqual(self.one.weights(f'runs/{run}'), self.one.weights(f'runs/{again}'))
        self.assertEqual(self.sumscope('runs', 'metrics', run, '-o', 'csv').stdout,
                         self.sumscope('runs', 'metrics', again, '-o', 'csv').stdout)

    def test_LogsAndCheckpointsGivenRunAreListed(self):
        run = self.train(steps=60)
        self.assertIn('training from step 0', self.sumscope('runs', 'logs', run).text)
        steps = [row['step'] for row in csv.DictReader(io.StringIO(
            self.sumscope('runs', 'checkpoints', run, '-o', 'csv').text))]
        self.assertEqual(steps, ['0', '1', '2', '5', '10', '20', '50', '60'])

    def test_DryRunGivenModelPredictsAndMakesNothing(self):
        shown = self.sumscope('train', 'add_d5_l1_h3_t15K', '--dry-run', '-o', 'json').json
        self.assertGreater(int(shown['prediction']['parameters']), 1e6)
        self.assertEqual(self.sumscope('runs', 'list', '-o', 'id').text, '')

    def test_ServerInfoAndCompletionGivenNothingSayWhatIsThere(self):
        info = self.sumscope('server', 'info', '-o', 'json').json
        self.assertEqual(info['data_directory'], str(self.one.data))
        self.assertEqual([slot['name'] for slot in info['slots']], ['cpu0', 'quick-cpu'])
        self.assertIn('blocks.0.attn.hook_z', info['hook_names'])
        for shell in ('bash', 'zsh', 'fish'):
            self.assertIn('sumscope complete --', self.cli(None, 'completion', shell).text)

    # "JOB jxnb248q.1" led nowhere; what waits said neither its place nor how far it is.
    def test_WorkUnderWayGivenALookSaysWhatItIsAndItsPlace(self):
        model = ORACLES / 'add_d5_l1_h3' / 'model.safetensors'
        self.sumscope('import', model, '--run-id', 'mine', '--quiet')
        long = self.submit()
        self.wait_for_steps(long)
        slot = self.sumscope('server', 'info', '-o', 'json').json['slots'][0]
        self.assertTrue(slot['job'].startswith('j'), slot)
        self.assertEqual(slot['detail'], f'runs/{long}')
        asked = [self.sumscope('probe', 'mine', 'evaluate', '--questions', f'uniform:{n}', '-q').text.strip()
                 for n in (10, 11)]
        for place, name in enumerate(asked):
            self.assertIn(f'number {place + 1} of those that wait', self.sumscope('analyses', 'show', name).text)
        for one, place in zip(self.sumscope('analyses', 'list', '-o', 'json').json['analyses'], (2, 1)):
            self.assertRegex(one['state_detail'], f'^number {place} of those that wait(, starts in about .*)?$')
        self.sumscope('runs', 'cancel', long)
        self.one.wait_for_state(f'runs/{long}', 'CANCELLED')
        self.sumscope('runs', 'delete', long)
        self.assertIn(f'sumscope runs undelete {long}', self.sumscope('runs', 'resume', long, code=8).stderr)

    # Files, pipes, names and the Tab key, all of one imported model.

    def test_FilesNamesAndTabGivenAnImportedModel(self):
        weights = (ORACLES / 'add_d5_l1_h3' / 'model.safetensors').read_bytes()
        with self.subTest('import from a pipe'):
            self.assertEqual(self.sumscope('import', '-', '--run-id', 'mine', '--quiet', stdin=weights).text, 'mine\n')
        with self.subTest('questions from the standard input, packed, with answers'):
            packed = gzip.compress(b'question,set\n12345+67890=+080235, S0\n 1 + 2 , S1\n')
            shown = self.sumscope('probe', 'mine', 'evaluate', '--questions', 'file:-', '--wait', '-o', 'json',
                                  stdin=packed).json
            self.assertEqual(shown['result']['evaluate']['exact']['count'], 2)
        with self.subTest('ids alone and @last'):
            name = shown['name']
            for typed in (name, name.split('/')[-1], name.split('/')[-1][:5], '@last', 'mine/@last'):
                self.assertEqual(self.sumscope('analyses', 'show', typed, '-o', 'id').text.strip(), name, typed)
            self.sumscope('analyses', 'show', 'zzzz', code=3)
            self.assertIn('"no/such/name" names no analysis',
                          self.sumscope('analyses', 'show', 'no/such/name', code=2).stderr)
        with self.subTest('an error says its subject once, and the flag'):
            self.assertIn('error: runs/mine was imported', self.sumscope('runs', 'cancel', 'mine', code=8).stderr)
            refused = self.sumscope('probe', 'mine', 'evaluate', '--worst', '100000', code=2).stderr
            self.assertIn('--worst is 100000', refused)
            self.assertNotIn('worst_count', refused)
        with self.subTest('--out to the standard output and through a link'):
            self.assertEqual(self.sumscope('runs', 'list', '-o', 'id', '--out', '/dev/stdout').text, 'mine\n')
            target, link = self.root / 'target', self.root / 'link'
            target.write_text('old')
            target.chmod(0o600)
            link.symlink_to('target')
            self.sumscope('runs', 'export', 'mine', '--out', link)
            self.assertTrue(link.is_symlink())
            self.assertEqual(target.stat().st_mode & 0o777, 0o600)
            self.assertEqual(self.sumscope('runs', 'export', 'mine').stdout, target.read_bytes())
        with self.subTest('no metrics have a header'):
            self.assertEqual(self.sumscope('runs', 'metrics', 'mine').text, 'step,loss\n')
        with self.subTest('Tab'):
            self.check_tab(name.split('/')[-1])

    def check_tab(self, analysis):
        for line, expected in (('sumscope ru', {'runs'}), ('sumscope runs li', {'list'}),
                               ('sumscope runs show mi', {'mine'}), ('sumscope runs list -o j', {'json', 'jsonl'}),
                               ('sumscope analyses show ', {analysis, '@last'}),
                               ('sumscope probe mine evaluate --questions uni', {'uniform:'}),
                               ('sumscope train m --set=d_mo', {'d_model='}), ('sumscope runs export mine@', {'0'}),
                               ('sumscope import targ', {'target'})):
            with self.subTest(line):
                self.assertEqual(self.tab(line, self.one.address), expected)
        for address in (f'unix:{self.root}/nobody', 'nonsense'):
            self.assertEqual(self.tab('sumscope runs show mi', address), set())

    def tab(self, line, address):
        """What bash proposes at the end of a line."""
        script = (f'source <(sumscope completion bash); COMP_LINE=$1 COMP_POINT=${{#1}} COMP_WORDS=($1); _sumscope; '
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        environment = dict(clean_environment(self.root), SUMSCOPE_SERVER=address)
        environment['PATH'] = f'{SUMSCOPE.parent}:{environment["PATH"]}'
        done = subprocess.run(['bash', '-c', script, 'bash', line], capture_output=True, text=True, env=environment,
                              cwd=self.root, timeout=PATIENCE)
        self.assertEqual(done.stderr, '')
        return set(done.stdout.split())

    # Models out and in; analyses.

    def test_ExportedModelGivenImportIsTheSameModel(self):
        run = self.train()
        first, second = self.root / 'first.safetensors', self.root / 'second.safetensors'
        self.sumscope('runs', 'export', run, '--out', first)
        imported = self.sumscope('import', first, '--quiet', '--label', 'a=1').text.strip()
        self.assertTrue(self.one.run(f'runs/{imported}')['imported'])
        self.sumscope('runs', 'export', imported, '--out', second)
        self.assertEqual(read_safetensors(first.read_bytes())[1], read_safetensors(second.read_bytes())[1])
        step = self.root / 'step.safetensors'
        self.sumscope('runs', 'export', f'{run}@50', '--out', step)
        self.assertNotEqual(read_safetensors(step.read_bytes())[1], read_safetensors(first.read_bytes())[1])
        self.sumscope('runs', 'export', f'{run}@51', '--out', self.root / 'none', code=3)
        self.assertFalse((self.root / 'none').exists(), 'no file where there is nothing to write')

        with self.subTest('both answer alike'):
            ask = ('evaluate', '--questions', 'uniform:500', '--wait', '-o', 'json')
            answers = [self.sumscope('probe', name, *ask).json for name in (run, imported)]
            self.assertEqual(answers[0]['result'], answers[1]['result'])

    def test_OracleModelGivenEvaluateAnswersAsPublished(self):
        folder = ORACLES / 'add_d5_l1_h3'
        expected = json.loads((folder / 'expected.json').read_text())['evaluation']['sets']
        run = self.sumscope('import', folder / 'model.safetensors', '--like', 'add_d5_l1_h3_t12K_s129000',
                            '--quiet').text.strip()
        for name in ('uniform', 'S4'):
            with self.subTest(name):
                questions = f'file:{folder}/questions.tsv?set={name}'
                shown = self.sumscope('probe', run, 'evaluate', '--questions', questions, '--wait', '-o', 'json').json
                result = shown['result'].get('evaluate', shown['result'])
                self.assertEqual(result['exact']['count'], expected[name]['count'])
                self.assertEqual(result['exact']['correct'], expected[name]['exact'])
                self.assertEqual([digit['accuracy']['correct'] for digit in result['digits']],
                                 expected[name]['digit_correct'])
                # The oracle's own tolerance (tests/oracles/README.md): sums in float32 differ between machines.
                tolerance = 1e-5 + 1e-4 * expected[name]['loss']
                self.assertAlmostEqual(result['loss'], expected[name]['loss'], delta=tolerance)

    def test_AnalysisGivenSecondAskComesFromTheCache(self):
        run = self.train()
        ask = ('probe', run, 'evaluate', '--questions', 'uniform:300', '--wait', '-o', 'json')
        first, second = self.sumscope(*ask).json, self.sumscope(*ask).json
        self.assertFalse(first['from_cache'])
        self.assertTrue(second['from_cache'])
        first.pop('from_cache'), second.pop('from_cache')
        self.assertEqual(first, second)
        self.assertEqual(list(first), ['name', 'analysis', 'checkpoint', 'request', 'question_set', 'provenance',
                                       'result'])
        other = self.sumscope(*ask[:4], 'uniform:301', *ask[5:]).json
        self.assertNotEqual(other['name'], first['name'])
        names = self.sumscope('analyses', 'list', run, '-o', 'id').text.split()
        self.assertEqual(len(names), 2)
        shown = self.sumscope('analyses', 'show', first['name'], '-o', 'json').json
        self.assertEqual(shown['result'], first['result'])

        with self.subTest('after a restart'):
            self.one.stop()
            self.one.start()
            again = self.sumscope(*ask).json
            self.assertTrue(again['from_cache'])
            self.assertEqual(again['result'], first['result'])

    # Watching.

    def test_WatchGivenServerRestartGoesOn(self):
        run = self.submit(settings=f'{TINY_SET},steps=4000')
        self.wait_for_steps(run, 200)
        watch = subprocess.Popen([SUMSCOPE, 'runs', 'watch', run], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 env=dict(clean_environment(self.root), SUMSCOPE_SERVER=self.one.address))
        self.addCleanup(reap, watch)
        os.set_blocking(watch.stdout.fileno(), False)
        seen = b''

        def watching():
            nonlocal seen
            seen += watch.stdout.read() or b''
            return b'RUNNING' in seen or b'steps' in seen
        wait_until('the watch to show something', watching)
        self.one.kill()
        self.one.start()
        self.one.wait_for_state(f'runs/{run}', 'SUCCEEDED')
        self.assertEqual(watch.wait(PATIENCE), 0, 'its fate is the run\'s')

    def test_WatchGivenNoTerminalPrintsPlainLines(self):
        result = self.sumscope('train', MODEL, '--set', f'{TINY_SET},steps=300', '--watch')
        for text in (result.text, result.stderr):
            self.assertNotIn('\x1b', text)
            self.assertNotIn('\r', text)

    def test_TimesGivenOneShotCommandsAreShown(self):
        run = self.train()
        for arguments in (('runs', 'list'), ('runs', 'show', run), ('runs', 'metrics', run, '-o', 'csv')):
            begin = time.monotonic()
            self.sumscope(*arguments)
            say(f'sumscope {" ".join(arguments)}: {1000 * (time.monotonic() - begin):.0f} ms (bar: 50 ms)')


if __name__ == '__main__':
    unittest.main(verbosity=2)
