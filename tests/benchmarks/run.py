"""What run.sh does: rounds of our benchmarks and of the peers, and one table of their medians."""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEERS = ('transformer_lens', 'eager', 'pruned', 'sweep')
# Our benchmark and its counter; the peers' figure of the same work.
PAIRS = ((r'^TrainingStep/paper/1(/|$)', 'steps/s', 'train'),
         (r'^EvaluateQuestions/1(/|$)', 'questions/s', 'evaluate'),
         (r'^AnswerQuestions/1(/|$)', 'questions/s', 'evaluate'),
         (r'^UsefulNodeMap/one_layer/1(/|$)', 'node_questions/s', 'sweep'))
RATES = ('steps/s', 'questions/s', 'node_questions/s', 'items_per_second', 'bytes_per_second')


def parse(arguments):
    parser = argparse.ArgumentParser(prog='run.sh')
    parser.add_argument('--peers', type=Path)
    parser.add_argument('--python', default='python3')
    parser.add_argument('--seconds', type=float, default=20)
    parser.add_argument('--rounds', type=int, default=4)
    parser.add_argument('--build', type=Path, default=HERE.parent.parent / 'build' / 'release')
    parser.add_argument('--filter', default='.')
    parser.add_argument('-o', dest='out', type=Path)
    options = parser.parse_args(arguments)
    if options.seconds <= 0 or options.rounds < 1:
        parser.error('--seconds and --rounds must be above 0')
    return options


def programs_of(build):
    found = sorted(path for path in (build / 'bin').glob('*_benchmark') if os.access(path, os.X_OK))
    if not found:
        sys.exit(f'run.sh: no benchmark in {build}/bin: configure with -DSUMSCOPE_BUILD_BENCHMARKS=ON and build')
    return found


def check_peers(options):
    if not options.peers.is_file():
        sys.exit(f'run.sh: there is no script {options.peers}')
    for module, package in (('torch', 'torch'), ('transformer_lens', 'transformer-lens==2.16.1')):
        looked = f'import importlib.util, sys; sys.exit(importlib.util.find_spec("{module}") is None)'
        try:
            code = subprocess.run([options.python, '-c', looked], check=False).returncode
        except OSError as error:
            sys.exit(f'run.sh: cannot run {options.python}: {error.strerror}; name a Python with --python')
        if code != 0:
            sys.exit(f'run.sh: {options.python} has no {module}: make a venv, install {package} there, '
                     'and name its Python with --python')


def environment():
    return dict(os.environ, OMP_NUM_THREADS='1', MKL_NUM_THREADS='1')


def single_threaded(program, names):
    """The benchmarks of one thread: a last argument of 2 is two threads, of the engine's; others have none of 2."""
    listed = subprocess.run([program, '--benchmark_list_tests', f'--benchmark_filter={names}'], check=True,
                            stdout=subprocess.PIPE, text=True, env=environment()).stdout.split('\n')
    names = [name for name in listed if '/' in name or name.startswith('BM_')]
    return [name for name in names if not re.search(r'/2(/|$)', name)]


def ours(program, names, seconds):
    """{name: its figures} of one round."""
    wanted = '^(' + '|'.join(re.escape(name) for name in names) + ')$'
    out = subprocess.run([program, f'--benchmark_filter={wanted}', f'--benchmark_min_time={seconds}',
                          '--benchmark_format=json'], check=True, stdout=subprocess.PIPE, env=environment()).stdout
    return {item['name']: item for item in json.loads(out)['benchmarks']}


def theirs(options, seconds):
    """{(peer, what): figure} of one round."""
    done = subprocess.run([options.python, str(options.peers), '--threads', '1', '--seconds', str(max(1, round(seconds))),
                           '--only', ','.join(PEERS)], stdout=subprocess.PIPE, text=True, env=environment(),
                          check=False)
    if done.returncode != 0:
        sys.exit(f'run.sh: {options.peers} ended with {done.returncode}')
    figures = {}
    for line in done.stdout.splitlines():
        if match := re.match(r'(\w+)\s+train\s+([\d.]+) steps/s\s+evaluate\s+([\d.]+) questions/s', line):
            figures[match[1], 'train'], figures[match[1], 'evaluate'] = float(match[2]), float(match[3])
        elif match := re.match(r'sweep\s+([\d.]+) node-questions/s', line):
            figures['sweep', 'sweep'] = float(match[1])
    if not figures:
        sys.exit(f'run.sh: {options.peers} printed no figure')
    return figures


def median(rounds, key):
    values = [each[key] for each in rounds if key in each]
    return statistics.median(values) if values else None


def spread(rounds, key):
    values = [each[key] for each in rounds if key in each]
    return (max(values) - min(values)) / statistics.median(values) if values else 0


def table(results, peers):
    """Lines of markdown: medians of the rounds, and ratios of the medians."""
    lines = ['| benchmark | time | spread | rate | GFLOP/s | of the machine\'s GEMM | to the peers |',
             '|---|---|---|---|---|---|---|']
    for name, rounds in results.items():
        unit = rounds[0]['time_unit']
        cells = [f'{median(rounds, "real_time"):.4g} {unit}', f'{spread(rounds, "real_time"):.0%}']
        rate = next((key for key in RATES if key in rounds[0]), None)
        cells.append(f'{median(rounds, rate):.4g} {rate}' if rate else '')
        flops, share = median(rounds, 'GFLOP/s'), median(rounds, 'floor_share')
        cells += [f'{flops:.1f}' if flops else '', f'{share:.0%}' if share else '', ratios(name, rounds, peers)]
        lines.append(f'| {name} | ' + ' | '.join(cells) + ' |')
    if peers:
        lines += ['', '| peer | what | rate |', '|---|---|---|']
        lines += [f'| {peer} | {what} | {median(peers, (peer, what)):.4g} |' for peer, what in peers[0]]
    return lines


def ratios(name, rounds, peers):
    for pattern, counter, what in PAIRS:
        if peers and re.search(pattern, name) and counter in rounds[0]:
            own = median(rounds, counter)
            return ', '.join(f'{own / median(peers, key):.1f}x {key[0]}' for key in peers[0] if key[1] == what)
    return ''


def main(arguments):
    options = parse(arguments)
    programs = programs_of(options.build)
    if options.peers:
        check_peers(options)
    seconds = options.seconds / options.rounds
    names = {program: single_threaded(program, options.filter) for program in programs}
    results, peers = {}, []
    for number in range(options.rounds):
        print(f'round {number + 1} of {options.rounds}', file=sys.stderr, flush=True)
        for program in programs:
            if names[program]:
                for name, figures in ours(program, names[program], seconds).items():
                    results.setdefault(name, []).append(figures)
        if options.peers:
            peers.append(theirs(options, seconds))
    load = os.getloadavg()[0]
    head = [f'{time.strftime("%Y-%m-%d %H:%M")}, one thread, {options.rounds} rounds, {options.seconds:g} s each in all; '
            f'load at the end {load:.1f} on {os.cpu_count()} cores.', '']
    text = '\n'.join(head + table(results, peers)) + '\n'
    sys.stdout.write(text)
    if options.out:
        options.out.write_text(text)


if __name__ == '__main__':
    main(sys.argv[1:])
