"""A stock gRPC client that knows nothing but reflection can do what the CLI does."""

import unittest
import uuid

import grpc

from harness.case import IntegrationTest
from harness.models import TINY_SPEC
from harness.stock_client import as_dict, health, qualified, rows_of

STEPS = 300


class StockClientTest(IntegrationTest):
    def test_RunGivenReflectionOnlyIsCreatedWatchedAndRead(self):
        server = self.server()
        client = server.client
        self.assertIn('sumscope.v1.RunService', client.database.get_services())
        self.assertEqual(health(client), 'SERVING')

        request = dict(request_id=str(uuid.uuid4()), spec=dict(TINY_SPEC, steps=STEPS), labels={'purpose': 'test'})
        run = client.call('RunService/CreateRun', **request)
        self.assertEqual(client.call('RunService/CreateRun', **request)['name'], run['name'], 'asked again')
        self.assertEqual(run['spec']['seed'], '372001', 'defaults are filled')

        events = [as_dict(event) for event in client.stream('RunService/WatchRun', name=run['name'])]
        self.assertIn('end', events[-1])
        self.assertEqual(events[-1]['end']['state'], 'SUCCEEDED')
        self.assertEqual(events[-1]['end']['steps_done'], str(STEPS))
        states = [event['state']['state'] for event in events if 'state' in event]
        self.assertEqual(states, ['QUEUED', 'STARTING', 'RUNNING', 'SUCCEEDED'])
        self.assertEqual([event['checkpoint']['step'] for event in events if 'checkpoint' in event],
                         ['0', '1', '2', '5', '10', '20', '50', '100', '200', '300'])
        self.assertEqual(sum('end' in event for event in events), 1)

        with self.subTest('a watch goes on after any token'):
            logged = [event for event in events if event['resume_token']]
            for i in range(0, len(logged), 3):
                rest = client.stream('RunService/WatchRun', name=run['name'], resume_token=logged[i]['resume_token'])
                tokens = [event.resume_token for event in rest if event.resume_token]
                self.assertEqual(tokens, [event['resume_token'] for event in logged[i + 1:]])

        with self.subTest('metrics'):
            columns, rows = server.metrics(run['name'])
            self.assertEqual(columns[0], 'loss')
            self.assertIn('digit_loss.A2', columns)
            self.assertEqual(len(rows), STEPS)
            token, paged = '', []
            while True:
                page = client.call('RunService/ListMetrics', name=run['name'], page_size=37, page_token=token)
                self.assertEqual(int(page['block']['first_step']), len(paged))
                paged += rows_of(page['block'])
                token = page['next_page_token']
                if not token:
                    break
            self.assertEqual(paged, rows)
            streamed = []
            for block in client.stream('RunService/StreamMetrics', name=run['name'], follow=True):
                self.assertEqual(block.first_step, len(streamed))
                streamed += rows_of(as_dict(block))
            self.assertEqual(streamed, rows)
            self.assertEqual(len(server.metrics(run['name'], 'TIMING')[1]), STEPS)
            self.assertTrue(all(row[0] > 0 for row in rows))

    def test_ErrorGivenStockClientHasItsDetails(self):
        server = self.server()
        client = server.client
        for status, reason, path, fields in (
                (grpc.StatusCode.INVALID_ARGUMENT, 'DIGITS_OUT_OF_RANGE', 'RunService/CreateRun',
                 dict(request_id=str(uuid.uuid4()), spec={'n_digits': 21})),
                (grpc.StatusCode.NOT_FOUND, 'RUN_NOT_FOUND', 'RunService/GetRun', dict(name='runs/nobody')),
                (grpc.StatusCode.INVALID_ARGUMENT, 'MODEL_NAME_INVALID', 'RunService/CreateRun',
                 dict(request_id=str(uuid.uuid4()), model_name='add_d5_x1_h3')),
                (grpc.StatusCode.INVALID_ARGUMENT, 'RESOURCE_NAME_INVALID', 'RunService/GetRun', dict(name='run/x'))):
            with self.subTest(reason):
                error = self.assert_rpc_error(server, status, reason, lambda: client.call(path, **fields))
                self.assertTrue(error.details())

    def test_FieldViolationGivenBadSpecNamesTheField(self):
        server = self.server()
        client = server.client
        error = self.assert_rpc_error(
            server, grpc.StatusCode.INVALID_ARGUMENT, 'HEADS_OUT_OF_RANGE',
            lambda: client.call('RunService/CreateRun', request_id=str(uuid.uuid4()), spec={'n_heads': 0}))
        status = client.message('google.rpc.Status').FromString(
            dict(error.trailing_metadata())['grpc-status-details-bin'])
        bad = [detail for detail in status.details if detail.type_url.endswith('/google.rpc.BadRequest')]
        violation = client.message('google.rpc.BadRequest').FromString(bad[0].value).field_violations[0]
        self.assertEqual(violation.field, 'spec.n_heads')

    def test_EveryMethodGivenReflectionIsDescribed(self):
        server = self.server()
        for service in ('RunService', 'AnalysisService', 'SystemService'):
            descriptor = server.client.pool.FindServiceByName(qualified(service))
            self.assertGreater(len(descriptor.methods), 0)


if __name__ == '__main__':
    unittest.main(verbosity=2)
