"""Facts: what analyses found about nodes, over runs; the authors' files in and out; gone with what proved them."""

import json
import unittest

from harness.case import IntegrationTest
from harness.models import TINY_SET
from harness.programs import ORACLES

ADD = str(ORACLES / 'add_d5_l1_h3' / 'model.safetensors')
MIX = str(ORACLES / 'mix_d5_l2_h3_early' / 'model.safetensors')


def entry(position, layer, is_head, num, *tags):
    return dict(position=position, layer=layer, is_head=is_head, num=num, tags=list(tags))


# As the authors write them: tags in the order in which they were found, nodes by position, layer, heads before MLPs.
BEHAVIORS = [
    entry(8, 0, True, 1, 'Fail%:8', 'Impact:A43', 'Math.Add:S12', 'Attn:P2=52', 'Attn:P7=47'),
    entry(9, 0, True, 0, 'Fail%:31', 'Impact:A5', 'PCA:A2'),
    entry(9, 0, True, 2, 'Fail%:0', 'Impact:A0', 'Attn:P10=100'),
    entry(10, 0, False, 0, 'Fail%:99', 'Impact:A5432'),
]
FEATURES = [entry(8, 0, True, 1, 'Algo:A3.SA', 'Algo:A2.SC'), entry(10, 0, False, 0, 'Algo:A1.SS')]


def by_node(entries):
    return [dict(one, tags=sorted(one['tags'])) for one in entries]


