"""Writes rows in the form in which the code of each schema version wrote them (storage/sqlite at the last commit before
the next migration), so that a file made here is what a server of that time left."""
import hashlib
import json
import pathlib
import sqlite3
import struct

ROOT = pathlib.Path(__file__).resolve().parents[3]
SCHEMA = ROOT / 'storage' / 'sqlite' / 'schema'
APPLICATION_IDS = {'catalog': 0x53756D43, 'run': 0x53756D52, 'capture': 0x53756D41}
TERMINAL = ('SUCCEEDED', 'FAILED', 'CANCELLED')


def migrations(kind):
    """The texts of the numbered migrations, 0001 first."""
    return [path.read_text() for path in sorted(SCHEMA.glob(f'[0-9][0-9][0-9][0-9]_{kind}_*.sql'))]


def create(path, kind, version, journal):
    """A new database of that version, as Database and Migrate make it, but with the smallest pages: each index of an
    empty catalog takes one, and the files are kept in the repository."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute('PRAGMA page_size=512')
    database.execute(f'PRAGMA journal_mode={journal}')
    database.execute('PRAGMA foreign_keys=ON')
    for migration in migrations(kind)[:version]:
        database.executescript(migration)
    database.execute(f'PRAGMA application_id={APPLICATION_IDS[kind]}')
    database.execute(f'PRAGMA user_version={version}')
    return database


def close(database):
    database.execute('VACUUM')
    database.close()


def text(message):
    """As protobuf prints JSON: no blanks, fields in the order of their numbers, 64-bit integers as strings."""
    return json.dumps(message, separators=(',', ':'))


def insert(database, table, row):
    database.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))


class RowChecksum:
    """storage/sqlite/base/values.h."""

    def __init__(self):
        self._hash = hashlib.sha256()

    def add(self, value):
        if isinstance(value, float):
            self._hash.update(b'r%016x:' % struct.unpack('<Q', struct.pack('<d', value))[0])
        elif isinstance(value, int):
            self._hash.update(b'i%d:' % value)
        else:
            data = value if isinstance(value, bytes) else value.encode()
            self._hash.update(b't%d:' % len(data) + data)
        return self

    def optional_text(self, value):
        return self.add('').add(-1) if value is None else self.add(value)

    def optional_number(self, value):
        return self.add('' if value is None else value)

    def digest(self):
        return self._hash.hexdigest()[:16]


ANALYSIS_COLUMNS = ('id', 'analysis', 'checkpoint', 'state', 'state_reason', 'state_detail', 'progress', 'create_time',
                    'end_time', 'owner', 'key', 'job', 'question_set', 'provenance')


QUEUE_COLUMNS = ('owner', 'priority', 'quick', 'held_by', 'sweep', 'memory_bytes', 'expected_seconds',
                 'device_seconds', 'charged_until', 'expected_end_time')


class Catalog:
    """CatalogTransaction of a version."""

    def __init__(self, path, version):
        self.version = version
        self.database = create(path, 'catalog', version, 'wal')

    def close(self):
        close(self.database)

    def _next_sequence(self):
        return self.database.execute('UPDATE sequences SET last = last + 1 RETURNING last').fetchall()[0][0]

    def put_run(self, run, labels, visibility, sweep=''):
        """`run`: the columns of kRunColumns. Inserts or updates. `visibility`: from version 7 on, `sweep` from 8."""
        values = dict(run)
        update = [f'{column} = excluded.{column}' for column in run if column != 'id']
        if self.version >= 5:
            values['sequence'] = self._next_sequence()
            values['end_sequence'] = values['sequence'] if run['end_time'] is not None else None
            update.append('end_sequence = iif(excluded.end_sequence IS NULL, NULL, ifnull(end_sequence, '
                          'excluded.end_sequence))')
        if self.version >= 7:
            values['visibility'] = visibility
            update.append('visibility = excluded.visibility')
        if self.version >= 8:
            values['sweep'] = sweep
        self.database.execute(
            f"INSERT INTO runs ({', '.join(values)}) VALUES ({', '.join('?' * len(values))}) ON CONFLICT (id) DO "
            f"UPDATE SET {', '.join(update)}", list(values.values()))
        self.database.execute('DELETE FROM labels WHERE run = ?', [run['id']])
        for key, value in labels.items():
            insert(self.database, 'labels', {'run': run['id'], 'key': key, 'value': value})
        if self.version >= 5 and run['state'] == 'SUCCEEDED':
            self._follow_headlines(run['id'])

    def insert_job(self, job):
        """Owner, priority and the like: from version 8 on."""
        insert(self.database, 'jobs',
               {column: job[column] for column in job if self.version >= 8 or column not in QUEUE_COLUMNS})

    def put_dependency(self, job, run):
        """From version 8 on."""
        if self.version >= 8:
            insert(self.database, 'job_dependencies', {'job': job, 'run': run})

    def put_order(self, job, analysis):
        """From version 8 on."""
        if self.version >= 8:
            insert(self.database, 'orders', {'job': job, 'analysis': text(analysis)})

    def put_partial_result(self, job, fits, done, state):
        """From version 9 on."""
        if self.version >= 9:
            insert(self.database, 'partial_results', {'job': job, 'fits': fits, 'done': done, 'state': state})

    def insert_sweep(self, sweep, owner, definition, now):
        """From version 8 on."""
        if self.version >= 8:
            insert(self.database, 'sweeps',
                   {'id': sweep, 'sequence': self._next_sequence(), 'owner': owner, 'visibility': 'LAB',
                    'state': 'SWEEP_STATE_UNSPECIFIED', 'state_detail': '', 'create_time': now, 'end_time': None,
                    'definition': text(definition)})

    def put_usage(self, user, device_seconds, now):
        """From version 8 on."""
        if self.version >= 8:
            insert(self.database, 'usage', {'user': user, 'device_seconds': device_seconds, 'time': now})

    def put_rate(self, kind, shape, seconds, now):
        """From version 8 on."""
        if self.version >= 8:
            insert(self.database, 'rates',
                   {'device': 'cpu', 'threads': 1, 'kind': kind, 'shape': shape, 'seconds_per_unit': seconds,
                    'model_seconds_per_unit': 2 * seconds, 'samples': 1, 'update_time': now})

    def update_job(self, job):
        columns = ('state', 'reason', 'detail', 'attempt', 'segment', 'slot', 'start_time', 'end_time')
        self.database.execute(f"UPDATE jobs SET {', '.join(c + ' = ?' for c in columns)} WHERE id = ?",
                              [job[column] for column in columns] + [job['id']])

    def append_event(self, event, log_entries):
        insert(self.database, 'events', dict(event, log_entries=log_entries) if self.version >= 5 else event)

    def insert_request(self, request_id, digest, resource, user, now):
        row = {'request_id': request_id, 'digest': digest, 'resource': resource, 'create_time': now}
        insert(self.database, 'requests', dict(row, user=user) if self.version >= 7 else row)

    def put_analysis(self, run, analysis):
        row = {column: analysis[column] for column in ANALYSIS_COLUMNS}
        row['run'] = run
        names = ', '.join(row)
        if self.version < 5:
            self.database.execute(f"INSERT OR REPLACE INTO analyses ({names}) VALUES ({', '.join('?' * len(row))})",
                                  list(row.values()))
            return
        row['uploaded'] = json.loads(analysis['question_set']).get('uploaded', {}).get('sha256', '')
        row['sequence'] = self._next_sequence()
        update = ', '.join(f'{c} = excluded.{c}' for c in ('uploaded',) + ANALYSIS_COLUMNS[1:])
        self.database.execute(
            f"INSERT INTO analyses ({', '.join(row)}) VALUES ({', '.join('?' * len(row))}) ON CONFLICT (run, id) DO "
            f'UPDATE SET {update}', list(row.values()))

    def put_facts(self, run, step, analysis, tags, now):
        """From version 2 on. `tags`: ((position, layer, head or None for the MLP), tag)."""
        if self.version < 2:
            return
        for (position, layer, head), tag in tags:
            kind, _, value = tag.partition(':')
            place = position << 32 | layer << 17 | (head is None) << 16 | (head or 0)
            insert(self.database, 'node_facts', {
                'run': run, 'place': place, 'tag': tag, 'analysis': analysis, 'step': step,
                'node': f"P{position}L{layer}{'MLP' if head is None else f'H{head}'}", 'position': position,
                'layer': layer, 'is_head': int(head is not None), 'num': head or 0, 'kind': kind, 'value': value,
                'task': value if kind == 'Algo' else '', 'create_time': now})

    def insert_question_set(self, sha256, counts, owner, now):
        """From version 2 on. `counts`: n_digits, count, additions, subtractions, products."""
        if self.version < 2:
            return
        names = ('n_digits', 'count', 'additions', 'subtractions', 'products')
        row = dict(zip(('sha256',) + names, (sha256,) + counts), create_time=now, owner=owner)
        if self.version >= 3:
            row['upload_time'] = now
        if self.version >= 5:
            row['sequence'] = self._next_sequence()
        insert(self.database, 'question_sets', row)
        if self.version >= 7:
            insert(self.database, 'question_set_uploads',
                   {'sha256': sha256, 'user': owner, 'create_time': now, 'upload_time': now,
                    'sequence': row['sequence']})

    def insert_user(self, name, role, uids, certificates, now, disable_time=None):
        """From version 7 on."""
        if self.version < 7:
            return
        insert(self.database, 'users', {'name': name, 'role': role, 'create_time': now,
                                        'disabled': int(disable_time is not None), 'disable_time': disable_time})
        for uid in uids:
            insert(self.database, 'user_uids', {'uid': uid, 'user': name})
        for certificate in certificates:
            insert(self.database, 'user_certificates', {'name': certificate, 'user': name})

    def insert_token(self, token, user, secret, display_name, now, expire_time):
        """From version 7 on."""
        if self.version >= 7:
            insert(self.database, 'tokens',
                   {'id': token, 'user': user, 'sequence': self._next_sequence(),
                    'digest': hashlib.sha256(secret.encode()).digest(), 'display_name': display_name,
                    'create_time': now, 'expire_time': expire_time})

    def append_audit(self, user, method, resource, code, reason, request_id, now):
        """From version 7 on."""
        if self.version < 7:
            return
        last = self.database.execute('SELECT latest FROM audit ORDER BY sequence DESC LIMIT 1').fetchone()
        service, slash, method = method.rpartition('/')
        insert(self.database, 'audit',
               {'time': now, 'latest': max(now, last[0] if last else now), 'user': user,
                'credential': 'local uid 1000', 'address': 'socket', 'service': service + slash, 'method': method,
                'resource': resource, 'code': code, 'reason': reason, 'request_id': request_id})

    def put_removal(self, run, analysis, question_set):
        """From version 3 on."""
        if self.version >= 3:
            insert(self.database, 'removals', {'run': run, 'analysis': analysis, 'question_set': question_set})

    def remove_run(self, run):
        self.put_removal(run, '', '')
        self.database.execute('DELETE FROM runs WHERE id = ?', [run])
        self.database.execute('DELETE FROM events WHERE run = ?', [run])

    def prune_history(self, older_than):
        self.database.execute(
            'UPDATE event_log SET pruned_through = max(pruned_through, ifnull((SELECT min(sequence) - 1 FROM events '
            'WHERE time >= ?), ifnull((SELECT max(sequence) FROM events), 0)))', [older_than])
        self.database.execute('DELETE FROM events WHERE sequence <= (SELECT pruned_through FROM event_log)')

    def put_last_checkpoint(self, run, step):
        """From version 6 on."""
        if self.version >= 6:
            self.database.execute('UPDATE runs SET checkpoint_step = ? WHERE id = ?', [step, run])
            self._follow_headlines(run)

    def put_headline(self, run, step, analysis, accuracy=None, look_back=None):
        """From version 4 on. `accuracy`: exact, questions, nines; `look_back`: reads_to, sure_to, exact, questions."""
        if self.version < 4:
            return
        exact, questions, nines = accuracy or (None, None, None)
        reads_to, sure_to, look_back_exact, look_back_questions = look_back or (None, None, None, 0)
        row = {'run': run, 'analysis': analysis, 'step': step, 'accuracy': exact, 'accuracy_questions': questions,
               'nines': nines, 'reads_to': reads_to, 'sure_to': sure_to, 'look_back_exact': look_back_exact}
        if self.version >= 6:
            row['look_back_questions'] = look_back_questions
        insert(self.database, 'headlines', row)
        self._follow_headlines(run)

    def _follow_headlines(self, run):
        which, order, look_back_order = '', 'sequence DESC', 'sequence DESC'
        if self.version >= 5:
            which = "AND (runs.state <> 'SUCCEEDED' OR headlines.step >= runs.steps_done)"
            order = 'headlines.accuracy_questions DESC, headlines.sequence DESC'
        if self.version >= 6:
            which = ("AND headlines.step >= ifnull(runs.checkpoint_step, iif(runs.state = 'SUCCEEDED', "
                     'runs.steps_done, 0))')
            look_back_order = 'headlines.look_back_questions DESC, headlines.sequence DESC'
        for columns, column, by in (('accuracy, accuracy_questions, nines', 'accuracy', order),
                                    ('reads_to, sure_to, look_back_exact', 'reads_to', look_back_order)):
            self.database.execute(
                f'UPDATE runs SET ({columns}) = (SELECT {columns} FROM headlines WHERE headlines.run = runs.id AND '
                f'headlines.{column} IS NOT NULL {which} ORDER BY step DESC, {by} LIMIT 1) WHERE id = ?', [run])


def zstd_frame(data):
    """A frame of one block that is stored as it is: the standard library has no zstd."""
    size = b'\x20' + bytes([len(data)]) if len(data) < 256 else b'\x60' + struct.pack('<H', len(data) - 256)
    return struct.pack('<I', 0xFD2FB528) + size + struct.pack('<I', len(data) << 3 | 1)[:3] + data


def safetensors_prefix(tensors):
    offset, parts = 0, []
    for name, shape, data in tensors:
        parts.append(f'{text(name)}:' + text({'dtype': 'F32', 'shape': shape,
                                              'data_offsets': [offset, offset + len(data)]}))
        offset += len(data)
    header = '{' + ','.join(parts) + '}'
    header += ' ' * (-len(header) % 8)
    return struct.pack('<Q', len(header)) + header.encode()


def shape_text(shape):
    return ','.join(str(extent) for extent in shape)


class RunFile:
    """RunFileTransaction of version 1."""

    def __init__(self, path, journal):
        self.database = create(path, 'run', 1, journal)
        self._counts = dict.fromkeys(
            ('deterministic_steps', 'timing_steps', 'log_entries', 'tensor_sets', 'analyses'), 0)

    def close(self, description):
        checksum = RowChecksum().add(text(description))
        for count in self._counts.values():
            checksum.add(count)
        insert(self.database, 'run',
               {'id': 1, 'description': text(description), **self._counts, 'checksum': checksum.digest()})
        close(self.database)

    def append_metrics(self, series, columns, rows):
        data = zstd_frame(b''.join(struct.pack('<d', row[c]) for c in range(len(columns)) for row in rows))
        checksum = RowChecksum().add(series).add(0).add(len(rows)).add(','.join(columns)).add(data)
        insert(self.database, 'metric_blocks',
               {'series': series, 'first_step': 0, 'steps': len(rows), 'columns': ','.join(columns), 'data': data,
                'checksum': checksum.digest()})
        self._counts[f'{series}_steps'] = len(rows)

    def put_tensor_set(self, kind, step, tensors, now, heldout_loss=None, finished=True):
        """`tensors`: (name, shape, bytes of F32)."""
        data = b''.join(tensor[2] for tensor in tensors)
        prefix = safetensors_prefix(tensors)
        row = {'id': self.database.execute('SELECT count(*) + 1 FROM tensor_sets').fetchone()[0], 'kind': kind,
               'step': step, 'create_time': now, 'finished': int(finished), 'data_bytes': len(data),
               'file_bytes': len(prefix + data) if finished else 0,
               'sha256': hashlib.sha256(prefix + data).hexdigest() if finished else ''}
        checksum = RowChecksum()
        for value in row.values():
            checksum.add(value)
        checksum.optional_number(heldout_loss)
        for name, shape, content in tensors:
            checksum.add(name).add('F32').add(shape_text(shape)).add(len(content))
        insert(self.database, 'tensor_sets', dict(row, heldout_loss=heldout_loss, checksum=checksum.digest()))
        for position, (name, shape, content) in enumerate(tensors):
            insert(self.database, 'tensors',
                   {'set_id': row['id'], 'position': position, 'name': name, 'dtype': 'F32',
                    'shape': shape_text(shape), 'byte_order': 'little', 'bytes': len(content)})
        insert(self.database, 'chunks', {'id': row['id'] << 40, 'set_id': row['id'], 'first_byte': 0,
                                         'sha256': hashlib.sha256(data).hexdigest(), 'data': data})
        self._counts['tensor_sets'] += finished

    def append_log(self, now, severity, line, checkpoint_step=None):
        self._counts['log_entries'] += 1
        sequence = self._counts['log_entries']
        checksum = RowChecksum().add(sequence).add(now).add(severity).add(line).optional_number(checkpoint_step)
        insert(self.database, 'log', {'sequence': sequence, 'time': now, 'severity': severity, 'text': line,
                                      'checkpoint_step': checkpoint_step, 'checksum': checksum.digest()})

    def put_analysis(self, analysis, request, result=None):
        row = {column: analysis[column] for column in ANALYSIS_COLUMNS}
        row.update(progress=1.0 if result else 0.0, request=text(request), result=text(result) if result else None)
        checksum = RowChecksum()
        for column, value in row.items():
            if column == 'end_time':
                checksum.optional_number(value)
            elif column in ('question_set', 'provenance', 'request', 'result'):
                checksum.optional_text(value)
            else:
                checksum.add(value)
        insert(self.database, 'analyses', dict(row, checksum=checksum.digest()))
        self._counts['analyses'] += 1


def write_capture(path, tensors):
    """A capture of version 1. `tensors`: (name, shape, bytes of F32)."""
    database = create(path, 'capture', 1, 'off')
    data = b''.join(tensor[2] for tensor in tensors)
    insert(database, 'chunks', {'first_byte': 0, 'sha256': hashlib.sha256(data).hexdigest(), 'data': data})
    checksum, offset = RowChecksum().add(len(data)), 0
    for position, (name, shape, content) in enumerate(tensors):
        sha256 = hashlib.sha256(content).hexdigest()
        insert(database, 'tensors', {'position': position, 'name': name, 'dtype': 'F32', 'shape': shape_text(shape),
                                     'byte_order': 'little', 'first_byte': offset, 'bytes': len(content),
                                     'sha256': sha256})
        checksum.add(name).add('F32').add(shape_text(shape)).add(offset).add(len(content)).add(sha256)
        offset += len(content)
    insert(database, 'capture', {'id': 1, 'data_bytes': len(data), 'checksum': checksum.digest()})
    close(database)
