-- What analyses found out about nodes, and the uploaded question sets.

-- place orders the nodes of a run: position, layer, heads before MLPs, number.
CREATE TABLE node_facts (
  run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  place INTEGER NOT NULL,
  tag TEXT NOT NULL,  -- Algo:A2.SC
  analysis TEXT NOT NULL,
  step INTEGER NOT NULL,
  node TEXT NOT NULL,  -- P14L0H1, P14L0MLP
  position INTEGER NOT NULL,
  layer INTEGER NOT NULL,
  is_head INTEGER NOT NULL,
  num INTEGER NOT NULL,  -- of the head; 0 for an MLP
  kind TEXT NOT NULL,  -- of the tag: before the ':'
  value TEXT NOT NULL,  -- after it
  task TEXT NOT NULL,  -- value of kind Algo, else ''
  create_time INTEGER NOT NULL,
  PRIMARY KEY (run, place, tag, analysis)
) STRICT, WITHOUT ROWID;
-- Each ends in the primary key, so that a list of one task or tag needs no sorting.
CREATE INDEX node_facts_by_task ON node_facts (task);
CREATE INDEX node_facts_by_tag ON node_facts (tag);
CREATE INDEX node_facts_by_analysis ON node_facts (run, analysis);

-- The texts are the files question_sets/<sha256>.
CREATE TABLE question_sets (
  sha256 TEXT NOT NULL PRIMARY KEY,
  n_digits INTEGER NOT NULL,
  count INTEGER NOT NULL,
  additions INTEGER NOT NULL,
  subtractions INTEGER NOT NULL,
  products INTEGER NOT NULL,
  create_time INTEGER NOT NULL,
  owner TEXT NOT NULL
) STRICT;
CREATE INDEX question_sets_by_time ON question_sets (create_time, sha256);

CREATE INDEX analyses_by_kind_and_time ON analyses (analysis, create_time, run, id);

-- For people with the sqlite3 shell.
CREATE VIEW fact_list AS
SELECT run, model_name, step, node, tag, analysis,
       strftime('%Y-%m-%dT%H:%M:%SZ', node_facts.create_time / 1000000000, 'unixepoch') AS created
FROM node_facts JOIN runs ON runs.id = node_facts.run WHERE delete_time IS NULL ORDER BY run, place, tag, analysis;

CREATE VIEW question_set_list AS
SELECT sha256, n_digits, count, additions, subtractions, products, owner,
       strftime('%Y-%m-%dT%H:%M:%SZ', create_time / 1000000000, 'unixepoch') AS created
FROM question_sets ORDER BY question_sets.create_time DESC;
