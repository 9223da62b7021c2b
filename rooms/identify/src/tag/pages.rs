//! The tags under a contact's name, and what the bulk bar of the list does with tags.

use askama::Template;
use attune_db::{DbError, Tx};
use attune_house::App;
use attune_kernel::Fault;
use attune_web::kit::Choice;
use attune_web::{Answer, Can, Flash, Form, FormErrors, Path, Problem, Query, Shell};
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use serde::Deserialize;

use super::{Deed, Tag, TagId, list_page, rules, store};
use crate::EditContacts;
use crate::contact::{self, By, Contact, ContactId};

/// The most tags offered for choosing; any other can be typed.
const OFFERED: i64 = 500;
/// An address of a list longer than this is not kept for the way back from an undo: it would not fit a cookie.
const LONGEST_BACK: usize = 1_000;

/// The routes of this noun.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/contacts/tags/undo", post(undo))
        .route("/contacts/{id}/tags", post(add))
        .route("/contacts/{id}/untag", post(remove))
        .merge(list_page::routes())
}

/// The tags to choose from, by name; `chosen` is among them even where there are more than are offered.
pub(crate) async fn choices(tx: &mut Tx, chosen: Option<&Tag>) -> Result<Vec<Choice>, DbError> {
    let mut tags = store::list(tx, OFFERED).await?;
    tags.extend(chosen.filter(|chosen| !tags.contains(chosen)).cloned());
    Ok(tags.into_iter().map(|tag| Choice::new(tag.id, tag.name)).collect())
}

/// Names as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct TagsForm {
    tags: String,
}

impl TagsForm {
    fn check(&self) -> Result<Vec<String>, FormErrors> {
        let mut errors = FormErrors::new();
        let names = rules::names(&self.tags).unwrap_or_else(|why| {
            errors.add("tags", why);
            Vec::new()
        });
        if errors.is_empty() && names.is_empty() {
            errors.add("tags", "web-required");
        }
        errors.or(names)
    }
}

/// The tags of a contact with the means to change them.
#[derive(Template)]
#[template(path = "tag/head.html")]
struct HeadPart<'a> {
    shell: &'a Shell,
    id: ContactId,
    tags: Vec<Tag>,
    known: Vec<Choice>,
    form: TagsForm,
    errors: FormErrors,
    can_edit: bool,
}

/// The tags under the name of a contact, ready to be shown.
pub(crate) async fn head(tx: &mut Tx, shell: &Shell, id: ContactId) -> Result<String, Fault> {
    let tags = store::list_of(tx, &[id.0]).await?.into_iter().map(|(_, tag)| tag).collect();
    let can_edit = shell.may("identify.contact.edit");
    let known = if can_edit { choices(tx, None).await? } else { Vec::new() };
    Ok(HeadPart { shell, id, tags, known, form: TagsForm::default(), errors: FormErrors::new(), can_edit }.render()?)
}

#[derive(Template)]
#[template(path = "tag/form.html", blocks = ["form"])]
struct FormPage {
    shell: Shell,
    id: ContactId,
    name: String,
    known: Vec<Choice>,
    form: TagsForm,
    errors: FormErrors,
}

/// The form again, with what is wrong in it.
async fn again(mut tx: Tx, shell: Shell, person: &Contact, form: TagsForm, errors: FormErrors) -> Answer {
    let (name, known) = (contact::name_of(&shell.l, person), choices(&mut tx, None).await?);
    let page = FormPage { shell, id: person.shown_id(), name, known, form, errors };
    Ok(page.shell.again(&page, &page.as_form()))
}

async fn add(
    State(app): State<App>,
    can: Can<EditContacts>,
    shell: Shell,
    Path(id): Path<ContactId>,
    Form(form): Form<TagsForm>,
) -> Answer {
    let mut tx = app.db.begin().await?;
    let person = contact::find(&mut tx, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    let names = match form.check() {
        Ok(names) => names,
        Err(errors) => return again(tx, shell, &person, form, errors).await,
    };
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let tags = super::find_or_create(&mut tx, &by, &names, None).await?;
    let changed = super::change(&mut tx, &by, Deed::Add, &super::pairs(&[id.0], &tags)).await?;
    tx.commit().await?;
    let back = format!("/contacts/{id}");
    Ok(shell.leave(&back, said(&by, Deed::Add, &names, changed, &back)))
}

/// The tag to be taken away.
#[derive(Clone, Copy, Debug, Deserialize)]
struct UntagForm {
    tag: TagId,
}

async fn remove(
    State(app): State<App>,
    can: Can<EditContacts>,
    shell: Shell,
    Path(id): Path<ContactId>,
    Form(form): Form<UntagForm>,
) -> Answer {
    let mut tx = app.db.begin().await?;
    contact::find(&mut tx, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    let tag = store::find(&mut tx, form.tag).await?.ok_or(Problem::NotFound)?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let changed = super::change(&mut tx, &by, Deed::Remove, &[(id.0, tag.id)]).await?;
    tx.commit().await?;
    let back = format!("/contacts/{id}");
    Ok(shell.leave(&back, said(&by, Deed::Remove, &[tag.name], changed, &back)))
}

/// What became of it, with the way to take it back when something changed; `back` is where that leads.
fn said(by: &By<'_>, deed: Deed, names: &[String], changed: usize, back: &str) -> Flash {
    let key = match (deed, changed) {
        (Deed::Add, 0) => "tag-had-already",
        (Deed::Remove, 0) => "tag-had-not",
        (Deed::Add, _) => "tag-added",
        (Deed::Remove, _) => "tag-removed",
    };
    let flash = Flash::good(key).s("name", names.join(", ")).n("count", i64::try_from(changed).unwrap_or(0));
    if changed == 0 {
        return flash;
    }
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("at", &by.now.to_string())
        .append_pair("back", if back.len() > LONGEST_BACK { "/contacts" } else { back })
        .finish();
    flash.undo(format!("/contacts/tags/undo?{query}"))
}

/// Does it for the people of a selection; `back` is the address of the list.
pub(crate) async fn bulk(by: &By<'_>, shell: &Shell, mut tx: Tx, (deed, people): (Deed, &[i64]), (typed, back): (&str, &str)) -> Answer {
    let names = match rules::names(typed) {
        Ok(names) if names.is_empty() => return Ok(shell.leave(back, Flash::bad("tag-type-first"))),
        Ok(names) => names,
        Err(why) => return Ok(shell.leave(back, Flash::bad(why))),
    };
    let tags = match deed {
        Deed::Add => super::find_or_create(&mut tx, by, &names, None).await?,
        Deed::Remove => store::list_by_names(&mut tx, &names).await?,
    };
    let changed = super::change(&mut tx, by, deed, &super::pairs(people, &tags)).await?;
    tx.commit().await?;
    Ok(shell.leave(back, said(by, deed, &names, changed, back)))
}

/// Which deed to take back, and where to go then.
#[derive(Clone, Debug, Deserialize)]
struct UndoQuery {
    at: i64,
    #[serde(default)]
    back: String,
}

async fn undo(State(app): State<App>, can: Can<EditContacts>, shell: Shell, Query(query): Query<UndoQuery>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    super::undo(&mut tx, &by, &can.scope, query.at).await?;
    tx.commit().await?;
    let back = if query.back.starts_with("/contacts") { query.back.as_str() } else { "/contacts" };
    Ok(shell.leave(back, Flash::good("identify-undone")))
}
