"""Other accounts of this machine, as which root may run programs. Nothing is added to /etc: a number is an account."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from harness.processes import reap
from harness.programs import SUMSCOPE, clean_environment
from harness.waiting import wait_until

GROUP, GROUP_ID = 'games', 60  # a group that every Debian has


def why_no_accounts():
    """Why no program can be run as another account; '' if it can."""
    return '' if os.geteuid() == 0 else 'only root may run programs as other accounts'


class Account:
    """A uid, a home, and the command line where that uid can read it."""

    def __init__(self, root, name, uid, groups=(GROUP_ID,)):
        self.name, self.uid, self.groups = name, uid, tuple(groups)
        self.folder = Path(root) / f'account-{name}'
        self.folder.mkdir()
        os.chmod(root, 0o711)
        self.environment = clean_environment(self.folder)
        self.home = self.folder / 'home'
        self.program = program_for_all(root)
        for path in (self.folder, self.home):
            os.chown(path, uid, self.gid)

    @property
    def gid(self):
        return self.groups[0] if self.groups else 65534

    @property
    def identity(self):
        """For subprocess: as whom it runs."""
        return dict(user=self.uid, group=self.gid, extra_groups=list(self.groups))

    def relay(self, test, address):
        """An address at which whoever calls is this account to the server at `address`, until the test ends."""
        path = self.folder / 'relay'
        groups = ','.join(map(str, self.groups))
        process = subprocess.Popen([sys.executable, '-B', '-c', RELAY, str(path), address.removeprefix('unix:'),
                                    str(self.uid), str(self.gid), groups], stdin=subprocess.DEVNULL)
        test.addCleanup(reap, process)
        wait_until(f'{path}', path.exists)
        return f'unix:{path}'


def program_for_all(root):
    """The command line where every account can run it."""
    folder = Path(root) / 'bin'
    if not folder.exists():
        folder.mkdir(mode=0o755)
        shutil.copy2(SUMSCOPE, folder / 'sumscope')
        os.chmod(folder / 'sumscope', 0o755)
    return folder / 'sumscope'


# Started as root, for the interpreter may lie where other accounts cannot read.
RELAY = '''
import os, socket, sys, threading
os.setgroups([int(group) for group in sys.argv[5].split(',') if group])
os.setgid(int(sys.argv[4]))
os.setuid(int(sys.argv[3]))
def pass_on(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for one in (source, sink):
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1] + '.new')
listener.listen(64)
os.rename(sys.argv[1] + '.new', sys.argv[1])
while True:
    client = listener.accept()[0]
    server = socket.socket(socket.AF_UNIX)
    try:
        server.connect(sys.argv[2])
    except OSError:
        client.close()
        continue
    for pair in ((client, server), (server, client)):
        threading.Thread(target=pass_on, args=pair, daemon=True).start()
'''
