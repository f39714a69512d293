"""Secrets stay where they belong: no token and no key in any log, argument, environment, database or dump of a core."""

import base64
import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import time
import unittest
from pathlib import Path

from harness.case import IntegrationTest
from harness.lab import Lab
from harness.models import TINY_SET
from harness.processes import processes_of, reap
from harness.programs import SUMSCOPE, clean_environment
from harness.waiting import PATIENCE, wait_until

QUESTION = '31415926+27182818'


def key_texts(path):
    """What of a key's file would give it away: each line of it, and the bytes."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith('-')]
    der = base64.b64decode(''.join(lines))
    return [line.encode() for line in lines[1:-1]] + [der[len(der) // 3:len(der) // 3 + 16]]


def typed(command, environment, cwd, text):
    """Runs a command in a terminal and types `text` at its first prompt: (exit code, what the terminal showed)."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        os.execve(command[0], command, environment)
    shown, sent, deadline = b'', False, time.monotonic() + PATIENCE
    with contextlib.suppress(OSError):  # EIO: the other end is closed
        while time.monotonic() < deadline:
            if not select.select([terminal], [], [], 1)[0]:
                continue
            data = os.read(terminal, 65536)
            if not data:
                break
            shown += data
            if not sent and re.search(rb'[Tt]oken', shown):
                os.write(terminal, text.encode() + b'\n')
                sent = True
    if time.monotonic() >= deadline:
        os.kill(pid, signal.SIGKILL)
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown


class SecretsTest(IntegrationTest):
    def setUp(self):
        # As if dumps of cores were allowed: the programs must forbid their own.
        self.lab = Lab(self, users=[('ada', 'MEMBER')], wrapper=('prlimit', '--core=unlimited'))
        self.good = self.lab.secret('ada', 'laptop')
        self.revoked = self.lab.secret('ada', 'old')
        old = self.lab.server.client.call('UserService/ListTokens', parent='users/ada')['tokens'][0]
        self.lab.server.client.call('UserService/RevokeToken', name=old['name'])
        self.wrong = self.good[:-6] + 'AAAAAA'
        self.home = self.root / 'home'
        self.seen = {}  # what was looked at: where -> bytes

    def secrets(self):
        """{what: bytes that must be nowhere}."""
        found = {}
        for name, token in (('token', self.good), ('revoked token', self.revoked), ('mistyped token', self.wrong)):
            found[name] = token.encode()
            found[f'{name}, its secret part'] = token.split('_', 2)[2][:30].encode()
            found[f'{name}, base64'] = base64.b64encode(token.encode())[:40]
        for number, text in enumerate(key_texts(self.lab.pair.key)):
            found[f'server key {number}'] = text
        return found

    def look_at_processes(self, marker):
        for pid in processes_of(marker):
            for part in ('cmdline', 'environ'):
                with contextlib.suppress(OSError):
                    self.seen[f'{part} of {pid}'] = Path(f'/proc/{pid}/{part}').read_bytes()

    def login(self, token, code, *options):
        environment = clean_environment(self.root)
        command = [str(SUMSCOPE), 'login', self.lab.tls, '--ca', str(self.lab.authority.certificate), *options]
        result, shown = typed(command, environment, str(self.root), token)
        self.assertEqual(result, code, shown)
        self.seen[f'terminal of a login that ends with {code}'] = shown

    def test_NothingThatIsKeptOrShownHoldsATokenOrAKey(self):
        self.login(self.wrong, 4)
        self.login(self.revoked, 4)
        self.login('nonsense', 4)
        self.login(self.good, 0)
        kept = [path for path in self.home.rglob('*') if path.is_file() and self.good.encode() in path.read_bytes()]
        self.assertEqual(len(kept), 1, 'the token is kept in one file')
        self.assertEqual(kept[0].stat().st_mode & 0o777, 0o600)
        for argument in (self.good, self.wrong):
            self.cli(self.lab.tls, '--token-file', self.lab.token_file(argument), '--ca', self.lab.authority.certificate,
                     'whoami', code=None)

        questions = self.root / 'questions'
        questions.write_text(f'{QUESTION}\n')
        self.cli(None, 'train', 'add_d8_l1_h1', '--set', f'{TINY_SET},steps=20', '--watch')
        self.cli(None, 'probe', '@last', 'evaluate', '--questions', f'file:{questions}', '--wait')
        self.cli(None, 'train', 'add_d2_l1_h1', '--set', f'{TINY_SET},steps=10000000', '--quiet')
        watch = subprocess.Popen([str(SUMSCOPE), 'runs', 'watch', '@last'], stdin=subprocess.DEVNULL, cwd=self.root,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=clean_environment(self.root))
        self.addCleanup(reap, watch)
        run = wait_until('a run at work', lambda: self.lab.server.client.call(
            'RunService/ListRuns', filter='state = RUNNING')['runs'])[0]['name']
        wait_until('the watch to be open', lambda: Path(f'/proc/{watch.pid}/fd').exists() and select.select([watch.stdout], [], [], 1)[0])
        self.look_at_processes(str(self.root))
        self.look_at_processes(str(SUMSCOPE.parent))
        self.assertGreaterEqual(len(self.seen), 8)  # server, worker and watch

        for pid, what in ((self.lab.server.pid, 'the server'), (watch.pid, 'the client')):
            limit = re.search(r'Max core file size +(\S+)', Path(f'/proc/{pid}/limits').read_text())[1]
            self.assertEqual(limit, '0', f'{what} may dump its memory')

        self.lab.server.client.call('RunService/CancelRun', name=run)
        watch.send_signal(signal.SIGINT)
        self.seen['the watch'] = watch.communicate(timeout=PATIENCE)[0]
        self.cli(None, 'logout')
        self.assertFalse(kept[0].exists(), 'a token that was logged out')
        self.look_at_files()
        self.lab.server.stop()
        self.look_at_files()
        for where, content in self.seen.items():
            for what, text in self.secrets().items():
                self.assertNotIn(text, content, f'{what} in {where}')
        catalog = [content for where, content in self.seen.items() if 'catalog.db' in where]
        self.assertTrue(catalog)
        self.assertTrue(any(b'laptop' in content for content in catalog), 'the token\'s name is there')

    def look_at_files(self):
        """Every file of the server's, and what clients keep beside the token."""
        for folder in (self.lab.server.data, self.home):
            for path in folder.rglob('*'):
                if path.is_file():
                    self.seen[f'{path} {len(self.seen)}'] = path.read_bytes()
        self.seen['the log'] = self.lab.server.log.read_bytes()

    def test_AuditAndLogHoldNoQuestion(self):
        self.lab.client('ada').upload('QuestionSetService/UploadQuestionSet',
                                      [dict(header=dict(n_digits=8)), dict(data=f'{QUESTION}\n'.encode())])
        self.assertNotIn('31415926', str(self.lab.audit()))
        self.assertNotIn('31415926', self.lab.server.log.read_text())

    def test_TokenFileThatOthersMayReadIsRefused(self):
        for mode in (0o644, 0o640, 0o604, 0o660):
            path = self.lab.token_file(self.good, mode=mode)
            result = self.cli(self.lab.tls, '--token-file', path, '--ca', self.lab.authority.certificate, 'whoami', code=None)
            self.assertNotEqual(result.code, 0, oct(mode))
            self.assertIn(str(path), result.stderr)
            self.assertNotIn(self.good, result.stderr)


if __name__ == '__main__':
    unittest.main(verbosity=2)
