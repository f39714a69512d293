"""Starts of the real server on damaged data: each serves what is whole and names what is not.

    SUMSCOPE_BIN_DIR=build/release/bin .deps/pip/bin/python tests/fuzz/damaged_files.py [--starts 300] [--seed 1]

One data directory is made by a server that is killed in mid-work: ended runs, one that runs, one that waits, analyses,
captures of one shape, an uploaded question set. Each start gets a copy of it with one damage. What must hold:
  - damage outside the catalog never keeps the server from starting; a catalog that is refused is named;
  - every list answers; every run, capture and answer that was not damaged is byte for byte what it was;
  - what was damaged is what it was, or an error with a reason that says so, within seconds; none is INTERNAL or UNKNOWN;
  - whatever is missing, cut, swapped or no file at all is noticed and named;
  - SIGTERM ends the server.
The damages are drawn from --seed: a start that fails is made again with --only NUMBER.
"""

import argparse
import collections
import contextlib
import hashlib
import random
import shutil
import subprocess
import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'integration'))

import grpc  # noqa: E402

from damages import KINDS, RUNS  # noqa: E402
from harness.models import TINY_SPEC  # noqa: E402
from harness.programs import SUMSCOPE, clean_environment, make_directory  # noqa: E402
from harness.server import Server  # noqa: E402
from harness.waiting import PATIENCE, say, wait_until  # noqa: E402

CAPTURES = 2  # of run 'bad', of one shape
# A call on damaged data that takes longer than this hangs: SQLite itself waits 5 s for a lock, a few times over.
LONGEST_CALL = 40
NEVER = (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN)


class Wrong(Exception):
    pass


def check(condition, *what):
    if not condition:
        raise Wrong(' '.join(map(str, what)))


# ---- The data directory that every start gets a copy of, and what it holds.

def sumscope(server, *arguments):
    done = subprocess.run([str(SUMSCOPE), *map(str, arguments)], capture_output=True, text=True, timeout=2 * PATIENCE,
                          env=dict(clean_environment(server.root), SUMSCOPE_SERVER=server.address))
    check(done.returncode == 0, arguments, done.stdout, done.stderr)
    return done.stdout


def make_original(root):
    server = Server(root)
    server.start()
    for seed, run in enumerate(RUNS):
        server.create(run_id=run, labels={'seed': str(seed)}, **dict(TINY_SPEC, steps=150, seed=seed))
    for run in RUNS:
        server.wait_for_state(f'runs/{run}', 'SUCCEEDED')
    captures = [sumscope(server, 'capture', 'bad', '--hooks', 'blocks.0.attn.hook_z', '--questions', 'uniform:40',
                         '--question-seed', seed, '--wait', '--quiet').split()[-1].split('/')[-1]
                for seed in range(CAPTURES)]
    questions = '\n'.join(f'{i:02}+{i:02}' for i in range(50)).encode()
    uploaded = server.client.upload('sumscope.v1.QuestionSetService/UploadQuestionSet',
                                    [{'header': {'n_digits': 2}}, {'data': questions}])['sha256']
    for run in RUNS:
        sumscope(server, 'probe', run, 'evaluate', '--questions', f'sha256:{uploaded}', '--wait', '--quiet')
    truth = {run: answers_of(server, run) for run in RUNS}
    truth.update({capture: download(server, capture) for capture in captures})
    server.create(run_id='running', **dict(TINY_SPEC, steps=10_000_000))
    server.wait_for_state('runs/running', 'RUNNING')
    server.create(run_id='waiting', **dict(TINY_SPEC, steps=150))
    wait_until('the running one to store steps', lambda: server.metrics('runs/running')[1])
    server.kill()
    (root / 's').unlink(missing_ok=True)
    return server.data, captures, truth


def answers_of(server, run):
    """All that is asked of a run: how it is described, its metrics, weights, log and answers."""
    name = f'runs/{run}'
    shown = server.run(name)
    analyses = server.client.call('AnalysisService/ListAnalyses', parent=name)['analyses']
    return {'spec': shown['spec'], 'labels': shown['labels'], 'metrics': server.metrics(name),
            'weights': server.weights(name), 'exported': exported(server, run),
            'log': server.client.call('RunService/ListLogs', name=name)['lines'],
            'answers': {analysis['name']: server.client.call('AnalysisService/GetAnalysis', name=analysis['name'])
                        for analysis in analyses}}


def exported(server, run):
    digest = hashlib.sha256()
    for chunk in server.client.stream('RunService/DownloadCheckpoint', name=f'runs/{run}/checkpoints/last'):
        digest.update(chunk.data)
    return digest.hexdigest()


def download(server, capture):
    digest = hashlib.sha256()
    for chunk in server.client.stream('CaptureService/DownloadCapture', name=f'runs/bad/captures/{capture}'):
        digest.update(chunk.data)
    return digest.hexdigest()


# ---- One start.

