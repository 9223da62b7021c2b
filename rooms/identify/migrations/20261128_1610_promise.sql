-- Who promised what to whom until when. The record is a contact or a company; staff_id is the colleague who promised, or to whom it was promised.
CREATE TABLE promises (
  id BIGINT PRIMARY KEY,
  contact_id BIGINT,
  company_id BIGINT,
  side TEXT NOT NULL CHECK (side = 'ours' OR side = 'theirs'),
  what TEXT NOT NULL,
  staff_id BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  -- From when on Today tells of it.
  remind_at BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state = 'open' OR state = 'kept' OR state = 'broken' OR state = 'withdrawn'),
  -- The note it was made from.
  note_id BIGINT,
  created_by BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  closed_at BIGINT,
  closed_by BIGINT,
  CHECK ((contact_id IS NULL) <> (company_id IS NULL))
);
CREATE INDEX promises_contact ON promises (contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX promises_company ON promises (company_id) WHERE company_id IS NOT NULL;
CREATE INDEX promises_staff ON promises (staff_id, due_at, id) WHERE state = 'open';

-- The open ones of living records, for other rooms.
CREATE VIEW v_identify_promise AS
SELECT p.id, p.contact_id, p.company_id, p.staff_id FROM promises p
WHERE p.state = 'open'
  AND (EXISTS (SELECT 1 FROM contacts c WHERE c.id = p.contact_id AND c.deleted_at IS NULL AND c.merged_into IS NULL)
    OR EXISTS (SELECT 1 FROM companies f WHERE f.id = p.company_id AND f.deleted_at IS NULL));
