"""What the service costs: a training beside its own steps, starts, answers, a long series, a large capture, memory.

    service_costs.py [--quick] [--bare PROGRAM] [--runs N] [ServiceCosts.TEST ..]

By hand, on a machine that does nothing else, a quarter of an hour; PROGRAM is training_benchmark, which
trains the paper's model without a service: the steps of both are compared. Asserted by hand are the bars that are printed,
times only there. --quick, for ctest, takes small numbers and asserts what the programs answer.
"""

import argparse
import contextlib
import json
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import time
import unittest
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'integration'))

from harness.case import IntegrationTest  # noqa: E402
from harness.models import run_id  # noqa: E402
from harness.programs import SUMSCOPE, clean_environment  # noqa: E402
from harness.waiting import say  # noqa: E402

PAPERS = dict(operation='ADD', n_digits=5, n_layers=1, n_heads=3, format='PLAIN', schedule='SCHEDULE_PAPER1',
              enrichment='ENRICHMENT_PAPER1')
MIB = 1 << 20


def memory(pid):
    """Bytes in memory: (now, at most)."""
    text = Path(f'/proc/{pid}/status').read_text()
    return tuple(1024 * int(re.search(rf'{key}:\s+(\d+)', text)[1]) for key in ('VmRSS', 'VmHWM'))


def seconds_of(item):
    begin, end = (datetime.fromisoformat(item[key].replace('Z', '+00:00')) for key in ('start_time', 'end_time'))
    return (end - begin).total_seconds()


