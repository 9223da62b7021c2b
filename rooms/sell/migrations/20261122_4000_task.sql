-- What somebody has to do, and why. Words made by Attune are kept as keys, so that each reader sees them in their own language.
CREATE TABLE tasks (
  id BIGINT PRIMARY KEY,
  contact_id BIGINT,
  title TEXT NOT NULL,
  title_key TEXT,
  reason TEXT NOT NULL,
  reason_key TEXT,
  args TEXT,
  owner_id BIGINT NOT NULL,
  team_id BIGINT,
  due_at BIGINT,
  -- due_at, or the end of time: what the list is ordered by.
  rank_at BIGINT NOT NULL,
  -- One automatic task for one cause.
  cause_key TEXT UNIQUE,
  created_by BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  done_at BIGINT,
  done_by BIGINT
);
CREATE INDEX tasks_owner ON tasks (owner_id, rank_at, id) WHERE done_at IS NULL;
CREATE INDEX tasks_team ON tasks (team_id, rank_at, id) WHERE done_at IS NULL;
CREATE INDEX tasks_open ON tasks (rank_at, id) WHERE done_at IS NULL;
CREATE INDEX tasks_done ON tasks (done_at, id) WHERE done_at IS NOT NULL;
CREATE INDEX tasks_contact ON tasks (contact_id, rank_at) WHERE contact_id IS NOT NULL;

CREATE VIEW v_sell_open_task AS
SELECT contact_id, count(*) AS value FROM tasks WHERE done_at IS NULL AND contact_id IS NOT NULL GROUP BY contact_id;
