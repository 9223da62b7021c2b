//! Which people and companies somebody sees: those of their own scope and those that are shared with them.

use attune_db::{DbError, Row, Sql, Tx, Value, params, sql};
use attune_web::Scope;

/// Ids beyond so many values of a statement are written into it instead of being bound: engines limit how many one takes.
const BOUND: usize = 5_000;

/// A scope, and what colleagues have shared with whoever has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Nothing where only what is shared is meant.
    scope: Option<Scope>,
    /// Contacts shared one by one.
    contacts: Vec<i64>,
    /// Companies shared, and every branch below them; their people are shared with them.
    companies: Vec<i64>,
}

impl Reach {
    /// The scope alone, without anything that is shared.
    pub(crate) fn owned(scope: &Scope) -> Self {
        Self { scope: Some(*scope), contacts: Vec::new(), companies: Vec::new() }
    }

    /// The scope with what is shared. A scope over everything has no need to ask.
    pub async fn of(tx: &mut Tx, scope: &Scope) -> Result<Self, DbError> {
        let mut reach = Self::owned(scope);
        if let Some(staff_id) = scope.staff_id() {
            reach.add_shared(tx, staff_id).await?;
        }
        Ok(reach)
    }

    /// Only what is shared with this member of staff.
    pub(crate) async fn shared_with(tx: &mut Tx, staff_id: i64) -> Result<Self, DbError> {
        let mut reach = Self { scope: None, contacts: Vec::new(), companies: Vec::new() };
        reach.add_shared(tx, staff_id).await?;
        Ok(reach)
    }

    async fn add_shared(&mut self, tx: &mut Tx, staff_id: i64) -> Result<(), DbError> {
        let select = sql!(
            "WITH RECURSIVE mine (contact_id, company_id) AS (
               SELECT s.contact_id, s.company_id FROM shares s
               WHERE (s.staff_id = $1 OR s.team_id = (SELECT w.team_id FROM v_govern_staff w WHERE w.id = $1))
                 AND (s.company_id IS NULL OR EXISTS (SELECT 1 FROM companies k WHERE k.id = s.company_id AND k.deleted_at IS NULL))
               UNION SELECT CAST(NULL AS BIGINT), b.id FROM mine JOIN companies b ON b.parent_id = mine.company_id AND b.deleted_at IS NULL)
             SELECT contact_id, company_id FROM mine"
        );
        for row in tx.rows(select, params![staff_id]).await? {
            self.contacts.extend(row.get::<Option<i64>>("contact_id")?);
            self.companies.extend(row.get::<Option<i64>>("company_id")?);
        }
        Ok(())
    }

    /// Whether anything is shared.
    pub(crate) fn holds_shared(&self) -> bool {
        !(self.contacts.is_empty() && self.companies.is_empty())
    }

    /// Appends ` AND …` that lets only people through whom it covers; they go by `alias`.
    pub fn push_people(&self, sql: &mut Sql, alias: &str) {
        let name = |column: &str| format!("{alias}.{column}");
        self.push(sql, [&name("owner_id"), &name("team_id"), &name("id"), &name("company_id")]);
    }

    /// The same for columns of other names or makes: owner, team, id and company. They are trusted text.
    pub fn push(&self, sql: &mut Sql, [owner, team, id, company]: [&str; 4]) {
        match self.scope {
            Some(scope) if !self.holds_shared() => return scope.push_filter(sql, owner, team),
            Some(scope) => {
                sql.push(" AND ((TRUE");
                scope.push_filter(sql, owner, team);
                sql.push(")");
            }
            None => _ = sql.push(" AND (1 = 0"),
        }
        push_ids(sql, id, &self.contacts);
        push_ids(sql, company, &self.companies);
        sql.push(")");
    }

    /// The same as [`Reach::push_people`] of a table of contacts, for lists that these people are a small part of: they lead. An engine does not find its way
    /// through an `OR` by indexes over the living, so each kind of them is looked up by its own.
    pub(crate) fn push_leading(&self, sql: &mut Sql, alias: &str) {
        let Some(staff_id) = self.scope.and_then(|scope| scope.staff_id()) else { return self.push_people(sql, alias) };
        let of_team = matches!(self.scope, Some(Scope::Team { team_id: Some(_), .. }));
        if !of_team && !self.holds_shared() {
            return self.push_people(sql, alias);
        }
        const ALIVE: &str = "SELECT o.id FROM contacts o WHERE o.deleted_at IS NULL AND o.";
        sql.push(&format!(" AND {alias}.id IN ({ALIVE}owner_id = ")).bind(staff_id);
        if let Some(Scope::Team { team_id: Some(team_id), .. }) = self.scope {
            sql.push(&format!(" UNION {ALIVE}team_id = ")).bind(team_id);
        }
        for (column, ids) in [("id", &self.contacts), ("company_id", &self.companies)] {
            if !ids.is_empty() {
                sql.push(&format!(" UNION {ALIVE}{column} IN "));
                push_list(sql, ids);
            }
        }
        sql.push(")");
    }

    /// Whether it covers no more than `most` contacts, or nearly so: those of the team are counted, which may be all there are.
    pub(crate) async fn is_few(&self, tx: &mut Tx, most: i64) -> Result<bool, DbError> {
        let team = match self.scope {
            None | Some(Scope::Own { .. } | Scope::Team { team_id: None, .. }) => return Ok(true),
            Some(Scope::All) => return Ok(false),
            Some(Scope::Team { team_id: Some(team_id), .. }) => team_id,
        };
        let select =
            sql!("SELECT count(*) FROM (SELECT 1 AS one FROM contacts o WHERE o.deleted_at IS NULL AND o.team_id = $1 LIMIT $2) AS found");
        Ok(tx.count(select, params![team, most + 1]).await? <= most)
    }

    /// Appends ` AND …` that lets only companies through that it covers; they go by `alias`. A company without an owner is everybody's.
    pub(crate) fn push_companies(&self, sql: &mut Sql, alias: &str) {
        match self.scope {
            Some(Scope::All) => return,
            Some(scope) => {
                sql.push(&format!(" AND ({alias}.owner_id IS NULL OR (TRUE"));
                scope.push_filter(sql, &format!("{alias}.owner_id"), &format!("{alias}.team_id"));
                sql.push(")");
            }
            None => _ = sql.push(" AND (1 = 0"),
        }
        push_ids(sql, &format!("{alias}.id"), &self.companies);
        sql.push(")");
    }

    /// Whether a contact is covered: their owner and team, their id, their company.
    pub fn covers(&self, (owner, team): (Option<i64>, Option<i64>), id: i64, company: Option<i64>) -> bool {
        self.owns(owner, team) || self.contacts.contains(&id) || company.is_some_and(|id| self.companies.contains(&id))
    }

    /// Whether the contact of a row is covered; its columns are those of `v_identify_contact`, the id as `contact_id`. Nobody covers no contact.
    pub fn covers_row(&self, row: &Row) -> Result<bool, DbError> {
        let Some(id) = row.get::<Option<i64>>("contact_id")? else { return Ok(self.scope == Some(Scope::All)) };
        Ok(self.covers((row.get("owner_id")?, row.get("team_id")?), id, row.get("company_id")?))
    }

    /// Whether the company is covered. Whose nobody is the owner of is left to the caller.
    pub fn covers_company(&self, (owner, team): (Option<i64>, Option<i64>), id: i64) -> bool {
        self.owns(owner, team) || self.companies.contains(&id)
    }

    fn owns(&self, owner: Option<i64>, team: Option<i64>) -> bool {
        self.scope.is_some_and(|scope| scope.covers(owner, team))
    }
}

