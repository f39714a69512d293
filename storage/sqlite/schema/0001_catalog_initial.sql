-- The catalog: an index over all runs, the queue and the event log. Times are nanoseconds since 1970 (UTC); the views
-- print them as text. States are the names of sumscope.v1.State; spec, question_set and provenance are JSON.

CREATE TABLE runs (
  id TEXT NOT NULL PRIMARY KEY,
  model_name TEXT NOT NULL,
  owner TEXT NOT NULL,
  state TEXT NOT NULL,
  state_reason TEXT NOT NULL,
  state_detail TEXT NOT NULL,
  imported INTEGER NOT NULL,
  mixed_hardware INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  segment INTEGER NOT NULL,
  job TEXT NOT NULL,
  steps_done INTEGER NOT NULL,
  loss REAL,
  heldout_loss REAL,
  create_time INTEGER NOT NULL,
  start_time INTEGER,
  end_time INTEGER,
  delete_time INTEGER,
  spec TEXT NOT NULL
) STRICT;

-- One index per order that ListRuns offers, and per equality that is asked most. An absent value sorts last both ways.
CREATE INDEX runs_by_create_time ON runs (create_time, id);
CREATE INDEX runs_by_state ON runs (state, id);
CREATE INDEX runs_by_state_and_time ON runs (state, create_time, id);
CREATE INDEX runs_by_owner_and_time ON runs (owner, create_time, id);
CREATE INDEX runs_by_model_name ON runs (model_name, id);
CREATE INDEX runs_by_end_time_up ON runs (ifnull(end_time, 9223372036854775807), id);
CREATE INDEX runs_by_end_time_down ON runs (ifnull(end_time, -9223372036854775807), id);
CREATE INDEX runs_by_heldout_loss_up ON runs (ifnull(heldout_loss, 9e999), id);
CREATE INDEX runs_by_heldout_loss_down ON runs (ifnull(heldout_loss, -9e999), id);

CREATE TABLE labels (
  run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX labels_by_value ON labels (key, value, run);

CREATE TABLE jobs (
  queue_position INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  analysis TEXT NOT NULL,  -- '' for the training
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  segment INTEGER NOT NULL,
  slot TEXT NOT NULL,
  create_time INTEGER NOT NULL,
  start_time INTEGER,
  end_time INTEGER
) STRICT;
CREATE INDEX jobs_by_run ON jobs (run, analysis, queue_position);
CREATE INDEX jobs_unfinished ON jobs (queue_position) WHERE state NOT IN ('SUCCEEDED', 'FAILED', 'CANCELLED');

-- AUTOINCREMENT: a sequence never comes back, also after pruning.
CREATE TABLE events (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  run TEXT NOT NULL,
  job TEXT NOT NULL,
  time INTEGER NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  segment INTEGER NOT NULL,
  of_training INTEGER NOT NULL
) STRICT;
CREATE INDEX events_by_run ON events (run, sequence);

-- One row: every event up to pruned_through is gone.
CREATE TABLE event_log (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  pruned_through INTEGER NOT NULL
) STRICT;
INSERT INTO event_log VALUES (1, 0);

CREATE TABLE requests (
  request_id TEXT NOT NULL PRIMARY KEY,
  digest TEXT NOT NULL,
  resource TEXT NOT NULL,
  create_time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE analyses (
  run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  id TEXT NOT NULL,
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
  PRIMARY KEY (run, id)
) STRICT;
CREATE INDEX analyses_by_run_and_time ON analyses (run, create_time, id);
CREATE INDEX analyses_by_time ON analyses (create_time, run, id);
CREATE INDEX analyses_by_key ON analyses (key) WHERE state NOT IN ('FAILED', 'CANCELLED');

-- For people with the sqlite3 shell.
CREATE VIEW run_list AS
SELECT id, model_name, owner, state, state_reason, steps_done, loss, heldout_loss,
       strftime('%Y-%m-%dT%H:%M:%SZ', create_time / 1000000000, 'unixepoch') AS created,
       strftime('%Y-%m-%dT%H:%M:%SZ', end_time / 1000000000, 'unixepoch') AS ended,
       (SELECT group_concat(key || '=' || value, ', ') FROM labels WHERE run = runs.id) AS labels,
       delete_time IS NOT NULL AS deleted
FROM runs ORDER BY create_time DESC;

CREATE VIEW queue AS
SELECT queue_position, id, run, analysis, state, reason, attempt, segment, slot,
       strftime('%Y-%m-%dT%H:%M:%SZ', create_time / 1000000000, 'unixepoch') AS created
FROM jobs WHERE state NOT IN ('SUCCEEDED', 'FAILED', 'CANCELLED') ORDER BY queue_position;

CREATE VIEW event_list AS
SELECT sequence, strftime('%Y-%m-%dT%H:%M:%SZ', time / 1000000000, 'unixepoch') AS time, run, job, state, reason, detail
FROM events ORDER BY sequence;
