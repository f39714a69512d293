"""Where a server lives and how it ends: modes, odd and long paths, sockets, signals, a data directory that goes away."""

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import stat
import subprocess
import unittest

from harness.case import IntegrationTest
from harness.models import TINY_SET, TINY_SPEC, run_id
from harness.programs import SUMSCOPE, SUMSCOPED, clean_environment
from harness.waiting import PATIENCE, wait_until


class PlaceTest(IntegrationTest):

    def open_to_others(self, folder):
        """Files and folders below that group or others may do something with."""
        return [str(path) for path in (folder, *folder.rglob('*'))
                if not path.is_symlink() and stat.S_IMODE(path.lstat().st_mode) & 0o077]

    def test_FilesAreTheUsersAloneWhateverTheUmaskAndWhatWasThere(self):
        data = self.root / 'd'
        for folder in ('logs', 'runs', 'question_sets'):
            (data / folder).mkdir(parents=True)
            (data / folder).chmod(0o777)
        (data / 'logs' / 'worker-cpu0.log').write_text('older\n')
        (data / 'logs' / 'worker-cpu0.log').chmod(0o666)
        data.chmod(0o755)
        server = self.server(wrapper=('sh', '-c', 'umask 0; exec "$@"', 'sh'), data=data)
        name = server.train(**TINY_SPEC, steps=3)
        self.assertEqual(self.open_to_others(data), [])
        self.assertEqual(stat.S_IMODE(os.stat(self.root / 's').st_mode) & 0o077, 0)
        server.stop()
        # What an older version made under umask 022.
        for path in (data / 'catalog.db', server.run_file(name), server.run_file(name).parent):
            path.chmod(path.stat().st_mode | 0o044)
        server.start()
        self.assertEqual(self.open_to_others(data), [])

    def test_DataDirectoryGivenLongPathAndCharactersOfUrisWorks(self):
        server = self.server(data=self.root / ('long' * 40) / 'a#b?c%41 d' / 'é')
        name = server.train(**TINY_SPEC, steps=3)
        self.cli(server, 'runs', 'export', run_id(name), '--out', self.root / 'weights')
        self.assertTrue(server.run_file(name).exists())
        odd = self.root / 'o#d?%41'
        odd.mkdir()
        other = self.server(start=False, name='other')
        other.address = f'unix:{odd}/s'
        other.launch()
        wait_until('the CLI to reach it', lambda: self.cli(other, 'server', 'info', code=None).code == 0)
        self.assertTrue((odd / 's').is_socket())

    def test_DisplacedServerLeavesItsSuccessorsSocket(self):
        first = self.server()
        (self.root / 's').unlink()
        second = self.server(start=False, data=self.root / 'd2')
        second.start()
        self.assertEqual(first.stop(), 0)
        self.assertTrue((self.root / 's').is_socket())
        self.cli(second, 'runs', 'list')

    def test_ServerGivenRemovedDataDirectoryEnds(self):
        server = self.server()
        shutil.rmtree(server.data)
        self.assertEqual(server.process.wait(PATIENCE), 1)
        self.assertIn('DATA_DIRECTORY_LOST', server.log.read_text())
        server.process = None

    def test_ServerGivenNoAddressIsFoundWithAndWithoutARuntimeDirectory(self):
        runtime = self.root / 'runtime'
        runtime.mkdir(mode=0o700)
        environment = dict(clean_environment(self.root), XDG_RUNTIME_DIR=str(runtime))
        process = subprocess.Popen([str(SUMSCOPED), '--slot', 'cpu0:cpu:1', '--data-directory', str(self.root / 'd')],
                                   env=environment, stderr=subprocess.PIPE, text=True)
        try:
            state = self.root / 'home/.local/state/sumscope/sumscope.sock'
            wait_until('both sockets', lambda: (runtime / 'sumscope.sock').is_socket() and state.is_socket())
            for extra in ({'XDG_RUNTIME_DIR': str(runtime)}, {}):
                self.cli(None, 'server', 'info', env=extra)
            shutil.rmtree(runtime)  # the user logs out
            self.cli(None, 'server', 'info', env={'XDG_RUNTIME_DIR': str(runtime)})
        finally:
            process.terminate()
            process.wait(PATIENCE)
        self.assertFalse(state.exists())
        process.stderr.close()

    def test_SlotGivenDeviceThatIsNotThereIsNotIdle(self):
        server = self.server(slots=('gpu0:cuda:63:1', 'cpu0:cpu:1'))
        detail = wait_until('what became of the worker', lambda: server.info()['slots'][0]['detail'])
        self.assertIn('cuda:63', detail)
        self.assertIn(server.info()['slots'][0]['state'], ('BACKING_OFF', 'STARTING', 'BROKEN'))
        server.train(**TINY_SPEC, steps=3)
        info = server.info()
        self.assertEqual(info['slots_reason'], 'as configured')
        self.assertGreater(info['slots'][1]['rates']['training_flops_per_second'], 0)
        dry = self.cli(server, 'train', 'add_d2_l1_h1_t1K_s1', '--dry-run', '-o', 'json').json['prediction']
        self.assertTrue(dry['measured'])
        self.assertGreater(int(dry['free_disk_bytes']), 0)


