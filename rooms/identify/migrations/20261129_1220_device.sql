-- Machines and appliances at customers. The owner is a contact or a company.
CREATE TABLE devices (
  id BIGINT PRIMARY KEY,
  serial TEXT NOT NULL,
  serial_key TEXT NOT NULL,
  model TEXT NOT NULL,
  model_key TEXT NOT NULL DEFAULT '',
  contact_id BIGINT,
  company_id BIGINT,
  installed_at BIGINT,
  -- Since when it is this owner's; what was told before is somebody else's.
  owned_at BIGINT NOT NULL DEFAULT 0,
  state TEXT NOT NULL CHECK (state = 'active' OR state = 'retired'),
  created_at BIGINT NOT NULL,
  deleted_at BIGINT,
  CHECK ((contact_id IS NULL) <> (company_id IS NULL))
);
CREATE UNIQUE INDEX devices_serial ON devices (serial_key) WHERE deleted_at IS NULL;
CREATE INDEX devices_contact ON devices (contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX devices_company ON devices (company_id) WHERE company_id IS NOT NULL;

-- What a device told, with whose it was at that moment.
CREATE TABLE device_readings (
  id BIGINT PRIMARY KEY,
  device_id BIGINT NOT NULL,
  contact_id BIGINT,
  company_id BIGINT,
  kind TEXT NOT NULL CHECK (kind = 'reading' OR kind = 'fault' OR kind = 'recovered'),
  name TEXT NOT NULL,
  value DOUBLE PRECISION,
  unit TEXT,
  severity TEXT,
  at BIGINT NOT NULL
);
CREATE INDEX device_readings_device ON device_readings (device_id, name, at);
CREATE INDEX device_readings_contact ON device_readings (contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX device_readings_company ON device_readings (company_id) WHERE company_id IS NOT NULL;

-- The newest of each reading and fault of a device since it has its owner.
CREATE TABLE device_states (
  device_id BIGINT NOT NULL,
  kind TEXT NOT NULL CHECK (kind = 'reading' OR kind = 'fault'),
  name TEXT NOT NULL,
  value DOUBLE PRECISION,
  unit TEXT,
  severity TEXT,
  open BOOLEAN NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (device_id, kind, name)
);

-- The lowest stock level among somebody's devices in use, percent.
CREATE VIEW v_identify_device_stock AS
SELECT d.contact_id, min(s.value) AS value FROM devices d JOIN device_states s ON s.device_id = d.id
WHERE d.contact_id IS NOT NULL AND d.deleted_at IS NULL AND d.state = 'active' AND s.kind = 'reading' AND s.name = 'stock'
GROUP BY d.contact_id;

-- How many faults of somebody's devices in use have not recovered.
CREATE VIEW v_identify_device_fault AS
SELECT d.contact_id, count(*) AS value FROM devices d JOIN device_states s ON s.device_id = d.id
WHERE d.contact_id IS NOT NULL AND d.deleted_at IS NULL AND d.state = 'active' AND s.kind = 'fault' AND s.open
GROUP BY d.contact_id;
