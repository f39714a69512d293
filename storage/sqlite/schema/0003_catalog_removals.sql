-- What the catalog has forgotten and files may still hold, and what makes old rows findable.

-- An analysis of a run, a whole run (analysis ''), or the text of a question set (run '').
CREATE TABLE removals (
  run TEXT NOT NULL,
  analysis TEXT NOT NULL,
  question_set TEXT NOT NULL,
  PRIMARY KEY (run, analysis, question_set)
) STRICT, WITHOUT ROWID;

-- The last time that it was uploaded; create_time is the first one.
ALTER TABLE question_sets ADD COLUMN upload_time INTEGER NOT NULL DEFAULT 0;
UPDATE question_sets SET upload_time = create_time;

CREATE INDEX requests_by_time ON requests (create_time);
