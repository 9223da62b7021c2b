//! Asking for a bulk edit, step by step: which field, which value, how many change from what; then it is carried out.

use std::collections::BTreeMap;

use askama::Template;
use attune_db::{DbError, Tx};
use attune_house::App;
use attune_web::kit::Choice;
use attune_web::{Answer, Can, Flash, Form, FormErrors, Problem, Query, Scope, Shell};
use axum::extract::State;
use serde::Deserialize;
use serde_json::Value as Json;

use super::pages::{Words, href};
use super::rules::{self, ATTRIBUTES, Target};
use crate::contact::{self, By, COUNTED, Contact, ContactId, Control, Selection};
use crate::field::{self, Field};
use crate::staff::{self, Member};
use crate::{EditContacts, ViewContacts};

/// Contacts read at a time for the preview.
const STEP: i64 = 2_000;
/// Former values that are told apart.
const TOLD: usize = 12;

/// Whom it is about and what is to become of them, as far as chosen.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    ids: Vec<ContactId>,
    all: String,
    query: String,
    key: String,
    /// Several where boxes are ticked.
    value: Vec<String>,
    empty: String,
    /// Set once a value was chosen.
    look: String,
}

/// The address of the page for a selection; `ids` may be empty when `all` of the list are meant. The value `none` empties the field.
pub(crate) fn address(ids: &[ContactId], all: bool, query: &str, (key, value): (&str, &str)) -> String {
    let mut out = url::form_urlencoded::Serializer::new(String::new());
    if all {
        out.append_pair("all", "1");
    } else {
        out.extend_pairs(ids.iter().map(|id| ("ids", id.to_string())));
    }
    // Nobody is not a colleague one could choose, but an empty field.
    let (chosen, empty) = if value == "none" { ("", "1") } else { (value, "") };
    let look = if value.is_empty() { "" } else { "1" };
    let pairs = [("query", query), ("key", key), ("value", chosen), ("empty", empty), ("look", look)];
    out.extend_pairs(pairs.into_iter().filter(|(_, value)| !value.is_empty()));
    format!("/contacts/edits/new?{}", out.finish())
}

impl Asked {
    async fn selection(&self, app: &App, can: &Can<ViewContacts>) -> Result<Selection, Problem> {
        if self.all.is_empty() {
            return Ok(Selection::Ids(self.ids.iter().map(|id| id.0).collect()));
        }
        Ok(Selection::Listed(Box::new(contact::read_listing(app, &can.actor, &self.query).await?)))
    }

    fn target(&self, ground: (&[Field], &[Member])) -> Result<Target, &'static str> {
        Target::read(&self.key, &self.value.join(";"), !self.empty.is_empty(), ground)
    }

    /// What stands in each form: whom it is about.
    fn whom(&self) -> Vec<(String, String)> {
        let mut pairs: Vec<(String, String)> = self.ids.iter().map(|id| ("ids".to_owned(), id.to_string())).collect();
        pairs.extend([("all", &self.all), ("query", &self.query)].map(|(name, value)| (name.to_owned(), value.clone())));
        pairs.retain(|(_, value)| !value.is_empty());
        pairs
    }

    /// The same with the field, and the value.
    fn what(&self) -> Vec<(String, String)> {
        let mut pairs = self.whom();
        pairs.push(("key".to_owned(), self.key.clone()));
        pairs.extend(self.value.iter().map(|value| ("value".to_owned(), value.clone())));
        pairs.extend((!self.empty.is_empty()).then(|| ("empty".to_owned(), "1".to_owned())));
        pairs
    }
}

/// How many would change, and from what.
#[derive(Default)]
pub(super) struct Preview {
    /// Contacts of the selection, counted up to [`COUNTED`] and one.
    total: i64,
    /// How many of them were looked at.
    pub(super) looked: i64,
    /// How many of those one may not change.
    pub(super) refused: i64,
    /// How many of the others have the value already.
    pub(super) same: i64,
    /// What the others have, the most frequent first.
    from: Vec<(String, i64)>,
    /// How many have something else than `from` tells.
    rest: i64,
}

impl Preview {
    pub(super) fn differ(&self) -> i64 {
        self.looked - self.refused - self.same
    }
}

