-- Books in Postgres: many organisations, each with its chart, transactions, entries and audit log.
--
-- The fences are those of a book file. What is written stays unsealed until its audit record is inserted: a row of
-- `unsealed` points at the record to come by a deferred key, so COMMIT fails while anything is unsealed. Inserting
-- records checks what they seal and empties the table. Sealed rows cannot be touched, by the owner of the tables
-- neither. A transaction's row carries its entries as arrays under a CHECK of its own, which holds also where an
-- engine has no such triggers; `entry` is their copy, as ledgers are read.
--
-- org_id comes first in every key, and row-level security shows an organisation's rows only where the setting
-- `hissab.org` names it: distributing by org_id needs no other schema.

-- ---------------------------------------------------------------- who may do what

-- Roles belong to the whole cluster: they may be there already, or be made by somebody with the right to.
DO $$
DECLARE wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['hissab_app', 'hissab_read'] LOOP
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = wanted) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
      END;
    END IF;
    -- Whoever migrates may work as the app: the server does.
    BEGIN
      EXECUTE format('GRANT %I TO %I', wanted, current_user);
    EXCEPTION WHEN insufficient_privilege OR unique_violation THEN NULL;
    END;
  END LOOP;
END $$;

-- ---------------------------------------------------------------- tables

CREATE TABLE hissab.book (
  org_id     uuid PRIMARY KEY,
  id         uuid NOT NULL,
  created_at bigint NOT NULL
);

-- One row an organisation: its lock yields number, sequence and head to one writer at a time.
CREATE TABLE hissab.org_counters (
  org_id   uuid PRIMARY KEY REFERENCES hissab.book (org_id),
  number   bigint NOT NULL,
  sequence bigint NOT NULL,
  head     bytea NOT NULL CHECK (length(head) = 32)
);

-- at: microseconds since 1970-01-01 UTC. numbers, changes: JSON as a book file has them.
CREATE TABLE hissab.audit (
  org_id    uuid NOT NULL REFERENCES hissab.book (org_id),
  seq       bigint NOT NULL CHECK (seq > 0),
  at        bigint NOT NULL,
  who       text NOT NULL,
  operation uuid NOT NULL,
  undoes    uuid,
  action    text NOT NULL,
  reason    text,
  numbers   text NOT NULL,
  changes   text NOT NULL,
  marks     bytea NOT NULL,
  digest    bytea NOT NULL CHECK (length(digest) = 32),
  previous  bytea NOT NULL CHECK (length(previous) = 32),
  hash      bytea NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (org_id, seq),
  UNIQUE (org_id, operation)
);
CREATE INDEX audit_undoes ON hissab.audit (org_id, undoes) WHERE undoes IS NOT NULL;

-- first = 0: something that is not a transaction.
CREATE TABLE hissab.unsealed (
  org_id uuid NOT NULL,
  first  bigint NOT NULL CHECK (first >= 0),
  last   bigint NOT NULL CHECK (last >= first),
  seq    bigint NOT NULL,
  PRIMARY KEY (org_id, first, seq),
  FOREIGN KEY (org_id, seq) REFERENCES hissab.audit (org_id, seq) DEFERRABLE INITIALLY DEFERRED
);

