"""Models that train in seconds, and names of runs."""

# A model that trains in seconds: n = 2, one head.
TINY_SPEC = dict(operation='ADD', n_digits=2, n_layers=1, n_heads=1, d_model=16, d_head=16, d_mlp=32, batch_size=8)
TINY_SET = 'd_model=16,d_head=16,d_mlp=32,batch_size=8'


def run_id(name):
    return name.removeprefix('runs/')
