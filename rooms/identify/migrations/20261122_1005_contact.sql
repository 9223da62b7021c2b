-- People. …_key columns hold the folded form for sorting and matching; external_key is "kind:value" of the id another system uses.
-- Closed sets of tables that change row by row are written with OR: of a longer IN list SQLite builds a table for every row it checks.
-- engagement_k, fit and grade belong to scoring and are written through identify::contact::put_scores only.
CREATE TABLE contacts (
  id BIGINT PRIMARY KEY,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  given_name TEXT,
  family_name TEXT,
  email TEXT,
  email_key TEXT,
  phone TEXT,
  phone_key TEXT,
  company_id BIGINT,
  title TEXT,
  city TEXT,
  country TEXT,
  external_id TEXT,
  external_key TEXT,
  stage TEXT NOT NULL CHECK (stage = 'visitor' OR stage = 'lead' OR stage = 'mql' OR stage = 'sql' OR stage = 'customer'),
  owner_id BIGINT,
  team_id BIGINT,
  locale TEXT,
  time_zone TEXT,
  source TEXT,
  import_id BIGINT,
  engagement_k DOUBLE PRECISION,
  fit BIGINT,
  grade TEXT CHECK (grade = 'A' OR grade = 'B' OR grade = 'C'),
  fields TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  last_seen_at BIGINT,
  deleted_at BIGINT,
  -- Whom this one turned out to be. Set, the row is deleted too, and stays as it was, so that the two can be split again.
  merged_into BIGINT
);
-- One index per order of the list; a contact without a score or a touch stands last in both engines.
CREATE INDEX contacts_by_name ON contacts (name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX contacts_by_score ON contacts ((COALESCE(engagement_k, -1e300)), id) WHERE deleted_at IS NULL;
CREATE INDEX contacts_by_touch ON contacts ((COALESCE(last_seen_at, 0)), id) WHERE deleted_at IS NULL;
CREATE INDEX contacts_owner_score ON contacts (owner_id, (COALESCE(engagement_k, -1e300)), id) WHERE deleted_at IS NULL AND owner_id IS NOT NULL;
CREATE INDEX contacts_owner_name ON contacts (owner_id, name_key, id) WHERE deleted_at IS NULL AND owner_id IS NOT NULL;
CREATE INDEX contacts_team ON contacts (team_id, id) WHERE deleted_at IS NULL AND team_id IS NOT NULL;
CREATE INDEX contacts_stage ON contacts (stage, id) WHERE deleted_at IS NULL;
CREATE INDEX contacts_grade ON contacts (grade, id) WHERE deleted_at IS NULL AND grade IS NOT NULL;
CREATE INDEX contacts_company ON contacts (company_id, id) WHERE company_id IS NOT NULL;
CREATE INDEX contacts_email ON contacts (email_key) WHERE email_key IS NOT NULL;
CREATE INDEX contacts_phone ON contacts (phone_key) WHERE phone_key IS NOT NULL;
CREATE UNIQUE INDEX contacts_external ON contacts (external_key) WHERE external_key IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX contacts_import ON contacts (import_id) WHERE import_id IS NOT NULL;
-- Hardly anybody is part of another: these cost nothing, and who is looked up by an address given up in a merge is still found.
CREATE INDEX contacts_merged ON contacts (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX contacts_merged_email ON contacts (email_key) WHERE merged_into IS NOT NULL AND email_key IS NOT NULL;
CREATE INDEX contacts_merged_phone ON contacts (phone_key) WHERE merged_into IS NOT NULL AND phone_key IS NOT NULL;
CREATE INDEX contacts_merged_external ON contacts (external_key) WHERE merged_into IS NOT NULL AND external_key IS NOT NULL;
CREATE INDEX contacts_deleted ON contacts (deleted_at) WHERE deleted_at IS NOT NULL;

-- Who is meant today by an id that was given up in a merge.
CREATE VIEW v_identify_alias AS SELECT id, merged_into AS alive_id FROM contacts WHERE merged_into IS NOT NULL;

-- The addresses by which whoever had the id `asked_id` is reached: his own, and, after a merge, that of the one who remained.
CREATE VIEW v_identify_reach AS
SELECT c.id AS asked_id, COALESCE(c.merged_into, c.id) AS alive_id, c.email_key FROM contacts c WHERE c.deleted_at IS NULL OR c.merged_into IS NOT NULL
UNION ALL
SELECT c.id AS asked_id, s.id AS alive_id, s.email_key FROM contacts c JOIN contacts s ON s.id = c.merged_into AND s.deleted_at IS NULL;

-- What lists call somebody: never an address, whoever looks; contact::Contact::label says the same of a record in memory.
CREATE VIEW v_identify_contact AS
SELECT id,
  CASE
    WHEN name <> '' THEN name
    WHEN email <> '' THEN CASE WHEN length(email) - length(ltrim(email, 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+-')) > 1 THEN substr(email, 1, 1) ELSE '' END
      || '•••' || CASE WHEN ltrim(email, 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+-') LIKE '@%'
        THEN ltrim(email, 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+-') ELSE '' END
    WHEN phone <> '' THEN '****' || CASE WHEN length(phone_key) >= 8 THEN substr(phone_key, length(phone_key) - 3) ELSE '' END
    WHEN external_id LIKE '%@%' THEN '•••'
    ELSE COALESCE(external_id, '')
  END AS label,
  name, name_key, given_name, family_name, email, email_key, phone, phone_key, company_id, title, city, country, external_id, stage, owner_id, team_id,
  locale, time_zone, source, import_id, engagement_k, fit, grade, fields, created_at, updated_at, last_seen_at
FROM contacts WHERE deleted_at IS NULL;
