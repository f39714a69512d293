"""Private runs: to another member of the lab everything about one answers with the very bytes of what is absent."""

import hashlib
import unittest
import uuid

from harness.models import TINY_SPEC
from harness.raw_calls import answer_of, methods, path_of
from harness.waiting import wait_until
from private_case import (
    ABSENT, EVALUATE, FOUND, LINES, LONG, NAMELESS, NEEDS, SECRET, SEEDS, TAGS, TOLD_OF_HIDDEN_JOBS, PrivateCase)


class PrivateTest(PrivateCase):
    def test_EveryMethodGivenAPrivateRunAnswersAsIfThereWereNone(self):
        everything = self.everything_of
        open_one = everything(self.ben, 'open-run', 'LAB', b'1+2\n', labels=dict(project='open'))
        self.ended_sweep(self.ben, 'LAB')
        before = self.lists()
        self.assertIn(b'open-run', b''.join(before['RunService/ListRuns', str(dict(page_size=1))]))
        self.assertEqual(len(before['SweepService/ListSweeps', str(dict(page_size=1))]), 2)
        secret = everything(self.ada, SECRET, 'PRIVATE', LINES, labels=dict(project='secret'))
        self.assertEqual(self.lists(), before)
        intact = self.all_that_is(secret)
        self.assertEqual(len(intact[-1]['facts']), len(TAGS))

        sha = secret['question_set'].split('/')[1]
        other_sha = hashlib.sha256(b'absent').hexdigest()
        replacements = ((SECRET, ABSENT), (SECRET[:-3], ABSENT[:-3]), (sha, other_sha), *self.absent_ids(secret))
        absent = {kind: self.replaced(name, replacements) for kind, name in secret.items()}
        walked = 0
        for method in methods(self.ben):
            for kind, name in secret.items():
                with self.subTest(path_of(method), kind=kind):
                    fields = self.named(method, name)
                    if fields is None:
                        self.assertIn(method.name, NAMELESS, 'a method whose privacy no test knows')
                        continue
                    answer = self.assert_same_as_absent(method, fields, self.named(method, absent[kind]), replacements)
                    if kind in FOUND.get(method.containing_service.name, ()):
                        self.assertEqual(answer.code, 'NOT_FOUND')
                    walked += 1
        self.assertGreater(walked, 300)

        with self.subTest('a question set of another member in a question of one\'s own'):
            create = self.ben.method('sumscope.v1.AnalysisService/CreateAnalysis')
            ask = [dict(parent=open_one['run'], request=EVALUATE, question_set=dict(uploaded=dict(sha256=one)))
                   for one in (sha, other_sha)]
            answer = self.assert_same_as_absent(create, *ask, replacements)
            self.assertEqual(answer.code, 'NOT_FOUND')
        with self.subTest('weights to begin with'):
            create = self.ben.method('sumscope.v1.RunService/CreateRun')
            for place in ('', '@20'):
                spec = [dict(TINY_SPEC, insert_mode='INSERT_INIT', init_from=f'{run}{place}') for run in (SECRET, ABSENT)]
                self.assert_same_as_absent(create, dict(spec=spec[0]), dict(spec=spec[1]), replacements)
                self.assert_new_one_finds_nothing(create, [dict(spec=one) for one in spec], replacements)
        with self.subTest('a run to wait for'):
            for kind in ('run', 'prefix', 'member'):
                after = [dict(spec=TINY_SPEC, after=[name]) for name in (secret[kind], absent[kind])]
                self.assert_new_one_finds_nothing(create, after, replacements)
        with self.subTest('what a sweep begins with, and what is asked of it'):
            create = self.ben.method('sumscope.v1.SweepService/CreateSweep')
            base = [dict(TINY_SPEC, insert_mode='INSERT_INIT', init_from=run) for run in (secret['run'], absent['run'])]
            self.assert_new_one_finds_nothing(create, [dict(spec=one, fields=SEEDS) for one in base], replacements)
            then = [[dict(request=EVALUATE, question_set=dict(uploaded=dict(sha256=one)))] for one in (sha, other_sha)]
            self.assert_new_one_finds_nothing(
                create, [dict(spec=TINY_SPEC, fields=SEEDS, then=one) for one in then], replacements)
            values = [[dict(field='init_from', values=[run])] for run in (SECRET, ABSENT)]
            self.assert_same_as_absent(create, *(dict(spec=base[1], fields=one, request_id=str(uuid.uuid4()))
                                                 for one in values), replacements)
        with self.subTest('a sweep in a filter'):
            runs = self.ben.method('sumscope.v1.RunService/ListRuns')
            for name in ('sweep', 'sweep_prefix'):
                self.assert_same_as_absent(runs, *(dict(filter=f'sweep = "{one[name]}*"') for one in (secret, absent)), ())
        with self.subTest('a viewer'):
            vic = self.lab.client('vic')
            for path, kind in (('RunService/GetRun', 'run'), ('SweepService/GetSweep', 'sweep'),
                               ('SweepService/WatchSweep', 'sweep'), ('QueueService/ExplainJob', 'job')):
                hidden, missing = (answer_of(vic, vic.method(f'sumscope.v1.{path}'), [dict(name=names[kind])])
                                   for names in (secret, absent))
                self.assertEqual(hidden.bytes(*replacements), missing.bytes())
                self.assertEqual(missing.code, 'NOT_FOUND')

        self.assertEqual(self.lists(), before)
        self.assertEqual(self.all_that_is(secret), intact)
        with self.subTest('the same questions uploaded by another are theirs alone'):
            mine = self.upload(self.ben, LINES)
            self.assertEqual(mine['owner'].removeprefix('users/'), 'ben')
            self.assertNotEqual(mine['create_time'], intact[3]['create_time'])
            self.assertEqual(self.ada.call('QuestionSetService/GetQuestionSet', name=secret['question_set']), intact[3])
        with self.subTest('the admins see it all'):
            self.assertEqual(self.lab.server.client.call('RunService/GetRun', name=secret['run'])['visibility'], 'PRIVATE')
            self.assertEqual(len(self.lab.server.client.call('RunService/ListRuns')['runs']), 8)
            self.assertEqual(len(self.lab.server.client.call('SweepService/ListSweeps')['sweeps']), 3)

    def all_that_is(self, secret):
        """What its owner reads of it."""
        return [self.ada.call('RunService/GetRun', name=secret['run']),
                self.ada.call('AnalysisService/GetAnalysis', name=secret['analysis']),
                self.ada.call('CaptureService/GetCapture', name=secret['capture']),
                self.ada.call('QuestionSetService/GetQuestionSet', name=secret['question_set']),
                self.ada.call('RunService/GetRun', name=secret['member']),
                self.ada.call('SweepService/GetSweep', name=secret['sweep']),
                *(self.ada.call('QueueService/ExplainJob', name=secret[kind])['job']
                  for kind in ('job', 'analysis_job', 'member_job')),
                self.ada.call('FactService/ListFacts', filter=f'run.name = "{SECRET}"')]

    @staticmethod
    def absent_ids(secret):
        """Of each id that the server made up one of its length that is nobody's, and of the sweep's prefix."""
        ids = [name.split('/')[1] for kind, name in secret.items() if kind in FOUND['SweepService'] or
               kind in ('job', 'analysis_job', 'member', 'member_job')]
        ids.sort(key=len, reverse=True)
        return [(one, one[0] + f'z{number}' + 'z' * (len(one) - 3)) for number, one in enumerate(ids, 2)]

    def assert_new_one_finds_nothing(self, method, asked, replacements):
        """Of what is to be made of another's private things, or of absent ones; `asked` is both."""
        for rest in (dict(validate_only=True), {}):
            hidden, missing = (dict(one, request_id=str(uuid.uuid4()), **rest) for one in asked)
            answer = self.assert_same_as_absent(method, hidden, missing, replacements)
            self.assertEqual(answer.code, 'NOT_FOUND', answer)

    @staticmethod
    def replaced(name, replacements):
        for old, new in replacements:
            name = name.replace(old, new)
        return name

    @staticmethod
    def named(method, name):
        """A request that names a resource, or None where the method names none."""
        fields = method.input_type.fields_by_name
        needs = dict(NEEDS.get(method.name, {}))
        if 'name' in fields:
            return dict(needs, name=name)
        if 'parent' in fields:
            return dict(needs, parent=name)
        for holder in ('run', 'user'):
            if holder in fields and fields[holder].message_type and method.name.startswith('Update'):
                return dict(needs, **{holder: dict(name=name)})
        return None

    def test_EveryCommandGivenAPrivateRunSaysWhatItSaysOfNone(self):
        self.create(self.ben, 'open-run')
        secret = self.everything_of(self.ada, SECRET, 'PRIVATE', LINES)
        analysis, capture = (secret[kind].split('/')[-1] for kind in ('analysis', 'capture'))
        environment = self.lab.environment('ben')
        out = self.root / 'out'
        absent = [
            'runs show {}', 'runs watch {}', 'runs logs {}', 'runs metrics {}', 'runs cancel {}', 'runs resume {}',
            'runs retry {}', 'runs delete {}', 'runs undelete {}', 'runs label {} a=b', 'runs checkpoints {}',
            'runs set-visibility {} lab', f'runs export {{}} --out {out}', f'runs export {{}}@20 --out {out}',
            'runs compare {} open-run', 'runs compare open-run {}', 'probe {} evaluate --questions uniform:20',
            'probe {}@20 attention --questions uniform:20', 'ask {} 12+34', 'capture {} --hooks blocks.* --questions uniform:5',
            'analyses list {}', 'captures list {}', f'analyses show {{}}/{analysis}', f'captures show {{}}/{capture}',
            f'captures export {{}}/{capture} --out {out}', f'analyses delete {{}}/{analysis}',
            'train add_d2_l1_h1 --dry-run --set insert_mode=init,init_from={}', 'explain {}', 'runs hold {}',
            'runs release {}', 'runs priority low {}', 'train add_d2_l1_h1 --dry-run --after {}',
            'sweep add_d2_l1_h1 --dry-run --seeds 1..2 --set insert_mode=init,init_from={}']
        empty = ['facts run.name="{}"', 'runs list --filter name="{}"', 'runs list --filter name="{}" -o json']
        for command in absent + empty:
            for cut in (0, 3):
                with self.subTest(command, cut=cut):
                    said = []
                    for run in (SECRET, ABSENT):
                        arguments = [word.format(run[:len(run) - cut]) for word in command.split()]
                        result = self.cli(None, *arguments, code=3 if command in absent else 0, env=environment)
                        said.append(f'{result!r}'.replace(SECRET[:-3], ABSENT[:-3]).replace(SECRET[-3:], ABSENT[-3:]))
                    self.assertEqual(said[0], said[1])
                    self.assertFalse(out.exists())
        ids = self.absent_ids(secret)
        for command in ('sweeps show {}', 'sweeps watch {}', 'sweeps cancel {}', 'sweeps retry {}', 'sweeps delete {}'):
            for kind in FOUND['SweepService']:
                self.assert_said_of_absent(command, secret[kind], ids, environment)
        for command in ('explain {}', 'runs hold {}', 'runs release {}', 'runs priority low {}'):
            for kind in ('job', 'analysis', 'analysis_job', 'member', 'member_job'):
                self.assert_said_of_absent(command, secret[kind], [*ids, (SECRET, ABSENT)], environment)
        for command in ('sweeps list', 'queue', 'devices'):
            for output in ('table', 'json'):
                text = self.cli(None, *command.split(), '-o', output, env=environment).text
                for name in (SECRET, *(one for one, _ in ids)):
                    self.assertNotIn(name, text, command)
        with self.subTest('@last sweep'):
            self.cli(None, 'sweeps', 'show', '@last', code=3, env=environment)
        with self.subTest('@last'):
            self.assertIn('open-run', self.cli(None, 'runs', 'show', '@last', env=environment).text)
        with self.subTest('a prefix that only the private run makes ambiguous'):
            self.create(self.ben, f'{SECRET[:-3]}-z9')
            self.assertIn('-z9', self.cli(None, 'runs', 'show', SECRET[:-3], env=environment).text)
        with self.subTest('completion'):
            self.assertEqual(self.cli(None, 'complete', '--', 'runs', 'show', SECRET[:-1], env=environment).text, '')
            self.assertIn('open-run', self.cli(None, 'complete', '--', 'runs', 'show', 'open', env=environment).text)

    def assert_said_of_absent(self, command, name, replacements, environment):
        with self.subTest(command, name=name):
            said = []
            for one in (name, self.replaced(name, replacements)):
                for word in (one, one.split('/', 1)[1]):  # also without its collection
                    result = self.cli(None, *command.format(word).split(), code=3, env=environment)
                    said.append(self.replaced(f'{result!r}', replacements))
            self.assertEqual(said[:2], said[2:])

    def test_WhatIsMadeOfAPrivateRunIsPrivate(self):
        run = self.create(self.ada, SECRET, 'PRIVATE', spec=LONG)
        self.ada.call('RunService/CancelRun', name=run)
        wait_until('its end', lambda: self.ada.call('RunService/GetRun', name=run)['state'] == 'CANCELLED')
        again = self.ada.call('RunService/RetryRun', name=run, request_id=str(uuid.uuid4()))
        self.assertEqual(again['visibility'], 'PRIVATE')
        self.ada.call('RunService/CancelRun', name=again['name'])
        self.assertEqual(self.ben.call('RunService/ListRuns')['runs'], [])

    # Of a run that becomes private the watch of another member ends, with what an absent run would say.
    def test_WatchOfARunThatBecomesPrivateEnds(self):
        run = self.create(self.ada, SECRET, spec=LONG)
        stream = self.ben.stream('RunService/WatchRun', name=run)
        next(stream)
        own = self.ada.stream('RunService/WatchRun', name=run)
        next(own)
        wait_until('steps', lambda: int(self.ada.call('RunService/GetRun', name=run)['steps_done']) > 0)
        self.ada.call('RunService/UpdateRun', run=dict(name=run, visibility='PRIVATE'), update_mask='visibility')
        watch = self.ben.method('sumscope.v1.RunService/WatchRun')
        ended = self.rest_of(stream)
        absent = answer_of(self.ben, watch, [dict(name=f'runs/{ABSENT}')])
        self.assertEqual(ended, (absent.code, absent.details.replace(ABSENT, SECRET)))
        self.assertTrue(own.is_active())
        own.cancel()
        self.ada.call('RunService/UpdateRun', run=dict(name=run, visibility='LAB'), update_mask='visibility')
        self.assertEqual(self.ben.call('RunService/GetRun', name=run)['visibility'], 'LAB')

    @staticmethod
    def rest_of(stream):
        try:
            for _ in stream:
                pass
        except Exception as error:  # noqa: BLE001
            return error.code().name, error.details()
        return 'OK', ''

    # What others see of the slot and of their own waiting runs tells nothing of the private run that is in the way.
    def test_PrivateRunAtWorkIsAnotherUsersJobToOthers(self):
        run = self.create(self.ada, SECRET, 'PRIVATE', spec=LONG)
        self.create(self.ada, 'secret-a2', 'PRIVATE', spec=LONG)
        wait_until('steps', lambda: int(self.ada.call('RunService/GetRun', name=run)['steps_done']) > 0)
        waiting = self.create(self.ben, 'open-run')
        names = dict(self.names_of_sweep(self.ada, self.sweep(self.ada, 'PRIVATE', LONG)), run=run, prefix=run[:-1],
                     next='runs/secret-a2')
        names.update(job=self.ada.call('RunService/GetRun', name=run)['job'],
                     next_job=self.ada.call('RunService/GetRun', name='runs/secret-a2')['job'])
        ids = [name.split('/')[1] for name in names.values()]
        for path, fields in (('SystemService/GetServerInfo', {}), ('RunService/GetRun', dict(name=waiting)),
                             ('RunService/ListRuns', {}), ('QueueService/ListJobs', {}),
                             ('QueueService/ExplainJob', dict(name=waiting)), ('DeviceService/ListDevices', {}),
                             ('DeviceService/WatchDevices', {}), ('SweepService/ListSweeps', {})):
            method = self.ben.method(f'sumscope.v1.{path}')
            answer = answer_of(self.ben, method, [fields], timeout=5)
            self.assertEqual(answer.code, 'DEADLINE_EXCEEDED' if method.name == 'WatchDevices' else 'OK')
            self.assertTrue(answer.messages)
            told = self.told(method, answer)
            for text in ('secret', 'ada', *ids):
                self.assertNotIn(text.encode(), told, path)
        self.assertEqual(self.ben.call('SweepService/ListSweeps')['sweeps'], [])
        self.assert_jobs_of_others_are_hidden(5, waiting)
        self.assert_live_jobs_are_as_absent(names)
        self.assertEqual([job['held_by'] + job['priority'] for job in self.ada.call('QueueService/ListJobs')['jobs']
                          if not job['another_users']], ['NORMAL'] * 5)
        self.assertEqual(self.ada.call('SweepService/GetSweep', name=names['sweep'])['state'], 'SWEEP_RUNNING')
        self.assertIn(SECRET.encode(), answer_of(
            self.ada, self.ada.method('sumscope.v1.SystemService/GetServerInfo'), [{}]).bytes())
        info = self.cli(None, 'server', 'info', env=self.lab.environment('ben')).text
        self.assertNotIn('secret', info)

    def assert_jobs_of_others_are_hidden(self, count, ours):
        method = self.ben.method('sumscope.v1.QueueService/ListJobs')
        queue = self.ben.message(method.output_type.full_name).FromString(answer_of(self.ben, method, [{}]).messages[0])
        self.assertEqual([job.run for job in queue.jobs if not job.another_users], [ours])
        self.assertEqual((len(queue.jobs), queue.running, queue.waiting), (count, 1, count - 1))
        for job in queue.jobs:
            if job.another_users:
                self.assertLessEqual({field.name for field, _ in job.ListFields()}, TOLD_OF_HIDDEN_JOBS)
        counted = {share.user: share.running + share.waiting for share in queue.shares}
        self.assertEqual(counted.get('users/ada', 0), 0, 'how many jobs another has')
        devices = self.ben.call('DeviceService/ListDevices')['devices']
        at_work = [slot['job'] for device in devices for slot in device['slots'] if 'job' in slot]
        self.assertEqual([job['another_users'] for job in at_work], [True])

    def assert_live_jobs_are_as_absent(self, names):
        """What may not be done to a job tells nobody else whether it waits, runs or is there at all."""
        ids = sorted({name.split('/')[1] for name in names.values()}, key=len, reverse=True)
        replacements = [(one, f'{one[0]}z{number}'.ljust(len(one), 'z')) for number, one in enumerate(ids)]
        for method in methods(self.ben):
            service = method.containing_service.name
            if service not in FOUND or self.named(method, '') is None:
                continue
            for kind, name in names.items():
                with self.subTest(path_of(method), kind=kind):
                    answer = self.assert_same_as_absent(
                        method, self.named(method, name), self.named(method, self.replaced(name, replacements)), replacements)
                    if kind.startswith('sweep') == (service == 'SweepService'):
                        self.assertEqual(answer.code, 'NOT_FOUND')

    # A run that its owner shows to the lab does not tell of the private sweep that it is a member of.
    def test_RunOfTheLabTellsNothingOfItsPrivateSweep(self):
        sweep = self.sweep(self.ada, 'PRIVATE', LONG)
        run = self.members(self.ada, sweep)[0]['name']
        self.ada.call('RunService/UpdateRun', run=dict(name=run, visibility='LAB'), update_mask='visibility')
        self.assertEqual(self.ada.call('RunService/GetRun', name=run)['sweep'], sweep)
        for path, fields in (('RunService/GetRun', dict(name=run)), ('RunService/ListRuns', {}),
                             ('QueueService/ListJobs', {}), ('QueueService/ExplainJob', dict(name=run)),
                             ('DeviceService/ListDevices', {}), ('SweepService/ListSweeps', {})):
            answer = answer_of(self.ben, self.ben.method(f'sumscope.v1.{path}'), [fields])
            self.assertEqual(answer.code, 'OK')
            self.assertNotIn(sweep.split('/')[1].encode(), answer.bytes(), path)
        for found in (f'sweep = "{sweep}"', 'sweep:*', f'sweep:"{sweep.split("/")[1]}"'):
            self.assertFalse(self.ben.call('RunService/ListRuns', filter=found)['runs'], found)
        self.assertEqual(len(self.ada.call('RunService/ListRuns', filter=f'sweep = "{sweep}"')['runs']), len(self.members(self.ada, sweep)))
        self.assertEqual([each['run'] for each in self.ben.call('QueueService/ListJobs')['jobs'] if each['run']], [run])

    # Who waits for a run that becomes private is told that they wait for something, not for what or whose.
    def test_RunThatWaitsForWhatBecomesPrivateDoesNotNameIt(self):
        run = self.create(self.ada, SECRET, spec=LONG)
        job = self.ada.call('RunService/GetRun', name=run)['job'].split('/')[1]
        waiting = self.create(self.ben, 'open-run', after=[run])
        explained = self.ben.call('QueueService/ExplainJob', name=waiting)
        self.assertEqual(explained['job']['after'], [run])
        self.ada.call('RunService/UpdateRun', run=dict(name=run, visibility='PRIVATE'), update_mask='visibility')
        for path, fields in (('RunService/GetRun', dict(name=waiting)), ('RunService/ListRuns', {}),
                             ('QueueService/ListJobs', {}), ('QueueService/ExplainJob', dict(name=waiting)),
                             ('DeviceService/ListDevices', {})):
            method = self.ben.method(f'sumscope.v1.{path}')
            told = self.told(method, answer_of(self.ben, method, [fields]))
            for text in (SECRET, job, 'ada'):
                self.assertNotIn(text.encode(), told, path)
        self.assertEqual(self.ben.call('QueueService/ExplainJob', name=waiting)['job']['reason'], 'DEPENDENCY')


if __name__ == '__main__':
    unittest.main(verbosity=2)