-- A currency whose scale goes up in this transaction, and by what its amounts are multiplied.
CREATE TABLE hissab.raised (
  org_id   uuid NOT NULL,
  currency integer NOT NULL,
  factor   bigint NOT NULL CHECK (factor > 1),
  seq      bigint NOT NULL,
  PRIMARY KEY (org_id, currency),
  FOREIGN KEY (org_id, seq) REFERENCES hissab.audit (org_id, seq) DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE hissab.setting (
  org_id uuid NOT NULL,
  name   text NOT NULL,
  value  text,
  seq    bigint NOT NULL,
  PRIMARY KEY (org_id, name)
);

CREATE TABLE hissab.currency (
  org_id uuid NOT NULL,
  key    integer NOT NULL CHECK (key BETWEEN 1 AND 65535),
  code   text NOT NULL,
  scale  smallint NOT NULL CHECK (scale BETWEEN 0 AND 12),
  symbol text,
  name   text,
  seq    bigint NOT NULL,
  PRIMARY KEY (org_id, key),
  UNIQUE (org_id, code)
);

CREATE TABLE hissab.account (
  org_id    uuid NOT NULL,
  key       integer NOT NULL CHECK (key > 0),
  id        uuid NOT NULL,
  path      text NOT NULL,
  kind      text NOT NULL,
  type      text NOT NULL,
  opened_on integer,
  closed_on integer,
  more      text,
  version   integer NOT NULL,
  seq       bigint NOT NULL,
  PRIMARY KEY (org_id, key),
  UNIQUE (org_id, id),
  UNIQUE (org_id, path)
);

-- Whether the entries of a row sum to zero by weight in each currency; a void transaction has none here.
CREATE FUNCTION hissab.balanced(void boolean, accounts integer[], amounts bigint[], currencies integer[],
                                weights bigint[], weight_currencies integer[]) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  entries integer := cardinality(accounts);
  sum bigint := 0;
BEGIN
  IF void THEN
    RETURN entries = 0 AND cardinality(amounts) = 0 AND cardinality(currencies) = 0
       AND weights IS NULL AND weight_currencies IS NULL;
  END IF;
  IF entries < 2 OR cardinality(amounts) <> entries OR cardinality(currencies) <> entries
     OR array_ndims(accounts) <> 1 OR array_ndims(amounts) <> 1 OR array_ndims(currencies) <> 1
     OR array_lower(accounts, 1) <> 1 OR array_lower(amounts, 1) <> 1 OR array_lower(currencies, 1) <> 1
     OR array_position(accounts, NULL) IS NOT NULL OR array_position(amounts, NULL) IS NOT NULL
     OR array_position(currencies, NULL) IS NOT NULL THEN
    RETURN false;
  END IF;
  -- Most transactions: one currency, no price, few entries.
  IF weights IS NULL AND weight_currencies IS NULL AND entries <= 64 AND currencies[1] = ALL (currencies) THEN
    FOR at IN 1..entries LOOP
      IF amounts[at] NOT BETWEEN -100000000000000000 AND 100000000000000000 THEN
        RETURN false;
      END IF;
      sum := sum + amounts[at];
    END LOOP;
    RETURN sum = 0;
  END IF;
  IF weights IS NOT NULL AND (cardinality(weights) <> entries OR array_lower(weights, 1) <> 1)
     OR weight_currencies IS NOT NULL AND (cardinality(weight_currencies) <> entries OR array_lower(weight_currencies, 1) <> 1)
     OR (weights IS NULL) <> (weight_currencies IS NULL) THEN
    RETURN false;
  END IF;
  RETURN NOT EXISTS (
      SELECT 1 FROM unnest(amounts, currencies, weights, weight_currencies) AS e (amount, currency, weight, weight_currency)
       WHERE (weight IS NULL) <> (weight_currency IS NULL)
          OR amount NOT BETWEEN -100000000000000000 AND 100000000000000000
          OR weight NOT BETWEEN -100000000000000000 AND 100000000000000000)
     AND NOT EXISTS (
      SELECT 1 FROM unnest(amounts, currencies, weights, weight_currencies) AS e (amount, currency, weight, weight_currency)
       GROUP BY coalesce(weight_currency, currency) HAVING sum(coalesce(weight, amount)) <> 0);
END $$;

-- day: days since 2000-01-01. void: the entries it had are in `more`. notes: JSON, price, status, memo and tags of
-- entries that have any. words: what it can be found by, each behind the last digits of org_id, so that the index
-- holds every organisation's words apart.
CREATE TABLE hissab.txn (
  org_id      uuid NOT NULL,
  number      bigint NOT NULL CHECK (number > 0),
  id          uuid NOT NULL,
  day         integer NOT NULL,
  voucher     smallint NOT NULL CHECK (voucher BETWEEN 0 AND 9),
  status      smallint NOT NULL CHECK (status BETWEEN 0 AND 2),
  version     integer NOT NULL CHECK (version > 0),
  void        boolean NOT NULL,
  seq         bigint NOT NULL,
  description text NOT NULL,
  payee       text,
  reference   text,
  due         integer,
  reverses    bigint,
  more        text,
  accounts    integer[] NOT NULL,
  amounts     bigint[] NOT NULL,
  currencies  integer[] NOT NULL,
  weights           bigint[],
  weight_currencies integer[],
  notes       text,
  words       tsvector NOT NULL,
  PRIMARY KEY (org_id, number),
  UNIQUE (org_id, id),
  CONSTRAINT balanced CHECK (hissab.balanced(void, accounts, amounts, currencies, weights, weight_currencies))
);
CREATE INDEX txn_day ON hissab.txn (org_id, day, number);
CREATE INDEX txn_void ON hissab.txn (org_id, day) WHERE void;
CREATE INDEX txn_reverses ON hissab.txn (org_id, reverses) WHERE reverses IS NOT NULL;
CREATE INDEX txn_closing ON hissab.txn (org_id, number) WHERE voucher = 9;
CREATE INDEX txn_priced ON hissab.txn (org_id, day) WHERE weights IS NOT NULL;
CREATE INDEX txn_words ON hissab.txn USING gin (words);

-- The copy: one row an entry. amount: minor units, debit positive.
CREATE TABLE hissab.entry (
  org_id   uuid NOT NULL,
  account  integer NOT NULL,
  day      integer NOT NULL,
  txn      bigint NOT NULL,
  line     integer NOT NULL CHECK (line >= 0),
  amount   bigint NOT NULL,
  currency integer NOT NULL,
  PRIMARY KEY (org_id, account, day, txn, line)
);
CREATE UNIQUE INDEX entry_txn ON hissab.entry (org_id, txn, line);

CREATE TABLE hissab.price (
  org_id    uuid NOT NULL,
  day       integer NOT NULL,
  commodity text NOT NULL,
  currency  text NOT NULL,
  rate      text,
  seq       bigint NOT NULL,
  PRIMARY KEY (org_id, commodity, currency, day)
);

CREATE TABLE hissab.assertion (
  org_id      uuid NOT NULL,
  key         bigint NOT NULL,
  id          uuid NOT NULL,
  day         integer NOT NULL,
  account     integer NOT NULL,
  currency    text NOT NULL,
  amount      text NOT NULL,
  subaccounts boolean NOT NULL,
  source      text NOT NULL,
  withdrawn   boolean NOT NULL,
  seq         bigint NOT NULL,
  PRIMARY KEY (org_id, key),
  UNIQUE (org_id, id),
  FOREIGN KEY (org_id, account) REFERENCES hissab.account (org_id, key)
);

CREATE TABLE hissab.accepted (
  org_id    uuid NOT NULL,
  key       bigint NOT NULL,
  code      text NOT NULL,
  reference text NOT NULL,
  reason    text NOT NULL,
  seq       bigint NOT NULL,
  PRIMARY KEY (org_id, key)
);

CREATE TABLE hissab.batch (
  org_id    uuid NOT NULL,
  key       bigint NOT NULL CHECK (key > 0),
  id        uuid NOT NULL,
  file      text NOT NULL,
  sha256    bytea NOT NULL CHECK (length(sha256) = 32),
  format    text NOT NULL,
  account   integer,
  skipped   bigint NOT NULL,
  added     bigint NOT NULL,
  undone    boolean NOT NULL,
  first_seq bigint NOT NULL,
  seq       bigint NOT NULL,
  PRIMARY KEY (org_id, key),
  UNIQUE (org_id, id),
  FOREIGN KEY (org_id, account) REFERENCES hissab.account (org_id, key)
);

-- place: where the row's text stands in source_text (chunk * 256 + index); NULL: no text is kept.
CREATE TABLE hissab.source_row (
  org_id   uuid NOT NULL,
  identity bigint NOT NULL,
  batch    bigint NOT NULL,
  line     bigint NOT NULL,
  number   bigint NOT NULL,
  place    bigint,
  PRIMARY KEY (org_id, identity, batch, line)
);

-- Up to 256 rows as they stood, deflated.
CREATE TABLE hissab.source_text (
  org_id uuid NOT NULL,
  batch  bigint NOT NULL,
  chunk  bigint NOT NULL,
  data   bytea NOT NULL,
  PRIMARY KEY (org_id, batch, chunk)
);

-- Month totals: a cache, written with the entries, compared with them by `check`.
CREATE TABLE hissab.total (
  org_id   uuid NOT NULL,
  account  integer NOT NULL,
  currency integer NOT NULL,
  month    integer NOT NULL,
  closing  boolean NOT NULL,
  debit    bigint NOT NULL,
  credit   bigint NOT NULL,
  entries  bigint NOT NULL,
  PRIMARY KEY (org_id, account, currency, month, closing)
);

CREATE TABLE hissab.conversion (
  org_id   uuid NOT NULL,
  currency integer NOT NULL,
  month    integer NOT NULL,
  amount   bigint NOT NULL,
  PRIMARY KEY (org_id, currency, month)
);

-- `--once` and Idempotency-Key keys: not sealed, pruned after 30 days.
CREATE TABLE hissab.request (
  org_id  uuid NOT NULL,
  key     text NOT NULL,
  content bytea NOT NULL,
  seq     bigint NOT NULL,
  numbers text NOT NULL,
  at      bigint NOT NULL,
  PRIMARY KEY (org_id, key)
);
CREATE INDEX request_at ON hissab.request (org_id, at);

-- ---------------------------------------------------------------- fences

CREATE FUNCTION hissab.last_seq(org uuid) RETURNS bigint LANGUAGE sql STABLE AS
  'SELECT coalesce(max(seq), 0) FROM hissab.audit WHERE org_id = org';

CREATE FUNCTION hissab.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'hissab: %', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$;

-- Rows with a name of their own: settings, currencies, accounts, prices, assertions, answers, imports.
-- Arguments: the columns that never change.
CREATE FUNCTION hissab.fact() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  fixed text;
BEGIN
  IF NEW.seq <= hissab.last_seq(NEW.org_id) THEN
    RAISE EXCEPTION 'hissab: only an audit record to come seals' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF TG_OP = 'UPDATE' THEN
    FOREACH fixed IN ARRAY TG_ARGV || ARRAY['org_id'] LOOP
      IF to_jsonb(NEW) -> fixed IS DISTINCT FROM to_jsonb(OLD) -> fixed THEN
        RAISE EXCEPTION 'hissab: % of a row of % never changes', fixed, TG_TABLE_NAME
          USING ERRCODE = 'integrity_constraint_violation';
      END IF;
    END LOOP;
    IF TG_TABLE_NAME = 'currency' AND (to_jsonb(NEW) ->> 'scale')::integer > (to_jsonb(OLD) ->> 'scale')::integer THEN
      INSERT INTO hissab.raised (org_id, currency, factor, seq)
      VALUES (NEW.org_id, (to_jsonb(NEW) ->> 'key')::integer,
              (10::numeric ^ ((to_jsonb(NEW) ->> 'scale')::integer - (to_jsonb(OLD) ->> 'scale')::integer))::bigint, NEW.seq);
    ELSIF TG_TABLE_NAME = 'currency' AND (to_jsonb(NEW) ->> 'scale')::integer < (to_jsonb(OLD) ->> 'scale')::integer THEN
      RAISE EXCEPTION 'hissab: a scale never goes down' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
  END IF;
  INSERT INTO hissab.unsealed (org_id, first, last, seq) VALUES (NEW.org_id, 0, 0, NEW.seq) ON CONFLICT DO NOTHING;
  RETURN NEW;
END $$;

CREATE FUNCTION hissab.txn_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM (SELECT org_id, min(seq) AS seq FROM fresh GROUP BY org_id) f WHERE f.seq <= hissab.last_seq(f.org_id)) THEN
    RAISE EXCEPTION 'hissab: only an audit record to come seals' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  -- Rows of a book without any record come as they stand: it was moved here whole.
  IF EXISTS (SELECT 1 FROM (SELECT DISTINCT org_id FROM fresh WHERE version <> 1 OR void) f WHERE hissab.last_seq(f.org_id) > 0) THEN
    RAISE EXCEPTION 'hissab: a transaction begins live, at version 1' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF EXISTS (
      SELECT 1 FROM (SELECT org_id, min(number) AS low, max(number) AS high, count(*) AS rows FROM fresh GROUP BY org_id) f
       WHERE f.rows <> f.high - f.low + 1
          OR f.low > 1 AND NOT EXISTS (SELECT 1 FROM hissab.txn t WHERE t.org_id = f.org_id AND t.number = f.low - 1)
          OR EXISTS (SELECT 1 FROM hissab.txn t WHERE t.org_id = f.org_id AND t.number > f.high)) THEN
    RAISE EXCEPTION 'hissab: a transaction takes the next number' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  INSERT INTO hissab.unsealed (org_id, first, last, seq)
  SELECT org_id, min(number), max(number), seq
    FROM (SELECT org_id, number, seq, number - row_number() OVER (PARTITION BY org_id, seq ORDER BY number) AS island FROM fresh) f
   GROUP BY org_id, seq, island;
  RETURN NULL;
