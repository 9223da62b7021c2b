-- The words a contact is found by, made by contact::search: folded, CJK as pairs, phone numbers by any four digits in a row; hidden are those of addresses
-- and numbers, which the index tells from the others by a character that nobody can type.
-- The key is called rowid so that writing has one text for both engines.
CREATE TABLE contact_search (rowid BIGINT PRIMARY KEY, open TEXT NOT NULL, hidden TEXT NOT NULL);
-- Words that wait to be sorted in are read through by every search: few may wait, kB.
CREATE INDEX contact_search_words ON contact_search USING gin (array_to_tsvector(string_to_array(open || replace(' ' || hidden, ' ', ' '), ' ')))
  WITH (gin_pending_list_limit = 256);
