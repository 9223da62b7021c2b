-- Who reached which stage when. known_at is the moment the person became known: the cohort every stage is counted by.
CREATE TABLE funnel_steps (
  contact_id BIGINT NOT NULL,
  stage TEXT NOT NULL CHECK (stage IN ('known', 'engaged', 'handed_over', 'accepted', 'customer', 'direct')),
  reached_at BIGINT NOT NULL,
  known_at BIGINT NOT NULL,
  source TEXT NOT NULL,
  -- Since the stage before, never negative.
  took_us BIGINT NOT NULL,
  PRIMARY KEY (contact_id, stage)
);
CREATE INDEX funnel_steps_known ON funnel_steps (stage, known_at, contact_id);
CREATE INDEX funnel_steps_took ON funnel_steps (stage, took_us, known_at);

-- Browsers by the day of their first page view.
CREATE TABLE funnel_visitors (
  visitor_id BIGINT PRIMARY KEY,
  first_at BIGINT NOT NULL,
  contact_id BIGINT,
  known_at BIGINT
);
CREATE INDEX funnel_visitors_first ON funnel_visitors (first_at, visitor_id);
CREATE INDEX funnel_visitors_contact ON funnel_visitors (contact_id) WHERE contact_id IS NOT NULL;

-- The figures: people per day (UTC, days since 1970) of their cohort, source and stage.
CREATE TABLE funnel_days (
  day BIGINT NOT NULL,
  source TEXT NOT NULL,
  stage TEXT NOT NULL,
  people BIGINT NOT NULL,
  PRIMARY KEY (day, source, stage)
);

-- The newest reason why somebody may go no further.
CREATE TABLE funnel_losses (
  contact_id BIGINT PRIMARY KEY,
  reason TEXT NOT NULL,
  at BIGINT NOT NULL
);

CREATE VIEW v_measure_funnel_step AS SELECT contact_id, stage, reached_at, known_at, source, took_us FROM funnel_steps;
CREATE VIEW v_measure_funnel_day AS SELECT day, source, stage, people FROM funnel_days;
