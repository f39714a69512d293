"""A server with users: each a client of their own, over TLS with a token, or by the socket as another account."""

import os
import uuid
from pathlib import Path

import grpc

from harness.accounts import GROUP
from harness.certificates import Authority
from harness.ports import free_port
from harness.stock_client import StockClient
from harness.waiting import wait_until


def tls_flags(port, pair, client_ca=None):
    """The flags of a server that listens to TLS on the loopback device."""
    flags = ['--listen', f'127.0.0.1:{port}', '--tls-certificate', pair.certificate, '--tls-key', pair.key]
    if client_ca:
        flags += ['--tls-client-ca', client_ca]
    return [str(flag) for flag in flags]


def socket_flags():
    """The flag of the group that may use the socket once there are users."""
    return ['--socket-group', GROUP] if os.geteuid() == 0 else ['--socket-group', str(os.getegid())]


def wait_for_group(server):
    """Until the socket is its group's, which it is a moment after the first user was added."""
    path = server.address.removeprefix('unix:')
    wait_until('the socket to be its group\'s', lambda: os.stat(path).st_mode & 0o777 == 0o660)


class Lab:
    """Users are made by the server's own account on the socket."""

    def __init__(self, test, users=(), flags=(), start=True, client_ca=True, **options):
        self.test, self.authority = test, Authority(test.root / 'certificates')
        self.pair = self.authority.server()
        self.port = free_port()
        self.tls = f'127.0.0.1:{self.port}'
        flags = [*tls_flags(self.port, self.pair, self.authority.certificate if client_ca else None), *socket_flags(), *flags]
        self.server = test.server(start=start, flags=flags, **options)
        self.secrets, self.clients = {}, {}
        for name, role in users:
            self.add(name, role)

    def add(self, name, role, uids=(), certificates=()):
        return self.server.client.call('UserService/CreateUser', user_id=name, request_id=str(uuid.uuid4()),
                                       user=dict(role=role, local_uids=list(uids), certificate_names=list(certificates)))

    def secret(self, name, display_name='test', **fields):
        """A new token's text."""
        return self.server.client.call('UserService/CreateToken', parent=f'users/{name}', display_name=display_name,
                                       **fields)['secret']

    def client(self, name):
        """The stock client of a user, over TLS with a token; the same one each time."""
        if name not in self.clients:
            self.secrets[name] = self.secret(name)
            self.clients[name] = self.connect(token=self.secrets[name])
        return self.clients[name]

    def connect(self, token=None, pair=None, ca=None, headers=()):
        """A stock client over TLS."""
        credentials = grpc.ssl_channel_credentials(
            Path(ca or self.authority.certificate).read_bytes(), pair and pair.key.read_bytes(),
            pair and pair.certificate.read_bytes())
        if token is not None:
            credentials = grpc.composite_channel_credentials(credentials, grpc.access_token_call_credentials(token))
        client = StockClient(self.tls, options=[('grpc.use_local_subchannel_pool', 1)], credentials=credentials,
                             metadata=headers, like=self.server.client)
        self.test.addCleanup(client.close)
        return client

    def token_file(self, token, name='token', mode=0o600):
        path = self.test.root / name
        path.unlink(missing_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), 'w') as file:
            file.write(token + '\n')
        path.chmod(mode)
        return path

    def environment(self, name):
        """For `cli`: a user's, over TLS with a token."""
        self.client(name)
        return dict(SUMSCOPE_SERVER=self.tls, SUMSCOPE_CA=str(self.authority.certificate),
                    SUMSCOPE_TOKEN_FILE=str(self.token_file(self.secrets[name], f'token-{name}')))

    def audit(self, **filters):
        """Every row of the audit, the newest first."""
        rows, token = [], ''
        while True:
            page = self.server.client.call('UserService/ListAuditRecords', page_size=1000, page_token=token, **filters)
            rows += page['records']
            token = page['next_page_token']
            if not token:
                return rows
