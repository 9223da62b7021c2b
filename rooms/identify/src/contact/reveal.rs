//! Showing one masked address on request: each time on record, and only so often a day.

use askama::Template;
use attune_db::{DbError, Tx, params, sql};
use attune_house::{App, SettingDef, SettingKind, setting_int};
use attune_kernel::DAY_US;
use attune_record::audit;
use attune_web::{Actor, Answer, Can, Path, Problem, Shell, permission, see_other};
use axum::extract::State;
use serde_json::json;

use super::{Contact, ContactId, told};
use crate::ViewContacts;

permission!(RevealAddresses, "identify.address.reveal");

/// How many addresses a member of staff may have shown in 24 hours.
const PER_DAY: &str = "identify.reveals_per_day";
const DEFAULT_PER_DAY: i64 = 30;
/// What the audit log calls it; its index knows the word.
const ACTION: &str = "contact.revealed";

/// What an administrator may change about it.
pub(crate) const SETTINGS: [SettingDef; 1] =
    [SettingDef { key: PER_DAY, label_key: "identify-setting-reveals", kind: SettingKind::Int { min: 0, max: 10_000 }, default: "30" }];

/// Whether whoever looks at the page may have an address of this contact shown.
pub(super) fn may(shell: &Shell, contact: &Contact) -> bool {
    shell.actor.as_ref().and_then(Can::<RevealAddresses>::of).is_some_and(|can| can.scope.covers(contact.owner_id, contact.team_id))
}

/// Where an address is asked for.
pub(super) fn href(id: ContactId, key: &str) -> String {
    format!("/contacts/{id}/reveal/{key}")
}

/// How many more addresses the actor may have shown; none below zero.
async fn left(tx: &mut Tx, actor: &Actor, now: i64) -> Result<i64, DbError> {
    let shown = sql!("SELECT count(*) FROM audit_log WHERE action = 'contact.revealed' AND staff_id = $1 AND at > $2");
    let shown = tx.count(shown, params![actor.staff_id, now - DAY_US]).await?;
    Ok(setting_int(tx, PER_DAY, DEFAULT_PER_DAY).await? - shown)
}

#[derive(Template)]
#[template(path = "contact/reveal.html")]
struct RevealPage {
    shell: Shell,
    id: ContactId,
    name: String,
    label: String,
    value: String,
    href: String,
    left: i64,
}

/// POST /contacts/{id}/reveal/{key}: the page with the one address.
pub(super) async fn reveal(
    State(app): State<App>,
    seen: Can<ViewContacts>,
    can: Can<RevealAddresses>,
    shell: Shell,
    Path((id, key)): Path<(ContactId, String)>,
) -> Answer {
    let mut tx = app.db.begin().await?;
    let contact = super::find(&mut tx, &seen.scope, id.0).await?.ok_or(Problem::NotFound)?;
    if shell.sight().covers(contact.owner_id, contact.team_id) {
        return Ok(see_other(&format!("/contacts/{id}")));
    }
    can.check(contact.owner_id, contact.team_id)?;
    let page = opened(&mut tx, &app, &can, shell, &contact, &key).await?;
    tx.commit().await?;
    Ok(page.shell.page(&page))
}

/// Takes one of the day's showings and writes it down: whose, not what.
async fn opened(
    tx: &mut Tx,
    app: &App,
    can: &Can<RevealAddresses>,
    shell: Shell,
    contact: &Contact,
    key: &str,
) -> Result<RevealPage, Problem> {
    let address = match key {
        "email" => contact.email.as_ref(),
        "phone" => contact.phone.as_ref(),
        _ => None,
    };
    let value = address.ok_or(Problem::NotFound)?.expose().to_owned();
    let left = left(tx, &can.actor, shell.now).await?;
    if left < 1 {
        return Err(Problem::refused("identify-reveal-enough"));
    }
    audit::note(tx, &app.ids, shell.now, &can.actor, ACTION, "contact", contact.id, None, Some(json!({ "shown": key }))).await?;
    let scheme = if key == "email" { "mailto" } else { "tel" };
    Ok(RevealPage {
        id: contact.shown_id(),
        name: super::pages::name_for(&shell, contact),
        label: told::attribute_name(&shell.l, key),
        href: format!("{scheme}:{}", value.replace(' ', "")),
        value,
        left: left - 1,
        shell,
    })
}
