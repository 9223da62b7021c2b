//! Parents and branches. Guards that they make a tree: nobody is a branch of its own branch.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use attune_db::{DbError, Relation, Row, Sql, Tx, params, sql};
use attune_events::append;
use attune_record::audit;
use attune_web::Scope;
use serde_json::json;

use super::store::hold;
use super::{CompanyId, event, find};
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

/// The company and those above it as far as none is deleted, the nearest first.
async fn list_up(tx: &mut Tx, id: i64) -> Result<Vec<i64>, DbError> {
    let select = sql!(
        "WITH RECURSIVE up (id, parent_id, depth) AS (
           SELECT c.id, c.parent_id, 0 FROM companies c WHERE c.id = $1
           UNION ALL SELECT c.id, c.parent_id, up.depth + 1 FROM up JOIN companies c ON c.id = up.parent_id AND c.deleted_at IS NULL
             WHERE up.depth < 100)
         SELECT id FROM up ORDER BY depth"
    );
    tx.rows(select, params![id]).await?.iter().map(|row| row.at(0)).collect()
}

/// Makes `id` a branch of `parent`, or of nobody; its people, its past and its branches go with it. Answers whose it was.
///
/// Errors: [`ContactError::NotFound`] when it is gone or outside `scope`; [`ContactError::Invalid`] (`parent`) when the other is, or when that would make
/// a circle or too deep a tree.
pub async fn set_parent(tx: &mut Tx, by: &By<'_>, scope: &Scope, id: i64, parent: Option<i64>) -> Result<Option<i64>, ContactError> {
    let wrong = |key| Err(ContactError::Invalid { attribute: "parent".to_owned(), key });
    let company = find(tx, scope, id).await?.ok_or(ContactError::NotFound)?;
    if let Some(parent) = parent {
        hold_under(tx, &[id], &[parent]).await?;
        if find(tx, scope, parent).await?.is_none() {
            return wrong("company-parent-gone");
        }
        if let Err(key) = Tree::read(tx, &[id], &[parent]).await?.check(id, parent) {
            return wrong(key);
        }
        if !sharing::may_move(tx, scope, &company, parent).await? {
            return wrong("share-move-not-yours");
        }
    }
    let update = sql!("UPDATE companies SET parent_id = CAST($2 AS BIGINT), updated_at = $3 WHERE id = $1");
    tx.exec(update, params![id, parent, by.now]).await?;
    let told = |parent: Option<i64>| Some(json!({ "parent_id": parent.map(CompanyId) }));
    audit::note(tx, by.ids, by.now, by.actor, "company.updated", "company", id, told(company.parent_id), told(parent)).await?;
    append(tx, &mut [event(by, "company.updated", id).subject("parent_id")]).await?;
    Ok(company.parent_id)
}

/// Holds these companies and all above the companies `under` until the transaction ends. Two moves that together would close a circle both run
/// through the two companies that move: whoever holds them second sees the first.
pub(crate) async fn hold_under(tx: &mut Tx, ids: &[i64], under: &[i64]) -> Result<(), DbError> {
    let mut all = list_above(tx, under).await?;
    all.extend(ids);
    // Everybody takes hold in the same order.
    all.sort_unstable();
    all.dedup();
    hold(tx, &all).await
}

/// These companies and all above them.
async fn list_above(tx: &mut Tx, ids: &[i64]) -> Result<Vec<i64>, DbError> {
    let select = sql!(
        "WITH RECURSIVE up (id, parent_id, depth) AS (
           SELECT c.id, c.parent_id, 0 FROM {rows} AS r JOIN companies c ON c.id = r.id
           UNION SELECT c.id, c.parent_id, up.depth + 1 FROM up JOIN companies c ON c.id = up.parent_id WHERE up.depth < 100)
         SELECT DISTINCT id FROM up"
    );
    tx.rows_from(select, &Relation::of_ids("id", ids.iter().copied()), params![]).await?.iter().map(|row| row.at(0)).collect()
}

/// Who stands under whom, of companies that move with all below them, and of those they move under with all above them: moves are tried here
/// before they are written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    parents: HashMap<i64, i64>,
    branches: HashMap<i64, BTreeSet<i64>>,
}

impl Tree {
    /// All below the companies `moving`, where they stand, and all above the companies `under`.
    pub(crate) async fn read(tx: &mut Tx, moving: &[i64], under: &[i64]) -> Result<Self, DbError> {
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
        let here = sql!("SELECT c.id, c.parent_id FROM {rows} AS r JOIN companies c ON c.id = r.id WHERE c.parent_id IS NOT NULL");
        let mut tree = Self::default();
        for (select, ids) in [(up, under), (down, moving), (here, moving)] {
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
        if levels + self.levels_below(branch, DEEPEST, &HashSet::new()) >= DEEPEST { Err("company-too-deep") } else { Ok(()) }
    }

    /// Whether a company stands below another, however far.
    pub(crate) fn is_below(&self, id: i64, above: i64) -> bool {
        let (mut passed, mut at) = (HashSet::new(), self.parents.get(&id));
        while let Some(parent) = at.filter(|parent| passed.insert(**parent)) {
            if *parent == above {
                return true;
            }
            at = self.parents.get(parent);
        }
        false
    }

    /// Puts what hangs on one company under another, which is then the only one there.
    pub(super) fn join(&mut self, loser: i64, survivor: i64) {
        let branches: Vec<i64> = self.branches.get(&loser).into_iter().flatten().copied().filter(|branch| *branch != survivor).collect();
        branches.into_iter().for_each(|branch| self.put(branch, Some(survivor)));
        self.put(loser, None);
    }

    /// Those on a circle, of these companies and all above them.
    pub(crate) fn circles(&self, from: impl IntoIterator<Item = i64>) -> HashSet<i64> {
        let (mut passed, mut circles) = (HashSet::new(), HashSet::new());
        for start in from {
            let (mut way, mut on_way, mut at) = (Vec::new(), HashSet::new(), Some(start));
            while let Some(id) = at.filter(|id| !passed.contains(id)) {
                if !on_way.insert(id) {
                    circles.extend(way.iter().copied().skip_while(|one| *one != id));
                    break;
                }
                way.push(id);
                at = self.parents.get(&id).copied();
            }
            passed.extend(way);
        }
        circles
    }

    /// Whether a company stands too deep, itself or what hangs on it; what hangs on one of `moved` is asked there.
    pub(crate) fn is_too_deep(&self, branch: i64, moved: &HashSet<i64>) -> bool {
        let (mut levels, mut at) = (0, self.parents.get(&branch));
        while let Some(id) = at.filter(|_| levels <= DEEPEST) {
            levels += 1;
            at = self.parents.get(id);
        }
        levels + self.levels_below(branch, DEEPEST, moved) >= DEEPEST
    }

    fn levels_below(&self, id: i64, most: i64, but: &HashSet<i64>) -> i64 {
        if most == 0 {
            return 0;
        }
        let branches = self.branches.get(&id).into_iter().flatten().filter(|branch| !but.contains(branch));
        branches.map(|branch| 1 + self.levels_below(*branch, most - 1, but)).max().unwrap_or(0)
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
