"""A server stays reachable and honest: descriptors run out and come back, careless callers, errors with reasons."""

import re
import socket
import threading
import unittest
from pathlib import Path

import grpc

from harness.case import IntegrationTest
from harness.ports import connect, free_port
from harness.stock_client import qualified
from harness.waiting import wait_until


def frame(kind, flags, stream, payload):
    """One HTTP/2 frame."""
    return len(payload).to_bytes(3, 'big') + bytes([kind, flags]) + stream.to_bytes(4, 'big') + payload


def deaf_call(address, path, request):
    """A connection that asks for more than its socket holds and never reads it: its windows are open."""
    def literal(name, value):
        return b'\0' + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
    headers = {':method': 'POST', ':scheme': 'http', ':path': path, ':authority': 'x', 'te': 'trailers',
               'content-type': 'application/grpc'}
    window = (2**31 - 1).to_bytes(4, 'big')
    connection = connect(address)
    connection.sendall(b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + frame(4, 0, 0, b'\0\4' + window)
                       + frame(8, 0, 0, (2**31 - 1 - 65535).to_bytes(4, 'big'))
                       + frame(1, 4, 1, b''.join(literal(*header) for header in headers.items()))
                       + frame(0, 1, 1, b'\0' + len(request).to_bytes(4, 'big') + request))
    return connection


