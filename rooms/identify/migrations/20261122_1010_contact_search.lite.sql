-- The words a contact is found by, made by contact::search: folded, CJK as pairs, phone numbers by any four digits in a row; hidden are those of addresses
-- and numbers. A word is looked up once for both: the index keeps in which of the two it stands.
CREATE VIRTUAL TABLE contact_search USING fts5(open, hidden, content = '', contentless_delete = 1, detail = column, tokenize = 'ascii');
-- Words gather in memory, bytes, before they become a run on the disk. More take longer to be sorted than they spare: what is sorted must stay
-- in the processor's cache. A million people with ten columns, µs a person: 4 MB and 8 MB 8.5, 2 MB 7.8, 1 MB 8.2.
INSERT INTO contact_search (contact_search, rank) VALUES ('hashsize', 2000000);
-- So many runs lie beside each other before they are merged into one: half as many cost a tenth more, and a search asks each run once.
INSERT INTO contact_search (contact_search, rank) VALUES ('automerge', 8);
