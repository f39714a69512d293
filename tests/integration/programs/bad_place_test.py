"""Servers that must not start, and ground that gives way: bad places, newer schemas, damage, full disks."""

import contextlib
import hashlib
import shutil
import sqlite3
import subprocess
import unittest
from pathlib import Path

from harness.case import IntegrationTest
from harness.models import TINY_SPEC, run_id
from harness.programs import SUMSCOPED, clean_environment
from harness.waiting import PATIENCE, wait_until

BIG = dict(operation='ADD', n_digits=2, n_layers=1, n_heads=2, d_model=256, d_head=128, d_mlp=1024, batch_size=8,
           steps=1)  # a checkpoint takes 3.2 MB


class BadPlaceTest(IntegrationTest):
    """Servers that must not start, or whose ground gives way."""

    def assert_no_start(self, reason, *arguments, code=1, prefix=()):
        done = subprocess.run([*prefix, str(SUMSCOPED), *map(str, arguments)], capture_output=True, timeout=PATIENCE,
                              text=True, env=clean_environment(self.root))
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(f'[{reason}]', done.stderr)
        return done.stderr

    def finished(self, server, **spec):
        """A finished run: (name, its metrics, its weights)."""
        name = server.train(**dict(TINY_SPEC, steps=200, **spec))
        return name, server.metrics(name), server.weights(name)

    def assert_intact(self, server, run):
        name, metrics, weights = run
        self.assertEqual(server.metrics(name), metrics)
        self.assertEqual(server.weights(name), weights)
        self.cli(server, 'runs', 'export', run_id(name), '--out', self.root / 'intact')

    def test_SecondServerGivenOneDataDirectoryIsRefused(self):
        server = self.server()
        run = self.finished(server)
        says = self.assert_no_start('DATA_DIRECTORY_IN_USE', '--data-directory', server.data,
                                    '--listen', f'unix:{self.root}/t')
        self.assertIn(str(server.pid), says)
        self.assert_no_start('SOCKET_IN_USE', '--data-directory', self.root / 'other', '--listen', server.address)
        self.assert_intact(server, run)
        self.assert_well(server)

    def test_ServerGivenBadFlagsIsRefused(self):
        data = ('--data-directory', self.root / 'd')
        listen = ('--listen', f'unix:{self.root}/t')
        for reason, code, arguments in (('CONFIG_INVALID', 2, (*data, *listen, '--slot', 'nonsense')),
                                        ('CONFIG_INVALID', 2, (*data, *listen, '--slot', 'a:cpu:0')),
                                        ('CONFIG_INVALID', 2, (*data, '--listen', 'nonsense')),
                                        ('CONFIG_INVALID', 2, (*data, *listen, '--capture-limit-bytes', '-1')),
                                        ('CONFIG_INVALID', 2, (*data, *listen, '--slot', 'a:cpu:-1')),
                                        ('CONFIG_INVALID', 2, (*data, *listen, '--resume-interval-seconds', '-1')),
                                        ('PLAINTEXT_REFUSED', 1, (*data, '--listen', '0.0.0.0:1')),
                                        ('PLAINTEXT_REFUSED', 1, (*data, '--insecure-loopback', '--listen',
                                                                  '127.0.0.1.some.name:1')),
                                        ('SOCKET_NOT_POSSIBLE', 1, (*data, '--listen', f'unix:{self.root}/none/s')),
                                        ('WORKER_PROGRAM_MISSING', 2, (*data, *listen, '--worker-program', self.root)),
                                        ('DATA_DIRECTORY_TOO_LONG', 2, ('--data-directory', '/x' * 250, *listen))):
            with self.subTest(arguments=arguments[-1]):
                self.assert_no_start(reason, *arguments, code=code)
        done = subprocess.run([str(SUMSCOPED), '--data-dir', 'x'], capture_output=True, timeout=PATIENCE, text=True)
        self.assertEqual((done.returncode, done.stdout), (2, ''))
        self.assertIn('did you mean "--data-directory"', done.stderr)
        self.assertFalse((self.root / 'none').exists())
        self.assert_no_start('CONFIG_INVALID', '--data-directory', 'relative', *listen, code=2, prefix=(
            'sh', '-c', f'mkdir {self.root}/gone && cd {self.root}/gone && rmdir {self.root}/gone && exec "$@"', 'sh'))
        self.assert_no_start('SOCKET_PATH_TOO_LONG', *data, '--listen', f'unix:{self.root}/{"t" * 120}')

    def test_HelpGivenNoTerminalIsWrappedAt80Columns(self):
        lines = subprocess.run([str(SUMSCOPED), '--help'], capture_output=True, check=True, text=True).stdout.splitlines()
        self.assertLessEqual(max(map(len, lines)), 80)

    def test_ServerGivenDataDirectoryThatCannotBeWrittenIsRefused(self):
        listen = ('--listen', f'unix:{self.root}/t')
        (self.root / 'file').write_text('here')
        self.assert_no_start('DATA_DIRECTORY_NOT_WRITABLE', '--data-directory', self.root / 'file' / 'd', *listen)
        self.assert_no_start('DATA_DIRECTORY_NOT_WRITABLE', '--data-directory', self.root / 'file', *listen)
        self.assert_no_start('DATA_DIRECTORY_NOT_WRITABLE', '--data-directory', '/proc/sumscope', *listen)
        if may_unshare():
            (self.root / 'ro').mkdir()
            mount = f'mount -t tmpfs -o ro tmpfs {self.root}/ro && exec "$@"'
            self.assert_no_start('DATA_DIRECTORY_NOT_WRITABLE', '--data-directory', self.root / 'ro', *listen,
                                 prefix=('unshare', '-rm', 'sh', '-c', mount, 'sh'))

    def test_ServerGivenNewerSchemaIsRefusedAndTheFileUntouched(self):
        server = self.server()
        first, second = self.finished(server), self.finished(server, seed=2)
        server.stop()
        catalog = server.data / 'catalog.db'
        with newer_schema(catalog):
            before = hashlib.sha256(catalog.read_bytes()).digest()
            self.assert_no_start('SCHEMA_NEWER', '--data-directory', server.data, '--listen', server.address)
            self.assertEqual(hashlib.sha256(catalog.read_bytes()).digest(), before)
        with newer_schema(server.run_file(first[0])):
            server.start()
            self.assert_refused(server, 'SCHEMA_NEWER', 8, 'runs', 'metrics', run_id(first[0]))
            self.assert_intact(server, second)
            self.assertEqual(len(self.cli(server, 'runs', 'list', '-o', 'id').text.split()), 2)
            server.stop()
        server.start()
        self.assert_intact(server, first)

    def test_RunFileGivenDamageIsReportedAndOthersAreIntact(self):
        server = self.server()
        good, bad = self.finished(server), self.finished(server, seed=2)
        server.stop()
        path = server.run_file(bad[0])
        whole = path.read_bytes()
        flips = {f'bit flipped at {at}': whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1:]
                 for at in (3, 100, *range(5000, len(whole), len(whole) // 5))}
        damages = {**flips, 'truncated': whole[:len(whole) // 2], 'cut': whole[:-4096], 'empty': b'',
                   'nonsense': b'x' * 9000}
        for damage, content in damages.items():
            with self.subTest(damage):
                path.write_bytes(content)
                server.start()
                self.assert_intact(server, good)
                results = [self.cli(server, 'runs', *command, code=None) for command in (
                    ('metrics', run_id(bad[0]), '-o', 'csv'), ('export', run_id(bad[0]), '--out', self.root / 'x'),
                    ('show', run_id(bad[0])), ('logs', run_id(bad[0])))]
                for result in results:
                    if result.code != 0:
                        self.assertEqual(result.code, 1, result)
                        self.assertRegex(result.stderr, 'CORRUPT', result)
                if results[0].code == 0 and results[1].code == 0:
                    # The flipped bit is in nothing that was asked for: then every answer is the true one.
                    self.assertEqual((server.metrics(bad[0]), server.weights(bad[0])), bad[1:])
                noticed = any(result.code for result in results)
                self.assertTrue(noticed or damage.startswith('bit'), 'it must be noticed')
                self.assert_well(server)
                server.stop()
        path.write_bytes(whole)
        server.start()
        self.assert_intact(server, bad)

    def test_CatalogGivenDamageIsRefused(self):
        server = self.server()
        run = self.finished(server)
        server.stop()
        catalog = server.data / 'catalog.db'
        whole = catalog.read_bytes()
        for content in (b'x' * len(whole), whole[:100]):
            catalog.write_bytes(content)
            for journal in ('-wal', '-shm'):
                (server.data / f'catalog.db{journal}').unlink(missing_ok=True)
            self.assert_no_start('CATALOG_CORRUPT', '--data-directory', server.data, '--listen', server.address)
            self.assertEqual(catalog.read_bytes(), content)
        catalog.write_bytes(whole)
        server.start()
        self.assert_intact(server, run)

    def test_RunGivenFullDiskWaitsAndGoesOnWhenThereIsRoom(self):
        if not may_unshare():
            self.skipTest('no tmpfs without user namespaces; a file-size limit is tested in any case')
        (self.root / 'small').mkdir()
        mount = f'mount -t tmpfs -o size=64m tmpfs {self.root}/small && exec "$@"'
        server = self.server(data=self.root / 'small' / 'd', wrapper=('unshare', '-rm', 'sh', '-c', mount, 'sh'))
        before = self.finished(server)
        ballast = Path(f'/proc/{server.pid}/root/{self.root}/small/ballast')
        ballast.write_bytes(bytes(int(server.info()['free_disk_bytes']) - (10 << 20)))
        self.full_disk(server, before, ballast.unlink)

    def test_RunGivenFileSizeLimitWaitsAndGoesOnWithoutIt(self):
        server = self.server(wrapper=('prlimit', f'--fsize={5 << 20}:unlimited'))
        lift = ['prlimit', '--pid', str(server.pid), '--fsize=unlimited:unlimited']
        self.full_disk(server, self.finished(server), lambda: subprocess.run(lift, check=True))

    def full_disk(self, server, before, make_room):
        """A full disk ended every running training for good; it makes it wait, and says so everywhere."""
        name = server.create(**BIG)

        def waits():
            run = server.run(name)
            self.assertNotIn(run['state'], ('FAILED', 'SUCCEEDED'), run)
            return run['state'] == 'RUNNING' and run['state_reason'] == 'DISK_FULL'
        wait_until(f'{name} to wait for the disk', waits)
        slot = server.info()['slots'][0]
        self.assertEqual(slot['state'], 'BUSY', slot)
        self.assertIn('DISK_FULL', slot['detail'])
        self.assertIn('waits, with what was computed, for storage', server.log.read_text())
        queued = server.create(**BIG)
        self.cli(server, 'runs', 'cancel', run_id(queued))
        self.assertEqual(server.wait_for_state(queued, 'CANCELLED')['state'], 'CANCELLED')
        self.assert_intact(server, before)
        make_room()
        run = server.wait_for_state(name, 'SUCCEEDED')
        self.assertEqual((run['attempt'], run['state_reason']), (1, ''), run)
        self.assertEqual(len(server.metrics(name)[1]), BIG['steps'])
        self.assertEqual(sorted(server.weights(name)), [0, 1])
        self.assert_intact(server, before)
        self.finished(server, seed=3)


def may_unshare():
    return shutil.which('unshare') and subprocess.run(['unshare', '-rm', 'true'], capture_output=True).returncode == 0


@contextlib.contextmanager
def newer_schema(path):
    def bump(by):
        with contextlib.closing(sqlite3.connect(path)) as database:
            version = database.execute('PRAGMA user_version').fetchone()[0]
            database.execute(f'PRAGMA user_version = {version + by}')
            database.commit()
    bump(1000)
    yield
    bump(-1000)


if __name__ == '__main__':
    unittest.main(verbosity=2)
