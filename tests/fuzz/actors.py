"""Clients that go on asking while the server is killed under them: each repeats a call until it is answered."""

import random
import threading
import traceback
import uuid

import grpc

from ledger import IMPORT, LINES, MAYBE, SPECS, kinds_of, request_of

PASSING = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.DEADLINE_EXCEEDED)
MOST_UNFINISHED = 6  # runs, and as many analyses, so that the end of the storm is not far


class Stopped(Exception):
    """The storm is over before this call was answered."""


class Storm:
    """The actors' threads and what they share."""

    def __init__(self, client, ledger, reference, seed):
        self.client, self.ledger, self.reference, self.seed = client, ledger, reference, seed
        self.stop = threading.Event()
        self.threads, self.faults, self.seen = [], [], {}

    def begin(self):
        for actor in (submit, submit, ask, ask, delete, bring_in, watch, watch, resume):
            number = len(self.threads)
            self.threads.append(threading.Thread(target=self.run, args=(actor, random.Random(f'{self.seed}/{number}/{self.ledger.kills}'))))
        for thread in self.threads:
            thread.start()

    def run(self, actor, rng):
        while not self.stop.is_set():
            try:
                actor(self, rng)
                self.stop.wait(rng.uniform(0.02, 0.2))
            except Stopped:
                return
            except Exception:  # what an actor did not expect is a finding, not its end
                self.faults.append(traceback.format_exc())
                self.stop.wait(1)

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(60)

    def until_answered(self, call):
        """The answer of a call that may be repeated."""
        while not self.stop.is_set():
            try:
                return call()
            except grpc.RpcError as error:
                if error.code() not in PASSING:
                    raise
                self.stop.wait(0.05)
        raise Stopped

    def call(self, path, **fields):
        return self.until_answered(lambda: self.client.call(path, timeout=20, **fields))


def identity(rng):
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def submit(storm, rng):
    waiting = storm.call('RunService/ListRuns', filter='state = QUEUED OR state = STARTING OR state = RUNNING', page_size=50)['runs']
    if len(waiting) >= MOST_UNFINISHED:
        return
    spec = rng.randrange(len(SPECS))
    request = dict(request_id=identity(rng), spec=SPECS[spec], labels=dict(spec=str(spec)))
    name = storm.call('RunService/CreateRun', **request)['name']
    storm.ledger.note(what='run', name=name, spec=str(spec))
    if rng.random() < 0.3 and storm.call('RunService/CreateRun', **request)['name'] != name:
        storm.faults.append(f'{name}: asked again with its request id, another run came')


def bring_in(storm, rng):
    """A question set or foreign weights, uploaded in pieces that a kill may cut."""
    if rng.random() < 0.5:
        lines = LINES if rng.random() < 0.5 else ''.join(f'{rng.randrange(100)}+{rng.randrange(100)}\n' for _ in range(3000))
        parts = [dict(header=dict(n_digits=2))] + [dict(data=lines[at:at + 500].encode()) for at in range(0, len(lines), 500)]
        name = storm.until_answered(lambda: storm.client.upload('QuestionSetService/UploadQuestionSet', parts, timeout=20))['name']
        storm.ledger.note(what='set', name=name)
        return
    data = storm.reference.foreign
    header = dict(request_id=identity(rng), total_bytes=len(data), operation='ADD', labels=dict(spec=IMPORT), file_name='foreign.safetensors')
    parts = [dict(header=header)] + [dict(data=data[at:at + 5000]) for at in range(0, len(data), 5000)]
    name = storm.until_answered(lambda: storm.client.upload('RunService/ImportRun', parts, timeout=20))['name']
    storm.ledger.note(what='run', name=name, spec=IMPORT)


def ask(storm, rng):
    names = storm.ledger.living('runs')
    sets = sorted(storm.ledger.sets)
    if not names or not sets:
        return
    run = rng.choice(names)
    spec = storm.ledger.runs[run]['spec']
    kind = 'capture' if rng.random() < 0.3 else rng.choice(kinds_of(spec))
    if kind == 'uploaded':
        uploaded = storm.until_answered(lambda: storm.client.upload(
            'QuestionSetService/UploadQuestionSet', [dict(header=dict(n_digits=2)), dict(data=LINES.encode())], timeout=20))['sha256']
    else:
        uploaded = ''
    try:
        made = storm.call('AnalysisService/CreateAnalysis', parent=run, request_id=identity(rng), **request_of(kind, uploaded))['analysis']
    except grpc.RpcError as error:  # not trained yet; deleted meanwhile
        if error.code() not in (grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.NOT_FOUND):
            raise
        return
    storm.ledger.note(what='analysis', name=made['name'], kind=kind, spec=spec)
    storm.stop.wait(rng.uniform(0, 1))


def delete(storm, rng):
    """Deletes an ended run or analysis; repeated until it is said to be gone."""
    storm.stop.wait(rng.uniform(0, 1))
    table = rng.choice(('runs', 'analyses', 'analyses'))
    names = storm.ledger.living(table)
    if len(names) < 8:
        return
    name = rng.choice(names)
    path = 'RunService/DeleteRun' if table == 'runs' else 'AnalysisService/DeleteAnalysis'
    if table == 'analyses' and storm.ledger.analyses[name]['kind'] == 'capture' and rng.random() < 0.5:
        path, gone = 'CaptureService/DeleteCapture', name.replace('/analyses/', '/captures/')
    else:
        gone = name
    storm.ledger.note(what='deletion', name=name, deleted=MAYBE)
    deleted = True
    try:
        storm.call(path, name=gone)
    except grpc.RpcError as error:
        if error.code() is grpc.StatusCode.FAILED_PRECONDITION:  # not ended, or deleted by a call whose answer was lost
            deleted = storm.client.error_info(error)[0] == 'RUN_DELETED' and table == 'runs'
        elif error.code() is not grpc.StatusCode.NOT_FOUND:
            raise
        elif path.startswith('Capture'):  # said of one that has not ended, too
            deleted = MAYBE
    storm.ledger.note(what='deletion', name=name, deleted=deleted)


def watch(storm, rng):
    """Follows a run through the kills, from token to token, and keeps what it was told."""
    names = [name for name in storm.ledger.living('runs') if name not in storm.seen]
    if not names:
        return
    name, token, told = rng.choice(names[-8:]), '', []
    storm.seen[name] = told
    while not storm.stop.is_set():
        try:
            for message in storm.client.stream('RunService/WatchRun', timeout=20, name=name, resume_token=token):
                if message.HasField('end'):
                    return
                if message.resume_token:
                    token = message.resume_token
                    told.append((token, message.WhichOneof('event'), message.state.state, message.log.text))
                if storm.stop.is_set():
                    return
        except grpc.RpcError as error:
            if error.code() not in PASSING:
                raise
        storm.stop.wait(0.05)


def resume(storm, rng):
    """Three lost workers end a training; its owner resumes it."""
    storm.stop.wait(1)
    failed = storm.call('RunService/ListRuns', filter='state = FAILED', page_size=50)['runs']
    for run in failed[:3]:
        try:
            storm.call('RunService/ResumeRun', name=run['name'], request_id=identity(rng))
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.FAILED_PRECONDITION:
                raise
