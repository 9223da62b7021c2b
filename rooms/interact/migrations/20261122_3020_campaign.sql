-- One mail to everybody a rule describes at the moment it starts.
CREATE TABLE campaigns (
  id BIGINT PRIMARY KEY,
  name TEXT NOT NULL,
  audience TEXT NOT NULL,
  segment_id BIGINT,
  template_id BIGINT NOT NULL,
  from_name TEXT NOT NULL,
  from_address TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('draft', 'running', 'paused', 'finished', 'cancelled')),
  mailing_id BIGINT,
  owner_id BIGINT,
  team_id BIGINT,
  created_at BIGINT NOT NULL,
  started_at BIGINT,
  finished_at BIGINT
);
CREATE INDEX campaigns_created ON campaigns (created_at);
