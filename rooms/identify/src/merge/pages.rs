//! The page where two records are laid side by side and merged, and the block on the contact page that splits them again.

use std::collections::{BTreeSet, HashMap};

use askama::Template;
use attune_db::{DbError, Tx};
use attune_house::{App, Panel, Place};
use attune_web::{Answer, Can, Flash, Form, Lang, Path, PermissionDef, Problem, Query, Shell, Sight, permission};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::{Merge, MergeId, Pair, closed, find_both, list_of, merge, split, units};
use crate::contact::{self, By, Contact, ContactId};
use crate::duplicate::{self, Known, Reason};
use crate::field::{self, Field};
use crate::staff;

permission!(MergeContacts, "identify.contact.merge");

/// The permissions of this noun.
pub(crate) fn permissions() -> Vec<PermissionDef> {
    use attune_web::Grant::{All, Own, Team};
    vec![PermissionDef { key: "identify.contact.merge", label_key: "merge-permission", admin: All, manager: Team, agent: Own }]
}

/// The routes of this noun.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/contacts/merge", get(page).post(act))
        .route("/contacts/{id}/same", get(of_contact))
        .route("/merges/{id}/split", post(take_back))
}

/// The block on the contact page.
pub(crate) fn panel() -> Panel {
    Panel {
        key: "identify.same",
        title_key: "merge-panel",
        href: |id| format!("/contacts/{}/same", ContactId(id)),
        order: 70,
        permission: "identify.contact.merge",
        place: Place::Aside,
    }
}

/// The address of the page that lays two records side by side.
pub(crate) fn address(survivor: i64, loser: i64) -> String {
    format!("/contacts/merge?survivor={}&loser={}", ContactId(survivor), ContactId(loser))
}

/// Which two, as the address says.
#[derive(Clone, Copy, Debug, Deserialize)]
struct PairQuery {
    survivor: ContactId,
    loser: ContactId,
}

impl PairQuery {
    fn pair(self) -> Pair {
        Pair { survivor: self.survivor.0, loser: self.loser.0 }
    }
}

/// One of the two.
struct Side {
    contact: Contact,
    name: String,
    events: i64,
}

/// An attribute in which the two differ.
struct Line {
    unit: String,
    label: String,
    own: String,
    other: String,
    takes_other: bool,
    /// There is no choice: it names somebody the reader does not see.
    is_closed: bool,
}

#[derive(Template)]
#[template(path = "merge/page.html")]
struct MergePage {
    shell: Shell,
    survivor: Side,
    loser: Side,
    lines: Vec<Line>,
    shared: Vec<(String, String)>,
    known: Option<Known>,
    reasons: Vec<Reason>,
    swap: String,
}

/// How attributes are told to people.
struct Words<'a> {
    l: &'a Lang,
    sight: Sight,
    fields: Vec<Field>,
    owners: HashMap<i64, String>,
}

impl Words<'_> {
    fn custom(&self, unit: &str) -> Option<&Field> {
        unit.strip_prefix("f:").and_then(|key| self.fields.iter().find(|field| field.key == key))
    }

    fn label(&self, unit: &str) -> String {
        self.custom(unit).map_or_else(|| contact::attribute_name(self.l, unit), |field| field.label.clone())
    }

    /// The value, or the word for none.
    fn choice(&self, contact: &Contact, unit: &str) -> String {
        Some(self.value(contact, unit)).filter(|value| !value.is_empty()).unwrap_or_else(|| self.l.t("merge-nothing").to_string())
    }

    fn value(&self, contact: &Contact, unit: &str) -> String {
        match unit {
            "company" => contact.company_name.clone().unwrap_or_default(),
            "stage" => self.l.t(contact.stage.label_key()).to_string(),
            "owner_id" => contact.owner_id.and_then(|id| self.owners.get(&id).cloned()).unwrap_or_default(),
            unit => {
                let value = units::value(contact, unit, &self.sight);
                self.custom(unit).map_or_else(|| field::shown(self.l, &value), |field| field.shown(self.l, &value))
            }
        }
    }
}

async fn page(State(app): State<App>, can: Can<MergeContacts>, shell: Shell, Query(query): Query<PairQuery>) -> Answer {
    let mut tx = app.db.read().await?;
    let both = find_both(&mut tx, &can.scope, query.pair()).await?;
    let page = side_by_side(&mut tx, &can, shell, both).await?;
    Ok(page.shell.page(&page))
}

