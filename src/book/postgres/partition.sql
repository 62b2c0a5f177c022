-- Large tables in partitions by the hash of the organisation, on a database that has no book yet.
--
-- Each table is made again from what the catalogue says of it: constraints, indexes, triggers, rights. A partition
-- that is named by hand has the same fences: what is typed past the table it is part of is refused all the same.
-- The setting hissab.parts says into how many.
DO $$
DECLARE
  parts   integer := current_setting('hissab.parts')::integer;
  big     regclass;
  named   text;
  part    text;
  keys    text[];   -- of the table itself, outgoing and by others
  others  text[];
  indexes text[];
  fences  text[];
  rights  text[];
  line    text;
BEGIN
  -- The owner is shown nobody's rows either: for this question the fence is taken down, and stands again at the end.
  ALTER TABLE hissab.book NO FORCE ROW LEVEL SECURITY;
  IF EXISTS (SELECT 1 FROM hissab.book) THEN
    RAISE EXCEPTION 'hissab: there are books here' USING ERRCODE = 'object_in_use';
  END IF;
  ALTER TABLE hissab.book FORCE ROW LEVEL SECURITY;
  FOREACH named IN ARRAY ARRAY['audit', 'txn', 'entry', 'source_row', 'source_text', 'total'] LOOP
    big := format('hissab.%I', named)::regclass;
    SELECT coalesce(array_agg(format('ALTER TABLE hissab.%I ADD CONSTRAINT %I %s', named, conname, pg_get_constraintdef(oid)) ORDER BY contype <> 'p', conname), '{}')
      INTO keys FROM pg_constraint WHERE conrelid = big AND contype IN ('p', 'u', 'f');
    SELECT coalesce(array_agg(format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))), '{}')
      INTO others FROM pg_constraint WHERE confrelid = big AND contype = 'f';
    SELECT coalesce(array_agg(pg_get_indexdef(indexrelid)), '{}')
      INTO indexes FROM pg_index i WHERE indrelid = big AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = i.indexrelid AND conrelid = big);
    SELECT coalesce(array_agg(pg_get_triggerdef(oid)), '{}')
      INTO fences FROM pg_trigger WHERE tgrelid = big AND NOT tgisinternal;
    SELECT coalesce(array_agg(format('GRANT %s ON hissab.%I TO %s', privilege_type, named, grantee::regrole)), '{}')
      INTO rights FROM pg_class, aclexplode(relacl) WHERE pg_class.oid = big AND grantee <> relowner;

    EXECUTE format('CREATE TABLE hissab.whole (LIKE hissab.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE) PARTITION BY HASH (org_id)', named);
    EXECUTE format('DROP TABLE hissab.%I CASCADE', named);
    EXECUTE format('ALTER TABLE hissab.whole RENAME TO %I', named);
    FOR at IN 0 .. parts - 1 LOOP
      EXECUTE format('CREATE TABLE hissab.%I PARTITION OF hissab.%I FOR VALUES WITH (MODULUS %s, REMAINDER %s)', named || '_' || at, named, parts, at);
    END LOOP;
    FOREACH line IN ARRAY keys || others || indexes || rights LOOP
      EXECUTE line;
    END LOOP;
    FOR at IN -1 .. parts - 1 LOOP
      part := CASE WHEN at < 0 THEN named ELSE named || '_' || at END;
      EXECUTE format('ALTER TABLE hissab.%I ENABLE ROW LEVEL SECURITY', part);
      EXECUTE format('ALTER TABLE hissab.%I FORCE ROW LEVEL SECURITY', part);
      EXECUTE format('CREATE POLICY org ON hissab.%I USING (org_id = nullif(current_setting(''hissab.org'', true), '''')::uuid)', part);
      FOREACH line IN ARRAY fences LOOP
        EXECUTE regexp_replace(line, format(' ON hissab\.%s ', named), format(' ON hissab.%I ', part));
      END LOOP;
    END LOOP;
  END LOOP;
END $$;
