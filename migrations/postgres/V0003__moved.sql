-- Where the home of a book is, if it is not here any more: its rows stay to be read, its writers are refused.
ALTER TABLE hissab.org_counters ADD COLUMN moved text;
