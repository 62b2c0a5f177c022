-- Jobs: work that takes longer than a request. The result is in the object store, under the job's id.

CREATE TABLE job (
  id          BLOB PRIMARY KEY CHECK (length(id) = 16),
  org         BLOB NOT NULL REFERENCES org (id),
  user        BLOB NOT NULL REFERENCES user (id),
  -- What was asked for: JSON.
  request     TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  attempts    INTEGER NOT NULL DEFAULT 0,
  done        INTEGER NOT NULL DEFAULT 0,
  total       INTEGER NOT NULL DEFAULT 0,
  created_at  INTEGER NOT NULL,
  started_at  INTEGER,
  finished_at INTEGER,
  expires_at  INTEGER NOT NULL,
  error_code  TEXT,
  error       TEXT,
  -- JSON: name, media type, bytes, SHA-256, sequence.
  result      TEXT,
  CHECK ((state = 'succeeded') = (result IS NOT NULL)),
  CHECK ((state = 'failed') = (error_code IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX job_org ON job (org, state);
CREATE INDEX job_state ON job (state, created_at);
