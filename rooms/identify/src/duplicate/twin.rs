//! What may be there twice: people and companies, compared, listed and told apart in one way.

use attune_db::{DbError, Sql, Tx};
use attune_duplicate::Kind;
use attune_house::BoxFuture;
use attune_web::{Actor, Scope, Shell};
use serde_json::{Map, Value as Json};

use crate::contact::By;
use crate::field::Subject;

/// Who asks for pairs, and the records he has to do with.
#[derive(Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) actor: &'a Actor,
    pub(crate) scope: &'a Scope,
}

/// What the pages of the one and of the other say, and where they are.
pub(crate) struct Speech {
    /// The list the pages belong to.
    pub(crate) list: (&'static str, &'static str),
    /// The list of pairs.
    pub(crate) home: &'static str,
    /// The pairs of the other kind.
    pub(crate) other: (&'static str, &'static str),
    pub(crate) found: &'static str,
    pub(crate) searching: &'static str,
    pub(crate) result: &'static str,
    pub(crate) only_all: &'static str,
    pub(crate) never_text: &'static str,
    pub(crate) none_text: &'static str,
    pub(crate) none_apart: &'static str,
    pub(crate) none_apart_text: &'static str,
    pub(crate) apart: &'static str,
    pub(crate) warning: &'static str,
}

/// One of a pair as pages show it.
#[derive(Clone, Debug)]
pub(crate) struct Party {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) href: String,
    /// What tells one from another of the same name.
    pub(crate) detail: String,
}

impl Party {
    pub(super) fn new((id, name, href): (i64, String, String), details: impl IntoIterator<Item = Option<String>>) -> Self {
        Self { id, name, href, detail: details.into_iter().flatten().collect::<Vec<_>>().join(" · ") }
    }
}

/// A record that may be there twice.
pub(crate) trait Twin: Clone + Send + Sync + Sized + 'static {
    /// Its id as addresses have it.
    type Id: Into<i64> + Copy + std::fmt::Display + serde::de::DeserializeOwned + Send + Sync + 'static;

    /// What it is.
    const OF: Subject;
    /// The search over all of them.
    const FIND: &'static str;
    /// Where they are kept.
    const TABLE: &'static str;
    /// Which of two, `a` and `b`, are known to be different whatever was found: a condition.
    const DIFFERENT: &'static str;
    const SPEECH: &'static Speech;
    /// The attributes that are compared, beside own fields.
    const FIXED: &'static [(&'static str, Kind)];

    /// The columns that tell two of one name apart when both have something there, and not the same.
    const APART: &'static [&'static str];

    fn id(&self) -> i64;

    /// Values of own fields by their key.
    fn own(&self) -> &Map<String, Json>;

    /// The names by which those who share one are likely the same.
    fn names(&self) -> Vec<String>;

    /// The record it is a branch of.
    fn parent(&self) -> Option<i64>;

    /// What is compared in the column `name`, which is no own field.
    fn attribute(&self, name: &str) -> String;

    /// As `shell` may see it.
    fn party(&self, shell: &Shell) -> Party;

    /// The id as addresses have it.
    fn shown(id: i64) -> Self::Id;

    /// The page that lays two side by side.
    fn compare(a: i64, b: i64) -> String;

    /// Appends that the record called `table` is one the asker has in charge.
    fn push_in_charge(sql: &mut Sql, asker: Asker<'_>, table: &str);

    /// Whether the asker has the record in charge, and it is alive.
    fn is_in_charge<'a>(tx: &'a mut Tx, by: &'a By<'_>, scope: &'a Scope, id: i64) -> BoxFuture<'a, Result<bool, DbError>>;

    /// Those alive behind the id `behind`, by id.
    fn list_behind(tx: &mut Tx, behind: i64, limit: i64) -> BoxFuture<'_, Result<Vec<Self>, DbError>>;

    /// Those of these that are alive.
    fn list_by_ids(tx: &mut Tx, ids: Vec<i64>) -> BoxFuture<'_, Result<Vec<Self>, DbError>>;
}

/// The address of a decision about two records: `apart`, `together` or `family`.
pub(crate) fn pair_address<T: Twin>(decision: &str, (a, b): (i64, i64)) -> String {
    format!("{}/{decision}?left={}&right={}", T::SPEECH.home, T::shown(a), T::shown(b))
}
