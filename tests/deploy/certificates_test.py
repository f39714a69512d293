"""deploy/certificates.sh: what it makes, keeps and refuses, as openssl sees it."""

import os
import pathlib
import stat
import subprocess
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).parents[2] / 'deploy' / 'certificates.sh'
DAY = 86_400


def openssl(*arguments):
    """What openssl says, and how it ended."""
    result = subprocess.run(['openssl', *map(str, arguments)], capture_output=True, text=True, check=False)
    return result.returncode, result.stdout + result.stderr


class CertificatesTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name) / 'certificates'

    def make(self, *arguments, code=0):
        result = subprocess.run([SCRIPT, self.folder, *arguments], capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, code, result.stderr)
        return result

    def field(self, name, *what):
        code, text = openssl('x509', '-in', self.folder / name, '-noout', *what)
        self.assertEqual(code, 0, text)
        return text

    def ends_within(self, name, days):
        return openssl('x509', '-in', self.folder / name, '-noout', '-checkend', days * DAY)[0] == 1

    def test_CertificatesAreOfTheirKindAndVerify(self):
        self.make('ca')
        self.make('server', 'box.lab', 'localhost', '10.0.0.5', '::1')
        self.make('client', 'alice')
        for name, purpose, other in (('server.crt', 'sslserver', 'sslclient'),
                                     ('client-alice.crt', 'sslclient', 'sslserver')):
            verify = ('verify', '-CAfile', self.folder / 'ca.crt', '-purpose')
            self.assertEqual(openssl(*verify, purpose, self.folder / name)[0], 0, name)
            self.assertNotEqual(openssl(*verify, other, self.folder / name)[0], 0, name)
            self.assertIn('P-256', self.field(name, '-text'))
            key = openssl('pkey', '-in', self.folder / name.replace('.crt', '.key'), '-pubout')[1]
            self.assertEqual(self.field(name, '-pubkey'), key, 'the key is the certificate\'s')
        names = self.field('server.crt', '-ext', 'subjectAltName')
        for name in ('DNS:box.lab', 'DNS:localhost', 'IP Address:10.0.0.5', 'IP Address:0:0:0:0:0:0:0:1'):
            self.assertIn(name, names)
        self.assertRegex(self.field('client-alice.crt', '-subject'), r'CN ?= ?alice\n')
        self.assertIn('CA:TRUE', self.field('ca.crt', '-ext', 'basicConstraints'))

    def test_CertificatesAreGoodForNoLongerThanSaid(self):
        self.make('ca')
        self.make('server', 'localhost')
        self.make('client', 'alice')
        for name, days in (('ca.crt', 3650), ('server.crt', 825), ('client-alice.crt', 366)):
            self.assertTrue(self.ends_within(name, days), name)
            self.assertFalse(self.ends_within(name, days - 1), name)

    def test_KeysAreTheirOwnersAloneWhateverTheUmask(self):
        before = os.umask(0)
        try:
            self.make('ca')
            self.make('server', 'localhost')
            self.make('client', 'alice')
        finally:
            os.umask(before)
        files = sorted(path.name for path in self.folder.iterdir())
        self.assertEqual(files, ['ca.crt', 'ca.key', 'client-alice.crt', 'client-alice.key', 'server.crt', 'server.key'])
        for path in self.folder.iterdir():
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600 if path.suffix == '.key' else 0o644, path)

    def test_CaGivenOneIsThereIsKept(self):
        self.make('ca')
        before = {name: (self.folder / name).read_bytes() for name in ('ca.crt', 'ca.key')}
        self.assertIn('is kept', self.make('ca', code=1).stderr)
        self.assertEqual(before, {name: (self.folder / name).read_bytes() for name in before})

    def test_CertificateGivenOneIsThereKeepsTheKey(self):
        self.make('ca')
        self.make('server', 'localhost')
        key, old = ((self.folder / name).read_bytes() for name in ('server.key', 'server.crt'))
        self.make('server', 'localhost', 'box')
        self.assertEqual((self.folder / 'server.key').read_bytes(), key)
        self.assertNotEqual((self.folder / 'server.crt').read_bytes(), old)
        self.assertIn('DNS:box', self.field('server.crt', '-ext', 'subjectAltName'))

    def test_NamesThatAreNoneAreRefusedAndLeaveNoCertificate(self):
        self.make('ca')
        for name in ('', 'a b', '-x', '*.lab', '1.2.3', '1.2.3.256', 'a,DNS:b', 'a\nb', 'a..b', 'x' * 64, ':::', 'ä'):
            self.make('server', 'localhost', name, code=1)
        for user in ('', 'Alice', '../x', 'a/b', 'a b', 'alice\n', '1a', 'a' * 33, 'a\nCN = root'):
            self.make('client', user, code=1)
        self.assertFalse([path.name for path in self.folder.iterdir() if path.suffix == '.crt' and path.stem != 'ca'])
        self.assertFalse([path.name for path in self.folder.iterdir() if path.name.startswith('.')])

    def test_CertificateGivenNoCaIsRefused(self):
        self.assertIn('make one', self.make('server', 'localhost', code=1).stderr)
        self.assertFalse(list(self.folder.iterdir()))

    def test_WrongUseSaysHow(self):
        for arguments in ((), ('server',), ('client', 'a', 'b'), ('ca', 'x'), ('frobnicate',)):
            self.assertIn('usage:', self.make(*arguments, code=2).stderr)


if __name__ == '__main__':
    unittest.main()
