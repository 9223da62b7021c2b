-- A list somebody wants back: its address without the path.
CREATE TABLE saved_views (
  id BIGINT PRIMARY KEY,
  list TEXT NOT NULL,
  name TEXT NOT NULL,
  query TEXT NOT NULL,
  staff_id BIGINT NOT NULL,
  shared BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL,
  -- Since when it is gone; it can come back for 30 days.
  deleted_at BIGINT
);
CREATE INDEX saved_views_list ON saved_views (list, staff_id);

-- How somebody has arranged the views of a list: their ids in order with commas between, and the one the list opens with, by its id or a word
-- of the list's own; empty means none.
CREATE TABLE view_prefs (
  staff_id BIGINT NOT NULL,
  list TEXT NOT NULL,
  places TEXT NOT NULL,
  opens_with TEXT NOT NULL,
  PRIMARY KEY (staff_id, list)
);
