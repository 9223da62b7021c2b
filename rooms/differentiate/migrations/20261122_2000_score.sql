-- What an event is worth. Rules apply side by side; negative points take away. amount units are those of the event.
CREATE TABLE score_rules (
  id BIGINT PRIMARY KEY,
  event TEXT NOT NULL,
  subject_test TEXT CHECK (subject_test IN ('equals', 'starts', 'contains')),
  subject TEXT,
  min_amount BIGINT,
  points BIGINT NOT NULL,
  daily_cap BIGINT,
  first_bonus BIGINT NOT NULL,
  active BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
INSERT INTO score_rules (id, event, subject_test, subject, min_amount, points, daily_cap, first_bonus, active, created_at, updated_at) VALUES
  (1, 'page.viewed', NULL, NULL, NULL, 1, 10, 0, TRUE, 0, 0),
  (2, 'page.viewed', 'contains', 'pricing', NULL, 5, 15, 5, TRUE, 0, 0),
  (3, 'page.left', NULL, NULL, 60000000, 3, 9, 0, TRUE, 0, 0),
  (4, 'video.progressed', NULL, NULL, 50, 5, 15, 0, TRUE, 0, 0),
  (5, 'file.downloaded', NULL, NULL, NULL, 10, 20, 0, TRUE, 0, 0),
  (6, 'site.searched', NULL, NULL, NULL, 2, 6, 0, TRUE, 0, 0),
  (7, 'cart.added', NULL, NULL, NULL, 6, 12, 0, TRUE, 0, 0),
  (8, 'form.submitted', NULL, NULL, NULL, 15, 30, 10, TRUE, 0, 0),
  (9, 'mail.opened', NULL, NULL, NULL, 2, 4, 0, TRUE, 0, 0),
  (10, 'mail.clicked', NULL, NULL, NULL, 5, 15, 0, TRUE, 0, 0),
  (11, 'purchase.made', NULL, NULL, NULL, 10, 30, 10, TRUE, 0, 0),
  (12, 'mail.unsubscribed', NULL, NULL, NULL, -20, NULL, 0, TRUE, 0, 0);

-- Who somebody is against the ideal customer: a test on a field (JSON) and its points; the sum is kept within 0 and 100.
CREATE TABLE fit_rules (
  id BIGINT PRIMARY KEY,
  condition TEXT NOT NULL,
  points BIGINT NOT NULL,
  active BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
INSERT INTO fit_rules (id, condition, points, active, created_at, updated_at) VALUES
  (1, '{"field":"email","test":"known"}', 20, TRUE, 0, 0),
  (2, '{"field":"phone","test":"known"}', 15, TRUE, 0, 0),
  (3, '{"field":"company","test":"known"}', 25, TRUE, 0, 0),
  (4, '{"field":"title","test":"known"}', 15, TRUE, 0, 0),
  (5, '{"field":"city","test":"known"}', 10, TRUE, 0, 0),
  (6, '{"field":"stage","test":{"in":["customer"]}}', 15, TRUE, 0, 0);

-- The explanation: what one rule has earned one contact. k is the closed form of the points without their sign.
CREATE TABLE score_lines (
  contact_id BIGINT NOT NULL,
  rule_id BIGINT NOT NULL,
  count BIGINT NOT NULL,
  k DOUBLE PRECISION,
  last_at BIGINT NOT NULL,
  day BIGINT NOT NULL,
  day_points BIGINT NOT NULL,
  PRIMARY KEY (contact_id, rule_id)
);

-- What was last said about a contact: a change is told once.
CREATE TABLE contact_scores (
  contact_id BIGINT PRIMARY KEY,
  fit BIGINT NOT NULL,
  shown BIGINT NOT NULL,
  tier TEXT NOT NULL CHECK (tier = 'hot' OR tier = 'warm' OR tier = 'cold'),
  grade TEXT NOT NULL CHECK (grade = 'A' OR grade = 'B' OR grade = 'C'),
  updated_at BIGINT NOT NULL
);

-- The settings under which every kept k was computed; they change together with a recomputation.
CREATE TABLE score_basis (
  id BIGINT PRIMARY KEY CHECK (id = 1),
  half_life_days BIGINT NOT NULL,
  hot BIGINT NOT NULL,
  warm BIGINT NOT NULL,
  fit_good BIGINT NOT NULL,
  fit_fair BIGINT NOT NULL
);
INSERT INTO score_basis (id, half_life_days, hot, warm, fit_good, fit_fair) VALUES (1, 30, 40, 15, 60, 30);

CREATE VIEW v_differentiate_score AS SELECT contact_id, fit, shown AS engagement, tier, grade, updated_at FROM contact_scores;
