-- The ledger of what people allowed: append-only; the newest line of a contact, channel and purpose holds.
CREATE TABLE consents (
  id BIGINT PRIMARY KEY,
  contact_id BIGINT NOT NULL,
  channel TEXT NOT NULL,
  purpose TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('given', 'withdrawn', 'pending')),
  source TEXT NOT NULL,
  wording TEXT,
  proof TEXT,
  at BIGINT NOT NULL,
  staff_id BIGINT
);
CREATE INDEX consents_newest ON consents (contact_id, channel, purpose, at, id);

-- Whether marketing by e-mail is allowed: one row per contact that ever said something about it.
CREATE VIEW v_identify_allows_email AS
SELECT c.contact_id, (c.state = 'given') AS value FROM consents c
WHERE c.channel = 'email' AND c.purpose = 'marketing' AND NOT EXISTS (
  SELECT 1 FROM consents n WHERE n.contact_id = c.contact_id AND n.channel = c.channel AND n.purpose = c.purpose
    AND (n.at > c.at OR (n.at = c.at AND n.id > c.id)));