class ReachTest(IntegrationTest):
    # After a burst of connections above the limit of descriptors the server never accepted again, and a job that
    # started meanwhile had failed for good.
    def test_ServerServesAgainAfterABurstAboveTheLimitOfDescriptors(self):
        tcp = f'127.0.0.1:{free_port()}'
        server = self.server(wrapper=('prlimit', '--nofile=160:160'),
                             flags=('--listen', tcp, '--insecure-loopback'))
        for address in (server.address, tcp):
            burst = [connect(address) for _ in range(200)]
            meanwhile = server.create('add_d2_l1_h1', d_model=16, d_head=16, d_mlp=32, batch_size=8, steps=20)
            server.wait_for_state(meanwhile, 'SUCCEEDED')
            for connection in burst:
                connection.close()
            server.drop_client()
            wait_until(f'{address} to serve new clients', server.is_serving)
            with grpc.insecure_channel(address) as channel:
                grpc.channel_ready_future(channel).result(timeout=60)

    # Debian's soft limit is 1,024, the promise 1,000 watchers.
    def test_SoftLimitOfDescriptorsIsRaised(self):
        server = self.server(wrapper=('prlimit', '--nofile=64:4096'))
        limits = Path(f'/proc/{server.pid}/limits').read_text()
        self.assertEqual(re.search(r'Max open files +(\d+)', limits)[1], '4096')
        connections = [connect(server.address) for _ in range(400)]
        server.drop_client()
        wait_until('it to serve a new client beside them', server.is_serving)
        for connection in connections:
            connection.close()

    def test_EveryErrorOfTheTransportsEdgeHasAReason(self):
        server = self.server()
        raw = lambda path: server.client.channel.unary_unary(f'/{qualified(path)}')  # noqa: E731
        invalid = grpc.StatusCode.INVALID_ARGUMENT
        call = server.client.call
        self.assert_rpc_error(server, invalid, 'REQUEST_UNREADABLE',
                              lambda: raw('RunService/GetRun')(b'\x0a\x02\xc3\x28', timeout=20))
        self.assert_rpc_error(server, invalid, 'REQUEST_UNREADABLE',
                              lambda: raw('RunService/CreateRun')(b'\xff\xff\xff', timeout=20))
        self.assert_rpc_error(server, grpc.StatusCode.UNIMPLEMENTED, 'METHOD_UNKNOWN',
                              lambda: raw('RunService/Nonsense')(b'', timeout=20))
        for size in (100_000, 6 << 20):
            long = '\u00e9' * (size // 2)
            with self.assertRaises(grpc.RpcError) as caught:
                call('RunService/ListRuns', order_by=long)
            self.assertEqual(caught.exception.code(), invalid)
            self.assertNotEqual(server.client.error_info(caught.exception)[0], '')
            with self.assertRaises(grpc.RpcError) as caught:
                call('RunService/GetRun', name=f'runs/{long}')
            self.assertNotEqual(server.client.error_info(caught.exception)[0], '')

    def test_ReflectionResolvesHealth(self):
        server = self.server()
        self.assertEqual(server.client.call('grpc.health.v1.Health/Check')['status'], 'SERVING')

    # 570 silent imports made every other call fail without a reason.
    def test_SilentUploadsAreBoundedAndOtherCallsGoOn(self):
        server = self.server()
        limit = next(int(limit['maximum']) for limit in server.info()['limits'] if limit['name'] == 'uploads')
        stop = threading.Event()
        request, _ = server.client._caller(qualified('RunService/ImportRun'))
        header = request(header=dict(total_bytes=1000)).SerializeToString()

        def messages():
            yield header
            stop.wait()
        # One connection may have 100 streams.
        channels = [grpc.insecure_channel(server.address, options=[('grpc.use_local_subchannel_pool', 1)]) for _ in range(3)]
        callers = [channel.stream_unary(f'/{qualified("RunService/ImportRun")}') for channel in channels]
        uploads = [callers[i % 3].future(messages(), timeout=120) for i in range(limit + 40)]
        refused = wait_until('those above the limit to be refused',
                             lambda: [u for u in uploads if u.done()] if sum(u.done() for u in uploads) >= 40 else None)
        for upload in refused:
            self.assertEqual(server.client.error_info(upload.exception()), ('TOO_MANY_UPLOADS', 'sumscope'))
        server.client.call('RunService/ListRuns')
        self.assertLess(len(list(Path(f'/proc/{server.pid}/task').iterdir())), limit + 60)
        stop.set()
        for upload in uploads:
            upload.cancel()
        for channel in channels:
            channel.close()
        self.assert_well(server)

    # Uploads filled the disk without asking for room.
    def test_UploadsThatTogetherNeedMoreThanTheDiskAreRefusedBeforeTheirFirstByte(self):
        server = self.server()
        needed = 2 * (4 << 30)  # the upload itself, and the run's file that is made of it
        count = int(server.info()['free_disk_bytes']) // needed + 1
        if count > 90:  # on one connection
            self.skipTest('the disk holds as many of the largest uploads as there may be at once')
        stop = threading.Event()
        request, _ = server.client._caller(qualified('RunService/ImportRun'))
        header = request(header=dict(total_bytes=4 << 30)).SerializeToString()

        def messages():
            yield header
            stop.wait()
        caller = server.client.channel.stream_unary(f'/{qualified("RunService/ImportRun")}')
        uploads = [caller.future(messages(), timeout=120) for _ in range(count)]
        refused = wait_until('one to be refused', lambda: next((u for u in uploads if u.done()), None))
        self.assertEqual(server.client.error_info(refused.exception()), ('DISK_FULL', 'sumscope'))
        stop.set()
        for upload in uploads:
            upload.cancel()
        self.assert_well(server)

    # To a client that did not read gRPC waited for its socket without a limit.
    def test_ServerStopsWellThoughAClientDoesNotRead(self):
        server = self.server()
        name = server.train(operation='ADD', n_digits=2, n_layers=1, n_heads=1, d_model=256, d_head=256, d_mlp=1024,
                            batch_size=8, steps=2)
        request, _ = server.client._caller(qualified('RunService/DownloadCheckpoint'))
        deaf = deaf_call(server.address, f'/{qualified("RunService/DownloadCheckpoint")}',
                         request(name=f'{name}/checkpoints/2').SerializeToString())
        wait_until('its first bytes', lambda: deaf.recv(1, socket.MSG_PEEK))
        self.assertEqual(server.stop(), 0)
        self.assertNotIn('does not read', server.log.read_text())
        deaf.close()

    def test_ServerSaysHowLongCallsTake(self):
        server = self.server()
        for _ in range(3):
            server.client.call('RunService/ListRuns')
        times = {method['method']: method for method in server.info()['method_times']}
        self.assertEqual(times['/sumscope.v1.RunService/ListRuns']['calls'], 3)
        self.assertEqual(times['/sumscope.v1.RunService/ListRuns']['errors'], 0)


if __name__ == '__main__':
    unittest.main(verbosity=2)
