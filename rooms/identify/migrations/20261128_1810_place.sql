-- Places where a beacon, a tag or a fence tells an app that somebody came and went, and how many did.
CREATE TABLE places (
  id BIGINT PRIMARY KEY,
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind = 'ibeacon' OR kind = 'nfc' OR kind = 'geofence'),
  mark TEXT NOT NULL,
  entered BIGINT NOT NULL,
  left_count BIGINT NOT NULL,
  dwell_us BIGINT NOT NULL,
  last_at BIGINT,
  created_at BIGINT NOT NULL,
  deleted_at BIGINT
);
CREATE UNIQUE INDEX places_mark ON places (mark) WHERE deleted_at IS NULL;
