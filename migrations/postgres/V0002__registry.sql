-- The registry of servers that share this database: who may do what to which book. The shape of a server.db.
--
-- Instants are microseconds since 1970-01-01 UTC; ids are 16 bytes, as a server.db holds them. Secrets are kept as
-- SHA-256 only; passwords as Argon2id. People belong to several organisations, so that no row here is an
-- organisation's own: the server looks every request's role up by member.

CREATE SCHEMA hissab_server;
GRANT USAGE ON SCHEMA hissab_server TO hissab_app;

-- secret: the key that signs access tokens, the same for every server.
CREATE TABLE hissab_server.server (
  one        bigint PRIMARY KEY CHECK (one = 1),
  id         bytea NOT NULL CHECK (length(id) = 16),
  created_at bigint NOT NULL,
  setup      bytea CHECK (setup IS NULL OR length(setup) = 32),
  secret     bytea NOT NULL CHECK (length(secret) = 64)
);

CREATE TABLE hissab_server."user" (
  id         bytea PRIMARY KEY CHECK (length(id) = 16),
  email      text NOT NULL UNIQUE,
  name       text NOT NULL,
  password   text NOT NULL,
  created_at bigint NOT NULL
);

CREATE TABLE hissab_server.org (
  id         bytea PRIMARY KEY CHECK (length(id) = 16),
  slug       text NOT NULL UNIQUE CHECK (length(slug) BETWEEN 2 AND 40),
  name       text NOT NULL,
  plan       text NOT NULL,
  file       text NOT NULL UNIQUE,
  created_at bigint NOT NULL
);

CREATE TABLE hissab_server.member (
  org     bytea NOT NULL REFERENCES hissab_server.org (id),
  "user"  bytea NOT NULL REFERENCES hissab_server."user" (id),
  role    text NOT NULL CHECK (role IN ('viewer', 'auditor', 'clerk', 'accountant', 'admin', 'owner')),
  since   bigint NOT NULL,
  version bigint NOT NULL DEFAULT 1 CHECK (version > 0),
  PRIMARY KEY (org, "user")
);
CREATE INDEX member_user ON hissab_server.member ("user");

CREATE TABLE hissab_server.invite (
  id         bytea PRIMARY KEY CHECK (length(id) = 16),
  org        bytea NOT NULL REFERENCES hissab_server.org (id),
  email      text NOT NULL,
  role       text NOT NULL,
  code       bytea NOT NULL UNIQUE CHECK (length(code) = 32),
  invited_by bytea NOT NULL REFERENCES hissab_server."user" (id),
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  UNIQUE (org, email)
);

-- One sign-in and every refresh token that followed from it.
CREATE TABLE hissab_server.session (
  id           bytea PRIMARY KEY CHECK (length(id) = 16),
  "user"       bytea NOT NULL REFERENCES hissab_server."user" (id),
  agent        text,
  created_at   bigint NOT NULL,
  last_used_at bigint NOT NULL,
  expires_at   bigint NOT NULL,
  ended_at     bigint,
  ended_why    text
);
CREATE INDEX session_of ON hissab_server.session ("user");

CREATE TABLE hissab_server.refresh (
  hash    bytea PRIMARY KEY CHECK (length(hash) = 32),
  session bytea NOT NULL REFERENCES hissab_server.session (id),
  made_at bigint NOT NULL,
  used_at bigint
);
CREATE INDEX refresh_session ON hissab_server.refresh (session);

CREATE TABLE hissab_server.token (
  id           bytea PRIMARY KEY CHECK (length(id) = 16),
  "user"       bytea NOT NULL REFERENCES hissab_server."user" (id),
  org          bytea NOT NULL REFERENCES hissab_server.org (id),
  name         text NOT NULL,
  scopes       text NOT NULL CHECK (scopes IN ('read', 'read write')),
  hash         bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
  created_at   bigint NOT NULL,
  expires_at   bigint NOT NULL,
  last_used_at bigint,
  revoked_at   bigint
);
CREATE INDEX token_user ON hissab_server.token ("user");

-- Members, sign-ins and refusals: a chain for each organisation, and one (all zeros) for the server.
CREATE TABLE hissab_server.audit (
  chain    bytea NOT NULL CHECK (length(chain) = 16),
  seq      bigint NOT NULL CHECK (seq > 0),
  at       bigint NOT NULL,
  who      text NOT NULL,
  action   text NOT NULL,
  subject  text NOT NULL,
  detail   text NOT NULL,
  address  text NOT NULL,
  previous bytea NOT NULL CHECK (length(previous) = 32),
  hash     bytea NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (chain, seq)
);

-- Answers already given to a request with an Idempotency-Key.
CREATE TABLE hissab_server.answered (
  scope  bytea PRIMARY KEY CHECK (length(scope) = 32),
  body   bytea NOT NULL CHECK (length(body) = 32),
  at     bigint NOT NULL,
  status bigint NOT NULL,
  answer text NOT NULL
);

CREATE TABLE hissab_server.job (
  id          bytea PRIMARY KEY CHECK (length(id) = 16),
  org         bytea NOT NULL REFERENCES hissab_server.org (id),
  "user"      bytea NOT NULL REFERENCES hissab_server."user" (id),
  request     text NOT NULL,
  state       text NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  attempts    bigint NOT NULL DEFAULT 0,
  done        bigint NOT NULL DEFAULT 0,
  total       bigint NOT NULL DEFAULT 0,
  created_at  bigint NOT NULL,
  started_at  bigint,
  finished_at bigint,
  expires_at  bigint NOT NULL,
  error_code  text,
  error       text,
  result      text,
  CHECK ((state = 'succeeded') = (result IS NOT NULL)),
  CHECK ((state = 'failed') = (error_code IS NOT NULL))
);
CREATE INDEX job_org ON hissab_server.job (org, state);
CREATE INDEX job_state ON hissab_server.job (state, created_at);

-- The last fence: an organisation is never without an owner.
CREATE FUNCTION hissab_server.last_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.role = 'owner' AND (TG_OP = 'DELETE' OR NEW.role <> 'owner')
     AND NOT EXISTS (SELECT 1 FROM hissab_server.member WHERE org = OLD.org AND role = 'owner' AND "user" <> OLD."user") THEN
    RAISE EXCEPTION 'the last owner' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER member_last_owner BEFORE UPDATE OR DELETE ON hissab_server.member
  FOR EACH ROW EXECUTE FUNCTION hissab_server.last_owner();

CREATE FUNCTION hissab_server.log_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.seq <> 1 + coalesce((SELECT max(seq) FROM hissab_server.audit WHERE chain = NEW.chain), 0) THEN
    RAISE EXCEPTION 'the log grows at its end' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER audit_follows BEFORE INSERT ON hissab_server.audit
  FOR EACH ROW EXECUTE FUNCTION hissab_server.log_follows();
CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON hissab_server.audit
  FOR EACH STATEMENT EXECUTE FUNCTION hissab.refuse('the log is never changed');

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA hissab_server TO hissab_app;
