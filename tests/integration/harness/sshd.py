"""A real sshd on a loopback port: its keys, configuration and accounts are a test's own, nothing of the machine's changes.

As root it serves invented accounts: sshd lives in a mount namespace of its own with another /etc/passwd, and in a
namespace of processes, so that nothing outlives it. Otherwise it serves the one account that runs the test.
"""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from harness.ports import connect, free_port
from harness.waiting import PATIENCE, wait_until

SSHD = shutil.which('sshd', path=f'{os.environ.get("PATH", "")}:/usr/sbin')

NAMESPACES = ('unshare', '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child=SIGKILL')
# sshd wants /run/sshd, which only the system's own service makes.
PREPARE = 'mount --bind "$1" /etc/passwd && mount -t tmpfs none /run && mkdir -m 755 /run/sshd && shift && exec "$@"'


def why_no_sshd():
    """Why there can be no sshd; '' if there can."""
    if not SSHD or not shutil.which('ssh'):
        return 'there is no openssh-server, or no openssh-client'
    if os.geteuid() == 0:
        probe = subprocess.run([*NAMESPACES, 'sh', '-c', 'mount -t tmpfs none /run'], capture_output=True, text=True)
        return f'root without namespaces: {probe.stderr.strip()}' if probe.returncode else ''
    try:
        shell = pwd.getpwuid(os.geteuid()).pw_shell
    except KeyError:
        return 'this uid has no account'
    return '' if not shell.endswith(('nologin', 'false')) else f'this account\'s shell is {shell}'


class Sshd:
    """`accounts` are of harness.accounts, as root; else there is one, which is the test's own. `remote` is the environment
    of what runs at the far end."""

    def __init__(self, root, accounts, remote):
        self.folder = Path(root) / 'ssh'
        self.folder.mkdir(mode=0o755)
        self.port, self.accounts = free_port(), accounts
        self.log = self.folder / 'sshd.log'
        for name in ('host', 'key'):
            subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', self.folder / name], check=True)
        (self.folder / 'sshd_config').write_text('\n'.join([
            f'ListenAddress 127.0.0.1:{self.port}', f'HostKey {self.folder}/host',
            f'AuthorizedKeysFile {self.folder}/key.pub', 'StrictModes no', 'PidFile none', 'UsePAM no',
            'PasswordAuthentication no', 'MaxStartups 100:30:200',
            'SetEnv ' + ' '.join(f'{key}="{value}"' for key, value in remote.items())]) + '\n')
        key = (self.folder / 'host.pub').read_text()
        (self.folder / 'known_hosts').write_text(f'[127.0.0.1]:{self.port} {key}')
        self.process = None

    def start(self):
        command = [SSHD, '-D', '-e', '-f', str(self.folder / 'sshd_config')]
        if os.geteuid() == 0:
            lines = Path('/etc/passwd').read_text().splitlines()
            lines += [f'{one.name}:x:{one.uid}:{one.gid}::{one.home}:/bin/sh' for one in self.accounts]
            (self.folder / 'passwd').write_text('\n'.join(lines) + '\n')
            command = [*NAMESPACES, 'sh', '-c', PREPARE, 'sh', str(self.folder / 'passwd'), *command]
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until('sshd to listen', self.listens)
        return self

    def listens(self):
        assert self.process.poll() is None, self.log.read_text()
        try:
            connect(f'127.0.0.1:{self.port}').close()
            return True
        except OSError:
            return False

    def stop(self):
        """Ends it, and as root every session with it."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()  # unshare minds nothing else; its child is killed with it
            self.process.wait(PATIENCE)

    def client(self, name, options=()):
        """A program that is `ssh` with the test's key, known hosts and these options, for SUMSCOPE_SSH."""
        path = self.folder / name
        lines = [f'IdentityFile {self.folder}/key', f'UserKnownHostsFile {self.folder}/known_hosts', 'BatchMode yes',
                 'IdentitiesOnly yes', 'StrictHostKeyChecking yes', *options]
        (self.folder / f'{name}.config').write_text('\n'.join(lines) + '\n')
        path.write_text(f'#!/bin/sh\nexec ssh -F {self.folder}/{name}.config "$@"\n')
        path.chmod(0o755)
        return path

    def address(self, account):
        return f'ssh://{account}@127.0.0.1:{self.port}'
