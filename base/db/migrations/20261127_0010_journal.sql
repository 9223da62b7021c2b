-- Texts already promised to somebody that wait to be worked in. `last` is the newest number given: its row is locked by whoever gives the
-- next, so that numbers become visible in their order. The journals of an embedded store are files beside it, and these tables stay empty.
CREATE TABLE journals (
  name TEXT PRIMARY KEY,
  last BIGINT NOT NULL
);
CREATE TABLE journal_lines (
  name TEXT NOT NULL,
  id BIGINT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (name, id)
);
CREATE TABLE journal_aside (
  name TEXT NOT NULL,
  at BIGINT NOT NULL,
  reason TEXT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX journal_aside_newest ON journal_aside (name, at);
