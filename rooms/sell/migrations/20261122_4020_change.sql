-- What happened last to whom, one row a person and kind of event: Today's "since yesterday" reads this and never the log.
CREATE TABLE contact_changes (
  contact_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  at BIGINT NOT NULL,
  owner_id BIGINT,
  team_id BIGINT,
  PRIMARY KEY (contact_id, name)
);
CREATE INDEX contact_changes_at ON contact_changes (at, name);
CREATE INDEX contact_changes_owner ON contact_changes (owner_id, at, name) WHERE owner_id IS NOT NULL;
CREATE INDEX contact_changes_team ON contact_changes (team_id, at, name) WHERE team_id IS NOT NULL;

-- The first five minutes, ticked off as they happen.
CREATE TABLE first_steps (
  step TEXT PRIMARY KEY,
  done_at BIGINT NOT NULL
);
