"""Many stored runs: start, list and show. Times are printed, only results are asserted."""

import hashlib
import sys
import time
import unittest
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'integration'))

from harness.case import IntegrationTest  # noqa: E402
from harness.models import TINY_SET, run_id  # noqa: E402
from harness.waiting import say  # noqa: E402


class ManyRuns:
    """Mixed into the classes that say how many."""

    def test_ManyStoredRunsAreListedAndShown(self):
        server = self.server()
        trained = self.cli(server, 'train', 'add_d2_l1_h1', '--set', f'{TINY_SET},steps=50', '--watch',
                           '--quiet').text.strip()
        path = self.root / 'model.safetensors'
        self.cli(server, 'runs', 'export', trained, '--out', path)
        data = path.read_bytes()

        begin = time.monotonic()
        names = [self.store(server, data, i) for i in range(self.count - 1)]
        say(f'{len(names)} imports: {1000 * (time.monotonic() - begin) / len(names):.1f} ms each')
        server.stop()

        server.launch()
        begin = time.monotonic()
        while not (server.root / 's').exists():
            self.assertIsNone(server.process.poll(), server.log_tail())
            self.assertLess(time.monotonic(), begin + 60, 'no socket after 60 s')
            time.sleep(0.001)
        say(f'start on {self.count} runs: socket after {1000 * (time.monotonic() - begin):.0f} ms (bar: 200 ms)')
        self.timed(server, 'runs', 'list')
        ids = self.timed(server, 'runs', 'list', '--limit', '2000', '-o', 'id').text.split()
        self.assertEqual(ids, [run_id(name) for name in names[::-1]] + [trained])
        for run in (ids[0], ids[len(ids) // 2], trained):
            self.assertIn(run, self.timed(server, 'runs', 'show', run).text)
        third = self.timed(server, 'runs', 'list', '--filter', 'labels.third = "0"', '--limit', '2000', '-o', 'id')
        self.assertEqual(third.text.split(), [run_id(name) for name in names[::3]][::-1])
        self.timed(server, 'runs', 'list', '--sort-by', 'metrics.heldout_loss')
        self.assertEqual(self.timed(server, 'runs', 'metrics', trained, '-o', 'csv').stdout.count(b'\n'), 51)

    def timed(self, server, *arguments):
        times = []
        for _ in range(3):
            begin = time.monotonic()
            result = self.cli(server, *arguments)
            times.append(1000 * (time.monotonic() - begin))
        best = min(times)
        say(f'sumscope {" ".join(arguments)}: {best:.0f} ms, the best of 3 (bar for list and show: 50 ms)')
        return result

    def store(self, server, data, number):
        header = dict(request_id=str(uuid.uuid4()), total_bytes=len(data), sha256=hashlib.sha256(data).hexdigest(),
                      labels={'third': str(number % 3)})
        return server.client.upload('RunService/ImportRun', [dict(header=header), dict(data=data)])['name']


class ScaleTest(ManyRuns, IntegrationTest):
    count = 50


class SlowScaleTest(ManyRuns, IntegrationTest):
    count = 1000


if __name__ == '__main__':
    unittest.main(verbosity=2)