class FactsTest(IntegrationTest):
    def setUp(self):
        self.one = self.server(slots=('cpu0:cpu:2',))
        self.sumscope('import', ADD, '--run-id', 'add5', '--label', 'kind=oracle', '--quiet')

    def sumscope(self, *arguments, **options):
        return self.cli(self.one, *arguments, **options)

    def refused(self, reason, code, *arguments, says=''):
        return self.assert_refused(self.one, reason, code, *arguments, says=says)

    def facts(self, filter=''):
        return self.sumscope('facts', *([filter] if filter else []), '--limit', '0', '-o', 'json').json['facts']

    def write(self, content, name='tags.json'):
        path = self.root / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    def import_tags(self, entries, run='add5', name='tags.json'):
        return self.sumscope('facts', 'import', run, self.write(entries, name), '-o', 'json').json

    def export(self, run, kind, *options):
        return self.sumscope('facts', 'export', run, '--kind', kind, *options).text

    def test_WhatAnAnalysisFoundIsListedOverRunsByFilter(self):
        self.sumscope('import', MIX, '--operation', 'mix', '--run-id', 'mix5', '--label', 'kind=oracle', '--quiet')
        self.assertEqual(self.facts(), [])
        expected = {}
        for run, *tasks in (('add5', 'SA', 'SC'), ('mix5', 'SA')):
            answer = self.sumscope('probe', run, 'subtasks', '--questions', 'uniform:100',
                                   *[part for task in tasks for part in ('--tasks', task)], '--wait', '-o', 'json').json
            for tag in answer['result']['subtasks']['tags']:
                expected[answer['name'], tag['node'], tag['tag']] = answer['checkpoint']
        facts = self.facts()
        self.assertEqual({(fact['analysis'], fact['node'], fact['tag']): fact['checkpoint'] for fact in facts},
                         expected)
        self.assertEqual(len(facts), len(expected))
        places = [(fact['run'], fact['position'], fact['layer'], not fact['is_head'], fact['num'], fact['tag'])
                  for fact in facts]
        self.assertEqual(places, sorted(places))
        for fact in facts:
            self.assertEqual(f'{fact["kind"]}:{fact["value"]}', fact['tag'])
            self.assertEqual(fact['task'], fact['value'] if fact['kind'] == 'Algo' else '')
            self.assertEqual(fact['node'], f'P{fact["position"]}L{fact["layer"]}' +
                             (f'H{fact["num"]}' if fact['is_head'] else 'MLP'))
        self.assertIn('Algo', {fact['kind'] for fact in facts})
        for filter, wanted in (
                ('task = "A2.SA"', lambda fact: fact['task'] == 'A2.SA'),
                ('kind = "Algo" AND run.n_layers = 2',
                 lambda fact: fact['kind'] == 'Algo' and fact['run'] == 'runs/mix5'),
                ('run.name = "add5" AND is_head = false',
                 lambda fact: fact['run'] == 'runs/add5' and not fact['is_head']),
                ('run.labels.kind = "oracle" AND position >= 14 AND NOT kind = "Fail%"',
                 lambda fact: fact['position'] >= 14 and fact['kind'] != 'Fail%'),
                ('node = "P14L0H1" OR tag = "Algo:A1.SA"',
                 lambda fact: fact['node'] == 'P14L0H1' or fact['tag'] == 'Algo:A1.SA')):
            with self.subTest(filter):
                self.assertEqual(self.facts(filter), [fact for fact in facts if wanted(fact)])
        few = self.sumscope('facts', '--limit', '3', '-o', 'json')
        self.assertEqual(few.json['facts'], facts[:3])
        self.assertIn('--limit 0', few.stderr)
        paged, token = [], ''
        while True:
            page = self.one.client.call('FactService/ListFacts', page_size=7, page_token=token)
            paged += [(fact['analysis'], fact['node'], fact['tag']) for fact in page.get('facts', [])]
            token = page['next_page_token']
            if not token:
                break
        self.assertEqual(paged, [(fact['analysis'], fact['node'], fact['tag']) for fact in facts])
        self.refused('FILTER_INVALID', 2, 'facts', 'run.n_layer = 1', says='n_layers')
        for mistaken in ('run.n_layer = 1', 'layer = ', 'layer = "x', '(layer = 1'):  # what tables add is not shown
            said = self.sumscope('facts', mistaken, code=2).stderr
            self.assertNotIn('NOT kind', said)
            self.assertNotIn('Fail%', said)

    def test_TheAuthorsFilesComeOutAsTheyWentIn(self):
        first = self.import_tags(BEHAVIORS, name='behaviors.json')
        self.assertFalse(first['from_cache'])
        self.assertEqual(first['result']['import_tags']['tags'][:2], [{'node': 'P8L0H1', 'tag': 'Fail%:8'},
                                                                      {'node': 'P8L0H1', 'tag': 'Impact:A43'}])
        self.import_tags(FEATURES, name='features.json')
        behaviors, features = self.export('add5', 'behaviors'), self.export('add5', 'features')
        self.assertEqual(by_node(json.loads(behaviors)), by_node(BEHAVIORS))
        self.assertEqual(by_node(json.loads(features)), by_node(FEATURES))
        self.assertEqual(list(json.loads(behaviors)[0]), ['position', 'layer', 'is_head', 'num', 'tags'])
        count = len(self.facts())
        self.assertEqual(count, sum(len(one['tags']) for one in BEHAVIORS + FEATURES))
        # Once more, the export of another run with these shapes: byte for byte the same.
        self.sumscope('import', ADD, '--run-id', 'again', '--quiet')
        self.import_tags(json.loads(behaviors), run='again', name='b.json')
        self.assertEqual(self.export('again', 'behaviors'), behaviors)
        self.assertEqual(json.loads(self.export('again', 'features')), [])
        path = self.root / 'out.json'
        self.sumscope('facts', 'export', 'add5', '--kind', 'features', '--out', str(path))
        self.assertEqual(path.read_text().strip(), features.strip())
        only = self.export('add5', 'features', '--analysis', first['name'].split('/')[-1])
        self.assertEqual(json.loads(only), [])

    def test_TagsAsTheAuthorsPublishThemAreKeptShownAndExportedAsTheyAreWritten(self):
        behaviors = [entry(9, 0, True, 1, 'Fail:3', 'Impact:A4', 'MathSub:M0', 'Math.Add:A2.SP', 'PCA:A0.PA',
                           'Probe:A4.LINXFER=100', 'Probe:DELIVERY.ADD=res')]
        features = [entry(10, 0, True, 0, 'Algo:A4.ND.A4', 'Algo:A3.STC', 'Algo:D4.GT', 'Algo:SLT')]
        answer = self.import_tags(behaviors, name='behaviors.json')
        self.assertEqual([(kind['kind'], kind['count']) for kind in answer['result']['import_tags']['foreign']],
                         [('Probe', 2), ('Fail', 1), ('MathSub', 1), ('Math.Add', 1), ('PCA', 1)])
        shown = self.sumscope('analyses', 'show', answer['name']).text
        self.assertRegex(shown, r'Probe +2 +Probe:A4.LINXFER=100')
        self.import_tags(features, name='features.json')
        self.assertEqual(by_node(json.loads(self.export('add5', 'behaviors'))), by_node(behaviors))
        self.assertEqual(by_node(json.loads(self.export('add5', 'features'))), by_node(features))
        self.assertEqual([fact['tag'] for fact in self.facts('task = "A4.GT"')], ['Algo:D4.GT'])
        self.assertEqual([fact['tag'] for fact in self.facts('task = "A4.ND"')], ['Algo:A4.ND.A4'])

    def test_AnImportTwiceAddsNothing(self):
        first, second = self.import_tags(BEHAVIORS), self.import_tags(BEHAVIORS)
        self.assertEqual((first['from_cache'], second['from_cache'], second['name']), (False, True, first['name']))
        count = sum(len(one['tags']) for one in BEHAVIORS)
        self.assertEqual(len(self.facts()), count)
        self.import_tags(BEHAVIORS + BEHAVIORS, name='twice.json')  # of another file, each tag once
        self.assertEqual(len(self.facts()), 2 * count)
        self.assertEqual(by_node(json.loads(self.export('add5', 'behaviors'))), by_node(BEHAVIORS))

    def test_ABadFileIsRefusedWithAReasonOfItsOwn(self):
        head = entry(8, 0, True, 1, 'Algo:A1.SA')
        cases = [
            ('TAGS_NOT_JSON', 'JSON', '[{"position": 8,'),
            ('TAGS_NOT_JSON', 'list', head),
            ('TAGS_NOT_JSON', 'JSON', '[\x00]'),
            ('TAG_INVALID', 'entry 2', [head, 7]),
            ('TAG_INVALID', 'entry 2', [head, dict(head, position=-1)]),
            ('TAG_INVALID', 'entry 1', [dict(head, layer='0')]),
            ('TAG_INVALID', 'entry 1', [dict(head, position=2 ** 40)]),
            ('TAG_INVALID', 'entry 1', [dict(head, is_head=1)]),
            ('TAG_INVALID', 'entry 1', [dict(head, tags='Algo:A1.SA')]),
            ('TAG_INVALID', 'entry 3', [head, head, dict(head, tags=[3])]),
            ('TAG_INVALID', 'MLP', [dict(head, is_head=False)]),
            ('TAGS_MISSING', 'at least one', []),
            ('TAGS_MISSING', 'at least one', [dict(head, tags=[])]),
            ('POSITION_OUT_OF_RANGE', 'P18', [dict(head, position=18)]),
            ('LAYER_OUT_OF_RANGE', 'L1', [head, dict(head, layer=1)]),
            ('HEAD_OUT_OF_RANGE', 'H3', [dict(head, num=3)]),
            ('TAG_INVALID', '256', [dict(head, tags=['Fail%:' + '0' * 251])]),
            ('TAG_INVALID', 'Algo:A1', [dict(head, tags=['Algo:A1\nSA'])]),
        ]
        for reason, says, content in cases:
            with self.subTest(reason, content=content):
                self.refused(reason, 2, 'facts', 'import', 'add5', self.write(content), says=says)
        def many(count, width):
            return [dict(head, tags=[f'Fail%:{i % 100:0{width}}' for i in range(count)])]

        self.refused('TAGS_OUT_OF_RANGE', 2, 'facts', 'import', 'add5', self.write(many(100_001, 6)), says='100001')
        self.refused('RESULT_TOO_LARGE', 2, 'facts', 'import', 'add5', self.write(many(100_000, 6)), says='bytes')
        self.refused('TAGS_TOO_LARGE', 9, 'facts', 'import', 'add5', self.write(many(99_000, 60)), says='in parts')
        self.refused('FILE_NOT_READABLE', 3, 'facts', 'import', 'add5', str(self.root / 'none.json'))
        self.refused('FILE_NOT_REGULAR', 2, 'facts', 'import', 'add5', str(self.root))
        self.refused('FILE_NOT_READABLE', 3, 'facts', 'import', 'add5', self.write(''), says='empty')
        self.refused('NOT_FOUND', 3, 'facts', 'import', 'nobody', self.write([head]))
        self.refused('CHECKPOINT_NOT_FOUND', 3, 'facts', 'import', 'add5@7', self.write([head]))
        self.refused('NOT_FOUND', 3, 'facts', 'export', 'nobody', '--kind', 'features')
        self.refused('USAGE', 2, 'facts', 'export', 'add5', '--kind', 'both')
        self.refused('ANALYSIS_NOT_FOUND', 3, 'facts', 'export', 'add5', '--kind', 'features', '--analysis', 'nosuch')
        self.assertEqual(self.facts(), [])
        self.assertEqual(self.sumscope('analyses', 'list', 'add5', '-o', 'id').text, '')

    def test_FactsGoWithTheirAnalysisAndTheirRun(self):
        self.sumscope('train', 'add_d2_l1_h1', '--set', f'{TINY_SET},steps=10', '--run-id', 'tiny', '--watch',
                      '--quiet')
        self.import_tags([entry(2, 0, True, 0, 'Algo:A1.SA')], run='tiny', name='tiny.json')
        behaviors = self.import_tags(BEHAVIORS, name='behaviors.json')
        self.import_tags(FEATURES, name='features.json')
        count = sum(len(one['tags']) for one in FEATURES)
        self.sumscope('analyses', 'delete', behaviors['name'])
        self.assertEqual(len(self.facts('run.name = "add5"')), count)
        self.assertEqual(json.loads(self.export('add5', 'behaviors')), [])
        self.sumscope('runs', 'delete', 'add5')
        self.assertEqual({fact['run'] for fact in self.facts()}, {'runs/tiny'})
        self.sumscope('runs', 'undelete', 'add5')
        self.assertEqual(len(self.facts('run.name = "add5"')), count)
        # Deleted facts may come again, and stay over a restart.
        again = self.import_tags(BEHAVIORS, name='behaviors.json')
        self.assertFalse(again['from_cache'])
        self.assertNotEqual(again['name'], behaviors['name'])
        before = self.facts()
        self.one.stop()
        self.one.start()
        self.assertEqual(self.facts(), before)
        self.assertEqual(by_node(json.loads(self.export('add5', 'behaviors'))), by_node(BEHAVIORS))

    def test_RunsOfTheSameWeightsHaveFactsOfTheirOwn(self):
        self.sumscope('import', ADD, '--run-id', 'twin', '--quiet')
        for run in ('add5', 'twin'):
            answer = self.import_tags(FEATURES, run=run)
            self.assertIn(f'runs/{run}/', answer['name'])
            self.assertEqual(by_node(json.loads(self.export(run, 'features'))), by_node(FEATURES))
        self.sumscope('runs', 'delete', 'add5')
        self.assertEqual({fact['run'] for fact in self.facts()}, {'runs/twin'})

    def test_AnAnswerOfADeletedRunIsNotGivenToAnother(self):
        self.sumscope('import', ADD, '--run-id', 'twin', '--quiet')
        ask = ('useful-nodes', '--questions', 'uniform:20', '--wait', '-o', 'json')
        self.sumscope('probe', 'add5', *ask)
        self.sumscope('runs', 'delete', 'add5')
        answer = self.sumscope('probe', 'twin', *ask).json
        self.assertEqual(answer['checkpoint'], 'runs/twin/checkpoints/0')
        self.assertGreater(len(self.facts('run.name = "twin"')), 0)


if __name__ == '__main__':
    unittest.main()
