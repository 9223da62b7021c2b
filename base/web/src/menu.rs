//! The whole navigation as a page (the phone's "More"), and what the command palette finds.

use askama::Template;
use axum::extract::State;
use serde::Deserialize;

use crate::language::Text;
use crate::shell::Found;
use crate::{Answer, Query, Shell, SignedIn, Web};

#[derive(Template)]
#[template(path = "menu.html")]
struct MenuPage {
    shell: Shell,
}

/// GET /menu
pub(crate) async fn menu(_: SignedIn, shell: Shell) -> Answer {
    let page = MenuPage { shell };
    Ok(page.shell.page(&page))
}

#[derive(Template)]
#[template(path = "palette.html", blocks = ["list"])]
struct PalettePage {
    shell: Shell,
    query: String,
    groups: Vec<Group>,
}

struct Group {
    heading: Text,
    found: Vec<Found>,
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    q: String,
}

/// GET /palette
pub(crate) async fn palette(State(web): State<Web>, SignedIn(actor): SignedIn, shell: Shell, Query(asked): Query<Asked>) -> Answer {
    let query = asked.q.trim().to_owned();
    let mut groups = vec![pages(&web, &shell, &query)];
    for finder in web.finders.iter().filter(|f| !query.is_empty() && actor.may(f.permission).is_some()) {
        groups.push(Group { heading: shell.l.t(finder.key), found: finder.find(&web, &actor, &query).await? });
    }
    groups.retain(|group| !group.found.is_empty());
    let page = PalettePage { shell, query, groups };
    Ok(page.shell.show(&page, &page.as_list()))
}

/// The pages of the navigation whose name holds what was typed.
fn pages(web: &Web, shell: &Shell, query: &str) -> Group {
    let wanted = query.to_lowercase();
    let allowed = web.nav.iter().filter(|item| item.permission.is_empty() || shell.may(item.permission));
    let found = allowed
        .map(|item| Found { label: shell.l.t(item.key).to_string(), detail: String::new(), href: item.href.to_owned(), icon: item.icon })
        .filter(|found| found.label.to_lowercase().contains(&wanted));
    Group { heading: shell.l.t("web-palette-pages"), found: found.collect() }
}