#[derive(Template)]
#[template(path = "bulk_edit/new.html")]
struct NewPage {
    shell: Shell,
    asked: Asked,
    /// How many are selected, in words.
    count: String,
    keys: Vec<Choice>,
    label: String,
    control: Option<Control>,
    /// What was typed.
    typed: String,
    may_be_empty: bool,
    /// What they would become, in words.
    becomes: String,
    preview: Option<Preview>,
    errors: FormErrors,
}

impl NewPage {
    /// Forgets what cannot be chosen: the browser would show the first of the choices as if it had been.
    fn blank_unknown(&mut self) {
        if let Some(Control::Select(options)) = &self.control
            && !options.iter().any(|option| option.value == self.typed)
        {
            self.typed.clear();
        }
    }
}

/// The fields that can be set for many.
fn keys(shell: &Shell, fields: &[Field]) -> Vec<Choice> {
    let fixed = ATTRIBUTES.iter().map(|key| Choice::new(key, contact::attribute_name(&shell.l, key)));
    fixed.chain(fields.iter().map(|field| Choice::new(format!("f:{}", field.key), &field.label))).collect()
}

/// How many are selected, up to [`COUNTED`] and one.
pub(super) async fn selected(tx: &mut Tx, scope: &Scope, selection: &Selection) -> Result<i64, DbError> {
    match selection {
        Selection::Ids(ids) => Ok(i64::try_from(contact::ids_of(tx, scope, selection, COUNTED).await?.len().min(ids.len())).unwrap_or(0)),
        Selection::Listed(listing) => contact::count_to(tx, scope, listing, COUNTED + 1).await,
    }
}

/// The next contacts of a selection behind `behind`.
async fn next(tx: &mut Tx, scope: &Scope, selection: &Selection, behind: i64) -> Result<Vec<Contact>, DbError> {
    match selection {
        Selection::Ids(_) if behind > 0 => Ok(Vec::new()),
        Selection::Ids(_) => {
            let ids = contact::ids_of(tx, scope, selection, STEP).await?;
            contact::list_by_ids(tx, ids).await
        }
        Selection::Listed(listing) => contact::list_behind(tx, scope, listing, behind, STEP).await,
    }
}

/// What would become of the first [`COUNTED`] and some of a selection.
pub(super) async fn count_fates(tx: &mut Tx, scopes: (&Scope, &Scope), selection: &Selection, target: &Target) -> Result<Preview, DbError> {
    look(tx, scopes, selection, target, &mut |_| {}).await
}

async fn preview(
    tx: &mut Tx,
    scopes: (&Scope, &Scope),
    (selection, total): (&Selection, i64),
    target: &Target,
    (shell, words): (&Shell, &Words),
) -> Result<Preview, DbError> {
    let (mut from, sight): (BTreeMap<String, i64>, _) = (BTreeMap::new(), shell.sight());
    let mut differs = |person: &Contact| {
        let was = match target.key.as_str() {
            "company_id" => person.company_name.clone().map_or(Json::Null, Json::String),
            key => person.shown(key, &sight),
        };
        *from.entry(words.value(&shell.l, &target.key, &was)).or_default() += 1;
    };
    let mut preview = Preview { total, ..look(tx, scopes, selection, target, &mut differs).await? };
    let mut from: Vec<(String, i64)> = from.into_iter().collect();
    from.sort_by_key(|(_, count)| -count);
    preview.rest = from.iter().skip(TOLD).map(|(_, count)| count).sum();
    from.truncate(TOLD);
    preview.from = from;
    Ok(preview)
}

/// Judges those one sees as the edit itself will judge them; `differs` hears of each who would change.
async fn look(
    tx: &mut Tx,
    (see, edit): (&Scope, &Scope),
    selection: &Selection,
    target: &Target,
    differs: &mut (dyn FnMut(&Contact) + Send),
) -> Result<Preview, DbError> {
    let reach = super::reach_of(tx, edit, &target.key).await?;
    let (mut preview, mut behind) = (Preview::default(), 0);
    while preview.looked < COUNTED {
        let people = next(tx, see, selection, behind).await?;
        let Some(last) = people.iter().map(|c| c.id).max() else { break };
        behind = last;
        for person in &people {
            preview.looked += 1;
            if !reach.covers(person.place(), person.id, person.company_id) {
                preview.refused += 1;
                continue;
            }
            if target.is_met(person) {
                preview.same += 1;
                continue;
            }
            differs(person);
        }
    }
    Ok(preview)
}

