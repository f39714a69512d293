"""Many clients at once beside two trainings: what a busy laboratory and a few careless programs do to one server.

64 clients make two calls a second each, while 300 connections say nothing, 50 uploads have begun and stopped, and 50
readers asked for a file that they do not read. Figures are printed; asserted are errors (only stated limits) and memory.
"""

import collections
import os
import socket
import sys
import threading
import time
import unittest
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'integration'))

import grpc  # noqa: E402

from harness.case import IntegrationTest  # noqa: E402
from harness.stock_client import qualified  # noqa: E402
from harness.waiting import say, wait_until  # noqa: E402

CLIENTS, IDLE, SILENT_UPLOADS, STALLED_READERS = 64, 300, 50, 50
SECONDS = int(os.environ.get('SUMSCOPE_LOAD_SECONDS', '60'))
MEMORY_BAR = 150 << 20
LIMIT_REASONS = {'TOO_MANY_UPLOADS', 'TOO_MANY_DOWNLOADS', 'TOO_MANY_WATCHERS', 'UPLOAD_SILENT', 'UPLOAD_TOO_SLOW', 'UPLOAD_MEMORY_FULL'}
PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + b'\0\0\0\4\0\0\0\0\0'  # and empty SETTINGS


def resident_bytes(pid):
    for line in Path(f'/proc/{pid}/status').read_text().splitlines():
        if line.startswith('VmRSS:'):
            return int(line.split()[1]) << 10
    return 0


class OneClient(threading.Thread):
    """Two calls a second on a connection of its own, by a client that knows the server's descriptors already."""

    def __init__(self, number, address, stock, run, end):
        super().__init__()
        self.number, self.stock, self.end = number, stock, end
        self.channel = grpc.insecure_channel(address, options=[('grpc.use_local_subchannel_pool', 1)])
        self.calls = [('RunService/GetRun', dict(name=run)), ('RunService/ListRuns', dict(page_size=50)),
                      ('RunService/ListMetrics', dict(name=run, page_size=100)),
                      ('RunService/ListCheckpoints', dict(name=run)),
                      ('RunService/GetRun', dict(name=run)), ('SystemService/GetServerInfo', {})]
        self.done, self.errors, self.times = 0, [], []

    def run(self):
        callers = []
        for path, fields in self.calls:
            request, _ = self.stock._caller(qualified(path))
            response = self.stock.method(qualified(path)).output_type
            parse = self.stock.message(response.full_name).FromString
            callers.append((path, self.channel.unary_unary(f'/{qualified(path)}', response_deserializer=parse),
                            request(**fields).SerializeToString()))
        due = time.monotonic() + self.number / (2 * CLIENTS)
        while due < self.end:
            time.sleep(max(0, due - time.monotonic()))
            path, caller, request = callers[(self.done + self.number) % len(callers)]
            begin = time.monotonic()
            try:
                caller(request, timeout=30)
            except grpc.RpcError as error:
                self.errors.append((path, error))
            self.times.append(time.monotonic() - begin)
            self.done += 1
            due += 0.5
        self.channel.close()


