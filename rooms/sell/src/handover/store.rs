//! All SQL about hand-overs, caps and the reps of an origin.

use attune_db::{Column, Conflict, DbError, Relation, Row, Sql, Tx, Value, params, sql};
use attune_web::Scope;

use super::{Handover, State};

/// The columns of a new hand-over.
pub(super) const NEW_COLUMNS: [(&str, Column); 10] = [
    ("id", Column::Int),
    ("contact_id", Column::Int),
    ("state", Column::Text),
    ("team_id", Column::Int),
    ("origin", Column::Text),
    ("origin_id", Column::Int),
    ("place", Column::Int),
    ("created_by", Column::Int),
    ("created_at", Column::Int),
    ("note", Column::Text),
];

const SELECT: &str = sql!(
    "SELECT h.id, h.contact_id, COALESCE(c.label, '') AS contact_name, o.name AS company_name, h.state, h.rep_id, s.name AS rep_name, h.team_id, h.origin,
       h.origin_id, h.place, c.engagement_k, c.grade, h.created_at, h.offered_at, h.due_at, h.decided_at, h.reason, h.note
     FROM handovers h JOIN v_identify_contact c ON c.id = h.contact_id LEFT JOIN v_identify_company o ON o.id = c.company_id
     LEFT JOIN v_govern_staff s ON s.id = h.rep_id"
);

fn read(row: &Row) -> Result<Handover, DbError> {
    Ok(Handover {
        id: row.get("id")?,
        contact_id: row.get("contact_id")?,
        contact_name: row.get("contact_name")?,
        company_name: row.get("company_name")?,
        state: State::of(&row.get::<String>("state")?),
        rep_id: row.get("rep_id")?,
        rep_name: row.get("rep_name")?,
        team_id: row.get("team_id")?,
        origin: row.get("origin")?,
        origin_id: row.get("origin_id")?,
        place: row.get("place")?,
        engagement_k: row.get("engagement_k")?,
        grade: row.get("grade")?,
        created_at: row.get("created_at")?,
        offered_at: row.get("offered_at")?,
        due_at: row.get("due_at")?,
        decided_at: row.get("decided_at")?,
        reason: row.get("reason")?,
        note: row.get("note")?,
    })
}

/// Waits until no other deal is under way; held until the commit.
pub(super) async fn pass_gate(tx: &mut Tx) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE handover_gate SET turns = turns + 1 WHERE id = 1"), params![]).await?;
    Ok(())
}

/// Those of `leads` (best first) who are there and in nobody's hands, with their place.
pub(super) async fn list_free(tx: &mut Tx, leads: &[i64]) -> Result<Vec<(i64, i64)>, DbError> {
    let mut rows = Relation::new(&[("id", Column::Int), ("place", Column::Int)]);
    for (id, place) in leads.iter().zip(1_i64..) {
        rows.push(vec![Value::Int(*id), Value::Int(place)]);
    }
    let sql = sql!(
        "SELECT r.id, min(r.place) AS place FROM {rows} AS r JOIN v_identify_contact c ON c.id = r.id
         WHERE NOT EXISTS (SELECT 1 FROM handovers h WHERE h.contact_id = r.id
           AND (h.state IN ('waiting', 'offered') OR (h.state = 'accepted' AND h.released_at IS NULL)))
         GROUP BY r.id ORDER BY place"
    );
    let found = tx.rows_from(sql, &rows, params![]).await?;
    found.iter().map(|row| Ok((row.get("id")?, row.get("place")?))).collect()
}

pub(super) async fn insert(tx: &mut Tx, rows: &Relation) -> Result<(), DbError> {
    tx.insert("handovers", rows, Conflict::Fail).await?;
    Ok(())
}

pub(super) async fn put_reps(tx: &mut Tx, origin_id: i64, reps: &[(i64, i64)]) -> Result<(), DbError> {
    let mut rows = Relation::new(&[("origin_id", Column::Int), ("staff_id", Column::Int), ("cap", Column::Int)]);
    for (staff_id, cap) in reps {
        rows.push(vec![Value::Int(origin_id), Value::Int(*staff_id), Value::Int(*cap)]);
    }
    tx.insert("handover_reps", &rows, Conflict::Update(&["origin_id", "staff_id"], "cap = excluded.cap")).await?;
    Ok(())
}

/// Origins of which somebody waits, oldest first.
pub(super) async fn list_waiting_origins(tx: &mut Tx) -> Result<Vec<i64>, DbError> {
    let rows =
        tx.rows(sql!("SELECT DISTINCT origin_id FROM handovers WHERE state = 'waiting' ORDER BY origin_id LIMIT 1000"), params![]).await?;
    rows.iter().map(|row| row.at(0)).collect()
}

