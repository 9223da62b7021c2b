//! Parents and branches. Guards that they make a tree: nobody is a branch of its own branch.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use attune_db::{DbError, Relation, Row, Sql, Tx, params, sql};
use attune_events::{Event, append};
use attune_record::audit;
use attune_web::Scope;
use serde_json::json;

use super::store::hold;
use super::{CompanyId, find};
use crate::contact::{By, ContactError};
use crate::sharing::{self, Reach};

/// How deep a tree may be.
pub(super) const DEEPEST: i64 = 20;
/// The most companies of a tree that a page shows.
const SHOWN: i64 = 500;

/// A company in its tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The company.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its city; may be empty.
    pub city: String,
    /// The company it is a branch of.
    pub parent_id: Option<i64>,
}

/// The company and those above it, the nearest first.
async fn list_up(tx: &mut Tx, id: i64) -> Result<Vec<i64>, DbError> {
    let select = sql!(
        "WITH RECURSIVE up (id, parent_id, depth) AS (
           SELECT c.id, c.parent_id, 0 FROM companies c WHERE c.id = $1
           UNION ALL SELECT c.id, c.parent_id, up.depth + 1 FROM up JOIN companies c ON c.id = up.parent_id WHERE up.depth < 100)
         SELECT id FROM up ORDER BY depth"
    );
    tx.rows(select, params![id]).await?.iter().map(|row| row.at(0)).collect()
}

/// How many levels there are below a company.
async fn depth_below(tx: &mut Tx, id: i64) -> Result<i64, DbError> {
    let select = sql!(
        "WITH RECURSIVE down (id, depth) AS (
           SELECT c.id, 0 FROM companies c WHERE c.id = $1
           UNION ALL SELECT c.id, down.depth + 1 FROM down JOIN companies c ON c.parent_id = down.id WHERE down.depth < 100)
         SELECT CAST(COALESCE(max(depth), 0) AS BIGINT) FROM down"
    );
    tx.count(select, params![id]).await
}

/// Makes `id` a branch of `parent`, or of nobody; its people, its past and its branches go with it. Answers whose it was.
///
/// Errors: [`ContactError::NotFound`] when one of both is gone or outside `scope`; [`ContactError::Invalid`] (`parent`) when that would make a
/// circle or too deep a tree.
pub async fn set_parent(tx: &mut Tx, by: &By<'_>, scope: &Scope, id: i64, parent: Option<i64>) -> Result<Option<i64>, ContactError> {
    let wrong = |key| Err(ContactError::Invalid { attribute: "parent".to_owned(), key });
    let company = find(tx, scope, id).await?.ok_or(ContactError::NotFound)?;
    if let Some(parent) = parent {
        find(tx, scope, parent).await?.ok_or(ContactError::NotFound)?;
        // Two moves that together would close a circle both run through the two companies that move: whoever holds them second sees the first.
        let mut held = list_up(tx, parent).await?;
        held.push(id);
        // Everybody takes hold in the same order.
        held.sort_unstable();
        held.dedup();
        hold(tx, &held).await?;
        let up = list_up(tx, parent).await?;
        if up.contains(&id) {
            return wrong("company-circle");
        }
        let levels = i64::try_from(up.len()).unwrap_or(DEEPEST) + depth_below(tx, id).await?;
        if levels >= DEEPEST {
            return wrong("company-too-deep");
        }
        if !sharing::may_move(tx, scope, &company, parent).await? {
            return wrong("share-move-not-yours");
        }
    }
    let update = sql!("UPDATE companies SET parent_id = CAST($2 AS BIGINT), updated_at = $3 WHERE id = $1");
    tx.exec(update, params![id, parent, by.now]).await?;
    let told = |parent: Option<i64>| Some(json!({ "parent_id": parent.map(CompanyId) }));
    audit::note(tx, by.ids, by.now, by.actor, "company.updated", "company", id, told(company.parent_id), told(parent)).await?;
    append(tx, &mut [Event::new("company.updated", by.now).company(id).subject("parent_id")]).await?;
    Ok(company.parent_id)
}

/// Who stands under whom, of some companies with all above and below them: moves are tried here before they are written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    parents: HashMap<i64, i64>,
    branches: HashMap<i64, BTreeSet<i64>>,
}

impl Tree {
    /// The trees these companies stand in; they are held until the transaction ends, so that nobody moves one of them meanwhile.
    pub(crate) async fn held(tx: &mut Tx, ids: &[i64]) -> Result<Self, DbError> {
        let before = Self::read(tx, ids).await?;
        let mut all: Vec<i64> = before.parents.iter().flat_map(|(branch, parent)| [*branch, *parent]).chain(ids.iter().copied()).collect();
        all.sort_unstable();
        all.dedup();
        hold(tx, &all).await?;
        Self::read(tx, ids).await
    }

