"""A Unix socket before the server's that holds a transfer still after so many bytes, for tests to act in its middle."""

import contextlib
import os
import socket
import threading

from harness.waiting import wait_until

PIECE = 16384


class HeldProxy:
    """`down` is from the server to the client, `up` the other way. Bytes are counted over all connections."""

    def __init__(self, path, target):
        self.path, self.target = path, target.removeprefix('unix:')
        self.address = f'unix:{path}'
        self.passed = {'up': 0, 'down': 0}
        self.limits = {'up': None, 'down': None}
        self.changed = threading.Condition()
        self.sockets, self.closed, self.held = [], False, False
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def hold(self, direction, more_bytes):
        """Passes so many more bytes, then none."""
        with self.changed:
            self.limits[direction] = self.passed[direction] + more_bytes
            self.held = False

    def wait_until_held(self):
        wait_until('the transfer to be in its middle', lambda: self.held)

    def release(self):
        with self.changed:
            self.limits = {'up': None, 'down': None}
            self.changed.notify_all()

    def cut(self):
        """Breaks every connection; what was held is lost."""
        with self.changed:
            sockets, self.sockets = self.sockets, []
            for one in sockets:
                shut(one)
            self.limits = {'up': None, 'down': None}
            self.changed.notify_all()

    def close(self):
        self.closed = True
        self.cut()
        self.listener.close()
        os.unlink(self.path)

    def _accept(self):
        while not self.closed:
            with contextlib.suppress(OSError):
                client = self.listener.accept()[0]
                server = socket.socket(socket.AF_UNIX)
                try:
                    server.connect(self.target)
                except OSError:
                    client.close()
                    continue
                with self.changed:
                    self.sockets += [client, server]
                for source, sink, direction in ((client, server, 'up'), (server, client, 'down')):
                    threading.Thread(target=self._pass_on, args=(source, sink, direction), daemon=True).start()

    def _pass_on(self, source, sink, direction):
        with contextlib.suppress(OSError):
            while True:
                data = source.recv(PIECE)
                if not data:
                    break
                with self.changed:
                    while self.limits[direction] is not None and self.passed[direction] >= self.limits[direction]:
                        self.held = True
                        self.changed.wait()
                    self.passed[direction] += len(data)
                sink.sendall(data)
        shut(source)
        shut(sink)
        source.close()


def shut(one):
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
