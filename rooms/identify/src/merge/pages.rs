//! The page where two records are laid side by side and merged, and the block on the contact page that splits them again.

use askama::Template;
use attune_db::{DbError, Tx};
use attune_house::{App, Panel, Place};
use attune_web::{Answer, Can, Flash, Form, Lang, Path, PermissionDef, Problem, Query, Shell, permission};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};

use super::versus::{Evidence, MergeForm, MergePage, PairQuery, Side, Speech, Words};
use super::{Merge, MergeId, Pair, closed, find_both, list_of, merge, split_any, units};
use crate::company::CompanyId;
use crate::contact::{self, By, Contact, ContactId};
use crate::duplicate::{self, Asker, Known};
use crate::field::{self, Subject};
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

const SPEECH: Speech = Speech {
    title: "merge-title",
    text: "merge-text",
    follows: "merge-follows",
    home: ("/contacts/duplicates", "duplicate-title"),
    action: "/contacts/merge",
};

async fn page(State(app): State<App>, can: Can<MergeContacts>, shell: Shell, Query(query): Query<PairQuery<ContactId>>) -> Answer {
    let mut tx = app.db.read().await?;
    let pair = Pair { survivor: query.survivor.0, loser: query.loser.0 };
    let both = find_both(&mut tx, &can.scope, pair).await?;
    let page = side_by_side(&mut tx, &can, shell, both).await?;
    Ok(page.shell.page(&page))
}

async fn side_by_side(
    tx: &mut Tx,
    can: &Can<MergeContacts>,
    shell: Shell,
    (mut survivor, mut loser): (Contact, Contact),
) -> Result<MergePage, DbError> {
    let known = duplicate::find_known::<Contact>(tx, survivor.id, loser.id).await?;
    let (fields, owners) = (field::list(tx).await?, staff::names(&staff::list(tx).await?));
    // By what is kept: two that are hidden look the same, and whoever is gone looks like nobody.
    let closed = closed(tx, &can.actor, &survivor, &loser).await?;
    let (differing, shared) = (units::differing(&survivor, &loser), units::shared(&survivor, &loser));
    let suggested = &units::suggested(&survivor, &loser) - &closed;
    let scope = field::reference::scope_of(&can.actor).unwrap_or(can.scope);
    let both = [&mut survivor, &mut loser].map(|one| (one.id, &mut one.fields));
    field::reference::show(tx, (&scope, &shell.sight()), &fields, both).await?;
    let (lines, shared) = {
        let names = |contact: &Contact, unit: &str| match unit {
            "company" => Some(contact.company_name.clone().unwrap_or_default()),
            "stage" => Some(shell.l.t(contact.stage.label_key()).to_string()),
            "owner_id" => Some(contact.owner_id.and_then(|id| owners.get(&id).cloned()).unwrap_or_default()),
            _ => None,
        };
        let words = Words { l: &shell.l, sight: shell.sight(), fields, names: &names };
        (words.lines((&survivor, &loser), differing, &suggested, &closed), words.shared(&survivor, &shared))
    };
    let evidence = known.map(|known| Evidence::new::<Contact>(&shell.l, &known, (survivor.id, loser.id)));
    let swap = address(loser.id, survivor.id);
    let (survivor, loser) = (side(tx, &shell.l, survivor).await?, side(tx, &shell.l, loser).await?);
    Ok(MergePage { speech: &SPEECH, survivor, loser, lines, shared, evidence, swap, shell })
}

async fn side(tx: &mut Tx, l: &Lang, contact: Contact) -> Result<Side, DbError> {
    let events = contact::count_events(tx, contact.id).await?;
    Ok(Side {
        id: contact.id,
        shown_id: contact.shown_id().to_string(),
        name: contact::name_of(l, &contact),
        href: format!("/contacts/{}", contact.shown_id()),
        created_at: contact.created_at,
        amount: l.of("merge-events").n("count", events).to_string(),
    })
}

async fn act(State(app): State<App>, can: Can<MergeContacts>, shell: Shell, Form(form): Form<MergeForm<ContactId>>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let pair = Pair { survivor: form.survivor.0, loser: form.loser.0 };
    let id = merge(&mut tx, &by, &can.scope, &app.house().contact_tables, pair, &form.chosen()).await?;
    tx.commit().await?;
    Ok(shell.leave(&format!("/contacts/{}", form.survivor), Flash::good("merge-done").undo(format!("/merges/{id}/split"))))
}

async fn take_back(State(app): State<App>, can: Can<MergeContacts>, shell: Shell, Path(id): Path<MergeId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let (subject, pair) = split_any(&mut tx, &app, &by, &can.scope, id).await?;
    tx.commit().await?;
    Ok(match subject {
        Subject::Contact => shell.leave(&format!("/contacts/{}", ContactId(pair.survivor)), Flash::good("merge-split-done")),
        Subject::Company => shell.leave(&format!("/companies/{}", CompanyId(pair.survivor)), Flash::good("company-split-done")),
    })
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
    let asker = Asker { actor: &can.actor, scope: &can.scope };
    let found = duplicate::list_of::<Contact>(&mut tx, asker, id.0).await?;
    // Who was another's before is named to him, and to whoever sees both.
    let mut merges = list_of(&mut tx, Subject::Contact, id.0).await?;
    merges.retain(|merge| can.scope.covers(merge.owner_id, merge.team_id));
    let likely = |(person, known): (Contact, Known)| Likely {
        name: contact::name_of(&shell.l, &person),
        likeness: known.share(&shell.l),
        href: address(contact.id.min(person.id), contact.id.max(person.id)),
    };
    let (name, likely) = (contact::name_of(&shell.l, &contact), found.into_iter().map(likely).collect());
    let page = PanelPage { name, contact_href: format!("/contacts/{id}"), likely, merges, shell };
    Ok(page.shell.show(&page, &page.as_part()))
}