/// The page, and whether what was typed fits.
async fn new_page(app: &App, can: (&Can<ViewContacts>, &Scope), shell: Shell, asked: Asked) -> Result<NewPage, Problem> {
    let selection = asked.selection(app, can.0).await?;
    let mut tx = app.db.read().await?;
    let (fields, members) = (field::list(&mut tx).await?, staff::list(&mut tx).await?);
    let total = selected(&mut tx, &can.0.scope, &selection).await?;
    let mut page = NewPage {
        count: contact::shown_count(&shell.l, total),
        keys: keys(&shell, &fields),
        label: String::new(),
        control: None,
        typed: asked.value.join(";"),
        may_be_empty: rules::may_be_empty(&asked.key),
        becomes: String::new(),
        preview: None,
        errors: FormErrors::new(),
        asked,
        shell,
    };
    if !rules::is_editable(&page.asked.key, &fields) {
        return Ok(page);
    }
    let words = Words::new(&mut tx, &fields, &members, &page.asked.key, &[]).await?;
    page.label = words.label(&page.shell.l, &page.asked.key);
    page.control = control(&mut tx, &page, &fields).await?;
    if page.asked.look.is_empty() {
        return Ok(page);
    }
    match page.asked.target((&fields, &members)) {
        Err(why) => {
            page.errors.add("value", why);
            page.blank_unknown();
        }
        Ok(target) => {
            page.becomes = target.company.clone().unwrap_or_else(|| words.value(&page.shell.l, &target.key, &target.value));
            page.preview = Some(preview(&mut tx, (&can.0.scope, can.1), (&selection, total), &target, (&page.shell, &words)).await?);
        }
    }
    Ok(page)
}

/// How the field is asked for, with what was chosen before.
async fn control(tx: &mut Tx, page: &NewPage, fields: &[Field]) -> Result<Option<Control>, Problem> {
    let mut blank = Contact::default();
    if let Some(field) = page.asked.key.strip_prefix("f:").and_then(|key| fields.iter().find(|field| field.key == key)) {
        blank.set(&page.asked.key, field.read(&page.typed).unwrap_or_default());
    }
    Ok(contact::control(tx, &page.shell, &blank, &page.asked.key).await?.map(|(control, _)| control))
}

pub(super) async fn new(
    State(app): State<App>,
    can: Can<ViewContacts>,
    edit: Can<EditContacts>,
    shell: Shell,
    Query(asked): Query<Asked>,
) -> Answer {
    if asked.all.is_empty() && asked.ids.is_empty() {
        return Ok(shell.leave(&format!("/contacts?{}", asked.query), Flash::bad("identify-select-first")));
    }
    let page = new_page(&app, (&can, &edit.scope), shell, asked).await?;
    Ok(if page.errors.is_empty() { page.shell.page(&page) } else { page.shell.again(&page, &page) })
}

pub(super) async fn create(
    State(app): State<App>,
    can: Can<ViewContacts>,
    edit: Can<EditContacts>,
    shell: Shell,
    Form(asked): Form<Asked>,
) -> Answer {
    let selection = asked.selection(&app, &can).await?;
    let mut tx = app.db.begin().await?;
    let (fields, members) = (field::list(&mut tx).await?, staff::list(&mut tx).await?);
    let Ok(target) = asked.target((&fields, &members)) else {
        drop(tx);
        let page = new_page(&app, (&can, &edit.scope), shell, Asked { look: "1".to_owned(), ..asked }).await?;
        return Ok(page.shell.again(&page, &page));
    };
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let target = target.settled(&mut tx, &by).await?;
    let id = super::ask(&mut tx, &by, &app.bench(), (&can.scope, &edit.scope), &selection, &target).await?;
    tx.commit().await?;
    Ok(shell.leave(&href(id), Flash::good("bulk-edit-asked")))
}
