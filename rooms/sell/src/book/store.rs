//! All SQL about books.

use std::collections::{BTreeMap, HashMap};

use attune_db::{Column, Conflict, DbError, Relation, Row, Tx, Value, params, sql};

use super::rules::{Figures, Item, Kind};
use super::{Book, Rule};

fn text(row: &Row, name: &str) -> Result<String, DbError> {
    Ok(row.get::<Option<String>>(name)?.unwrap_or_default())
}

fn item(kind: Kind, row: &Row) -> Result<Item, DbError> {
    Ok(Item {
        kind,
        key: row.get("id")?,
        contact_id: row.get("contact_id")?,
        company_id: row.get("company_id")?,
        country: text(row, "country")?,
        city: text(row, "city")?,
        grade: row.get("grade")?,
    })
}

/// Everything a colleague looks after.
pub(super) async fn list_items(tx: &mut Tx, staff_id: i64) -> Result<Vec<Item>, DbError> {
    let contacts = sql!(
        "SELECT c.id, c.id AS contact_id, c.company_id, COALESCE(NULLIF(c.country, ''), o.country) AS country, COALESCE(NULLIF(c.city, ''), o.city) AS city, c.grade
         FROM v_identify_contact c LEFT JOIN v_identify_company o ON o.id = c.company_id WHERE c.owner_id = $1 ORDER BY c.id"
    );
    let companies = sql!(
        "SELECT id, CAST(NULL AS BIGINT) AS contact_id, id AS company_id, country, city, CAST(NULL AS TEXT) AS grade FROM v_identify_company WHERE owner_id = $1 ORDER BY id"
    );
    let tasks = sql!(
        "SELECT t.id, t.contact_id, c.company_id, COALESCE(NULLIF(c.country, ''), o.country) AS country, COALESCE(NULLIF(c.city, ''), o.city) AS city, c.grade
         FROM tasks t LEFT JOIN v_identify_contact c ON c.id = t.contact_id LEFT JOIN v_identify_company o ON o.id = c.company_id
         WHERE t.owner_id = $1 AND t.done_at IS NULL ORDER BY t.id"
    );
    let handovers = sql!(
        "SELECT h.id, h.contact_id, c.company_id, COALESCE(NULLIF(c.country, ''), o.country) AS country, COALESCE(NULLIF(c.city, ''), o.city) AS city, c.grade
         FROM handovers h JOIN v_identify_contact c ON c.id = h.contact_id LEFT JOIN v_identify_company o ON o.id = c.company_id
         WHERE h.rep_id = $1 AND h.state IN ('offered', 'accepted') AND h.released_at IS NULL ORDER BY h.id"
    );
    let promises = sql!(
        "SELECT p.id, p.contact_id, COALESCE(p.company_id, c.company_id) AS company_id, COALESCE(NULLIF(c.country, ''), o.country) AS country,
         COALESCE(NULLIF(c.city, ''), o.city) AS city, c.grade
         FROM v_identify_promise p LEFT JOIN v_identify_contact c ON c.id = p.contact_id LEFT JOIN v_identify_company o ON o.id = COALESCE(p.company_id, c.company_id)
         WHERE p.staff_id = $1 ORDER BY p.id"
    );
    let mut items = Vec::new();
    let parts = [
        (Kind::Contact, contacts),
        (Kind::Company, companies),
        (Kind::Task, tasks),
        (Kind::Handover, handovers),
        (Kind::Promise, promises),
    ];
    for (kind, sql) in parts {
        for row in &tx.rows(sql, params![staff_id]).await? {
            items.push(item(kind, row)?);
        }
    }
    Ok(items)
}

