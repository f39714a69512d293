"""The processes of the machine, by /proc."""

import contextlib
import os
from pathlib import Path


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


def is_alive(pid):
    with contextlib.suppress(OSError):
        return Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[0] not in 'ZX'
    return False


def reap(process):
    """Ends a process that a test started, however the test went."""
    if process.poll() is None:
        process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()
