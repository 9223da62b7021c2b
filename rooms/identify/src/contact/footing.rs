//! What the statements of one list have in common, asked once: whom the reader sees, how long filters are, whether an address is somebody's.

use attune_db::{DbError, Sql, Tx, params, sql};
use attune_web::Scope;

use super::field_filter::FieldFilter;
use super::list::COUNTED;
use crate::address::PlaceFilter;
use crate::field::Subject;
use crate::sharing::Reach;

/// What has to be looked up before a list can be asked for; statements for one reader share it, whatever their number.
pub(super) struct Footing {
    pub(super) scope: Scope,
    pub(super) reach: Reach,
    /// Whether the scope covers so few that they lead.
    few: Option<bool>,
    /// What is shared with a member of staff whose list it is.
    shared: Option<(i64, Reach)>,
    /// Whether somebody has a whole address.
    known: Option<(String, bool)>,
    /// Whether a place is where more are than are worth collecting.
    wide: Option<(PlaceFilter, bool)>,
    /// How many rows a filter has, counted up to [`COUNTED`] and one.
    sizes: Vec<(FieldFilter, i64)>,
}

impl Footing {
    pub(super) async fn of(tx: &mut Tx, scope: &Scope) -> Result<Self, DbError> {
        let reach = Reach::of(tx, scope).await?;
        Ok(Self { scope: *scope, reach, few: None, shared: None, known: None, wide: None, sizes: Vec::new() })
    }

    pub(super) async fn is_few(&mut self, tx: &mut Tx) -> Result<bool, DbError> {
        let few = match self.few {
            Some(few) => few,
            None => self.reach.is_few(tx, COUNTED).await?,
        };
        self.few = Some(few);
        Ok(few)
    }

    pub(super) async fn shared_with(&mut self, tx: &mut Tx, staff_id: i64) -> Result<&Reach, DbError> {
        let kept = self.shared.take().filter(|(id, _)| *id == staff_id);
        let kept = match kept {
            Some(kept) => kept,
            None => (staff_id, Reach::shared_with(tx, staff_id).await?),
        };
        Ok(&self.shared.insert(kept).1)
    }

    pub(super) async fn is_known(&mut self, tx: &mut Tx, address: &str) -> Result<bool, DbError> {
        if let Some((_, known)) = self.known.as_ref().filter(|(kept, _)| kept == address) {
            return Ok(*known);
        }
        let select = sql!("SELECT 1 AS one FROM contacts WHERE deleted_at IS NULL AND email_key = $1 LIMIT 1");
        let known = tx.find(select, params![address]).await?.is_some();
        self.known = Some((address.to_owned(), known));
        Ok(known)
    }

    pub(super) async fn is_wide(&mut self, tx: &mut Tx, place: &PlaceFilter) -> Result<bool, DbError> {
        if let Some((_, wide)) = self.wide.as_ref().filter(|(kept, _)| kept == place) {
            return Ok(*wide);
        }
        let wide = place.is_wide(tx, Subject::Contact).await?;
        self.wide = Some((place.clone(), wide));
        Ok(wide)
    }

    pub(super) async fn size(&mut self, tx: &mut Tx, filter: &FieldFilter) -> Result<i64, DbError> {
        if let Some((_, rows)) = self.sizes.iter().find(|(kept, _)| kept == filter) {
            return Ok(*rows);
        }
        let mut sql = Sql::new(&format!("SELECT count(*) FROM (SELECT 1 AS one FROM {} v WHERE TRUE", filter.table()));
        filter.push(&mut sql, true, &self.reach);
        sql.push(" LIMIT ").bind(COUNTED + 1).push(") AS found");
        let rows = tx.count(sql.text(), sql.values()).await?;
        self.sizes.push((filter.clone(), rows));
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    attune_testkit::on_both_dbs! {
        async fn how_many_are_at_a_place_is_asked_once(db: Db) {
            use crate::address::PlaceFilter;
            let mut tx = db.begin().await.unwrap();
            let mut footing = crate::contact::footing::Footing::of(&mut tx, &attune_web::Scope::All).await.unwrap();
            let place = PlaceFilter::read(["", "", "44", "", ""]);
            assert!(!footing.is_wide(&mut tx, &place).await.unwrap());
            // Whoever asked again would find nobody to ask.
            tx.exec("DROP TABLE postal_addresses", attune_db::params![]).await.unwrap();
            assert!(!footing.is_wide(&mut tx, &place).await.unwrap());
            assert!(footing.is_wide(&mut tx, &PlaceFilter::read(["", "", "45", "", ""])).await.is_err(), "of another place it is asked");
        }
    }
}
