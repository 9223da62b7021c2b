-- A list somebody wants back: its address without the path.
CREATE TABLE saved_views (
  id BIGINT PRIMARY KEY,
  list TEXT NOT NULL,
  name TEXT NOT NULL,
  query TEXT NOT NULL,
  staff_id BIGINT NOT NULL,
  shared BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX saved_views_list ON saved_views (list, staff_id);
