"""Addresses on the loopback device."""

import socket


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def connect(address):
    """A connection to unix:/path or host:port that says nothing."""
    if address.startswith('unix:'):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(address.removeprefix('unix:'))
        return connection
    host, port = address.rsplit(':', 1)
    return socket.create_connection((host, int(port)))
