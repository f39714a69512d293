"""A busy laboratory: 64 clients of eight users submit, list, watch and cancel, each two calls a second, while two jobs train.

    busy_lab.py [--quick]

By hand, on a machine that does nothing else: asserted is that nobody meets an error, and that the server answers 99 of 100
Get and List calls within the bar, by its own clock. --quick is a tenth of the time, and prints its figures.
"""

import argparse
import collections
import sys
import threading
import time
import unittest
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'integration'))

import grpc  # noqa: E402

from harness.case import IntegrationTest  # noqa: E402
from harness.lab import Lab  # noqa: E402
from harness.stock_client import qualified  # noqa: E402
from harness.waiting import say  # noqa: E402

CLIENTS, USERS, SECONDS, CALLS_PER_SECOND = 64, 8, 60, 2
TIME_BAR_MS = 20
ROUND = ('submit', 'list_jobs', 'get', 'watch', 'list_runs', 'list_sweeps', 'cancel')


class OneClient(threading.Thread):
    """Two calls a second on a connection of its own, by a client that knows the server's descriptors already."""

    def __init__(self, number, lab, user, end):
        super().__init__()
        self.number, self.end, self.run_name = number, end, ''
        credentials = grpc.composite_channel_credentials(
            grpc.ssl_channel_credentials(lab.authority.certificate.read_bytes()),
            grpc.access_token_call_credentials(lab.secrets[user]))
        self.channel = grpc.secure_channel(lab.tls, credentials, options=[('grpc.use_local_subchannel_pool', 1)])
        self.stock = lab.server.client
        self.done, self.errors = collections.Counter(), []
        self.methods = {path: self.method(path) for path in (
            'RunService/CreateRun', 'QueueService/ListJobs', 'RunService/GetRun', 'RunService/WatchRun', 'RunService/ListRuns',
            'SweepService/ListSweeps', 'RunService/CancelRun')}

    def method(self, path):
        described = self.stock.method(qualified(path))
        request, response = (self.stock.message(kind.full_name) for kind in (described.input_type, described.output_type))
        make = self.channel.unary_stream if described.server_streaming else self.channel.unary_unary
        return request, make(f'/{qualified(path)}', request_serializer=lambda message: message.SerializeToString(),
                             response_deserializer=response.FromString)

    def call(self, path, **fields):
        request, caller = self.methods[path]
        return caller(request(**fields), timeout=30)

    def submit(self):
        spec = dict(operation=1, n_digits=3, n_layers=1, n_heads=2, d_model=64, d_head=32, d_mlp=256, steps=1000)
        self.run_name = self.call('RunService/CreateRun', request_id=str(uuid.uuid4()), spec=spec).name

    def list_jobs(self):
        self.call('QueueService/ListJobs', page_size=100)

    def get(self):
        self.call('RunService/GetRun', name=self.run_name)

    def watch(self):
        stream = self.call('RunService/WatchRun', name=self.run_name)
        next(stream)
        stream.cancel()

    def list_runs(self):
        self.call('RunService/ListRuns', page_size=50)

    def list_sweeps(self):
        self.call('SweepService/ListSweeps')

    def cancel(self):
        self.call('RunService/CancelRun', name=self.run_name)

    def run(self):
        due = time.monotonic() + self.number / (CALLS_PER_SECOND * CLIENTS)
        for turn in range(10 ** 9):
            what = ROUND[turn % len(ROUND)]
            if due >= self.end and what == 'submit':  # it leaves nothing waiting
                break
            time.sleep(max(0, due - time.monotonic()))
            try:
                getattr(self, what)()
            except grpc.RpcError as error:
                self.errors.append((what, error.code().name, error.details()))
            self.done[what] += 1
            due += 1 / CALLS_PER_SECOND
        self.channel.close()


class BusyLab(IntegrationTest):
    seconds = SECONDS

    def test_ManyClientsShareTheQueueThenNobodyMeetsAnError(self):
        lab = Lab(self, users=[(f'user{i}', 'MEMBER') for i in range(USERS)], slots=('cpu0:cpu:1', 'cpu1:cpu:1'))
        users = [f'user{i}' for i in range(USERS)]
        for user in users:
            lab.client(user)
        server = lab.server
        trainings = [lab.client(user).call('RunService/CreateRun', request_id=str(uuid.uuid4()),
                                           model_name=f'add_d5_l1_h3_t1000K_s{seed}')['name']
                     for seed, user in enumerate(users[:2], 1)]
        for name in trainings:
            server.wait_for_state(name, 'RUNNING')
        for path in ('google.rpc.Status', 'google.rpc.ErrorInfo'):
            server.client.message(path)  # here, and not in many threads at once
        end = time.monotonic() + self.seconds
        clients = [OneClient(i, lab, users[i % USERS], end) for i in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()

        done = sum((client.done for client in clients), collections.Counter())
        say(f'{sum(done.values())} calls in {self.seconds:.0f} s: {dict(done)}')
        slow = []
        for method in server.info()['method_times']:
            name = method['method'].rsplit('/', 1)[1]
            if method['calls'] < 10:
                continue
            bound = name.startswith(('Get', 'List'))
            if bound and method['p99_ms'] >= TIME_BAR_MS:
                slow.append((name, method['p99_ms']))
            say(f'in the server: {name} {method["calls"]} calls, {method["errors"]} errors, median {method["median_ms"]:.2f} '
                f'ms, p99 {method["p99_ms"]:.2f} ms, longest {method["longest_ms"]:.1f} ms')
        self.assertEqual([error for client in clients for error in client.errors], [])
        for name in trainings:
            self.assertEqual(server.run(name)['state'], 'RUNNING')
        if self.seconds == SECONDS:
            self.assertEqual(slow, [], f'over the bar of {TIME_BAR_MS} ms')
        self.assert_well(server)


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--quick', action='store_true')
    if parser.parse_args().quick:
        BusyLab.seconds = SECONDS / 10
    unittest.main(argv=[sys.argv[0]], verbosity=2)
