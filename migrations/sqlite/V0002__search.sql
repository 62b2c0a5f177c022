-- Words of every transaction, case and accents folded: an index only, the texts stay where they are.
-- The program fills it in the same transaction as the rows; `check --deep` compares it with them.
CREATE VIRTUAL TABLE search USING fts5 (
  words,
  content = '',
  columnsize = 0,
  detail = none,
  tokenize = 'unicode61 remove_diacritics 2'
);