class LoadTest(IntegrationTest):
    def test_ManyClientsBesideTrainingsIdleConnectionsSilentUploadsAndStalledReaders(self):
        server = self.server(slots=('cpu0:cpu:1', 'cpu1:cpu:1'))
        source = server.train(operation='ADD', n_digits=2, n_layers=1, n_heads=1, d_model=384, d_head=384, d_mlp=1536, batch_size=8,
                              steps=3)
        trainings = [server.create(f'add_d5_l1_h3_t1000K_s{seed}') for seed in (1, 2)]
        for name in trainings:
            server.wait_for_state(name, 'RUNNING')
        trainings.append(server.create('add_d5_l1_h3_t1000K_s3'))  # waits: nothing happens that a watch would show
        before = resident_bytes(server.pid)
        path = server.address.removeprefix('unix:')

        idle = [socket.socket(socket.AF_UNIX) for _ in range(IDLE)]
        for number, connection in enumerate(idle):
            connection.connect(path)
            if number % 2:
                connection.sendall(PREFACE)  # one that has shaken hands
        stop = threading.Event()
        uploads = [self.silent_upload(server, stop) for _ in range(SILENT_UPLOADS)]
        readers = [self.stalled_reader(server, f'{source}/checkpoints/3') for _ in range(STALLED_READERS)]
        watch = self.quiet_watch(server, trainings[2])

        end = time.monotonic() + SECONDS
        clients = [OneClient(i, server.address, server.client, source, end) for i in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        loaded = resident_bytes(server.pid)
        errors = collections.Counter()
        for client in clients:
            for call, error in client.errors:
                errors[call, error.code().name, server.client.error_info(error)[0]] += 1
        times = sorted(t for client in clients for t in client.times)
        say(f'{len(times)} calls of {CLIENTS} clients in {SECONDS} s; errors: {dict(errors)}')
        say(f'as Python clients saw them: p50 {1000 * times[len(times) // 2]:.1f} ms, '
            f'p99 {1000 * times[len(times) * 99 // 100]:.1f} ms')
        for method in server.info()['method_times']:
            say(f'in the server: {method["method"]} {method["calls"]} calls, {method["errors"]} errors, '
                f'median {method["median_ms"]:.2f} ms, p99 {method["p99_ms"]:.2f} ms, '
                f'longest {method["longest_ms"]:.1f} ms')
        self.assertTrue(all(reason in LIMIT_REASONS for _, _, reason in errors), errors)
        self.assertTrue(watch.is_active(), 'the watch with a keepalive of 10 s ended')

        stop.set()
        watch.cancel()
        for stream, channel in readers:
            stream.cancel()
            channel.close()
        for future, channel in uploads:
            error = future.exception(timeout=90)
            if isinstance(error, grpc.RpcError) and error.code() != grpc.StatusCode.INVALID_ARGUMENT:
                self.assertIn(server.client.error_info(error)[0], LIMIT_REASONS)
            channel.close()
        for connection in idle:
            connection.close()
        for name in trainings:
            server.client.call('RunService/CancelRun', name=name)
        after = wait_until(f'the memory of the server to go below {MEMORY_BAR >> 20} MB',
                           lambda: (bytes_now := resident_bytes(server.pid)) < MEMORY_BAR and bytes_now, 90)
        say(f'memory: {before >> 20} MB before, {loaded >> 20} MB under load, {after >> 20} MB afterwards')
        for name in trainings:
            server.wait_for_state(name, 'CANCELLED')
        self.assert_well(server)

    def silent_upload(self, server, stop):
        """An import that says what it will send, and sends nothing."""
        channel = grpc.insecure_channel(server.address, options=[('grpc.use_local_subchannel_pool', 1)])
        request, _ = server.client._caller(qualified('RunService/ImportRun'))

        def messages():
            yield request(header=dict(request_id=str(uuid.uuid4()), total_bytes=1000)).SerializeToString()
            stop.wait()
        return channel.stream_unary(f'/{qualified("RunService/ImportRun")}').future(messages(), timeout=200), channel

    def stalled_reader(self, server, checkpoint):
        """Asks for a file of megabytes and reads no message of it."""
        channel = grpc.insecure_channel(server.address, options=[('grpc.use_local_subchannel_pool', 1)])
        request, _ = server.client._caller(qualified('RunService/DownloadCheckpoint'))
        path = f'/{qualified("RunService/DownloadCheckpoint")}'
        return channel.unary_stream(path)(request(name=checkpoint).SerializeToString(), timeout=200), channel

    def quiet_watch(self, server, run):
        """A watch whose client pings every 10 s."""
        channel = grpc.insecure_channel(server.address, options=[
            ('grpc.use_local_subchannel_pool', 1), ('grpc.keepalive_time_ms', 10_000),
            ('grpc.keepalive_timeout_ms', 5_000), ('grpc.http2.max_pings_without_data', 0)])
        request, _ = server.client._caller(qualified('RunService/WatchRun'))
        stream = channel.unary_stream(f'/{qualified("RunService/WatchRun")}')(
            request(name=run).SerializeToString(), timeout=10 * SECONDS + 200)

        def read():
            try:
                for _ in stream:
                    pass
            except grpc.RpcError:
                pass
            channel.close()
        threading.Thread(target=read, daemon=True).start()
        return stream


if __name__ == '__main__':
    unittest.main(verbosity=2)
