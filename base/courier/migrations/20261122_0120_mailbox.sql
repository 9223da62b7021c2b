-- Mail that the built-in mailbox received: what the demo and tests sent to the world.
CREATE TABLE mailbox_mails (
    id BIGINT PRIMARY KEY,
    received_at BIGINT NOT NULL,
    mail_from TEXT NOT NULL,
    rcpt_to TEXT NOT NULL,
    subject TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    raw_form TEXT NOT NULL CHECK (raw_form IN ('text', 'base64')),
    raw TEXT NOT NULL
);
CREATE INDEX mailbox_mails_rcpt_to ON mailbox_mails (rcpt_to, id);
CREATE INDEX mailbox_mails_received_at ON mailbox_mails (received_at);
