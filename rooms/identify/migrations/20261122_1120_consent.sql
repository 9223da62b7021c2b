-- The ledger of what people allowed: append-only; the newest line of a contact, channel and purpose holds.
CREATE TABLE consents (
  id BIGINT PRIMARY KEY,
  contact_id BIGINT NOT NULL,
  channel TEXT NOT NULL,
  purpose TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('given', 'withdrawn')),
  source TEXT NOT NULL,
  wording TEXT,
  proof TEXT,
  at BIGINT NOT NULL,
  staff_id BIGINT
);
CREATE INDEX consents_newest ON consents (contact_id, channel, purpose, at, id);
