"""Rude clients over TLS beside polite ones: idle connections, readers that do not read, requests that are never finished
and a flood of bad logins. What others' calls cost meanwhile, the server tells itself; its memory is /proc's.

    rude_clients.py [--quick] [--streams N]

By hand, on a machine that does nothing else: asserted is that others are served and that memory stays within the bar;
times are printed. --quick is a tenth of everything. --streams is how many requests each of the 20 connections half
sends: 1, or up to the 100 that a connection may have.
"""

import argparse
import ssl
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'integration'))

import grpc  # noqa: E402

from harness.case import IntegrationTest  # noqa: E402
from harness.lab import Lab  # noqa: E402
from harness.ports import connect  # noqa: E402
from harness.stock_client import qualified  # noqa: E402
from harness.waiting import say, wait_until  # noqa: E402

IDLE, STALLED, HALF_SENT, BAD_LOGINS, SECONDS, PARALLEL = 200, 50, 20, 1000, 10, 20
POLITE_PAUSE = 0.02  # seconds between a pair of polite calls and the next
MEMORY_BAR, TIME_BAR_MS = 150 << 20, 20
PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + b'\0\0\0\4\0\0\0\0\0'  # and empty SETTINGS


def memory_bytes(pid, figure='VmRSS'):
    """What is resident; with VmHWM the most that ever was."""
    for line in Path(f'/proc/{pid}/status').read_text().splitlines():
        if line.startswith(f'{figure}:'):
            return int(line.split()[1]) << 10
    return 0


def literal(name, value):
    return b'\0' + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def frame(kind, flags, stream, payload):
    return len(payload).to_bytes(3, 'big') + bytes([kind, flags]) + stream.to_bytes(4, 'big') + payload


