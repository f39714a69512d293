-- What unfinished analyses have counted so far, for the next attempt to go on from; a row goes when its job ends.
CREATE TABLE partial_results (
  job TEXT NOT NULL PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  fits TEXT NOT NULL,     -- of what, and by whose arithmetic
  done INTEGER NOT NULL,  -- questions
  state BLOB NOT NULL     -- as the worker wrote it
) STRICT;
