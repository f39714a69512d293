"""The stock Python gRPC client over TLS with a token: what it needs is a CA's file, an address and the token's text."""

import unittest
import uuid

import grpc

from harness.case import IntegrationTest
from harness.lab import Lab
from harness.models import TINY_SPEC
from harness.stock_client import as_dict, health, rows_of


class StockTlsTest(IntegrationTest):
    def test_StockClientCreatesWatchesAndReads(self):
        lab = Lab(self, users=[('ada', 'MEMBER')])
        client = lab.client('ada')
        self.assertIn('sumscope.v1.UserService', client.database.get_services())
        self.assertEqual(health(client), 'SERVING')
        caller = client.call('UserService/GetCaller')
        self.assertEqual((caller['user'], caller['role'], caller['credential'], caller['address']),
                         ('users/ada', 'MEMBER', 'token test', '127.0.0.1'))
        run = client.call('RunService/CreateRun', request_id=str(uuid.uuid4()), spec=dict(TINY_SPEC, steps=50))
        self.assertEqual(run['owner'].removeprefix('users/'), 'ada')
        events = [as_dict(event) for event in client.stream('RunService/WatchRun', name=run['name'])]
        self.assertEqual(events[-1]['end']['state'], 'SUCCEEDED')
        block = client.call('RunService/ListMetrics', name=run['name'])['block']
        self.assertEqual(len(rows_of(block)), 50)
        chunks = list(client.stream('RunService/DownloadCheckpoint', name=f'{run["name"]}/checkpoints/last'))
        self.assertEqual(sum(len(chunk.data) for chunk in chunks), chunks[0].total_bytes)
        questions = client.upload('QuestionSetService/UploadQuestionSet',
                                  [dict(header=dict(n_digits=2)), dict(data=b'1+2\n')])
        self.assertEqual(questions['count'], 1)

    def test_StockClientByCertificateIsTheUserThatItNames(self):
        lab = Lab(self)
        lab.add('ada', 'MEMBER', certificates=['ada'])
        lab.add('ben', 'VIEWER', certificates=['ben.lab'])
        for name, pair in (('ada', lab.authority.client('ada')),
                           ('ben', lab.authority.client('somebody', alternative='DNS:ben.lab'))):
            client = lab.connect(pair=pair)
            self.assertEqual(client.call('UserService/GetCaller')['user'], f'users/{name}')
        for pair in (lab.authority.client('eve'), lab.authority.client('ada', file='other', alternative='DNS:eve.lab')):
            with self.assertRaises(grpc.RpcError) as caught:
                lab.connect(pair=pair).call('UserService/GetCaller')
            self.assertEqual(caught.exception.code(), grpc.StatusCode.UNAUTHENTICATED)


if __name__ == '__main__':
    unittest.main(verbosity=2)
