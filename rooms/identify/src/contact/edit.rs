//! Editing one contact in place: a field, a note, deleting; each with its undo.

use askama::Template;
use attune_db::{DbError, Tx};
use attune_house::App;
use attune_web::kit::Choice;
use attune_web::{Answer, Can, Flash, Form, FormErrors, Path, Problem, Query, Shell, Sight};
use axum::extract::State;
use serde::Deserialize;

use super::{By, Contact, ContactError, ContactId, told};
use crate::address;
use crate::field::{self, Field, FieldKind};
use crate::staff;
use crate::{DeleteContacts, EditContacts};

/// How a field is edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    Text(&'static str),
    /// Several lines.
    Lines,
    Select(Vec<Choice>),
    /// A box for each; the flag says whether it is ticked.
    Boxes(Vec<(Choice, bool)>),
}

/// How somebody says which record a field names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Refer {
    /// What was typed to find it.
    pub(crate) q: String,
    /// Whom it may be, first who is chosen.
    pub(crate) found: Vec<Choice>,
    /// The id of who is chosen.
    pub(crate) chosen: String,
    /// The id of whom the field names now, or [`NOBODY`].
    pub(crate) was: String,
}

impl Refer {
    /// What is wrong, in the locale key `why`, or that one of those found is to be chosen.
    pub(crate) fn why(&self, why: &'static str) -> &'static str {
        let is_mistaken = matches!(why, "field-reference-unknown" | "field-reference-several");
        let others = self.found.iter().any(|choice| choice.value != self.was && choice.value != NOBODY);
        if is_mistaken && others { "field-reference-choose" } else { why }
    }
}

/// What is asked of the form while somebody looks for a record.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct FindQuery {
    q: String,
    value: Vec<String>,
    /// Sent with the form, and so set once somebody looks.
    was: String,
}

/// The part of the form that shows who was found.
#[derive(Template)]
#[template(path = "field/found.html")]
pub(crate) struct FoundPart<'a> {
    pub(crate) shell: &'a Shell,
    pub(crate) refer: &'a Refer,
    pub(crate) errors: &'a FormErrors,
}

/// What stands for nobody among those to choose from.
pub(crate) const NOBODY: &str = "none";

/// How a field that names a record is edited, whose shown value is `now`, with what was asked for or sent so far.
pub(crate) async fn read_refer(
    tx: &mut Tx,
    shell: &Shell,
    (field, now): (&Field, &serde_json::Value),
    (q, chosen): (&str, Option<&str>),
) -> Result<Refer, Problem> {
    let (Some(target), Some(scope)) = (field.kind.target(), shell.actor.as_ref().and_then(field::reference::scope_of)) else {
        return Ok(Refer::default());
    };
    let named = field::reference::id_of(now);
    let was = if named.is_empty() { NOBODY.to_owned() } else { named.clone() };
    let chosen = chosen.map_or(named, str::to_owned);
    let mut found = Vec::new();
    if was != NOBODY {
        found.push(Choice::new(&was, field.shown(&shell.l, now)));
        found.push(Choice::new(NOBODY, shell.l.t("field-reference-nobody")));
    }
    let more = crate::relationship::pages::find_of(tx, &scope, (&shell.l, &shell.sight()), q, target).await?;
    found.extend(more.into_iter().filter(|choice| choice.value != was));
    Ok(Refer { q: q.to_owned(), found, chosen, was })
}

#[derive(Template)]
#[template(path = "contact/field.html", blocks = ["form"])]
struct FieldPage {
    shell: Shell,
    id: ContactId,
    name: String,
    key: String,
    label: String,
    value: String,
    control: Control,
    /// How it is said whom a field names, where it names a record.
    refer: Option<Refer>,
    errors: FormErrors,
}

/// The address of the form of an attribute; `company` stands for the company's name.
pub(super) fn address(id: ContactId, key: &str) -> String {
    format!("/contacts/{id}/field/{}", url::form_urlencoded::byte_serialize(key.as_bytes()).collect::<String>())
}

async fn field_page(app: &App, shell: Shell, contact: &Contact, key: &str, find: (&str, Option<&str>)) -> Result<FieldPage, Problem> {
    let mut tx = app.db.read().await?;
    let (control, value) = control(&mut tx, &shell, contact, key).await?.ok_or(Problem::NotFound)?;
    let label = label_of(&mut tx, &shell, key).await?;
    let name = super::pages::name_for(&shell, contact);
    let (mut errors, mut refer) = (FormErrors::new(), None);
    let defs = field::list(&mut tx).await?;
    if let Some(def) = key.strip_prefix("f:").and_then(|k| defs.iter().find(|d| d.key == k && d.kind.target().is_some())) {
        let now = named_now(&mut tx, &shell, def, (contact.id, &contact.fields)).await?;
        if field::reference::is_hidden(&now) {
            errors.add("q", "field-reference-hidden-stays");
        }
        refer = Some(read_refer(&mut tx, &shell, (def, &now), find).await?);
    }
    Ok(FieldPage { id: contact.shown_id(), name, key: key.to_owned(), label, value, control, refer, errors, shell })
}