async fn side_by_side(
    tx: &mut Tx,
    can: &Can<MergeContacts>,
    shell: Shell,
    (mut survivor, mut loser): (Contact, Contact),
) -> Result<MergePage, DbError> {
    let known = duplicate::find_known(tx, survivor.id, loser.id).await?;
    let (fields, owners) = (field::list(tx).await?, staff::names(&staff::list(tx).await?));
    // By what is kept: two that are hidden look the same, and whoever is gone looks like nobody.
    let closed = closed(tx, &can.actor, &survivor, &loser).await?;
    let (differing, shared) = (units::differing(&survivor, &loser), units::shared(&survivor, &loser));
    let suggested = &units::suggested(&survivor, &loser) - &closed;
    let scope = field::reference::scope_of(&can.actor).unwrap_or(can.scope);
    let both = [&mut survivor, &mut loser].map(|one| (one.id, &mut one.fields));
    field::reference::show(tx, (&scope, &shell.sight()), &fields, both).await?;
    let words = Words { l: &shell.l, sight: shell.sight(), fields, owners };
    let line = |unit: String| Line {
        label: words.label(&unit),
        own: words.choice(&survivor, &unit),
        other: words.choice(&loser, &unit),
        takes_other: suggested.contains(&unit),
        is_closed: closed.contains(&unit),
        unit,
    };
    let lines = differing.into_iter().map(line).collect();
    let shared =
        shared.iter().map(|unit| (words.label(unit), words.value(&survivor, unit))).filter(|(_, value)| !value.is_empty()).collect();
    let reasons = known.as_ref().map_or_else(Vec::new, |known| known.reasons(&shell.l));
    let swap = address(loser.id, survivor.id);
    let (survivor, loser) = (side(tx, &shell.l, survivor).await?, side(tx, &shell.l, loser).await?);
    Ok(MergePage { survivor, loser, lines, shared, known, reasons, swap, shell })
}

async fn side(tx: &mut Tx, l: &Lang, contact: Contact) -> Result<Side, DbError> {
    let events = contact::count_events(tx, contact.id).await?;
    Ok(Side { name: contact::name_of(l, &contact), events, contact })
}

/// What was chosen: `survivor`, `loser`, and per attribute in which they differ `take:<unit>` with whose value stays.
#[derive(Debug, Deserialize)]
struct MergeForm {
    survivor: ContactId,
    loser: ContactId,
    #[serde(flatten)]
    chosen: HashMap<String, String>,
}

impl MergeForm {
    fn take(&self) -> BTreeSet<String> {
        let others = self.chosen.iter().filter(|(_, whose)| *whose == "other");
        others.filter_map(|(name, _)| name.strip_prefix("take:").map(str::to_owned)).collect()
    }
}

async fn act(State(app): State<App>, can: Can<MergeContacts>, shell: Shell, Form(form): Form<MergeForm>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let pair = Pair { survivor: form.survivor.0, loser: form.loser.0 };
    let id = merge(&mut tx, &by, &can.scope, &app.house().contact_tables, pair, &form.take()).await?;
    tx.commit().await?;
    Ok(shell.leave(&format!("/contacts/{}", form.survivor), Flash::good("merge-done").undo(format!("/merges/{id}/split"))))
}

async fn take_back(State(app): State<App>, can: Can<MergeContacts>, shell: Shell, Path(id): Path<MergeId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let pair = split(&mut tx, &by, &can.scope, &app.house().contact_tables, id).await?;
    tx.commit().await?;
    Ok(shell.leave(&format!("/contacts/{}", ContactId(pair.survivor)), Flash::good("merge-split-done")))
}

/// Somebody who may be the same person.
struct Likely {
    name: String,
    likeness: String,
    href: String,
}

#[derive(Template)]
#[template(path = "merge/panel.html", blocks = ["part"])]
struct PanelPage {
    shell: Shell,
    name: String,
    contact_href: String,
    likely: Vec<Likely>,
    merges: Vec<Merge>,
}

async fn of_contact(State(app): State<App>, can: Can<MergeContacts>, shell: Shell, Path(id): Path<ContactId>) -> Answer {
    let mut tx = app.db.read().await?;
    let contact = contact::find(&mut tx, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    let found = duplicate::list_of(&mut tx, &can.scope, id.0).await?;
    // Who was another's before is named to him, and to whoever sees both.
    let merges = list_of(&mut tx, id.0).await?.into_iter().filter(|merge| can.scope.covers(merge.owner_id, merge.team_id)).collect();
    let likely = |(person, known): (Contact, Known)| Likely {
        name: contact::name_of(&shell.l, &person),
        likeness: known.share(&shell.l),
        href: address(contact.id.min(person.id), contact.id.max(person.id)),
    };
    let page = PanelPage {
        name: contact::name_of(&shell.l, &contact),
        contact_href: format!("/contacts/{id}"),
        likely: found.into_iter().map(likely).collect(),
        merges,
        shell,
    };
    Ok(page.shell.show(&page, &page.as_part()))
}

impl MergePage {
    fn sides(&self) -> [&Side; 2] {
        [&self.survivor, &self.loser]
    }

    fn may_part(&self) -> bool {
        self.known.as_ref().is_some_and(|known| !known.is_apart)
    }

    fn apart_href(&self) -> String {
        duplicate::pages::apart_address(self.survivor.contact.id, self.loser.contact.id)
    }

    fn family_href(&self) -> String {
        self.apart_href().replace("/apart?", "/family?")
    }
}
