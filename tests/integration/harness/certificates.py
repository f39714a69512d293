"""A certificate authority of a test's own, by openssl: good certificates, and those that must not be believed."""

import subprocess
from pathlib import Path

CURVE = ('ec', '-pkeyopt', 'ec_paramgen_curve:P-256')


class Pair:
    """A certificate and its key, as files of PEM."""

    def __init__(self, certificate, key):
        self.certificate, self.key = Path(certificate), Path(key)


class Authority:
    def __init__(self, folder, name='lab'):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.pair = self._pair('ca')
        self._openssl('req', '-x509', '-newkey', *CURVE, '-nodes', '-days', '30', '-subj', f'/CN={name}',
                      '-keyout', self.pair.key, '-out', self.pair.certificate)

    @property
    def certificate(self):
        return self.pair.certificate

    def server(self, file='server', hosts=('DNS:localhost', 'IP:127.0.0.1'), days=30):
        return self._issue(file, '/CN=server', ('-addext', f'subjectAltName={",".join(hosts)}'), days)

    def client(self, name, file=None, days=30, alternative=None):
        """Named by its common name, and by `alternative` ("DNS:ada") where there is one; a `name` of '' is none."""
        extension = ('-addext', f'subjectAltName={alternative}') if alternative else ()
        return self._issue(file or f'client-{name}', f'/CN={name}' if name else '/O=nobody', extension, days)

    def _issue(self, file, subject, extensions, days):
        pair, request = self._pair(file), self.folder / f'{file}.csr'
        self._openssl('req', '-newkey', *CURVE, '-nodes', '-subj', subject, *extensions, '-keyout', pair.key,
                      '-out', request)
        self._openssl('x509', '-req', '-in', request, '-CA', self.pair.certificate, '-CAkey', self.pair.key,
                      '-CAcreateserial', '-copy_extensions', 'copy', '-days', days, '-out', pair.certificate)
        return pair

    def _pair(self, file):
        return Pair(self.folder / f'{file}.crt', self.folder / f'{file}.key')

    def _openssl(self, *arguments):
        done = subprocess.run(['openssl', *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert done.returncode == 0, f'openssl {arguments}: {done.stderr}'
