//! The navigation and the command palette: what rooms announce, what an actor may see of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use attune_kernel::{Fault, SECOND_US};
use futures::future::BoxFuture;

use super::Shell;
use crate::access::Actor;
use crate::language::Text;
use crate::{Problem, Web};

/// How long a count in the navigation may be shown before it is read again, µs.
const COUNT_AGE_US: i64 = 15 * SECOND_US;

type ReadCount = dyn Fn(Web, Actor) -> BoxFuture<'static, Result<i64, Fault>> + Send + Sync;
type ReadFound = dyn Fn(Web, Actor, String) -> BoxFuture<'static, Result<Vec<Found>, Fault>> + Send + Sync;

/// One page in the navigation, as a room announces it.
#[derive(Clone)]
pub struct NavItem {
    /// The text of the group's heading; empty for items above all groups.
    pub group_key: &'static str,
    /// The text of the item.
    pub key: &'static str,
    /// The address.
    pub href: &'static str,
    /// The icon's name in the sprite.
    pub icon: &'static str,
    /// The place: small first; a group stands where its first item stands.
    pub order: i32,
    /// The permission that shows it; empty for everybody signed in.
    pub permission: &'static str,
    /// The letter after `G` that leads here; a space for none.
    pub go: char,
    /// The number at the end of the line.
    pub count: Option<NavCount>,
    /// Whether it is one of the four in the phone's tab bar.
    pub phone: bool,
    /// Whether it stands beside the settings instead: what is set up once and seldom looked at.
    pub settings: bool,
}

impl NavItem {
    /// An item without letter and count.
    pub fn new(
        group_key: &'static str,
        key: &'static str,
        href: &'static str,
        icon: &'static str,
        order: i32,
        permission: &'static str,
    ) -> Self {
        Self { group_key, key, href, icon, order, permission, go: ' ', count: None, phone: false, settings: false }
    }

    /// Gives it the letter after `G`.
    #[must_use]
    pub fn go(mut self, letter: char) -> Self {
        self.go = letter.to_ascii_uppercase();
        self
    }

    /// Puts it beside the settings.
    #[must_use]
    pub fn among_settings(mut self) -> Self {
        self.settings = true;
        self
    }

    /// Gives it a number.
    #[must_use]
    pub fn count(mut self, count: NavCount) -> Self {
        self.count = Some(count);
        self
    }

    /// Puts it into the phone's tab bar.
    #[must_use]
    pub fn phone(mut self) -> Self {
        self.phone = true;
        self
    }
}

/// A number in the navigation, read at most every 15 s per person.
#[derive(Clone)]
pub struct NavCount {
    read: Arc<ReadCount>,
    seen: Arc<Mutex<HashMap<i64, (i64, i64)>>>,
}

impl NavCount {
    /// A number that `read` fetches for an actor; 0 is not shown.
    pub fn new<F>(read: F) -> Self
    where
        F: Fn(Web, Actor) -> BoxFuture<'static, Result<i64, Fault>> + Send + Sync + 'static,
    {
        Self { read: Arc::new(read), seen: Arc::default() }
    }

    async fn get(&self, web: &Web, actor: &Actor) -> Result<i64, Fault> {
        let now = web.clock.now();
        let known = self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(&actor.staff_id).copied();
        if let Some((_, value)) = known.filter(|(at, _)| now - at < COUNT_AGE_US) {
            return Ok(value);
        }
        let value = (self.read)(web.clone(), actor.clone()).await?;
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(actor.staff_id, (now, value));
        Ok(value)
    }
}

/// A line of the navigation as the template draws it.
#[derive(Clone, Debug)]
pub struct NavView {
    /// The heading above it, at the first item of a group.
    pub heading: Option<Text>,
    /// The words.
    pub label: Text,
    /// The address.
    pub href: &'static str,
    /// The icon's name.
    pub icon: &'static str,
    /// The letter after `G`; empty for none.
    pub go: String,
    /// The number at the end of the line; `None` for none.
    pub count: Option<Text>,
    /// Whether the page belongs to this item.
    pub current: bool,
    /// Whether it is in the phone's tab bar.
    pub phone: bool,
}

/// The group an item stands in: rooms whose headings read the same share one.
fn group_of<'a>(headings: &'a HashMap<&str, Text>, item: &NavItem) -> &'a str {
    headings.get(item.group_key).map_or("", |heading| heading.as_str())
}

