-- Addresses that get no mail, whoever asks.
CREATE TABLE suppressions (
  id BIGINT PRIMARY KEY,
  email_key TEXT NOT NULL UNIQUE,
  reason TEXT NOT NULL CHECK (reason IN ('unsubscribed', 'bounced', 'complained', 'manual')),
  note TEXT,
  contact_id BIGINT,
  send_id BIGINT,
  staff_id BIGINT,
  created_at BIGINT NOT NULL
);
CREATE INDEX suppressions_created ON suppressions (created_at);
