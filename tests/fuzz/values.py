"""Random values for every type and name of field: what a caller means, what it mistypes, and what nobody would send."""

from google.protobuf import message_factory
from google.protobuf.descriptor import FieldDescriptor as Field

UNSIGNED = [0, 1, 2, 3, 5, 9, 10, 64, 100, 1000, 1001, 10_000, 10**6, 10**9, 10**9 + 1, 2**31 - 1, 2**31, 2**32 - 1]
LONG = UNSIGNED + [10**7, 10**7 + 1, 2**32, 2**53, 2**63 - 1, 2**63, 2**64 - 2, 2**64 - 1]
SIGNED = [0, 1, -1, 2**31 - 1, -2**31]
REALS = [0.0, -0.0, 1.0, 0.5, -1.0, 1e-3, 1e-30, 5e-324, 1e308, float('inf'), float('-inf'), float('nan')]
ODD_TEXT = ['', ' ', '\0', '\n', 'a\nb', '\x1b[31m', '\x7f', 'ä', '\u202e', '\U0001f600', "'", '"', '\\', '%s', '%00', '../..',
            '-', '@', '@last', '*', '(', 'NULL', '0x10', '1e9', '-1', "' OR 1=1 --", '`id`', '${HOME}']
MARK = 'zQ7q'  # replaced by bytes that are not UTF-8, once the message is serialised

PLAUSIBLE = {
    'model_name': ['add_d2_l1_h1', 'sub_d2_l1_h1', 'mix_d3_l1_h2', 'mul_d2_l1_h1', 'mas_d2_l1_h1_t1K', 'add_d21_l1_h3', 'add_d5_x1',
                   'ins1_add_d2_l1_h1', 'add_d20_l8_h16_t10000K_gf_s18446744073709551615', 'add_d2_l1_h1_s99999999999999999999'],
    'init_from': ['tiny', 'tiny@10', 'tiny@last', 'tiny@', '@5', 'nobody'],
    'filter': ['state = RUNNING', 'spec.n_digits >= 2 AND (NOT labels.a = "b" OR metrics.heldout_loss < 1e-6)', 'state = (', 'owner:*',
               'create_time > "2026-11-22T00:00:00Z"', 'labels.a:*', 'task = "A0.SA" AND run.n_layers = 1', '((((((', 'NOT ' * 40 + 'a',
               'spec.seed = 18446744073709551616', 'model_name = "*"', 'nonsense = 3', '(' * 2000, 'a AND ' * 500 + 'b', 'imported'],
    'order_by': ['create_time', 'create_time desc', 'model_name asc', 'state', 'metrics.heldout_loss desc', 'nonsense', 'state desc, owner'],
    'analysis': ['evaluate', 'attention', 'capture', 'nonsense', 'import_tags', 'kind'],
    'question_class': ['S0', 'S1', 'S2', 'S3', 'S5', 'M0', 'M4+', 'N1', 'S9', 's1'],
    'questions': ['12+34', '1+1', '99+99', '12-34', '1*1', '123+4', '+', '1+', '12+34=046', '١+١'],
    'store': ['22+11', '22-11', '222+1'], 'clean': ['55+44', '55-44', ''], 'patch_from': ['22+11', '11-22', 'x'],
    'tasks': ['A0.SA', 'A1.SC', 'SA', 'all', 'A9.SA', 'A1.MD', 'A0.QQ', 'A', '.'],
    'node_sets': ['P5L0H0', 'P6L0MLP', 'L0H0', 'L0', 'P5', 'P5L0H0,P5L0MLP', 'P05L0M0', 'P99L0H0', 'P5L9H0', 'P5L0H9', 'P', ',', 'L0MLP,'],
    'feature': ['A0.SA', 'A1.SC', 'SA', 'A0.ST', 'A9.SA', 'A1.GT'],
    'hook': ['blocks.0.hook_resid_mid', 'blocks.0.attn.hook_z', 'blocks.*', 'hook_embed', 'nonsense'],
    'hooks': ['blocks.0.attn.hook_z', 'blocks.*.hook_mlp_out', '*', 'blocks.?', '**', 'blocks.0.attn.hook_pattern', 'nonsense', '*' * 50],
    'positions': ['P0', 'P5', 'P8', 'P9', 'P-1', 'P'], 'position': ['P0', 'P5', 'P99', '5'],
    'tag': ['Algo:A0.SA', 'Fail%:8', 'Impact:A10', 'Attn:P9=52', 'PCA:A2', 'Math.Add:S12', ':', 'Algo:', 'Odd:x'],
    'paths': ['labels', 'labels.a', 'labels.', 'spec', 'labels.a.b', 'owner'],
    'request_id': ['', '', '', '0f4b7a52-8a4f-4b52-9d0e-2d6b3f1f7a11', 'not-a-uuid', '0f4b7a52-8a4f-4b52-9d0e-2d6b3f1f7a1'],
    'run_id': ['', '', '', 'x', '../x', 'Tiny', 'tiny', 'x' * 40, 'x' * 41, 'a b', 'a\nb'],
    'sha256': ['', '0' * 64, 'f' * 63, 'F' * 64],
    'key': ['a', 'purpose', 'A', '', 'x' * 63, 'x' * 64, 'a b', 'a\n'],
}
PLAUSIBLE['nodes'] = PLAUSIBLE['ablate'] = PLAUSIBLE['patch_nodes'] = PLAUSIBLE['node'] = PLAUSIBLE['node_sets']
COUNTS = ('count', 'count_per_class', 'count_per_case', 'per_cell', 'steps')  # what makes accepted work long


