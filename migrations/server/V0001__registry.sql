-- The registry of a server: who may do what to which book. The books themselves are files of their own.
--
-- Instants are microseconds since 1970-01-01 UTC. Secrets are kept as SHA-256 only; passwords as Argon2id.

CREATE TABLE server (
  one        INTEGER PRIMARY KEY CHECK (one = 1),
  id         BLOB NOT NULL CHECK (length(id) = 16),
  created_at INTEGER NOT NULL,
  -- Of the code that makes the first owner, until it is used.
  setup      BLOB CHECK (setup IS NULL OR length(setup) = 32)
) STRICT;

CREATE TABLE user (
  id         BLOB PRIMARY KEY CHECK (length(id) = 16),
  email      TEXT NOT NULL UNIQUE,
  name       TEXT NOT NULL,
  password   TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- name is a copy: the book is the truth for it. file: a name in the folder of the books.
CREATE TABLE org (
  id         BLOB PRIMARY KEY CHECK (length(id) = 16),
  slug       TEXT NOT NULL UNIQUE CHECK (length(slug) BETWEEN 2 AND 40),
  name       TEXT NOT NULL,
  plan       TEXT NOT NULL,
  file       TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE member (
  org     BLOB NOT NULL REFERENCES org (id),
  user    BLOB NOT NULL REFERENCES user (id),
  role    TEXT NOT NULL CHECK (role IN ('viewer', 'auditor', 'clerk', 'accountant', 'admin', 'owner')),
  since   INTEGER NOT NULL,
  version INTEGER NOT NULL DEFAULT 1 CHECK (version > 0),
  PRIMARY KEY (org, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_user ON member (user);

-- The last fence: an organisation is never without an owner.
CREATE TRIGGER member_last_owner_leaves BEFORE DELETE ON member WHEN old.role = 'owner' BEGIN
  SELECT RAISE(ABORT, 'the last owner') WHERE NOT EXISTS (
    SELECT 1 FROM member WHERE org = old.org AND role = 'owner' AND user <> old.user);
END;
CREATE TRIGGER member_last_owner_changes BEFORE UPDATE ON member WHEN old.role = 'owner' AND new.role <> 'owner' BEGIN
  SELECT RAISE(ABORT, 'the last owner') WHERE NOT EXISTS (
    SELECT 1 FROM member WHERE org = old.org AND role = 'owner' AND user <> old.user);
END;

CREATE TABLE invite (
  id         BLOB PRIMARY KEY CHECK (length(id) = 16),
  org        BLOB NOT NULL REFERENCES org (id),
  email      TEXT NOT NULL,
  role       TEXT NOT NULL,
  code       BLOB NOT NULL UNIQUE CHECK (length(code) = 32),
  invited_by BLOB NOT NULL REFERENCES user (id),
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  UNIQUE (org, email)
) STRICT, WITHOUT ROWID;

-- One sign-in and every refresh token that followed from it.
CREATE TABLE session (
  id           BLOB PRIMARY KEY CHECK (length(id) = 16),
  user         BLOB NOT NULL REFERENCES user (id),
  agent        TEXT,
  created_at   INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL,
  expires_at   INTEGER NOT NULL,
  ended_at     INTEGER,
  ended_why    TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX session_user ON session (user);

CREATE TABLE refresh (
  hash    BLOB PRIMARY KEY CHECK (length(hash) = 32),
  session BLOB NOT NULL REFERENCES session (id),
  made_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_session ON refresh (session);

-- scopes: `read` or `read write`.
CREATE TABLE token (
  id           BLOB PRIMARY KEY CHECK (length(id) = 16),
  user         BLOB NOT NULL REFERENCES user (id),
  org          BLOB NOT NULL REFERENCES org (id),
  name         TEXT NOT NULL,
  scopes       TEXT NOT NULL CHECK (scopes IN ('read', 'read write')),
  hash         BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  created_at   INTEGER NOT NULL,
  expires_at   INTEGER NOT NULL,
  last_used_at INTEGER,
  revoked_at   INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX token_user ON token (user);

-- Members, sign-ins and refusals: a chain for each organisation, and one (all zeros) for the server.
CREATE TABLE audit (
  chain    BLOB NOT NULL CHECK (length(chain) = 16),
  seq      INTEGER NOT NULL CHECK (seq > 0),
  at       INTEGER NOT NULL,
  who      TEXT NOT NULL,
  action   TEXT NOT NULL,
  subject  TEXT NOT NULL,
  detail   TEXT NOT NULL,
  address  TEXT NOT NULL,
  previous BLOB NOT NULL CHECK (length(previous) = 32),
  hash     BLOB NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (chain, seq)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the log is never changed'); END;
CREATE TRIGGER audit_keeps BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the log is never cut'); END;
CREATE TRIGGER audit_follows BEFORE INSERT ON audit BEGIN
  SELECT RAISE(ABORT, 'the log grows at its end') WHERE new.seq <> 1 + ifnull((SELECT max(seq) FROM audit WHERE chain = new.chain), 0);
END;

-- Answers already given to a request with an Idempotency-Key.
CREATE TABLE answered (
  scope  BLOB PRIMARY KEY CHECK (length(scope) = 32),
  body   BLOB NOT NULL CHECK (length(body) = 32),
  at     INTEGER NOT NULL,
  status INTEGER NOT NULL,
  answer TEXT NOT NULL
) STRICT, WITHOUT ROWID;
