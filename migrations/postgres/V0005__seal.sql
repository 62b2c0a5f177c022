-- Sealing in sets, by index: what a commit costs depends on what it writes, not on what is there already.
--
-- The rules are those of V0001. There each row that was written and each record looked for its counterpart by itself,
-- some of them through every row of the organisation; here a run of numbers is looked at once. No fence ever reads a
-- table from end to end: `enable_seqscan` is off inside of them, whatever the statistics say. One row that has a
-- unique key is looked for as the first from that key on: until a table has been analysed, any index that begins with
-- the organisation seems as good as the right one, but only the right one has the order.

CREATE INDEX unsealed_seq ON hissab.unsealed (org_id, seq);

CREATE OR REPLACE FUNCTION hissab.txn_inserted() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  came record;
  sealed bigint;
BEGIN
  FOR came IN SELECT org_id, min(seq) AS seq, min(number) AS low, max(number) AS high, count(*) AS rows,
                     bool_or(version <> 1 OR void) AS lived
                FROM fresh GROUP BY org_id LOOP
    sealed := hissab.last_seq(came.org_id);
    IF came.seq <= sealed THEN
      RAISE EXCEPTION 'hissab: only an audit record to come seals' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    -- Rows of a book without any record come as they stand: it was moved here whole.
    IF came.lived AND sealed > 0 THEN
      RAISE EXCEPTION 'hissab: a transaction begins live, at version 1' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF came.rows <> came.high - came.low + 1
       OR came.low > 1 AND NOT EXISTS (SELECT 1 FROM hissab.txn t WHERE t.org_id = came.org_id AND t.number = came.low - 1)
       OR EXISTS (SELECT 1 FROM hissab.txn t WHERE t.org_id = came.org_id AND t.number > came.high) THEN
      RAISE EXCEPTION 'hissab: a transaction takes the next number' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
  END LOOP;
  INSERT INTO hissab.unsealed (org_id, first, last, seq)
  SELECT org_id, min(number), max(number), seq
    FROM (SELECT org_id, number, seq, number - row_number() OVER (PARTITION BY org_id, seq ORDER BY number) AS island FROM fresh) f
   GROUP BY org_id, seq, island;
  RETURN NULL;
END $$;

-- The entries of a statement mostly belong to one run, else each to the run that begins last before it; the others are
-- looked for among all that is open.
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
                          WHERE u.org_id = e.org_id AND u.first > 0 AND e.txn BETWEEN u.first AND u.last)) THEN
    RAISE EXCEPTION 'hissab: the transaction of this entry is sealed' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;

-- Records follow each other without a gap, each naming the hash before it; what they seal must hold.
--
-- `enable_nestloop` is off: a run is one posting or an import of a million, and the plan that was made for the one has
-- to be good for the other.
CREATE OR REPLACE FUNCTION hissab.audit_inserted() RETURNS trigger LANGUAGE plpgsql
  SET enable_seqscan = off SET enable_nestloop = off AS $$
DECLARE
  came record;
  run record;
  copied bigint;
  agree boolean;
  named boolean;
