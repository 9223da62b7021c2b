-- The words a contact is found by, made by contact::search: folded, CJK as pairs, phone numbers by their endings; hidden are those of addresses
-- and numbers. A word is looked up once for both: the index keeps in which of the two it stands.
CREATE VIRTUAL TABLE contact_search USING fts5(open, hidden, content = '', contentless_delete = 1, detail = column, tokenize = 'ascii');
-- Words gather in memory, bytes, until a transaction ends: fewer, longer runs on the disk to be merged later.
INSERT INTO contact_search (contact_search, rank) VALUES ('hashsize', 8388608);
