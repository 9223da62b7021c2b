//! The tags under the name of a contact or a company, and what the bulk bar of the list does with tags.

use askama::Template;
use attune_db::{DbError, Tx};
use attune_house::App;
use attune_kernel::Fault;
use attune_web::kit::Choice;
use attune_web::{Answer, Can, Flash, Form, FormErrors, Path, Problem, Query, Scope, Shell};
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use serde::Deserialize;

use super::{Deed, Tag, TagId, list_page, rules, store};
use crate::EditContacts;
use crate::company::{self, CompanyId};
use crate::contact::{self, By, ContactId};
use crate::field::Subject;

/// The most tags offered for choosing; any other can be typed.
const OFFERED: i64 = 500;

/// The routes of this noun.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/contacts/tags/undo", post(|app, can, shell, query| undo(Subject::Contact, app, can, shell, query)))
        .route("/contacts/{id}/tags", post(|app, can, shell, Path(id): Path<ContactId>, form| add(app, can, shell, Holder::from(id), form)))
        .route(
            "/contacts/{id}/untag",
            post(|app, can, shell, Path(id): Path<ContactId>, form| remove(app, can, shell, Holder::from(id), form)),
        )
        .route("/companies/tags/undo", post(|app, can, shell, query| undo(Subject::Company, app, can, shell, query)))
        .route(
            "/companies/{id}/tags",
            post(|app, can, shell, Path(id): Path<CompanyId>, form| add(app, can, shell, Holder::from(id), form)),
        )
        .route(
            "/companies/{id}/untag",
            post(|app, can, shell, Path(id): Path<CompanyId>, form| remove(app, can, shell, Holder::from(id), form)),
        )
        .merge(list_page::routes())
}

/// What has tags.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holder {
    subject: Subject,
    id: i64,
}

impl From<ContactId> for Holder {
    fn from(id: ContactId) -> Self {
        Self { subject: Subject::Contact, id: id.0 }
    }
}

impl From<CompanyId> for Holder {
    fn from(id: CompanyId) -> Self {
        Self { subject: Subject::Company, id: id.0 }
    }
}

impl Holder {
    /// The address of its page.
    fn href(self) -> String {
        match self.subject {
            Subject::Contact => format!("/contacts/{}", ContactId(self.id)),
            Subject::Company => format!("/companies/{}", CompanyId(self.id)),
        }
    }

    /// What it is called, if it is there and within `scope`.
    async fn name(self, tx: &mut Tx, shell: &Shell, scope: &Scope) -> Result<String, Problem> {
        let name = match self.subject {
            Subject::Contact => contact::find(tx, scope, self.id).await?.map(|person| contact::name_of(&shell.l, &person)),
            Subject::Company => company::find(tx, scope, self.id).await?.map(|company| company.name),
        };
        name.ok_or(Problem::NotFound)
    }
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

/// The tags of a record with the means to change them.
#[derive(Template)]
#[template(path = "tag/head.html")]
struct HeadPart<'a> {
    shell: &'a Shell,
    /// The address of the list.
    list: &'static str,
    /// The address of the record.
    href: String,
    tags: Vec<Tag>,
    known: Vec<Choice>,
    form: TagsForm,
    errors: FormErrors,
    can_edit: bool,
}

/// The tags under the name of a record, ready to be shown.
pub(crate) async fn head(tx: &mut Tx, shell: &Shell, holder: Holder) -> Result<String, Fault> {
    let tags = store::list_of(tx, &[holder.id]).await?.into_iter().map(|(_, tag)| tag).collect();
    let can_edit = shell.may("identify.contact.edit");
    let known = if can_edit { choices(tx, None).await? } else { Vec::new() };
    let (list, href) = (holder.subject.home(), holder.href());
    Ok(HeadPart { shell, list, href, tags, known, form: TagsForm::default(), errors: FormErrors::new(), can_edit }.render()?)
}

#[derive(Template)]
#[template(path = "tag/form.html", blocks = ["form"])]
struct FormPage {
    shell: Shell,
    href: String,
    name: String,
    known: Vec<Choice>,
    form: TagsForm,
    errors: FormErrors,
}

