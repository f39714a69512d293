"""A machine with GPUs that is played: the fake NVML, and workers that compute on the CPU whatever they are told."""

import shutil

from harness.programs import BIN, WORKER

LIBRARY = BIN.parent / 'tests' / 'fake_nvml' / 'libnvidia-ml.so.1'

# A worker that believes what the server says of its slot, and computes on the CPU.
ON_THE_CPU = '''#!/bin/sh
for argument; do
  shift
  case "$argument" in --device=*) argument=--device=cpu;; esac
  set -- "$@" "$argument"
done
exec {worker} "$@"
'''


class FakeBox:
    """Two GPUs; who uses them is changed while a server looks at them."""

    def __init__(self, test):
        self.test, self.folder = test, test.root / 'nvml'
        self.folder.mkdir()
        shutil.copy(LIBRARY, self.folder)
        worker = test.root / 'worker'
        worker.write_text(ON_THE_CPU.format(worker=WORKER))
        worker.chmod(0o700)
        # Of a server on it.
        self.options = dict(slots=('gpu0:cuda:0:1', 'gpu1:cuda:1:1'),
                            flags=['--nvml-library', str(self.folder / LIBRARY.name), '--worker-program', str(worker)])
        self.become()

    def become(self, *processes, lost=None):
        """Both GPUs, with (gpu, pid, MiB) of who uses them."""
        lines = [f'gpu uuid=GPU-{i} name=Fake total_mib=80000 temperature=40 lost={int(lost == i)}' for i in (0, 1)]
        lines += [f'process gpu={gpu} pid={pid} memory_mib={mib}' for gpu, pid, mib in processes]
        (self.folder / 'next').write_text('\n'.join(lines) + '\n')
        (self.folder / 'next').rename(self.folder / 'state.txt')
