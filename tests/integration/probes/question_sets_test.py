"""Question sets that are uploaded: once for all who ask, whole or not at all, and a bad line is named."""

import hashlib
import random
import signal
import subprocess
import threading
import unittest
from pathlib import Path

import grpc

from harness.case import IntegrationTest
from harness.held_proxy import HeldProxy
from harness.models import TINY_SET
from harness.programs import SUMSCOPE, clean_environment
from harness.waiting import wait_until

COUNT = 120_000  # more than a request may hold
CHUNK = 1 << 20


def questions(count, n_digits=2, seed=0):
    numbers = random.Random(seed)
    return [f'{numbers.randrange(10 ** n_digits)}+{numbers.randrange(10 ** n_digits)}' for _ in range(count)]


def normalised(lines, n_digits=2):
    """The text that the hash is of: operands padded, one question a line."""
    return ''.join('+'.join(part.zfill(n_digits) for part in line.split('+')) + '\n' for line in lines)


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


class QuestionSetsTest(IntegrationTest):
    def setUp(self):
        self.one = self.server(slots=('cpu0:cpu:2',))

    def sumscope(self, *arguments, **options):
        return self.cli(self.one, *arguments, **options)

    def train(self, run, model='add_d2_l1_h1'):
        self.sumscope('train', model, '--set', f'{TINY_SET},steps=10', '--run-id', run, '--watch', '--quiet')

    def sets(self):
        return self.one.client.call('QuestionSetService/ListQuestionSets')['question_sets']

    def on_disk(self):
        return sorted(path.name for path in (self.one.data / 'question_sets').iterdir())

    def write(self, lines, name='questions.txt'):
        path = self.root / name
        path.write_text(''.join(f'{line}\n' for line in lines))
        return path

    def upload(self, text, n_digits=2, size=CHUNK):
        data = text.encode()
        messages = [{'header': {'n_digits': n_digits}}]
        messages += [{'data': data[at:at + size]} for at in range(0, len(data), size)]
        return self.one.client.upload('sumscope.v1.QuestionSetService/UploadQuestionSet', messages)

    def refused_upload(self, reason, status, text, says='', **options):
        error = self.assert_rpc_error(self.one, status, reason, lambda: self.upload(text, **options))
        self.assertIn(says, error.details())
        self.assertEqual((self.sets(), self.on_disk()), ([], []))

    def ask(self, run, probe, questions_text, *options):
        return self.sumscope('probe', run, probe, '--questions', questions_text, *options, '--wait', '-o', 'json').json

    def test_ALongListIsUploadedOnceForAllWhoAsk(self):
        self.train('one')
        lines = questions(COUNT)
        digest = sha256(normalised(lines))
        path = self.write(lines)
        first = self.ask('one', 'evaluate', f'file:{path}')
        self.assertEqual(int(first['result']['evaluate']['exact']['count']), COUNT)
        self.assertEqual(first['question_set']['uploaded']['sha256'], digest)
        stored, = self.sets()
        self.assertEqual((stored['sha256'], stored['name'], stored['count'], stored['additions'], stored['n_digits']),
                         (digest, f'questionSets/{digest}', COUNT, COUNT, 2))
        second = self.ask('one', 'attention', f'file:{path}')
        self.assertEqual(int(second['result']['attention']['questions']), COUNT)
        # Other bytes, the same questions: padded, with comments, blank lines and CRLF; and by name alone.
        other = ['# a comment', ''] + [line + '\r' for line in normalised(lines).splitlines()]
        for same in (f'file:{path}', f'file:{self.write(other, "other.txt")}', f'sha256:{digest}'):
            with self.subTest(same):
                again = self.ask('one', 'evaluate', same)
                self.assertTrue(again['from_cache'])
                self.assertEqual(again['name'], first['name'])
        self.train('two')
        self.assertEqual(self.ask('two', 'evaluate', f'sha256:{digest}')['question_set']['uploaded']['sha256'], digest)
        self.assertEqual(self.upload('\n'.join(lines))['sha256'], digest)
        self.assertEqual(self.sets(), [stored])
        self.assertEqual(len(self.on_disk()), 1)
        # The answer is that of the same questions in a request.
        few = lines[:1000]
        listed = self.ask('one', 'evaluate', f'file:{self.write(few, "few.txt")}')
        named = self.ask('one', 'evaluate', f'sha256:{self.upload(chr(10).join(few))["sha256"]}')
        self.assertFalse(named['from_cache'])
        self.assertEqual(named['result'], listed['result'])
        self.one.stop()
        self.one.start()
        self.assertEqual(len(self.sets()), 2)
        self.assertTrue(self.ask('one', 'evaluate', f'sha256:{digest}')['from_cache'])

    def test_ManyRunsAskOneUploadForEachNumberOfDigits(self):
        self.train('two')
        self.train('other')
        self.train('three', 'add_d3_l1_h1')
        lines = questions(COUNT)
        across = self.sumscope('probe', '--runs', 'spec.operation = ADD', 'evaluate', '--questions',
                               f'file:{self.write(lines)}', '-o', 'json').json
        self.assertEqual(len(across['runs']), 3)
        count = next(entry for entry in across['numbers'] if entry['path'] == 'exact.count')
        self.assertEqual([count[key] for key in ('n', 'min', 'max')], [3, COUNT, COUNT])
        self.assertEqual({one['sha256'] for one in self.sets()},
                         {sha256(normalised(lines, n_digits)) for n_digits in (2, 3)})

    def test_AListOfAnotherRunsDigitsOrOperationIsRefused(self):
        self.train('two')
        self.train('three', 'add_d3_l1_h1')
        of_three = self.upload('100+200\n', n_digits=3)['sha256']
        subtractions = self.upload('10-20\n')['sha256']
        for reason, code, questions_text in (('WRONG_DIGITS', 2, f'sha256:{of_three}'),
                                             ('OPERATION_NOT_OF_RUN', 2, f'sha256:{subtractions}'),
                                             ('QUESTION_SET_NOT_FOUND', 3, 'sha256:' + 'ab' * 32)):
            self.assert_refused(self.one, reason, code, 'probe', 'two', 'evaluate', '--questions', questions_text)
        self.assertEqual(self.sumscope('analyses', 'list', '-o', 'id').text, '')

    def test_ABadLineIsNamed(self):
        good = questions(60_000)
        text = '\n'.join(good) + '\n'
        invalid = grpc.StatusCode.INVALID_ARGUMENT
        for number, bad, why in ((1, '12', 'two numbers'), (2, '1+2+3', 'two numbers'), (77, '12+', 'two numbers'),
                                 (40_001, '123+4', 'more than 2 digits'), (60_000, '1 + 2', 'two numbers'),
                                 (50_000, '1+\x01', 'two numbers')):
            with self.subTest(number=number, bad=bad):
                lines = good[:number - 1] + [bad] + good[number:]
                self.refused_upload('QUESTION_INVALID', invalid, '\n'.join(lines), says=f'line {number} ')
                self.refused_upload('QUESTION_INVALID', invalid, '\n'.join(lines), says=why, size=1013)
        self.refused_upload('QUESTION_INVALID', invalid, text[:700] + '1' * 5000 + text[700:], says='line ')
        self.refused_upload('EMPTY_QUESTION_SET', invalid, '# nothing\n\n')
        self.refused_upload('EMPTY_QUESTION_SET', invalid, '')
        self.refused_upload('DIGITS_OUT_OF_RANGE', invalid, text, n_digits=1)
        self.refused_upload('UPLOAD_CHUNK_INVALID', invalid, text * 6, size=CHUNK + 1)
        self.refused_upload('QUESTIONS_OUT_OF_RANGE', grpc.StatusCode.RESOURCE_EXHAUSTED, '1+2\n' * 1_000_001)
        self.assert_rpc_error(self.one, invalid, 'UPLOAD_HEADER_MISSING', lambda: self.one.client.upload(
            'sumscope.v1.QuestionSetService/UploadQuestionSet', [{'data': b'1+2\n'}]))

    def test_ABadLineOfAFileIsNamedByItsPlaceInTheFile(self):
        self.train('one')
        lines = ['# a comment', ''] + questions(COUNT)
        for bad, reason in (('12', 'QUESTION_FILE_INVALID'), ('1+2+3', 'QUESTION_FILE_INVALID'),
                            ('x', 'QUESTION_FILE_INVALID'), ('-1+2', 'QUESTION_FILE_INVALID')):
            for length in (30, len(lines)):  # in a request, and uploaded
                with self.subTest(bad, length=length):
                    path = self.write(lines[:19] + [bad] + lines[19:length])
                    self.assert_refused(self.one, reason, 2, 'probe', 'one', 'evaluate', '--questions', f'file:{path}',
                                        says='line 20: ')
        # Whether an operand is too long the server says, who shows the line.
        for length in (30, len(lines)):
            path = self.write(lines[:19] + ['123+4'] + lines[19:length])
            self.assert_refused(self.one, 'QUESTION_INVALID', 2, 'probe', 'one', 'evaluate', '--questions',
                                f'file:{path}', says='123+4')
        self.assertEqual((self.sets(), self.on_disk()), ([], []))

    def test_AnUploadThatBreaksOffLeavesNothing(self):
        """Each time after whole lines: nothing but the end of the stream tells that there should be more."""
        request, caller = self.one.client._caller('sumscope.v1.QuestionSetService/UploadQuestionSet')
        part = normalised(questions(1000)).encode()
        for round_ in range(100):
            sent, over = threading.Event(), threading.Event()

            def messages():
                yield request(header={'n_digits': 2})
                for _ in range(round_ % 5 + 1):
                    yield request(data=part)
                sent.set()
                over.wait(20)  # the stream stays open

            call = caller.future(messages(), timeout=60)
            self.assertTrue(sent.wait(20))
            call.cancel()
            self.assertTrue(call.cancelled())
            over.set()
        self.assert_well(self.one)
        self.assertEqual((self.sets(), self.on_disk()), ([], []))

    @staticmethod
    def is_pending(pid, number):
        lines = Path(f'/proc/{pid}/status').read_text().splitlines()
        masks = [int(line.split()[1], 16) for line in lines if line.startswith(('SigPnd', 'ShdPnd'))]
        return any(mask >> (number - 1) & 1 for mask in masks)

    def test_AClientKilledWhileItUploadsLeavesNothing(self):
        self.train('one')
        path = self.write(normalised(questions(600_000)).splitlines())
        proxy = HeldProxy(f'{self.root}/p', self.one.address)
        self.addCleanup(proxy.close)
        environment = dict(clean_environment(self.root), SUMSCOPE_SERVER=proxy.address)
        for number, code in ((signal.SIGKILL, -9), (signal.SIGINT, 130)):
            with self.subTest(number):
                proxy.hold('up', 2_000_000)
                asking = subprocess.Popen([str(SUMSCOPE), 'probe', 'one', 'evaluate', '--questions', f'file:{path}'],
                                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                          env=environment, cwd=self.root)
                proxy.wait_until_held()
                asking.send_signal(number)
                if number == signal.SIGINT:  # the second one ends it at once, while its connection stands still
                    wait_until('the first SIGINT to be taken', lambda: not self.is_pending(asking.pid, number))
                    asking.send_signal(number)
                err = asking.communicate(timeout=60)[1].decode()
                self.assertEqual(asking.returncode, code, err)
                proxy.cut()
                self.assert_well(self.one)
                self.assertEqual((self.sets(), self.on_disk()), ([], []))
        self.assertEqual(self.sumscope('analyses', 'list', '-o', 'id').text, '')
        # A broken connection is another thing: the client sends it all again.
        proxy.hold('up', 2_000_000)
        asking = subprocess.Popen([str(SUMSCOPE), 'probe', 'one', 'evaluate', '--questions', f'file:{path}', '--quiet'],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  env=environment, cwd=self.root)
        proxy.wait_until_held()
        proxy.cut()
        out, err = asking.communicate(timeout=60)
        self.assertEqual(asking.returncode, 0, err)
        self.assertIn(b'runs/one/analyses/', out)
        stored, = self.sets()
        self.assertEqual(stored['count'], 600_000)


if __name__ == '__main__':
    unittest.main()
