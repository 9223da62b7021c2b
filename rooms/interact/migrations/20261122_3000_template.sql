-- A mail as it is designed. What was sent never changes: every save is a version of its own, stored once.
CREATE TABLE templates (
  id BIGINT PRIMARY KEY,
  name TEXT NOT NULL,
  language TEXT NOT NULL,
  version_id BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  archived_at BIGINT
);
CREATE INDEX templates_updated ON templates (updated_at);

CREATE TABLE template_versions (
  id BIGINT PRIMARY KEY,
  template_id BIGINT NOT NULL,
  number BIGINT NOT NULL,
  subject TEXT NOT NULL,
  preheader TEXT NOT NULL,
  mjml TEXT NOT NULL,
  html TEXT NOT NULL,
  plain TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  staff_id BIGINT,
  UNIQUE (template_id, number)
);

-- The targets of a version's links: a tracked address names one of these and nothing else.
CREATE TABLE links (
  version_id BIGINT NOT NULL,
  position BIGINT NOT NULL,
  url TEXT NOT NULL,
  PRIMARY KEY (version_id, position)
);