/// A rep of an origin with the room left.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    pub(super) staff_id: i64,
    pub(super) team_id: Option<i64>,
    pub(super) room: i64,
}

/// The active reps of an origin; `cap` holds for those without a cap of their own.
pub(super) async fn list_seats(tx: &mut Tx, origin_id: i64, cap: i64) -> Result<Vec<Seat>, DbError> {
    let sql = sql!(
        "SELECT r.staff_id, s.team_id, r.cap AS share, COALESCE(p.cap, $2) AS cap,
           (SELECT count(*) FROM handovers h WHERE h.rep_id = r.staff_id AND h.state IN ('offered', 'accepted') AND h.released_at IS NULL) AS held,
           (SELECT count(*) FROM handovers h WHERE h.origin_id = r.origin_id AND h.rep_id = r.staff_id AND h.state IN ('offered', 'accepted')) AS taken
         FROM handover_reps r JOIN v_govern_staff s ON s.id = r.staff_id LEFT JOIN rep_caps p ON p.staff_id = r.staff_id
         WHERE r.origin_id = $1 AND s.active ORDER BY r.staff_id"
    );
    let seat = |row: &Row| {
        let room = (row.get::<i64>("cap")? - row.get::<i64>("held")?).min(row.get::<i64>("share")? - row.get::<i64>("taken")?);
        Ok(Seat { staff_id: row.get("staff_id")?, team_id: row.get("team_id")?, room })
    };
    tx.rows(sql, params![origin_id, cap]).await?.iter().map(seat).collect()
}

/// A contact that waits for room.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) id: i64,
    pub(super) contact_id: i64,
    pub(super) origin: String,
    pub(super) origin_id: i64,
    pub(super) place: i64,
}

pub(super) async fn list_waiting(tx: &mut Tx, origin_id: i64, limit: i64) -> Result<Vec<Waiting>, DbError> {
    let sql = sql!(
        "SELECT h.id, h.contact_id, h.origin, h.origin_id, h.place FROM handovers h JOIN v_identify_contact c ON c.id = h.contact_id
         WHERE h.state = 'waiting' AND h.origin_id = $1 ORDER BY h.place, h.id LIMIT $2"
    );
    let waiting = |row: &Row| {
        Ok(Waiting {
            id: row.get("id")?,
            contact_id: row.get("contact_id")?,
            origin: row.get("origin")?,
            origin_id: row.get("origin_id")?,
            place: row.get("place")?,
        })
    };
    tx.rows(sql, params![origin_id, limit]).await?.iter().map(waiting).collect()
}

pub(super) async fn offer(tx: &mut Tx, rows: &Relation, now: i64, due_at: i64) -> Result<(), DbError> {
    let sql = sql!(
        "UPDATE handovers SET state = 'offered', rep_id = r.rep_id, team_id = r.team_id, offered_at = $1, due_at = $2
         FROM {rows} AS r WHERE handovers.id = r.id AND handovers.state = 'waiting'"
    );
    tx.exec_from(sql, rows, params![now, due_at]).await?;
    Ok(())
}

/// Ends an offer; answers whether it was open. `(when, by whom)`.
pub(super) async fn decide(
    tx: &mut Tx,
    id: i64,
    state: State,
    (at, by): (i64, i64),
    reason: Option<&str>,
    note: &str,
) -> Result<bool, DbError> {
    let sql = sql!(
        "UPDATE handovers SET state = $2, decided_at = $3, decided_by = $4, reason = $5, note = $6, released_at = NULL WHERE id = $1 AND state = 'offered'"
    );
    Ok(tx.exec(sql, params![id, state.word(), at, by, reason, note]).await? == 1)
}

/// Frees the rep's hands where the contact has moved on: another owner, or a stage other than sales-qualified; answers how many.
pub(super) async fn release_moved(tx: &mut Tx, contacts: &Relation, now: i64) -> Result<u64, DbError> {
    let sql = sql!(
        "UPDATE handovers SET released_at = $1 WHERE state = 'accepted' AND released_at IS NULL AND contact_id IN (
           SELECT c.id FROM {rows} AS r JOIN v_identify_contact c ON c.id = r.id
           WHERE c.stage NOT IN ('sql', 'customer') OR c.owner_id IS DISTINCT FROM handovers.rep_id)"
    );
    tx.exec_from(sql, contacts, params![now]).await
}

