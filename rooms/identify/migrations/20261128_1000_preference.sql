-- What mail is about, as the company sorts it. Removed topics stay, so that the ledger can still name them.
CREATE TABLE topics (
  id BIGINT PRIMARY KEY,
  name_en TEXT NOT NULL,
  name_zh TEXT NOT NULL,
  purpose_en TEXT NOT NULL,
  purpose_zh TEXT NOT NULL,
  position BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  deleted_at BIGINT
);

-- How a person wants to be written to: append-only; the newest line of a contact holds. Quiet hours are minutes of the person's day.
CREATE TABLE preferences (
  id BIGINT PRIMARY KEY,
  contact_id BIGINT NOT NULL,
  frequency TEXT NOT NULL CHECK (frequency = 'every' OR frequency = 'weekly' OR frequency = 'monthly'),
  paused_until BIGINT,
  quiet_from BIGINT,
  quiet_to BIGINT,
  time_zone TEXT,
  language TEXT,
  source TEXT NOT NULL,
  wording TEXT,
  proof TEXT,
  at BIGINT NOT NULL,
  staff_id BIGINT
);
CREATE INDEX preferences_newest ON preferences (contact_id, at, id);
