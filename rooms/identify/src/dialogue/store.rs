//! The SQL of questions and of their having been asked.

use std::collections::HashMap;

use attune_db::{Column, Conflict, DbError, Relation, Row, Tx, Value, params, sql};

use super::{Asked, Question, Touch};
use crate::contact::By;

fn read(row: &Row) -> Result<Question, DbError> {
    let touches: String = row.get("touches")?;
    Ok(Question {
        id: row.get("id")?,
        key: row.get("key")?,
        text_en: row.get("text_en")?,
        text_zh: row.get("text_zh")?,
        touches: touches.split(',').filter_map(Touch::of).collect(),
        rest_days: row.get("rest_days")?,
        most_asks: row.get("most_asks")?,
        stale_days: row.get("stale_days")?,
    })
}

/// Every question, the most valuable first.
pub(crate) async fn list(tx: &mut Tx) -> Result<Vec<Question>, DbError> {
    let select = sql!(
        "SELECT id, key, text_en, text_zh, touches, rest_days, most_asks, stale_days FROM questions WHERE deleted_at IS NULL ORDER BY position, id"
    );
    tx.rows(select, params![]).await?.iter().map(read).collect()
}

pub(crate) async fn find(tx: &mut Tx, id: i64) -> Result<Option<Question>, DbError> {
    let select = sql!(
        "SELECT id, key, text_en, text_zh, touches, rest_days, most_asks, stale_days FROM questions WHERE id = $1 AND deleted_at IS NULL"
    );
    tx.find(select, params![id]).await?.as_ref().map(read).transpose()
}

/// A question with what came of it.
pub(crate) struct Line {
    pub(crate) question: Question,
    pub(crate) asked: i64,
    pub(crate) answered: i64,
    pub(crate) declined: i64,
}

/// Every question with its figures.
pub(crate) async fn lines(tx: &mut Tx) -> Result<Vec<Line>, DbError> {
    let select = sql!(
        "SELECT question_id, count(*) AS asked, count(CASE WHEN outcome = 'answered' THEN 1 END) AS answered,
           count(CASE WHEN outcome = 'declined' THEN 1 END) AS declined FROM question_asks GROUP BY question_id"
    );
    let mut figures: HashMap<i64, (i64, i64, i64)> = HashMap::new();
    for row in tx.rows(select, params![]).await? {
        figures.insert(row.get("question_id")?, (row.get("asked")?, row.get("answered")?, row.get("declined")?));
    }
    let line = |question: Question| {
        let (asked, answered, declined) = figures.get(&question.id).copied().unwrap_or_default();
        Line { question, asked, answered, declined }
    };
    Ok(list(tx).await?.into_iter().map(line).collect())
}

pub(super) async fn put(tx: &mut Tx, by: &By<'_>, question: &Question) -> Result<(), DbError> {
    let touches: Vec<&str> = question.touches.iter().map(|touch| touch.word()).collect();
    let insert = sql!(
        "INSERT INTO questions (id, key, text_en, text_zh, touches, position, rest_days, most_asks, stale_days, created_at)
         SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), COALESCE(max(position), 0) + 1,
           CAST($6 AS BIGINT), CAST($7 AS BIGINT), CAST($8 AS BIGINT), CAST($9 AS BIGINT) FROM questions WHERE TRUE
         ON CONFLICT (id) DO UPDATE SET key = excluded.key, text_en = excluded.text_en, text_zh = excluded.text_zh, touches = excluded.touches,
           rest_days = excluded.rest_days, most_asks = excluded.most_asks, stale_days = excluded.stale_days"
    );
    let values = params![
        question.id,
        &question.key,
        &question.text_en,
        &question.text_zh,
        touches.join(","),
        question.rest_days,
        question.most_asks,
        question.stale_days,
        by.now,
    ];
    tx.exec(insert, values).await.map(|_| ())
}

