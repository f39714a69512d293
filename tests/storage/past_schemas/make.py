#!/usr/bin/env python3
"""Makes the database files of this folder that are not there: of each catalog schema, and of the schemas of run files
and captures. A file stays as it is once it is checked in. After a new migration: teach writers.py what its version
writes, run this, and check the new file in; past_schemas_test.cc asks for it.

usage: make.py [DIRECTORY]"""
import datetime
import hashlib
import pathlib
import struct
import sys

from writers import Catalog, RunFile, migrations, text, write_capture

OWNER = 'ada'
SPEC = {'operation': 'ADD', 'n_digits': 2, 'n_layers': 1, 'n_heads': 1, 'd_model': 16, 'd_head': 8, 'd_mlp': 16,
        'format': 'SIGNED', 'schedule': 'SCHEDULE_PAPER2', 'enrichment': 'ENRICHMENT_PAPER2', 'grokfast': False,
        'insert_mode': 'INSERT_NONE', 'init_from': '', 'steps': '4', 'batch_size': 8, 'learning_rate': 8e-05,
        'weight_decay': 0.1, 'beta1': 0.9, 'beta2': 0.98, 'epsilon': 1e-08, 'precision': 'FLOAT32', 'seed': '372001'}
MODEL = 'add_d2_l1_h1_t0.004K_s372001*'
QUESTIONS = '12+34\n56+78\n'
QUESTION_SET = hashlib.sha256(QUESTIONS.encode()).hexdigest()
UNIFORM = {'uniform': {'count': '1000'}, 'seed': '0', 'operation': 'ADD',
           'sha256': '66877dcce2d7a44fbdec7052885067e1e1831cb7b1682d1b2ed5750fde9cd721'}
UPLOADED = {'sha256': 'c249552458b242d85de6b5d3229174e9ca7b6caddd8bd066f49f6a39b3b35d17',
            'uploaded': {'sha256': QUESTION_SET}}
CAPTURED = [('tokens', [2], b'12345678'), ('blocks.0.attn.hook_z', [1, 2], b'abcdefgh')]


class Clock:
    def __init__(self):
        self._now = int(datetime.datetime(2026, 11, 25, tzinfo=datetime.timezone.utc).timestamp()) * 10**9

    def now(self):
        self._now += 1_000_000_123
        return self._now

    def step_back(self, seconds):
        self._now -= seconds * 10**9


