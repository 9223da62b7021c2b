CREATE TABLE teams (
  id BIGINT PRIMARY KEY,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX teams_name ON teams (name_key);

CREATE TABLE staff (
  id BIGINT PRIMARY KEY,
  name TEXT NOT NULL,
  email TEXT NOT NULL,
  email_key TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('admin', 'manager', 'agent')),
  team_id BIGINT REFERENCES teams (id),
  password_hash TEXT NOT NULL,
  locale TEXT NOT NULL CHECK (locale IN ('en', 'zh-CN')),
  theme TEXT NOT NULL CHECK (theme IN ('auto', 'light', 'dark')),
  time_zone TEXT NOT NULL,
  active BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX staff_email ON staff (email_key);

CREATE TABLE staff_sessions (
  id BIGINT PRIMARY KEY,
  staff_id BIGINT NOT NULL REFERENCES staff (id),
  token_hash TEXT NOT NULL,
  agent TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX staff_sessions_token ON staff_sessions (token_hash);
CREATE INDEX staff_sessions_staff ON staff_sessions (staff_id);

-- What an administrator has changed from a role's defaults; a missing row means the default.
CREATE TABLE role_grants (
  role TEXT NOT NULL CHECK (role IN ('admin', 'manager', 'agent')),
  permission TEXT NOT NULL,
  reach TEXT NOT NULL CHECK (reach IN ('all', 'team', 'own', 'none')),
  PRIMARY KEY (role, permission)
);

CREATE TABLE api_keys (
  id BIGINT PRIMARY KEY,
  name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('admin', 'manager', 'agent')),
  token_hash TEXT NOT NULL,
  hint TEXT NOT NULL,
  created_by BIGINT,
  created_at BIGINT NOT NULL,
  used_at BIGINT,
  revoked_at BIGINT
);
CREATE UNIQUE INDEX api_keys_token ON api_keys (token_hash);

CREATE VIEW v_govern_staff AS SELECT id, name, email, role, team_id, locale, time_zone, active FROM staff;
CREATE VIEW v_govern_team AS SELECT id, name FROM teams;
