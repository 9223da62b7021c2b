//! Whom a record is shared with, and the form that shares it.

use askama::Template;
use attune_house::{App, Panel, Place};
use attune_web::kit::Choice;
use attune_web::{Answer, Can, Flash, Form, FormErrors, Path, PermissionDef, Problem, Query, Shell, permission};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::{Share, ShareDraft, ShareId, With};
use crate::company::CompanyId;
use crate::contact::{By, ContactError, ContactId};
use crate::promise::pages::end_of_day;
use crate::relationship::{End, Record, find_end};
use crate::{ViewContacts, staff};

permission!(ShareRecords, "identify.record.share");

/// The permissions of this noun.
pub(crate) fn permissions() -> Vec<PermissionDef> {
    use attune_web::Grant::{All, Own, Team};
    vec![PermissionDef { key: "identify.record.share", label_key: "share-permission", admin: All, manager: Team, agent: Own }]
}

/// The routes of this noun.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/contacts/{id}/shares", get(of_contact).post(share_contact))
        .route("/companies/{id}/shares", get(of_company).post(share_company))
        .route("/shares/{id}/end", post(end))
        .route("/shares/again", post(again))
}

/// The block on the contact page.
pub(crate) fn panel() -> Panel {
    Panel {
        key: "identify.shares",
        title_key: "share-title",
        href: |id| format!("/contacts/{}/shares", ContactId(id)),
        order: 40,
        permission: "identify.contact.view",
        place: Place::Aside,
    }
}

impl std::fmt::Display for With {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Staff(id) => write!(f, "staff:{id}"),
            Self::Team(id) => write!(f, "team:{id}"),
        }
    }
}

impl With {
    fn of(word: &str) -> Option<Self> {
        let (kind, id) = word.split_once(':')?;
        let id = id.parse().ok()?;
        match kind {
            "staff" => Some(Self::Staff(id)),
            "team" => Some(Self::Team(id)),
            _ => None,
        }
    }
}

/// A share as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ShareForm {
    with: String,
    until: String,
    reason: String,
}

impl ShareForm {
    fn check(&self, shell: &Shell) -> Result<ShareDraft, FormErrors> {
        let mut errors = FormErrors::new();
        let with = With::of(&self.with);
        if with.is_none() {
            errors.add("with", if self.with.is_empty() { "web-required" } else { "web-not-a-choice" });
        }
        let day = shell.l.read_date(self.until.trim());
        if day.is_none() && !self.until.trim().is_empty() {
            errors.add("until", "relationship-not-a-day");
        }
        let until_at = day.map(|day| end_of_day(&shell.l, day));
        errors.or(ShareDraft { with: with.unwrap_or(With::Staff(0)), until_at, reason: self.reason.trim().to_owned() })
    }
}

#[derive(Template)]
#[template(path = "sharing/page.html", blocks = ["part", "form"])]
struct SharesPage {
    shell: Shell,
    record: Record,
    name: String,
    href: String,
    /// Whether the reader may share it: it has to be in their charge.
    may: bool,
    shares: Vec<Share>,
    /// Those that come from a company above, with its name.
    carried: Vec<(Share, String)>,
    choices: Vec<Choice>,
    form: ShareForm,
    errors: FormErrors,
}

impl SharesPage {
    async fn read(app: &App, can: &Can<ViewContacts>, shell: Shell, record: Record, form: ShareForm) -> Result<Self, Problem> {
        let mut tx = app.db.read().await?;
        let End { name, whose, .. } = find_end(&mut tx, &can.scope, record).await?.ok_or(Problem::NotFound)?;
        let may = match Can::<ShareRecords>::of(&can.actor) {
            Some(may) => super::find_owned(&mut tx, &may.scope, record).await?.is_some(),
            None => false,
        };
        let (shares, carried) = (super::list_of(&mut tx, record).await?, super::list_carried(&mut tx, &can.scope, record).await?);
        let mut choices = Vec::new();
        if may {
            let teams = super::store::list_teams(&mut tx).await?;
            choices.extend(teams.into_iter().map(|(id, name)| Choice::new(With::Team(id), shell.l.of("share-team").s("name", name))));
            let colleagues = staff::list(&mut tx).await?;
            let others = colleagues.iter().filter(|member| member.active && Some(member.id) != whose.0);
            choices.extend(others.map(|member| Choice::new(With::Staff(member.id), &member.name)));
        }
        let name = if name.is_empty() { record.to_string() } else { name };
        Ok(Self { href: record.href(), errors: FormErrors::new(), record, name, may, shares, carried, choices, form, shell })
    }

