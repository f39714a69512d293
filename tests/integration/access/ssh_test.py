"""ssh as the way in, by a real sshd: whoever logs in is who calls, and all works as over the socket itself."""

import hashlib
import os
import pwd
import select
import signal
import subprocess
import time
import unittest

from harness.accounts import Account, program_for_all, why_no_accounts
from harness.case import IntegrationTest
from harness.lab import socket_flags, wait_for_group
from harness.models import TINY_SET
from harness.processes import processes_of, reap
from harness.programs import ORACLES, SUMSCOPE, clean_environment
from harness.sshd import Sshd, why_no_sshd
from harness.waiting import PATIENCE, say, wait_until

ADA, BEN = 61001, 61002
MIX = str(ORACLES / 'mix_d5_l2_h3_early' / 'model.safetensors')
CAPTURE_BYTES = 200_000_000
HOOK, BYTES_OF_A_QUESTION = 'blocks.1.hook_resid_post', 19 * 96 * 4
LONG = f'{TINY_SET},steps=10000000'


@unittest.skipIf(why_no_sshd(), why_no_sshd())
class SshTest(IntegrationTest):
    def setUp(self):
        self.one = self.server(flags=socket_flags(), slots=('cpu0:cpu:2',))
        self.as_root = not why_no_accounts()
        accounts = []
        if self.as_root:
            accounts = [Account(self.root, 'ada', ADA), Account(self.root, 'ben', BEN)]
            for account in accounts:
                self.cli(self.one, 'users', 'add', account.name, '--role', 'member', '--uid', account.uid)
            wait_for_group(self.one)
        self.user = 'ada' if self.as_root else pwd.getpwuid(os.geteuid()).pw_name
        remote = dict(PATH=f'{program_for_all(self.root).parent}:/usr/bin:/bin', SUMSCOPE_SERVER=self.one.address)
        self.sshd = Sshd(self.root, accounts, remote)
        self.addCleanup(self.sshd.stop)
        self.sshd.start()
        self.ssh = self.sshd.client('ssh')

    def environment(self, user=None, ssh=None):
        return dict(clean_environment(self.root), SUMSCOPE_SERVER=self.sshd.address(user or self.user),
                    SUMSCOPE_SSH=str(ssh or self.ssh))

    def sumscope(self, *arguments, user=None, ssh=None, **options):
        return self.cli(None, *arguments, env=self.environment(user, ssh), **options)

    def start(self, *arguments):
        """A command in a process group of its own, as a terminal has it."""
        process = subprocess.Popen([str(SUMSCOPE), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=self.environment(), cwd=self.root, start_new_session=True)
        self.addCleanup(reap, process)
        return process

    def end_of(self, process, code):
        out, err = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, code, err.decode())
        return out, err.decode()

    @staticmethod
    def wait_for_words(process):
        """Until the server has answered."""
        wait_until('its first words', lambda: select.select([process.stdout, process.stderr], [], [], 0)[0])

    def far_ends(self):
        return [pid for pid, line in processes_of('dial-stdio').items() if str(self.root) in line or 'sumscope dial-stdio' in line]

    def steps(self, run):
        return int(self.one.run(f'runs/{run}')['steps_done'])

    def submit(self):
        run = self.sumscope('train', 'add_d2_l1_h1', '--set', LONG, '--quiet').text.strip()
        wait_until('its first steps', lambda: self.steps(run))
        return run

    def test_WhoLogsInIsWhoCalls(self):
        caller = self.sumscope('whoami', '-o', 'json').json
        uid = ADA if self.as_root else os.geteuid()
        self.assertEqual((caller['user'], caller['credential'], caller['address']),
                         (f'users/{self.user}', f'local uid {uid}', 'ssh 127.0.0.1'))
        trained = self.sumscope('train', 'add_d2_l1_h1', '--set', f'{TINY_SET},steps=30', '--watch')
        self.assertIn('SUCCEEDED', trained.stderr + trained.text)
        self.assertEqual(self.sumscope('runs', 'show', '@last', '-o', 'json').json['owner'].removeprefix('users/'), self.user)
        made, = self.one.client.call('UserService/ListAuditRecords', method='CreateRun')['records']
        self.assertEqual((made['user'], made['address']), (f'users/{self.user}', 'ssh 127.0.0.1'))
        self.sumscope('runs', 'export', '@last', '--out', self.root / 'weights')
        wait_until('no far end to be left', lambda: not self.far_ends())

    @unittest.skipIf(why_no_accounts(), why_no_accounts())
    def test_TwoAccountsSeeOnlyWhatIsTheirs(self):
        secret = self.sumscope('train', 'add_d2_l1_h1', '--private', '--set', f'{TINY_SET},steps=5', '--quiet').text.strip()
        shared = self.sumscope('train', 'add_d2_l1_h1', '--set', f'{TINY_SET},steps=5', '--quiet').text.strip()
        mine = self.sumscope('train', 'add_d2_l1_h1', '--private', '--set', f'{TINY_SET},steps=5', '--quiet', user='ben').text.strip()
        seen = {user: set(self.sumscope('runs', 'list', '-o', 'id', user=user).text.split()) for user in ('ada', 'ben')}
        self.assertEqual(seen, {'ada': {secret, shared}, 'ben': {shared, mine}})
        self.sumscope('runs', 'show', secret, user='ben', code=3)
        self.sumscope('runs', 'watch', secret, user='ben', code=3)
        self.sumscope('runs', 'delete', shared, user='ben', code=4)
        self.assertEqual(self.sumscope('runs', 'show', '@last', '-o', 'id', user='ben').text.strip().split('/')[-1], mine)

    def test_LargeCaptureIsDownloadedAlsoInTwoPieces(self):
        self.sumscope('import', MIX, '--operation', 'mix', '--run-id', 'mix', '--quiet')
        count = CAPTURE_BYTES // BYTES_OF_A_QUESTION + 1
        analysis = self.sumscope('capture', 'mix', '--hooks', HOOK, '--questions', f'uniform:{count}', '--quiet', '--wait').text
        capture = analysis.split()[-1].replace('/analyses/', '/captures/')
        out = self.root / 'out'
        out.mkdir()
        begin = time.monotonic()
        self.sumscope('captures', 'export', capture, '--out', out / 'a')
        seconds, size = time.monotonic() - begin, (out / 'a').stat().st_size
        self.assertGreaterEqual(size, CAPTURE_BYTES)
        say(f'{size / 1e6:.0f} MB over ssh in {seconds:.1f} s: {size / 1e6 / seconds:.0f} MB/s')
        process = self.start('captures', 'export', capture, '--out', out / 'b')

        def begun():
            self.assertIsNone(process.poll(), 'it ended before its middle')
            return any(path.stat().st_size > CAPTURE_BYTES // 100 for path in out.glob('b.part-*'))
        wait_until('a part of it', begun)
        os.killpg(process.pid, signal.SIGINT)
        self.end_of(process, 130)
        self.assertFalse((out / 'b').exists())
        again = self.sumscope('captures', 'export', capture, '--out', out / 'b')
        self.assertIn('going on after', again.stderr)
        hashes = [hashlib.sha256((out / name).read_bytes()).hexdigest() for name in 'ab']
        self.assertEqual(*hashes)

    def test_CtrlCDetachesAndAWatchComesBack(self):
        run = self.submit()
        watch = self.start('runs', 'watch', run)
        self.wait_for_words(watch)
        os.killpg(watch.pid, signal.SIGINT)
        self.assertIn(f'runs watch {run}', self.end_of(watch, 130)[1])
        wait_until('the far end to go', lambda: not self.far_ends())
        steps = self.steps(run)
        wait_until('the job to go on', lambda: self.steps(run) > steps)
        watch = self.start('runs', 'watch', run)
        wait_until('the far end', self.far_ends)
        self.sumscope('runs', 'cancel', run)
        self.end_of(watch, 6)

    def test_WatchGoesOnWhenTheServerIsRestarted(self):
        run = self.submit()
        watch = self.start('runs', 'watch', run)
        self.wait_for_words(watch)
        for end in (self.one.stop, self.one.kill):
            end()
            self.one.start()
            self.one.wait_for_state(f'runs/{run}', 'RUNNING')
            self.assertIsNone(watch.poll(), watch.poll() is not None and watch.communicate()[1])
        self.sumscope('runs', 'cancel', run)
        self.end_of(watch, 6)

    def test_SshThatFailsSaysSoInItsOwnWords(self):
        nobody = self.sumscope('whoami', user='nosuchaccount', code=7)
        self.assertIn('Permission denied', nobody.stderr)
        self.assertIn('255', nobody.stderr)
        far = program_for_all(self.root)
        far.rename(f'{far}-hidden')
        self.assertIn('not found', self.sumscope('whoami', code=7).stderr)
        far.with_name('sumscope-hidden').rename(far)
        missing = self.cli(None, 'whoami', code=7, env=dict(self.environment(), SUMSCOPE_SSH=f'{self.root}/no-ssh'))
        self.assertIn('no-ssh', missing.stderr)
        self.one.stop()
        result = self.sumscope('whoami', code=7)
        self.assertIn(str(self.root), result.stderr)
        self.sshd.stop()
        self.assertIn('refused', self.sumscope('whoami', code=7).stderr)
        self.one.start()

    def test_HostThatLooksLikeAnOptionIsRefused(self):
        for host in ('-oProxyCommand=touch x', '-F/etc/passwd', '', 'a b', 'a;touch x'):
            with self.subTest(host):
                result = self.cli(None, 'whoami', code=None, env=dict(self.environment(), SUMSCOPE_SERVER=f'ssh://{host}'))
                self.assertIn(result.code, (2, 7), result)
                self.assertFalse((self.root / 'x').exists())

    def test_ClientOverASharedConnectionIsQuick(self):
        shared = self.sshd.client('shared', ['ControlMaster auto', f'ControlPath {self.root}/cm', 'ControlPersist 60'])
        target = [f'{self.user}@127.0.0.1', '-p', str(self.sshd.port)]
        self.addCleanup(subprocess.run, [shared, '-O', 'exit', *target], capture_output=True)
        self.sumscope('runs', 'list', ssh=shared)
        self.assertEqual(subprocess.run([shared, '-O', 'check', *target], capture_output=True).returncode, 0)
        for name, ssh in (('shared', shared), ('own', self.ssh)):
            times = []
            for _ in range(5):
                begin = time.monotonic()
                self.sumscope('runs', 'list', ssh=ssh)
                times.append(time.monotonic() - begin)
            say(f'a client process over {name} ssh connection: {sorted(times)[2]:.3f} s (least {min(times):.3f})')


if __name__ == '__main__':
    unittest.main(verbosity=2)