END $$;

-- What a row's amounts become when a currency's scale goes up.
CREATE FUNCTION hissab.multiplied(org uuid, amounts bigint[], currencies integer[]) RETURNS bigint[] LANGUAGE sql STABLE AS $$
  SELECT array_agg(e.amount * coalesce(r.factor, 1) ORDER BY e.place)
    FROM unnest(amounts, currencies) WITH ORDINALITY AS e (amount, currency, place)
    LEFT JOIN hissab.raised r ON r.org_id = org AND r.currency = e.currency
$$;

CREATE FUNCTION hissab.txn_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT count(*) FROM now) <> (SELECT count(*) FROM now n JOIN was w USING (org_id, number, id)) THEN
    RAISE EXCEPTION 'hissab: number and id of a transaction never change' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF EXISTS (
      SELECT 1 FROM now n JOIN was w USING (org_id, number)
       WHERE (n.version <> w.version + 1 OR n.seq <= hissab.last_seq(n.org_id))
         AND (n.amounts IS DISTINCT FROM hissab.multiplied(n.org_id, w.amounts, w.currencies)
           OR n.weights IS DISTINCT FROM CASE WHEN w.weights IS NULL THEN NULL
                                              ELSE hissab.multiplied(n.org_id, w.weights, w.weight_currencies) END
           OR to_jsonb(n) - 'amounts' - 'weights' <> to_jsonb(w) - 'amounts' - 'weights'
           OR NOT EXISTS (SELECT 1 FROM hissab.raised r WHERE r.org_id = n.org_id))) THEN
    RAISE EXCEPTION 'hissab: a change of a transaction is its next version, under an audit record to come'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  INSERT INTO hissab.unsealed (org_id, first, last, seq)
  SELECT n.org_id, n.number, n.number, n.seq FROM now n JOIN was w USING (org_id, number)
   WHERE n.version <> w.version
     AND NOT EXISTS (SELECT 1 FROM hissab.unsealed u
                      WHERE u.org_id = n.org_id AND u.seq = n.seq AND u.first > 0 AND n.number BETWEEN u.first AND u.last)
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;

