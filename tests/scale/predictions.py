"""How good predictions are: ten shapes, each predicted by validate_only, then trained and evaluated by a real worker.

  PYTHONPATH=tests/integration SUMSCOPE_BIN_DIR=build/release/bin OMP_WAIT_POLICY=passive \\
      .deps/pip/bin/python tests/scale/predictions.py [--quick] [--once] [--threads N] [--shapes 0,3,7]

Prints what was predicted, what it took and their ratio: of the whole training, of a step (which is what a long training
takes) and of an evaluation; first by what the server knows then, then again of shapes that it has seen. The bar, of each
column: half of all predictions within 25 %, nine of ten within 2x. Takes about ten minutes of a machine that does nothing
else, --once without the second part; --quick, for ctest, half a minute, and asks for no more than 8x of shapes that were
seen, on a machine that runs other tests beside."""

import argparse
import sys
import unittest
import uuid
from datetime import datetime

from harness.case import IntegrationTest
from harness.waiting import wait_until

# Thin and wide, short and long questions, one layer and more, small and large batches: (spec, questions of the evaluation).
SHAPES = [
    (dict(n_digits=4, n_layers=1, n_heads=4, d_model=64, d_head=16, d_mlp=256, steps=300), 10000),
    (dict(n_digits=5, n_layers=1, n_heads=3, steps=60), 5000),  # paper 1
    (dict(n_digits=2, n_layers=1, n_heads=1, d_model=16, d_head=16, d_mlp=64, steps=2000), 100000),
    (dict(n_digits=6, n_layers=2, n_heads=3, operation='MIX', steps=5), 1000),  # paper 2
    (dict(n_digits=5, n_layers=2, n_heads=3, d_model=126, d_head=42, d_mlp=504, steps=100), 5000),
    (dict(n_digits=6, n_layers=2, n_heads=4, d_model=256, d_head=64, d_mlp=1024, operation='SUB', steps=20), 2000),
    (dict(n_digits=10, n_layers=1, n_heads=3, d_model=96, d_head=32, d_mlp=384, steps=200), 10000),
    (dict(n_digits=20, n_layers=1, n_heads=4, d_model=64, d_head=16, d_mlp=256, steps=50), 5000),
    (dict(n_digits=3, n_layers=4, n_heads=4, d_model=64, d_head=16, d_mlp=256, batch_size=256, steps=50), 10000),
    (dict(n_digits=4, n_layers=1, n_heads=2, d_model=256, d_head=128, d_mlp=512, batch_size=8, precision='FLOAT64',
          steps=300), 10000),
]
QUICK = [0, 2]
FAR = 8_000_000  # steps; so many and a million more have the same checkpoints


def seconds_of(item):
    begin, end = (datetime.fromisoformat(item[key].replace('Z', '+00:00')) for key in ('start_time', 'end_time'))
    return (end - begin).total_seconds()


def name_of(spec):
    short = dict(n_digits='d', n_layers='l', n_heads='h', d_model='m', d_mlp='f', batch_size='b', steps='t')
    return ' '.join(f'{short[key]}{value}' if key in short else str(value).lower() for key, value in spec.items()
                    if key != 'd_head')


class Predictions(IntegrationTest):
    threads, quick, once, shapes = 1, False, False, range(len(SHAPES))
    longest = 1200

    def test_predictions(self):
        server = self.server(slots=(f'cpu0:cpu:{self.threads}',))
        wait_until('the worker to have measured', lambda: 'rates' in server.info()['slots'][0])
        for seen in (False,) if self.once else (False, True):
            print(f'\n{"shapes that were seen" if seen else "as the shapes come"}: predicted, taken, ratio')
            ratios = {'training': [], 'step': [], 'evaluation': []}
            for shape in self.shapes:
                for what, ratio in self.measure(server, *SHAPES[shape], seed=1 + seen).items():
                    ratios[what].append(ratio)
            for what, values in ratios.items():
                self.check(what, values, seen)

    def measure(self, server, spec, questions, seed):
        """{what: predicted over taken} of a training, of its step and of an evaluation."""
        spec = dict(spec, seed=seed)
        whole = self.predicted_run(server, spec)
        far, farther = (self.predicted_run(server, dict(spec, steps=steps))['seconds'] for steps in (FAR, FAR + 1_000_000))
        run = server.wait_for_state(server.create(**spec), 'SUCCEEDED', seconds=400)
        speeds = [row[-1] for row in server.metrics(run['name'], 'TIMING')[1]]
        pairs = {'training': (whole['seconds'], seconds_of(run)),
                 'step': ((farther - far) / 1e6, sum(1 / speed for speed in speeds) / len(speeds)),
                 'evaluation': self.evaluate(server, run['name'], spec['steps'], questions)}
        print(f'{name_of(spec):55}' + ''.join(f'  {a:9.4g} {b:9.4g} {a / b:5.2f}' for a, b in pairs.values()) +
              f'  {whole.get("basis")}', flush=True)
        return {what: predicted / taken for what, (predicted, taken) in pairs.items()}

    def predicted_run(self, server, spec):
        return server.client.call('RunService/CreateRun', spec=spec, validate_only=True,
                                  request_id=str(uuid.uuid4()))['prediction']

    def evaluate(self, server, run, steps, questions):
        def ask(**more):
            return server.client.call('AnalysisService/CreateAnalysis', parent=f'{run}/checkpoints/{steps}',
                                      request=dict(evaluate={}), question_set=dict(uniform=dict(count=questions)),
                                      request_id=str(uuid.uuid4()), **more)['analysis']

        predicted = ask(validate_only=True)['prediction']['seconds']
        name = ask()['name']
        get = lambda: server.client.call('AnalysisService/GetAnalysis', name=name)
        wait_until('the evaluation to end', lambda: get()['state'] == 'SUCCEEDED', 120)
        return predicted, get()['provenance']['seconds']

    def check(self, what, ratios, seen):
        off = sorted(max(ratio, 1 / ratio) for ratio in ratios)
        half, most = off[(len(off) - 1) // 2], off[max(0, -(-9 * len(off) // 10) - 1)]
        print(f'{what:12} half within {100 * (half - 1):.0f} %, nine of ten within {most:.2f}x, all within {off[-1]:.2f}x')
        if self.quick:
            self.assertTrue(not seen or off[-1] < 8, what)
        else:
            self.assertLessEqual(half, 1.25, what)
            self.assertLessEqual(most, 2, what)


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--once', action='store_true')
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--shapes', help='of the ten, by their numbers')
    options = parser.parse_args()
    Predictions.threads, Predictions.quick, Predictions.once = options.threads, options.quick, options.once
    if options.quick:
        Predictions.shapes = QUICK
    if options.shapes:
        Predictions.shapes = [int(shape) for shape in options.shapes.split(',')]
    unittest.main(argv=[sys.argv[0]], verbosity=2)
