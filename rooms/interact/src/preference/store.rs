//! The SQL of the preference page.

use attune_db::{DbError, Tx, params, sql};

/// Who is asked.
pub(super) struct Recipient {
    pub(super) id: i64,
    pub(super) email: String,
    /// The language and zone known of the person.
    pub(super) locale: Option<String>,
    pub(super) time_zone: Option<String>,
    /// The address is on the suppression list because the person unsubscribed.
    pub(super) unsubscribed: bool,
    /// It is there for a reason that the person cannot take back here.
    pub(super) stopped: bool,
}

/// The living recipient of a send, also when the record has become part of another since.
pub(super) async fn find_recipient(tx: &mut Tx, send_id: i64) -> Result<Option<Recipient>, DbError> {
    let select = sql!(
        "SELECT c.id, c.email, c.locale, c.time_zone,
                (SELECT count(*) FROM suppressions x WHERE x.email_key = c.email_key AND x.reason = 'unsubscribed') AS unsubscribed,
                (SELECT count(*) FROM suppressions x WHERE x.email_key = c.email_key AND x.reason <> 'unsubscribed') AS stopped
         FROM sends s LEFT JOIN v_identify_alias a ON a.id = s.contact_id JOIN v_identify_contact c ON c.id = COALESCE(a.alive_id, s.contact_id)
         WHERE s.id = $1"
    );
    let Some(row) = tx.find(select, params![send_id]).await? else { return Ok(None) };
    Ok(Some(Recipient {
        id: row.get("id")?,
        email: row.get::<Option<String>>("email")?.unwrap_or_default(),
        locale: row.get("locale")?,
        time_zone: row.get("time_zone")?,
        unsubscribed: row.get::<i64>("unsubscribed")? > 0,
        stopped: row.get::<i64>("stopped")? > 0,
    }))
}
