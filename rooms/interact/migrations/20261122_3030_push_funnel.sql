-- Rounds of mail, each only to those who responded to the last; the hot few go to people.
CREATE TABLE push_funnels (
  id BIGINT PRIMARY KEY,
  name TEXT NOT NULL,
  audience TEXT NOT NULL,
  segment_id BIGINT,
  from_name TEXT NOT NULL,
  from_address TEXT NOT NULL,
  any_hour BOOLEAN NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('draft', 'running', 'paused', 'completed', 'cancelled')),
  simulation TEXT,
  owner_id BIGINT,
  team_id BIGINT,
  survivors BIGINT NOT NULL,
  handed_over BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  started_at BIGINT,
  ended_at BIGINT
);
CREATE INDEX push_funnels_created ON push_funnels (created_at);

CREATE TABLE push_rounds (
  id BIGINT PRIMARY KEY,
  funnel_id BIGINT NOT NULL,
  position BIGINT NOT NULL,
  name TEXT NOT NULL,
  offer TEXT NOT NULL,
  template_id BIGINT NOT NULL,
  respond TEXT NOT NULL CHECK (respond IN ('clicked', 'opened', 'event')),
  respond_event TEXT NOT NULL,
  wait_us BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'open', 'closed')),
  mailing_id BIGINT,
  started_at BIGINT,
  closes_at BIGINT,
  closed_at BIGINT,
  UNIQUE (funnel_id, position)
);

-- Who takes the hot few, and how many at most from this funnel.
CREATE TABLE push_reps (
  funnel_id BIGINT NOT NULL,
  staff_id BIGINT NOT NULL,
  cap BIGINT NOT NULL,
  PRIMARY KEY (funnel_id, staff_id)
);

-- Handed over so far, counted from the hand-overs that were heard.
CREATE TABLE push_handed (
  funnel_id BIGINT NOT NULL,
  contact_id BIGINT NOT NULL,
  staff_id BIGINT,
  at BIGINT NOT NULL,
  PRIMARY KEY (funnel_id, contact_id)
);

CREATE VIEW v_interact_push_round AS
SELECT r.id, r.funnel_id, r.position, r.name, r.state, r.mailing_id FROM push_rounds r;
