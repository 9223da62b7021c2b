-- Groups of contacts: dynamic by a rule, static as they were on a day. member_count follows segment_members in the same transaction.
CREATE TABLE segments (
  id BIGINT PRIMARY KEY,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('dynamic', 'static')),
  rule TEXT NOT NULL,
  member_count BIGINT NOT NULL,
  staff_id BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  filled_at BIGINT,
  -- Which own fields the rule was last bound to: -1 when it could not be, because one was removed.
  bound_to BIGINT,
  deleted_at BIGINT
);
CREATE UNIQUE INDEX segments_name ON segments (name_key) WHERE deleted_at IS NULL;

CREATE TABLE segment_members (
  segment_id BIGINT NOT NULL,
  contact_id BIGINT NOT NULL,
  since_at BIGINT NOT NULL,
  PRIMARY KEY (segment_id, contact_id)
);
CREATE INDEX segment_members_contact ON segment_members (contact_id);

-- Who came and went per day (µs of the day's first moment, UTC).
CREATE TABLE segment_days (
  segment_id BIGINT NOT NULL,
  day_at BIGINT NOT NULL,
  entered BIGINT NOT NULL,
  departed BIGINT NOT NULL,
  PRIMARY KEY (segment_id, day_at)
);

-- Behaviour by name and time, for rules over events.
CREATE INDEX events_behaviour ON events (name, at, contact_id) WHERE contact_id IS NOT NULL AND machine = FALSE;

CREATE VIEW v_differentiate_segment AS
SELECT id, name, kind, member_count, created_at, updated_at FROM segments WHERE deleted_at IS NULL;
CREATE VIEW v_differentiate_segment_member AS
SELECT m.segment_id, m.contact_id, m.since_at FROM segment_members m JOIN segments s ON s.id = m.segment_id AND s.deleted_at IS NULL;