class Trial:
    def __init__(self, server, damage, truth, captures):
        self.server, self.damage, self.truth, self.captures = server, damage, truth, captures
        self.errors = []  # reasons that came of what was damaged

    def ask(self, what, call):
        """The answer, or None where a damaged thing answered with an error that says so."""
        begin = time.monotonic()
        try:
            answer = call()
        except grpc.RpcError as error:
            reason = self.server.client.error_info(error)[0]
            check(what in self.damage.targets, f'{what} was not damaged, yet:', error.code(), error.details())
            check(error.code() not in NEVER and reason, f'{what}: {error.code()} [{reason}]', error.details())
            self.errors.append((reason, error.details()))
            answer = None
        took = time.monotonic() - begin
        check(took < LONGEST_CALL, f'{what} took {took:.0f} s')
        return answer

    def same(self, what, call, truth):
        answer = self.ask(what, call)
        check(answer is None or answer == truth, f'{what} answers something else than it did')

    def lists(self):
        """Every list answers, and what is damaged is in it or hidden, never in the way."""
        client = self.server.client
        runs = client.call('RunService/ListRuns', page_size=1000)['runs']
        names = {run['name'] for run in runs}
        for run in RUNS:
            check(f'runs/{run}' in names or run in self.damage.targets, f'runs/{run} is not listed')
        client.call('RunService/ListRuns', filter='spec.n_digits = 2 AND labels.seed = "0"')
        for run in runs:
            if run['state_reason'] == 'CATALOG_ROW_CORRUPT':
                self.errors.append((run['state_reason'], run['state_detail']))
        for analysis in client.call('AnalysisService/ListAnalyses', parent='runs/-')['analyses']:
            if analysis['state_reason'] == 'CATALOG_ROW_CORRUPT':
                self.errors.append((analysis['state_reason'], analysis['state_detail']))
        client.call('CaptureService/ListCaptures', parent='runs/-')
        client.call('FactService/ListFacts')
        client.call('QuestionSetService/ListQuestionSets')
        client.call('SystemService/GetServerInfo')

    def answers(self):
        for run in RUNS:
            for part, call in (('spec', lambda: self.server.run(f'runs/{run}')['spec']),
                               ('labels', lambda: self.server.run(f'runs/{run}')['labels']),
                               ('metrics', lambda: self.server.metrics(f'runs/{run}')),
                               ('weights', lambda: self.server.weights(f'runs/{run}')),
                               ('exported', lambda: exported(self.server, run)),
                               ('log', lambda: self.server.client.call('RunService/ListLogs',
                                                                       name=f'runs/{run}')['lines'])):
                self.same(run, call, self.truth[run][part])
            for name, answer in self.truth[run]['answers'].items():
                self.same(run, lambda name=name: self.server.client.call('AnalysisService/GetAnalysis', name=name),
                          answer)
            # A catalog that lost its latest pages may know of no end yet.
            if not self.damage.catalog:
                self.ask(run, lambda: list(self.server.client.stream('RunService/WatchRun', name=f'runs/{run}')))
        for capture in self.captures:
            self.same(capture, lambda: download(self.server, capture), self.truth[capture])
        for run in ('running', 'waiting'):
            self.ask(run, lambda: self.server.run(f'runs/{run}'))

    def noticed(self):
        log = self.server.log.read_text(errors='replace')
        named = [target for target in self.damage.targets
                 if any(target in text for _, text in self.errors) or f'runs/{target}' in log]
        return bool(named) or bool(self.errors)


def start_once(original, captures, truth, rng, root):
    """One damage, one start. Returns a word for how the start ended; raises Wrong."""
    root.mkdir()
    shutil.copytree(original, root / 'd', symlinks=True, ignore=shutil.ignore_patterns('*.sock'))
    damage = rng.choice(KINDS)(root / 'd', captures, rng)
    try:
        with damage.during():
            return damage.name, observe(root, damage, truth, captures)
    except Exception as error:
        raise Wrong(f'{damage.name}: {error}') from error


def observe(root, damage, truth, captures):
    # Workers are not under test here, and none may change what was stored.
    server = Server(root, flags=('--worker-program', '/bin/true'))
    server.launch()
    try:
        try:
            wait_until('the server to serve', server.is_serving)
        except AssertionError:
            check(server.process.poll() is not None, 'it neither serves nor ends:', server.log_tail())
            log = server.log.read_text(errors='replace')
            check(damage.catalog, 'the server did not start:', log)
            check('catalog' in log and '[' in log, 'what is damaged is not named:', log)
            return 'refused'
        trial = Trial(server, damage, truth, captures)
        if damage.catalog:
            with contextlib.suppress(grpc.RpcError):
                trial.lists()
        else:
            trial.lists()
        trial.answers()
        check(trial.noticed() or not damage.must, 'nothing says that anything is wrong')
        code = server.stop()
        check(code == 0, f'it ended with {code}')
        return trial.errors[0][0] if trial.errors else 'all is served'
    finally:
        if server.process.poll() is None:
            server.kill()
        server.drop_client()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--starts', type=int, default=300)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--only', type=int, help='this start alone')
    options = parser.parse_args()
    root = make_directory()
    outcomes, wrong = collections.Counter(), []
    try:
        (root / 'o').mkdir()
        original, captures, truth = make_original(root / 'o')
        for number in [options.only] if options.only is not None else range(options.starts):
            try:
                name, outcome = start_once(original, captures, truth, random.Random(options.seed * 100_000 + number),
                                           root / str(number))
                outcomes[outcome] += 1
            except Wrong as error:
                wrong.append(number)
                say(f'start {number}: {error}')
                traceback.print_exc(file=sys.stderr)
            shutil.rmtree(root / str(number), ignore_errors=True)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    say(f'{sum(outcomes.values()) + len(wrong)} starts: ' +
        ', '.join(f'{count} {outcome}' for outcome, count in outcomes.most_common()))
    if wrong:
        say(f'{len(wrong)} were wrong: {wrong}')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
