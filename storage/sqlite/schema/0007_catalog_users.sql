-- Who may come in and what they did; what of a run others may see.

CREATE TABLE users (
  name TEXT NOT NULL PRIMARY KEY,
  role TEXT NOT NULL,  -- of sumscope.v1.Role
  create_time INTEGER NOT NULL,
  disabled INTEGER NOT NULL,
  disable_time INTEGER
) STRICT;

-- By what users are known: each uid and each name is one user's.
CREATE TABLE user_uids (
  uid INTEGER PRIMARY KEY,
  user TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE INDEX user_uids_by_user ON user_uids (user);
CREATE TABLE user_certificates (
  name TEXT NOT NULL PRIMARY KEY,
  user TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;
CREATE INDEX user_certificates_by_user ON user_certificates (user);

CREATE TABLE tokens (
  id TEXT NOT NULL PRIMARY KEY,
  user TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  sequence INTEGER NOT NULL,
  digest BLOB NOT NULL,  -- SHA-256 of the token's text, which is nowhere
  display_name TEXT NOT NULL,
  create_time INTEGER NOT NULL,
  expire_time INTEGER NOT NULL,
  last_use_time INTEGER,
  revoke_time INTEGER
) STRICT;
CREATE INDEX tokens_by_user ON tokens (user, sequence);
CREATE INDEX tokens_by_expire_time ON tokens (expire_time);
CREATE INDEX tokens_by_revoke_time ON tokens (revoke_time) WHERE revoke_time IS NOT NULL;

-- Calls that changed something, or tried to. The method's full name is service || method.
CREATE TABLE audit (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  time INTEGER NOT NULL,
  latest INTEGER NOT NULL,  -- the latest time of this row and of those before it: clocks step back, this does not
  user TEXT NOT NULL,
  credential TEXT NOT NULL,
  address TEXT NOT NULL,
  service TEXT NOT NULL,  -- /sumscope.v1.RunService/
  method TEXT NOT NULL,   -- CreateRun
  resource TEXT NOT NULL,
  code TEXT NOT NULL,  -- OK, PERMISSION_DENIED, ..
  reason TEXT NOT NULL,
  request_id TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_time ON audit (time);
CREATE INDEX audit_by_latest ON audit (latest);
CREATE INDEX audit_by_user ON audit (user, sequence);
CREATE INDEX audit_by_method ON audit (method, sequence);
CREATE INDEX audit_by_resource ON audit (resource, sequence);

-- With what tokens of pages and watches are sealed: they say where in the catalog they stand, in numbers that private
-- runs move, too.
CREATE TABLE token_key (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  key BLOB NOT NULL
) STRICT;
INSERT INTO token_key VALUES (1, randomblob(32));

-- LAB: seen by all; anything else only by the owner and by admins.
ALTER TABLE runs ADD COLUMN visibility TEXT NOT NULL DEFAULT 'LAB';
-- '': of before there were users, whoever asks again.
ALTER TABLE requests ADD COLUMN user TEXT NOT NULL DEFAULT '';

-- Who brought a question set in, and when, each as if they had been the first. '': everybody may see it.
CREATE TABLE question_set_uploads (
  sha256 TEXT NOT NULL REFERENCES question_sets (sha256) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  user TEXT NOT NULL,
  create_time INTEGER NOT NULL,
  upload_time INTEGER NOT NULL,  -- the last time
  sequence INTEGER NOT NULL,
  PRIMARY KEY (sha256, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX question_set_uploads_by_time ON question_set_uploads (upload_time);
INSERT INTO question_set_uploads SELECT sha256, '', create_time, upload_time, sequence FROM question_sets;

-- Whether a run is seen, and found by the beginning of its id, without a look at its row.
CREATE INDEX runs_seen ON runs (id, visibility, owner, delete_time);
DROP INDEX analyses_by_sequence;
DROP INDEX analyses_by_kind_and_sequence;
DROP INDEX analyses_by_uploaded;
CREATE INDEX analyses_by_sequence ON analyses (sequence, run);
CREATE INDEX analyses_by_kind_and_sequence ON analyses (analysis, sequence, run);
CREATE INDEX analyses_by_uploaded ON analyses (uploaded, sequence) WHERE uploaded <> '';

-- The orders of ListRuns, with what decides whether a run is shown: others' private ones are passed over in the index.
DROP INDEX runs_by_sequence;
DROP INDEX runs_by_state;
DROP INDEX runs_by_state_and_sequence;
DROP INDEX runs_by_model_name;
DROP INDEX runs_by_end_up;
DROP INDEX runs_by_end_down;
DROP INDEX runs_by_heldout_loss_up;
DROP INDEX runs_by_heldout_loss_down;
DROP INDEX runs_by_accuracy_up;
DROP INDEX runs_by_accuracy_down;
DROP INDEX runs_by_nines_up;
DROP INDEX runs_by_nines_down;
DROP INDEX runs_by_reads_to_up;
DROP INDEX runs_by_reads_to_down;
DROP INDEX runs_by_sure_to_up;
DROP INDEX runs_by_sure_to_down;
CREATE INDEX runs_by_sequence ON runs (sequence, id, visibility, owner);
CREATE INDEX runs_by_visibility ON runs (visibility, sequence, id, owner);
CREATE INDEX runs_by_state ON runs (state, id, visibility, owner);
CREATE INDEX runs_by_state_and_sequence ON runs (state, sequence, id, visibility, owner);
CREATE INDEX runs_by_model_name ON runs (model_name, id, visibility, owner);
CREATE INDEX runs_by_end_up ON runs (ifnull(end_sequence, 9223372036854775807), id, visibility, owner);
CREATE INDEX runs_by_end_down ON runs (ifnull(end_sequence, -9223372036854775807), id, visibility, owner);
CREATE INDEX runs_by_heldout_loss_up ON runs (ifnull(heldout_loss, 9e999), id, visibility, owner);
CREATE INDEX runs_by_heldout_loss_down ON runs (ifnull(heldout_loss, -9e999), id, visibility, owner);
CREATE INDEX runs_by_accuracy_up ON runs (ifnull(accuracy, 9e999), id, visibility, owner);
CREATE INDEX runs_by_accuracy_down ON runs (ifnull(accuracy, -9e999), id, visibility, owner);
CREATE INDEX runs_by_nines_up ON runs (ifnull(nines, 9223372036854775807), id, visibility, owner);
CREATE INDEX runs_by_nines_down ON runs (ifnull(nines, -9223372036854775807), id, visibility, owner);
CREATE INDEX runs_by_reads_to_up ON runs (ifnull(reads_to, 9223372036854775807), id, visibility, owner);
CREATE INDEX runs_by_reads_to_down ON runs (ifnull(reads_to, -9223372036854775807), id, visibility, owner);
CREATE INDEX runs_by_sure_to_up ON runs (ifnull(sure_to, 9223372036854775807), id, visibility, owner);
CREATE INDEX runs_by_sure_to_down ON runs (ifnull(sure_to, -9223372036854775807), id, visibility, owner);

-- For people with the sqlite3 shell.
DROP VIEW run_list;
CREATE VIEW run_list AS
SELECT id, model_name, owner, visibility, state, state_reason, steps_done, loss, heldout_loss, accuracy, nines,
       reads_to, sure_to, strftime('%Y-%m-%dT%H:%M:%SZ', create_time / 1000000000, 'unixepoch') AS created,
       strftime('%Y-%m-%dT%H:%M:%SZ', end_time / 1000000000, 'unixepoch') AS ended,
       (SELECT group_concat(key || '=' || value, ', ') FROM labels WHERE run = runs.id) AS labels,
       delete_time IS NOT NULL AS deleted
FROM runs ORDER BY sequence DESC;

CREATE VIEW user_list AS
SELECT name, role, (SELECT group_concat(uid, ', ') FROM user_uids WHERE user = users.name) AS uids,
       (SELECT group_concat(name, ', ') FROM user_certificates WHERE user = users.name) AS certificates,
       strftime('%Y-%m-%dT%H:%M:%SZ', create_time / 1000000000, 'unixepoch') AS created, disabled
FROM users ORDER BY name;

CREATE VIEW token_list AS
SELECT user, id, display_name, strftime('%Y-%m-%dT%H:%M:%SZ', create_time / 1000000000, 'unixepoch') AS created,
       strftime('%Y-%m-%dT%H:%M:%SZ', expire_time / 1000000000, 'unixepoch') AS expires,
       strftime('%Y-%m-%dT%H:%M:%SZ', last_use_time / 1000000000, 'unixepoch') AS last_used,
       strftime('%Y-%m-%dT%H:%M:%SZ', revoke_time / 1000000000, 'unixepoch') AS revoked
FROM tokens ORDER BY sequence DESC;

CREATE VIEW audit_list AS
SELECT sequence, strftime('%Y-%m-%dT%H:%M:%SZ', time / 1000000000, 'unixepoch') AS time, user, credential, address,
       method, resource, code, reason, request_id
FROM audit ORDER BY sequence DESC;
