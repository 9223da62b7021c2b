-- The log: what happened, once, in the order in which it was committed.
CREATE TABLE event_head (
  id BIGINT PRIMARY KEY CHECK (id = 1),
  last_seq BIGINT NOT NULL
);
INSERT INTO event_head (id, last_seq) VALUES (1, 0);

CREATE TABLE events (
  seq BIGINT PRIMARY KEY,
  name TEXT NOT NULL,
  at BIGINT NOT NULL,
  contact_id BIGINT,
  visitor_id BIGINT,
  session_id BIGINT,
  company_id BIGINT,
  subject TEXT,
  amount BIGINT,
  machine BOOLEAN NOT NULL,
  cause BIGINT,
  depth BIGINT NOT NULL,
  client_key BIGINT,
  origin_id BIGINT,
  props TEXT
);
CREATE INDEX events_contact ON events (contact_id, at) WHERE contact_id IS NOT NULL;
CREATE INDEX events_visitor ON events (visitor_id, at) WHERE visitor_id IS NOT NULL;
CREATE UNIQUE INDEX events_client_key ON events (client_key) WHERE client_key IS NOT NULL;
CREATE INDEX events_origin ON events (origin_id) WHERE origin_id IS NOT NULL;

CREATE TABLE event_cursors (
  name TEXT PRIMARY KEY,
  seq BIGINT NOT NULL
);
