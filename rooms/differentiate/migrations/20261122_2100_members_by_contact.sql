-- Which segments a contact is in, read from the index alone.
DROP INDEX segment_members_contact;
CREATE INDEX segment_members_contact ON segment_members (contact_id, segment_id);
