-- How the devices are shared: what a plan goes by, dependencies, sweeps, usage, and how long work took.

-- The sweep that the run is a member of; '': none.
ALTER TABLE runs ADD COLUMN sweep TEXT NOT NULL DEFAULT '';
CREATE INDEX runs_by_sweep ON runs (sweep, sequence, id, visibility, owner);
-- How a sweep stands, without a look at its runs.
CREATE INDEX runs_by_sweep_and_state ON runs (sweep, state, steps_done) WHERE sweep <> '';

ALTER TABLE jobs ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN priority TEXT NOT NULL DEFAULT 'NORMAL';  -- of sumscope.v1.Priority
ALTER TABLE jobs ADD COLUMN quick INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN held_by TEXT NOT NULL DEFAULT '';  -- a user; '': it is not held
ALTER TABLE jobs ADD COLUMN sweep TEXT NOT NULL DEFAULT '';    -- whose member it trains, or that ordered the analysis
ALTER TABLE jobs ADD COLUMN memory_bytes INTEGER NOT NULL DEFAULT 0;   -- expected; 0: unknown
ALTER TABLE jobs ADD COLUMN expected_seconds REAL NOT NULL DEFAULT 0;  -- of what is left to do; 0: unknown
ALTER TABLE jobs ADD COLUMN device_seconds REAL NOT NULL DEFAULT 0;    -- that it has had, up to charged_until
ALTER TABLE jobs ADD COLUMN charged_until INTEGER;
ALTER TABLE jobs ADD COLUMN expected_end_time INTEGER;  -- as it was estimated when it was queued
UPDATE jobs SET owner = ifnull((SELECT owner FROM analyses WHERE analyses.run = jobs.run AND analyses.id = jobs.analysis),
                               ifnull((SELECT owner FROM runs WHERE runs.id = jobs.run), ''));
CREATE INDEX jobs_by_sweep ON jobs (sweep, run, analysis) WHERE sweep <> '';
-- What says how wrong estimates were.
CREATE INDEX jobs_estimated ON jobs (queue_position) WHERE state = 'SUCCEEDED' AND expected_end_time IS NOT NULL;

-- Runs that must have succeeded before the job starts; a row goes when its run has.
CREATE TABLE job_dependencies (
  job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  run TEXT NOT NULL,
  PRIMARY KEY (job, run)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_dependencies_by_run ON job_dependencies (run, job);

-- Analyses that wait for their run: sumscope.v1.Analysis as JSON, which is not in the run's file before it can be asked.
CREATE TABLE orders (
  job TEXT NOT NULL PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  analysis TEXT NOT NULL
) STRICT;

CREATE TABLE sweeps (
  id TEXT NOT NULL PRIMARY KEY,
  sequence INTEGER NOT NULL,
  owner TEXT NOT NULL,
  visibility TEXT NOT NULL,  -- as of runs
  state TEXT NOT NULL,       -- SWEEP_CANCELLED; anything else is counted from its runs
  state_detail TEXT NOT NULL,
  create_time INTEGER NOT NULL,
  end_time INTEGER,
  definition TEXT NOT NULL  -- sumscope.v1.Sweep as JSON, as it was made
) STRICT;
CREATE INDEX sweeps_by_sequence ON sweeps (sequence, id, visibility, owner);
CREATE INDEX sweeps_by_owner ON sweeps (owner, sequence, id, visibility);

-- What each user has had of the devices, decayed to `time`.
CREATE TABLE usage (
  user TEXT NOT NULL PRIMARY KEY,
  device_seconds REAL NOT NULL,
  time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How long finished work took.
CREATE TABLE rates (
  device TEXT NOT NULL,
  threads INTEGER NOT NULL,
  kind TEXT NOT NULL,   -- train, or the name of an analysis
  shape TEXT NOT NULL,  -- what of a spec costs
  seconds_per_unit REAL NOT NULL,
  model_seconds_per_unit REAL NOT NULL,  -- by the calibration alone
  samples INTEGER NOT NULL,
  update_time INTEGER NOT NULL,
  PRIMARY KEY (device, threads, kind, shape)
) STRICT, WITHOUT ROWID;
CREATE INDEX rates_by_time ON rates (update_time);

-- For people with the sqlite3 shell.
DROP VIEW run_list;
CREATE VIEW run_list AS
SELECT id, model_name, owner, visibility, state, state_reason, steps_done, loss, heldout_loss, accuracy, nines,
       reads_to, sure_to, sweep, strftime('%Y-%m-%dT%H:%M:%SZ', create_time / 1000000000, 'unixepoch') AS created,
       strftime('%Y-%m-%dT%H:%M:%SZ', end_time / 1000000000, 'unixepoch') AS ended,
       (SELECT group_concat(key || '=' || value, ', ') FROM labels WHERE run = runs.id) AS labels,
       delete_time IS NOT NULL AS deleted
FROM runs ORDER BY sequence DESC;

DROP VIEW queue;
CREATE VIEW queue AS
SELECT queue_position, id, run, analysis, owner, priority, state, reason, held_by, sweep, attempt, segment, slot,
       (SELECT group_concat(run, ', ') FROM job_dependencies WHERE job = jobs.id) AS waits_for, device_seconds,
       strftime('%Y-%m-%dT%H:%M:%SZ', create_time / 1000000000, 'unixepoch') AS created
FROM jobs WHERE state NOT IN ('SUCCEEDED', 'FAILED', 'CANCELLED') ORDER BY queue_position;

CREATE VIEW sweep_list AS
SELECT id, owner, visibility, state, (SELECT count(*) FROM runs WHERE runs.sweep = sweeps.id) AS runs,
       (SELECT count(*) FROM runs WHERE runs.sweep = sweeps.id AND runs.state = 'SUCCEEDED') AS succeeded,
       strftime('%Y-%m-%dT%H:%M:%SZ', create_time / 1000000000, 'unixepoch') AS created,
       strftime('%Y-%m-%dT%H:%M:%SZ', end_time / 1000000000, 'unixepoch') AS ended
FROM sweeps ORDER BY sequence DESC;

CREATE VIEW usage_list AS
SELECT user, round(device_seconds / 3600, 3) AS device_hours,
       strftime('%Y-%m-%dT%H:%M:%SZ', time / 1000000000, 'unixepoch') AS decayed_to
FROM usage ORDER BY device_seconds DESC;