/// How much each of these colleagues looks after.
pub(super) async fn list_figures(tx: &mut Tx, staff: &[i64]) -> Result<HashMap<i64, Figures>, DbError> {
    let rows = Relation::of_ids("id", staff.iter().copied());
    let contacts = sql!("SELECT r.id, (SELECT count(*) FROM v_identify_contact c WHERE c.owner_id = r.id) AS n FROM {rows} AS r");
    let companies = sql!("SELECT r.id, (SELECT count(*) FROM v_identify_company c WHERE c.owner_id = r.id) AS n FROM {rows} AS r");
    let tasks = sql!("SELECT r.id, (SELECT count(*) FROM tasks t WHERE t.owner_id = r.id AND t.done_at IS NULL) AS n FROM {rows} AS r");
    let handovers = sql!(
        "SELECT r.id, (SELECT count(*) FROM handovers h JOIN v_identify_contact c ON c.id = h.contact_id
           WHERE h.rep_id = r.id AND h.state IN ('offered', 'accepted') AND h.released_at IS NULL) AS n FROM {rows} AS r"
    );
    let promises = sql!("SELECT r.id, (SELECT count(*) FROM v_identify_promise p WHERE p.staff_id = r.id) AS n FROM {rows} AS r");
    let mut figures: HashMap<i64, Figures> = HashMap::new();
    let parts = [
        (Kind::Contact, contacts),
        (Kind::Company, companies),
        (Kind::Task, tasks),
        (Kind::Handover, handovers),
        (Kind::Promise, promises),
    ];
    for (kind, sql) in parts {
        for row in &tx.rows_from(sql, &rows, params![]).await? {
            figures.entry(row.get("id")?).or_default().add(kind, row.get("n")?);
        }
    }
    Ok(figures)
}

pub(super) async fn insert(tx: &mut Tx, book: &Book) -> Result<(), DbError> {
    let sql = sql!("INSERT INTO books (id, from_id, rule, created_by, created_at, job_id) VALUES ($1, $2, $3, $4, $5, $6)");
    let rule = serde_json::to_string(&book.rule).unwrap_or_default();
    tx.exec(sql, params![book.id, book.from_id, rule, book.created_by, book.created_at, book.job_id]).await?;
    Ok(())
}

fn read(row: &Row) -> Result<Book, DbError> {
    let rule = serde_json::from_str(&row.get::<String>("rule")?).unwrap_or(Rule::Load { to: Vec::new() });
    Ok(Book {
        id: row.get("id")?,
        from_id: row.get("from_id")?,
        rule,
        created_by: row.get("created_by")?,
        created_at: row.get("created_at")?,
        job_id: row.get("job_id")?,
        is_planned: row.get::<Option<i64>>("planned_at")?.is_some(),
        undo_job_id: row.get("undo_job_id")?,
    })
}

/// The hand-over `id`.
pub(super) async fn find(tx: &mut Tx, id: i64) -> Result<Option<Book>, DbError> {
    let sql = sql!("SELECT id, from_id, rule, created_by, created_at, job_id, planned_at, undo_job_id FROM books WHERE id = $1");
    tx.find(sql, params![id]).await?.as_ref().map(read).transpose()
}

/// The last hand-overs of a colleague's book, newest first.
pub(super) async fn list_of(tx: &mut Tx, from_id: i64) -> Result<Vec<Book>, DbError> {
    let sql = sql!(
        "SELECT id, from_id, rule, created_by, created_at, job_id, planned_at, undo_job_id FROM books WHERE from_id = $1 ORDER BY id DESC LIMIT 20"
    );
    tx.rows(sql, params![from_id]).await?.iter().map(read).collect()
}

/// Writes down who gets what.
pub(super) async fn write_plan(tx: &mut Tx, book_id: i64, plan: &[(&Item, i64, i64)], now: i64) -> Result<(), DbError> {
    for part in plan.chunks(10_000) {
        let mut rows = Relation::new(&[
            ("book_id", Column::Int),
            ("kind", Column::Text),
            ("key", Column::Int),
            ("contact_id", Column::Int),
            ("to_id", Column::Int),
            ("batch", Column::Int),
            ("state", Column::Text),
        ]);
        for (item, to_id, batch) in part {
            rows.push(vec![
                Value::Int(book_id),
                Value::from(item.kind.word()),
                Value::Int(item.key),
                item.contact_id.into(),
                Value::Int(*to_id),
                Value::Int(*batch),
                Value::from("planned"),
            ]);
        }
        tx.insert("book_rows", &rows, Conflict::Fail).await?;
    }
    tx.exec(sql!("UPDATE books SET planned_at = $2 WHERE id = $1"), params![book_id, now]).await?;
    Ok(())
}