async fn add(State(app): State<App>, can: Can<EditContacts>, shell: Shell, holder: Holder, Form(form): Form<TagsForm>) -> Answer {
    let mut tx = app.db.begin().await?;
    let name = holder.name(&mut tx, &shell, &can.scope).await?;
    let names = match form.check() {
        Ok(names) => names,
        Err(errors) => {
            let known = choices(&mut tx, None).await?;
            let page = FormPage { shell, href: holder.href(), name, known, form, errors };
            return Ok(page.shell.again(&page, &page.as_form()));
        }
    };
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let tags = super::find_or_create(&mut tx, &by, &names, None).await?;
    let deed = (holder.subject, Deed::Add);
    let changed = super::change(&mut tx, &by, deed, &super::pairs(&[holder.id], &tags)).await?;
    tx.commit().await?;
    Ok(shell.leave(&holder.href(), said(&by, deed, &names, changed, &holder.href())))
}

/// The tag to be taken away.
#[derive(Clone, Copy, Debug, Deserialize)]
struct UntagForm {
    tag: TagId,
}

async fn remove(State(app): State<App>, can: Can<EditContacts>, shell: Shell, holder: Holder, Form(form): Form<UntagForm>) -> Answer {
    let mut tx = app.db.begin().await?;
    holder.name(&mut tx, &shell, &can.scope).await?;
    let tag = store::find(&mut tx, form.tag).await?.ok_or(Problem::NotFound)?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let deed = (holder.subject, Deed::Remove);
    let changed = super::change(&mut tx, &by, deed, &[(holder.id, tag.id)]).await?;
    tx.commit().await?;
    Ok(shell.leave(&holder.href(), said(&by, deed, &[tag.name], changed, &holder.href())))
}

/// What became of it, with the way to take it back when something changed; `back` is where that leads.
fn said(by: &By<'_>, (subject, deed): (Subject, Deed), names: &[String], changed: usize, back: &str) -> Flash {
    let key = match (subject, deed, changed) {
        (_, Deed::Add, 0) => "tag-had-already",
        (Subject::Contact, Deed::Remove, 0) => "tag-had-not",
        (Subject::Contact, Deed::Add, _) => "tag-added",
        (Subject::Contact, Deed::Remove, _) => "tag-removed",
        (Subject::Company, Deed::Remove, 0) => "tag-company-had-not",
        (Subject::Company, Deed::Add, _) => "tag-company-added",
        (Subject::Company, Deed::Remove, _) => "tag-company-removed",
    };
    let flash = Flash::good(key).s("name", names.join(", ")).n("count", i64::try_from(changed).unwrap_or(0));
    if changed == 0 {
        return flash;
    }
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("at", &by.now.to_string())
        .append_pair("back", contact::way_back(back, subject.home()))
        .finish();
    flash.undo(format!("{}/tags/undo?{query}", subject.home()))
}

/// Does it for the records of a selection; `back` is the address of the list.
pub(crate) async fn bulk(
    by: &By<'_>,
    shell: &Shell,
    mut tx: Tx,
    (subject, deed, records): (Subject, Deed, &[i64]),
    (typed, back): (&str, &str),
) -> Answer {
    let names = match rules::names(typed) {
        Ok(names) if names.is_empty() => return Ok(shell.leave(back, Flash::bad("tag-type-first"))),
        Ok(names) => names,
        Err(why) => return Ok(shell.leave(back, Flash::bad(why))),
    };
    let tags = match deed {
        Deed::Add => super::find_or_create(&mut tx, by, &names, None).await?,
        Deed::Remove => store::list_by_names(&mut tx, &names).await?,
    };
    let deed = (subject, deed);
    let changed = super::change(&mut tx, by, deed, &super::pairs(records, &tags)).await?;
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

async fn undo(subject: Subject, State(app): State<App>, can: Can<EditContacts>, shell: Shell, Query(query): Query<UndoQuery>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    super::undo(&mut tx, &by, (subject, &can.scope), query.at).await?;
    tx.commit().await?;
    let back = if query.back.starts_with(subject.home()) { query.back.as_str() } else { subject.home() };
    Ok(shell.leave(back, Flash::good("identify-undone")))
}
