"""A test of real processes: a directory of its own, servers and command lines, and nothing left of them afterwards."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import unittest

import grpc

from harness.processes import processes_of
from harness.programs import SUMSCOPE, Result, clean_environment, make_directory
from harness.server import Server
from harness.stock_client import health
from harness.waiting import PATIENCE, deadline_dump, wait_until


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

    def cli(self, server, *arguments, code=0, timeout=2 * PATIENCE, stdin=b'', env=None, account=None):
        """Runs `sumscope`, as another account of the machine if one is given; fails where its exit code is another."""
        environment = dict(account.environment if account else clean_environment(self.root), **(env or {}))
        if server is not None:
            environment.setdefault('SUMSCOPE_SERVER', server if isinstance(server, str) else server.address)
        try:
            done = subprocess.run([str(account.program if account else SUMSCOPE), *map(str, arguments)], input=stdin,
                                  capture_output=True, env=environment, timeout=timeout,
                                  cwd=account.home if account else self.root, **(account.identity if account else {}))
        except subprocess.TimeoutExpired:
            self.fail(f'sumscope {arguments} did not end within {timeout} s')
        result = Result(done.returncode, done.stdout, done.stderr.decode(errors='replace'))
        if code is not None:
            self.assertEqual(result.code, code, f'sumscope {" ".join(map(str, arguments))}\n{result}')
        return result

    def assert_refused(self, server, reason, code, *arguments, says='', **options):
        """The CLI refuses with this reason and exit code, prints no data, and the server stays well."""
        result = self.cli(server, *arguments, code=code, **options)
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
