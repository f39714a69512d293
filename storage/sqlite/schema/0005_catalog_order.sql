-- The order in which things came about. Wall clocks step back; these numbers do not, and none comes twice.

-- One row: the last number that was given to a run, an analysis or a question set.
CREATE TABLE sequences (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  last INTEGER NOT NULL
) STRICT;

ALTER TABLE runs ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN end_sequence INTEGER;  -- NULL while it has no end
ALTER TABLE analyses ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0;
ALTER TABLE analyses ADD COLUMN uploaded TEXT NOT NULL DEFAULT '';  -- hash of the uploaded question set that it names
ALTER TABLE question_sets ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0;
-- How many entries the log of the run's file had before the event; NULL where that was not known.
ALTER TABLE events ADD COLUMN log_entries INTEGER;

-- Runs were never rewritten, so their rowids are that order; of the rest only times are known.
UPDATE runs SET sequence = rowid;
UPDATE runs SET end_sequence = numbered.n
FROM (SELECT rowid AS r, row_number() OVER (ORDER BY end_time, id) AS n FROM runs WHERE end_time IS NOT NULL) AS numbered
WHERE runs.rowid = numbered.r;
UPDATE analyses SET sequence = numbered.n
FROM (SELECT rowid AS r, row_number() OVER (ORDER BY create_time, run, id) AS n FROM analyses) AS numbered
WHERE analyses.rowid = numbered.r;
UPDATE analyses SET uploaded = ifnull(json_extract(question_set, '$.uploaded.sha256'), '') WHERE json_valid(question_set);
UPDATE question_sets SET sequence = numbered.n
FROM (SELECT rowid AS r, row_number() OVER (ORDER BY create_time, sha256) AS n FROM question_sets) AS numbered
WHERE question_sets.rowid = numbered.r;
INSERT INTO sequences
SELECT 1, max(ifnull((SELECT max(sequence) FROM runs), 0), (SELECT count(*) FROM runs),
              (SELECT count(*) FROM analyses), (SELECT count(*) FROM question_sets));

DROP INDEX runs_by_create_time;
DROP INDEX runs_by_state_and_time;
DROP INDEX runs_by_owner_and_time;
DROP INDEX runs_by_end_time_up;
DROP INDEX runs_by_end_time_down;
DROP INDEX analyses_by_run_and_time;
DROP INDEX analyses_by_time;
DROP INDEX analyses_by_kind_and_time;
DROP INDEX question_sets_by_time;
DROP INDEX analyses_by_key;  -- which its query never used
CREATE INDEX runs_by_sequence ON runs (sequence, id);
CREATE INDEX runs_by_state_and_sequence ON runs (state, sequence, id);
CREATE INDEX runs_by_owner_and_sequence ON runs (owner, sequence, id);
CREATE INDEX runs_by_end_up ON runs (ifnull(end_sequence, 9223372036854775807), id);
CREATE INDEX runs_by_end_down ON runs (ifnull(end_sequence, -9223372036854775807), id);
CREATE INDEX analyses_by_run_and_sequence ON analyses (run, sequence);
CREATE INDEX analyses_by_sequence ON analyses (sequence);
CREATE INDEX analyses_by_kind_and_sequence ON analyses (analysis, sequence);
CREATE INDEX analyses_by_key ON analyses (run, key) WHERE state NOT IN ('FAILED', 'CANCELLED');
CREATE INDEX analyses_by_uploaded ON analyses (uploaded) WHERE uploaded <> '';
CREATE INDEX question_sets_by_sequence ON question_sets (sequence);
CREATE INDEX question_sets_by_upload ON question_sets (upload_time);

DROP VIEW run_list;
CREATE VIEW run_list AS
SELECT id, model_name, owner, state, state_reason, steps_done, loss, heldout_loss, accuracy, nines, reads_to, sure_to,
       strftime('%Y-%m-%dT%H:%M:%SZ', create_time / 1000000000, 'unixepoch') AS created,
       strftime('%Y-%m-%dT%H:%M:%SZ', end_time / 1000000000, 'unixepoch') AS ended,
       (SELECT group_concat(key || '=' || value, ', ') FROM labels WHERE run = runs.id) AS labels,
       delete_time IS NOT NULL AS deleted
FROM runs ORDER BY sequence DESC;

DROP VIEW question_set_list;
CREATE VIEW question_set_list AS
SELECT sha256, n_digits, count, additions, subtractions, products, owner,
       strftime('%Y-%m-%dT%H:%M:%SZ', create_time / 1000000000, 'unixepoch') AS created
FROM question_sets ORDER BY sequence DESC;
