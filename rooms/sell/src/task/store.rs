//! All SQL about tasks.

use attune_db::{DbError, Relation, Row, Sql, Tx, Value, params, sql};
use attune_identify::contact::ContactId;
use attune_identify::sharing::Reach;
use attune_web::Scope;

use super::{NEVER_AT, Task, TaskDraft, TaskFilter, Wording};

const SELECT: &str = sql!(
    "SELECT t.id, t.contact_id, NULLIF(c.label, '') AS contact_name, t.title, t.title_key, t.reason, t.reason_key, t.args, t.owner_id, s.name AS owner_name,
       t.team_id, t.due_at, t.created_at, t.done_at
     FROM tasks t LEFT JOIN v_identify_contact c ON c.id = t.contact_id LEFT JOIN v_govern_staff s ON s.id = t.owner_id"
);

/// What the contact is called; somebody without name and address by the id. Nothing when the task is about nobody.
fn called(row: &Row) -> Result<Option<String>, DbError> {
    let Some(id) = row.get::<Option<i64>>("contact_id")? else { return Ok(None) };
    let name: Option<String> = row.get("contact_name")?;
    Ok(Some(name.filter(|name| !name.is_empty()).unwrap_or_else(|| ContactId(id).to_string())))
}

fn read(row: &Row) -> Result<Task, DbError> {
    let args: Option<String> = row.get("args")?;
    let args: Vec<(String, String)> = args.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    Ok(Task {
        id: row.get("id")?,
        contact_id: row.get("contact_id")?,
        contact_name: called(row)?,
        title: Wording { text: row.get("title")?, key: row.get("title_key")?, args: args.clone() },
        reason: Wording { text: row.get("reason")?, key: row.get("reason_key")?, args },
        owner_id: row.get("owner_id")?,
        owner_name: row.get::<Option<String>>("owner_name")?.unwrap_or_default(),
        team_id: row.get("team_id")?,
        due_at: row.get("due_at")?,
        created_at: row.get("created_at")?,
        done_at: row.get("done_at")?,
    })
}

pub(super) async fn insert(tx: &mut Tx, id: i64, draft: &TaskDraft, by: i64, now: i64) -> Result<bool, DbError> {
    let sql = sql!(
        "INSERT INTO tasks (id, contact_id, title, title_key, reason, reason_key, args, owner_id, team_id, due_at, rank_at, cause_key, created_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (cause_key) DO NOTHING"
    );
    let args: Vec<&(String, String)> = draft.title.args.iter().chain(&draft.reason.args).collect();
    let args = if args.is_empty() { None } else { serde_json::to_string(&args).ok() };
    let rank_at = draft.due_at.unwrap_or(NEVER_AT);
    let (title, reason) = (&draft.title, &draft.reason);
    let values = params![
        id,
        draft.contact_id,
        &title.text,
        title.key.as_deref(),
        &reason.text,
        reason.key.as_deref(),
        args,
        draft.owner_id,
        draft.team_id,
        draft.due_at,
        rank_at,
        draft.cause_key.as_deref(),
        by,
        now
    ];
    Ok(tx.exec(sql, values).await? == 1)
}

pub(super) async fn update(tx: &mut Tx, id: i64, draft: &TaskDraft) -> Result<(), DbError> {
    let sql = sql!(
        "UPDATE tasks SET title = $2, title_key = NULL, reason = $3, reason_key = NULL, args = NULL, owner_id = $4, team_id = $5, due_at = $6, rank_at = $7
         WHERE id = $1"
    );
    let rank_at = draft.due_at.unwrap_or(NEVER_AT);
    tx.exec(sql, params![id, &draft.title.text, &draft.reason.text, draft.owner_id, draft.team_id, draft.due_at, rank_at]).await?;
    Ok(())
}

/// Marks a task done (when, by whom) or open; answers whether it was the other before.
pub(super) async fn set_done(tx: &mut Tx, id: i64, done: Option<(i64, i64)>) -> Result<bool, DbError> {
    let changed = match done {
        Some((at, by)) => {
            tx.exec(sql!("UPDATE tasks SET done_at = $2, done_by = $3 WHERE id = $1 AND done_at IS NULL"), params![id, at, by]).await?
        }
        None => tx.exec(sql!("UPDATE tasks SET done_at = NULL, done_by = NULL WHERE id = $1 AND done_at IS NOT NULL"), params![id]).await?,
    };
    Ok(changed == 1)
}

pub(super) async fn postpone(tx: &mut Tx, id: i64, due_at: i64) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE tasks SET due_at = $2, rank_at = $2 WHERE id = $1"), params![id, due_at]).await?;
    Ok(())
}