class Server:
    """What a server of the version writes into its catalog: state changes as server/jobs/state/transitions.cc."""

    def __init__(self, catalog):
        self.catalog, self.clock = catalog, Clock()
        self._runs, self._labels, self._jobs, self._analyses, self._visibility = {}, {}, {}, {}, {}
        self._sweeps = {}

    def create(self, run, reason, labels=None, visibility='LAB', sweep='', **queue):
        """`visibility`: from version 7 on, `sweep` and `queue` from version 8 on."""
        now = self.clock.now()
        job = {'id': f'j{len(self._jobs) + 1:07}', 'run': run, 'analysis': '', 'state': 'QUEUED', 'reason': reason,
               'detail': '', 'attempt': 1, 'segment': 0, 'slot': '', 'create_time': now, 'start_time': None,
               'end_time': None, 'owner': OWNER, 'sweep': sweep, 'expected_seconds': 1.5,
               'expected_end_time': now + 10**9, **queue}
        self._runs[run] = {
            'id': run, 'model_name': MODEL, 'owner': OWNER, 'state': 'QUEUED', 'state_reason': reason,
            'state_detail': '', 'imported': 0, 'mixed_hardware': 0, 'attempt': 1, 'segment': 0,
            'job': 'jobs/' + job['id'], 'steps_done': 0, 'loss': None, 'heldout_loss': None, 'create_time': now,
            'start_time': None, 'end_time': None, 'delete_time': None, 'spec': text(SPEC)}
        self._labels[run] = labels or {}
        self._visibility[run] = visibility
        self._sweeps[run] = sweep
        self._jobs[run, ''] = job
        self._put(run)
        self.catalog.insert_job(job)
        self._tell(run, '', now, log_entries=0)
        request_id = f'{len(self._jobs):08}-0000-4000-8000-000000000000'
        self.catalog.insert_request(request_id, '0' * 64, f'runs/{run}', OWNER, now)
        self.catalog.append_audit(OWNER, '/sumscope.v1.RunService/CreateRun', f'runs/{run}', 'OK', '', request_id, now)

    def change(self, run, state, analysis='', reason='', detail='', slot='cpu0', lost=False, log_entries=None):
        now, job = self.clock.now(), self._jobs[run, analysis]
        if state == 'STARTING':
            job.update(segment=job['segment'] + 1, start_time=now)
        job.update(state=state, reason=reason, detail=detail, attempt=job['attempt'] + lost,
                   slot=slot if state in ('STARTING', 'RUNNING', 'CANCELLING') else '',
                   end_time=now if state in ('SUCCEEDED', 'FAILED', 'CANCELLED') else None)
        self.catalog.update_job(job)
        subject = self._analyses[run, analysis] if analysis else self._runs[run]
        subject.update(state=state, state_reason=reason, state_detail=detail, end_time=job['end_time'])
        if analysis:
            self.catalog.put_analysis(run, subject)
        else:
            subject.update(segment=job['segment'], attempt=subject['attempt'] + lost)
            if state == 'RUNNING' and subject['start_time'] is None:
                subject['start_time'] = now
            self._put(run)
        self._tell(run, analysis, now, log_entries)

    def start(self, run, analysis='', slot='cpu0'):
        for state in ('STARTING', 'RUNNING'):
            self.change(run, state, analysis, slot=slot, log_entries=0 if analysis == '' else None)

    def checkpoint(self, run, steps, loss, heldout_loss):
        self._runs[run].update(steps_done=steps, loss=loss, heldout_loss=heldout_loss)
        self.catalog.put_last_checkpoint(run, steps)
        self._put(run)

    def delete(self, run):
        self._runs[run]['delete_time'] = self.clock.now()
        self._put(run)

    def import_run(self, run):
        """One transaction writes run and event; there is no job."""
        now = self.clock.now()
        self._runs[run] = dict(next(iter(self._runs.values())), id=run, state='SUCCEEDED', state_reason='', imported=1,
                               attempt=1, segment=0, job='', steps_done=0, loss=None, heldout_loss=None,
                               create_time=now, start_time=None, end_time=now, delete_time=None)
        self._labels[run] = {}
        self._visibility[run] = 'LAB'
        self._put(run)
        self._tell(run, None, now, log_entries=1)

    def ask(self, run, analysis, kind, step, question_set, reason='RESOURCES'):
        now = self.clock.now()
        job = {'id': f'j{len(self._jobs) + 1:07}', 'run': run, 'analysis': analysis, 'state': 'QUEUED',
               'reason': reason, 'detail': '', 'attempt': 1, 'segment': 0, 'slot': '', 'create_time': now,
               'start_time': None, 'end_time': None, 'owner': OWNER}
        self._analyses[run, analysis] = {
            'id': analysis, 'analysis': kind, 'checkpoint': f'runs/{run}/checkpoints/{step}', 'state': 'QUEUED',
            'state_reason': reason, 'state_detail': '', 'progress': 0.0, 'create_time': now, 'end_time': None,
            'owner': OWNER, 'key': hashlib.sha256(f'{run} {analysis}'.encode()).hexdigest(), 'job': 'jobs/' + job['id'],
            'question_set': text(question_set), 'provenance': None}
        self._jobs[run, analysis] = job
        self.catalog.put_analysis(run, self._analyses[run, analysis])
        self.catalog.insert_job(job)
        self._tell(run, analysis, now)

    def order(self, run, analysis, waits_for, request):
        """From version 8 on: an analysis that is asked waits for a run."""
        stored = self._analyses[run, analysis]
        self.catalog.put_dependency(self._jobs[run, analysis]['id'], waits_for)
        self.catalog.put_order(self._jobs[run, analysis]['id'],
                               {'name': f'runs/{run}/analyses/{analysis}', 'analysis': stored['analysis'],
                                'request': request, 'question_set': UNIFORM, 'state': 'QUEUED', 'owner': OWNER,
                                'key': stored['key'], 'job': stored['job']})

    def count(self, run, analysis, done):
        """From version 9 on: what an unfinished analysis has counted so far."""
        self.catalog.put_partial_result(self._jobs[run, analysis]['id'], 'of this', done, b'counted\0')

    def answer(self, run, analysis, kind, step, question_set):
        self.ask(run, analysis, kind, step, question_set)
        self.start(run, analysis, slot='cpu1')
        self.change(run, 'SUCCEEDED', analysis)

    def stored(self, run, analysis):
        return self._analyses[run, analysis]

    def described(self, run):
        return self._runs[run], self._labels[run]

    def _put(self, run):
        self.catalog.put_run(self._runs[run], self._labels[run], self._visibility[run], self._sweeps.get(run, ''))

    def _tell(self, run, analysis, now, log_entries=None):
        job = self._jobs.get((run, analysis))
        subject = self._runs[run] if job is None or analysis == '' else job
        self.catalog.append_event(
            {'run': run, 'job': job['id'] if job else '', 'time': now,
             'state': job['state'] if job else 'SUCCEEDED', 'reason': job['reason'] if job else '',
             'detail': job['detail'] if job else '', 'attempt': subject['attempt'],
             'segment': job['segment'] if job else 0, 'of_training': int(analysis in ('', None))}, log_entries)


