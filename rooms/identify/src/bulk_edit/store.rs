//! The SQL of bulk edits.

use attune_db::{Column, DbError, Relation, Row, Sql, Tx, Value, params, sql};
use attune_web::Scope;
use serde_json::{Map, Value as Json};

use super::{BulkEdit, Chosen, Counts, EditId, EditState, Target};
use crate::contact::By;
use crate::fact::Fact;
use crate::field::Subject;
use crate::sharing::Reach;

const SELECT: &str = sql!(
    "SELECT id, staff_id, subject, state, attribute, value, total, changed, same, refused, restored, kept, job_id, created_at FROM bulk_edits"
);

fn read(row: &Row) -> Result<BulkEdit, DbError> {
    Ok(BulkEdit {
        id: row.get("id")?,
        staff_id: row.get("staff_id")?,
        subject: Subject::of(&row.get::<String>("subject")?),
        state: EditState::of(&row.get::<String>("state")?),
        attribute: row.get("attribute")?,
        value: serde_json::from_str(&row.get::<String>("value")?).unwrap_or_default(),
        counts: Counts {
            total: row.get("total")?,
            changed: row.get("changed")?,
            same: row.get("same")?,
            refused: row.get("refused")?,
            restored: row.get("restored")?,
            kept: row.get("kept")?,
        },
        job_id: row.get("job_id")?,
        created_at: row.get("created_at")?,
    })
}

/// The edit `id`, if it is `staff_id`'s; anybody's when that is `None`.
pub(super) async fn find(tx: &mut Tx, id: i64, staff_id: Option<i64>) -> Result<Option<BulkEdit>, DbError> {
    let found = tx.find(&format!("{SELECT} WHERE id = $1"), params![id]).await?.as_ref().map(read).transpose()?;
    Ok(found.filter(|edit| staff_id.is_none_or(|staff_id| edit.staff_id == staff_id)))
}

/// The newest edits of contacts or companies by `staff_id`, or by everybody.
pub(super) async fn list(tx: &mut Tx, of: Subject, staff_id: Option<i64>, limit: i64) -> Result<Vec<BulkEdit>, DbError> {
    let mut select = Sql::new(SELECT);
    select.push(" WHERE subject = ").bind(of.word());
    if let Some(staff_id) = staff_id {
        select.push(" AND staff_id = ").bind(staff_id);
    }
    select.push(" ORDER BY id DESC LIMIT ").bind(limit);
    tx.rows_of(&select).await?.iter().map(read).collect()
}

pub(super) async fn insert(tx: &mut Tx, by: &By<'_>, (id, of): (EditId, Subject), target: &Target) -> Result<(), DbError> {
    let insert = sql!(
        "INSERT INTO bulk_edits (id, staff_id, subject, state, attribute, value, total, changed, same, refused, restored, kept, created_at)
         VALUES ($1, $2, $3, 'waiting', $4, $5, 0, 0, 0, 0, 0, 0, $6)"
    );
    tx.exec(insert, params![id.0, by.actor.staff_id, of.word(), &target.key, target.value.to_string(), by.now]).await.map(drop)
}

/// Lets only records through that `reach` covers; they go by `c`.
fn push_reach(sql: &mut Sql, of: Subject, reach: &Reach) {
    match of {
        Subject::Contact => reach.push_people(sql, "c"),
        Subject::Company => reach.push_companies(sql, "c"),
    }
}

/// Writes down what it is about: all that was chosen within `see`; what is not within `edit` is refused at once.
pub(super) async fn plan(tx: &mut Tx, id: EditId, (see, edit): (&Scope, &Reach), chosen: &Chosen) -> Result<(), DbError> {
    let may = |sql: &mut Sql, yes: &str, no: &str| {
        sql.push("CASE WHEN TRUE");
        push_reach(sql, chosen.subject(), edit);
        sql.push(&format!(" THEN {yes} ELSE {no} END"));
    };
    let mut insert = Sql::new("INSERT INTO bulk_rows (edit_id, record_id, state, cause) SELECT CAST(");
    insert.bind(id.0).push(" AS BIGINT), c.id, ");
    may(&mut insert, "'planned'", "'refused'");
    insert.push(", ");
    may(&mut insert, "NULL", "'scope'");
    if chosen.push(tx, &mut insert, see).await? {
        tx.exec_of(&insert).await?;
    }
    let update = sql!(
        "UPDATE bulk_edits SET total = (SELECT count(*) FROM bulk_rows b WHERE b.edit_id = $1),
           refused = (SELECT count(*) FROM bulk_rows b WHERE b.edit_id = $1 AND b.state = 'refused') WHERE id = $1"
    );
    tx.exec(update, params![id.0]).await.map(drop)
}

