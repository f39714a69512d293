"""Safetensors files: 8 bytes of header length, the header's JSON, the data."""

import io
import json
import struct


def read_safetensors(data):
    """(metadata, {name: (dtype, shape, bytes)})."""
    length, = struct.unpack('<Q', data[:8])
    header = json.loads(data[8:8 + length])
    body = data[8 + length:]
    metadata = header.pop('__metadata__', {})
    return metadata, {name: (entry['dtype'], entry['shape'], body[slice(*entry['data_offsets'])])
                      for name, entry in header.items()}


def write_safetensors(tensors, metadata=None, change_header=None):
    """`change_header` may spoil the header (a dict) before it is written."""
    header, body = ({'__metadata__': metadata} if metadata else {}), io.BytesIO()
    for name, (dtype, shape, data) in tensors.items():
        begin = body.tell()
        body.write(data)
        header[name] = {'dtype': dtype, 'shape': shape, 'data_offsets': [begin, body.tell()]}
    if change_header:
        change_header(header)
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    return struct.pack('<Q', len(text)) + text + body.getvalue()
