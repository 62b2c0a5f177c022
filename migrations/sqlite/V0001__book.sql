-- One book: its chart, transactions, entries and audit log.
--
-- What is written stays unsealed until its audit record is inserted: a row of `unsealed` points at
-- the record to come by a deferred key, so COMMIT fails while anything is unsealed. Inserting the
-- record checks every transaction it seals and empties the table. Sealed rows cannot be touched.
-- Insert triggers refuse keys that exist, because REPLACE would skip the delete triggers.

CREATE TABLE book (
  one        INTEGER PRIMARY KEY CHECK (one = 1),
  id         BLOB NOT NULL CHECK (length(id) = 16),
  created_at INTEGER NOT NULL
) STRICT;

-- at: microseconds since 1970-01-01 UTC. numbers: JSON, closed ranges. changes: JSON, what was
-- touched and what was there before. marks: four bytes of the hash of each run of postings.
CREATE TABLE audit (
  seq       INTEGER PRIMARY KEY,
  at        INTEGER NOT NULL,
  who       TEXT NOT NULL,
  operation BLOB NOT NULL UNIQUE CHECK (length(operation) = 16),
  undoes    BLOB CHECK (undoes IS NULL OR length(undoes) = 16),
  action    TEXT NOT NULL,
  reason    TEXT,
  numbers   TEXT NOT NULL,
  changes   TEXT NOT NULL,
  marks     BLOB NOT NULL,
  digest    BLOB NOT NULL CHECK (length(digest) = 32),
  previous  BLOB NOT NULL CHECK (length(previous) = 32),
  hash      BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE INDEX audit_undoes ON audit (undoes) WHERE undoes IS NOT NULL;

-- first = 0: something that is not a transaction.
CREATE TABLE unsealed (
  first INTEGER PRIMARY KEY CHECK (first >= 0),
  last  INTEGER NOT NULL CHECK (last >= first),
  seq   INTEGER NOT NULL REFERENCES audit (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;

CREATE TABLE setting (
  name  TEXT PRIMARY KEY,
  value TEXT,
  seq   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE currency (
  key    INTEGER PRIMARY KEY CHECK (key > 0),
  code   TEXT NOT NULL UNIQUE,
  scale  INTEGER NOT NULL CHECK (scale BETWEEN 0 AND 12),
  symbol TEXT,
  name   TEXT,
  seq    INTEGER NOT NULL
) STRICT;

-- more: JSON, what few accounts have.
CREATE TABLE account (
  key       INTEGER PRIMARY KEY CHECK (key > 0),
  id        BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  path      TEXT NOT NULL UNIQUE,
  kind      TEXT NOT NULL,
  type      TEXT NOT NULL,
  opened_on INTEGER,
  closed_on INTEGER,
  more      TEXT,
  version   INTEGER NOT NULL,
  seq       INTEGER NOT NULL
) STRICT;

-- day: days since 2000-01-01. void = 1: its entries are in `more`, not in `entry`.
CREATE TABLE txn (
  number      INTEGER PRIMARY KEY CHECK (number > 0),
  id          BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  day         INTEGER NOT NULL,
  voucher     INTEGER NOT NULL CHECK (voucher BETWEEN 0 AND 9),
  status      INTEGER NOT NULL CHECK (status BETWEEN 0 AND 2),
  version     INTEGER NOT NULL CHECK (version > 0),
  void        INTEGER NOT NULL CHECK (void IN (0, 1)),
  seq         INTEGER NOT NULL,
  description TEXT NOT NULL,
  payee       TEXT,
  reference   TEXT,
  due         INTEGER,
  reverses    INTEGER,
  more        TEXT
) STRICT;
CREATE INDEX txn_day ON txn (day);
CREATE INDEX txn_void ON txn (void) WHERE void = 1;
CREATE INDEX txn_reverses ON txn (reverses) WHERE reverses IS NOT NULL;

-- amount: minor units, debit positive. Clustered as ledgers are read.
CREATE TABLE entry (
  account  INTEGER NOT NULL REFERENCES account (key),
  day      INTEGER NOT NULL,
  txn      INTEGER NOT NULL,
  line     INTEGER NOT NULL CHECK (line >= 0),
  amount   INTEGER NOT NULL CHECK (amount BETWEEN -100000000000000000 AND 100000000000000000),
  currency INTEGER NOT NULL REFERENCES currency (key),
  PRIMARY KEY (account, day, txn, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX entry_txn ON entry (txn, line, amount, currency);

-- What few entries have. weight, weight_currency: set where the entry has a price.
CREATE TABLE entry_detail (
  txn             INTEGER NOT NULL,
  line            INTEGER NOT NULL,
  weight          INTEGER CHECK (weight BETWEEN -100000000000000000 AND 100000000000000000),
  weight_currency INTEGER REFERENCES currency (key) CHECK ((weight_currency IS NULL) = (weight IS NULL)),
  price           TEXT CHECK ((price IS NULL) = (weight IS NULL)),
  status          INTEGER NOT NULL CHECK (status BETWEEN 0 AND 2),
  memo            TEXT,
  tags            TEXT,
  PRIMARY KEY (txn, line)
) STRICT, WITHOUT ROWID;

CREATE TABLE price (
  day       INTEGER NOT NULL,
  commodity TEXT NOT NULL,
  currency  TEXT NOT NULL,
  rate      TEXT,
  seq       INTEGER NOT NULL,
  PRIMARY KEY (commodity, currency, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE assertion (
  key         INTEGER PRIMARY KEY,
  id          BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  day         INTEGER NOT NULL,
  account     INTEGER NOT NULL REFERENCES account (key),
  currency    TEXT NOT NULL,
  amount      TEXT NOT NULL,
  subaccounts INTEGER NOT NULL CHECK (subaccounts IN (0, 1)),
  source      TEXT NOT NULL,
  withdrawn   INTEGER NOT NULL CHECK (withdrawn IN (0, 1)),
  seq         INTEGER NOT NULL
) STRICT;

CREATE TABLE accepted (
  key       INTEGER PRIMARY KEY,
  code      TEXT NOT NULL,
  reference TEXT NOT NULL,
  reason    TEXT NOT NULL,
  seq       INTEGER NOT NULL
) STRICT;

CREATE TABLE batch (
  key     INTEGER PRIMARY KEY CHECK (key > 0),
  id      BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  file    TEXT NOT NULL,
  sha256  BLOB NOT NULL CHECK (length(sha256) = 32),
  format  TEXT NOT NULL,
  account INTEGER REFERENCES account (key),
  skipped INTEGER NOT NULL,
  added   INTEGER NOT NULL,
  undone  INTEGER NOT NULL CHECK (undone IN (0, 1)),
  first_seq INTEGER NOT NULL,
  seq     INTEGER NOT NULL
) STRICT;

-- place: where the row's text stands in source_text (chunk * 256 + index); NULL: no text is kept.
CREATE TABLE source_row (
  identity INTEGER NOT NULL,
  batch    INTEGER NOT NULL,
  line     INTEGER NOT NULL,
  number   INTEGER NOT NULL,
  place    INTEGER,
  PRIMARY KEY (identity, batch, line)
) STRICT, WITHOUT ROWID;

-- Up to 256 rows as they stood, deflated.
CREATE TABLE source_text (
  batch INTEGER NOT NULL,
  chunk INTEGER NOT NULL,
  data  BLOB NOT NULL,
  PRIMARY KEY (batch, chunk)
) STRICT, WITHOUT ROWID;

-- Month totals: a cache, written with the entries, compared with them by `check`.
CREATE TABLE total (
  account  INTEGER NOT NULL,
  currency INTEGER NOT NULL,
  month    INTEGER NOT NULL,
  closing  INTEGER NOT NULL CHECK (closing IN (0, 1)),
  debit    INTEGER NOT NULL,
  credit   INTEGER NOT NULL,
  entries  INTEGER NOT NULL,
  PRIMARY KEY (account, currency, month, closing)
) STRICT, WITHOUT ROWID;

-- What priced entries brought into a currency by weight less what they took by amount.
CREATE TABLE conversion (
  currency INTEGER NOT NULL,
  month    INTEGER NOT NULL,
  amount   INTEGER NOT NULL,
  PRIMARY KEY (currency, month)
) STRICT, WITHOUT ROWID;

-- `--once` keys. Not sealed: emptied in copies, pruned after 30 days. sum: over the rest of the row.
CREATE TABLE request (
  key     TEXT PRIMARY KEY,
  content BLOB NOT NULL,
  seq     INTEGER NOT NULL,
  numbers TEXT NOT NULL,
  at      INTEGER NOT NULL,
  sum     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX request_at ON request (at);

-- Of a file that is not the home of its book: where that is. Not sealed: left behind by every copy.
CREATE TABLE mark (
  one   INTEGER PRIMARY KEY CHECK (one = 1),
  kind  TEXT NOT NULL CHECK (kind IN ('moved', 'copy')),
  place TEXT NOT NULL
) STRICT;

-- ---------------------------------------------------------------- the audit log

CREATE TRIGGER audit_insert BEFORE INSERT ON audit BEGIN
  SELECT RAISE(ABORT, 'hissab: an audit record takes the next number')
   WHERE NEW.seq IS NOT (SELECT ifnull(max(seq), 0) + 1 FROM audit);
  SELECT RAISE(ABORT, 'hissab: an audit record names the hash before it')
   WHERE NEW.previous IS NOT ifnull((SELECT hash FROM audit WHERE seq = NEW.seq - 1), zeroblob(32));
  SELECT RAISE(ABORT, 'hissab: this operation is already recorded')
   WHERE EXISTS (SELECT 1 FROM audit WHERE operation = NEW.operation);
END;

CREATE TRIGGER audit_seal AFTER INSERT ON audit BEGIN
  -- One currency and no price: the amounts of each transaction sum to zero. Range by range, so that nothing is sorted.
  SELECT RAISE(ABORT, 'hissab: a transaction does not balance')
   WHERE EXISTS (
     SELECT 1 FROM unsealed u
      WHERE u.first > 0 AND EXISTS (
     SELECT 1 FROM entry e INDEXED BY entry_txn
      WHERE e.txn BETWEEN u.first AND u.last
      GROUP BY e.txn
     HAVING count(*) < 2
         OR (min(e.currency) = max(e.currency) AND sum(e.amount) <> 0
             AND NOT EXISTS (SELECT 1 FROM entry_detail d WHERE d.txn = e.txn AND d.weight IS NOT NULL))
         OR (min(e.currency) <> max(e.currency) AND EXISTS (
              SELECT 1 FROM entry x INDEXED BY entry_txn
                LEFT JOIN entry_detail d ON d.txn = x.txn AND d.line = x.line
               WHERE x.txn = e.txn
               GROUP BY ifnull(d.weight_currency, x.currency)
              HAVING sum(ifnull(d.weight, x.amount)) <> 0))));
  -- Prices: the weights sum to zero in each currency.
  SELECT RAISE(ABORT, 'hissab: a priced transaction does not balance')
   WHERE EXISTS (
     SELECT 1 FROM unsealed u CROSS JOIN entry_detail p
      WHERE u.first > 0 AND p.txn BETWEEN u.first AND u.last AND p.weight IS NOT NULL AND EXISTS (
              SELECT 1 FROM entry x INDEXED BY entry_txn
                LEFT JOIN entry_detail d ON d.txn = x.txn AND d.line = x.line
               WHERE x.txn = p.txn
               GROUP BY ifnull(d.weight_currency, x.currency)
              HAVING sum(ifnull(d.weight, x.amount)) <> 0));
  -- Every entry belongs to a live transaction of its day, and every live transaction has entries.
  SELECT RAISE(ABORT, 'hissab: an entry and its transaction do not agree')
   WHERE EXISTS (
     SELECT 1 FROM unsealed u CROSS JOIN entry e INDEXED BY entry_txn LEFT JOIN txn t ON t.number = e.txn
      WHERE u.first > 0 AND e.txn BETWEEN u.first AND u.last
        AND (t.number IS NULL OR t.void = 1 OR t.day <> e.day));
  -- By now every entry is of a live transaction, so counting tells whether one has none.
  SELECT RAISE(ABORT, 'hissab: a transaction has no entries')
   WHERE EXISTS (
     SELECT 1 FROM unsealed u
      WHERE u.first > 0
        AND (SELECT count(*) FROM txn t WHERE t.number BETWEEN u.first AND u.last AND t.void = 0)
         <> (SELECT count(*) FROM (SELECT 1 FROM entry e INDEXED BY entry_txn
              WHERE e.txn BETWEEN u.first AND u.last GROUP BY e.txn)));
  SELECT RAISE(ABORT, 'hissab: a note belongs to no entry')
   WHERE EXISTS (
     SELECT 1 FROM unsealed u CROSS JOIN entry_detail d
      WHERE u.first > 0 AND d.txn BETWEEN u.first AND u.last
        AND NOT EXISTS (SELECT 1 FROM entry e INDEXED BY entry_txn WHERE e.txn = d.txn AND e.line = d.line));
  DELETE FROM unsealed WHERE seq = NEW.seq;
END;

CREATE TRIGGER audit_update BEFORE UPDATE ON audit BEGIN
  SELECT RAISE(ABORT, 'hissab: audit records never change');
END;
CREATE TRIGGER audit_delete BEFORE DELETE ON audit BEGIN
  SELECT RAISE(ABORT, 'hissab: audit records are never deleted');
END;

CREATE TRIGGER unsealed_insert BEFORE INSERT ON unsealed BEGIN
  SELECT RAISE(ABORT, 'hissab: only the next audit record seals')
   WHERE NEW.seq IS NOT (SELECT ifnull(max(seq), 0) + 1 FROM audit);
  SELECT RAISE(ABORT, 'hissab: already unsealed')
   WHERE EXISTS (SELECT 1 FROM unsealed WHERE first = NEW.first);
  SELECT RAISE(ABORT, 'hissab: sealed transactions stay sealed')
   WHERE NEW.first > 0 AND NEW.last - NEW.first + 1 IS NOT
         (SELECT count(*) FROM txn WHERE number BETWEEN NEW.first AND NEW.last AND seq = NEW.seq);
END;
CREATE TRIGGER unsealed_update BEFORE UPDATE ON unsealed BEGIN
  SELECT RAISE(ABORT, 'hissab: only an audit record seals');
END;
CREATE TRIGGER unsealed_delete BEFORE DELETE ON unsealed BEGIN
  SELECT RAISE(ABORT, 'hissab: only an audit record seals')
   WHERE NOT EXISTS (SELECT 1 FROM audit WHERE seq = OLD.seq);
END;

-- ---------------------------------------------------------------- transactions

CREATE TRIGGER txn_insert BEFORE INSERT ON txn BEGIN
  SELECT RAISE(ABORT, 'hissab: a transaction takes the next number')
   WHERE NEW.number IS NOT (SELECT ifnull(max(number), 0) + 1 FROM txn);
  SELECT RAISE(ABORT, 'hissab: a transaction id is used once')
   WHERE EXISTS (SELECT 1 FROM txn WHERE id = NEW.id);
  SELECT RAISE(ABORT, 'hissab: only the next audit record seals')
   WHERE NEW.seq IS NOT (SELECT ifnull(max(seq), 0) + 1 FROM audit);
  SELECT RAISE(ABORT, 'hissab: a transaction begins live, at version 1')
   WHERE NEW.version <> 1 OR NEW.void <> 0;
END;
CREATE TRIGGER txn_inserted AFTER INSERT ON txn BEGIN
  INSERT INTO unsealed (first, last, seq) VALUES (NEW.number, NEW.number, NEW.seq);
END;
CREATE TRIGGER txn_update BEFORE UPDATE ON txn BEGIN
  SELECT RAISE(ABORT, 'hissab: number and id of a transaction never change')
   WHERE NEW.number IS NOT OLD.number OR NEW.id IS NOT OLD.id;
  SELECT RAISE(ABORT, 'hissab: a change of a transaction is its next version')
   WHERE NEW.version IS NOT OLD.version + 1;
  SELECT RAISE(ABORT, 'hissab: only the next audit record seals')
   WHERE NEW.seq IS NOT (SELECT ifnull(max(seq), 0) + 1 FROM audit);
END;
CREATE TRIGGER txn_updated AFTER UPDATE ON txn BEGIN
  INSERT INTO unsealed (first, last, seq)
  SELECT NEW.number, NEW.number, NEW.seq
   WHERE ifnull((SELECT last FROM unsealed WHERE first <= NEW.number AND first > 0 ORDER BY first DESC LIMIT 1), 0) < NEW.number;
END;
CREATE TRIGGER txn_delete BEFORE DELETE ON txn BEGIN
  SELECT RAISE(ABORT, 'hissab: transactions are voided, never deleted');
END;

CREATE TRIGGER entry_insert BEFORE INSERT ON entry BEGIN
  SELECT RAISE(ABORT, 'hissab: the transaction of this entry is sealed')
   WHERE ifnull((SELECT last FROM unsealed WHERE first <= NEW.txn AND first > 0 ORDER BY first DESC LIMIT 1), 0) < NEW.txn;
  SELECT RAISE(ABORT, 'hissab: this entry exists')
   WHERE EXISTS (SELECT 1 FROM entry WHERE account = NEW.account AND day = NEW.day AND txn = NEW.txn AND line = NEW.line);
END;
CREATE TRIGGER entry_update BEFORE UPDATE ON entry BEGIN
  SELECT RAISE(ABORT, 'hissab: the transaction of this entry is sealed')
   WHERE NEW.txn IS NOT OLD.txn
      OR ifnull((SELECT last FROM unsealed WHERE first <= OLD.txn AND first > 0 ORDER BY first DESC LIMIT 1), 0) < OLD.txn;
END;
CREATE TRIGGER entry_delete BEFORE DELETE ON entry BEGIN
  SELECT RAISE(ABORT, 'hissab: the transaction of this entry is sealed')
   WHERE ifnull((SELECT last FROM unsealed WHERE first <= OLD.txn AND first > 0 ORDER BY first DESC LIMIT 1), 0) < OLD.txn;
END;
CREATE TRIGGER entry_detail_insert BEFORE INSERT ON entry_detail BEGIN
  SELECT RAISE(ABORT, 'hissab: the transaction of this entry is sealed')
   WHERE ifnull((SELECT last FROM unsealed WHERE first <= NEW.txn AND first > 0 ORDER BY first DESC LIMIT 1), 0) < NEW.txn;
END;
CREATE TRIGGER entry_detail_update BEFORE UPDATE ON entry_detail BEGIN
  SELECT RAISE(ABORT, 'hissab: the transaction of this entry is sealed')
   WHERE NEW.txn IS NOT OLD.txn
      OR ifnull((SELECT last FROM unsealed WHERE first <= OLD.txn AND first > 0 ORDER BY first DESC LIMIT 1), 0) < OLD.txn;
END;
CREATE TRIGGER entry_detail_delete BEFORE DELETE ON entry_detail BEGIN
  SELECT RAISE(ABORT, 'hissab: the transaction of this entry is sealed')
   WHERE ifnull((SELECT last FROM unsealed WHERE first <= OLD.txn AND first > 0 ORDER BY first DESC LIMIT 1), 0) < OLD.txn;
END;

-- ---------------------------------------------------------------- everything else that is sealed

CREATE TRIGGER setting_insert BEFORE INSERT ON setting BEGIN
  SELECT RAISE(ABORT, 'hissab: only the next audit record seals') WHERE NEW.seq IS NOT (SELECT ifnull(max(seq), 0) + 1 FROM audit);
  SELECT RAISE(ABORT, 'hissab: this setting exists') WHERE EXISTS (SELECT 1 FROM setting WHERE name = NEW.name);
  INSERT INTO unsealed (first, last, seq) SELECT 0, 0, NEW.seq WHERE NOT EXISTS (SELECT 1 FROM unsealed WHERE first = 0);
END;
CREATE TRIGGER setting_update BEFORE UPDATE ON setting BEGIN
  SELECT RAISE(ABORT, 'hissab: only the next audit record seals') WHERE NEW.seq IS NOT (SELECT ifnull(max(seq), 0) + 1 FROM audit);
  SELECT RAISE(ABORT, 'hissab: keys of a setting never change') WHERE NEW.name IS NOT OLD.name;
  INSERT INTO unsealed (first, last, seq) SELECT 0, 0, NEW.seq WHERE NOT EXISTS (SELECT 1 FROM unsealed WHERE first = 0);
END;
CREATE TRIGGER setting_delete BEFORE DELETE ON setting BEGIN
  SELECT RAISE(ABORT, 'hissab: a row of setting is never deleted');
END;

CREATE TRIGGER currency_insert BEFORE INSERT ON currency BEGIN
  SELECT RAISE(ABORT, 'hissab: only the next audit record seals') WHERE NEW.seq IS NOT (SELECT ifnull(max(seq), 0) + 1 FROM audit);
  SELECT RAISE(ABORT, 'hissab: this currency exists') WHERE EXISTS (SELECT 1 FROM currency WHERE key = NEW.key OR code = NEW.code);
  INSERT INTO unsealed (first, last, seq) SELECT 0, 0, NEW.seq WHERE NOT EXISTS (SELECT 1 FROM unsealed WHERE first = 0);
END;
CREATE TRIGGER currency_update BEFORE UPDATE ON currency BEGIN
  SELECT RAISE(ABORT, 'hissab: only the next audit record seals') WHERE NEW.seq IS NOT (SELECT ifnull(max(seq), 0) + 1 FROM audit);
  SELECT RAISE(ABORT, 'hissab: keys of a currency never change') WHERE NEW.key IS NOT OLD.key OR NEW.code IS NOT OLD.code;
  INSERT INTO unsealed (first, last, seq) SELECT 0, 0, NEW.seq WHERE NOT EXISTS (SELECT 1 FROM unsealed WHERE first = 0);
END;
CREATE TRIGGER currency_delete BEFORE DELETE ON currency BEGIN
  SELECT RAISE(ABORT, 'hissab: a row of currency is never deleted');
END;

CREATE TRIGGER account_insert BEFORE INSERT ON account BEGIN
  SELECT RAISE(ABORT, 'hissab: only the next audit record seals') WHERE NEW.seq IS NOT (SELECT ifnull(max(seq), 0) + 1 FROM audit);
  SELECT RAISE(ABORT, 'hissab: this account exists') WHERE EXISTS (SELECT 1 FROM account WHERE key = NEW.key OR id = NEW.id OR path = NEW.path);
  INSERT INTO unsealed (first, last, seq) SELECT 0, 0, NEW.seq WHERE NOT EXISTS (SELECT 1 FROM unsealed WHERE first = 0);
END;
CREATE TRIGGER account_update BEFORE UPDATE ON account BEGIN
  SELECT RAISE(ABORT, 'hissab: only the next audit record seals') WHERE NEW.seq IS NOT (SELECT ifnull(max(seq), 0) + 1 FROM audit);
  SELECT RAISE(ABORT, 'hissab: keys of a account never change') WHERE NEW.key IS NOT OLD.key OR NEW.id IS NOT OLD.id;
  SELECT RAISE(ABORT, 'hissab: this account exists') WHERE EXISTS (SELECT 1 FROM account WHERE path = NEW.path AND key <> OLD.key);
  INSERT INTO unsealed (first, last, seq) SELECT 0, 0, NEW.seq WHERE NOT EXISTS (SELECT 1 FROM unsealed WHERE first = 0);
END;
CREATE TRIGGER account_delete BEFORE DELETE ON account BEGIN
  SELECT RAISE(ABORT, 'hissab: a row of account is never deleted');
END;

CREATE TRIGGER price_insert BEFORE INSERT ON price BEGIN
  SELECT RAISE(ABORT, 'hissab: only the next audit record seals') WHERE NEW.seq IS NOT (SELECT ifnull(max(seq), 0) + 1 FROM audit);
  SELECT RAISE(ABORT, 'hissab: this price exists') WHERE EXISTS (SELECT 1 FROM price WHERE commodity = NEW.commodity AND currency = NEW.currency AND day = NEW.day);
  INSERT INTO unsealed (first, last, seq) SELECT 0, 0, NEW.seq WHERE NOT EXISTS (SELECT 1 FROM unsealed WHERE first = 0);
END;
CREATE TRIGGER price_update BEFORE UPDATE ON price BEGIN
  SELECT RAISE(ABORT, 'hissab: only the next audit record seals') WHERE NEW.seq IS NOT (SELECT ifnull(max(seq), 0) + 1 FROM audit);
  SELECT RAISE(ABORT, 'hissab: keys of a price never change') WHERE NEW.commodity IS NOT OLD.commodity OR NEW.currency IS NOT OLD.currency OR NEW.day IS NOT OLD.day;
  INSERT INTO unsealed (first, last, seq) SELECT 0, 0, NEW.seq WHERE NOT EXISTS (SELECT 1 FROM unsealed WHERE first = 0);
END;
CREATE TRIGGER price_delete BEFORE DELETE ON price BEGIN
  SELECT RAISE(ABORT, 'hissab: a row of price is never deleted');
END;

CREATE TRIGGER assertion_insert BEFORE INSERT ON assertion BEGIN
  SELECT RAISE(ABORT, 'hissab: only the next audit record seals') WHERE NEW.seq IS NOT (SELECT ifnull(max(seq), 0) + 1 FROM audit);
  SELECT RAISE(ABORT, 'hissab: this assertion exists') WHERE EXISTS (SELECT 1 FROM assertion WHERE key = NEW.key OR id = NEW.id);
  INSERT INTO unsealed (first, last, seq) SELECT 0, 0, NEW.seq WHERE NOT EXISTS (SELECT 1 FROM unsealed WHERE first = 0);
END;
CREATE TRIGGER assertion_update BEFORE UPDATE ON assertion BEGIN
  SELECT RAISE(ABORT, 'hissab: only the next audit record seals') WHERE NEW.seq IS NOT (SELECT ifnull(max(seq), 0) + 1 FROM audit);
  SELECT RAISE(ABORT, 'hissab: keys of a assertion never change') WHERE NEW.key IS NOT OLD.key OR NEW.id IS NOT OLD.id;
  INSERT INTO unsealed (first, last, seq) SELECT 0, 0, NEW.seq WHERE NOT EXISTS (SELECT 1 FROM unsealed WHERE first = 0);
END;
CREATE TRIGGER assertion_delete BEFORE DELETE ON assertion BEGIN
  SELECT RAISE(ABORT, 'hissab: a row of assertion is never deleted');
END;

CREATE TRIGGER accepted_insert BEFORE INSERT ON accepted BEGIN
  SELECT RAISE(ABORT, 'hissab: only the next audit record seals') WHERE NEW.seq IS NOT (SELECT ifnull(max(seq), 0) + 1 FROM audit);
  SELECT RAISE(ABORT, 'hissab: this accepted exists') WHERE EXISTS (SELECT 1 FROM accepted WHERE key = NEW.key);
  INSERT INTO unsealed (first, last, seq) SELECT 0, 0, NEW.seq WHERE NOT EXISTS (SELECT 1 FROM unsealed WHERE first = 0);
END;
CREATE TRIGGER accepted_update BEFORE UPDATE ON accepted BEGIN
  SELECT RAISE(ABORT, 'hissab: a row of accepted never changes');
END;
CREATE TRIGGER accepted_delete BEFORE DELETE ON accepted BEGIN
  SELECT RAISE(ABORT, 'hissab: a row of accepted is never deleted');
END;

CREATE TRIGGER batch_insert BEFORE INSERT ON batch BEGIN
  SELECT RAISE(ABORT, 'hissab: only the next audit record seals') WHERE NEW.seq IS NOT (SELECT ifnull(max(seq), 0) + 1 FROM audit);
  SELECT RAISE(ABORT, 'hissab: this batch exists') WHERE EXISTS (SELECT 1 FROM batch WHERE key = NEW.key OR id = NEW.id);
  INSERT INTO unsealed (first, last, seq) SELECT 0, 0, NEW.seq WHERE NOT EXISTS (SELECT 1 FROM unsealed WHERE first = 0);
END;
CREATE TRIGGER batch_update BEFORE UPDATE ON batch BEGIN
  SELECT RAISE(ABORT, 'hissab: only the next audit record seals') WHERE NEW.seq IS NOT (SELECT ifnull(max(seq), 0) + 1 FROM audit);
  SELECT RAISE(ABORT, 'hissab: keys of a batch never change') WHERE NEW.key IS NOT OLD.key OR NEW.id IS NOT OLD.id OR NEW.file IS NOT OLD.file OR NEW.sha256 IS NOT OLD.sha256 OR NEW.format IS NOT OLD.format OR NEW.first_seq IS NOT OLD.first_seq;
  INSERT INTO unsealed (first, last, seq) SELECT 0, 0, NEW.seq WHERE NOT EXISTS (SELECT 1 FROM unsealed WHERE first = 0);
END;
CREATE TRIGGER batch_delete BEFORE DELETE ON batch BEGIN
  SELECT RAISE(ABORT, 'hissab: a row of batch is never deleted');
END;

CREATE TRIGGER source_row_insert BEFORE INSERT ON source_row BEGIN
  SELECT RAISE(ABORT, 'hissab: the batch of this row is sealed')
   WHERE (SELECT seq FROM batch WHERE key = NEW.batch) IS NOT (SELECT ifnull(max(seq), 0) + 1 FROM audit);
  SELECT RAISE(ABORT, 'hissab: this source row exists')
   WHERE EXISTS (SELECT 1 FROM source_row WHERE identity = NEW.identity AND batch = NEW.batch AND line = NEW.line);
END;
CREATE TRIGGER source_row_update BEFORE UPDATE ON source_row BEGIN
  SELECT RAISE(ABORT, 'hissab: source rows never change');
END;
CREATE TRIGGER source_row_delete BEFORE DELETE ON source_row BEGIN
  SELECT RAISE(ABORT, 'hissab: source rows are never deleted');
END;
CREATE TRIGGER source_text_insert BEFORE INSERT ON source_text BEGIN
  SELECT RAISE(ABORT, 'hissab: the batch of this row is sealed')
   WHERE (SELECT seq FROM batch WHERE key = NEW.batch) IS NOT (SELECT ifnull(max(seq), 0) + 1 FROM audit);
  SELECT RAISE(ABORT, 'hissab: this source text exists')
   WHERE EXISTS (SELECT 1 FROM source_text WHERE batch = NEW.batch AND chunk = NEW.chunk);
END;
CREATE TRIGGER source_text_update BEFORE UPDATE ON source_text BEGIN
  SELECT RAISE(ABORT, 'hissab: source rows never change');
END;
CREATE TRIGGER source_text_delete BEFORE DELETE ON source_text BEGIN
  SELECT RAISE(ABORT, 'hissab: source rows are never deleted');
END;
CREATE TRIGGER book_insert BEFORE INSERT ON book BEGIN
  SELECT RAISE(ABORT, 'hissab: a book has one identity') WHERE EXISTS (SELECT 1 FROM book);
END;
CREATE TRIGGER book_update BEFORE UPDATE ON book BEGIN
  SELECT RAISE(ABORT, 'hissab: the identity of a book never changes');
END;
CREATE TRIGGER book_delete BEFORE DELETE ON book BEGIN
  SELECT RAISE(ABORT, 'hissab: the identity of a book never changes');
END;