/// Frees the rep's hands where the contact was deleted; answers how many. Restoring the contact does not bring the hand-over back.
pub(super) async fn release_gone(tx: &mut Tx, contacts: &Relation, now: i64) -> Result<u64, DbError> {
    let sql = sql!(
        "UPDATE handovers SET released_at = $1 WHERE state IN ('offered', 'accepted') AND released_at IS NULL
           AND contact_id IN (SELECT r.id FROM {rows} AS r)
           AND NOT EXISTS (SELECT 1 FROM v_identify_contact c WHERE c.id = handovers.contact_id)"
    );
    tx.exec_from(sql, contacts, params![now]).await
}

/// Frees the rep's hands where the contact has bought since (relation of `id`, `at`); answers how many.
pub(super) async fn release_bought(tx: &mut Tx, bought: &Relation, now: i64) -> Result<u64, DbError> {
    let sql = sql!(
        "UPDATE handovers SET released_at = $1 FROM {rows} AS r
         WHERE handovers.contact_id = r.id AND handovers.state = 'accepted' AND handovers.released_at IS NULL AND handovers.decided_at <= r.at"
    );
    tx.exec_from(sql, bought, params![now]).await
}

/// Marks offers whose answer is late, once; answers those that were marked.
pub(super) async fn mark_late(tx: &mut Tx, ids: &[i64], now: i64) -> Result<Vec<Handover>, DbError> {
    let late = Relation::of_ids("id", ids.iter().copied());
    let sql = sql!(
        "UPDATE handovers SET escalated_at = $1 WHERE state = 'offered' AND escalated_at IS NULL AND due_at <= $1
           AND id IN (SELECT r.id FROM {rows} AS r) RETURNING id"
    );
    let marked = tx.rows_from(sql, &late, params![now]).await?;
    let mut list = Sql::new(SELECT);
    let marked = marked.iter().map(|row| row.value("id").cloned()).collect::<Result<Vec<_>, _>>()?;
    list.push(" WHERE h.id IN ").bind_list(marked).push(" ORDER BY h.id");
    tx.rows_of(&list).await?.iter().map(read).collect()
}

/// Gives hand-overs from hand to hand (relation of `id`, `holder_id`, `receiver_id`), those the holder still has; an answer is owed by
/// `due_at` (µs). Answers which, and whether each is on offer.
pub(super) async fn pass_on(tx: &mut Tx, moves: &Relation, due_at: i64) -> Result<Vec<(i64, bool)>, DbError> {
    let sql = sql!(
        "UPDATE handovers SET rep_id = r.receiver_id, team_id = (SELECT s.team_id FROM v_govern_staff s WHERE s.id = r.receiver_id),
           due_at = CASE WHEN state = 'offered' THEN $1 ELSE due_at END, escalated_at = CASE WHEN state = 'offered' THEN NULL ELSE escalated_at END
         FROM {rows} AS r WHERE handovers.id = r.id AND handovers.rep_id = r.holder_id AND handovers.state IN ('offered', 'accepted')
           AND handovers.released_at IS NULL RETURNING handovers.id, handovers.state"
    );
    let rows = tx.rows_from(sql, moves, params![due_at]).await?;
    rows.iter().map(|row| Ok((row.at(0)?, row.at::<String>(1)? == "offered"))).collect()
}

/// These hand-overs, by id.
pub(crate) async fn list_by_ids(tx: &mut Tx, ids: &[i64]) -> Result<Vec<Handover>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE h.id IN ").bind_list(ids.iter().map(|id| Value::Int(*id))).push(" ORDER BY h.id");
    tx.rows_of(&sql).await?.iter().map(read).collect()
}

/// The hand-over `id`.
pub async fn find(tx: &mut Tx, id: i64) -> Result<Option<Handover>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE h.id = ").bind(id);
    tx.rows_of(&sql).await?.first().map(read).transpose()
}

/// The newest hand-over of a contact.
pub(crate) async fn find_of_contact(tx: &mut Tx, contact_id: i64) -> Result<Option<Handover>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE h.contact_id = ").bind(contact_id).push(" ORDER BY h.id DESC LIMIT 1");
    tx.rows_of(&sql).await?.first().map(read).transpose()
}

/// Which hand-overs a list shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct HandoverFilter {
    /// Only in this state.
    pub state: Option<State>,
    /// Only of this rep.
    pub rep_id: Option<i64>,
    /// Only of this push funnel.
    pub origin_id: Option<i64>,
    /// Continue behind this (order value, id).
    pub after: Option<(i64, i64)>,
}

