-- A contact offered by marketing to a rep. At most one is open for a contact at a time.
CREATE TABLE handovers (
  id BIGINT PRIMARY KEY,
  contact_id BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'offered', 'accepted', 'rejected')),
  rep_id BIGINT,
  team_id BIGINT,
  -- Who brings it: a push funnel (with its id) or a person.
  origin TEXT NOT NULL CHECK (origin IN ('push_funnel', 'manual')),
  origin_id BIGINT NOT NULL,
  -- The place in the order of worth, 1 the best.
  place BIGINT NOT NULL,
  created_by BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  offered_at BIGINT,
  due_at BIGINT,
  escalated_at BIGINT,
  decided_at BIGINT,
  decided_by BIGINT,
  reason TEXT,
  note TEXT NOT NULL,
  -- When the rep's hands became free again: the contact bought, moved on or went.
  released_at BIGINT
);
CREATE UNIQUE INDEX handovers_open ON handovers (contact_id) WHERE state IN ('waiting', 'offered');
CREATE INDEX handovers_contact ON handovers (contact_id, id);
CREATE INDEX handovers_waiting ON handovers (origin_id, place, id) WHERE state = 'waiting';
CREATE INDEX handovers_offered ON handovers (due_at, id) WHERE state = 'offered';
CREATE INDEX handovers_held ON handovers (rep_id, state) WHERE state IN ('offered', 'accepted') AND released_at IS NULL;
CREATE INDEX handovers_origin ON handovers (origin_id, rep_id, state);
CREATE INDEX handovers_decided ON handovers (decided_at, id) WHERE decided_at IS NOT NULL;

-- Who takes the contacts of an origin, and how many of them at most.
CREATE TABLE handover_reps (
  origin_id BIGINT NOT NULL,
  staff_id BIGINT NOT NULL,
  cap BIGINT NOT NULL,
  PRIMARY KEY (origin_id, staff_id)
);

-- How many leads a rep may hold, where it differs from the setting.
CREATE TABLE rep_caps (
  staff_id BIGINT PRIMARY KEY,
  cap BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

CREATE VIEW v_sell_handover AS
SELECT id, contact_id, state, rep_id, team_id, origin, origin_id, place, created_at, offered_at, due_at, decided_at, reason, released_at FROM handovers;

CREATE VIEW v_sell_handover_state AS
SELECT h.contact_id, h.state AS value FROM handovers h
WHERE h.id = (SELECT max(l.id) FROM handovers l WHERE l.contact_id = h.contact_id);

-- Whoever deals contacts to reps holds this row until the commit: two deals at once would both count the same room.
CREATE TABLE handover_gate (
  id BIGINT PRIMARY KEY CHECK (id = 1),
  turns BIGINT NOT NULL
);
INSERT INTO handover_gate (id, turns) VALUES (1, 0);
