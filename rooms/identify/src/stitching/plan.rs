//! What a batch decides about its visitors, gathered and then written in a few statements.

use attune_db::{Column, Conflict, DbError, Relation, Tx, Value};
use attune_kernel::Ids;

use super::store;

/// What evidence that a browser is a contact's leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It was known already.
    Known,
    /// The browser was nobody's: it and its past join the contact.
    Join,
    /// The browser is another contact's: a new visitor begins for this one.
    Part,
}

/// The rule: an identified browser never changes hands.
pub(crate) fn decide(current: Option<i64>, proven: i64) -> Decision {
    match current {
        None => Decision::Join,
        Some(contact) if contact == proven => Decision::Known,
        Some(_) => Decision::Part,
    }
}

/// Decisions of one batch.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    joins: Vec<Joined>,
    parts: Vec<Parted>,
    seen: Vec<Seen>,
}

#[derive(Debug)]
struct Joined {
    visitor_id: i64,
    contact_id: i64,
    how: &'static str,
    source: &'static str,
}

#[derive(Debug)]
struct Parted {
    former_id: i64,
    fresh_id: i64,
    key: Option<i64>,
    contact_id: i64,
    how: &'static str,
    source: &'static str,
}

/// An identifier a browser showed.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) visitor_id: i64,
    pub(crate) contact_id: Option<i64>,
    pub(crate) kind: &'static str,
    pub(crate) value: String,
    pub(crate) proven: bool,
    pub(crate) source: &'static str,
}

impl Plan {
    pub(crate) fn join(&mut self, visitor_id: i64, contact_id: i64, how: &'static str, source: &'static str) {
        self.joins.push(Joined { visitor_id, contact_id, how, source });
    }

    pub(crate) fn part(
        &mut self,
        former_id: i64,
        fresh_id: i64,
        key: Option<i64>,
        contact_id: i64,
        how: &'static str,
        source: &'static str,
    ) {
        self.parts.push(Parted { former_id, fresh_id, key, contact_id, how, source });
    }

    pub(crate) fn see(&mut self, seen: Seen) {
        self.seen.push(seen);
    }

    pub(crate) fn changes_visitors(&self) -> bool {
        !self.joins.is_empty() || !self.parts.is_empty()
    }

    /// Who belongs to whom from now on.
    pub(crate) fn joined(&self) -> impl Iterator<Item = (i64, i64)> {
        self.joins.iter().map(|join| (join.visitor_id, join.contact_id))
    }

    /// Writes the visitors; before the batch's events are appended.
    pub(crate) async fn apply_visitors(&self, tx: &mut Tx, now: i64) -> Result<(), DbError> {
        if self.changes_visitors() {
            store::next_epoch(tx).await?;
        }
        // The key passes from hand to hand: each former owner lets go before the next takes hold.
        for parted in &self.parts {
            store::part(tx, parted.former_id, parted.fresh_id, parted.key, parted.contact_id, now).await?;
        }
        store::join(tx, &self.found()).await
    }

    /// Gives the past of joined browsers to their contacts and writes the merge log; after the events are appended, the first of which
    /// has the number `before_seq`.
    pub(crate) async fn apply_history(&self, tx: &mut Tx, ids: &Ids, now: i64, before_seq: i64) -> Result<(), DbError> {
        // First what was shown: an address for push that came along is among what the person's browsers and apps bring with them.
        store::remember(tx, ids, now, &self.seen).await?;
        if self.changes_visitors() {
            let found = self.found();
            attune_events::adopt(tx, &found).await?;
            store::join_visits(tx, &found).await?;
            tx.insert("stitches", &self.log(ids, now, before_seq), Conflict::Fail).await?;
        }
        Ok(())
    }

    fn found(&self) -> Relation {
        let mut found = Relation::new(&[("visitor_id", Column::Int), ("contact_id", Column::Int)]);
        for join in &self.joins {
            found.push(vec![Value::Int(join.visitor_id), Value::Int(join.contact_id)]);
        }
        found
    }

    fn log(&self, ids: &Ids, now: i64, before_seq: i64) -> Relation {
        let mut log = Relation::new(&[
            ("id", Column::Int),
            ("at", Column::Int),
            ("visitor_id", Column::Int),
            ("contact_id", Column::Int),
            ("former_visitor_id", Column::Int),
            ("outcome", Column::Text),
            ("how", Column::Text),
            ("source", Column::Text),
            ("before_seq", Column::Int),
        ]);
        let mut push = |visitor: i64, contact: i64, former: Option<i64>, outcome: &str, how: &str, source: &str| {
            let ends = [Value::from(outcome), Value::from(how), Value::from(source), Value::Int(before_seq)];
            let mut row = vec![Value::Int(ids.next()), Value::Int(now), Value::Int(visitor), Value::Int(contact), former.into()];
            row.extend(ends);
            log.push(row);
        };
        for join in &self.joins {
            push(join.visitor_id, join.contact_id, None, "joined", join.how, join.source);
        }
        for part in &self.parts {
            push(part.fresh_id, part.contact_id, Some(part.former_id), "parted", part.how, part.source);
        }
        log
    }
}
