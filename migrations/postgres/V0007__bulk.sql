-- What a large import asks of the fences, in fewer steps. The rules are those of V0001 and V0005.

-- As `balanced` was.
CREATE FUNCTION hissab.balanced_in_full(void boolean, accounts integer[], amounts bigint[], currencies integer[],
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

-- Most transactions have two entries of one currency and no price: one expression, which the CHECK takes in as its own.
-- Where two subscripts find something, and there are two elements, those are all of the array. What is not seen to
-- balance at once is looked at in full.
CREATE OR REPLACE FUNCTION hissab.balanced(void boolean, accounts integer[], amounts bigint[], currencies integer[],
                                           weights bigint[], weight_currencies integer[]) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN NOT void AND weights IS NULL AND weight_currencies IS NULL
         AND cardinality(accounts) = 2 AND cardinality(amounts) = 2 AND cardinality(currencies) = 2
         AND accounts[1] IS NOT NULL AND accounts[2] IS NOT NULL AND currencies[1] = currencies[2]
         AND amounts[1] BETWEEN -100000000000000000 AND 100000000000000000 AND amounts[2] = -amounts[1] THEN true
    ELSE hissab.balanced_in_full(void, accounts, amounts, currencies, weights, weight_currencies)
  END
$$;

CREATE OR REPLACE FUNCTION hissab.txn_inserted() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  came record;
  sealed bigint;
BEGIN
  FOR came IN SELECT org_id, min(seq) AS seq, max(seq) AS last_seq, min(number) AS low, max(number) AS high,
                     count(*) AS rows, bool_or(version <> 1 OR void) AS lived
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
    -- Numbers without a gap under one record are one run.
    IF came.seq = came.last_seq THEN
      INSERT INTO hissab.unsealed (org_id, first, last, seq) VALUES (came.org_id, came.low, came.high, came.seq);
    ELSE
      INSERT INTO hissab.unsealed (org_id, first, last, seq)
      SELECT came.org_id, min(number), max(number), seq
        FROM (SELECT number, seq, number - row_number() OVER (PARTITION BY seq ORDER BY number) AS island
                FROM fresh WHERE org_id = came.org_id) f
       GROUP BY seq, island;
    END IF;
  END LOOP;
  RETURN NULL;
END $$;

-- What is compared is forgotten before accounts are put together, and a run of some size stays in memory.
CREATE OR REPLACE FUNCTION hissab.audit_inserted() RETURNS trigger LANGUAGE plpgsql
  SET enable_seqscan = off SET enable_nestloop = off SET work_mem = '32MB' AS $$
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
        FROM (SELECT c.account, count(*) AS copied, bool_and(c.agree) AS agree
                FROM (SELECT e.account, coalesce(t.day = e.day AND t.accounts[e.line + 1] = e.account AND t.amounts[e.line + 1] = e.amount
                                                 AND t.currencies[e.line + 1] = e.currency, false) AS agree
                        FROM (SELECT txn, line, day, account, amount, currency FROM hissab.entry
                               WHERE org_id = came.org_id AND txn BETWEEN run.first AND run.last) e
                        LEFT JOIN (SELECT number, day, accounts, amounts, currencies FROM hissab.txn
                                    WHERE org_id = came.org_id AND number BETWEEN run.first AND run.last) t ON t.number = e.txn
                      OFFSET 0) c
               GROUP BY c.account) g;
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