class ServiceCosts(IntegrationTest):
    longest = 3600
    quick, bare, runs = False, None, 100_000

    def setUp(self):
        self.one = self.server()
        self.one.wait_for_slots('IDLE')

    def bar(self, what, value, unit, bar, at_least=False):
        """Prints a figure beside its bar, which is asserted by hand only."""
        say(f'{what}: {value:.4g} {unit} (bar: {"at least" if at_least else "below"} {bar:g})')
        if not self.quick:
            (self.assertGreaterEqual if at_least else self.assertLess)(value, bar, what)

    def timed(self, *arguments, times=9):
        """The median time of a whole client process, in seconds."""
        environment = dict(clean_environment(self.root), SUMSCOPE_SERVER=self.one.address)
        taken = []
        for _ in range(1 if self.quick else times):
            begin = time.monotonic()
            done = subprocess.run([str(SUMSCOPE), *map(str, arguments)], env=environment, cwd=self.root,
                                  stdout=subprocess.DEVNULL, check=False)
            taken.append(time.monotonic() - begin)
            self.assertEqual(done.returncode, 0, arguments)
        return statistics.median(taken)

    def test_ATrainingTakesWhatItsStepsTake(self):
        shapes = {'small': (dict(n_digits=3, n_layers=1, n_heads=3, d_model=96, d_head=32, d_mlp=384), 20000),
                  'paper': (PAPERS, 1000)}
        if self.quick:
            del shapes['paper']
        for what, (spec, steps) in shapes.items():
            name = self.one.create(**spec, steps=20 if self.quick else steps)
            run = self.one.wait_for_state(name, 'SUCCEEDED', seconds=1200)
            worker = memory(self.one.worker_pid())[1]
            rows = self.one.metrics(name, 'TIMING')[1]
            within, whole = sum(1 / row[-1] for row in rows), seconds_of(run)
            speed = len(rows) / within
            self.assertEqual(len(rows), int(run['steps_done']))
            self.bar(f'{what} model: outside of its {len(rows)} steps, held-out losses included', 100 * (whole / within - 1),
                     '% of them', 3)
            self.bar(f'{what} model: memory of the worker at most', worker / MIB, 'MiB', 1200)
            if self.bare and what == 'paper':
                self.bar('paper model: steps beside those of the bare loop', self.bare_speed() / speed, 'times', 1.03)

    def bare_speed(self):
        environment = dict(clean_environment(self.root), GOMP_SPINCOUNT='1000')
        out = subprocess.run([self.bare, '--benchmark_filter=^TrainingStep/paper/1/', '--benchmark_min_time=10',
                              '--benchmark_format=json'], env=environment, stdout=subprocess.PIPE, check=True).stdout
        return json.loads(out)['benchmarks'][0]['steps/s']

    def test_AServerAnswersAtOnceAndSoDoesTheClient(self):
        name = run_id(self.one.train(**dict(PAPERS, d_model=48, d_head=16, d_mlp=96), steps=10))
        starts = []
        for _ in range(1 if self.quick else 9):
            self.one.stop()
            begin = time.monotonic()
            self.one.launch()
            while not Path(self.one.address.removeprefix('unix:')).exists():
                self.assertIsNone(self.one.process.poll(), self.one.log_tail())
                self.assertLess(time.monotonic(), begin + 60, 'no socket after a minute')
                time.sleep(0.0005)
            self.timed('runs', 'show', name, times=1)
            starts.append(1000 * (time.monotonic() - begin))
            self.one.wait_for_slots('IDLE')
        show = 1000 * self.timed('runs', 'show', name, times=25)
        self.bar('server: from its start to the first answer', statistics.median(starts) - show, 'ms', 50)
        self.bar('sumscope runs show, whole process', show, 'ms', 30)

    def test_ALongSeriesIsWrittenFast(self):
        steps = 500 if self.quick else 1_000_000
        name = run_id(self.one.create('add_d2_l1_h1', operation='ADD', n_digits=2, n_layers=1, n_heads=1, d_model=16,
                                      d_head=16, d_mlp=16, batch_size=1, steps=steps))
        self.one.wait_for_state(f'runs/{name}', 'SUCCEEDED', seconds=2400)
        result = self.root / 'series.csv'
        environment = dict(clean_environment(self.root), SUMSCOPE_SERVER=self.one.address)
        begin = time.monotonic()
        with open(result, 'wb') as file:
            subprocess.run([str(SUMSCOPE), 'runs', 'metrics', name, '-o', 'csv'], env=environment, stdout=file,
                           check=True)
        self.bar(f'{steps} steps as CSV', time.monotonic() - begin, 's', 3)
        with open(result, 'rb') as file:
            self.assertEqual(sum(1 for _ in file), steps + 1)

    def test_ACaptureIsStoredAndExportedAtTheSpeedOfTheDisk(self):
        name = run_id(self.one.train(**PAPERS, steps=1))
        # 18 positions of 510 floats, 36,720 bytes each, for which a pass does nearly nothing: it is what is stored that
        # is timed here.
        questions = 200 if self.quick else 30000
        plain = self.plain_write(questions * 36720)
        out = self.cli(self.one, 'capture', name, '--hooks', 'blocks.0.hook_resid_pre', '--questions',
                       f'uniform:{questions}', '--quiet', '--wait', timeout=1200).text.split()[-1]
        analysis = self.one.client.call('AnalysisService/GetAnalysis', name=out if out.startswith('runs/') else
                                        f'runs/{name}/analyses/{out}')
        stored = analysis['provenance']['seconds']
        capture = f'runs/{name}/captures/' + out.rsplit('/', 1)[-1]
        path = self.root / 'all.safetensors'
        begin = time.monotonic()
        self.cli(self.one, 'captures', 'export', capture, '--out', path, timeout=1200)
        exported = time.monotonic() - begin
        size = path.stat().st_size
        self.assertGreaterEqual(size, questions * 36720)
        say(f'{size / MIB:.0f} MiB: plain write and fsync {plain / MIB:.0f} MiB/s')
        self.bar('capture: stored, to a plain write', size / stored / plain, 'times', 0.5, True)
        self.bar('capture: exported, to a plain write', size / exported / plain, 'times', 0.5, True)

    def plain_write(self, size):
        """Bytes a second of a file that is written and synchronised."""
        data, path = os.urandom(MIB), self.root / 'plain'
        begin = time.monotonic()
        with open(path, 'wb') as file:
            for _ in range(max(1, size // MIB)):
                file.write(data)
            file.flush()
            os.fsync(file.fileno())
        seconds = time.monotonic() - begin
        path.unlink()
        return max(1, size // MIB) * MIB / seconds

    def test_AServerOfManyRunsIsSmall(self):
        count = self.runs
        self.one.train('add_d2_l1_h1', d_model=16, d_head=16, d_mlp=32, batch_size=8, steps=1)
        self.one.stop()
        self.repeat(count - 1)
        self.one.start()
        self.one.wait_for_slots('IDLE')
        for _ in range(3):
            listed = self.cli(self.one, 'runs', 'list', '--limit', 1000, '-o', 'id').text.split()
        self.assertEqual(len(listed), min(count, 1000))
        self.bar(f'memory of the server with {count} runs at most', memory(self.one.pid)[1] / MIB, 'MiB', 100)

    def repeat(self, times):
        """Writes the only run's row into the catalog again and again: importing so many takes half an hour."""
        with contextlib.closing(sqlite3.connect(self.one.data / 'catalog.db')) as catalog, catalog:
            columns = [row[1] for row in catalog.execute('PRAGMA table_info(runs)')]
            own = {'id': "printf('z%07d', n)", 'sequence': 'sequence + n'}
            catalog.execute('WITH RECURSIVE number(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM number WHERE n < ?) '
                            f'INSERT INTO runs SELECT {", ".join(own.get(name, name) for name in columns)} '
                            'FROM runs, number', (times,))


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--bare', metavar='PROGRAM')
    parser.add_argument('--runs', type=int)
    options, rest = parser.parse_known_args()
    ServiceCosts.quick, ServiceCosts.bare = options.quick, options.bare
    ServiceCosts.runs = options.runs or (20 if options.quick else ServiceCosts.runs)
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
