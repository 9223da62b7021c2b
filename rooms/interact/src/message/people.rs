//! The people behind a figure of a mailing, as a page.

use askama::Template;
use attune_house::App;
use attune_web::{Can, Lang, Problem, Shell};
use serde::Deserialize;

use super::arbiter::Reason;
use super::{Mailing, Outcome, PeoplePage, Recipient, list_people};
use crate::choices;
use crate::room::ViewMail;

/// How many people a page holds.
const PAGE: i64 = 50;

/// Which people.
#[derive(Default, Deserialize)]
pub(crate) struct PeopleFilter {
    #[serde(default)]
    what: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    after: i64,
}

/// Where the page stands.
pub(crate) struct Place {
    /// What the figure belongs to.
    pub(crate) parent: String,
    /// Where that is.
    pub(crate) parent_href: String,
    /// The page's own address, up to where the filter is written.
    pub(crate) base: String,
}

#[derive(Template)]
#[template(path = "message/people.html")]
pub(crate) struct PeopleView {
    pub(crate) shell: Shell,
    place: Place,
    outcome: Outcome,
    reason: Option<Reason>,
    people: Vec<Recipient>,
    next: Option<String>,
}

impl PeopleView {
    fn reason_of(&self, l: &Lang, person: &Recipient) -> String {
        match person.reason.as_deref() {
            Some(word) => Reason::of(word).map_or_else(|| choices::plain_reason(l, word), |reason| l.t(&reason.key()).to_string()),
            None => String::new(),
        }
    }
}

/// Lists the people of a mailing; nobody while there is none.
pub(crate) async fn people_view(
    app: &App,
    can: &Can<ViewMail>,
    shell: Shell,
    mailing: Option<&Mailing>,
    place: Place,
    filter: &PeopleFilter,
) -> Result<PeopleView, Problem> {
    let outcome = Outcome::of(&filter.what).unwrap_or(Outcome::Planned);
    let reason = Reason::of(&filter.reason);
    let mut page = PeoplePage::default();
    if let Some(mailing) = mailing {
        let mut tx = app.db.read().await?;
        let seen = can.actor.may("identify.contact.view").ok_or(Problem::Forbidden { permission: "identify.contact.view" })?;
        page = list_people(&mut tx, mailing, (outcome, reason), (&[can.scope, *seen], &shell.sight()), filter.after, PAGE).await?;
    }
    let next = page.after.map(|after| format!("{}what={}&reason={}&after={after}", place.base, outcome.word(), filter.reason));
    Ok(PeopleView { shell, place, outcome, reason, people: page.people, next })
}
