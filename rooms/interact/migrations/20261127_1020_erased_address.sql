-- Addresses of people who were erased, as fingerprints that only this installation can make: no import brings mail to them again.
-- reason: erased, or why the address was on the suppression list before.
CREATE TABLE erased_addresses (
  fingerprint TEXT PRIMARY KEY,
  reason TEXT NOT NULL CHECK (reason IN ('erased', 'unsubscribed', 'bounced', 'complained', 'manual')),
  created_at BIGINT NOT NULL
);
