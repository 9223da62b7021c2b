-- QR codes: where they lead, and each print of them with a name and a count of its own.
CREATE TABLE codes (
  id BIGINT PRIMARY KEY,
  name TEXT NOT NULL,
  -- The address a scan leads to; without one a small page with title and body.
  target TEXT,
  title TEXT NOT NULL,
  body TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  deleted_at BIGINT
);

CREATE TABLE code_prints (
  id BIGINT PRIMARY KEY,
  code_id BIGINT NOT NULL,
  label TEXT NOT NULL,
  scans BIGINT NOT NULL,
  machine_scans BIGINT NOT NULL,
  last_at BIGINT,
  created_at BIGINT NOT NULL
);
CREATE INDEX code_prints_code ON code_prints (code_id, id);
