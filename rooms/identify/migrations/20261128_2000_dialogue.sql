-- Where a value came from, when that is not how the contact itself came, an import or a merge; the newest word only.
CREATE TABLE contact_facts (
  contact_id BIGINT NOT NULL,
  key TEXT NOT NULL,
  source TEXT NOT NULL CHECK (source = 'staff' OR source = 'program' OR source = 'answer' OR source = 'confirmed'),
  -- Who, or the touch at which it was asked.
  detail TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (contact_id, key)
);

CREATE TABLE questions (
  id BIGINT PRIMARY KEY,
  -- What it learns: an attribute, or f: and the key of a field.
  key TEXT NOT NULL,
  text_en TEXT NOT NULL,
  text_zh TEXT NOT NULL,
  -- Words of touches, joined by commas.
  touches TEXT NOT NULL,
  -- The most valuable first.
  position BIGINT NOT NULL,
  rest_days BIGINT NOT NULL,
  most_asks BIGINT NOT NULL,
  stale_days BIGINT,
  created_at BIGINT NOT NULL,
  deleted_at BIGINT
);
CREATE UNIQUE INDEX questions_key ON questions (key) WHERE deleted_at IS NULL;

CREATE TABLE question_asks (
  id BIGINT PRIMARY KEY,
  question_id BIGINT NOT NULL,
  contact_id BIGINT NOT NULL,
  touch TEXT NOT NULL,
  at BIGINT NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome = 'open' OR outcome = 'answered' OR outcome = 'declined'),
  ended_at BIGINT
);
CREATE INDEX question_asks_contact ON question_asks (contact_id, question_id, at);
CREATE INDEX question_asks_question ON question_asks (question_id, outcome);
