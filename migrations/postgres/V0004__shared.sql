-- What servers that share a database tell each other.

-- Grows with each change of the registry: what servers keep of it is good for as long as it stays.
ALTER TABLE hissab_server.server ADD COLUMN version bigint NOT NULL DEFAULT 0;

-- How often somebody asked, over all servers: when the bucket of a key is full again, in microseconds. What a crash
-- of the database forgets are counts of a minute.
CREATE UNLOGGED TABLE hissab_server.bucket (
  key  bytea PRIMARY KEY CHECK (length(key) = 32),
  full_at bigint NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON hissab_server.bucket TO hissab_app;

-- When whoever works on a job last said so.
ALTER TABLE hissab_server.job ADD COLUMN beat bigint;
