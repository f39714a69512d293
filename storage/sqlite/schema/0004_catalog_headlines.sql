-- What the answers of a run say of it as a whole: an evaluation of uniform questions, a look-back verdict.
CREATE TABLE headlines (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order in which the answers came
  run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  analysis TEXT NOT NULL,
  step INTEGER NOT NULL,  -- of the checkpoint
  accuracy REAL,
  accuracy_questions INTEGER,
  nines INTEGER,
  reads_to INTEGER,
  sure_to INTEGER,
  look_back_exact INTEGER,
  UNIQUE (run, analysis)
) STRICT;
CREATE INDEX headlines_by_run ON headlines (run, step, sequence);

-- Those of the newest checkpoint that has one, of that the latest: what lists show, filter and order by.
ALTER TABLE runs ADD COLUMN accuracy REAL;
ALTER TABLE runs ADD COLUMN accuracy_questions INTEGER;
ALTER TABLE runs ADD COLUMN nines INTEGER;
ALTER TABLE runs ADD COLUMN reads_to INTEGER;
ALTER TABLE runs ADD COLUMN sure_to INTEGER;
ALTER TABLE runs ADD COLUMN look_back_exact INTEGER;
CREATE INDEX runs_by_accuracy_up ON runs (ifnull(accuracy, 9e999), id);
CREATE INDEX runs_by_accuracy_down ON runs (ifnull(accuracy, -9e999), id);
CREATE INDEX runs_by_nines_up ON runs (ifnull(nines, 9223372036854775807), id);
CREATE INDEX runs_by_nines_down ON runs (ifnull(nines, -9223372036854775807), id);
CREATE INDEX runs_by_reads_to_up ON runs (ifnull(reads_to, 9223372036854775807), id);
CREATE INDEX runs_by_reads_to_down ON runs (ifnull(reads_to, -9223372036854775807), id);
CREATE INDEX runs_by_sure_to_up ON runs (ifnull(sure_to, 9223372036854775807), id);
CREATE INDEX runs_by_sure_to_down ON runs (ifnull(sure_to, -9223372036854775807), id);

-- For people with the sqlite3 shell.
DROP VIEW run_list;
CREATE VIEW run_list AS
SELECT id, model_name, owner, state, state_reason, steps_done, loss, heldout_loss, accuracy, nines, reads_to, sure_to,
       strftime('%Y-%m-%dT%H:%M:%SZ', create_time / 1000000000, 'unixepoch') AS created,
       strftime('%Y-%m-%dT%H:%M:%SZ', end_time / 1000000000, 'unixepoch') AS ended,
       (SELECT group_concat(key || '=' || value, ', ') FROM labels WHERE run = runs.id) AS labels,
       delete_time IS NOT NULL AS deleted
FROM runs ORDER BY create_time DESC;
