"""TLS and tokens that must not be believed: each refused with its reason and exit code; renewed certificates are used."""

import contextlib
import shutil
import socket
import sqlite3
import ssl
import subprocess
import unittest
import uuid

import grpc

from harness.case import IntegrationTest
from harness.certificates import Authority
from harness.lab import Lab, tls_flags
from harness.ports import free_port
from harness.programs import SUMSCOPED, clean_environment
from harness.stock_client import StockClient
from harness.waiting import PATIENCE, wait_until

DAY = 86400


class TlsTest(IntegrationTest):
    def lab(self, **options):
        lab = Lab(self, users=[('ada', 'MEMBER')], **options)
        self.token = lab.token_file(lab.secret('ada'))
        return lab

    def whoami(self, lab, *options, address=None, ca=None, token=True, **more):
        return self.cli(address or lab.tls, '--ca', ca or lab.authority.certificate,
                        *(['--token-file', self.token] if token else []), *options, 'whoami', **more)

    def refused(self, lab, reason, code, *options, **more):
        result = self.whoami(lab, *options, code=code, **more)
        self.assertIn(reason, result.stderr)
        self.assertEqual(result.stdout, b'')
        return result

    def test_GoodTokenIsTheUser(self):
        lab = self.lab()
        self.assertIn('ada', self.whoami(lab).text)
        self.assertIn('ada', self.whoami(lab, address=f'localhost:{lab.port}').text)

    def test_ServersThatCannotShowWhoTheyAreAreNotAsked(self):
        lab = self.lab()
        stranger = Authority(self.root / 'stranger', name='stranger')
        self.refused(lab, 'certificate', 7, ca=stranger.certificate)
        for what, pair in (('expired', lab.authority.server('expired', days=-1)),
                           ('of another host', lab.authority.server('other', hosts=('DNS:other.lab', 'IP:127.0.0.9')))):
            with self.subTest(what):
                port = free_port()
                self.server(name=what.replace(' ', '-'), flags=tls_flags(port, pair))
                self.refused(lab, 'certificate', 7, address=f'127.0.0.1:{port}')

    def test_TokensThatAreNotGoodAreRefusedWithTheirReason(self):
        lab = self.lab()
        admin, good = lab.server.client, self.token.read_text().strip()
        revoked = lab.secret('ada', 'old')
        admin.call('UserService/RevokeToken', name=admin.call('UserService/ListTokens', parent='users/ada')['tokens'][0]['name'])
        cases = {'TOKEN_REVOKED': revoked, 'TOKEN_MALFORMED': 'nonsense',
                 'TOKEN_UNKNOWN': good[:-4] + ('AAAA' if not good.endswith('AAAA') else 'BBBB')}
        for reason, text in cases.items():
            with self.subTest(reason):
                self.token = lab.token_file(text, 'bad')
                self.refused(lab, reason, 4)
        with self.subTest('an unknown id tells no more than a wrong secret'):
            kind, identity, secret = good.split('_', 2)
            said = []
            for text in (f'{kind}_{identity[:-1]}{"0" if identity[-1] != "0" else "1"}_{secret}', f'{kind}_{identity}_{secret[::-1]}'):
                self.token = lab.token_file(text, 'bad')
                said.append(self.refused(lab, 'TOKEN_UNKNOWN', 4).stderr)
            self.assertEqual(*said)
        with self.subTest('none at all'):
            self.refused(lab, 'CREDENTIAL_MISSING', 4, token=False)
        with self.subTest('a disabled user'):
            self.token = lab.token_file(good, 'bad')
            admin.call('UserService/UpdateUser', user=dict(name='users/ada', disabled=True), update_mask='disabled')
            self.refused(lab, 'USER_DISABLED', 4)

    # As if the clock had gone on, or back past the token's start: what is stored moves instead.
    def test_TokenPastItsEndOrBeforeItsStartIsRefused(self):
        lab = self.lab()
        for reason, seconds in (('TOKEN_EXPIRED', -91 * DAY), ('TOKEN_NOT_YET_VALID', 600)):
            with self.subTest(reason):
                self.whoami(lab)
                self.move_tokens(lab, seconds)
                self.refused(lab, reason, 4)
                self.move_tokens(lab, -seconds)
        with self.subTest('a clock that is a little behind'):
            self.move_tokens(lab, 30)
            self.whoami(lab)

    def move_tokens(self, lab, seconds):
        self.assertEqual(lab.server.stop(), 0)
        with contextlib.closing(sqlite3.connect(lab.server.data / 'catalog.db')) as catalog, catalog:
            moved = catalog.execute('UPDATE tokens SET create_time = create_time + :by, expire_time = expire_time + :by',
                                    dict(by=seconds * 10**9)).rowcount
        self.assertEqual(moved, 1)
        lab.server.start()

    def test_TokenOverPlaintextIsRefused(self):
        server = self.server(flags=('--listen', f'127.0.0.1:{(port := free_port())}', '--insecure-loopback'))
        plain = StockClient(f'127.0.0.1:{port}')
        self.addCleanup(plain.close)
        self.assertEqual(plain.call('UserService/GetCaller')['role'], 'ADMIN', 'there are no users yet')
        server.client.call('UserService/CreateUser', user_id='ada', user=dict(role='ADMIN', certificate_names=['ada']))
        self.assert_rpc_error(server, grpc.StatusCode.UNAUTHENTICATED, 'LOOPBACK_WITHOUT_USER',
                              lambda: plain.call('UserService/GetCaller'))
        text = server.client.call('UserService/CreateToken', parent='users/ada', display_name='x')['secret']
        for address in (f'127.0.0.1:{port}', server.address):
            with self.subTest(address):
                client = StockClient(address, metadata=[('authorization', f'Bearer {text}')], like=server.client)
                self.addCleanup(client.close)
                self.assert_rpc_error(server, grpc.StatusCode.UNAUTHENTICATED, 'TOKEN_OVER_PLAINTEXT',
                                      lambda: client.call('UserService/GetCaller'))
                path = self.root / 'token'
                path.touch(mode=0o600)
                path.write_text(f'{text}\n')
                refused = self.cli(address, '--token-file', path, 'whoami', code=None)
                self.assertIn(refused.code, (2, 4, 7), refused)
                self.assertEqual(refused.stdout, b'')

    def test_ServerThatAsksForACertificateTakesNobodyWithout(self):
        lab = self.lab(flags=('--tls-client-certificates', 'required'))
        lab.add('ben', 'MEMBER', certificates=['ben'])
        with self.assertRaises(grpc.RpcError) as caught:
            lab.connect(token=self.token.read_text().strip()).call('UserService/GetCaller')
        self.assertEqual(caught.exception.code(), grpc.StatusCode.UNAVAILABLE)
        self.whoami(lab, code=7)
        ben = lab.connect(pair=lab.authority.client('ben'))
        self.assertEqual(ben.call('UserService/GetCaller')['user'], 'users/ben')
        for what, pair in (('expired', lab.authority.client('ben', file='expired', days=-1)),
                           ('of a stranger', Authority(self.root / 'stranger').client('ben'))):
            with self.subTest(what):
                with self.assertRaises(grpc.RpcError) as caught:
                    lab.connect(pair=pair).call('UserService/GetCaller', timeout=20)
                self.assertEqual(caught.exception.code(), grpc.StatusCode.UNAVAILABLE)

    def test_CertificateWithoutANameIsNobody(self):
        lab = self.lab()
        client = lab.connect(pair=lab.authority.client('', file='nameless'))
        error = self.assert_rpc_error(lab.server, grpc.StatusCode.UNAUTHENTICATED, 'USER_UNKNOWN',
                                      lambda: client.call('UserService/GetCaller'))
        self.assertNotIn('""', error.details())
        client = lab.connect(pair=lab.authority.client('eve'))
        error = self.assert_rpc_error(lab.server, grpc.StatusCode.UNAUTHENTICATED, 'USER_UNKNOWN',
                                      lambda: client.call('UserService/GetCaller'))
        self.assertIn('"eve"', error.details())

    def test_CredentialsThatDisagreeAreRefused(self):
        lab = self.lab()
        lab.add('ben', 'MEMBER', certificates=['ben'])
        both = lab.connect(token=self.token.read_text().strip(), pair=lab.authority.client('ben'))
        self.assert_rpc_error(lab.server, grpc.StatusCode.UNAUTHENTICATED, 'CREDENTIALS_DISAGREE',
                              lambda: both.call('UserService/GetCaller'))
        same = lab.connect(token=lab.secret('ben'), pair=lab.authority.client('ben'))
        self.assertEqual(same.call('UserService/GetCaller')['user'], 'users/ben')

    def test_OldTlsIsRefused(self):
        lab = self.lab()
        for version, taken in ((ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)):
            context = ssl.create_default_context(cafile=str(lab.authority.certificate))
            context.set_ciphers('ALL:@SECLEVEL=0')
            context.set_alpn_protocols(['h2'])
            context.minimum_version = context.maximum_version = version
            with self.subTest(version), socket.create_connection(('127.0.0.1', lab.port), timeout=20) as raw:
                try:
                    with context.wrap_socket(raw, server_hostname='localhost'):
                        got = True
                except (ssl.SSLError, ConnectionError):
                    got = False
                self.assertEqual(got, taken)

    def test_RenewedCertificateIsUsedWithoutRestart(self):
        lab = self.lab()
        before, pid = self.shown(lab), lab.server.pid
        renewed = lab.authority.server('renewed')
        for new, old in ((renewed.key, lab.pair.key), (renewed.certificate, lab.pair.certificate)):
            shutil.copy2(new, f'{old}.new')
            (old.parent / f'{old.name}.new').rename(old)
        wait_until('the renewed certificate', lambda: self.shown(lab) != before)
        self.assertEqual(self.shown(lab), ssl.PEM_cert_to_DER_cert(renewed.certificate.read_text()))
        self.assertIn('ada', self.whoami(lab).text)
        self.assertEqual(lab.server.pid, pid)
        with self.subTest('one that does not fit is not'):
            lab.pair.key.write_text(lab.authority.server('third').key.read_text())
            self.whoami(lab)

    @staticmethod
    def shown(lab):
        """The certificate that a new connection gets."""
        context = ssl.create_default_context(cafile=str(lab.authority.certificate))
        context.set_alpn_protocols(['h2'])
        with socket.create_connection(('127.0.0.1', lab.port), timeout=20) as raw:
            with context.wrap_socket(raw, server_hostname='localhost') as connection:
                return connection.getpeercert(binary_form=True)

    def start_refused(self, *flags):
        """What a server says that must not start."""
        done = subprocess.run([str(SUMSCOPED), '--data-directory', str(self.root / f'd-{uuid.uuid4()}'), '--slot', 'cpu0:cpu:1',
                               '--listen', f'unix:{self.root}/s2', *map(str, flags)], capture_output=True, text=True,
                              env=clean_environment(self.root), timeout=PATIENCE)
        self.assertNotEqual(done.returncode, 0)
        return done.stderr

    def test_ServerGivenBadFilesDoesNotStartAndSaysWhich(self):
        authority = Authority(self.root / 'c')
        good, other = authority.server(), authority.server('other')
        listen = ('--listen', f'127.0.0.1:{free_port()}')

        def flags(certificate, key):
            return (*listen, '--tls-certificate', certificate, '--tls-key', key)
        with self.subTest('a key that does not match'):
            self.assertIn(str(other.key), self.start_refused(*flags(good.certificate, other.key)))
        with self.subTest('a key that others may read'):
            for mode in (0o644, 0o660, 0o602):
                other.key.chmod(mode)
                self.assertIn(str(other.key), self.start_refused(*flags(other.certificate, other.key)))
            other.key.chmod(0o600)
        with self.subTest('a certificate that others may write'):
            other.certificate.chmod(0o666)
            self.assertIn(str(other.certificate), self.start_refused(*flags(other.certificate, other.key)))
        with self.subTest('files that are not there, or no files'):
            self.assertIn('absent', self.start_refused(*flags(self.root / 'absent', good.key)))
            self.assertIn(str(self.root), self.start_refused(*flags(self.root, good.key)))
        with self.subTest('a port in use'), socket.socket() as taken:
            taken.bind(('127.0.0.1', 0))
            taken.listen()
            said = self.start_refused('--listen', f'127.0.0.1:{taken.getsockname()[1]}', '--tls-certificate', good.certificate,
                                      '--tls-key', good.key)
            self.assertIn(str(taken.getsockname()[1]), said)
        with self.subTest('TCP without TLS'):
            self.start_refused('--listen', f'0.0.0.0:{free_port()}')
            self.start_refused('--listen', f'0.0.0.0:{free_port()}', '--insecure-loopback')


if __name__ == '__main__':
    unittest.main(verbosity=2)