    fn is_company(&self) -> bool {
        self.record.company().is_some()
    }

    /// With whom, as lists call them.
    fn with(&self, share: &Share) -> String {
        match share.with {
            With::Team(_) => self.shell.l.of("share-team").s("name", &share.name).to_string(),
            With::Staff(_) if !share.active => self.shell.l.of("share-left").s("name", &share.name).to_string(),
            With::Staff(_) => share.name.clone(),
        }
    }

    /// Until when, by whom, why.
    fn detail(&self, share: &Share) -> String {
        let l = &self.shell.l;
        let mut parts = Vec::new();
        parts.extend(share.until_at.map(|at| l.of("share-until").s("day", l.near_day(at, self.shell.now)).to_string()));
        if !share.by_name.is_empty() {
            parts.push(l.of("share-by").s("name", &share.by_name).to_string());
        }
        if !share.reason.is_empty() {
            parts.push(share.reason.clone());
        }
        parts.join(" · ")
    }
}

async fn of_contact(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Path(id): Path<ContactId>) -> Answer {
    show(&app, &can, shell, Record::Contact(id.0)).await
}

async fn of_company(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Path(id): Path<CompanyId>) -> Answer {
    show(&app, &can, shell, Record::Company(id.0)).await
}

async fn show(app: &App, can: &Can<ViewContacts>, shell: Shell, record: Record) -> Answer {
    let page = SharesPage::read(app, can, shell, record, ShareForm::default()).await?;
    Ok(page.shell.show(&page, &page.as_part()))
}

async fn share_contact(
    State(app): State<App>,
    can: Can<ShareRecords>,
    shell: Shell,
    Path(id): Path<ContactId>,
    Form(form): Form<ShareForm>,
) -> Answer {
    share(&app, &can, shell, Record::Contact(id.0), form).await
}

async fn share_company(
    State(app): State<App>,
    can: Can<ShareRecords>,
    shell: Shell,
    Path(id): Path<CompanyId>,
    Form(form): Form<ShareForm>,
) -> Answer {
    share(&app, &can, shell, Record::Company(id.0), form).await
}

/// Shares the record, or shows the form again with what is wrong.
async fn share(app: &App, can: &Can<ShareRecords>, shell: Shell, record: Record, form: ShareForm) -> Answer {
    let errors = match form.check(&shell) {
        Ok(draft) => match write(app, can, record, &draft).await {
            Ok(()) => return Ok(shell.leave(&record.href(), Flash::good("share-done"))),
            Err(ContactError::Invalid { attribute, key }) => {
                let mut errors = FormErrors::new();
                errors.add(attribute, key);
                errors
            }
            Err(error) => return Err(error.into()),
        },
        Err(errors) => errors,
    };
    let seen = Can::<ViewContacts>::of(&can.actor).ok_or(Problem::Forbidden { permission: "identify.contact.view" })?;
    let mut page = SharesPage::read(app, &seen, shell, record, form).await?;
    page.errors = errors;
    Ok(page.shell.again(&page, &page.as_form()))
}

async fn write(app: &App, can: &Can<ShareRecords>, record: Record, draft: &ShareDraft) -> Result<(), ContactError> {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    super::share(&mut tx, &by, &can.scope, record, draft).await?;
    tx.commit().await?;
    Ok(())
}

async fn end(State(app): State<App>, can: Can<ShareRecords>, shell: Shell, Path(id): Path<ShareId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let was = super::end(&mut tx, &by, &can.scope, id).await?;
    tx.commit().await?;
    let mut back = url::form_urlencoded::Serializer::new(String::new());
    back.append_pair("of", &was.record.to_string()).append_pair("with", &was.with.to_string()).append_pair("reason", &was.reason);
    if let Some(at) = was.until_at {
        back.append_pair("until_at", &at.to_string());
    }
    Ok(shell.leave(&was.record.href(), Flash::good("share-ended").undo(format!("/shares/again?{}", back.finish()))))
}

/// A share that was ended and comes back.
#[derive(Clone, Debug, Deserialize)]
struct AgainQuery {
    of: Record,
    with: String,
    #[serde(default)]
    reason: String,
    until_at: Option<i64>,
}

async fn again(State(app): State<App>, can: Can<ShareRecords>, shell: Shell, Query(query): Query<AgainQuery>) -> Answer {
    let with = With::of(&query.with).ok_or(Problem::NotFound)?;
    write(&app, &can, query.of, &ShareDraft { with, until_at: query.until_at, reason: query.reason }).await?;
    Ok(shell.leave(&query.of.href(), Flash::good("identify-undone")))
}
