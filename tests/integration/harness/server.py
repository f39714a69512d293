"""A server as a process, and what tests ask it again and again."""

import contextlib
import os
import sqlite3
import subprocess
import time
import uuid
from pathlib import Path

import grpc

from harness.models import run_id
from harness.programs import SUMSCOPED, clean_environment
from harness.stock_client import StockClient, health, rows_of
from harness.waiting import PATIENCE, wait_until

TERMINAL = ('SUCCEEDED', 'FAILED', 'CANCELLED')


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
                          lambda: all(slot['state'] in states for slot in self.info()['slots'] if not slot['quick']))

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
