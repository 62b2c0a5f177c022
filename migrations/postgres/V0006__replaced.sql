-- Books that another one replaced, and how they go.
--
-- A push replaces a book by one that goes on from it, and the rows of the first stay. They may be taken out once
-- nobody reads them any more, as a whole, by the owner of the tables only, and only while their organisation stands in
-- `discarded`: whoever writes that has to name a book that holds all of it, record by record and number by number.

-- org: the organisation in the registry; key: what the replaced book's rows are under; at: microseconds since 1970.
CREATE TABLE hissab_server.replaced (
  org bytea NOT NULL CHECK (length(org) = 16),
  key bytea NOT NULL CHECK (length(key) = 16),
  at  bigint NOT NULL,
  PRIMARY KEY (org, key)
);
GRANT SELECT, INSERT, DELETE ON hissab_server.replaced TO hissab_app;

-- held_by: the book that went on. No role but the owner's may write here.
CREATE TABLE hissab.discarded (
  org_id uuid PRIMARY KEY,
  held_by uuid NOT NULL CHECK (held_by <> org_id)
);
ALTER TABLE hissab.discarded ENABLE ROW LEVEL SECURITY;
ALTER TABLE hissab.discarded FORCE ROW LEVEL SECURITY;
CREATE POLICY org ON hissab.discarded USING (org_id = nullif(current_setting('hissab.org', true), '')::uuid);
GRANT SELECT ON hissab.discarded TO hissab_app, hissab_read;

-- What an organisation's book is by: its id, its last record, how many transactions it has up to a number, and their
-- ids in one sum. Numbers and ids never change, whatever becomes of a transaction.
CREATE FUNCTION hissab.stands(org uuid, up_to_seq bigint, up_to_number bigint, OUT id uuid, OUT hash bytea, OUT rows bigint, OUT ids numeric)
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('hissab.org', org::text, true);
  SELECT b.id INTO id FROM hissab.book b WHERE b.org_id = org;
  SELECT a.hash INTO hash FROM hissab.audit a WHERE a.org_id = org AND a.seq = up_to_seq;
  SELECT count(*), coalesce(sum(hashtextextended(t.number || ' ' || t.id, 0)::numeric), 0) INTO rows, ids
    FROM hissab.txn t WHERE t.org_id = org AND t.number <= up_to_number;
END $$;

CREATE FUNCTION hissab.discarded_proven() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  last_seq bigint;
  last_number bigint;
  mark text;
  gone record;
  kept record;
BEGIN
  PERFORM set_config('hissab.org', NEW.org_id::text, true);
  SELECT c.moved INTO mark FROM hissab.org_counters c WHERE c.org_id = NEW.org_id;
  SELECT coalesce(max(t.number), 0) INTO last_number FROM hissab.txn t WHERE t.org_id = NEW.org_id;
  last_seq := hissab.last_seq(NEW.org_id);
  SELECT * INTO gone FROM hissab.stands(NEW.org_id, last_seq, last_number);
  SELECT * INTO kept FROM hissab.stands(NEW.held_by, last_seq, last_number);
  PERFORM set_config('hissab.org', NEW.org_id::text, true);
  -- A book without transactions may be followed by any.
  IF mark IS DISTINCT FROM 'replaced' OR kept.id IS NULL
     OR gone.rows > 0 AND (gone.id, gone.hash, gone.rows, gone.ids) IS DISTINCT FROM (kept.id, kept.hash, kept.rows, kept.ids) THEN
    RAISE EXCEPTION 'hissab: a book goes only where another holds all of it' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER discarded_proven BEFORE INSERT ON hissab.discarded
  FOR EACH ROW EXECUTE FUNCTION hissab.discarded_proven();

-- Whether all that a statement can see is a book that goes. Who is above row security sees more, and is refused.
CREATE FUNCTION hissab.discarding(seen oid) RETURNS boolean LANGUAGE sql STABLE AS
  'SELECT row_security_active(seen) AND EXISTS (SELECT 1 FROM hissab.discarded)';

CREATE OR REPLACE FUNCTION hissab.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND hissab.discarding(TG_RELID) THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'hissab: %', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER discarded_changed BEFORE UPDATE OR TRUNCATE ON hissab.discarded
  FOR EACH STATEMENT EXECUTE FUNCTION hissab.refuse('a book goes only where another holds all of it');

-- As in V0005, but for a book that goes.
CREATE OR REPLACE FUNCTION hissab.entries_open() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  IF EXISTS (
      SELECT 1 FROM (SELECT org_id, min(txn) AS low, max(txn) AS high FROM touched GROUP BY org_id) e
       WHERE NOT EXISTS (SELECT 1 FROM hissab.unsealed u
                          WHERE u.org_id = e.org_id AND u.first > 0 AND u.first <= e.low AND u.last >= e.high))
     AND EXISTS (
      SELECT 1 FROM (SELECT DISTINCT org_id, txn FROM touched) e
       WHERE coalesce((SELECT u.last FROM hissab.unsealed u WHERE u.org_id = e.org_id AND u.first > 0 AND u.first <= e.txn
                        ORDER BY u.first DESC LIMIT 1), 0) < e.txn
         AND NOT EXISTS (SELECT 1 FROM hissab.unsealed u
                          WHERE u.org_id = e.org_id AND u.first > 0 AND e.txn BETWEEN u.first AND u.last))
     AND NOT (TG_OP = 'DELETE' AND hissab.discarding(TG_RELID)) THEN
    RAISE EXCEPTION 'hissab: the transaction of this entry is sealed' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
