-- One capture: activations that a run computed, as tensors. Written once, then only read.

-- One row, written last.
CREATE TABLE capture (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  data_bytes INTEGER NOT NULL,
  checksum TEXT NOT NULL  -- the first 16 hex digits of a SHA-256 over data_bytes and the tensors' rows
) STRICT;

-- Their bytes lie concatenated in this order.
CREATE TABLE tensors (
  position INTEGER PRIMARY KEY,  -- from 0
  name TEXT NOT NULL,
  dtype TEXT NOT NULL,
  shape TEXT NOT NULL,  -- comma-separated, '' for a scalar
  byte_order TEXT NOT NULL,
  first_byte INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  sha256 TEXT NOT NULL
) STRICT;

-- Pieces of 1 MiB; the last one may be shorter.
CREATE TABLE chunks (
  first_byte INTEGER PRIMARY KEY,
  sha256 TEXT NOT NULL,  -- of data
  data BLOB NOT NULL
) STRICT;
