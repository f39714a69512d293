"""Random kills of server, worker or both, under submitters, askers, deleters, uploads, imports and watchers.

    random_kills.py [--kills N] [--seed S] [--directory DIR]

Afterwards nothing acknowledged is lost, each job is once at its end, runs and analyses are byte-identical to
undisturbed ones, and there is no file that nobody owns. With --directory a storm that was interrupted goes on where it
stood: kill I of seed S is random.Random(f'{S}/{I}')'s, and what was acknowledged is in DIR/ledger.jsonl.
"""

import argparse
import collections
import contextlib
import os
import random
import signal
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'integration'))

from actors import Storm
from afterwards import Afterwards
from ledger import Ledger, Reference
from harness.case import IntegrationTest
from harness.processes import processes_of
from harness.server import Server
from harness.stock_client import StockClient
from harness.waiting import say, wait_until

QUICK_RECONNECT = (('grpc.initial_reconnect_backoff_ms', 50), ('grpc.min_reconnect_backoff_ms', 50), ('grpc.max_reconnect_backoff_ms', 200))
METHODS = ('RunService/CreateRun', 'QuestionSetService/UploadQuestionSet', 'AnalysisService/CreateAnalysis', 'CaptureService/DeleteCapture')


class Killer:
    """Starts a server and kills it, its workers or both, `kills` times."""

    def __init__(self, server, seed):
        self.server, self.seed, self.counts = server, seed, collections.Counter()

    def workers(self):
        """The worker processes of this server, by their parent: it may not answer just now."""
        found = []
        for pid, command in processes_of(f'{self.server.root}/').items():
            with contextlib.suppress(OSError, IndexError):
                parent = int(Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[1])
                if parent == self.server.pid and 'sumscope-worker' in command:
                    found.append(pid)
        return sorted(found)

    def kill(self, index):
        rng = random.Random(f'{self.seed}/{index}')
        # Now and then in the middle of its start, mostly while it works; long enough at times for something to end.
        time.sleep(rng.choice((rng.uniform(0, 0.15), rng.uniform(0.3, 1.5), rng.uniform(1.5, 4))))
        what = rng.choice(('server', 'worker', 'both'))
        self.counts[what] += 1
        workers = self.workers()
        if what == 'both':
            os.kill(self.server.pid, signal.SIGSTOP)  # so that it cannot see its workers' death
        if what != 'server' and workers:
            for pid in workers if what == 'both' else [rng.choice(workers)]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        if what != 'worker':
            self.server.process.kill()
            self.server.process.wait(60)
            self.server.launch()  # at once: old workers may still be there


class RandomKillsTest(IntegrationTest):
    longest = 5400
    kills, seed, directory = 6, 1, None

    def test_StoreGivenRandomKillsLosesNothingAndRepeatsEveryByte(self):
        root = Path(self.directory) if self.directory else self.root / 'k'
        root.mkdir(parents=True, exist_ok=True)
        reference = Reference(root / 'reference.json')
        if not reference.load():
            calm = self.server(name='calm')
            reference.make(calm, wait_until)
            calm.stop()
        ledger = Ledger(root / 'ledger.jsonl')
        server = Server(root, slots=('cpu0:cpu:1', 'cpu1:cpu:1'), resume_interval=0.2)
        self.servers.append(server)
        self.addCleanup(self.end_all, server)
        server.start()
        storm = Storm(StockClient(server.address, QUICK_RECONNECT), ledger, reference, self.seed)
        for method in METHODS:  # every descriptor, before there are threads
            storm.client.method(f'sumscope.v1.{method}')
        self.storm(server, storm)
        self.calm(server, storm)

    def storm(self, server, storm):
        storm.begin()
        begin, killer = time.monotonic(), Killer(server, self.seed)
        try:
            while storm.ledger.kills < self.kills:
                killer.kill(storm.ledger.kills)
                storm.ledger.note(what='kills', count=storm.ledger.kills + 1)
                if server.process.poll() is not None:
                    self.fail(f'sumscoped ended by itself with {server.process.returncode}:\n{server.log_tail()}')
                if storm.ledger.kills % 20 == 0:
                    say(f'{storm.ledger.kills} kills, {len(storm.ledger.runs)} runs, {len(storm.ledger.analyses)} analyses, '
                        f'{time.monotonic() - begin:.0f} s')
        finally:
            storm.end()
            storm.client.close()
        say(f'{dict(killer.counts)} killed in {time.monotonic() - begin:.0f} s; {len(storm.ledger.runs)} runs, '
            f'{len(storm.ledger.analyses)} analyses, {len(storm.ledger.sets)} question sets acknowledged')
        self.assertEqual(storm.faults, [])

    def calm(self, server, storm):
        server.drop_client()
        wait_until('the last server to serve', server.is_serving)
        self.assertEqual(server.stop(), 0)
        server.start()
        after = Afterwards(server, storm.ledger, storm.reference)
        after.settle(60 + 2 * self.kills)
        after.check_nothing_lost()
        after.check_runs()
        after.check_analyses()
        after.check_every_kind_is_answered()
        after.check_watches(storm.seen)
        owned = after.owned_files()
        self.assertEqual(server.stop(), 0)
        after.check_events()
        after.check_files(owned)
        for fault in after.faults:
            say(fault)
        self.assertEqual(after.faults, [], f'{len(after.faults)} faults after {self.kills} kills of seed {self.seed}')

    def end_all(self, server):
        server.drop_client()
        for pid in processes_of(f'{server.root}/'):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--kills', type=int, default=RandomKillsTest.kills)
    parser.add_argument('--seed', type=int, default=RandomKillsTest.seed)
    parser.add_argument('--directory', help='of an earlier storm, to go on with; its path is short, or new')
    arguments = parser.parse_args()
    RandomKillsTest.kills, RandomKillsTest.seed, RandomKillsTest.directory = arguments.kills, arguments.seed, arguments.directory
    unittest.main(argv=sys.argv[:1], verbosity=2)
