-- For other rooms: what is known of companies beside their own columns. A row of one of these fields is a company's.
CREATE VIEW v_identify_company_field AS SELECT id, key, label, kind, currency, options, revision, position FROM fields
WHERE deleted_at IS NULL AND subject = 'company';
-- The fields of both, for whoever only wants to know that one has changed.
CREATE VIEW v_identify_any_field AS SELECT id, revision FROM fields WHERE deleted_at IS NULL;
CREATE VIEW v_identify_company_text AS SELECT record_id AS company_id, field_id, value_key FROM field_texts;
CREATE VIEW v_identify_company_number AS SELECT record_id AS company_id, field_id, value FROM field_numbers;
CREATE VIEW v_identify_company_choice AS SELECT record_id AS company_id, field_id, choice FROM field_choices;

-- Every tag of every company, folded, under each of its names.
CREATE VIEW v_identify_company_tag AS
SELECT h.record_id AS company_id, t.name_key AS value FROM record_tags h JOIN tags t ON t.id = h.tag_id AND t.name_key IS NOT NULL WHERE h.subject = 'company'
UNION ALL
SELECT h.record_id AS company_id, a.name_key AS value FROM record_tags h JOIN tag_aliases a ON a.tag_id = h.tag_id
JOIN tags t ON t.id = h.tag_id AND t.name_key IS NOT NULL WHERE h.subject = 'company';
