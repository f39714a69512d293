"""The table of run.sh, from programs that print known figures."""

import io
import sys
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import run  # noqa: E402

BENCHMARK = '''#!{python}
import json, sys
names = {names}
if any(argument.startswith('--benchmark_list_tests') for argument in sys.argv):
    print('\\n'.join(names))
else:
    print(json.dumps(dict(benchmarks=[dict(figures, name=name) for name, figures in names.items()
                                      if name in sys.argv[1].replace('\\\\', '')])))
'''
PEERS = '''import importlib
print('transformer_lens   train      2.00 steps/s   evaluate       400.0 questions/s')
print('sweep                  410.0 node-questions/s (1 of 72 nodes, 500 questions)')
'''


class Table_Test(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        (self.root / 'bin').mkdir()
        self.program('engine_benchmark', {
            'TrainingStep/paper/1/real_time': {'real_time': 50.0, 'time_unit': 'ms', 'steps/s': 20.0, 'GFLOP/s': 31.4,
                                               'floor_share': 0.88},
            'TrainingStep/paper/2/real_time': {'real_time': 25.0, 'time_unit': 'ms', 'steps/s': 40.0}})

    def program(self, name, names):
        path = self.root / 'bin' / name
        path.write_text(BENCHMARK.format(python=sys.executable, names=names))
        path.chmod(0o700)

    def run_sh(self, *arguments):
        out, errors = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(errors):
            run.main(['--build', str(self.root), '--rounds', '2', '--seconds', '2', *arguments])
        return out.getvalue()

    def test_GivenOursAloneThenTheTableHasBenchmarksOfOneThread(self):
        text = self.run_sh('-o', str(self.root / 'table.md'))
        self.assertIn('| TrainingStep/paper/1/real_time | 50 ms | 0% | 20 steps/s | 31.4 | 88% |  |', text)
        self.assertNotIn('paper/2', text)
        self.assertEqual((self.root / 'table.md').read_text(), text)

    def test_GivenPeersThenRatiosAreOfTheSameWork(self):
        for module in ('torch', 'transformer_lens'):
            (self.root / f'{module}.py').touch()
        (self.root / 'peers.py').write_text(PEERS)
        python = self.root / 'python'
        python.write_text(f'#!/bin/sh\nPYTHONPATH={self.root} exec {sys.executable} "$@"\n')
        python.chmod(0o700)
        text = self.run_sh('--peers', str(self.root / 'peers.py'), '--python', str(python))
        self.assertIn('| 88% | 10.0x transformer_lens |', text)
        self.assertIn('| transformer_lens | evaluate | 400 |', text)
        self.assertIn('| sweep | sweep | 410 |', text)

    def test_GivenWhatIsMissingThenItIsSaid(self):
        (self.root / 'peers.py').write_text(PEERS)
        for arguments, says in ((('--peers', str(self.root / 'none.py')), 'there is no script'),
                                (('--peers', str(self.root / 'peers.py'), '--python', '/none'), 'cannot run /none'),
                                (('--build', str(self.root / 'empty')), 'SUMSCOPE_BUILD_BENCHMARKS=ON')):
            with self.assertRaises(SystemExit) as caught:
                self.run_sh(*arguments)
            self.assertIn(says, str(caught.exception))


if __name__ == '__main__':
    unittest.main(verbosity=2)
