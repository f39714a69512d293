"""What the server has acknowledged, and what undisturbed runs and analyses look like."""

import json
import threading

# Four small trainings of a second or so each; a run says in its label `spec` which it is.
BASE = dict(operation='ADD', n_digits=2, n_layers=1, n_heads=1, d_model=16, d_head=16, d_mlp=32, batch_size=8)
SPECS = [dict(BASE, steps=200, seed=1), dict(BASE, steps=700, seed=2), dict(BASE, operation='MIX', steps=400, seed=3, n_heads=2, d_head=8),
         dict(BASE, n_digits=3, steps=300, seed=4)]
MAYBE = 'maybe'
IMPORT = 'import'  # the label of a run made of foreign weights

QUESTIONS = {'uniform': dict(uniform=dict(count=200)), 'few': dict(uniform=dict(count=50)), 'none': {}}
KINDS = {  # analyses by their name: the request and its questions; `uploaded` asks about a set of two digits
    'evaluate': (dict(evaluate=dict(generate=True)), 'uniform'),
    'nodes': (dict(useful_nodes=dict(mode='ZERO')), 'few'),
    'capture': (dict(capture=dict(hooks=['blocks.0.attn.hook_z', 'blocks.0.hook_resid_post'])), 'uniform'),
    'cascades': (dict(cascades=dict(per_cell=20)), 'few'),
    'phases': (dict(phases=dict(window=20)), 'none'),
    'uploaded': (dict(evaluate={}), 'uploaded'),
}
LINES = ''.join(f'{a}+{b}\n' for a in range(0, 100, 7) for b in range(0, 100, 9))


def kinds_of(spec):
    """What may be asked of a run with this label."""
    without = {'phases'} if spec == IMPORT else {'uploaded'} if spec == '3' else set()
    return [kind for kind in KINDS if kind not in without]


def request_of(kind, uploaded):
    request, questions = KINDS[kind]
    return dict(request=request, question_set=dict(uploaded=dict(sha256=uploaded)) if questions == 'uploaded' else QUESTIONS[questions])


class Ledger:
    """Acknowledged runs, analyses and sets; thread-safe, written through to a file that a later process goes on with."""

    def __init__(self, path):
        self.lock = threading.Lock()
        self.runs, self.analyses, self.sets, self.kills = {}, {}, set(), 0
        if path.exists():
            for line in path.read_text().splitlines():
                if line.endswith('}'):
                    self.apply(json.loads(line))
        self.file = open(path, 'a', buffering=1)

    def note(self, **entry):
        with self.lock:
            self.apply(entry)
            self.file.write(json.dumps(entry) + '\n')

    def apply(self, entry):
        what, name = entry['what'], entry.get('name')
        if what == 'run':
            self.runs[name] = dict(spec=entry['spec'], deleted=False)
        elif what == 'analysis':
            self.analyses.setdefault(name, dict(kind=entry['kind'], spec=entry['spec'], deleted=False))  # two may have asked
        elif what == 'set':
            self.sets.add(name)
        elif what == 'deletion':  # True, False, or MAYBE while nobody has answered
            (self.runs if name in self.runs else self.analyses)[name]['deleted'] = entry['deleted']
        elif what == 'kills':
            self.kills = entry['count']

    def living(self, table):
        with self.lock:
            return [name for name, entry in getattr(self, table).items() if not entry['deleted']]


def stable(analysis):
    """What of an answer must be the same whenever it is computed."""
    return json.dumps(analysis['result'], sort_keys=True)


class Reference:
    """The bytes of undisturbed runs and analyses, by label and kind."""

    def __init__(self, path):
        self.path = path
        self.weights, self.metrics, self.answers, self.foreign = {}, {}, {}, b''

    def load(self):
        if not self.path.exists():
            return False
        stored = json.loads(self.path.read_text())
        self.weights, self.metrics, self.answers = stored['weights'], stored['metrics'], stored['answers']
        self.foreign = bytes.fromhex(stored['foreign'])
        return True

    def make(self, server, wait_until):
        """Trains and asks each once, with nobody in the way."""
        runs = {str(i): server.train(**spec) for i, spec in enumerate(SPECS)}
        self.foreign = b''.join(chunk.data for chunk in server.client.stream('RunService/DownloadCheckpoint', name=runs['0']))
        header = dict(total_bytes=len(self.foreign), operation='ADD')
        runs[IMPORT] = server.client.upload('RunService/ImportRun', [dict(header=header), dict(data=self.foreign)])['name']
        uploaded = server.client.upload('QuestionSetService/UploadQuestionSet',
                                        [dict(header=dict(n_digits=2)), dict(data=LINES.encode())])['sha256']
        for label, run in runs.items():
            self.weights[label], self.metrics[label] = fingerprint(server, run)
            for kind in kinds_of(label):
                name = server.client.call('AnalysisService/CreateAnalysis', parent=run, **request_of(kind, uploaded))['analysis']['name']
                get = lambda: server.client.call('AnalysisService/GetAnalysis', name=name)
                wait_until(f'{name} to end', lambda: get()['state'] == 'SUCCEEDED')
                self.answers[f'{label}/{kind}'] = stable(get())
        self.path.write_text(json.dumps(dict(weights=self.weights, metrics=self.metrics, answers=self.answers, foreign=self.foreign.hex())))


def fingerprint(server, run):
    """Hashes of every checkpoint, and every row of the metrics as text."""
    return {str(step): sha256 for step, sha256 in server.weights(run).items()}, json.dumps(server.metrics(run)[1])
