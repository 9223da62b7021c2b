-- How two records stand to each other. Each end is a contact or a company. The kinds are a closed list in the code (relationship/kind.rs);
-- they are not repeated here, so that a new kind needs no new table.
CREATE TABLE relationships (
  id BIGINT PRIMARY KEY,
  kind TEXT NOT NULL,
  from_contact_id BIGINT,
  from_company_id BIGINT,
  to_contact_id BIGINT,
  to_company_id BIGINT,
  note TEXT NOT NULL,
  -- How somebody of a buying group stands to what is offered.
  attitude TEXT CHECK (attitude = 'for' OR attitude = 'neutral' OR attitude = 'against'),
  since_at BIGINT,
  -- Set, it is over.
  until_at BIGINT,
  created_by BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  CHECK ((from_contact_id IS NULL) <> (from_company_id IS NULL)),
  CHECK ((to_contact_id IS NULL) <> (to_company_id IS NULL))
);
CREATE INDEX relationships_from_contact ON relationships (from_contact_id) WHERE from_contact_id IS NOT NULL;
CREATE INDEX relationships_to_contact ON relationships (to_contact_id) WHERE to_contact_id IS NOT NULL;
CREATE INDEX relationships_from_company ON relationships (from_company_id) WHERE from_company_id IS NOT NULL;
CREATE INDEX relationships_to_company ON relationships (to_company_id) WHERE to_company_id IS NOT NULL;

-- Which kinds of relationships a contact has today: side 1 where it is the one the kind begins with, 2 where it is the other.
-- Between two records that became one there is none.
CREATE VIEW v_identify_relationship AS
SELECT from_contact_id AS contact_id, kind, 1 AS side FROM relationships
WHERE from_contact_id IS NOT NULL AND until_at IS NULL AND deleted_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM contacts c WHERE c.id = to_contact_id AND c.merged_into IS NOT NULL)
UNION
SELECT to_contact_id AS contact_id, kind, 2 AS side FROM relationships
WHERE to_contact_id IS NOT NULL AND until_at IS NULL AND deleted_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM contacts c WHERE c.id = from_contact_id AND c.merged_into IS NOT NULL);