CREATE FUNCTION hissab.entries_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
      SELECT 1 FROM (SELECT DISTINCT org_id, txn FROM touched) e
       WHERE NOT EXISTS (SELECT 1 FROM hissab.unsealed u
                          WHERE u.org_id = e.org_id AND u.first > 0 AND e.txn BETWEEN u.first AND u.last)) THEN
    RAISE EXCEPTION 'hissab: the transaction of this entry is sealed' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;

-- Entries are written and taken out, never changed: but for a scale that goes up.
CREATE FUNCTION hissab.entry_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT count(*) FROM now) <> (
      SELECT count(*) FROM now n JOIN was w USING (org_id, account, day, txn, line, currency)
        JOIN hissab.raised r ON r.org_id = n.org_id AND r.currency = n.currency
       WHERE n.amount = w.amount * r.factor) THEN
    RAISE EXCEPTION 'hissab: entries never change' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;

-- Records follow each other without a gap, each naming the hash before it; what they seal must hold.
CREATE FUNCTION hissab.audit_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
      SELECT 1 FROM fresh f LEFT JOIN hissab.audit p ON p.org_id = f.org_id AND p.seq = f.seq - 1
       WHERE f.previous IS DISTINCT FROM CASE WHEN f.seq = 1 THEN decode(repeat('00', 32), 'hex') ELSE p.hash END) THEN
    RAISE EXCEPTION 'hissab: an audit record names the hash before it' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  -- Entries are those of their transaction, all of them and no other.
  IF EXISTS (
      SELECT 1 FROM hissab.unsealed u JOIN fresh f ON f.org_id = u.org_id AND f.seq = u.seq
       WHERE u.first > 0
         AND (SELECT coalesce(sum(cardinality(t.accounts)), 0) FROM hissab.txn t
               WHERE t.org_id = u.org_id AND t.number BETWEEN u.first AND u.last)
          IS DISTINCT FROM (SELECT CASE WHEN bool_and(coalesce(t.day = e.day AND t.accounts[e.line + 1] = e.account
                                              AND t.amounts[e.line + 1] = e.amount AND t.currencies[e.line + 1] = e.currency, false)) IS NOT FALSE
                                        THEN count(*) END
                 FROM hissab.entry e LEFT JOIN hissab.txn t ON t.org_id = e.org_id AND t.number = e.txn
                WHERE e.org_id = u.org_id AND e.txn BETWEEN u.first AND u.last)) THEN
    RAISE EXCEPTION 'hissab: an entry and its transaction do not agree' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF EXISTS (
      SELECT 1 FROM (SELECT DISTINCT e.org_id, e.account FROM hissab.unsealed u JOIN fresh f ON f.org_id = u.org_id AND f.seq = u.seq
                       JOIN hissab.entry e ON e.org_id = u.org_id AND e.txn BETWEEN u.first AND u.last WHERE u.first > 0) e
       WHERE NOT EXISTS (SELECT 1 FROM hissab.account a WHERE a.org_id = e.org_id AND a.key = e.account)) THEN
    RAISE EXCEPTION 'hissab: an entry names an account that is not there' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  DELETE FROM hissab.unsealed u USING fresh f WHERE u.org_id = f.org_id AND u.seq = f.seq;
  DELETE FROM hissab.raised r USING fresh f WHERE r.org_id = f.org_id AND r.seq = f.seq;
  RETURN NULL;
