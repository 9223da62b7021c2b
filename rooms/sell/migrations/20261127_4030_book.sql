-- A colleague's book given to others: by which rule, at whose word, and the jobs that did it and took it back.
CREATE TABLE books (
  id BIGINT PRIMARY KEY,
  from_id BIGINT NOT NULL,
  rule TEXT NOT NULL,
  created_by BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  job_id BIGINT NOT NULL,
  -- When it was decided who gets what.
  planned_at BIGINT,
  undo_job_id BIGINT
);
CREATE INDEX books_from ON books (from_id, id);

-- What was in the book and who gets it. missed: somebody else had it by then; stays: moved on since, so an undo leaves it.
CREATE TABLE book_rows (
  book_id BIGINT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('contact', 'company', 'task', 'handover', 'promise')),
  key BIGINT NOT NULL,
  -- Whom the row is about, so that it goes when the person is erased.
  contact_id BIGINT,
  to_id BIGINT NOT NULL,
  batch BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('planned', 'given', 'missed', 'back', 'stays')),
  PRIMARY KEY (book_id, kind, key)
);
CREATE INDEX book_rows_batch ON book_rows (book_id, state, batch);
CREATE INDEX book_rows_contact ON book_rows (contact_id) WHERE contact_id IS NOT NULL;
