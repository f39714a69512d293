"""Rude clients over TLS beside polite ones: idle connections, readers that do not read, requests that are never finished
and a flood of bad logins. What others' calls cost meanwhile, the server tells itself; its memory is /proc's.

    rude_clients.py [--quick] [--streams N]

By hand, on a machine that does nothing else: asserted is that all of the load is there at its end, that others are
served and that their times in the server and its memory stay within the bars. --quick is a tenth of everything, and
asserts no times. --streams is how many requests each of the 20 connections half sends: 1, or up to the 100 that a
connection may have.
"""

import argparse
import select
import ssl
import sys
import threading
import time
import unittest
import uuid
from concurrent.futures import ThreadPoolExecutor
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
MEMORY_BAR, TIME_BAR_MS, POLITE_CALLS = 150 << 20, 20, 200
POLITE = ('RunService/GetRun', 'RunService/ListRuns')
RUDE = ('UserService/GetCaller', 'RunService/CreateRun')  # the audit takes refusals of the latter
REFUSALS = {'UNAUTHENTICATED TOKEN_UNKNOWN', 'RESOURCE_EXHAUSTED TOO_MANY_LOGINS'}
PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + b'\0\0\0\4\0\0\0\0\0'  # and empty SETTINGS
SETTINGS, PING, WINDOW_UPDATE = 4, 6, 8  # kinds of frames


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


