"""Users on the local socket: who is who by uid, the socket's mode, what may not be done to users, and one who is disabled
while a job runs and a stream is open."""

import grp
import os
import select
import stat
import subprocess
import unittest

import grpc

from harness.accounts import GROUP, GROUP_ID, Account, why_no_accounts
from harness.case import IntegrationTest
from harness.lab import Lab, socket_flags, wait_for_group
from harness.models import TINY_SET
from harness.processes import reap
from harness.programs import SUMSCOPE, clean_environment
from harness.stock_client import StockClient
from harness.waiting import PATIENCE, wait_until

ADA, BEN, STRANGER = 61001, 61002, 61009


class UsersTest(IntegrationTest):
    def setUp(self):
        self.one = self.server(flags=socket_flags())

    def sumscope(self, *arguments, **options):
        return self.cli(self.one, *arguments, **options)

    def add(self, name, role, *options, **more):
        return self.sumscope('users', 'add', name, '--role', role, *options, **more)

    def refused(self, reason, code, *arguments, **options):
        return self.assert_refused(self.one, reason, code, *arguments, **options)

    def socket_mode(self):
        status = os.stat(self.one.address.removeprefix('unix:'))
        return stat.S_IMODE(status.st_mode), status.st_gid

    # Users and what may not be done to them.

    def test_BeforeThereAreUsersTheServersAccountIsAdmin(self):
        self.assertEqual(self.socket_mode()[0], 0o600)
        caller = self.sumscope('whoami', '-o', 'json').json
        self.assertEqual((caller['role'], caller['address']), ('ADMIN', 'socket'))
        self.assertEqual(self.sumscope('users', 'list', '-o', 'id').text, '')

    def test_SocketIsItsGroupsOnceThereAreUsers(self):
        self.assertEqual(self.socket_mode()[0], 0o600)
        self.add('ada', 'admin', '--uid', ADA)
        wait_for_group(self.one)
        self.assertEqual(self.socket_mode()[1], GROUP_ID if os.geteuid() == 0 else os.getegid())
        self.assertEqual(self.sumscope('whoami', '-o', 'json').json['role'], 'ADMIN')
        self.one.stop()
        self.one.start()
        self.assertEqual(self.socket_mode()[0], 0o660, 'also after a restart')

    def test_SocketWithoutAGroupStaysTheServersAlone(self):
        server = self.server(name='alone')
        self.cli(server, 'users', 'add', 'ada', '--role', 'admin', '--uid', ADA)
        server.stop()
        server.start()
        self.assertEqual(stat.S_IMODE(os.stat(server.address.removeprefix('unix:')).st_mode), 0o600)

    def test_UsersAreAddedListedShownAndChanged(self):
        self.add('ada', 'admin', '--uid', ADA, '--certificate-name', 'ada.lab')
        self.add('ben', 'member', '--uid', BEN)
        self.assertEqual(self.sumscope('users', 'list', '-o', 'id').text.split(), ['ada', 'ben'])
        shown = self.sumscope('users', 'show', 'ada', '-o', 'json').json
        self.assertEqual((shown['name'], shown['role'], shown['local_uids'], shown['certificate_names']),
                         ('users/ada', 'ADMIN', [ADA], ['ada.lab']))
        self.sumscope('users', 'set-role', 'ben', 'viewer')
        self.sumscope('users', 'disable', 'ben')
        shown = self.sumscope('users', 'show', 'ben', '-o', 'json').json
        self.assertEqual((shown['role'], shown['disabled']), ('VIEWER', True))

    def test_BadUsersAreRefusedEachWithItsReason(self):
        self.add('ada', 'admin', '--uid', ADA, '--certificate-name', 'ada.lab')
        cases = {
            'USER_EXISTS': [('ada', 'member')],
            'UID_TAKEN': [('ben', 'member', '--uid', ADA)],
            'CERTIFICATE_TAKEN': [('ben', 'member', '--certificate-name', 'ada.lab')],
            'ROLE_UNKNOWN': [('ben', 'king'), ('ben', 'Admin')],
            'USER_NAME_INVALID': [(name, 'member') for name in ('Ben', 'b en', 'ben\n', 'b\x1b[31m', 'ü', '9ben', 'b' * 33,
                                                                'b' * 10_000, '../x', 'users/')],
            'CERTIFICATE_NAME_INVALID': [('ben', 'member', '--certificate-name', name) for name in ('a\x07b', 'c' * 10_000)],
        }
        for reason, all_arguments in cases.items():
            for arguments in all_arguments:
                with self.subTest(reason, arguments=str(arguments)[:60]):
                    result = self.add(*arguments, code=None)
                    self.assertIn(result.code, (1, 2, 8), result)
                    self.assertIn(reason, result.stderr)
                    self.assertLess(len(result.stderr), 1000)
                    self.assertNotIn('\x1b', result.stderr)
        for uid in ('-1', '4294967296', 'ada'):
            self.add('ben', 'member', '--uid', uid, code=2)
        for empty in (('ben', ''), ('ben', 'member', '--uid', ''), ('ben', 'member', '--certificate-name', '')):
            self.add(*empty, code=2)
        self.assertEqual(self.sumscope('users', 'list', '-o', 'id').text.split(), ['ada'])
        self.refused('USER_NOT_FOUND', 3, 'users', 'show', 'ben')
        self.refused('USER_NOT_FOUND', 3, 'users', 'disable', 'ben')
        self.refused('ROLE_UNKNOWN', 2, 'users', 'set-role', 'ada', 'king')

    def test_LastAdminStays(self):
        self.add('ada', 'admin', '--uid', ADA)
        self.add('ben', 'member', '--uid', BEN)
        self.refused('LAST_ADMIN', 8, 'users', 'disable', 'ada')
        self.refused('LAST_ADMIN', 8, 'users', 'set-role', 'ada', 'member')
        self.sumscope('users', 'set-role', 'ben', 'admin')
        self.sumscope('users', 'disable', 'ada')
        self.refused('LAST_ADMIN', 8, 'users', 'disable', 'ben')

    def test_AdminsDoNotLowerThemselves(self):
        lab = Lab(self, name='tls')
        lab.add('ada', 'ADMIN', certificates=['ada'])
        lab.add('ben', 'ADMIN', certificates=['ben'])
        environment = lab.environment('ada')
        self.assert_refused(None, 'OWN_ROLE', 8, 'users', 'set-role', 'ada', 'viewer', env=environment)
        self.assert_refused(None, 'OWN_ROLE', 8, 'users', 'disable', 'ada', env=environment)
        self.cli(None, 'users', 'set-role', 'ben', 'viewer', env=environment)

    # Accounts.

    def accounts(self):
        if why_no_accounts():
            self.skipTest(why_no_accounts())
        self.add('ada', 'member', '--uid', ADA)
        self.add('ben', 'viewer', '--uid', BEN)
        wait_for_group(self.one)
        return Account(self.root, 'ada', ADA), Account(self.root, 'ben', BEN)

    def test_EachCallIsItsAccounts(self):
        ada, ben = self.accounts()
        for account, role in ((ada, 'MEMBER'), (ben, 'VIEWER')):
            caller = self.sumscope('whoami', '-o', 'json', account=account).json
            self.assertEqual((caller['user'], caller['role'], caller['credential'], caller['address']),
                             (f'users/{account.name}', role, f'local uid {account.uid}', 'socket'))
        run = self.sumscope('train', 'add_d2_l1_h1', '--set', f'{TINY_SET},steps=5', '--quiet', account=ada).text.strip()
        self.assertEqual(self.sumscope('runs', 'show', run, '-o', 'json', account=ben).json['owner'].removeprefix('users/'), 'ada')
        self.refused('METHOD_DENIED', 4, 'runs', 'cancel', run, account=ben)
        self.refused('METHOD_DENIED', 4, 'train', 'add_d2_l1_h1', account=ben)
        self.refused('METHOD_DENIED', 4, 'users', 'list', account=ada)
        self.refused('METHOD_DENIED', 4, 'audit', account=ada)
        self.sumscope('users', 'set-role', 'ben', 'member')
        self.refused('NOT_OWNER', 4, 'runs', 'delete', run, account=ben)
        stock = StockClient(ada.relay(self, self.one.address))
        self.addCleanup(stock.close)
        self.assertEqual(stock.call('UserService/GetCaller')['user'], 'users/ada')

    def test_StrangersAreRefused(self):
        self.accounts()
        inside = Account(self.root, 'stranger', STRANGER)
        outside = Account(self.root, 'outsider', STRANGER + 1, groups=())
        self.refused('USER_UNKNOWN', 4, 'whoami', account=inside)
        self.refused('SOCKET_NOT_ALLOWED', 4, 'whoami', account=outside)
        self.assertEqual(grp.getgrnam(GROUP).gr_gid, GROUP_ID)

    # Disabled.

    def test_DisabledUsersStreamEndsAndTheirJobGoesOn(self):
        lab = Lab(self, users=[('ada', 'MEMBER'), ('cy', 'ADMIN')], name='tls')
        client, environment = lab.client('ada'), lab.environment('ada')
        run = self.cli(None, 'train', 'add_d2_l1_h1', '--set', f'{TINY_SET},steps=10000000', '--quiet',
                       env=environment).text.strip()
        name = f'runs/{run}'
        lab.server.wait_for_state(name, 'RUNNING')
        watch = client.stream('RunService/WatchRun', name=name, timeout=120)
        metrics = client.stream('RunService/StreamMetrics', name=name, follow=True, timeout=120)
        next(watch), next(metrics)
        command = subprocess.Popen([str(SUMSCOPE), 'runs', 'watch', run], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=dict(clean_environment(self.root), **environment), cwd=self.root)
        self.addCleanup(reap, command)
        wait_until('the command to watch', lambda: select.select([command.stdout, command.stderr], [], [], 0)[0])
        self.cli(lab.server, 'users', 'disable', 'ada')
        for stream in (watch, metrics):
            with self.assertRaises(grpc.RpcError) as caught:
                for _ in stream:
                    pass
            self.assertEqual(caught.exception.code(), grpc.StatusCode.UNAUTHENTICATED)
            # gRPC carries no details with the end of a stream from without; the text begins with the reason.
            self.assertTrue(caught.exception.details().startswith('USER_DISABLED:'), caught.exception.details())
        out, err = command.communicate(timeout=PATIENCE)
        self.assertEqual(command.returncode, 4, err)
        self.assertIn(b'USER_DISABLED', err)
        steps = int(lab.server.run(name)['steps_done'])
        wait_until('the job to go on', lambda: int(lab.server.run(name)['steps_done']) > steps)
        self.assert_refused(None, 'USER_DISABLED', 4, 'runs', 'cancel', run, env=environment)
        self.cli(lab.server, 'runs', 'cancel', run)
        lab.server.wait_for_state(name, 'CANCELLED')

    def test_RevokedTokensStreamEnds(self):
        lab = Lab(self, users=[('ada', 'MEMBER')], name='tls')
        client, admin = lab.client('ada'), lab.server.client
        name = lab.server.create('add_d2_l1_h1', d_model=16, d_head=16, d_mlp=32, batch_size=8, steps=10_000_000)
        watch = client.stream('RunService/WatchRun', name=name, timeout=120)
        next(watch)
        token, = admin.call('UserService/ListTokens', parent='users/ada')['tokens']
        admin.call('UserService/RevokeToken', name=token['name'])
        with self.assertRaises(grpc.RpcError) as caught:
            for _ in watch:
                pass
        self.assertTrue(caught.exception.details().startswith('TOKEN_REVOKED:'), caught.exception.details())
        lab.server.client.call('RunService/CancelRun', name=name)

    # Tokens by the command line.

    def test_TokensAreShownOnceListedAndRevoked(self):
        self.add('ada', 'member')
        secret = self.sumscope('token', 'create', 'laptop', '--user', 'ada').text.strip()
        self.assertRegex(secret, r'^sst_[^_]+_[A-Za-z0-9_-]{43}$')
        listed = self.sumscope('token', 'list', '--user', 'ada')
        self.assertIn('laptop', listed.text)
        self.assertNotIn(secret[-43:], listed.text)
        token, = self.sumscope('token', 'list', '--user', 'ada', '-o', 'id').text.split()
        self.sumscope('token', 'revoke', token)
        self.assertIn('revoked', self.sumscope('token', 'list', '--user', 'ada').text)
        self.refused('TOKEN_NOT_FOUND', 3, 'token', 'revoke', 'ada/t0000000')
        for name in ('', 'x' * 10_000, 'a\nb'):
            self.refused('TOKEN_NAME_INVALID', 2, 'token', 'create', name, '--user', 'ada')
        self.refused('TOKEN_LIFETIME_INVALID', 2, 'token', 'create', 'x', '--user', 'ada', '--days', 367)

    def test_TokenFileThatIsADirectoryIsSaidToBeOne(self):
        lab = Lab(self, users=[('ada', 'MEMBER')], name='tls')
        for path in (self.root, self.root / 'absent'):
            result = self.cli(lab.tls, '--ca', lab.authority.certificate, '--token-file', path, 'whoami', code=None)
            self.assertIn(result.code, (1, 2, 3, 4), result)
            self.assertIn(str(path), result.stderr)
            self.assertIn('director' if path == self.root else 'absent', result.stderr)


if __name__ == '__main__':
    unittest.main(verbosity=2)