END $$;

-- Only rows that were written under the record to come are open; only that record closes them.
CREATE FUNCTION hissab.unsealed_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF NOT EXISTS (SELECT 1 FROM hissab.audit a WHERE a.org_id = OLD.org_id AND a.seq = OLD.seq) THEN
      RAISE EXCEPTION 'hissab: only an audit record seals' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN OLD;
  END IF;
  IF NEW.seq <= hissab.last_seq(NEW.org_id) THEN
    RAISE EXCEPTION 'hissab: only an audit record to come seals' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF TG_TABLE_NAME = 'unsealed' AND pg_trigger_depth() < 2 THEN
    RAISE EXCEPTION 'hissab: sealed transactions stay sealed' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF TG_TABLE_NAME = 'raised' AND pg_trigger_depth() < 2 THEN
    RAISE EXCEPTION 'hissab: amounts are multiplied only with their currency' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION hissab.source_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
      SELECT 1 FROM (SELECT DISTINCT org_id, batch FROM touched) s
       WHERE NOT EXISTS (SELECT 1 FROM hissab.batch b
                          WHERE b.org_id = s.org_id AND b.key = s.batch AND b.seq > hissab.last_seq(s.org_id))) THEN
    RAISE EXCEPTION 'hissab: the batch of this row is sealed' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER txn_inserted AFTER INSERT ON hissab.txn REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION hissab.txn_inserted();
