"""Servers and command lines as processes, and waits with deadlines."""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
import uuid
from pathlib import Path

import grpc

from stock_client import PATIENCE, StockClient, health, rows_of

BIN = Path(os.environ.get('SUMSCOPE_BIN_DIR', 'build/release/bin')).resolve()
ORACLES = Path(__file__).resolve().parent.parent / 'oracles'
SUMSCOPED, SUMSCOPE, WORKER = BIN / 'sumscoped', BIN / 'sumscope', BIN / 'sumscope-worker'

TERMINAL = ('SUCCEEDED', 'FAILED', 'CANCELLED')

# A model that trains in seconds: n = 2, one head.
TINY_SPEC = dict(operation='ADD', n_digits=2, n_layers=1, n_heads=1, d_model=16, d_head=16, d_mlp=32, batch_size=8)
TINY_SET = 'd_model=16,d_head=16,d_mlp=32,batch_size=8'


def wait_until(what, condition, seconds=PATIENCE):
    """What `condition` returns as soon as it is true; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f'gave up after {seconds} s of waiting for: {what}')
        time.sleep(0.01)


def say(text):
    print(f'    {text}', file=sys.stderr, flush=True)


def processes_of(marker):
    """{pid: command line} of the living processes that have `marker` in their arguments."""
    found = {}
    for entry in Path('/proc').iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            command = (entry / 'cmdline').read_bytes().replace(b'\0', b' ').decode(errors='replace')
            state = (entry / 'stat').read_text().rsplit(')', 1)[1].split()[0]
            if marker in command and state != 'Z':
                found[int(entry.name)] = command
    return found


def run_id(name):
    return name.removeprefix('runs/')


def is_alive(pid):
    with contextlib.suppress(OSError):
        return Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[0] not in 'ZX'
    return False


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


class Server:
    """One data directory and the server on it, which may be started, stopped and killed again and again."""

    def __init__(self, root, slots=('cpu0:cpu:1',), resume_interval=None, wrapper=(), data=None, flags=()):
        self.root, self.slots, self.resume_interval, self.wrapper = Path(root), slots, resume_interval, list(wrapper)
        self.flags = list(flags)
        self.data = Path(data) if data else self.root / 'd'
        self.address = f'unix:{self.root}/s'
        self.log = self.root / 'server.log'
        self.process = None
        self._client = None

    def command(self):
        command = self.wrapper + [str(SUMSCOPED), '--data-directory', str(self.data), '--listen', self.address]
        for slot in self.slots:
            command += ['--slot', slot]
        if self.resume_interval:
            command += ['--resume-interval-seconds', str(self.resume_interval)]
        return command + self.flags

    def launch(self):
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=clean_environment(self.root))
        return self

    def start(self):
        """Starts it and waits until its health is SERVING. Returns the seconds that took."""
        begin = time.monotonic()
        self.launch()
        wait_until(f'{self.address} to serve', self.is_serving)
        return time.monotonic() - begin

    def is_serving(self):
        if self.process.poll() is not None:
            raise AssertionError(f'sumscoped ended with {self.process.returncode}:\n{self.log_tail()}')
        if not os.path.exists(self.address.removeprefix('unix:')):
            return False
        with contextlib.suppress(grpc.RpcError):
            return health(self.client) == 'SERVING'
        self.drop_client()  # else its channel waits ever longer before it tries again
        return False

    @property
    def client(self):
        if self._client is None:
            self._client = StockClient(self.address)
        return self._client

    def drop_client(self):
        if self._client is not None:
            self._client.close()
            self._client = None

    @property
    def pid(self):
        return self.process.pid

    def kill(self):
        """SIGKILL."""
        self.process.kill()
        self.process.wait(PATIENCE)
        self.drop_client()

    def stop(self):
        """SIGTERM; the exit status."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.terminate()
        self.drop_client()
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f'sumscoped did not end within {PATIENCE} s of SIGTERM:\n{self.log_tail()}')

    def log_tail(self):
        logs = [self.log] + sorted((self.data / 'logs').glob('*.log'))
        return '\n'.join(f'--- {log}\n{log.read_text(errors="replace")[-3000:]}' for log in logs if log.exists())

    # What tests ask for again and again.

    def info(self):
        return self.client.call('SystemService/GetServerInfo')

    def worker_pid(self, slot=0):
        return int(self.info()['slots'][slot]['worker_pid'])

    def wait_for_slots(self, *states):
        return wait_until(f'every slot to be in {states}',
                          lambda: all(slot['state'] in states for slot in self.info()['slots']))

    def create(self, model_name='', labels=None, run_id='', **spec):
        return self.client.call('RunService/CreateRun', request_id=str(uuid.uuid4()), model_name=model_name, spec=spec,
                                labels=labels or {}, run_id=run_id)['name']

    def run(self, name):
        return self.client.call('RunService/GetRun', name=name)

    def wait_for_state(self, name, *states, seconds=2 * PATIENCE):
        def reached():
            run = self.run(name)
            if run['state'] in states:
                return run
            if run['state'] in TERMINAL:
                raise AssertionError(f'{name} is {run["state"]} {run["state_reason"]} {run["state_detail"]}, '
                                     f'expected {states}')
            return None
        return wait_until(f'{name} to be in {states}', reached, seconds)

    def train(self, model_name='', **spec):
        """A run that is SUCCEEDED."""
        name = self.create(model_name, **spec)
        self.wait_for_state(name, 'SUCCEEDED')
        return name

    def metrics(self, name, series='DETERMINISTIC'):
        """Every stored step, page by page: (columns, rows)."""
        columns, rows, token = [], [], ''
        while True:
            page = self.client.call('RunService/ListMetrics', name=name, series=series, page_size=10000,
                                    page_token=token)
            block = page.get('block', {})
            columns = block.get('columns') or columns
            rows += rows_of(block)
            token = page['next_page_token']
            if not token:
                return columns, rows

    def checkpoints(self, name):
        return self.client.call('RunService/ListCheckpoints', name=name)['checkpoints']

    def weights(self, name):
        """{step: SHA-256} of every checkpoint."""
        return {int(checkpoint['step']): checkpoint['sha256'] for checkpoint in self.checkpoints(name)}

    def resume_step(self, name):
        """The step of the stored resume state, or 0: read from the run file, beside the server that writes it."""
        with contextlib.suppress(sqlite3.Error):
            with contextlib.closing(sqlite3.connect(f'file:{self.run_file(name)}?mode=ro', uri=True)) as file:
                states = "SELECT max(step) FROM tensor_sets WHERE kind = 'resume_state' AND finished"
                return file.execute(states).fetchone()[0] or 0
        return 0

    def run_file(self, name):
        return self.data / 'runs' / run_id(name)[:2] / f'{run_id(name)}.db'


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


