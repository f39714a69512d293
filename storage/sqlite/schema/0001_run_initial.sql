-- One run, whole. Times are nanoseconds since 1970 (UTC); the views print them as text.
-- `checksum` columns are the first 16 hex digits of a SHA-256 over the row's other columns.

-- One row: the run as sumscope.v1.Run in JSON, and how much of everything is stored, so that missing rows are noticed.
CREATE TABLE run (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  description TEXT NOT NULL,
  deterministic_steps INTEGER NOT NULL,
  timing_steps INTEGER NOT NULL,
  log_entries INTEGER NOT NULL,
  tensor_sets INTEGER NOT NULL,  -- finished ones
  analyses INTEGER NOT NULL,
  checksum TEXT NOT NULL
) STRICT;

-- Consecutive steps. `data` is zstd over float64, little endian, column after column in the order of `columns`
-- (comma-separated).
CREATE TABLE metric_blocks (
  series TEXT NOT NULL,  -- deterministic, timing
  first_step INTEGER NOT NULL,
  steps INTEGER NOT NULL,
  columns TEXT NOT NULL,
  data BLOB NOT NULL,
  checksum TEXT NOT NULL,
  UNIQUE (series, first_step)
) STRICT;

-- Tensors stored together: a checkpoint's weights or the resume state. sha256 and file_bytes are of the safetensors file
-- with these tensors and no metadata.
CREATE TABLE tensor_sets (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,  -- weights, resume_state
  step INTEGER NOT NULL,
  create_time INTEGER NOT NULL,
  finished INTEGER NOT NULL,
  data_bytes INTEGER NOT NULL,
  file_bytes INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  heldout_loss REAL,
  checksum TEXT NOT NULL  -- over the tensors' rows, too
) STRICT;

CREATE TABLE tensors (
  set_id INTEGER NOT NULL REFERENCES tensor_sets (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,  -- from 0, in the order of the bytes
  name TEXT NOT NULL,
  dtype TEXT NOT NULL,
  shape TEXT NOT NULL,  -- comma-separated, '' for a scalar
  byte_order TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (set_id, position)
) STRICT, WITHOUT ROWID;

-- The set's bytes in pieces of at most 1 MiB. id = set_id << 40 | first byte.
CREATE TABLE chunks (
  id INTEGER PRIMARY KEY,
  set_id INTEGER NOT NULL REFERENCES tensor_sets (id) ON DELETE CASCADE,
  first_byte INTEGER NOT NULL,
  sha256 TEXT NOT NULL,  -- of data
  data BLOB NOT NULL
) STRICT;
CREATE INDEX chunks_by_set ON chunks (set_id);

CREATE TABLE log (
  sequence INTEGER PRIMARY KEY,  -- dense, from 1
  time INTEGER NOT NULL,
  severity TEXT NOT NULL,
  text TEXT NOT NULL,
  checkpoint_step INTEGER,
  checksum TEXT NOT NULL
) STRICT;

CREATE TABLE analyses (
  id TEXT NOT NULL PRIMARY KEY,
  analysis TEXT NOT NULL,
  checkpoint TEXT NOT NULL,
  state TEXT NOT NULL,
  state_reason TEXT NOT NULL,
  state_detail TEXT NOT NULL,
  progress REAL NOT NULL,
  create_time INTEGER NOT NULL,
  end_time INTEGER,
  owner TEXT NOT NULL,
  key TEXT NOT NULL,
  job TEXT NOT NULL,
  question_set TEXT,
  provenance TEXT,
  request TEXT,
  result TEXT,
  checksum TEXT NOT NULL
) STRICT;

-- For people with the sqlite3 shell.
CREATE VIEW summary AS
SELECT json_extract(description, '$.name') AS name, json_extract(description, '$.model_name') AS model_name,
       json_extract(description, '$.owner') AS owner, json_extract(description, '$.state') AS state,
       json_extract(description, '$.labels') AS labels, deterministic_steps AS steps,
       (SELECT count(*) FROM tensor_sets WHERE kind = 'weights' AND finished) AS checkpoints, analyses, log_entries
FROM run;

CREATE VIEW checkpoints AS
SELECT step, strftime('%Y-%m-%dT%H:%M:%SZ', create_time / 1000000000, 'unixepoch') AS created, file_bytes, sha256,
       heldout_loss
FROM tensor_sets WHERE kind = 'weights' AND finished ORDER BY step;

CREATE VIEW log_lines AS
SELECT sequence, strftime('%Y-%m-%dT%H:%M:%SZ', time / 1000000000, 'unixepoch') AS time, severity, text
FROM log ORDER BY sequence;

CREATE VIEW metric_series AS
SELECT series, min(first_step) AS first_step, max(first_step + steps) - 1 AS last_step, count(*) AS blocks,
       sum(length(data)) AS bytes
FROM metric_blocks GROUP BY series;