BEGIN
  IF EXISTS (
      SELECT 1 FROM (SELECT org_id, seq, previous, lag(seq) OVER w AS seq_before, lag(hash) OVER w AS hash_before
                       FROM fresh WINDOW w AS (PARTITION BY org_id ORDER BY seq)) f
       WHERE f.previous IS DISTINCT FROM
             CASE WHEN f.seq = 1 THEN decode(repeat('00', 32), 'hex')
                  WHEN f.seq_before = f.seq - 1 THEN f.hash_before
                  ELSE (SELECT CASE WHEN p.seq = f.seq - 1 THEN p.hash END FROM hissab.audit p
                         WHERE p.org_id = f.org_id AND p.seq >= f.seq - 1 ORDER BY p.seq LIMIT 1) END) THEN
    RAISE EXCEPTION 'hissab: an audit record names the hash before it' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  -- Without gaps: all from the first to the last of them are records of this statement.
  FOR came IN SELECT org_id, min(seq) AS low, max(seq) AS high FROM fresh GROUP BY org_id LOOP
    -- Entries are those of their transaction, all of them and no other: each run of numbers that is sealed here.
    FOR run IN
        SELECT min(first) AS first, max(last) AS last
          FROM (SELECT first, last, count(*) FILTER (WHERE begins) OVER (ORDER BY first, last) AS island
                  FROM (SELECT u.first, u.last,
                               u.first > coalesce(max(u.last) OVER (ORDER BY u.first, u.last
                                                                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), -1) + 1 AS begins
                          FROM hissab.unsealed u
                         WHERE u.org_id = came.org_id AND u.seq BETWEEN came.low AND came.high AND u.first > 0) opened) placed
         GROUP BY island LOOP
      SELECT sum(g.copied), bool_and(g.agree),
             bool_and(g.account IS NOT DISTINCT FROM (SELECT a.key FROM hissab.account a WHERE a.org_id = came.org_id AND a.key >= g.account
                                                       ORDER BY a.key LIMIT 1))
        INTO copied, agree, named
        FROM (SELECT e.account, count(*) AS copied,
                     bool_and(coalesce(t.day = e.day AND t.accounts[e.line + 1] = e.account AND t.amounts[e.line + 1] = e.amount
                                       AND t.currencies[e.line + 1] = e.currency, false)) AS agree
                FROM (SELECT txn, line, day, account, amount, currency FROM hissab.entry
                       WHERE org_id = came.org_id AND txn BETWEEN run.first AND run.last) e
                LEFT JOIN (SELECT number, day, accounts, amounts, currencies FROM hissab.txn
                            WHERE org_id = came.org_id AND number BETWEEN run.first AND run.last) t ON t.number = e.txn
               GROUP BY e.account) g;
      IF agree IS FALSE
         OR coalesce(copied, 0) <> (SELECT coalesce(sum(cardinality(t.accounts)), 0) FROM hissab.txn t
                                     WHERE t.org_id = came.org_id AND t.number BETWEEN run.first AND run.last) THEN
        RAISE EXCEPTION 'hissab: an entry and its transaction do not agree' USING ERRCODE = 'integrity_constraint_violation';
      END IF;
      IF named IS FALSE THEN
        RAISE EXCEPTION 'hissab: an entry names an account that is not there' USING ERRCODE = 'integrity_constraint_violation';
      END IF;
    END LOOP;
    DELETE FROM hissab.unsealed u WHERE u.org_id = came.org_id AND u.seq BETWEEN came.low AND came.high;
    DELETE FROM hissab.raised r WHERE r.org_id = came.org_id AND r.seq BETWEEN came.low AND came.high;
  END LOOP;
  RETURN NULL;
END $$;

-- Only rows that were written under the record to come are open; only that record closes them.
CREATE FUNCTION hissab.unsealed_opened() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  IF pg_trigger_depth() < 2 THEN
    RAISE EXCEPTION 'hissab: sealed transactions stay sealed' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF EXISTS (SELECT 1 FROM (SELECT org_id, min(seq) AS seq FROM fresh GROUP BY org_id) f WHERE f.seq <= hissab.last_seq(f.org_id)) THEN
    RAISE EXCEPTION 'hissab: only an audit record to come seals' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION hissab.unsealed_closed() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  -- Records have no gaps.
  IF EXISTS (SELECT 1 FROM (SELECT org_id, max(seq) AS seq FROM gone GROUP BY org_id) g WHERE g.seq > hissab.last_seq(g.org_id)) THEN
    RAISE EXCEPTION 'hissab: only an audit record seals' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER unsealed_opened AFTER INSERT ON hissab.unsealed REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION hissab.unsealed_opened();
CREATE TRIGGER unsealed_closed AFTER DELETE ON hissab.unsealed REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION hissab.unsealed_closed();
DROP TRIGGER unsealed_guard ON hissab.unsealed;
