"""Calls of any method that reflection tells of, and their answers to the byte."""

import grpc
from google.protobuf import json_format, message_factory


class Answer:
    """What came back: messages, status, trailers."""

    def __init__(self, code, details, trailers, messages):
        self.code, self.details, self.trailers, self.messages = code, details, trailers, messages

    def bytes(self, *replacements):
        """All of it, with texts of the same length exchanged."""
        whole = b'\n'.join([self.code.encode(), self.details.encode(), *self.trailers, *self.messages])
        for old, new in replacements:
            assert len(old) == len(new), (old, new)
            whole = whole.replace(old.encode(), new.encode())
        return whole

    def __repr__(self):
        return f'{self.code} {self.details} {self.trailers} {self.messages}'


def methods(client):
    """Every method of the API, as descriptors."""
    services = sorted(name for name in client.database.get_services() if name.startswith('sumscope.v1.'))
    return [method for service in services for method in client.pool.FindServiceByName(service).methods]


def path_of(method):
    return f'{method.containing_service.full_name}/{method.name}'


def answer_of(client, method, parts, timeout=20, channel=None):
    """Makes the call with a dict for each message (`data` being bytes), and reads a stream to its end."""
    make = message_factory.GetMessageClass(method.input_type)
    sent = [filled(make(), part).SerializeToString() for part in parts]
    channel = channel or client.channel
    kind = {(False, False): channel.unary_unary, (False, True): channel.unary_stream, (True, False): channel.stream_unary}
    caller = kind[method.client_streaming, method.server_streaming](
        f'/{path_of(method)}', request_serializer=bytes, response_deserializer=bytes)
    received = []
    try:
        answer = caller(iter(sent) if method.client_streaming else sent[0], timeout=timeout)
        for message in answer if method.server_streaming else [answer]:
            received.append(message)
    except grpc.RpcError as error:
        trailers = [f'{key}='.encode() + (value if isinstance(value, bytes) else value.encode())
                    for key, value in error.trailing_metadata() or ()]
        return Answer(error.code().name, error.details() or '', trailers, received)
    return Answer('OK', '', [], received)


def filled(message, fields):
    rest = {key: value for key, value in fields.items() if key != 'data'}
    json_format.ParseDict(rest, message)
    if 'data' in fields:
        message.data = fields['data']
    return message