class Values:
    """Draws from `rng`; `known` maps the name of a field to values that exist on the server."""

    def __init__(self, rng, known):
        self.rng, self.known = rng, known

    def message(self, descriptor, depth=0):
        """A message whose fields are set at random: some, most or none of them."""
        made = message_factory.GetMessageClass(descriptor)()
        share = self.rng.choice((0, 0.3, 0.6, 0.9))
        for field in descriptor.fields:
            if self.rng.random() < share and depth < 5:
                self.fill(made, field, depth)
        return made

    def mutate(self, message, depth=0):
        """Changes a field of `message`, or of a message inside it."""
        fields = message.DESCRIPTOR.fields
        inside = [field for field in fields if is_message(field) and not is_many(field) and message.HasField(field.name)]
        if inside and depth < 5 and self.rng.random() < 0.6:
            return self.mutate(getattr(message, self.rng.choice(inside).name), depth + 1)
        if fields:
            field = self.rng.choice(fields)
            if self.rng.random() < 0.3:
                message.ClearField(field.name)
            else:
                self.fill(message, field, depth)

    def fill(self, message, field, depth):
        if is_map(field):
            for _ in range(self.size(70)):
                key = self.scalar(field.message_type.fields_by_name['key'])
                getattr(message, field.name)[key] = self.scalar(field.message_type.fields_by_name['value'])
        elif is_many(field):
            values = getattr(message, field.name)
            for _ in range(self.size(1200 if depth == 0 else 20)):  # not 1200 x 1200
                if is_message(field):
                    values.add().CopyFrom(self.message(field.message_type, depth + 1))
                else:
                    values.append(self.scalar(field))
        elif is_message(field):
            getattr(message, field.name).CopyFrom(self.message(field.message_type, depth + 1))
        else:
            setattr(message, field.name, self.scalar(field))

    def size(self, many):
        return many if self.rng.random() < 0.02 else self.rng.choice((0, 1, 1, 2, 3, 5))

    def scalar(self, field):
        rng = self.rng
        if field.type == Field.TYPE_ENUM:
            return rng.choice([value.number for value in field.enum_type.values] + [99, -1, 2**31 - 1])
        if field.type == Field.TYPE_BOOL:
            return rng.random() < 0.5
        if field.type in (Field.TYPE_DOUBLE, Field.TYPE_FLOAT):
            return rng.choice(REALS + [rng.uniform(-2, 2)])
        if field.type == Field.TYPE_UINT32:
            return rng.choice(UNSIGNED[:9] if field.name in COUNTS and rng.random() < 0.7 else UNSIGNED)
        if field.type == Field.TYPE_UINT64:
            return rng.choice(LONG[:9] if field.name in COUNTS and rng.random() < 0.7 else LONG)
        if field.type == Field.TYPE_BYTES:
            return bytes(rng.randrange(256) for _ in range(rng.choice((0, 1, 9, 1000))))
        if field.type == Field.TYPE_STRING:
            return self.text(field.name)
        return rng.choice(SIGNED)

    def text(self, name):
        """Mostly what exists or is meant for such a field; sometimes changed, odd or very long."""
        rng = self.rng
        meant = self.known.get(name, []) or PLAUSIBLE.get(name, [])
        if name in PLAUSIBLE and rng.random() < 0.5:
            meant = PLAUSIBLE[name]
        draw = rng.random()
        if meant and draw < 0.75:
            return rng.choice(meant)
        if draw < 0.8:
            return rng.choice((MARK, 'x', 'é', '/', 'runs/')) * rng.choice((60, 257, 4097, 20_000, 300_000))
        if draw < 0.85:
            return MARK
        base = rng.choice(meant or ODD_TEXT)
        at = rng.randrange(len(base) + 1)
        return base[:at] + rng.choice(ODD_TEXT) + base[at + rng.randrange(3):]


def is_many(field):
    return field.is_repeated


def is_message(field):
    return field.type == Field.TYPE_MESSAGE


def is_map(field):
    return is_message(field) and field.message_type.GetOptions().map_entry


def spoil(rng, data):
    """Serialised bytes as no client library makes them: cut, flipped, grown, or with strings that are not UTF-8."""
    data = data.replace(MARK.encode(), b'\xff\xc3(\xfe')
    kind = rng.randrange(6)
    if kind == 0 and data:
        return data[:rng.randrange(len(data))]
    if kind == 1 and data:
        at = rng.randrange(len(data))
        return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1:]
    if kind == 2:
        return data + bytes(rng.randrange(256) for _ in range(rng.choice((1, 10, 1000))))
    if kind == 3:
        return data + b'\xfa\x7f\xff\xff\xff\xff\x07'  # a field that nobody knows, of 2 GiB
    if kind == 4:
        return b'\x0b' * rng.choice((1, 50, 200, 5000)) + data  # groups in groups
    return data


def varint(value):
    out = b''
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def repeated_paths(descriptor, depth=0):
    """The field numbers that lead to each repeated field of length-delimited values."""
    paths = []
    for field in descriptor.fields:
        delimited = is_message(field) or field.type in (Field.TYPE_STRING, Field.TYPE_BYTES)
        if is_many(field) and delimited:
            paths.append([field.number])
        elif is_message(field) and not is_many(field) and depth < 3:
            paths += [[field.number, *rest] for rest in repeated_paths(field.message_type, depth + 1)]
    return paths


def flood(rng, descriptor, room):
    """About `room` bytes that are one repeated field with as many empty elements as fit; None where there is no such."""
    paths = repeated_paths(descriptor)
    if not paths:
        return None
    path = rng.choice(paths)
    element = varint(path[-1] << 3 | 2) + b'\0'
    data = element * (room // len(element))
    for number in reversed(path[:-1]):
        data = varint(number << 3 | 2) + varint(len(data)) + data
    return data
