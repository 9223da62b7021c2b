-- The rest of a record's postal address, of people and companies that have one: city and country are columns of the record itself.
CREATE TABLE postal_addresses (
  -- Of a contact or of a company; it has at most one.
  record_id BIGINT PRIMARY KEY,
  subject TEXT NOT NULL CHECK (subject = 'contact' OR subject = 'company'),
  -- May be several lines.
  street TEXT,
  postal_code TEXT,
  -- Folded, without blanks, and written in digits: what begins alike lies together, in whatever language a server sorts.
  postal_key TEXT,
  region TEXT,
  -- Degrees of WGS 84 times 10^7, so that what is typed comes back as it was.
  lat_e7 BIGINT,
  lon_e7 BIGINT,
  -- They follow from the degrees: Web Mercator, the world 2^30 wide and high, from the north-western corner. A cell of any zoom is a shift.
  map_x BIGINT,
  map_y BIGINT,
  -- A lot from 0 to 1023, made of the id: the records of the first lots are a fair sample of all.
  lot BIGINT NOT NULL,
  CHECK ((lat_e7 IS NULL) = (lon_e7 IS NULL)),
  CHECK ((lat_e7 IS NULL) = (map_x IS NULL)),
  CHECK ((lat_e7 IS NULL) = (map_y IS NULL)),
  CHECK (lat_e7 IS NULL OR (lat_e7 BETWEEN -900000000 AND 900000000 AND lon_e7 BETWEEN -1800000000 AND 1800000000))
);
CREATE INDEX postal_addresses_map ON postal_addresses (subject, map_x, map_y, record_id) WHERE map_x IS NOT NULL;
CREATE INDEX postal_addresses_lot ON postal_addresses (subject, lot, map_x, map_y, record_id) WHERE map_x IS NOT NULL;
CREATE INDEX postal_addresses_code ON postal_addresses (subject, postal_key, record_id) WHERE postal_key IS NOT NULL;