class RudeClients(IntegrationTest):
    part = 1  # of everything
    streams = 1  # half-sent requests on one connection

    def test_OthersAreServedBesideRudeClients(self):
        lab = self.lab = Lab(self, users=[('ada', 'MEMBER'), ('ben', 'MEMBER')])
        self.tls = ssl.create_default_context(cafile=str(lab.authority.certificate))
        self.tls.set_alpn_protocols(['h2'])
        ada = lab.client('ada')
        run = lab.server.train(operation='ADD', n_digits=2, n_layers=1, n_heads=1, d_model=384, d_head=384, d_mlp=1536,
                               batch_size=8, steps=3)
        self.assertEqual(lab.server.stop(), 0)
        lab.server.start()  # its figures begin here
        before = memory_bytes(lab.server.pid)
        opened = [self.shake_hands() for _ in range(IDLE // self.part)]
        opened += [connect(lab.tls) for _ in range(IDLE // 10 // self.part)]  # no TLS at all
        opened += [self.half_sent(lab.secrets['ada']) for _ in range(HALF_SENT // self.part)]
        readers = [self.stalled_reader(ada, f'{run}/checkpoints/3') for _ in range(STALLED // self.part)]

        polite = threading.Thread(target=self.be_polite, args=(run,))
        self.stop, self.polite_calls, self.polite_errors = threading.Event(), 0, []
        polite.start()
        begin = time.monotonic()
        outcomes = self.log_in_badly(ada)
        flood_seconds = time.monotonic() - begin
        loaded, most = memory_bytes(lab.server.pid), memory_bytes(lab.server.pid, 'VmHWM')
        self.stop.set()
        polite.join()

        say(f'{IDLE // self.part} idle connections, {STALLED // self.part} stalled readers, half-sent requests: '
            f'{self.streams} on each of {HALF_SENT // self.part} connections')
        say(f'{sum(outcomes.values())} bad logins in {flood_seconds:.1f} s: {dict(outcomes)}')
        for method in lab.server.info()['method_times']:
            if method['method'].endswith(('/GetRun', '/ListRuns')):
                verdict = 'within' if method['p99_ms'] < TIME_BAR_MS else 'OVER'
                say(f'others, in the server: {method["method"]} {method["calls"]} calls, {method["errors"]} errors, median '
                    f'{method["median_ms"]:.2f} ms, p99 {method["p99_ms"]:.2f} ms, longest {method["longest_ms"]:.1f} ms: '
                    f'{verdict} the bar of {TIME_BAR_MS} ms')
        say(f'memory: {before >> 20} MB before, {loaded >> 20} MB at the end of the load, {most >> 20} MB at the most')
        self.assertEqual(self.polite_errors, [])
        self.assertGreater(self.polite_calls, 50 // self.part)
        self.assertLess(most, MEMORY_BAR)
        self.assertEqual(outcomes.get('OK', 0), 0)
        for stream, channel in readers:
            stream.cancel()
            channel.close()
        for connection in opened:
            connection.close()
        with self.subTest('who is known is let in from the same address at once'):
            self.assertEqual(lab.client('ben').call('UserService/GetCaller')['user'], 'users/ben')
        wait_until('memory to be within the bar', lambda: memory_bytes(lab.server.pid) < MEMORY_BAR)
        self.assert_well(lab.server)

    def shake_hands(self):
        """A TLS connection that says hello and then nothing."""
        connection = self.tls.wrap_socket(connect(self.lab.tls), server_hostname='localhost')
        connection.sendall(PREFACE)
        return connection

    def half_sent(self, token):
        """The beginnings of requests on one connection."""
        connection = self.shake_hands()
        headers = {':method': 'POST', ':scheme': 'https', ':path': f'/{qualified("RunService/GetRun")}', ':authority': 'x',
                   'te': 'trailers', 'content-type': 'application/grpc', 'authorization': f'Bearer {token}'}
        for stream in range(1, 2 * self.streams, 2):
            connection.sendall(frame(1, 4, stream, b''.join(literal(*header) for header in headers.items()))
                               + frame(0, 0, stream, b'\0' + (60_000).to_bytes(4, 'big') + b'half'))
        return connection

    def stalled_reader(self, ada, checkpoint):
        """Asks for a file of megabytes and reads no message of it."""
        channel = self.channel(self.lab.secrets['ada'])
        request, _ = ada._caller(qualified('RunService/DownloadCheckpoint'))
        stream = channel.unary_stream(f'/{qualified("RunService/DownloadCheckpoint")}')(
            request(name=checkpoint).SerializeToString(), timeout=200)
        return stream, channel

    def channel(self, token=None):
        credentials = grpc.ssl_channel_credentials(self.lab.authority.certificate.read_bytes())
        if token:
            credentials = grpc.composite_channel_credentials(credentials, grpc.access_token_call_credentials(token))
        return grpc.secure_channel(self.lab.tls, credentials, options=[('grpc.use_local_subchannel_pool', 1)])

    def be_polite(self, run):
        """Get and List, up to fifty of each a second, by somebody else."""
        ben = self.lab.client('ben')
        while not self.stop.wait(POLITE_PAUSE):
            try:
                ben.call('RunService/GetRun', name=run, timeout=20)
                ben.call('RunService/ListRuns', timeout=20)
                self.polite_calls += 2
            except grpc.RpcError as error:
                self.polite_errors.append((error.code().name, error.details()))

    def log_in_badly(self, ada):
        """Calls with tokens that are none, from several threads: {how they ended: how many}."""
        outcomes, lock, count = {}, threading.Lock(), BAD_LOGINS // self.part
        for message in ('google.rpc.Status', 'google.rpc.ErrorInfo'):
            self.lab.server.client.message(message)  # here, and not in many threads at once
        request = ada._caller(qualified('UserService/GetCaller'))[0]().SerializeToString()

        numbers, begin = iter(range(count)), time.monotonic()

        def flood():
            with self.channel() as channel:
                call = channel.unary_unary(f'/{qualified("UserService/GetCaller")}')
                while True:
                    with lock:
                        i = next(numbers, None)
                    if i is None:
                        return
                    time.sleep(max(0, begin + i * SECONDS / BAD_LOGINS - time.monotonic()))  # the pace of the flood
                    token = f'sst_t{i:07d}_{"A" * 43}'
                    try:
                        call(request, timeout=30, metadata=[('authorization', f'Bearer {token}')])
                        how = 'OK'
                    except grpc.RpcError as error:
                        how = f'{error.code().name} {self.lab.server.client.error_info(error)[0]}'
                    with lock:
                        outcomes[how] = outcomes.get(how, 0) + 1
        threads = [threading.Thread(target=flood) for _ in range(PARALLEL)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return outcomes


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--streams', type=int, default=1, choices=range(1, 101), metavar='N')
    options = parser.parse_args()
    RudeClients.part, RudeClients.streams = 10 if options.quick else 1, options.streams
    unittest.main(argv=[sys.argv[0]], verbosity=2)
