-- What a run can is what its last checkpoint can: an answer about an earlier one says less.
ALTER TABLE runs ADD COLUMN checkpoint_step INTEGER;  -- of the last checkpoint; NULL where the row was written before

-- Of a look-back verdict: questions per digit and length. Verdicts of before were asked with the default as a rule.
ALTER TABLE headlines ADD COLUMN look_back_questions INTEGER NOT NULL DEFAULT 1000;