/// Refuses whom a field that names a record leads from to somebody the asker does not see, and whoever would name themselves. Done as soon as it is
/// planned: the job that works later knows no asker's eyes.
pub(super) async fn refuse_hidden(
    tx: &mut Tx,
    id: EditId,
    (field_id, target): (i64, Subject),
    see: &Reach,
    value: Option<i64>,
) -> Result<(), DbError> {
    let mut update = Sql::new("UPDATE bulk_rows SET state = 'refused', cause = 'hidden' WHERE edit_id = ");
    update.bind(id.0).push(" AND state = 'planned'");
    let of_row = "m.record_id = bulk_rows.record_id AND m.field_id = ";
    update.push(" AND EXISTS (SELECT 1 FROM field_meanings m WHERE ").push(of_row).bind(field_id).push(&format!(
        ") AND NOT EXISTS (SELECT 1 FROM field_meanings m JOIN {} t ON t.id = m.target_id WHERE {of_row}",
        if target == Subject::Contact { "contacts" } else { "companies" }
    ));
    update.bind(field_id);
    match target {
        Subject::Contact => see.push_people(&mut update, "t"),
        Subject::Company => see.push_companies(&mut update, "t"),
    }
    tx.exec_of(update.push(")")).await?;
    let itself =
        sql!("UPDATE bulk_rows SET state = 'refused', cause = 'itself' WHERE edit_id = $1 AND state = 'planned' AND record_id = $2");
    tx.exec(itself, params![id.0, value.unwrap_or(0)]).await?;
    let count = sql!(
        "UPDATE bulk_edits SET refused = (SELECT count(*) FROM bulk_rows b WHERE b.edit_id = $1 AND b.state = 'refused') WHERE id = $1"
    );
    tx.exec(count, params![id.0]).await.map(drop)
}

pub(super) async fn set_job(tx: &mut Tx, id: i64, job_id: i64) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE bulk_edits SET job_id = $2 WHERE id = $1"), params![id, job_id]).await.map(drop)
}

/// Moves an edit on; false when it stands in none of `from`.
pub(super) async fn set_state(tx: &mut Tx, id: i64, from: &[EditState], to: EditState) -> Result<bool, DbError> {
    let mut update = Sql::new("UPDATE bulk_edits SET state = ");
    update.bind(to.word()).push(" WHERE id = ").bind(id);
    update.push(" AND state IN ").bind_list(from.iter().map(|state| Value::from(state.word())));
    Ok(tx.exec_of(&update).await? == 1)
}

/// Holds an edit until the transaction ends: of two runs of its job one waits for the other and then finds what it has done.
pub(super) async fn hold(tx: &mut Tx, id: i64) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE bulk_edits SET state = state WHERE id = $1"), params![id]).await.map(drop)
}

/// Ends an edit that is under way though no job is; the caller holds it. Answers whether it was.
pub(super) async fn fail_lost(tx: &mut Tx, id: i64) -> Result<bool, DbError> {
    let update = sql!(
        "UPDATE bulk_edits SET state = 'failed' WHERE id = $1 AND state IN ('waiting', 'running', 'undoing')
           AND NOT EXISTS (SELECT 1 AS one FROM jobs j WHERE j.id = bulk_edits.job_id AND j.state IN ('ready', 'running'))"
    );
    Ok(tx.exec(update, params![id]).await? == 1)
}

/// Leaves those as they are that are not within `edit` any more.
pub(super) async fn keep_beyond(tx: &mut Tx, found: &BulkEdit, edit: &Scope) -> Result<(), DbError> {
    if *edit == Scope::All {
        return Ok(());
    }
    let reach = Reach::of(tx, edit).await?;
    let mut update = Sql::new("UPDATE bulk_rows SET state = 'left', cause = 'scope' WHERE edit_id = ");
    let table = match found.subject {
        Subject::Contact => "contacts",
        Subject::Company => "companies",
    };
    update.bind(found.id).push(" AND state = 'changed' AND NOT EXISTS (SELECT 1 FROM ").push(table);
    update.push(" c WHERE c.id = bulk_rows.record_id");
    push_reach(&mut update, found.subject, &reach);
    let kept = i64::try_from(tx.exec_of(update.push(")")).await?).unwrap_or(0);
    tx.exec(sql!("UPDATE bulk_edits SET kept = kept + $2 WHERE id = $1"), params![found.id, kept]).await.map(drop)
}

/// A record of an edit.
#[derive(Clone, Debug)]
pub(super) struct EditRow {
    pub(super) record_id: i64,
    /// Attributes as they were.
    pub(super) before: Map<String, Json>,
    /// Where the value of before came from, if it was noted.
    pub(super) fact: Option<Fact>,
    pub(super) before_at: Option<i64>,
    pub(super) after_at: Option<i64>,
}