/// Whom a field of a record names, as the reader sees them.
pub(crate) async fn named_now(
    tx: &mut Tx,
    shell: &Shell,
    def: &Field,
    (id, values): (i64, &serde_json::Map<String, serde_json::Value>),
) -> Result<serde_json::Value, DbError> {
    let Some(scope) = shell.actor.as_ref().and_then(field::reference::scope_of) else { return Ok(serde_json::Value::Null) };
    let mut values = values.clone();
    field::reference::show(tx, (&scope, &shell.sight()), std::slice::from_ref(def), [(id, &mut values)]).await?;
    Ok(values.remove(&def.key).unwrap_or_default())
}

/// How an attribute is edited, and its value as it can be typed again; nothing for an attribute that cannot be edited.
pub(crate) async fn control(tx: &mut Tx, shell: &Shell, contact: &Contact, key: &str) -> Result<Option<(Control, String)>, DbError> {
    let defs = field::list(tx).await?;
    let def = key.strip_prefix("f:").and_then(|k| defs.iter().find(|d| d.key == k));
    let control = match key {
        "stage" => Control::Select(super::pages::stages(shell)),
        "locale" => Control::Select(attune_kernel::Locale::ALL.iter().map(|l| Choice::new(l.tag(), l.own_name())).collect()),
        "owner_id" => Control::Select(staff::list(tx).await?.iter().filter(|m| m.active).map(|m| Choice::new(m.id, &m.name)).collect()),
        "email" => Control::Text("email"),
        "phone" => Control::Text("tel"),
        "street" => Control::Lines,
        "name" | "given_name" | "family_name" | "company" | "title" | "city" | "country" | "time_zone" | "source" => Control::Text("text"),
        key if address::is_attribute(key) => Control::Text("text"),
        _ if def.is_none() => return Ok(None),
        _ => control_of(shell, def, &contact.shown(key, &shell.sight())),
    };
    let sight = shell.sight();
    let value = match key {
        "company" => contact.company_name.clone().unwrap_or_default(),
        // What is hidden is typed anew as a whole, or left as it is.
        "email" | "phone" if !sight.covers(contact.owner_id, contact.team_id) => String::new(),
        key => typed(&contact.shown(key, &sight)),
    };
    Ok(Some((control, value)))
}

/// How a custom field is edited that holds `value`.
pub(crate) fn control_of(shell: &Shell, def: Option<&Field>, value: &serde_json::Value) -> Control {
    let Some(def) = def else { return Control::Text("text") };
    let options = || def.options.iter().filter(|option| !option.gone).map(|option| Choice::new(&option.key, &option.label));
    match def.kind {
        FieldKind::Date => Control::Text("date"),
        FieldKind::Bool => {
            Control::Select(vec![Choice::new("yes", shell.l.t("identify-yes")), Choice::new("no", shell.l.t("identify-no"))])
        }
        FieldKind::Choice => Control::Select(options().collect()),
        FieldKind::Choices => {
            let kept = def.kept(value);
            Control::Boxes(options().map(|choice| (choice.clone(), kept.contains(&choice.value.as_str()))).collect())
        }
        FieldKind::Text | FieldKind::Number | FieldKind::Money | FieldKind::Contact | FieldKind::Company => Control::Text("text"),
    }
}

/// A value in the form in which it can be typed again.
pub(crate) fn typed(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        other => field::text_of(other),
    }
}

pub(super) async fn form(
    State(app): State<App>,
    can: Can<EditContacts>,
    shell: Shell,
    Path((id, key)): Path<(ContactId, String)>,
    Query(find): Query<FindQuery>,
) -> Answer {
    let contact = super::find(&mut app.db.read().await?, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    let page = field_page(&app, shell, &contact, &key, find.asked()).await?;
    if let (Some(refer), true) = (&page.refer, find.is_looking() && page.shell.hx.partial) {
        return Ok(page.shell.fragment(&FoundPart { shell: &page.shell, refer, errors: &page.errors }));
    }
    Ok(page.shell.show(&page, &page.as_form()))
}

impl FindQuery {
    /// The words, and who is chosen.
    pub(crate) fn asked(&self) -> (&str, Option<&str>) {
        (&self.q, self.is_looking().then(|| self.value.first().map_or("", String::as_str)))
    }

    /// Whether the form asks whom words may mean.
    pub(crate) fn is_looking(&self) -> bool {
        !self.was.is_empty()
    }
}

/// What was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct FieldForm {
    /// Several where boxes are ticked.
    value: Vec<String>,
    /// Words for a record that was not chosen.
    pub(crate) q: String,
    /// The id of whom the field named, or [`NOBODY`]; empty of a field that names no record.
    was: String,
}