class SignalTest(IntegrationTest):

    def test_ServerGivenHangUpDrains(self):
        server = self.server()
        name = server.create(**dict(TINY_SPEC, steps=1_000_000))
        server.wait_for_state(name, 'RUNNING')
        server.drop_client()
        server.process.send_signal(signal.SIGHUP)
        self.assertEqual(server.process.wait(PATIENCE), 0)
        self.assertIn('draining', server.log.read_text())
        server.start()
        self.assertEqual(server.run(name)['attempt'], 1)  # it was saved, not lost
        self.cli(server, 'runs', 'cancel', run_id(name))

    def test_ServerGivenIgnoredHangUpGoesOn(self):
        server = self.server(wrapper=('sh', '-c', 'trap "" HUP INT; exec "$@"', 'sh'))
        for number in (signal.SIGHUP, signal.SIGINT):
            server.process.send_signal(number)
        server.train(**TINY_SPEC, steps=3)
        self.assertNotIn('draining', server.log.read_text())

    def test_LockIsFreeWhenTheServerSaysStopped(self):
        server = self.server()
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as idle:
            idle.connect(str(self.root / 's'))  # a client that stays, though it has nothing to say
            self.assertEqual(idle.recv(9)[3], 4)  # the server's SETTINGS: it is connected
            server.process.terminate()
            wait_until('stopped', lambda: 'sumscoped: stopped' in server.log.read_text())
            with open(server.data / 'sumscoped.lock') as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.assertEqual(server.process.wait(PATIENCE), 0)

    # `nohup sumscope train --watch --then evaluate` lost its analyses when the terminal went.
    def test_ClientGivenIgnoredHangUpGoesOnToItsAnalyses(self):
        server = self.server()
        environment = dict(clean_environment(self.root), SUMSCOPE_SERVER=server.address)
        command = [str(SUMSCOPE), 'train', 'add_d2_l1_h1_t1K_s1', '--set', TINY_SET, '--run-id', 'kept', '--watch',
                   '--then', 'evaluate']
        client = subprocess.Popen(['sh', '-c', 'trap "" HUP; exec "$@"', 'sh', *command], env=environment,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        wait_until('its run', lambda: self.cli(server, 'runs', 'show', 'kept', code=None).code == 0)
        client.send_signal(signal.SIGHUP)
        with client.stderr as errors:
            said = errors.read().decode()
        self.assertEqual(client.wait(PATIENCE), 0, said)
        self.assertIn('evaluate', self.cli(server, 'analyses', 'list', 'kept').text)


if __name__ == '__main__':
    unittest.main(verbosity=2)