def is_held(connection):
    """Whether the server holds the connection still and has answered no request of it."""
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP)
    if poll.poll(0):
        return False
    if not isinstance(connection, ssl.SSLSocket):
        return True
    connection.setblocking(False)
    said = b''
    try:
        while piece := connection.recv(1 << 16):
            said += piece
        return False
    except ssl.SSLWantReadError:
        pass
    kinds = set()
    while len(said) > 3:
        kinds.add(said[3])
        said = said[9 + int.from_bytes(said[:3], 'big'):]
    return SETTINGS in kinds and kinds <= {SETTINGS, PING, WINDOW_UPDATE}


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
        ben = lab.client('ben')
        for path in POLITE:
            ben.method(qualified(path))  # asks reflection here, and not in many threads at once
        for message in ('google.rpc.Status', 'google.rpc.ErrorInfo'):
            lab.server.client.message(message)
        before = memory_bytes(lab.server.pid)
        readers = [self.stalled_reader(ada, f'{run}/checkpoints/3') for _ in range(STALLED // self.part)]
        for stream, _ in readers:
            stream.initial_metadata()  # waits
        # Connections that ask nothing are cut after 20 s.
        opened = [('idle', self.shake_hands()) for _ in range(IDLE // self.part)]
        opened += [('without TLS', connect(lab.tls)) for _ in range(IDLE // 10 // self.part)]
        opened += [('half-sent', self.half_sent(lab.secrets['ada'])) for _ in range(HALF_SENT // self.part)]

        self.stop, self.polite_times, self.polite_errors = threading.Event(), {path: [] for path in POLITE}, []
        with ThreadPoolExecutor(1) as pool:
            polite = pool.submit(self.be_polite, ben, run)
            try:
                outcomes, flood_seconds = self.log_in_badly(ada)
                loaded, most = memory_bytes(lab.server.pid), memory_bytes(lab.server.pid, 'VmHWM')
                lost = [f'reader: {stream.code().name}' for stream, _ in readers if not stream.is_active()]
                lost += [what for what, connection in opened if not is_held(connection)]
            finally:
                self.stop.set()
            polite.result()

        say(f'{IDLE // self.part} idle connections, {STALLED // self.part} stalled readers, half-sent requests: '
            f'{self.streams} on each of {HALF_SENT // self.part} connections')
        refused = [row for row in lab.audit(method='CreateRun') if row['code'] != 'OK']
        say(f'{sum(outcomes.values())} bad logins in {flood_seconds:.1f} s: {outcomes}; {len(refused)} rows of the audit')
        times = {method['method']: method for method in lab.server.info()['method_times']}
        served = [times[f'/{qualified(path)}'] for path in POLITE]
        for method, seen in zip(served, self.polite_times.values()):
            say(f'others, in the server: {method["method"]} {method["calls"]} calls, {method["errors"]} errors, median '
                f'{method["median_ms"]:.2f} ms, p99 {method["p99_ms"]:.2f} ms, longest {method["longest_ms"]:.1f} ms; '
                f'as the client saw it: p99 {1000 * sorted(seen)[len(seen) * 99 // 100]:.1f} ms')
        say(f'memory: {before >> 20} MB before, {loaded >> 20} MB at the end of the load, {most >> 20} MB at the most')
        self.assertEqual(lost, [], 'ended before the load did')
        self.assertEqual(sum(outcomes.values()), BAD_LOGINS // self.part)
        self.assertLessEqual(set(outcomes), REFUSALS)
        self.assertNotEqual(refused, [])
        self.assertLessEqual({f'{row["code"]} {row["reason"]}' for row in refused}, REFUSALS)
        self.assertEqual(self.polite_errors, [])
        for method in served:
            self.assertEqual(method['errors'], 0, method)
        self.assertLess(most, MEMORY_BAR)
        if self.part == 1:
            self.assertLess(flood_seconds, SECONDS + 1)
            for method in served:
                self.assertGreater(method['calls'], POLITE_CALLS, method['method'])
                self.assertLess(method['p99_ms'], TIME_BAR_MS, method['method'])
        for stream, channel in readers:
            stream.cancel()
            channel.close()
        for _, connection in opened:
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

    def be_polite(self, ben, run):
        """Get and List, up to fifty of each a second, by somebody else."""
        while True:
            for path, fields in zip(POLITE, (dict(name=run), {})):
                begin = time.monotonic()
                try:
                    ben.call(path, timeout=20, **fields)
                except grpc.RpcError as error:
                    self.polite_errors.append((path, error.code().name, error.details()))
                self.polite_times[path].append(time.monotonic() - begin)
            if self.stop.wait(POLITE_PAUSE):
                return

    def log_in_badly(self, ada):
        """Calls with tokens that are none, from several threads: {how they ended: how many}, and the seconds until the
        last was sent, whose answer may wait 2 more."""
        outcomes, lock, count = {}, threading.Lock(), BAD_LOGINS // self.part
        get_caller, create_run = (ada._caller(qualified(path))[0] for path in RUDE)
        requests = [get_caller().SerializeToString(),
                    create_run(request_id=str(uuid.uuid4()), model_name='add_d5_l1_h3_t15K_s1').SerializeToString()]
        numbers, begin, sent = iter(range(count)), time.monotonic(), [0] * count

        def flood():
            with self.channel() as channel:
                calls = [channel.unary_unary(f'/{qualified(path)}') for path in RUDE]
                while True:
                    with lock:
                        i = next(numbers, None)
                    if i is None:
                        return
                    time.sleep(max(0, begin + i * SECONDS / BAD_LOGINS - time.monotonic()))  # the pace of the flood
                    token = f'sst_t{i:07d}_{"A" * 43}'
                    sent[i] = time.monotonic() - begin
                    try:
                        calls[i % 2](requests[i % 2], timeout=30, metadata=[('authorization', f'Bearer {token}')])
                        how = 'OK'
                    except grpc.RpcError as error:
                        how = f'{error.code().name} {self.lab.server.client.error_info(error)[0]}'
                    with lock:
                        outcomes[how] = outcomes.get(how, 0) + 1
        with ThreadPoolExecutor(PARALLEL) as pool:
            floods = [pool.submit(flood) for _ in range(PARALLEL)]
        for thread in floods:
            thread.result()  # or what ended it
        return outcomes, max(sent)


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--streams', type=int, default=1, choices=range(1, 101), metavar='N')
    options = parser.parse_args()
    RudeClients.part, RudeClients.streams = 10 if options.quick else 1, options.streams
    unittest.main(argv=[sys.argv[0]], verbosity=2)
