"""Runs the commands of session.txt on a fresh server and writes what each printed, for a comparison of two builds.

    recorded_session.py [OUT]          writes; with SUMSCOPE_BIN_DIR of the other build, a second file
    diff BEFORE AFTER                  nothing: the change was one of structure alone

What no two sessions share is replaced: random ids by their number, times and rates by #, paths and hashes by a word.
Without OUT it is a test: every command is answered, and two sessions of one build are the same.
"""

import json
import re
import shlex
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'integration'))

from harness.case import IntegrationTest
from harness.models import TINY_SET
from harness.waiting import say

SESSION = Path(__file__).with_name('session.txt')
TAGS = [dict(position=8, layer=0, is_head=True, num=1, tags=['Algo:A1.SC', 'Fail%:3'])]
VOLATILE = [
    (r'\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?', 'TIME'),
    (r'("next_page_token": )"[^"]+"', r'\1TOKEN'),
    (r'(?m)^\S+  +(QUEUED \(\w+\)|STARTING|RUNNING|\d+ %.*)\n', ''),  # how often it was looked at
    (r'("?(seconds|pid|worker_pid|start_time|free_disk_bytes|memory_bytes|\w+_ms|\w+_flops_per_second|training_step_seconds)"?: )[^,\n]+', r'\1#'),
    (r'(free disk +)[\d.]+ \w+', r'\1#'),
    (r'\b\d+(\.\d+)?(e-?\d+)?( ?)(us|ms|s|min|m|h|d|GFLOP/s|steps/s)\b', r'#\3\4'),
]


class Normaliser:
    """Replaces what differs between two sessions; ids get numbers in the order in which they came up."""

    def __init__(self, root, git_hash):
        self.words, self.ids = [(str(root), 'ROOT'), (git_hash, 'GITHASH')], {}

    def learn(self, server):
        for analysis in reversed(server.client.call('AnalysisService/ListAnalyses', parent='runs/-', page_size=1000)['analyses']):
            for name, letter in ((analysis['name'].rsplit('/', 1)[1], 'a'), (analysis['job'].removeprefix('jobs/').split('.')[0], 'j')):
                self.ids.setdefault(name, f'{letter}{len(self.ids):07}')
        for run in reversed(server.client.call('RunService/ListRuns', page_size=1000, show_deleted=True)['runs']):
            self.ids.setdefault(run['job'].removeprefix('jobs/').split('.')[0] or 'none', f'j{len(self.ids):07}')
            name = run['name'].removeprefix('runs/')
            if re.fullmatch(r'[a-z0-9]{8}', name):  # one that the server chose
                self.ids.setdefault(name, f'r{len(self.ids):07}')

    def apply(self, text, live):
        for word, name in self.words:
            text = text.replace(word, name)
        for name, number in self.ids.items():
            text = re.sub(rf'\b{name}\b', number, text)
        for pattern, replacement in VOLATILE:
            text = re.sub(pattern, replacement, text)
        if live:  # about the machine, which no change of ours touches
            text = re.sub(r'\d+(\.\d+)?', '#', text)
        return re.sub(r' {2,}|-{3,}', '  ', re.sub(r'[ \t]+\n', '\n', text))


class RecordedSession(IntegrationTest):
    longest = 600
    out = None

    def test_CommandsGivenTwiceAreAnsweredAlike(self):
        first = self.session('first')
        if self.out:
            Path(self.out).write_text(first)
            say(f'{first.count("$ sumscope")} commands in {self.out}')
        else:
            self.assertEqual(first, self.session('second'))

    def session(self, name):
        server = self.server(name=name)
        root = server.root
        (root / 'questions.txt').write_text('12+34\n99+1\n5+5\n')
        (root / 'tags.json').write_text(json.dumps(TAGS))
        normaliser = Normaliser(root, server.info()['git_hash'])
        recorded = []
        for line in SESSION.read_text().splitlines():
            if not line or line.startswith('#'):
                continue
            command = line.replace('$ROOT', str(root)).replace('$TINY', TINY_SET)
            result = self.cli(server, *shlex.split(command), code=None)
            normaliser.learn(server)
            live = line.startswith('server info')
            recorded.append(f'$ sumscope {line}\n{normaliser.apply(result.text, live)}{normaliser.apply(result.stderr, live)}'
                            f'[exit {result.code}]\n')
        for path in ('one.safetensors', 'capture.npy'):
            recorded.append(f'{path}: {len((root / path).read_bytes()) if (root / path).exists() else "no"} bytes\n')
        return '\n'.join(recorded)


if __name__ == '__main__':
    if len(sys.argv) > 1:
        RecordedSession.out = sys.argv.pop()
    unittest.main(verbosity=2)