/// Gives open tasks from hand to hand (relation of `id`, `holder_id`, `receiver_id`), those that still are the holder's; answers which.
pub(super) async fn pass_on(tx: &mut Tx, moves: &Relation) -> Result<Vec<i64>, DbError> {
    let sql = sql!(
        "UPDATE tasks SET owner_id = r.receiver_id, team_id = (SELECT s.team_id FROM v_govern_staff s WHERE s.id = r.receiver_id) FROM {rows} AS r
         WHERE tasks.id = r.id AND tasks.owner_id = r.holder_id AND tasks.done_at IS NULL RETURNING tasks.id"
    );
    tx.rows_from(sql, moves, params![]).await?.iter().map(|row| row.at(0)).collect()
}

/// These tasks, by id.
pub(crate) async fn list_by_ids(tx: &mut Tx, ids: &[i64]) -> Result<Vec<Task>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE t.id IN ").bind_list(ids.iter().map(|id| Value::Int(*id))).push(" ORDER BY t.id");
    tx.rows_of(&sql).await?.iter().map(read).collect()
}

/// The task `id`.
pub async fn find(tx: &mut Tx, id: i64) -> Result<Option<Task>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE t.id = ").bind(id);
    tx.rows_of(&sql).await?.first().map(read).transpose()
}

/// Tasks within `scope`, at most `limit`: open ones by due date, done ones newest first.
pub async fn list(tx: &mut Tx, scope: &Scope, filter: &TaskFilter, limit: i64) -> Result<Vec<Task>, DbError> {
    let mut sql = Sql::new(SELECT);
    push_filter(&mut sql, scope, filter);
    if let Some((at, id)) = filter.after {
        let (column, sign) = if filter.done { ("t.done_at", "<") } else { ("t.rank_at", ">") };
        sql.push(&format!(" AND ({column}, t.id) {sign} (")).bind(at).push(", ").bind(id).push(")");
    }
    sql.push(if filter.done { " ORDER BY t.done_at DESC, t.id DESC" } else { " ORDER BY t.rank_at, t.id" });
    sql.push(" LIMIT ").bind(limit);
    tx.rows_of(&sql).await?.iter().map(read).collect()
}

/// The open task about any of a company's people within `scope` whose day comes first.
pub(super) async fn next_of_company(tx: &mut Tx, scope: &Scope, company_id: i64) -> Result<Option<Task>, DbError> {
    // The people lead to their tasks: in the order of days, everybody's tasks would be looked through for a company that has none. CROSS JOIN says so to
    // SQLite; for PostgreSQL the order is one that no index has.
    let mut first = Sql::new("SELECT t.id FROM v_identify_contact c CROSS JOIN tasks t WHERE t.contact_id = c.id AND t.done_at IS NULL");
    first.push(" AND c.company_id = ").bind(company_id);
    Reach::of(tx, scope).await?.push_people(&mut first, "c");
    first.push(" ORDER BY t.rank_at + 0, t.id LIMIT 1");
    match tx.rows_of(&first).await?.first() {
        Some(row) => find(tx, row.at(0)?).await,
        None => Ok(None),
    }
}

/// How many tasks `filter` finds within `scope`, counted up to 10,000.
pub async fn count_open(tx: &mut Tx, scope: &Scope, filter: &TaskFilter) -> Result<i64, DbError> {
    let mut sql = Sql::new("SELECT count(*) FROM (SELECT t.id FROM tasks t");
    push_filter(&mut sql, scope, filter);
    sql.push(" LIMIT 10000) AS capped");
    tx.count(sql.text(), sql.values()).await
}

fn push_filter(sql: &mut Sql, scope: &Scope, filter: &TaskFilter) {
    sql.push(if filter.done { " WHERE t.done_at IS NOT NULL" } else { " WHERE t.done_at IS NULL" });
    scope.push_filter(sql, "t.owner_id", "t.team_id");
    if let Some(owner_id) = filter.owner_id {
        sql.push(" AND t.owner_id = ").bind(owner_id);
    }
    if let Some(team_id) = filter.team_id {
        sql.push(" AND t.team_id = ").bind(team_id);
    }
    if let Some(contact_id) = filter.contact_id {
        sql.push(" AND t.contact_id = ").bind(contact_id);
    }
    if let Some(before) = filter.before {
        sql.push(" AND t.rank_at < ").bind(before);
    }
}

/// Everything about a contact, whoever is to do it: open tasks by due date, then the newest done ones.
pub async fn list_of_contact(tx: &mut Tx, contact_id: i64) -> Result<Vec<Task>, DbError> {
    let filter = TaskFilter { contact_id: Some(contact_id), ..TaskFilter::default() };
    let mut tasks = list(tx, &Scope::All, &filter, 50).await?;
    tasks.extend(list(tx, &Scope::All, &TaskFilter { done: true, ..filter }, 5).await?);
    Ok(tasks)
}

/// How many tasks this person has done since `since_at` (µs).
pub(crate) async fn count_done(tx: &mut Tx, owner_id: i64, since_at: i64) -> Result<i64, DbError> {
    tx.count(sql!("SELECT count(*) FROM tasks WHERE done_at >= $2 AND owner_id = $1"), params![owner_id, since_at]).await
}
