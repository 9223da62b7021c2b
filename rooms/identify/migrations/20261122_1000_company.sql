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
  deleted_at BIGINT
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

CREATE VIEW v_identify_company AS
SELECT id, name, name_key, domain, domain_key, industry, city, country, owner_id, team_id, parent_id, created_at FROM companies WHERE deleted_at IS NULL;
