"""What must be true when the storm is over."""

import collections
import contextlib
import hashlib
import sqlite3

import grpc

from ledger import LINES, MAYBE, fingerprint, kinds_of, request_of, stable
from harness.server import TERMINAL
from harness.waiting import say, wait_until


class Afterwards:
    """Checks one calm server, and its files, against ledger and reference; `faults` says what is not so."""

    def __init__(self, server, ledger, reference):
        self.server, self.ledger, self.reference, self.faults = server, ledger, reference, []

    def call(self, path, **fields):
        return self.server.client.call(path, **fields)

    def all(self, path, field, **fields):
        rows, token = [], ''
        while True:
            page = self.call(path, page_size=1000, page_token=token, **fields)
            rows += page[field]
            token = page['next_page_token']
            if not token:
                return rows

    def runs(self):
        return self.all('RunService/ListRuns', 'runs', show_deleted=True)

    def analyses(self):
        return self.all('AnalysisService/ListAnalyses', 'analyses', parent='runs/-')

    def settle(self, seconds):
        """Every job at its end; what three deaths ended is resumed, or asked again, until it succeeds."""
        def settled():
            open_runs = [run for run in self.runs() if run['state'] not in TERMINAL]
            for run in self.runs():
                if run['state'] == 'FAILED' and 'delete_time' not in run:
                    self.call('RunService/ResumeRun', name=run['name'])
                    open_runs.append(run)
            return not open_runs and all(analysis['state'] in TERMINAL for analysis in self.analyses())
        wait_until('every job to end', settled, seconds)

    def check_nothing_lost(self):
        runs = {run['name']: run for run in self.runs()}
        analyses = {analysis['name']: analysis for analysis in self.analyses()}
        for name, entry in self.ledger.runs.items():
            if name not in runs:
                self.faults.append(f'{name} was acknowledged and is lost')
            elif entry['deleted'] != MAYBE and ('delete_time' in runs[name]) != entry['deleted']:
                self.faults.append(f'{name}: deleted is {entry["deleted"]} in the ledger, not on the server')
        for name, entry in self.ledger.analyses.items():
            if entry['deleted'] != MAYBE and (name in analyses) == entry['deleted']:
                self.faults.append(f'{name}: deleted is {entry["deleted"]} in the ledger, not on the server')
        for name in self.ledger.sets:
            try:
                self.call('QuestionSetService/GetQuestionSet', name=name)
            except grpc.RpcError as error:
                self.faults.append(f'{name} was acknowledged and is lost: {error.details()}')

    def check_runs(self):
        for run in self.runs():
            label = run['labels'].get('spec')
            if run['state'] != 'SUCCEEDED':
                if 'delete_time' not in run:
                    self.faults.append(f'{run["name"]} is {run["state"]} {run["state_reason"]} {run["state_detail"]}')
                continue
            weights, metrics = fingerprint(self.server, run['name'])
            if weights != self.reference.weights[label]:
                self.faults.append(f'{run["name"]}: weights differ from the undisturbed ones of spec {label}')
            if metrics != self.reference.metrics[label]:
                self.faults.append(f'{run["name"]}: metrics differ from the undisturbed ones of spec {label}')

    def check_analyses(self):
        labels = {run['name']: run['labels'].get('spec') for run in self.runs()}
        kinds = {name: entry['kind'] for name, entry in self.ledger.analyses.items()}
        for listed in self.analyses():
            name = listed['name']
            if listed['state'] != 'SUCCEEDED':
                if listed['state_reason'] != 'WORKER_LOST':
                    self.faults.append(f'{name} is {listed["state"]} {listed["state_reason"]} {listed["state_detail"]}')
                continue
            analysis = self.call('AnalysisService/GetAnalysis', name=name)
            kind = kinds.get(name) or self.kind_of(analysis)
            if stable(analysis) != self.reference.answers[f'{labels[name.split("/analyses/")[0]]}/{kind}']:
                self.faults.append(f'{name}: the answer differs from the undisturbed one of {kind}')
            if kind == 'capture':
                self.check_capture(name.replace('/analyses/', '/captures/'))

    @staticmethod
    def kind_of(analysis):
        return {'useful_nodes': 'nodes'}.get(analysis['analysis']) or (
            'uploaded' if 'uploaded' in analysis['question_set'] else analysis['analysis'])

    def check_capture(self, name):
        chunks = list(self.server.client.stream('CaptureService/DownloadCapture', name=name))
        data = b''.join(chunk.data for chunk in chunks)
        if hashlib.sha256(data).hexdigest() != chunks[0].sha256 or len(data) != chunks[0].total_bytes:
            self.faults.append(f'{name}: what is downloaded is not what its hash says')

    def check_every_kind_is_answered(self):
        """What failed with its workers is asked again, and answered as if nothing had been; and of each run one kind more."""
        uploaded = self.server.client.upload('QuestionSetService/UploadQuestionSet', [dict(header=dict(n_digits=2)), dict(data=LINES.encode())])
        lost = collections.defaultdict(set)  # the kinds that failed, by run
        for analysis in self.analyses():
            if analysis['state'] != 'SUCCEEDED':
                lost[analysis['name'].split('/analyses/')[0]].add(
                    self.kind_of(self.call('AnalysisService/GetAnalysis', name=analysis['name'])))
        asked = {}
        for number, run in enumerate(run for run in self.runs() if 'delete_time' not in run):
            label = run['labels'].get('spec')
            kinds = kinds_of(label)
            for kind in sorted(lost[run['name']] | {kinds[number % len(kinds)]}):
                made = self.call('AnalysisService/CreateAnalysis', parent=run['name'], **request_of(kind, uploaded['sha256']))['analysis']
                asked[made['name']] = f'{label}/{kind}'
        wait_until('what was asked again to end', lambda: all(
            analysis['state'] in TERMINAL for analysis in self.analyses() if analysis['name'] in asked), 60 + len(asked))
        for name, of in asked.items():
            answer = self.call('AnalysisService/GetAnalysis', name=name)
            if answer['state'] != 'SUCCEEDED' or stable(answer) != self.reference.answers[of]:
                self.faults.append(f'{name}: {of} was asked again: {answer["state"]} {answer["state_reason"]}, or another answer')
        failed = sum(len(kinds) for kinds in lost.values())
        say(f'{len(asked)} analyses asked again, {failed} kinds of them because they had failed')

    def check_watches(self, seen):
        """What watchers were told piece by piece is what the log says, in order and nothing twice."""
        for name, told in seen.items():
            events = []
            for message in self.server.client.stream('RunService/WatchRun', name=name):
                if message.resume_token:
                    events.append((message.resume_token, message.WhichOneof('event'), message.state.state, message.log.text))
            for kind in ('state', 'log', 'checkpoint'):
                mine, all_of_it = ([event[2:] for event in list_ if event[1] == kind] for list_ in (told, events))
                if mine != all_of_it[:len(mine)]:
                    self.faults.append(f'{name}: a watcher was told other {kind} events than the log holds: {mine} {all_of_it}')

    # Of a server that has ended.

    def check_events(self):
        with contextlib.closing(sqlite3.connect(f'file:{self.server.data}/catalog.db?mode=ro', uri=True)) as catalog:
            last = {}
            for job, state, reason in catalog.execute("SELECT job, state, reason FROM events WHERE job <> '' ORDER BY sequence"):
                if last.get(job) in TERMINAL and not (state == 'QUEUED' and reason == 'RESUMED'):
                    self.faults.append(f'job {job} was {last[job]} and then {state} {reason}')
                last[job] = state
            for job, state in catalog.execute('SELECT id, state FROM jobs'):
                if state not in TERMINAL or last.get(job) != state:
                    self.faults.append(f'job {job} is {state}, its last event says {last.get(job)}')

    def check_files(self, owned):
        """`owned`: the relative paths that catalog rows stand for."""
        found = set()
        for path in self.server.data.rglob('*'):
            relative = str(path.relative_to(self.server.data))
            if path.is_file() and (relative.startswith(('runs/', 'question_sets/')) or path.suffix in ('.tmp', '.new')):
                found.add(relative)
        for path in sorted(found - owned):
            self.faults.append(f'nobody owns {path}')
        for path in sorted(owned - found):
            self.faults.append(f'{path} is missing')
        for path in sorted(found):
            if path.endswith('.db'):
                with contextlib.closing(sqlite3.connect(f'file:{self.server.data / path}?mode=ro&immutable=1', uri=True)) as file:
                    if file.execute('PRAGMA integrity_check').fetchall() != [('ok',)]:
                        self.faults.append(f'{path} is not whole')

    def owned_files(self):
        """The files that the living server's rows stand for."""
        owned = {f'question_sets/{one["sha256"]}' for one in self.all('QuestionSetService/ListQuestionSets', 'question_sets')}
        for run in self.runs():
            identifier = run['name'].removeprefix('runs/')
            if run['imported'] or run['segment']:
                owned.add(f'runs/{identifier[:2]}/{identifier}.db')
        for analysis in self.analyses():
            if analysis['analysis'] == 'capture' and analysis['state'] == 'SUCCEEDED':
                run, capture = analysis['name'].removeprefix('runs/').split('/analyses/')
                owned.add(f'runs/{run[:2]}/{run}.{capture}.db')
        return owned
