-- What begins like a text lies between two ends of this index.
CREATE INDEX postal_addresses_code ON postal_addresses (subject, postal_key, record_id) WHERE postal_key IS NOT NULL;