fn push_ids(sql: &mut Sql, column: &str, ids: &[i64]) {
    if ids.is_empty() {
        return;
    }
    sql.push(" OR ").push(column).push(" IN ");
    push_list(sql, ids);
}

fn push_list(sql: &mut Sql, ids: &[i64]) {
    if sql.values().len() + ids.len() <= BOUND {
        sql.bind_list(ids.iter().map(|id| Value::Int(*id)));
    } else {
        let listed: Vec<String> = ids.iter().map(i64::to_string).collect();
        sql.push(&format!("({})", listed.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shared_stands_beside_the_scope() {
        let own = Scope::Own { staff_id: 7 };
        let text = |reach: &Reach, companies: bool| {
            let mut sql = Sql::new("");
            if companies {
                reach.push_companies(&mut sql, "f")
            } else {
                reach.push_people(&mut sql, "c")
            }
            sql.text().to_owned()
        };
        let bare = Reach::owned(&own);
        assert_eq!(text(&bare, false), " AND c.owner_id = $1");
        let some = Reach { scope: Some(own), contacts: vec![3], companies: vec![8, 9] };
        assert_eq!(text(&some, false), " AND ((TRUE AND c.owner_id = $1) OR c.id IN ($2) OR c.company_id IN ($3, $4))");
        assert_eq!(text(&some, true), " AND (f.owner_id IS NULL OR (TRUE AND f.owner_id = $1) OR f.id IN ($2, $3))");
        assert!(
            some.covers((Some(1), None), 3, None) && some.covers((None, None), 4, Some(9)) && !some.covers((Some(1), None), 4, Some(7))
        );
        assert!(some.covers((Some(7), None), 4, None) && !some.covers((None, None), 4, None));
        let mut leading = Sql::new("");
        some.push_leading(&mut leading, "c");
        assert_eq!(leading.text().matches(" UNION ").count(), 2, "{}", leading.text());
        assert!(leading.text().ends_with("o.company_id IN ($3, $4))"));
        let many = Reach { scope: Some(own), contacts: (0..6_000).collect(), companies: Vec::new() };
        assert!(text(&many, false).ends_with("5998, 5999))"), "engines limit how many values are bound");
    }
}
