//! The rows a permission covers, as a value, as SQL and as a check on one record.

use attune_db::{Sql, Value};

/// The rows a permission covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every row.
    All,
    /// Rows of the team and rows one owns.
    Team {
        /// The team; without one only own rows remain.
        team_id: Option<i64>,
        /// The staff member.
        staff_id: i64,
    },
    /// Rows one owns.
    Own {
        /// The staff member.
        staff_id: i64,
    },
}

impl Scope {
    /// Appends ` AND …` that lets only covered rows through; nothing for [`Scope::All`]. The column names are trusted text.
    pub fn push_filter(&self, sql: &mut Sql, owner_col: &str, team_col: &str) {
        match *self {
            Self::All => {}
            Self::Team { team_id: Some(team_id), staff_id } => {
                sql.push(" AND (").push(owner_col).push(" = ").bind(staff_id);
                sql.push(" OR ").push(team_col).push(" = ").bind(team_id).push(")");
            }
            Self::Team { team_id: None, staff_id } | Self::Own { staff_id } => {
                sql.push(" AND ").push(owner_col).push(" = ").bind(staff_id);
            }
        }
    }

    /// Whose it is; nobody's when it covers every row.
    pub fn staff_id(&self) -> Option<i64> {
        match *self {
            Self::All => None,
            Self::Team { staff_id, .. } | Self::Own { staff_id } => Some(staff_id),
        }
    }

    /// Whether a record of this owner and team is covered.
    pub fn covers(&self, owner: Option<i64>, team: Option<i64>) -> bool {
        match *self {
            Self::All => true,
            Self::Team { team_id, staff_id } => owner == Some(staff_id) || (team_id.is_some() && team == team_id),
            Self::Own { staff_id } => owner == Some(staff_id),
        }
    }

    /// The three parameters of the fixed filter `($1 OR owner_id = $2 OR team_id = $3)`, for statements written as literals:
    /// whether all rows are covered, the owner, the team (NULL where it does not apply).
    pub fn values(&self) -> [Value; 3] {
        match *self {
            Self::All => [Value::Bool(true), Value::Null, Value::Null],
            Self::Team { team_id, staff_id } => [Value::Bool(false), Value::Int(staff_id), team_id.into()],
            Self::Own { staff_id } => [Value::Bool(false), Value::Int(staff_id), Value::Null],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(scope: Scope) -> (String, usize) {
        let mut sql = Sql::new("SELECT id FROM contacts c WHERE TRUE");
        scope.push_filter(&mut sql, "c.owner_id", "c.team_id");
        (sql.text().trim_start_matches("SELECT id FROM contacts c WHERE TRUE").to_owned(), sql.values().len())
    }

    #[test]
    fn each_scope_filters_its_rows() {
        assert_eq!(text(Scope::All), (String::new(), 0));
        assert_eq!(text(Scope::Own { staff_id: 7 }), (" AND c.owner_id = $1".to_owned(), 1));
        let team = Scope::Team { team_id: Some(3), staff_id: 7 };
        assert_eq!(text(team), (" AND (c.owner_id = $1 OR c.team_id = $2)".to_owned(), 2));
        assert_eq!(text(Scope::Team { team_id: None, staff_id: 7 }), (" AND c.owner_id = $1".to_owned(), 1));
    }

    #[test]
    fn a_record_is_covered_as_the_sql_says() {
        let team = Scope::Team { team_id: Some(3), staff_id: 7 };
        assert!(team.covers(Some(7), None));
        assert!(team.covers(Some(8), Some(3)));
        assert!(!team.covers(Some(8), Some(4)));
        assert!(!Scope::Team { team_id: None, staff_id: 7 }.covers(None, None));
        assert!(Scope::Own { staff_id: 7 }.covers(Some(7), Some(9)));
        assert!(!Scope::Own { staff_id: 7 }.covers(None, Some(9)));
        assert!(Scope::All.covers(None, None));
        assert_eq!(team.values(), [Value::Bool(false), Value::Int(7), Value::Int(3)]);
    }
}