/// Hand-overs within `scope`, at most `limit`: offers by the time left, the waiting by place, the decided newest first.
pub async fn list(tx: &mut Tx, scope: &Scope, filter: &HandoverFilter, limit: i64) -> Result<Vec<Handover>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE TRUE");
    scope.push_filter(&mut sql, "h.rep_id", "h.team_id");
    let (column, newest_first) = match filter.state {
        Some(State::Offered) => ("h.due_at", false),
        Some(State::Waiting) => ("h.place", false),
        Some(State::Accepted | State::Rejected) => ("h.decided_at", true),
        None => ("h.created_at", true),
    };
    if let Some(state) = filter.state {
        // The state is one of four words: written out, so that the partial indexes serve.
        sql.push(&format!(" AND h.state = '{}'", state.word()));
    }
    if let Some(rep_id) = filter.rep_id {
        sql.push(" AND h.rep_id = ").bind(rep_id);
    }
    if let Some(origin_id) = filter.origin_id {
        sql.push(" AND h.origin_id = ").bind(origin_id);
    }
    let (sign, order) = if newest_first { ("<", "DESC") } else { (">", "ASC") };
    if let Some((at, id)) = filter.after {
        sql.push(&format!(" AND ({column}, h.id) {sign} (")).bind(at).push(", ").bind(id).push(")");
    }
    sql.push(&format!(" ORDER BY {column} {order}, h.id {order} LIMIT ")).bind(limit);
    tx.rows_of(&sql).await?.iter().map(read).collect()
}

/// How many offers wait for this rep's answer.
pub(crate) async fn count_offered(tx: &mut Tx, rep_id: i64) -> Result<i64, DbError> {
    tx.count(sql!("SELECT count(*) FROM handovers WHERE rep_id = $1 AND state = 'offered' AND released_at IS NULL"), params![rep_id]).await
}

/// Of the offers this rep has answered since `since_at` (µs): (in time, all).
pub(crate) async fn in_time_share(tx: &mut Tx, rep_id: i64, since_at: i64) -> Result<(i64, i64), DbError> {
    let sql = sql!(
        "SELECT count(*) FILTER (WHERE decided_at <= due_at) AS in_time, count(*) AS answered FROM handovers
         WHERE decided_at >= $2 AND rep_id = $1"
    );
    let row = tx.get("the answers of a rep", sql, params![rep_id, since_at]).await?;
    Ok((row.get("in_time")?, row.get("answered")?))
}

/// How full a rep's hands are.
#[derive(Clone, Debug)]
pub struct Load {
    /// The staff member.
    pub staff_id: i64,
    /// The name.
    pub name: String,
    /// The team.
    pub team_id: Option<i64>,
    /// The cap of their own, when there is one.
    pub own_cap: Option<i64>,
    /// Offers without an answer.
    pub offered: i64,
    /// Accepted and still in hand.
    pub accepted: i64,
}

impl Load {
    /// How many leads are held.
    pub fn held(&self) -> i64 {
        self.offered + self.accepted
    }
}

/// The active members of staff within `scope` and how full their hands are, by name.
pub async fn list_loads(tx: &mut Tx, scope: &Scope) -> Result<Vec<Load>, DbError> {
    let mut sql = Sql::new(sql!(
        "SELECT s.id, s.name, s.team_id, p.cap,
           (SELECT count(*) FROM handovers h WHERE h.rep_id = s.id AND h.state = 'offered' AND h.released_at IS NULL) AS offered,
           (SELECT count(*) FROM handovers h WHERE h.rep_id = s.id AND h.state = 'accepted' AND h.released_at IS NULL) AS accepted
         FROM v_govern_staff s LEFT JOIN rep_caps p ON p.staff_id = s.id WHERE s.active"
    ));
    scope.push_filter(&mut sql, "s.id", "s.team_id");
    sql.push(" ORDER BY s.name, s.id LIMIT 3000");
    let load = |row: &Row| {
        Ok(Load {
            staff_id: row.get("id")?,
            name: row.get("name")?,
            team_id: row.get("team_id")?,
            own_cap: row.get("cap")?,
            offered: row.get("offered")?,
            accepted: row.get("accepted")?,
        })
    };
    tx.rows_of(&sql).await?.iter().map(load).collect()
}

/// Gives a rep a cap, or with `None` the setting's.
pub(crate) async fn write_cap(tx: &mut Tx, staff_id: i64, cap: Option<i64>, now: i64) -> Result<(), DbError> {
    let Some(cap) = cap else {
        tx.exec(sql!("DELETE FROM rep_caps WHERE staff_id = $1"), params![staff_id]).await?;
        return Ok(());
    };
    let sql = sql!(
        "INSERT INTO rep_caps (staff_id, cap, updated_at) VALUES ($1, $2, $3) ON CONFLICT (staff_id) DO UPDATE SET cap = excluded.cap, updated_at = excluded.updated_at"
    );
    tx.exec(sql, params![staff_id, cap, now]).await?;
    Ok(())
}