def tell_of_the_queue(server):
    """A sweep of the run that comes next, an analysis that waits for another run, usage and a rate."""
    now = server.clock.now()
    definition = {'name': 'sweeps/swept', 'model_name': MODEL, 'spec': SPEC,
                  'fields': [{'field': 'seed', 'values': ['1']}],
                  'then': [{'request': {'evaluate': {}}, 'question_set': UNIFORM}], 'max_parallel': 2, 'owner': OWNER,
                  'create_time': iso(now), 'visibility': 'LAB', 'priority': 'LOW', 'runs': 1}
    server.catalog.insert_sweep('swept', OWNER, definition, now)
    server.order('succeeded', 'waits', 'running', {'evaluate': {}})
    server.count('succeeded', 'waits', 512)
    server.catalog.put_usage(OWNER, 12.5, server.clock.now())
    server.catalog.put_rate('train', 'n = 2', 0.25, server.clock.now())


def tell_story(catalog):
    """Runs in every state, a deleted one and one that was removed, answers of several kinds, history that was pruned,
    and a clock that steps back before the last run."""
    server = Server(catalog)
    if catalog.version >= 7:
        now = server.clock.now()
        catalog.insert_user(OWNER, 'ADMIN', [1000, 1001], [], now)
        catalog.insert_user('bob', 'MEMBER', [], ['bob.example'], now)
        catalog.insert_user('eve', 'VIEWER', [1002], [], now, disable_time=now + 1)
        catalog.insert_token('t0000001', 'bob', 'sst_t0000001_secret', 'laptop', now, now + 90 * 86400 * 10**9)
    server.create('purged', 'RESOURCES')
    server.change('purged', 'CANCELLED', reason='CANCEL_REQUESTED')

    server.create('succeeded', 'RESOURCES', {'purpose': 'paper', 'seed': '372001'})
    server.start('succeeded')
    server.checkpoint('succeeded', 4, 0.25, 0.5)
    server.change('succeeded', 'SUCCEEDED', log_entries=3)
    server.answer('succeeded', 'evaluated', 'evaluate', 4, UNIFORM)
    catalog.put_headline('succeeded', 4, 'evaluated', accuracy=(0.75, 1000, 0))
    if catalog.version >= 2:
        server.answer('succeeded', 'mapped', 'useful_nodes', 4, UNIFORM)
        catalog.put_facts('succeeded', 4, 'mapped', [((7, 0, 0), 'Algo:A2.SC'), ((7, 0, None), 'Impact:A2')],
                          server.clock.now())
        server.answer('succeeded', 'captured', 'capture', 4, UNIFORM)
        catalog.insert_question_set(QUESTION_SET, (2, 2, 2, 0, 0), OWNER, server.clock.now())
        server.answer('succeeded', 'uploaded', 'evaluate', 4, UPLOADED)
        server.answer('succeeded', 'looked', 'cascades', 4, UNIFORM)
    catalog.put_headline('succeeded', 4, 'looked', look_back=(2, 1, 0, 500))
    server.ask('succeeded', 'waits', 'evaluate', 4, UNIFORM, reason='PRIORITY')

    server.create('deleted', 'PRIORITY')
    server.start('deleted')
    server.checkpoint('deleted', 3, 9.5, 8.5)
    if catalog.version >= 2:
        server.answer('deleted', 'mapped', 'useful_nodes', 3, UNIFORM)
        catalog.put_facts('deleted', 3, 'mapped', [((7, 0, 0), 'Algo:A2.SC')], server.clock.now())
    server.change('deleted', 'FAILED', reason='NON_FINITE_LOSS', detail='at step 3')
    server.delete('deleted')

    server.create('running', 'RESOURCES', {'purpose': 'paper'})
    server.start('running', slot='cpu0')
    server.checkpoint('running', 2, 1.5, 1.25)
    server.answer('running', 'early', 'evaluate', 2, UNIFORM)
    catalog.put_headline('running', 2, 'early', accuracy=(0.5, 1000, 0))
    server.create('starting', 'RESOURCES')
    server.change('starting', 'STARTING', slot='cpu1', log_entries=0)
    server.create('cancelling', 'RESOURCES')
    server.start('cancelling', slot='cpu2')
    server.change('cancelling', 'CANCELLING', reason='CANCEL_REQUESTED', slot='cpu2')
    server.create('cancelled', 'PRIORITY', visibility='PRIVATE')
    server.change('cancelled', 'CANCELLED', reason='CANCEL_REQUESTED')
    if catalog.version >= 8:
        tell_of_the_queue(server)
    server.create('lost', 'RESOURCES', sweep='swept' if catalog.version >= 8 else '', priority='LOW', held_by='bob',
                  memory_bytes=2**30, device_seconds=2.5)
    server.start('lost', slot='cpu3')
    server.change('lost', 'QUEUED', reason='WORKER_LOST', detail='exited with status 1', lost=True)

    if catalog.version >= 7:
        catalog.append_audit('eve', '/sumscope.v1.RunService/DeleteRun', 'runs/lost', 'PERMISSION_DENIED',
                             'METHOD_DENIED', '', server.clock.now())

    # What was forgotten and may still have bytes.
    catalog.remove_run('purged')
    catalog.put_removal('succeeded', 'removed', '')
    catalog.put_removal('', '', hashlib.sha256(b'00+00\n').hexdigest())
    catalog.prune_history(server.described('succeeded')[0]['start_time'])
    server.clock.step_back(3600)
    server.import_run('imported')
    return server


