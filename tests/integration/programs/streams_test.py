"""What the programs' standard streams are: a terminal, closed, or full."""

import contextlib
import fcntl
import os
import pty
import select
import subprocess
import termios
import unittest

from harness.case import IntegrationTest
from harness.models import TINY_SET, run_id
from harness.processes import reap
from harness.programs import SUMSCOPE, clean_environment
from harness.waiting import PATIENCE, say, wait_until

MODEL = 'add_d2_l1_h1'
LONG = f'{TINY_SET},steps=10000000'


class TerminalTest(IntegrationTest):
    def setUp(self):
        self.one = self.server(resume_interval=0.5)

    def steps_done(self, run):
        return int(self.one.run(run)['steps_done'])

    def test_WatchGivenTerminalShowsProgressAndCtrlCDetaches(self):
        with self.on_terminal('train', MODEL, '--set', LONG, '--watch') as (process, read, keyboard):
            wait_until('progress on the terminal', lambda: 'steps/s' in read())
            run = wait_until('the run', lambda: self.one.client.call('RunService/ListRuns')['runs'])[0]['name']
            os.write(keyboard, b'\x03')
            self.assertEqual(process.wait(PATIENCE), 130)
            self.assertIn('ETA', read())
            self.assertIn(f'watch {run_id(run)}', read(), 'it says how to come back')
        self.assertEqual(self.one.run(run)['state'], 'RUNNING', 'the job goes on')
        steps = self.steps_done(run)
        wait_until('more steps', lambda: self.steps_done(run) > steps)
        self.cli(self.one, 'runs', 'cancel', run_id(run))
        self.one.wait_for_state(run, 'CANCELLED')

    def test_WatchGivenTerminalEndsWithTheRun(self):
        with self.on_terminal('train', MODEL, '--set', f'{TINY_SET},steps=300', '--watch') as (process, read, _):
            self.assertEqual(process.wait(PATIENCE), 0)
            self.assertIn('300/300', read().replace(',', ''))

    @contextlib.contextmanager
    def on_terminal(self, *arguments):
        """The CLI on a terminal of its own: (process, what the terminal shows so far, where to type)."""
        controller, terminal = pty.openpty()
        process = subprocess.Popen([SUMSCOPE, *arguments], stdin=terminal, stdout=terminal, stderr=terminal,
                                   env=dict(clean_environment(self.root), SUMSCOPE_SERVER=self.one.address),
                                   start_new_session=True, preexec_fn=take_terminal)
        os.close(terminal)
        shown = bytearray()

        def read():
            with contextlib.suppress(OSError):  # EIO: the program is gone
                while select.select([controller], [], [], 0)[0]:
                    data = os.read(controller, 65536)
                    if not data:
                        break
                    shown.extend(data)
            return shown.decode(errors='replace')
        try:
            yield process, read, controller
        except BaseException:
            say(f'the terminal shows: {read()!r}')
            raise
        finally:
            reap(process)
            os.close(controller)


class ClosedStreamTest(IntegrationTest):
    """A program that is started without descriptors 0, 1 or 2: what it opens first would get their numbers."""

    def run_without(self, closed, *arguments, address=''):
        """The program's (exit code, output), with standard streams `closed` like '<&- >&-'."""
        done = subprocess.run(['sh', '-c', f'exec "$@" {closed}', 'sh', *map(str, arguments)], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=PATIENCE, cwd=self.root,
                              env=dict(clean_environment(self.root), SUMSCOPE_SERVER=address))
        return done.returncode, (done.stdout + done.stderr).decode()

    def test_CommandGivenClosedInputSaysSo(self):
        one = self.server()
        run = self.cli(one, 'train', MODEL, '--set', TINY_SET, '--watch', '--quiet').text.split()[0]
        for arguments in (('import', '-'), ('import', '/dev/stdin'),
                          ('facts', 'import', run, '-'),
                          ('probe', run, 'evaluate', '--questions', 'file:-')):
            with self.subTest(arguments=arguments):
                code, said = self.run_without('<&-', SUMSCOPE, *arguments, address=one.address)
                self.assertEqual(code, 3, said)
                self.assertIn('standard input is closed', said)
        self.assert_well(one)

    def test_CommandGivenClosedOutputFailsAndGivenClosedErrorsDoesNot(self):
        one = self.server()
        self.assertEqual(self.run_without('2>&-', SUMSCOPE, 'runs', 'list', address=one.address)[0], 0)
        code, said = self.run_without('>&-', SUMSCOPE, 'runs', 'list', address=one.address)
        self.assertNotEqual(code, 0)
        self.assertIn('the standard output', said)

    def test_ServerGivenNoStandardStreamServes(self):
        one = self.server(wrapper=['sh', '-c', 'exec "$@" <&- >&- 2>&-', 'sh'])
        result = self.cli(one, 'train', MODEL, '--set', TINY_SET, '--watch')
        self.assertIn('SUCCEEDED', result.text + result.stderr)


def take_terminal():
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


if __name__ == '__main__':
    unittest.main(verbosity=2)
