-- What happened to a company itself, for its timeline; what its people did is found by them.
CREATE INDEX events_company ON events (company_id, at) WHERE company_id IS NOT NULL AND contact_id IS NULL;
