"""A client that knows only reflection: the stock Python gRPC client, and nothing generated from our protos."""

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from harness.waiting import PATIENCE


class StockClient:
    """Every method of every service that reflection tells of, with dicts in and out (proto field names)."""

    def __init__(self, address, options=(), credentials=None, metadata=(), like=None):
        """`credentials` of gRPC make it TLS; `metadata` goes with every call; `like` is a client that knows the descriptors
        already, for callers whom reflection may refuse."""
        self.channel = (grpc.secure_channel(address, credentials, options) if credentials else
                        grpc.insecure_channel(address, options))
        if metadata:
            self.channel = grpc.intercept_channel(self.channel, WithMetadata(metadata))
        self.database = like.database if like else ProtoReflectionDescriptorDatabase(self.channel)
        self.pool = like.pool if like else descriptor_pool.DescriptorPool(self.database)

    def close(self):
        self.channel.close()

    def message(self, full_name):
        return message_factory.GetMessageClass(self.pool.FindMessageTypeByName(full_name))

    def method(self, path):
        service, name = path.split('/')
        return self.pool.FindServiceByName(service).methods_by_name[name]

    def _caller(self, path):
        method = self.method(path)
        make = {(False, False): self.channel.unary_unary, (False, True): self.channel.unary_stream,
                (True, False): self.channel.stream_unary}[method.client_streaming, method.server_streaming]
        request = message_factory.GetMessageClass(method.input_type)
        response = message_factory.GetMessageClass(method.output_type)
        return request, make(f'/{path}', request_serializer=lambda message: message.SerializeToString(),
                             response_deserializer=response.FromString)

    def call(self, path, timeout=PATIENCE, **fields):
        """A unary call, `path` like 'RunService/GetRun'; the answer as a dict."""
        request, caller = self._caller(qualified(path))
        return as_dict(caller(json_format.ParseDict(fields, request()), timeout=timeout))

    def stream(self, path, timeout=2 * PATIENCE, **fields):
        """A server stream; iterates over messages, and can be cancelled."""
        request, caller = self._caller(qualified(path))
        return caller(json_format.ParseDict(fields, request()), timeout=timeout)

    def upload(self, path, messages, timeout=PATIENCE):
        request, caller = self._caller(qualified(path))
        return as_dict(caller((request(**message) for message in messages), timeout=timeout))

    def error_info(self, error):
        """(reason, domain) of an RpcError, out of its grpc-status-details-bin trailer."""
        details = dict(error.trailing_metadata() or ()).get('grpc-status-details-bin')
        if details is None:
            return '', ''
        status = self.message('google.rpc.Status').FromString(details)
        assert status.code == error.code().value[0], (status.code, error.code())
        for detail in status.details:
            if detail.type_url.endswith('/google.rpc.ErrorInfo'):
                info = self.message('google.rpc.ErrorInfo').FromString(detail.value)
                return info.reason, info.domain
        return '', ''


class WithMetadata(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor, grpc.StreamUnaryClientInterceptor,
                   grpc.StreamStreamClientInterceptor):
    """Sends the same metadata with every call of a channel, reflection's too."""

    def __init__(self, metadata):
        self.metadata = tuple(metadata)

    def _call(self, proceed, details, request):
        return proceed(details._replace(metadata=tuple(details.metadata or ()) + self.metadata), request)

    intercept_unary_unary = intercept_unary_stream = intercept_stream_unary = intercept_stream_stream = _call


def qualified(path):
    return path if '.' in path else f'sumscope.v1.{path}'


def as_dict(message):
    return json_format.MessageToDict(message, preserving_proto_field_name=True,
                                     always_print_fields_with_no_presence=True)


def rows_of(block):
    """The rows of a MetricBlock that is a dict; NaN and infinities stay text, which compares well."""
    width = len(block.get('columns', []))
    values = block.get('values', [])
    assert len(values) == width * block.get('count', 0), (len(values), width, block.get('count'))
    return [values[i:i + width] for i in range(0, len(values), width)] if width else []


def health(client):
    """SERVING, NOT_SERVING or UNKNOWN. By hand: reflection does not tell of gRPC's own health service."""
    caller = client.channel.unary_unary('/grpc.health.v1.Health/Check', request_serializer=bytes,
                                        response_deserializer=bytes)
    return {b'\x08\x01': 'SERVING', b'\x08\x02': 'NOT_SERVING'}.get(caller(b'', timeout=5), 'UNKNOWN')
