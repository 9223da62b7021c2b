//! Whose addresses and numbers somebody sees in full. Everybody else's are masked, wherever they stand.

use attune_db::Sql;
use attune_kernel::{Address, mask_text};

use super::{Actor, Scope};

/// The permission to see addresses in full. The room that keeps the people announces it.
pub const ADDRESSES: &str = "identify.address.view";

/// The people whose addresses are shown in full; by default nobody's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sight(Option<Scope>);

impl Sight {
    /// Everybody's.
    pub const FULL: Self = Self(Some(Scope::All));

    /// What the actor's role says.
    pub fn of(actor: &Actor) -> Self {
        Self::by(actor, ADDRESSES)
    }

    /// What another permission of the actor's role says, such as that to take addresses out of the house.
    pub fn by(actor: &Actor, permission: &str) -> Self {
        Self(actor.may(permission).copied())
    }

    /// Whether nobody's address is masked.
    pub fn is_full(&self) -> bool {
        self.0 == Some(Scope::All)
    }

    /// Its word, for the audit log: `all`, `team`, `own` or `none`.
    pub fn word(&self) -> &'static str {
        match self.0 {
            Some(Scope::All) => "all",
            Some(Scope::Team { .. }) => "team",
            Some(Scope::Own { .. }) => "own",
            None => "none",
        }
    }

    /// Whether the address of a record of this owner and team is shown in full.
    pub fn covers(&self, owner: Option<i64>, team: Option<i64>) -> bool {
        self.0.is_some_and(|scope| scope.covers(owner, team))
    }

    /// Whether it covers every row that `rows` does.
    pub fn covers_all(&self, rows: &Scope) -> bool {
        match (self.0, *rows) {
            (Some(Scope::All), _) => true,
            (Some(scope), rows) if scope == rows => true,
            (Some(Scope::Team { staff_id, .. }), Scope::Own { staff_id: own }) => staff_id == own,
            _ => false,
        }
    }

    /// Appends ` AND …` that lets only rows through whose addresses are shown in full.
    pub fn push_filter(&self, sql: &mut Sql, owner_col: &str, team_col: &str) {
        match self.0 {
            Some(scope) => scope.push_filter(sql, owner_col, team_col),
            None => _ = sql.push(" AND 1 = 0"),
        }
    }

    /// The address as it is shown of a record of this owner and team.
    pub fn show(&self, (owner, team): (Option<i64>, Option<i64>), address: Option<&Address>) -> Option<String> {
        address.map(|address| if self.covers(owner, team) { address.expose().to_owned() } else { address.masked() })
    }

    /// People's own words about a record of this owner and team: addresses in them are masked like those in fields.
    pub fn text(&self, (owner, team): (Option<i64>, Option<i64>), text: String) -> String {
        if self.covers(owner, team) { text } else { mask_text(&text) }
    }

    /// Whether [`Sight::text`] would mask something: who does not see the words cannot change them.
    pub fn hides(&self, (owner, team): (Option<i64>, Option<i64>), text: &str) -> bool {
        !self.covers(owner, team) && mask_text(text) != text
    }

    /// Words that belong to no single record: only who sees every address sees theirs.
    pub fn words(&self, text: String) -> String {
        if self.is_full() { text } else { mask_text(&text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sight_is_nobodys_until_it_is_given() {
        let (own, team) = (Scope::Own { staff_id: 7 }, Scope::Team { team_id: Some(3), staff_id: 7 });
        let address = Address::new("lena@example.org");
        let shown = |sight: Sight, owner| sight.show((Some(owner), None), Some(&address)).unwrap();
        assert_eq!(shown(Sight::default(), 7), "l•••@example.org");
        assert_eq!(shown(Sight(Some(own)), 7), "lena@example.org");
        assert_eq!(shown(Sight(Some(own)), 8), "l•••@example.org");
        assert!(Sight::FULL.covers_all(&Scope::All) && Sight(Some(team)).covers_all(&own) && Sight(Some(own)).covers_all(&own));
        assert!(!Sight(Some(own)).covers_all(&team) && !Sight::default().covers_all(&own));
        assert_eq!(Sight::default().text((Some(7), None), "lena@example.org".into()), "l•••@example.org");
    }
}