pub(super) async fn set_undo_job(tx: &mut Tx, book_id: i64, job_id: i64) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE books SET undo_job_id = $2 WHERE id = $1"), params![book_id, job_id]).await?;
    Ok(())
}

/// The next rows in this state that are moved together: kind, key, receiver.
pub(super) async fn next_batch(tx: &mut Tx, book_id: i64, state: &str) -> Result<Vec<(Kind, i64, i64)>, DbError> {
    let sql = sql!(
        "SELECT kind, key, to_id FROM book_rows WHERE book_id = $1 AND state = $2
         AND batch = (SELECT min(b.batch) FROM book_rows b WHERE b.book_id = $1 AND b.state = $2) ORDER BY kind, key"
    );
    let rows = tx.rows(sql, params![book_id, state]).await?;
    rows.iter().map(|row| Ok((Kind::of(&row.get::<String>("kind")?), row.get("key")?, row.get("to_id")?))).collect()
}

/// Writes what became of rows.
pub(super) async fn mark(tx: &mut Tx, book_id: i64, rows: &[(Kind, i64, &str)]) -> Result<(), DbError> {
    let mut marks = Relation::new(&[("kind", Column::Text), ("key", Column::Int), ("state", Column::Text)]);
    for (kind, key, state) in rows {
        marks.push(vec![Value::from(kind.word()), Value::Int(*key), Value::from(*state)]);
    }
    let sql = sql!(
        "UPDATE book_rows SET state = r.state FROM {rows} AS r WHERE book_rows.book_id = $1 AND book_rows.kind = r.kind AND book_rows.key = r.key"
    );
    tx.exec_from(sql, &marks, params![book_id]).await?;
    Ok(())
}

/// How much of each state went to whom.
pub(super) async fn list_outcome(tx: &mut Tx, book_id: i64) -> Result<BTreeMap<(String, i64), Figures>, DbError> {
    let sql = sql!("SELECT state, to_id, kind, count(*) AS n FROM book_rows WHERE book_id = $1 GROUP BY state, to_id, kind");
    let mut outcome: BTreeMap<(String, i64), Figures> = BTreeMap::new();
    for row in &tx.rows(sql, params![book_id]).await? {
        let kind = Kind::of(&row.get::<String>("kind")?);
        outcome.entry((row.get("state")?, row.get("to_id")?)).or_default().add(kind, row.get("n")?);
    }
    Ok(outcome)
}

/// Those of (id, who should have it) who still are that one's, as contacts.
pub(super) async fn list_owned_contacts(tx: &mut Tx, held: &Relation) -> Result<Vec<i64>, DbError> {
    let sql = sql!("SELECT c.id FROM {rows} AS r JOIN v_identify_contact c ON c.id = r.id WHERE c.owner_id = r.holder_id");
    tx.rows_from(sql, held, params![]).await?.iter().map(|row| row.at(0)).collect()
}

/// As [`list_owned_contacts`], of companies.
pub(super) async fn list_owned_companies(tx: &mut Tx, held: &Relation) -> Result<Vec<i64>, DbError> {
    let sql = sql!("SELECT c.id FROM {rows} AS r JOIN v_identify_company c ON c.id = r.id WHERE c.owner_id = r.holder_id");
    tx.rows_from(sql, held, params![]).await?.iter().map(|row| row.at(0)).collect()
}

/// What contacts and companies within the asker's sight are called.
pub(super) async fn list_names(tx: &mut Tx, kind: Kind, ids: &[i64], scope: &attune_web::Scope) -> Result<Vec<(i64, String)>, DbError> {
    let mut sql = attune_db::Sql::new(match kind {
        Kind::Company => sql!("SELECT c.id, c.name FROM v_identify_company c WHERE TRUE"),
        _ => sql!("SELECT c.id, c.name FROM v_identify_contact c WHERE TRUE"),
    });
    sql.push(" AND c.id IN ").bind_list(ids.iter().map(|id| Value::Int(*id)));
    scope.push_filter(&mut sql, "c.owner_id", "c.team_id");
    sql.push(" ORDER BY c.id");
    tx.rows_of(&sql).await?.iter().map(|row| Ok((row.get("id")?, row.get("name")?))).collect()
}