def iso(nanos):
    when = datetime.datetime.fromtimestamp(nanos // 10**9, datetime.timezone.utc)
    return f'{when:%Y-%m-%dT%H:%M:%S}.{nanos % 10**9:09}Z'


def description(server, run):
    """sumscope.v1.Run as the file has it."""
    row, labels = server.described(run)
    described = {'name': f'runs/{run}', 'model_name': row['model_name'], 'spec': SPEC, 'labels': labels,
                 'owner': row['owner'], 'state': row['state'], 'create_time': iso(row['create_time']),
                 'start_time': iso(row['start_time'])}
    if row['end_time'] is not None:
        described['end_time'] = iso(row['end_time'])
    segment = {'segment': 1, 'attempt': 1, 'host': 'box', 'cpu_model': 'CPU', 'isa_level': 'AVX2', 'device': 'cpu',
               'threads': 1, 'torch_version': '2.11.0', 'sumscope_version': '0.1.0', 'git_hash': '0123456789ab',
               'start_time': iso(row['start_time'])}
    return dict(described, steps_done=str(row['steps_done']), loss=row['loss'], heldout_loss=row['heldout_loss'],
                attempt=1, segment=1, job=row['job'], segments=[segment])


def weights(step):
    return [('embed.W_E', [15, 4], struct.pack('<60f', *[step + i / 64 for i in range(60)])),
            ('unembed.b_U', [15], struct.pack('<15f', *range(15)))]


def write_run(path, server, run, steps, sealed):
    """The file of a run that has done `steps` steps; of one that trains on, in WAL mode and with half of a resume
    state."""
    file = RunFile(path, 'delete' if sealed else 'wal')
    now = server.described(run)[0]['start_time']
    file.append_metrics('deterministic', ['loss', 'digit_loss.A0'], [[1 / (step + 1), 0.5] for step in range(steps)])
    file.append_metrics('timing', ['steps_per_second'], [[100.0 + step] for step in range(steps)])
    file.append_log(now, 'INFO', 'training from step 0 to 4 on cpu, 1 threads, AVX2')
    file.put_tensor_set('weights', 0, weights(0), now, 2.75)
    file.append_log(now + 1, 'INFO', 'checkpoint at step 0', 0)
    file.put_tensor_set('weights', steps, weights(steps), now + 2, server.described(run)[0]['heldout_loss'])
    file.append_log(now + 2, 'INFO', f'checkpoint at step {steps}', steps)
    file.put_tensor_set('resume_state', steps, weights(steps), now + 3, finished=sealed)
    if sealed:
        evaluate = {'evaluate': {'generate': False, 'worst_count': 20}}
        evaluated = {'evaluate': {'mode': 'forced', 'exact': {'count': 1000, 'correct': 750, 'rate': 0.75}}}
        tag = {'node': 'P7L0H0', 'tag': 'Algo:A2.SC'}
        for analysis, request, result in (
                ('evaluated', evaluate, evaluated), ('mapped', {'useful_nodes': {}}, {'useful_nodes': {'tags': [tag]}}),
                ('captured', {'capture': {'hooks': [name for name, _, _ in CAPTURED[1:]]}},
                 {'capture': {'tensors': [{'name': name} for name, _, _ in CAPTURED]}}),
                ('uploaded', evaluate, evaluated), ('looked', {'cascades': {}}, {'cascades': {}}),
                ('waits', evaluate, None)):
            file.put_analysis(server.stored(run, analysis), request, result)
    file.close(description(server, run))


def main(directory):
    directory.mkdir(parents=True, exist_ok=True)

    def missing(name):
        path = directory / name
        return None if path.exists() else path

    for version in range(1, len(migrations('catalog')) + 1):
        if path := missing(f'catalog_{version}.db'):
            catalog = Catalog(path, version)
            tell_story(catalog)
            catalog.close()
    # Their first versions are the present ones; the runs are those of the newest catalog.
    catalog = Catalog(':memory:', len(migrations('catalog')))
    server = tell_story(catalog)
    if path := missing('run_1.db'):
        write_run(path, server, 'succeeded', steps=4, sealed=True)
    if path := missing('run_1_of_a_running_run.db'):
        write_run(path, server, 'running', steps=2, sealed=False)
    if path := missing('capture_1.db'):
        write_capture(path, CAPTURED)
    if path := missing('question_set.txt'):
        path.write_text(QUESTIONS)


if __name__ == '__main__':
    main(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent)
