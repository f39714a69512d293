"""Damages of a copied data directory: each changes it and says what is to be noticed."""

import contextlib
import os
import random
import shutil
import sqlite3

RUNS = ('whole', 'bad', 'other')  # ended; damage goes to the last two


def run_file(data, run):
    return data / 'runs' / run[:2] / f'{run}.db'


def capture_file(data, capture):
    return data / 'runs' / 'ba' / f'bad.{capture}.db'


class Damage:
    """`targets`: runs and captures that may answer with an error. `must`: errors must come. `catalog`: it may be refused
    at the start. `during`: a context in which the server starts and answers."""

    def __init__(self, name, targets, must=True, catalog=False, during=contextlib.nullcontext):
        self.name, self.targets, self.must, self.catalog, self.during = name, set(targets), must, catalog, during


def flip(path, rng, bits):
    content = bytearray(path.read_bytes())
    for _ in range(bits):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def zero_page(path, rng):
    content = bytearray(path.read_bytes())
    at = rng.randrange(max(1, len(content) // 4096)) * 4096
    content[at:at + 4096] = bytes(len(content[at:at + 4096]))
    path.write_bytes(content)


def replace_by(path, kind, other):
    path.unlink()
    if kind == 'FIFO':
        os.mkfifo(path, 0o600)
    elif kind == 'folder':
        path.mkdir()
    elif kind == 'copy':
        shutil.copyfile(other, path)
    elif kind == 'hard link':
        os.link(other, path)
    elif kind == 'link':
        path.symlink_to(other)
    elif kind == 'link to nothing':
        path.symlink_to(path.parent / 'nothing')
    elif kind == 'nothing':
        pass
    elif kind == 'garbage':
        path.write_bytes(random.Random(0).randbytes(20_000))
    elif kind == 'no bytes':
        path.write_bytes(b'')


REPLACEMENTS = ('FIFO', 'folder', 'copy', 'hard link', 'link', 'link to nothing', 'nothing', 'garbage', 'no bytes')


@contextlib.contextmanager
def locked(path):
    """Another program holds the file, as a stuck backup does."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute('PRAGMA locking_mode=EXCLUSIVE')
        database.execute('BEGIN EXCLUSIVE')
        yield
        with contextlib.suppress(sqlite3.Error):
            database.execute('ROLLBACK')


def swap(one, other):
    between = one.with_suffix('.between')
    one.rename(between)
    other.rename(one)
    between.rename(other)


def damage_of_file(path, other, rng, target, captures_too=()):
    """One damage of a run file, a capture or the text of a question set."""
    kind = rng.choice(('bits', 'page', 'cut', 'replaced', 'replaced'))
    targets = {target, *captures_too}
    if kind == 'bits':
        bits = rng.choice((1, 2, 8, 64))
        flip(path, rng, bits)
        return Damage(f'{path.name}: {bits} bits flipped', targets, must=False)
    if kind == 'page':
        zero_page(path, rng)
        return Damage(f'{path.name}: a page zeroed', targets, must=False)
    if kind == 'cut':
        length = rng.randrange(path.stat().st_size)
        os.truncate(path, length)
        # A cut inside the last page may leave all that is asked for.
        return Damage(f'{path.name}: cut to {length}', targets, must=length < path.stat().st_size - 4096)
    by = rng.choice(REPLACEMENTS)
    replace_by(path, by, other)
    return Damage(f'{path.name}: replaced by {by}', targets)


def damage_run(data, captures, rng):
    if rng.random() < 0.1:
        swap(run_file(data, 'bad'), run_file(data, 'other'))
        return Damage('two run files swapped', {'bad', 'other', *captures})
    if rng.random() < 0.08:
        return Damage('a run file locked', {'bad', *captures}, must=False,
                      during=lambda: locked(run_file(data, 'bad')))
    if rng.random() < 0.1:
        beside = run_file(data, 'bad').with_name('bad.db' + rng.choice(('-wal', '-shm', '-journal')))
        os.mkfifo(beside, 0o600)
        return Damage(f'{beside.name} is a FIFO', {'bad', *captures})
    return damage_of_file(run_file(data, 'bad'), run_file(data, 'other'), rng, 'bad', captures)


def damage_unfinished(data, captures, rng):
    """The file of the run that ran when the server was killed: its recovery meets the damage."""
    path = run_file(data, 'running')
    if rng.random() < 0.15:
        return Damage('the file of a running run locked', {'running'}, must=False, during=lambda: locked(path))
    if rng.random() < 0.3:
        wal = path.with_name('running.db-wal')
        if wal.exists() and wal.stat().st_size > 0:
            flip(wal, rng, 8)
            return Damage('the WAL of a running run: bits flipped', {'running'}, must=False)
    return damage_of_file(path, run_file(data, 'other'), rng, 'running')


def damage_capture(data, captures, rng):
    one, other = (capture_file(data, capture) for capture in captures)
    if rng.random() < 0.15:
        swap(one, other)
        return Damage('two captures of one shape swapped', set(captures))
    return damage_of_file(one, other, rng, captures[0])


def damage_questions(data, captures, rng):
    path = next((data / 'question_sets').iterdir())
    damage = damage_of_file(path, run_file(data, 'other'), rng, 'questions')
    damage.must = False  # no worker asks for it here
    return damage


def damage_catalog(data, captures, rng):
    catalog = data / 'catalog.db'
    everything = {*RUNS, *captures, 'running', 'waiting'}
    kind = rng.choice(('bits', 'wal', 'cut', 'replaced', 'locked'))
    if kind == 'bits':
        flip(catalog, rng, rng.choice((1, 4, 32)))
    elif kind == 'wal':
        wal = data / 'catalog.db-wal'
        if wal.exists() and wal.stat().st_size > 0:
            flip(wal, rng, 4)
    elif kind == 'cut':
        os.truncate(catalog, rng.randrange(catalog.stat().st_size))
    elif kind == 'replaced':
        by = rng.choice(('FIFO', 'folder', 'nothing', 'garbage', 'no bytes', 'copy'))
        replace_by(catalog, by, run_file(data, 'other'))
        kind = f'replaced by {by}'
    else:
        return Damage('the catalog locked', everything, catalog=True, must=False, during=lambda: locked(catalog))
    return Damage(f'the catalog: {kind}', everything, must=False, catalog=True)


ROWS = (
    ("UPDATE runs SET spec = 'no JSON' WHERE id = 'bad'", {'bad'}),
    ("UPDATE runs SET state = 'WALKING' WHERE id = 'bad'", {'bad'}),
    ("UPDATE runs SET owner = CAST(x'ff' AS TEXT) WHERE id = 'bad'", {'bad'}),
    ("UPDATE labels SET value = CAST(x'80' AS TEXT) WHERE run = 'bad'", {'bad'}),
    ("UPDATE analyses SET provenance = '[' WHERE run = 'bad'", {'bad', 'captures'}),
    ("UPDATE analyses SET question_set = '[' WHERE run = 'bad'", {'bad', 'captures'}),
    ("UPDATE jobs SET state = 'WALKING' WHERE run = 'waiting'", {'waiting'}),
    ("UPDATE jobs SET state = 'WALKING' WHERE run = 'running'", {'running'}),
    ("DELETE FROM runs WHERE id = 'waiting'", {'waiting'}),
    ("UPDATE runs SET spec = '' WHERE id = 'running'", {'running'}),
    ("UPDATE events SET state = 'WALKING' WHERE run = 'other' AND sequence % 2 = 0", set()),
)


def damage_row(data, captures, rng):
    sql, targets = rng.choice(ROWS)
    with contextlib.closing(sqlite3.connect(data / 'catalog.db')) as catalog:
        catalog.execute('PRAGMA foreign_keys = OFF')
        catalog.execute(sql)
        catalog.commit()
    captures_too = set(captures) if targets & {'bad', 'captures'} else set()
    return Damage(sql, (targets - {'captures'}) | captures_too, must=bool(targets & {'bad', 'captures'}))


KINDS = (damage_run, damage_run, damage_run, damage_capture, damage_capture, damage_unfinished, damage_questions,
         damage_catalog, damage_catalog, damage_row, damage_row)
