-- The organisations people belong to. name_key is the folded name; imports match on it.
CREATE TABLE companies (
  id BIGINT PRIMARY KEY,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  domain TEXT,
  -- Folded, without scheme, www. and path: imports match on it.
  domain_key TEXT,
  industry TEXT,
  phone TEXT,
  city TEXT,
  country TEXT,
  -- The id another system uses, and the same as "kind:value".
  external_id TEXT,
  external_key TEXT,
  owner_id BIGINT,
  team_id BIGINT,
  -- The company this one is a branch of. Never a circle.
  parent_id BIGINT,
  import_id BIGINT,
  -- Values of own fields, for display.
  fields TEXT NOT NULL DEFAULT '{}',
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  -- Which company this one turned out to be. Set, the row is deleted too, and stays as it was, so that the two can be split again.
  merged_into BIGINT
);
CREATE INDEX companies_name ON companies (name_key, id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX companies_external ON companies (external_key) WHERE external_key IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX companies_domain_key ON companies (domain_key) WHERE domain_key IS NOT NULL;
CREATE INDEX companies_import ON companies (import_id) WHERE import_id IS NOT NULL;
CREATE INDEX companies_parent ON companies (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX companies_deleted ON companies (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX companies_owner ON companies (owner_id, name_key, id) WHERE owner_id IS NOT NULL AND deleted_at IS NULL;
-- The list narrowed to a place, in its order.
CREATE INDEX companies_city ON companies (city, name_key, id) WHERE city IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX companies_country ON companies (country, name_key, id) WHERE country IS NOT NULL AND deleted_at IS NULL;
-- Hardly any is part of another: these cost nothing, and what is looked up by a name or id given up in a merge is still found.
CREATE INDEX companies_merged ON companies (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX companies_merged_name ON companies (name_key) WHERE merged_into IS NOT NULL;
CREATE INDEX companies_merged_external ON companies (external_key) WHERE merged_into IS NOT NULL AND external_key IS NOT NULL;

-- Which company is meant today by an id that was given up in a merge.
CREATE VIEW v_identify_company_alias AS SELECT id, merged_into AS alive_id FROM companies WHERE merged_into IS NOT NULL;

CREATE VIEW v_identify_company AS
SELECT id, name, name_key, domain, domain_key, industry, city, country, owner_id, team_id, parent_id, created_at FROM companies WHERE deleted_at IS NULL;