CREATE TRIGGER txn_updated AFTER UPDATE ON hissab.txn REFERENCING OLD TABLE AS was NEW TABLE AS now
  FOR EACH STATEMENT EXECUTE FUNCTION hissab.txn_updated();
CREATE TRIGGER txn_delete BEFORE DELETE OR TRUNCATE ON hissab.txn
  FOR EACH STATEMENT EXECUTE FUNCTION hissab.refuse('transactions are voided, never deleted');
CREATE TRIGGER entry_inserted AFTER INSERT ON hissab.entry REFERENCING NEW TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION hissab.entries_open();
CREATE TRIGGER entry_deleted AFTER DELETE ON hissab.entry REFERENCING OLD TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION hissab.entries_open();
CREATE TRIGGER entry_updated AFTER UPDATE ON hissab.entry REFERENCING OLD TABLE AS was NEW TABLE AS now
  FOR EACH STATEMENT EXECUTE FUNCTION hissab.entry_updated();
CREATE TRIGGER entry_truncate BEFORE TRUNCATE ON hissab.entry
  FOR EACH STATEMENT EXECUTE FUNCTION hissab.refuse('the transaction of this entry is sealed');
CREATE TRIGGER audit_inserted AFTER INSERT ON hissab.audit REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION hissab.audit_inserted();
CREATE TRIGGER audit_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON hissab.audit
  FOR EACH STATEMENT EXECUTE FUNCTION hissab.refuse('audit records never change');
CREATE TRIGGER unsealed_guard BEFORE INSERT OR DELETE ON hissab.unsealed
  FOR EACH ROW EXECUTE FUNCTION hissab.unsealed_guard();
CREATE TRIGGER unsealed_changed BEFORE UPDATE OR TRUNCATE ON hissab.unsealed
  FOR EACH STATEMENT EXECUTE FUNCTION hissab.refuse('only an audit record seals');
CREATE TRIGGER raised_guard BEFORE INSERT OR DELETE ON hissab.raised
  FOR EACH ROW EXECUTE FUNCTION hissab.unsealed_guard();
