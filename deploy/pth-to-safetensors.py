#!/usr/bin/env python3
"""Converts a PyTorch file of weights (model.pth) into a .safetensors file that `sumscope import` takes.

usage: pth-to-safetensors.py model.pth model.safetensors [--n-heads N]

The file is read with torch.load(weights_only=True): nothing in it is executed. The buffers attn.mask and attn.IGNORE
are left out, and so is, with a word, what is no floating-point tensor. Names, shapes and types (F64, F32, F16, BF16)
stay as they are: the import reads what others publish. Newer TransformerLens names do not say how many heads a matrix
holds: --n-heads does, or a configuration beside the weights. Needs PyTorch, and nothing else.
"""
import json
import os
import struct
import sys
import tempfile

IGNORED_SUFFIXES = (".mask", ".IGNORE")
ALIGNMENT = 8


def fail(message):
    sys.exit("error: " + message)


def heads_of(loaded):
    """n_heads of a configuration that lies beside the weights, or None."""
    for key in ("cfg", "config", "hparams"):
        configuration = loaded.get(key) if isinstance(loaded, dict) else None
        if isinstance(configuration, dict) and isinstance(configuration.get("n_heads"), int):
            return configuration["n_heads"]
    return None


def find_weights(loaded):
    """The tensors by name, of a state dict, bare or under a key that is usual for one; and the heads that are said."""
    heads = None
    for key in ("model_state_dict", "state_dict", "model"):
        heads = heads or heads_of(loaded)
        if isinstance(loaded, dict) and isinstance(loaded.get(key), dict):
            loaded = loaded[key]
    if not isinstance(loaded, dict):
        fail("the file holds a %s, not a dictionary of tensors" % type(loaded).__name__)
    weights = {name: value for name, value in loaded.items()
               if hasattr(value, "detach") and not name.endswith(IGNORED_SUFFIXES)}
    if not weights:
        fail("the file holds no weights")
    return weights, heads


def write_safetensors(path, tensors, metadata):
    """`tensors` is a list of (name, dtype, shape, bytes). The file appears whole or not at all."""
    header, offset = {"__metadata__": metadata} if metadata else {}, 0
    for name, dtype, shape, data in tensors:
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    directory = os.path.dirname(os.path.abspath(path))
    with tempfile.NamedTemporaryFile(dir=directory, delete=False) as out:
        try:
            out.write(struct.pack("<Q", len(text)))
            out.write(text)
            for _, _, _, data in tensors:
                out.write(data)
            out.flush()
            os.fsync(out.fileno())
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(out.name, 0o666 & ~mask)
            os.replace(out.name, path)
        except BaseException:
            os.unlink(out.name)
            raise


def tensor_bytes(tensor, torch):
    """Little-endian, row-major."""
    flat = tensor.detach().cpu().contiguous().reshape(-1)
    if flat.numel() == 0:
        return b""
    raw = flat.view(torch.uint8)
    try:
        return raw.numpy().tobytes()
    except RuntimeError:  # PyTorch without NumPy
        return bytes(raw.tolist())


def main(arguments):
    said = None
    if len(arguments) == 4 and arguments[2] == "--n-heads" and arguments[3].isdigit():
        arguments, said = arguments[:2], int(arguments[3])
    if len(arguments) != 2 or arguments[0].startswith("-"):
        print(__doc__.strip(), file=sys.stderr)
        return 0 if arguments in (["-h"], ["--help"]) else 2
    source, target = arguments
    try:
        import torch
    except ImportError:
        fail("this needs PyTorch, which is not installed here: python3 -m pip install torch")
    dtypes = {torch.float32: "F32", torch.float64: "F64", torch.float16: "F16", torch.bfloat16: "BF16"}
    try:
        loaded = torch.load(source, map_location="cpu", weights_only=True)
    except Exception as error:  # pickle, zip and file errors alike
        fail("cannot read %s: %s" % (source, error))
    tensors = []
    weights, heads = find_weights(loaded)
    for name, tensor in sorted(weights.items()):
        if tensor.dtype not in dtypes:
            print("left out: %s of type %s, which is no weight's" % (name, tensor.dtype), file=sys.stderr)
            continue
        tensors.append((name, dtypes[tensor.dtype], list(tensor.shape), tensor_bytes(tensor, torch)))
    heads = said or heads
    write_safetensors(target, tensors, {"n_heads": str(heads)} if heads else {})
    print("wrote %s: %d tensors" % (target, len(tensors)), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