/// The navigation of `shell`'s actor in order, and what stands beside the settings; both empty for somebody signed out.
pub(crate) async fn views(web: &Web, shell: &Shell) -> Result<(Vec<NavView>, Vec<NavView>), Problem> {
    let Some(actor) = &shell.actor else { return Ok((Vec::new(), Vec::new())) };
    let items: Vec<&NavItem> = web.nav.iter().filter(|i| i.permission.is_empty() || actor.may(i.permission).is_some()).collect();
    // A page beside the settings lies under none of the others, whatever its address.
    let here = current(items.iter().map(|i| i.href), &shell.path);
    let (settings, nav) = items.into_iter().partition(|item: &&NavItem| item.settings);
    Ok((listed(web, (shell, actor), nav, here).await?, listed(web, (shell, actor), settings, here).await?))
}

/// The items as lines under their headings.
async fn listed(
    web: &Web,
    (shell, actor): (&Shell, &Actor),
    mut items: Vec<&NavItem>,
    here: Option<&str>,
) -> Result<Vec<NavView>, Problem> {
    let headings: HashMap<&str, Text> =
        items.iter().filter(|i| !i.group_key.is_empty()).map(|i| (i.group_key, shell.l.t(i.group_key))).collect();
    let mut place: HashMap<&str, i32> = HashMap::new();
    for item in &items {
        let first = place.entry(group_of(&headings, item)).or_insert(item.order);
        *first = item.order.min(*first);
    }
    items.sort_by_key(|i| (!i.group_key.is_empty(), place.get(group_of(&headings, i)).copied().unwrap_or(0), i.order));
    let mut group = "";
    let mut views = Vec::with_capacity(items.len());
    for item in items {
        let heading = (group_of(&headings, item) != group).then(|| shell.l.t(item.group_key));
        group = group_of(&headings, item);
        let count = match &item.count {
            Some(count) => Some(count.get(web, actor).await?).filter(|n| *n > 0).map(|n| shell.l.count(n)),
            None => None,
        };
        views.push(NavView {
            heading,
            label: shell.l.t(item.key),
            href: item.href,
            icon: item.icon,
            go: item.go.to_string().trim().to_owned(),
            count,
            current: here == Some(item.href),
            phone: item.phone,
        });
    }
    Ok(views)
}

/// The longest of `hrefs` that `path` is or lies beneath.
fn current<'a>(hrefs: impl Iterator<Item = &'a str>, path: &str) -> Option<&'a str> {
    let covers = |href: &str| path == href || (href != "/" && path.strip_prefix(href).is_some_and(|rest| rest.starts_with('/')));
    hrefs.filter(|href| covers(href)).max_by_key(|href| href.len())
}

/// Something the command palette found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The words.
    pub label: String,
    /// What else tells it apart, e.g. the company; may be empty.
    pub detail: String,
    /// The address.
    pub href: String,
    /// The icon's name.
    pub icon: &'static str,
}

/// Lets the command palette find a room's records.
#[derive(Clone)]
pub struct Finder {
    /// The text of the heading, e.g. Contacts.
    pub key: &'static str,
    /// The permission that allows to look.
    pub permission: &'static str,
    find: Arc<ReadFound>,
}

impl Finder {
    /// A finder; `find` gets the words typed (never empty) and answers with at most eight records the actor may see.
    pub fn new<F>(key: &'static str, permission: &'static str, find: F) -> Self
    where
        F: Fn(Web, Actor, String) -> BoxFuture<'static, Result<Vec<Found>, Fault>> + Send + Sync + 'static,
    {
        Self { key, permission, find: Arc::new(find) }
    }

    pub(crate) async fn find(&self, web: &Web, actor: &Actor, words: &str) -> Result<Vec<Found>, Fault> {
        (self.find)(web.clone(), actor.clone(), words.to_owned()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_fitting_address_is_current() {
        let hrefs = ["/", "/contacts", "/contacts/import", "/companies"];
        let at = |path: &str| current(hrefs.into_iter(), path);
        assert_eq!(at("/"), Some("/"));
        assert_eq!(at("/contacts/con_1"), Some("/contacts"));
        assert_eq!(at("/contacts/import/2"), Some("/contacts/import"));
        assert_eq!(at("/contactsx"), None);
    }
}
