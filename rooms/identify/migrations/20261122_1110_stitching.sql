-- What is known to point at a person, and every decision that tied a browser to one.
CREATE TABLE identifiers (
  id BIGINT PRIMARY KEY,
  contact_id BIGINT,
  visitor_id BIGINT NOT NULL,
  kind TEXT NOT NULL CHECK (kind = 'contact_token' OR kind = 'external_id' OR kind = 'email' OR kind = 'staff' OR kind = 'push_token'),
  value TEXT NOT NULL,
  strength TEXT NOT NULL CHECK (strength IN ('proof', 'claim')),
  source TEXT NOT NULL,
  first_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  UNIQUE (visitor_id, kind, value)
);
CREATE INDEX identifiers_value ON identifiers (kind, value);
CREATE INDEX identifiers_contact ON identifiers (contact_id) WHERE contact_id IS NOT NULL;

CREATE TABLE stitches (
  id BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  visitor_id BIGINT NOT NULL,
  contact_id BIGINT,
  former_visitor_id BIGINT,
  outcome TEXT NOT NULL CHECK (outcome IN ('joined', 'parted')),
  how TEXT NOT NULL,
  source TEXT NOT NULL,
  before_seq BIGINT NOT NULL
);
CREATE INDEX stitches_contact ON stitches (contact_id, at) WHERE contact_id IS NOT NULL;
CREATE INDEX stitches_visitor ON stitches (visitor_id);
CREATE INDEX stitches_former ON stitches (former_visitor_id) WHERE former_visitor_id IS NOT NULL;

-- Grows with every stitch, so that a process which remembers whose a browser is notices that it may be wrong.
CREATE TABLE stitch_epoch (
  id BIGINT PRIMARY KEY CHECK (id = 1),
  n BIGINT NOT NULL
);
INSERT INTO stitch_epoch (id, n) VALUES (1, 0);