    /// The trees these companies stand in.
    pub(crate) async fn read(tx: &mut Tx, ids: &[i64]) -> Result<Self, DbError> {
        let up = sql!(
            "WITH RECURSIVE up (id, parent_id, depth) AS (
               SELECT c.id, c.parent_id, 0 FROM {rows} AS r JOIN companies c ON c.id = r.id
               UNION SELECT c.id, c.parent_id, up.depth + 1 FROM up JOIN companies c ON c.id = up.parent_id WHERE up.depth < 100)
             SELECT DISTINCT id, parent_id FROM up WHERE parent_id IS NOT NULL"
        );
        let down = sql!(
            "WITH RECURSIVE down (id, parent_id, depth) AS (
               SELECT c.id, c.parent_id, 0 FROM {rows} AS r JOIN companies c ON c.parent_id = r.id
               UNION SELECT c.id, c.parent_id, down.depth + 1 FROM down JOIN companies c ON c.parent_id = down.id WHERE down.depth < 100)
             SELECT DISTINCT id, parent_id FROM down"
        );
        let mut tree = Self::default();
        for select in [up, down] {
            for row in tx.rows_from(select, &Relation::of_ids("id", ids.iter().copied()), params![]).await? {
                tree.put(row.get("id")?, Some(row.get("parent_id")?));
            }
        }
        Ok(tree)
    }

    /// Puts a company under another, or under nobody.
    pub(crate) fn put(&mut self, branch: i64, parent: Option<i64>) {
        let before = match parent {
            Some(parent) => {
                self.branches.entry(parent).or_default().insert(branch);
                self.parents.insert(branch, parent)
            }
            None => self.parents.remove(&branch),
        };
        if let Some(before) = before.filter(|before| Some(*before) != parent) {
            self.branches.entry(before).or_default().remove(&branch);
        }
    }

    /// Whether a company may stand under `parent`; else the locale key of why not.
    pub(crate) fn check(&self, branch: i64, parent: i64) -> Result<(), &'static str> {
        let (mut levels, mut at) = (0, Some(parent));
        while let Some(id) = at.filter(|_| levels <= DEEPEST) {
            if id == branch {
                return Err("company-circle");
            }
            levels += 1;
            at = self.parents.get(&id).copied();
        }
        if levels + self.levels_below(branch, DEEPEST) >= DEEPEST { Err("company-too-deep") } else { Ok(()) }
    }

    fn levels_below(&self, id: i64, most: i64) -> i64 {
        if most == 0 {
            return 0;
        }
        let below = self.branches.get(&id).into_iter().flatten().map(|branch| 1 + self.levels_below(*branch, most - 1));
        below.max().unwrap_or(0)
    }
}

/// The whole tree a company stands in, as far as it lies within `scope`, by name.
pub async fn list_branches(tx: &mut Tx, scope: &Scope, id: i64) -> Result<Vec<Branch>, DbError> {
    let Some(top) = list_up(tx, id).await?.pop() else { return Ok(Vec::new()) };
    let mut sql = Sql::new("WITH RECURSIVE down (id, depth) AS (SELECT t.id, 0 FROM companies t WHERE t.id = ");
    sql.bind(top);
    sql.push(" UNION ALL SELECT b.id, down.depth + 1 FROM down JOIN companies b ON b.parent_id = down.id AND b.deleted_at IS NULL WHERE down.depth < ");
    sql.bind(DEEPEST);
    sql.push(") SELECT c.id, c.name, COALESCE(c.city, '') AS city, c.parent_id FROM down JOIN companies c ON c.id = down.id WHERE c.deleted_at IS NULL");
    Reach::of(tx, scope).await?.push_companies(&mut sql, "c");
    sql.push(" ORDER BY down.depth, c.name_key, c.id LIMIT ").bind(SHOWN);
    let read =
        |row: &Row| Ok(Branch { id: row.get("id")?, name: row.get("name")?, city: row.get("city")?, parent_id: row.get("parent_id")? });
    tx.rows_of(&sql).await?.iter().map(read).collect()
}

/// The company and everything below it, of a tree.
pub(super) fn below(tree: &[Branch], id: i64) -> Vec<i64> {
    let mut found = BTreeSet::from([id]);
    // A tree comes by depth: whoever stands below comes later.
    for branch in tree {
        if branch.parent_id.is_some_and(|parent| found.contains(&parent)) {
            found.insert(branch.id);
        }
    }
    found.into_iter().collect()
}

/// Branches by the company they hang on; those whose parent is not among them stand at the top, under 0.
pub(super) fn by_parent(tree: &[Branch]) -> BTreeMap<i64, Vec<&Branch>> {
    let there: BTreeSet<i64> = tree.iter().map(|branch| branch.id).collect();
    let mut found: BTreeMap<i64, Vec<&Branch>> = BTreeMap::new();
    for branch in tree {
        let parent = branch.parent_id.filter(|id| there.contains(id)).unwrap_or(0);
        found.entry(parent).or_default().push(branch);
    }
    found
}
