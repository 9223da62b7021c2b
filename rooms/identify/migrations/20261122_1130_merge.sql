-- Two records found to be one person. Which rows went over is kept, so that a split takes exactly those back.
CREATE TABLE merges (
  id BIGINT PRIMARY KEY,
  survivor_id BIGINT NOT NULL,
  loser_id BIGINT NOT NULL,
  -- What the survivor took over: {"attribute": [before, after]}.
  taken TEXT NOT NULL,
  staff_id BIGINT NOT NULL,
  staff_name TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX merges_survivor ON merges (survivor_id, at);
CREATE UNIQUE INDEX merges_loser ON merges (loser_id);

-- entry: table and column as the rooms list them; "+table" for rows that the merge itself wrote.
CREATE TABLE merge_rows (
  merge_id BIGINT NOT NULL,
  entry TEXT NOT NULL,
  key BIGINT NOT NULL,
  loser_id BIGINT NOT NULL,
  PRIMARY KEY (merge_id, entry, key)
);
CREATE INDEX merge_rows_loser ON merge_rows (loser_id);
CREATE INDEX merge_rows_key ON merge_rows (entry, key);
