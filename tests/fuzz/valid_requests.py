"""A valid request of every method, to be changed a little; and what there is on the server to be named in them."""

import uuid

from google.protobuf import json_format

TINY = dict(operation='ADD', n_digits=2, n_layers=1, n_heads=1, d_model=16, d_head=16, d_mlp=32, batch_size=8, steps=20)

ANALYSES = [dict(evaluate=dict(generate=True, worst_count=3)), dict(attention=dict(all_rows=True)), dict(ablate=dict(node_sets=['P5L0H0'])),
            dict(useful_nodes=dict(mode='ZERO')), dict(patch=dict(node_sets=['P6L0H0'])), dict(subtasks=dict(tasks=['A1.SA'])),
            dict(pca=dict(nodes=['P6L0H0'], digit=1)), dict(linear_probe=dict(node='P6L0H0', feature='A1.SA')), dict(attribution=dict()),
            dict(phases=dict(window=5)), dict(cascades=dict(per_cell=20)), dict(algorithm=dict(per_cell=20)),
            dict(ask=dict(ablate=['P6L0H0'], generate=True)), dict(capture=dict(hooks=['blocks.0.attn.hook_z'], positions=['P6'])),
            dict(import_tags=dict(file_name='behaviors.json', tags=[dict(node='P6L0H0', tag='Fail%:8')]))]
QUESTIONS = [dict(uniform=dict(count=20)), dict(of_class=dict(question_class='S1', count=10)), dict(stratified=dict(count_per_class=5)),
             dict(list=dict(questions=['12+34', '99+1'])), dict(enriched=dict(count=20)), dict(tricase=dict(digit=1, count_per_case=5)),
             dict(pairs=dict(pairs=[dict(store='22+11', clean='55+44')])), dict(pairs=dict(tasks=['A1.SA'])),
             dict(uploaded=dict(sha256='0' * 64)), {}]


def request_of(rng, known, method):
    """A valid request of a method that takes one message, as a dict."""
    run, name = rng.choice(known['run']), rng.choice(names_for(known, method))
    if method == 'CreateRun':
        return dict(request_id=str(uuid.UUID(int=rng.getrandbits(128), version=4)), spec=dict(TINY, seed=rng.randrange(1000)),
                    labels=dict(purpose='fuzz'), validate_only=rng.random() < 0.5)
    if method == 'CreateAnalysis':
        kind = rng.choice(ANALYSES)
        questions = rng.choice(QUESTIONS)
        if 'patch' in kind and rng.random() < 0.7:
            questions = QUESTIONS[rng.choice((6, 7))]
        if 'uploaded' in questions:
            questions = dict(uploaded=dict(sha256=rng.choice(known['sha256'])))
        return dict(parent=rng.choice(known['checkpoint'] + known['run']), request=kind, question_set=questions,
                    validate_only=rng.random() < 0.7)
    if method == 'UpdateRun':
        return dict(run=dict(name=run, labels=dict(a='b')), update_mask='labels.a')
    if method.startswith('List') and method in ('ListAnalyses', 'ListCaptures'):
        return dict(parent=rng.choice([run, 'runs/-']), page_size=10)
    if method == 'ReadTensor':
        return dict(name=name, tensor='blocks.0.attn.hook_z', offset=0, length=16)
    return dict(name=name)


def names_for(known, method):
    """The resources that a method's `name` is of."""
    for part, kind in (('Checkpoint', 'checkpoint'), ('QuestionSet', 'question_set'), ('Capture', 'capture'), ('Tensor', 'capture'),
                       ('Analysis', 'analysis')):
        if part in method and method != 'ListCheckpoints':
            return known[kind] or ['runs/tiny']
    return known['run']


def parts_of(rng, known, method):
    """A valid sequence of messages of a method that takes a stream, as dicts whose data are bytes."""
    if method == 'UploadQuestionSet':
        lines = ''.join(f'{rng.randrange(100)}+{rng.randrange(100)}\n' for _ in range(rng.choice((1, 30))))
        return [dict(header=dict(n_digits=2)), dict(data=lines.encode())]
    weights = known['weights']
    half = len(weights) // 2
    return [dict(header=dict(total_bytes=len(weights), file_name='model.safetensors', labels=dict(purpose='fuzz'))),
            dict(data=weights[:half]), dict(data=weights[half:])]


def filled(message, fields):
    """`message` with the fields of a dict; what the dict has of another version's fields is left out."""
    data = fields.pop('data', None)
    json_format.ParseDict(fields, message, ignore_unknown_fields=True)
    if data is not None:
        message.data = data
        fields['data'] = data
    return message


def learn(known, rng, message):
    """Remembers names and tokens of an answer, a bounded number of each."""
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE and not field.message_type.GetOptions().map_entry:
            for inside in list(value)[:20] if field.is_repeated else [value]:
                learn(known, rng, inside)
        elif field.type == field.TYPE_STRING and not field.is_repeated:
            kind = {'next_page_token': 'page_token', 'resume_token': 'resume_token', 'sha256': 'sha256'}.get(field.name)
            if field.name == 'name':
                kind = {1: 'run', 2: 'question_set'}.get(len(value.split('/')) if value.startswith('runs/') else 2 * value.startswith('questionSets/'))
                for part in ('checkpoint', 'analyses', 'captures'):
                    kind = {'analyses': 'analysis', 'captures': 'capture'}.get(part, part) if f'/{part}' in value else kind
            if kind:
                remember(known.setdefault(kind, []), rng, value)


def remember(values, rng, value):
    if value not in values:
        values.append(value)
        if len(values) > 40:
            values.pop(rng.randrange(4, 41))  # the first ones stay: they are finished
