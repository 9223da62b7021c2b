-- Networks that visits came from, as the administrator's files tell. The id is a hash of the row; nothing in it leads to an address or a person.
CREATE TABLE networks (
  id BIGINT PRIMARY KEY,
  organisation TEXT NOT NULL,
  organisation_key TEXT NOT NULL,
  domain TEXT,
  country TEXT,
  city TEXT,
  business BOOLEAN NOT NULL
);

CREATE INDEX companies_domain ON companies (lower(domain)) WHERE domain IS NOT NULL AND deleted_at IS NULL;

-- Where somebody came from last, as far as it is known: one row a contact.
CREATE VIEW v_identify_network AS
SELECT contact_id, organisation, country, city FROM (
  SELECT v.contact_id, n.organisation, n.country, n.city, row_number() OVER (PARTITION BY v.contact_id ORDER BY v.started_at DESC, v.id DESC) AS place
  FROM visits v JOIN networks n ON n.id = v.network_id WHERE v.contact_id IS NOT NULL AND NOT v.machine
) AS newest WHERE place = 1;
