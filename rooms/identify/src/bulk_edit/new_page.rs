//! Asking for a bulk edit, step by step: which field, which value, how many change from what; then it is carried out.

use std::collections::{BTreeMap, HashSet};

use askama::Template;
use attune_db::{DbError, Tx};
use attune_house::App;
use attune_web::kit::Choice;
use attune_web::{Actor, Answer, Can, Flash, Form, FormErrors, Problem, Query, Scope, Shell, Sight};
use axum::extract::State;
use serde::Deserialize;

use super::edited::{self, Chosen, Edited};
use super::pages::{Words, href, named, said};
use super::rules::{self, Target};
use crate::company;
use crate::contact::{self, By, COUNTED, Contact, Control};
use crate::field::{self, Field, List, Subject};
use crate::relationship::pages::find_of;
use crate::staff::{self, Member};
use crate::{EditContacts, ViewContacts};

/// Records read at a time for the preview.
const STEP: i64 = 2_000;
/// Former values that are told apart.
const TOLD: usize = 12;

/// Whom it is about and what is to become of them, as far as chosen.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    /// As they stand in addresses.
    ids: Vec<String>,
    all: String,
    query: String,
    key: String,
    /// Several where boxes are ticked.
    value: Vec<String>,
    /// Words for a record that was not chosen.
    q: String,
    empty: String,
    /// Set once a value was chosen.
    look: String,
}

/// The address of the page for a selection of contacts or companies; `ids` may be empty when `all` of the list are meant. The value `none` empties the field.
pub(crate) fn address((of, ids): (Subject, &[String]), all: bool, query: &str, (key, value): (&str, &str)) -> String {
    let mut out = url::form_urlencoded::Serializer::new(String::new());
    if all {
        out.append_pair("all", "1");
    } else {
        out.extend_pairs(ids.iter().map(|id| ("ids", id.as_str())));
    }
    // Nobody is not a colleague one could choose, but an empty field.
    let (chosen, empty) = if value == "none" { ("", "1") } else { (value, "") };
    let look = if value.is_empty() { "" } else { "1" };
    let pairs = [("query", query), ("key", key), ("value", chosen), ("empty", empty), ("look", look)];
    out.extend_pairs(pairs.into_iter().filter(|(_, value)| !value.is_empty()));
    format!("{}/edits/new?{}", of.home(), out.finish())
}

impl Asked {
    async fn chosen(&self, app: &App, of: Subject, can: &Can<ViewContacts>) -> Result<Chosen, Problem> {
        if self.all.is_empty() {
            return Ok(Chosen::these(of, self.ids.iter().filter_map(|id| edited::id_of(of, id)).collect()));
        }
        Chosen::listed(app, of, &can.actor, &self.query).await
    }

    /// What it is to become, as far as what was typed or chosen says so.
    async fn target(
        &self,
        tx: &mut Tx,
        of: Subject,
        actor: &Actor,
        (fields, members): (&[Field], &[Member]),
    ) -> Result<Result<Target, &'static str>, DbError> {
        let value = self.value.join(";");
        let typed = if value.is_empty() && rules::naming(&self.key, fields).is_some() { &self.q } else { &value };
        match Target::read((of, &self.key), typed, !self.empty.is_empty(), (fields, members)) {
            Ok(target) => target.named(tx, actor, fields).await,
            Err(why) => Ok(Err(why)),
        }
    }

    /// What stands in each form: whom it is about.
    fn whom(&self) -> Vec<(String, String)> {
        let mut pairs: Vec<(String, String)> = self.ids.iter().map(|id| ("ids".to_owned(), id.clone())).collect();
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
    /// Records of the selection, counted up to [`COUNTED`] and one.
    total: i64,
    /// How many of them were looked at.
    pub(super) looked: i64,
    /// How many of those one may not change.
    pub(super) refused: i64,
    /// How many name somebody the asker does not see, or would name themselves.
    pub(super) unnamed: i64,
    /// How many of the others have the value already.
    pub(super) same: i64,
    /// What the others have, the most frequent first.
    from: Vec<(String, i64)>,
    /// How many have something else than `from` tells.
    rest: i64,
}

impl Preview {
    pub(super) fn differ(&self) -> i64 {
        self.looked - self.refused - self.unnamed - self.same
    }
}