class IntegrationTest(unittest.TestCase):
    """A directory, and nothing left of it afterwards."""

    longest = 280  # seconds of one test

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        self.servers = []
        self.root = make_directory()
        try:
            with deadline_dump(self, self.longest):
                super().run(result)
            if len(result.failures) + len(result.errors) > before:
                for server in self.servers:
                    print(server.log_tail(), file=sys.stderr)
        finally:
            for pid in processes_of(f'{self.root}/'):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
                    os.kill(pid, signal.SIGKILL)
            shutil.rmtree(self.root, ignore_errors=True)
        return result

    def server(self, start=True, name='', **options):
        root = self.root / name if name else self.root
        root.mkdir(exist_ok=True)
        server = Server(root, **options)
        self.servers.append(server)
        self.addCleanup(self.end, server)
        if start:
            server.start()
        return server

    def end(self, server):
        """Stops it as its owner would: the exit status is 0 and nobody is left."""
        if server.process is None:
            return
        killed = server.process.returncode == -signal.SIGKILL
        code = server.stop()
        self.assertTrue(killed or code == 0, f'sumscoped ended with {code}')
        self.assert_no_process(server)

    def assert_no_process(self, server):
        wait_until(f'no process of {server.root} to be left, but there are {processes_of(f"{server.root}/")}',
                   lambda: not processes_of(f'{server.root}/'), 20)

    def assert_well(self, server):
        """The server lives, serves, and answers a listing."""
        self.assertIsNone(server.process.poll(), server.log_tail())
        self.assertEqual(health(server.client), 'SERVING')
        server.client.call('RunService/ListRuns')

    def cli(self, server, *arguments, code=0, timeout=2 * PATIENCE, stdin=b'', env=None):
        """Runs `sumscope`; fails where its exit code is another."""
        environment = dict(clean_environment(self.root), **(env or {}))
        if server is not None:
            environment.setdefault('SUMSCOPE_SERVER', server if isinstance(server, str) else server.address)
        try:
            done = subprocess.run([str(SUMSCOPE), *map(str, arguments)], input=stdin, capture_output=True,
                                  env=environment, timeout=timeout, cwd=self.root)
        except subprocess.TimeoutExpired:
            self.fail(f'sumscope {arguments} did not end within {timeout} s')
        result = Result(done.returncode, done.stdout, done.stderr.decode(errors='replace'))
        if code is not None:
            self.assertEqual(result.code, code, f'sumscope {" ".join(map(str, arguments))}\n{result}')
        return result

    def assert_refused(self, server, reason, code, *arguments, says=''):
        """The CLI refuses with this reason and exit code, prints no data, and the server stays well."""
        result = self.cli(server, *arguments, code=code)
        self.assertIn(reason, result.stderr)
        self.assertIn(says, result.stderr)
        self.assertEqual(result.stdout, b'')
        if isinstance(server, Server):
            self.assert_well(server)
        return result

    def assert_rpc_error(self, server, status, reason, call):
        """The call fails with this status and reason, in details that a stock client decodes."""
        with self.assertRaises(grpc.RpcError) as caught:
            call()
        self.assertEqual(caught.exception.code(), status, caught.exception.details())
        self.assertEqual(server.client.error_info(caught.exception), (reason, 'sumscope'), caught.exception.details())
        return caught.exception


def reap(process):
    """Ends a process that a test started, however the test went."""
    if process.poll() is None:
        process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()


@contextlib.contextmanager
def deadline_dump(test, seconds):
    """Ends a test that hangs in spite of every deadline of its own, before ctest does, and says where it was."""
    def expired(number, frame):
        raise AssertionError(f'{test.id()} took longer than {seconds} s')
    old = signal.signal(signal.SIGALRM, expired)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, old)
