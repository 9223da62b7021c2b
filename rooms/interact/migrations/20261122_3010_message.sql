-- One mail to many people: a campaign or a round of a push funnel. Its sends are the ids from first_send_id to last_send_id.
CREATE TABLE mailings (
  id BIGINT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('campaign', 'round')),
  owner_id BIGINT NOT NULL,
  series_id BIGINT NOT NULL,
  title TEXT NOT NULL,
  version_id BIGINT NOT NULL,
  from_name TEXT NOT NULL,
  from_address TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state = 'running' OR state = 'paused' OR state = 'cancelled' OR state = 'finished'),
  priority BIGINT NOT NULL,
  any_hour BOOLEAN NOT NULL,
  answer BOOLEAN NOT NULL,
  first_send_id BIGINT NOT NULL,
  last_send_id BIGINT NOT NULL,
  relay_error TEXT,
  relay_error_at BIGINT,
  created_at BIGINT NOT NULL,
  finished_at BIGINT,
  UNIQUE (kind, owner_id)
);
CREATE INDEX mailings_open ON mailings (id) WHERE state IN ('running', 'paused');

CREATE TABLE send_head (
  id BIGINT PRIMARY KEY CHECK (id = 1),
  last_send_id BIGINT NOT NULL
);
INSERT INTO send_head (id, last_send_id) VALUES (1, 0);

-- One row per recipient, from the plan to the end. A time is the first of its kind.
CREATE TABLE sends (
  id BIGINT PRIMARY KEY,
  mailing_id BIGINT NOT NULL,
  contact_id BIGINT,
  state TEXT NOT NULL CHECK (
    state = 'planned' OR state = 'leased' OR state = 'handed' OR state = 'accepted'
    OR state = 'failed' OR state = 'unknown' OR state = 'skipped'
  ),
  reason TEXT,
  due_at BIGINT NOT NULL,
  lease_id BIGINT,
  attempts BIGINT NOT NULL,
  ended_at BIGINT,
  opened_at BIGINT,
  machine_opened_at BIGINT,
  clicked_at BIGINT,
  machine_clicked_at BIGINT,
  unsubscribed_at BIGINT,
  responded_at BIGINT
);
CREATE UNIQUE INDEX sends_contact ON sends (contact_id, mailing_id);
CREATE INDEX sends_due ON sends (mailing_id, due_at, id) WHERE state = 'planned';
CREATE INDEX sends_on_the_way ON sends (mailing_id) WHERE state IN ('leased', 'handed');

CREATE VIEW v_interact_send AS
SELECT s.id, s.contact_id, s.state, s.reason, s.ended_at, s.opened_at, s.clicked_at, s.responded_at, s.unsubscribed_at,
       m.id AS mailing_id, m.kind, m.owner_id
FROM sends s JOIN mailings m ON m.id = s.mailing_id;