/// The next records of an edit in a state, at most `limit`.
pub(super) async fn next_rows(tx: &mut Tx, id: i64, state: &str, limit: i64) -> Result<Vec<EditRow>, DbError> {
    let select = sql!(
        "SELECT record_id, before_json, fact, before_at, after_at FROM bulk_rows WHERE edit_id = $1 AND state = $2 ORDER BY record_id LIMIT $3"
    );
    let parsed = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
    let read = |row: &Row| {
        Ok(EditRow {
            record_id: row.get("record_id")?,
            before: parsed(row.get("before_json")?).and_then(|json: Json| json.as_object().cloned()).unwrap_or_default(),
            fact: row.get::<Option<String>>("fact")?.and_then(|text| Fact::from_text(&text)),
            before_at: row.get("before_at")?,
            after_at: row.get("after_at")?,
        })
    };
    tx.rows(select, params![id, state, limit]).await?.iter().map(read).collect()
}

/// What became of a record.
pub(super) struct Fate {
    pub(super) record_id: i64,
    pub(super) state: &'static str,
    pub(super) cause: Option<&'static str>,
    pub(super) before: Option<Map<String, Json>>,
    pub(super) fact: Option<Fact>,
    pub(super) before_at: Option<i64>,
    pub(super) after_at: Option<i64>,
}

impl Fate {
    pub(super) fn of(record_id: i64, state: &'static str, cause: Option<&'static str>) -> Self {
        Self { record_id, state, cause, before: None, fact: None, before_at: None, after_at: None }
    }
}

/// Writes down what became of these records, which stood in `from`, and counts it.
pub(super) async fn settle(tx: &mut Tx, id: i64, from: &str, fates: &[Fate]) -> Result<(), DbError> {
    let columns = [
        ("record_id", Column::Int),
        ("state", Column::Text),
        ("cause", Column::Text),
        ("before_json", Column::Text),
        ("fact", Column::Text),
        ("before_at", Column::Int),
        ("after_at", Column::Int),
    ];
    let mut rows = Relation::new(&columns);
    for fate in fates {
        let before = fate.before.as_ref().map(|map| Json::Object(map.clone()).to_string());
        let fact = fate.fact.as_ref().map(Fact::to_text);
        rows.push(params![fate.record_id, fate.state, fate.cause, before, fact, fate.before_at, fate.after_at]);
    }
    let update = sql!(
        "UPDATE bulk_rows SET state = r.state, cause = r.cause, before_json = r.before_json, fact = r.fact, before_at = r.before_at,
           after_at = r.after_at FROM {rows} AS r WHERE bulk_rows.edit_id = $1 AND bulk_rows.record_id = r.record_id
           AND bulk_rows.state = $2"
    );
    tx.exec_from(update, &rows, params![id, from]).await?;
    let of = |state: &str| i64::try_from(fates.iter().filter(|fate| fate.state == state).count()).unwrap_or(0);
    let count = sql!(
        "UPDATE bulk_edits SET changed = changed + $2, same = same + $3, refused = refused + $4, restored = restored + $5, kept = kept + $6 WHERE id = $1"
    );
    tx.exec(count, params![id, of("changed"), of("same"), of("refused"), of("restored"), of("left")]).await.map(drop)
}

/// Records that were refused or kept, behind `behind`: (record, state, cause).
pub(super) async fn list_causes(tx: &mut Tx, id: i64, behind: i64, limit: i64) -> Result<Vec<(i64, String, String)>, DbError> {
    let select = sql!(
        "SELECT record_id, state, COALESCE(cause, '') AS cause FROM bulk_rows WHERE edit_id = $1 AND (state = 'refused' OR state = 'left') AND record_id > $2
         ORDER BY record_id LIMIT $3"
    );
    let rows = tx.rows(select, params![id, behind, limit]).await?;
    rows.iter().map(|row| Ok((row.get("record_id")?, row.get("state")?, row.get("cause")?))).collect()
}

/// Removes what is kept to undo edits asked for before `before`, at most `limit` records; answers whether there may be more.
/// Those whose job was lost end before, else they would be kept for ever.
pub(crate) async fn purge(tx: &mut Tx, before: i64, limit: i64) -> Result<bool, DbError> {
    let lost = sql!(
        "UPDATE bulk_edits SET state = 'failed' WHERE created_at < $1 AND state IN ('waiting', 'running', 'undoing')
           AND NOT EXISTS (SELECT 1 AS one FROM jobs j WHERE j.id = bulk_edits.job_id AND j.state IN ('ready', 'running'))"
    );
    tx.exec(lost, params![before]).await?;
    let delete = sql!(
        "DELETE FROM bulk_rows WHERE (edit_id, record_id) IN (SELECT b.edit_id, b.record_id FROM bulk_edits e JOIN bulk_rows b ON b.edit_id = e.id
           WHERE e.created_at < $1 AND e.state NOT IN ('waiting', 'running', 'undoing') LIMIT $2)"
    );
    Ok(tx.exec(delete, params![before, limit]).await? > 0)
}