#[derive(Template)]
#[template(path = "bulk_edit/new.html")]
struct NewPage {
    shell: Shell,
    of: Subject,
    asked: Asked,
    /// How many are selected, in words.
    count: String,
    keys: Vec<Choice>,
    label: String,
    control: Option<Control>,
    /// Whether the field names a record, and whom the words may mean.
    is_naming: bool,
    found: Vec<Choice>,
    /// What was typed.
    typed: String,
    may_be_empty: bool,
    /// What they would become, in words.
    becomes: String,
    preview: Option<Preview>,
    errors: FormErrors,
}

impl NewPage {
    /// A text that says what is edited.
    fn said(&self, key: &str) -> String {
        said(&self.shell.l, self.of, key)
    }

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
fn keys(shell: &Shell, of: Subject, fields: &[Field]) -> Vec<Choice> {
    let fixed = rules::attributes(of).iter().map(|key| Choice::new(key, contact::attribute_name(&shell.l, key)));
    fixed.chain(fields.iter().map(|field| Choice::new(format!("f:{}", field.key), &field.label))).collect()
}

/// What would become of the first [`COUNTED`] and some of those chosen.
pub(super) async fn count_fates(
    tx: &mut Tx,
    actor: &Actor,
    scopes: (&Scope, &Scope),
    chosen: &Chosen,
    (target, fields): (&Target, &[Field]),
) -> Result<Preview, DbError> {
    let own: Vec<Field> = rules::naming(&target.key, fields).cloned().into_iter().collect();
    look(tx, (scopes, &Sight::of(actor)), chosen, (target, &own), &mut |_| {}).await
}

async fn preview(
    tx: &mut Tx,
    scopes: (&Scope, &Scope),
    (chosen, total): (&Chosen, i64),
    target: &Target,
    (shell, words): (&Shell, &Words),
) -> Result<Preview, DbError> {
    let (mut from, sight): (BTreeMap<String, i64>, _) = (BTreeMap::new(), shell.sight());
    let mut differs = |record: &Edited| {
        let was = record.shown(&target.key, &sight);
        *from.entry(words.value(&shell.l, &target.key, &was)).or_default() += 1;
    };
    let mut preview = Preview { total, ..look(tx, (scopes, &sight), chosen, (target, words.own(&target.key)), &mut differs).await? };
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
    ((see, edit), sight): ((&Scope, &Scope), &Sight),
    chosen: &Chosen,
    (target, own): (&Target, &[Field]),
    differs: &mut (dyn FnMut(&Edited) + Send),
) -> Result<Preview, DbError> {
    let reach = super::reach_of(tx, edit, &target.key).await?;
    let (mut preview, mut behind) = (Preview::default(), 0);
    while preview.looked < COUNTED {
        let mut records = chosen.next(tx, see, behind, STEP).await?;
        let Some(last) = records.iter().map(Edited::id).max() else { break };
        behind = last;
        let met: HashSet<i64> = records.iter().filter(|record| target.is_met(record)).map(Edited::id).collect();
        let values = records.iter_mut().map(|record| (record.id(), record.own_values()));
        field::reference::show(tx, (see, sight), own, values).await?;
        for record in &records {
            preview.looked += 1;
            if !record.is_covered(&reach) {
                preview.refused += 1;
                continue;
            }
            if met.contains(&record.id()) {
                preview.same += 1;
                continue;
            }
            if field::reference::is_hidden(&record.raw(&target.key)) || target.value == record.shown_id().as_str() {
                preview.unnamed += 1;
                continue;
            }
            differs(record);
        }
    }
    Ok(preview)
}

/// The page, and whether what was typed fits.
async fn new_page(app: &App, of: Subject, can: (&Can<ViewContacts>, &Scope), shell: Shell, asked: Asked) -> Result<NewPage, Problem> {
    let chosen = asked.chosen(app, of, can.0).await?;
    let mut tx = app.db.read().await?;
    let (fields, members) = (field::list_of(&mut tx, of).await?, staff::list(&mut tx).await?);
    let total = chosen.count(&mut tx, &can.0.scope, COUNTED + 1).await?;
    let mut page = NewPage {
        count: contact::shown_count(&shell.l, total),
        of,
        keys: keys(&shell, of, &fields),
        label: String::new(),
        control: None,
        is_naming: rules::naming(&asked.key, &fields).is_some(),
        found: Vec::new(),
        typed: asked.value.join(";"),
        may_be_empty: rules::may_be_empty(&asked.key),
        becomes: String::new(),
        preview: None,
        errors: FormErrors::new(),
        asked,
        shell,
    };
    if !rules::is_editable(of, &page.asked.key, &fields) {
        return Ok(page);
    }
    let words = Words::new(&mut tx, &fields, &members, &page.asked.key, &[]).await?;
    page.label = words.label(&page.shell.l, &page.asked.key);
    page.control = control(&mut tx, &page, &fields).await?;
    if page.asked.look.is_empty() {
        return Ok(page);
    }
    match page.asked.target(&mut tx, of, &can.0.actor, (&fields, &members)).await? {
        Err(why) => {
            page.blank_unknown();
            if let Some(target) = rules::naming(&page.asked.key, &fields).and_then(|field| field.kind.target()) {
                page.found = find_of(&mut tx, &can.0.scope, (&page.shell.l, &page.shell.sight()), &page.asked.q, target).await?;
            }
            // Where somebody may be meant, there is somebody to choose.
            let why = if page.found.is_empty() { why } else { "field-reference-choose" };
            page.errors.add(if page.is_naming { "q" } else { "value" }, why);
        }
        Ok(target) => {
            let mut becomes = [(target.key.clone(), target.value.clone())];
            if page.is_naming {
                // Who was looked at is who is meant, whatever is called so by then.
                page.asked.value = target.value.as_str().map(str::to_owned).into_iter().collect();
                named(&mut tx, &page.shell, &fields, &mut becomes).await?;
            }
            page.becomes = target.company.clone().unwrap_or_else(|| words.value(&page.shell.l, &target.key, &becomes[0].1));
            page.preview = Some(preview(&mut tx, (&can.0.scope, can.1), (&chosen, total), &target, (&page.shell, &words)).await?);
        }
    }
    Ok(page)
}

/// How the field is asked for, with what was chosen before.
async fn control(tx: &mut Tx, page: &NewPage, fields: &[Field]) -> Result<Option<Control>, Problem> {
    if page.of == Subject::Company {
        let own = page.asked.key.strip_prefix("f:").and_then(|key| fields.iter().find(|field| field.key == key));
        let value = own.and_then(|field| field.read(&page.typed).ok()).unwrap_or_default();
        return Ok(company::control(tx, &page.shell, &page.asked.key, own, &value).await?);
    }
    let mut blank = Contact::default();
    if let Some(field) = page.asked.key.strip_prefix("f:").and_then(|key| fields.iter().find(|field| field.key == key)) {
        blank.set(&page.asked.key, field.read(&page.typed).unwrap_or_default());
    }
    Ok(contact::control(tx, &page.shell, &blank, &page.asked.key).await?.map(|(control, _)| control))
}

pub(super) async fn new<L: List>(
    State(app): State<App>,
    can: Can<ViewContacts>,
    edit: Can<EditContacts>,
    shell: Shell,
    Query(asked): Query<Asked>,
) -> Answer {
    if asked.all.is_empty() && asked.ids.is_empty() {
        return Ok(shell.leave(&format!("{}?{}", L::OF.home(), asked.query), Flash::bad("identify-select-first")));
    }
    let page = new_page(&app, L::OF, (&can, &edit.scope), shell, asked).await?;
    Ok(if page.errors.is_empty() { page.shell.page(&page) } else { page.shell.again(&page, &page) })
}

pub(super) async fn create<L: List>(
    State(app): State<App>,
    can: Can<ViewContacts>,
    edit: Can<EditContacts>,
    shell: Shell,
    Form(asked): Form<Asked>,
) -> Answer {
    let chosen = asked.chosen(&app, L::OF, &can).await?;
    let mut tx = app.db.begin().await?;
    let (fields, members) = (field::list_of(&mut tx, L::OF).await?, staff::list(&mut tx).await?);
    let Ok(target) = asked.target(&mut tx, L::OF, &can.actor, (&fields, &members)).await? else {
        drop(tx);
        let page = new_page(&app, L::OF, (&can, &edit.scope), shell, Asked { look: "1".to_owned(), ..asked }).await?;
        return Ok(page.shell.again(&page, &page));
    };
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let target = target.settled(&mut tx, &by).await?;
    let id = super::ask(&mut tx, &by, &app.bench(), (&can.scope, &edit.scope), &chosen, &target).await?;
    tx.commit().await?;
    Ok(shell.leave(&href(L::OF, id), Flash::good("bulk-edit-asked").s("of", L::OF.word())))
}
