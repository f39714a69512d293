"""The programs under test, and the place and environment that they run in."""

import json
import os
import tempfile
from pathlib import Path

BIN = Path(os.environ.get('SUMSCOPE_BIN_DIR', 'build/release/bin')).resolve()
ORACLES = Path(__file__).resolve().parent.parent.parent / 'oracles'
SUMSCOPED, SUMSCOPE, WORKER = BIN / 'sumscoped', BIN / 'sumscope', BIN / 'sumscope-worker'


class Result:
    def __init__(self, code, stdout, stderr):
        self.code, self.stdout, self.stderr = code, stdout, stderr

    @property
    def text(self):
        return self.stdout.decode()

    @property
    def json(self):
        return json.loads(self.stdout)

    def __repr__(self):
        return f'exit {self.code}\nstdout: {self.stdout[:2000]!r}\nstderr: {self.stderr[:2000]}'


def clean_environment(root):
    home = Path(root) / 'home'
    home.mkdir(exist_ok=True)
    kept = ('PATH', 'LANG', 'LD_LIBRARY_PATH', 'ASAN_OPTIONS', 'TSAN_OPTIONS', 'OMP_WAIT_POLICY')
    keep = {key: os.environ[key] for key in kept if key in os.environ}
    return dict(keep, HOME=str(home), TERM='xterm', TMPDIR=str(root))


def make_directory():
    """A new temporary directory with a short path: a socket's is at most 107 bytes."""
    place = os.environ.get('TMPDIR') or '/tmp'
    return Path(tempfile.mkdtemp(prefix='sumscope-', dir=place if len(place) < 30 else '/tmp'))
