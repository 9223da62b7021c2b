-- What begins like a text lies between two ends of this index, whatever the language a server sorts in: its code points are compared, as SQLite does.
ALTER TABLE postal_addresses ALTER COLUMN postal_key TYPE TEXT COLLATE "C";
CREATE INDEX postal_addresses_code ON postal_addresses (subject, postal_key, record_id) WHERE postal_key IS NOT NULL;
