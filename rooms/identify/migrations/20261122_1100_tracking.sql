-- Browsers and devices, their visits, and how far each page has been read.
CREATE TABLE visitors (
  id BIGINT PRIMARY KEY,
  key BIGINT UNIQUE,
  contact_id BIGINT,
  first_seen_at BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL,
  machine BOOLEAN NOT NULL,
  origin_id BIGINT
);
CREATE INDEX visitors_contact ON visitors (contact_id) WHERE contact_id IS NOT NULL;

CREATE TABLE visits (
  id BIGINT PRIMARY KEY,
  visitor_id BIGINT NOT NULL,
  contact_id BIGINT,
  started_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  pages BIGINT NOT NULL,
  events BIGINT NOT NULL,
  dwell_us BIGINT NOT NULL,
  source TEXT NOT NULL,
  medium TEXT NOT NULL CHECK (
    medium = 'direct' OR medium = 'search' OR medium = 'social' OR medium = 'mail'
    OR medium = 'referral' OR medium = 'paid' OR medium = 'campaign'
  ),
  campaign TEXT,
  referrer TEXT,
  host TEXT,
  landing TEXT,
  last_path TEXT,
  browser TEXT,
  os TEXT,
  device TEXT,
  model TEXT,
  machine BOOLEAN NOT NULL,
  reason TEXT,
  network_id BIGINT,
  origin_id BIGINT
);
CREATE INDEX visits_visitor ON visits (visitor_id, started_at);
CREATE INDEX visits_contact ON visits (contact_id, started_at) WHERE contact_id IS NOT NULL;
CREATE INDEX visits_started ON visits (machine, started_at, id);
CREATE INDEX visits_network ON visits (network_id, started_at) WHERE network_id IS NOT NULL;
-- Our own are few among machines.
CREATE INDEX visits_internal ON visits (started_at, id) WHERE reason IN ('own-network', 'staff');
CREATE INDEX visits_last ON visits (last_at);
CREATE INDEX visits_origin ON visits (origin_id) WHERE origin_id IS NOT NULL;

-- The newest state of a page view that is left again and again: its dwell grows, and only the growth is logged.
CREATE TABLE page_states (
  key BIGINT PRIMARY KEY,
  seq BIGINT NOT NULL,
  dwell_us BIGINT NOT NULL,
  scroll_pct BIGINT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX page_states_at ON page_states (at);

CREATE VIEW v_identify_visit AS
SELECT id, visitor_id, contact_id, started_at, last_at, pages, events, dwell_us, source, medium, campaign, referrer, host, landing, machine
FROM visits;