CREATE TRIGGER raised_changed BEFORE UPDATE OR TRUNCATE ON hissab.raised
  FOR EACH STATEMENT EXECUTE FUNCTION hissab.refuse('only an audit record seals');
CREATE TRIGGER setting_fact BEFORE INSERT OR UPDATE ON hissab.setting FOR EACH ROW EXECUTE FUNCTION hissab.fact('name');
CREATE TRIGGER currency_fact BEFORE INSERT OR UPDATE ON hissab.currency FOR EACH ROW EXECUTE FUNCTION hissab.fact('key', 'code');
CREATE TRIGGER account_fact BEFORE INSERT OR UPDATE ON hissab.account FOR EACH ROW EXECUTE FUNCTION hissab.fact('key', 'id');
CREATE TRIGGER price_fact BEFORE INSERT OR UPDATE ON hissab.price FOR EACH ROW EXECUTE FUNCTION hissab.fact('commodity', 'currency', 'day');
CREATE TRIGGER assertion_fact BEFORE INSERT OR UPDATE ON hissab.assertion FOR EACH ROW EXECUTE FUNCTION hissab.fact('key', 'id');
CREATE TRIGGER accepted_fact BEFORE INSERT ON hissab.accepted FOR EACH ROW EXECUTE FUNCTION hissab.fact('key');
CREATE TRIGGER accepted_changed BEFORE UPDATE ON hissab.accepted
  FOR EACH STATEMENT EXECUTE FUNCTION hissab.refuse('a row of accepted never changes');
CREATE TRIGGER batch_fact BEFORE INSERT OR UPDATE ON hissab.batch
  FOR EACH ROW EXECUTE FUNCTION hissab.fact('key', 'id', 'file', 'sha256', 'format', 'first_seq');
CREATE TRIGGER source_row_written AFTER INSERT ON hissab.source_row REFERENCING NEW TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION hissab.source_written();
CREATE TRIGGER source_text_written AFTER INSERT ON hissab.source_text REFERENCING NEW TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION hissab.source_written();

DO $$
DECLARE
  named text;
BEGIN
  FOREACH named IN ARRAY ARRAY['setting', 'currency', 'account', 'price', 'assertion', 'accepted', 'batch'] LOOP
    EXECUTE format('CREATE TRIGGER %1$s_stays BEFORE DELETE OR TRUNCATE ON hissab.%1$s
                    FOR EACH STATEMENT EXECUTE FUNCTION hissab.refuse(''a row of %1$s is never deleted'')', named);
  END LOOP;
  FOREACH named IN ARRAY ARRAY['source_row', 'source_text', 'book'] LOOP
    EXECUTE format('CREATE TRIGGER %1$s_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON hissab.%1$s
                    FOR EACH STATEMENT EXECUTE FUNCTION hissab.refuse(''a row of %1$s never changes'')', named);
  END LOOP;
  -- An organisation's rows are there only where the setting names it.
  FOREACH named IN ARRAY ARRAY['book', 'org_counters', 'audit', 'unsealed', 'raised', 'setting', 'currency', 'account', 'txn', 'entry',
                               'price', 'assertion', 'accepted', 'batch', 'source_row', 'source_text', 'total', 'conversion', 'request'] LOOP
    EXECUTE format('ALTER TABLE hissab.%I ENABLE ROW LEVEL SECURITY', named);
    EXECUTE format('ALTER TABLE hissab.%I FORCE ROW LEVEL SECURITY', named);
    EXECUTE format('CREATE POLICY org ON hissab.%I USING (org_id = nullif(current_setting(''hissab.org'', true), '''')::uuid)', named);
    EXECUTE format('GRANT SELECT ON hissab.%I TO hissab_app, hissab_read', named);
    EXECUTE format('GRANT INSERT ON hissab.%I TO hissab_app', named);
  END LOOP;
  FOREACH named IN ARRAY ARRAY['org_counters', 'setting', 'currency', 'account', 'txn', 'entry', 'price', 'assertion', 'batch', 'total', 'conversion'] LOOP
    EXECUTE format('GRANT UPDATE ON hissab.%I TO hissab_app', named);
  END LOOP;
  FOREACH named IN ARRAY ARRAY['entry', 'unsealed', 'raised', 'request'] LOOP
    EXECUTE format('GRANT DELETE ON hissab.%I TO hissab_app', named);
  END LOOP;
END $$;
GRANT USAGE ON SCHEMA hissab TO hissab_app, hissab_read;
