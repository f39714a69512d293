"""What deploy/ hands out is tried: certificates, the sample configuration, the service file."""

import os
import re
import shutil
import stat
import subprocess
import tomllib
import unittest
import uuid
from pathlib import Path

import grpc

from harness.case import IntegrationTest
from harness.lab import tls_flags
from harness.certificates import Pair
from harness.ports import free_port
from harness.programs import SUMSCOPED, clean_environment
from harness.stock_client import StockClient
from harness.waiting import PATIENCE, say

DEPLOY = Path(__file__).resolve().parent.parent.parent.parent / 'deploy'
EXPOSURE_BAR = 3.0


class DeployTest(IntegrationTest):
    def certificates(self, *arguments, code=0):
        done = subprocess.run([DEPLOY / 'certificates.sh', self.root / 'c', *arguments], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, env=clean_environment(self.root))
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def test_CertificatesMakeAServerAndAUser(self):
        folder = self.root / 'c'
        self.certificates('ca')
        self.certificates('server', 'localhost', '127.0.0.1', '::1')
        self.certificates('client', 'ada')
        for path in folder.iterdir():
            mode = stat.S_IMODE(path.stat().st_mode)
            self.assertEqual(mode & 0o077, 0 if path.suffix == '.key' else mode & 0o044, path)
        port = free_port()
        server = self.server(flags=tls_flags(port, Pair(folder / 'server.crt', folder / 'server.key'), folder / 'ca.crt'))
        server.client.call('UserService/CreateUser', user_id='ada', request_id=str(uuid.uuid4()),
                           user=dict(role='MEMBER', certificate_names=['ada']))
        credentials = grpc.ssl_channel_credentials(*((folder / name).read_bytes()
                                                     for name in ('ca.crt', 'client-ada.key', 'client-ada.crt')))
        for host in ('localhost', '127.0.0.1'):
            client = StockClient(f'{host}:{port}', credentials=credentials, like=server.client)
            self.assertEqual(client.call('UserService/GetCaller')['user'], 'users/ada')
            client.close()
        whoami = self.cli(f'127.0.0.1:{port}', '--ca', folder / 'ca.crt', 'whoami', '-o', 'json',
                          env=dict(SUMSCOPE_CERTIFICATE=str(folder / 'client-ada.crt'),
                                   SUMSCOPE_KEY=str(folder / 'client-ada.key')))
        self.assertEqual(whoami.json['user'], 'users/ada')
        with self.subTest('renewed by the same line, with the same key'):
            key, before = (folder / 'server.key').read_bytes(), (folder / 'server.crt').read_bytes()
            self.certificates('server', 'localhost', '127.0.0.1')
            self.assertEqual((folder / 'server.key').read_bytes(), key)
            self.assertNotEqual((folder / 'server.crt').read_bytes(), before)

    def test_CertificatesOfBadNamesAreRefused(self):
        self.certificates('client', 'ada', code=1)  # there is no CA
        self.certificates('ca')
        self.certificates('ca', code=1)
        for arguments in (('client', 'Ada'), ('client', 'a/b'), ('client', 'a\nb'), ('client', 'a' * 40),
                          ('server', 'no host'), ('server', '-x'), ('server', 'a,DNS:b')):
            self.certificates(*arguments, code=1)
        for arguments in ((), ('server',), ('client',), ('nonsense',)):
            self.certificates(*arguments, code=2)
        self.assertEqual(sorted(path.name for path in (self.root / 'c').iterdir()), ['ca.crt', 'ca.key'])

    def test_SampleConfigurationIsTakenAsItIsAndWithEveryKey(self):
        sample = (DEPLOY / 'sumscoped.toml').read_text()
        tomllib.loads(sample)
        # A line like "# key = value" is a key that is explained and not set.
        every = re.sub(r'^# ?(?=[a-z_]+ *= )', '', sample, flags=re.MULTILINE)
        known = subprocess.run([str(SUMSCOPED), '--help'], capture_output=True, text=True, check=True).stdout
        flags = set(re.findall(r'--([a-z][a-z-]+)', known)) - {'help', 'version', 'config', 'slot', 'share', 'limit'}
        named = {key.replace('_', '-') for key in tomllib.loads(every)}
        self.assertEqual({flag for flag in flags if flag not in named}, set(), 'flags whose key the sample does not explain')
        path = self.root / 'sumscoped.toml'
        path.write_text(sample)
        self.server(flags=('--config', str(path)))

    @unittest.skipIf(not shutil.which('systemd-analyze'), 'there is no systemd-analyze')
    def test_ServiceFileIsValidAndConfined(self):
        unit = self.root / 'sumscoped.service'
        text = (DEPLOY / 'sumscoped.service').read_text()
        for line in ('User=sumscope', 'ProtectSystem=strict', 'NoNewPrivileges=yes'):
            self.assertIn(line, text)
        unit.write_text(re.sub(r'(?m)^(Exec\w+=[^/\n]*)/\S+', r'\1/bin/true', text))
        verified = subprocess.run(['systemd-analyze', 'verify', '--man=no', unit], capture_output=True, text=True, timeout=PATIENCE)
        said = [line for line in verified.stderr.splitlines() if 'sumscoped' in line]
        self.assertEqual(said, [])
        rated = subprocess.run(['systemd-analyze', 'security', '--offline=yes', unit], capture_output=True, text=True, timeout=PATIENCE,
                               env=dict(os.environ, SYSTEMD_COLORS='0'))
        found = re.search(r'exposure level for \S+: ([\d.]+)', rated.stdout)
        if not found:
            self.skipTest(f'systemd-analyze security cannot be run here: {rated.stderr.strip()[:200]}')
        say(f'exposure of the service: {found[1]}')
        self.assertLess(float(found[1]), EXPOSURE_BAR)


if __name__ == '__main__':
    unittest.main(verbosity=2)
