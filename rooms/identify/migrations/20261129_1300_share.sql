-- Whom a record is shared with: one colleague or one team, for good or until a moment. A company carries its branches, its people and all that
-- belongs to them; who that is, is asked anew each time, so that nobody has to follow a move.
CREATE TABLE shares (
  id BIGINT PRIMARY KEY,
  contact_id BIGINT,
  company_id BIGINT,
  staff_id BIGINT,
  team_id BIGINT,
  -- Why; may be empty.
  reason TEXT NOT NULL,
  until_at BIGINT,
  shared_by BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  CHECK ((contact_id IS NULL) <> (company_id IS NULL)),
  CHECK ((staff_id IS NULL) <> (team_id IS NULL))
);
CREATE UNIQUE INDEX shares_contact_staff ON shares (staff_id, contact_id) WHERE contact_id IS NOT NULL;
CREATE UNIQUE INDEX shares_contact_team ON shares (team_id, contact_id) WHERE contact_id IS NOT NULL;
CREATE UNIQUE INDEX shares_company_staff ON shares (staff_id, company_id) WHERE company_id IS NOT NULL;
CREATE UNIQUE INDEX shares_company_team ON shares (team_id, company_id) WHERE company_id IS NOT NULL;
CREATE INDEX shares_contact ON shares (contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX shares_company ON shares (company_id) WHERE company_id IS NOT NULL;