pub(super) async fn set_deleted(tx: &mut Tx, id: i64, at: Option<i64>) -> Result<bool, DbError> {
    let update = sql!("UPDATE questions SET deleted_at = CAST($2 AS BIGINT) WHERE id = $1");
    Ok(tx.exec(update, params![id, at]).await? == 1)
}

/// Exchanges the places of two questions.
pub(super) async fn swap(tx: &mut Tx, a: i64, b: i64) -> Result<(), DbError> {
    let update = sql!(
        "UPDATE questions SET position = (SELECT CAST(sum(p.position) AS BIGINT) FROM questions p WHERE p.id = $1 OR p.id = $2) - position
         WHERE id = $1 OR id = $2"
    );
    tx.exec(update, params![a, b]).await.map(|_| ())
}

/// How often and when these people were asked, by contact and question.
pub(super) async fn asked(tx: &mut Tx, ids: impl IntoIterator<Item = i64>) -> Result<HashMap<i64, HashMap<i64, Asked>>, DbError> {
    let select = sql!(
        "SELECT a.contact_id, a.question_id, a.touch, a.at, a.outcome, a.ended_at FROM {rows} AS r
         JOIN question_asks a ON a.contact_id = r.id ORDER BY a.at, a.id"
    );
    let mut all: HashMap<i64, HashMap<i64, Asked>> = HashMap::new();
    for row in tx.rows_from(select, &Relation::of_ids("id", ids), params![]).await? {
        let (contact_id, question_id): (i64, i64) = (row.get("contact_id")?, row.get("question_id")?);
        let asked = all.entry(contact_id).or_default().entry(question_id).or_default();
        let ended: Option<i64> = row.get("ended_at")?;
        asked.last_at = ended.unwrap_or(row.get("at")?).max(row.get("at")?);
        asked.open_at = None;
        match row.get::<String>("outcome")?.as_str() {
            "answered" => *asked = Asked { last_at: asked.last_at, ..Asked::default() },
            "declined" => asked.declined_at = row.get("ended_at")?,
            _ => {
                asked.in_vain += 1;
                asked.open_at = Touch::of(&row.get::<String>("touch")?);
            }
        }
    }
    Ok(all)
}

const ASKS: [(&str, Column); 7] = [
    ("id", Column::Int),
    ("question_id", Column::Int),
    ("contact_id", Column::Int),
    ("touch", Column::Text),
    ("at", Column::Int),
    ("outcome", Column::Text),
    ("ended_at", Column::Int),
];

pub(super) async fn open(
    tx: &mut Tx,
    by: &By<'_>,
    contact_id: i64,
    touch: Touch,
    questions: impl Iterator<Item = i64>,
) -> Result<(), DbError> {
    let mut rows = Relation::new(&ASKS);
    for question in questions {
        let (id, none): (i64, Option<i64>) = (by.ids.next(), None);
        rows.push(vec![id.into(), question.into(), contact_id.into(), touch.word().into(), by.now.into(), "open".into(), none.into()]);
    }
    tx.insert("question_asks", &rows, Conflict::Fail).await.map(|_| ())
}

/// Ends the asking of a question; whoever was never asked and says it all the same has been asked now.
pub(super) async fn end(tx: &mut Tx, by: &By<'_>, (question, contact): (i64, i64), touch: Touch, answered: bool) -> Result<(), DbError> {
    let outcome = if answered { "answered" } else { "declined" };
    let update = sql!(
        "UPDATE question_asks SET outcome = $3, ended_at = $4 WHERE id = (SELECT max(a.id) FROM question_asks a
           WHERE a.contact_id = $2 AND a.question_id = $1 AND a.outcome = 'open')"
    );
    if tx.exec(update, params![question, contact, outcome, by.now]).await? == 0 {
        let mut rows = Relation::new(&ASKS);
        let id = by.ids.next();
        let ask = [id.into(), question.into(), contact.into(), touch.word().into(), by.now.into(), outcome.into(), by.now.into()];
        rows.push(ask.into_iter().collect::<Vec<Value>>());
        tx.insert("question_asks", &rows, Conflict::Fail).await?;
    }
    Ok(())
}
