-- What a campaign or a push funnel is about: who has refused the topic gets nothing of it.
ALTER TABLE campaigns ADD COLUMN topic_id BIGINT;
ALTER TABLE push_funnels ADD COLUMN topic_id BIGINT;
ALTER TABLE mailings ADD COLUMN topic_id BIGINT;