impl FieldForm {
    /// What the field is to become. Whoever typed words and left the choice as it was means the words.
    pub(crate) fn typed(&self) -> String {
        let value = self.value.join(";");
        if self.was.is_empty() {
            return value;
        }
        match value.as_str() {
            NOBODY => String::new(),
            chosen if !self.q.trim().is_empty() && (chosen.is_empty() || chosen == self.was) => self.q.trim().to_owned(),
            chosen => chosen.to_owned(),
        }
    }

    /// What was looked for and chosen, for the form once more.
    pub(crate) fn asked(&self) -> (&str, Option<&str>) {
        (&self.q, Some(self.value.first().map_or("", String::as_str)))
    }
}

pub(super) async fn save(
    State(app): State<App>,
    can: Can<EditContacts>,
    shell: Shell,
    Path((id, key)): Path<(ContactId, String)>,
    Form(form): Form<FieldForm>,
) -> Answer {
    let value = form.typed();
    match set(&app, &can, id, &key, &value).await {
        Ok(before) => {
            let label = label_of(&mut app.db.read().await?, &shell, &key).await?;
            let said = Flash::good("identify-field-saved").s("name", label);
            Ok(shell.leave(&format!("/contacts/{id}"), with_undo(said, id, &key, before)))
        }
        Err(ContactError::Invalid { key: why, .. }) => {
            let contact = super::find(&mut app.db.read().await?, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
            let mut page = field_page(&app, shell, &contact, &key, form.asked()).await?;
            page.value = value;
            page.errors = FormErrors::new();
            match &page.refer {
                Some(refer) => page.errors.add("q", refer.why(why)),
                None => page.errors.add("value", why),
            };
            Ok(page.shell.again(&page, &page.as_form()))
        }
        Err(error) => Err(error.into()),
    }
}

async fn label_of(tx: &mut Tx, shell: &Shell, key: &str) -> Result<String, DbError> {
    let defs = field::list(tx).await?;
    let def = key.strip_prefix("f:").and_then(|k| defs.iter().find(|d| d.key == k));
    Ok(def.map_or_else(|| told::attribute_name(&shell.l, key), |d| d.label.clone()))
}

/// Offers to put `before` back, unless it was hidden from whoever changed it.
fn with_undo(said: Flash, id: ContactId, key: &str, before: Option<String>) -> Flash {
    let Some(before) = before else { return said };
    let back = url::form_urlencoded::Serializer::new(String::new()).append_pair("key", key).append_pair("value", &before).finish();
    said.undo(format!("/contacts/{id}/undo?{back}"))
}

/// Sets the attribute; answers what was there, in the form in which it can be typed again; nothing when that is hidden from the actor.
async fn set(app: &App, can: &Can<EditContacts>, id: ContactId, key: &str, value: &str) -> Result<Option<String>, ContactError> {
    let mut tx = app.db.begin().await?;
    let before = super::find(&mut tx, &can.scope, id.0).await?.ok_or(ContactError::NotFound)?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let change = super::update_field(&mut tx, &by, &can.scope, id.0, key, value).await?;
    tx.commit().await?;
    let sight = Sight::of(&can.actor);
    Ok(match key {
        "company" => Some(before.company_name.unwrap_or_default()),
        key => Some(change.before).filter(|was| before.shown(key, &sight) == *was).map(|was| typed(&was)),
    })
}

/// What to put back.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct UndoQuery {
    key: String,
    #[serde(default)]
    value: String,
}

pub(super) async fn undo(
    State(app): State<App>,
    can: Can<EditContacts>,
    shell: Shell,
    Path(id): Path<ContactId>,
    Query(query): Query<UndoQuery>,
) -> Answer {
    set(&app, &can, id, &query.key, &query.value).await?;
    Ok(shell.leave(&format!("/contacts/{id}"), Flash::good("identify-undone")))
}

pub(super) async fn delete(State(app): State<App>, can: Can<DeleteContacts>, shell: Shell, Path(id): Path<ContactId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    if super::delete(&mut tx, &by, &can.scope, &[id.0]).await?.is_empty() {
        return Err(Problem::NotFound);
    }
    tx.commit().await?;
    Ok(shell.leave("/contacts", Flash::good("identify-deleted").n("count", 1).undo(format!("/contacts/restore?at={}", by.now))))
}
