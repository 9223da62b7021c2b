//! `/api/v1/contacts`: the same use-case functions as the pages, in JSON, paged by `after`.

use attune_db::{DbError, Tx};
use attune_house::App;
use attune_web::{Answer, Can, Json, Path, Problem, Query, Scope, Sight};
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value as Any, json};

use super::list::{self, Listing, Order, Person, Sorting};
use super::{By, Contact, ContactDraft, ContactError, ContactId, Stage};
use crate::address;
use crate::company::{self, CompanyId};
use crate::field::{self, Subject};
use crate::tag;
use crate::{CreateContacts, EditContacts, ViewContacts};

/// The most records one answer holds.
const MOST: i64 = 200;

/// The routes of this noun for programs.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/api/v1/contacts", get(index).post(create)).route("/api/v1/contacts/{id}", get(show).patch(update).delete(remove))
}

/// A contact and the names of its tags as programs see them.
pub(super) fn shown(c: &Contact, tags: &[String], sight: &Sight) -> Any {
    let fields: Map<String, Any> =
        c.fields.keys().map(|key| (key.clone(), field::reference::in_program(&c.shown(&format!("f:{key}"), sight)))).collect();
    json!({
        "id": c.shown_id(), "name": c.name, "given_name": c.given_name, "family_name": c.family_name, "email": c.email_for(sight), "phone": c.phone_for(sight),
        "company_id": c.company_id.map(CompanyId), "company": c.company_name, "title": c.title, "city": c.city, "country": c.country,
        "street": c.postal.street, "postal_code": c.postal.postal_code, "region": c.postal.region, "latitude": c.postal.get("latitude"), "longitude": c.postal.get("longitude"),
        "external_id": c.shown("external_id", sight), "stage": c.stage.word(), "owner_id": c.owner_id, "locale": c.locale, "source": c.source, "grade": c.grade,
        "fit": c.fit, "tags": tags, "fields": fields, "created_at": c.created_at, "updated_at": c.updated_at, "last_seen_at": c.last_seen_at,
    })
}

/// These contacts as programs see them.
async fn shown_all(tx: &mut Tx, mut contacts: Vec<Contact>, (scope, sight): (&Scope, &Sight)) -> Result<Vec<Any>, DbError> {
    let defs = field::list(tx).await?;
    field::reference::show(tx, (scope, sight), &defs, contacts.iter_mut().map(|c| (c.id, &mut c.fields))).await?;
    let tags = tag::names_of(tx, &contacts.iter().map(|c| c.id).collect::<Vec<_>>()).await?;
    Ok(contacts.iter().map(|c| shown(c, tags.get(&c.id).map_or(&[][..], Vec::as_slice), sight)).collect())
}

/// This contact as programs see it.
async fn shown_one(tx: &mut Tx, contact: Contact, reader: (&Scope, &Sight)) -> Result<Any, DbError> {
    Ok(shown_all(tx, vec![contact], reader).await?.pop().unwrap_or_default())
}

/// Whom an actor sees; who may look at nobody sees those they may change.
pub(crate) fn seen_by(actor: &attune_web::Actor, other: Scope) -> Scope {
    field::reference::scope_of(actor).unwrap_or(other)
}

/// The filters of the list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct IndexQuery {
    q: String,
    email: String,
    stage: String,
    owner_id: String,
    after: String,
    sort: String,
    limit: Option<i64>,
}

async fn index(State(app): State<App>, can: Can<ViewContacts>, Query(query): Query<IndexQuery>) -> Answer {
    let sight = Sight::of(&can.actor);
    let listing = Listing {
        sight,
        search: if query.email.is_empty() { query.q } else { query.email },
        stage: Stage::of(&query.stage),
        owner: query.owner_id.parse().ok().map(Person::Staff),
        ..Listing::default()
    };
    let sorting = Sorting::of(&query.sort).unwrap_or(Sorting { order: Order::Created, up: false });
    let limit = query.limit.unwrap_or(50).clamp(1, MOST);
    let mut tx = app.db.read().await?;
    let page = list::list(&mut tx, &can.scope, &listing, sorting, &query.after, limit).await?;
    let items = shown_all(&mut tx, page.contacts, (&can.scope, &sight)).await?;
    Ok(Json(json!({ "items": items, "next": page.next })).into_response())
}

async fn show(State(app): State<App>, can: Can<ViewContacts>, Path(id): Path<ContactId>) -> Answer {
    let mut tx = app.db.read().await?;
    // Whoever was merged is answered by the one who remained, whose id says so.
    let id = super::id_today(&mut tx, id.0).await?;
    let found = super::find(&mut tx, &can.scope, id).await?.ok_or(Problem::NotFound)?;
    Ok(Json(shown_one(&mut tx, found, (&can.scope, &Sight::of(&can.actor))).await?).into_response())
}

/// A new contact from a program.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct NewContact {
    name: String,
    email: Option<String>,
    phone: Option<String>,
    company: Option<String>,
    title: Option<String>,
    street: Option<String>,
    postal_code: Option<String>,
    city: Option<String>,
    region: Option<String>,
    country: Option<String>,
    latitude: Any,
    longitude: Any,
    stage: Option<String>,
    source: Option<String>,
    locale: Option<String>,
    external_id: Option<String>,
    owner_id: Option<i64>,
    tags: Vec<String>,
    fields: Map<String, Any>,
}

impl NewContact {
    fn check(self, defs: &[field::Field]) -> Result<ContactDraft, ContactError> {
        let wrong = |attribute: &str, key: &'static str| ContactError::Invalid { attribute: attribute.to_owned(), key };
        if self.email.as_deref().is_some_and(|e| super::email_key(e).is_none()) {
            return Err(wrong("email", "web-not-an-email"));
        }
        if self.name.trim().is_empty() && self.email.is_none() && self.phone.is_none() && self.external_id.is_none() {
            return Err(wrong("name", "identify-name-or-address"));
        }
        let stage =
            self.stage.as_deref().map_or(Ok(Stage::default()), |word| Stage::of(word).ok_or_else(|| wrong("stage", "web-not-a-choice")))?;
        let postal = address::given([self.street, self.postal_code, self.region], [self.latitude, self.longitude])?;
        let fields = field::given(defs, self.fields)?;
        let external = self.external_id.map(|id| ("api".to_owned(), id));
        Ok(ContactDraft {
            name: self.name,
            email: self.email,
            phone: self.phone,
            company: self.company,
            title: self.title,
            city: self.city,
            country: self.country,
            postal,
            stage,
            owner_id: self.owner_id,
            source: self.source,
            external,
            locale: self.locale,
            fields,
        })
    }
}

async fn create(State(app): State<App>, can: Can<CreateContacts>, Json(new): Json<NewContact>) -> Answer {
    let mut tx = app.db.begin().await?;
    let tags = tag::given(&new.tags)?;
    let draft = new.check(&field::list(&mut tx).await?)?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let id = super::create(&mut tx, &by, draft).await?;
    tag::replace(&mut tx, &by, (Subject::Contact, id), &tags).await?;
    let contact = super::list_by_ids(&mut tx, [id]).await?.pop().ok_or(Problem::NotFound)?;
    let made = shown_one(&mut tx, contact, (&seen_by(&can.actor, can.scope), &Sight::of(&can.actor))).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

/// Sets each attribute named in the body; custom fields under `fields`; `tags` takes the place of all there are. All or nothing.
async fn update(State(app): State<App>, can: Can<EditContacts>, Path(id): Path<ContactId>, Json(body): Json<Map<String, Any>>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    // What was merged is changed in the one that remained.
    let id = super::id_today(&mut tx, id.0).await?;
    for (key, value) in address::folded(flat(body))? {
        set(&mut tx, &by, &can.scope, id, &key, value).await?;
    }
    let contact = super::find(&mut tx, &can.scope, id).await?.ok_or(Problem::NotFound)?;
    let changed = shown_one(&mut tx, contact, (&seen_by(&can.actor, can.scope), &Sight::of(&can.actor))).await?;
    tx.commit().await?;
    Ok(Json(changed).into_response())
}

async fn set(tx: &mut Tx, by: &By<'_>, scope: &Scope, id: i64, key: &str, value: Any) -> Result<(), ContactError> {
    if key != "tags" {
        super::update_field(tx, by, scope, id, key, &field::text_of(&value)).await?;
        return Ok(());
    }
    super::find(tx, scope, id).await?.ok_or(ContactError::NotFound)?;
    Ok(tag::replace(tx, by, (Subject::Contact, id), &tag::given_json(value)?).await?)
}

/// A body's attributes, own fields as `f:` and their key.
pub(crate) fn flat(body: Map<String, Any>) -> Vec<(String, Any)> {
    let mut all = Vec::new();
    for (key, value) in body {
        match value {
            Any::Object(fields) if key == "fields" => all.extend(fields.into_iter().map(|(k, v)| (format!("f:{k}"), v))),
            value => all.push((key, value)),
        }
    }
    all
}

async fn remove(State(app): State<App>, can: Can<crate::DeleteContacts>, Path(id): Path<ContactId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    if super::delete(&mut tx, &by, &can.scope, &[id.0]).await?.is_empty() {
        return Err(Problem::NotFound);
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// For the command palette: people by name, address, number or company.
pub(crate) async fn found(
    web: attune_web::Web,
    actor: attune_web::Actor,
    words: String,
) -> Result<Vec<attune_web::Found>, attune_kernel::Fault> {
    let Some(scope) = actor.may("identify.contact.view").copied() else { return Ok(Vec::new()) };
    let sight = Sight::of(&actor);
    let listing = Listing { search: words, sight, ..Listing::default() };
    let page = list::list(&mut web.db.read().await?, &scope, &listing, Sorting::default(), "", 6).await?;
    let l = web.lang(actor.locale);
    let line = |c: &Contact| attune_web::Found {
        label: super::pages::named(&l, c, c.label_for(&sight)),
        detail: c.company_name.clone().or_else(|| c.email_for(&sight)).unwrap_or_default(),
        href: format!("/contacts/{}", c.shown_id()),
        icon: "user",
    };
    Ok(page.contacts.iter().map(line).collect())
}

/// For the command palette: companies by name.
pub(crate) async fn found_companies(
    web: attune_web::Web,
    actor: attune_web::Actor,
    words: String,
) -> Result<Vec<attune_web::Found>, attune_kernel::Fault> {
    let Some(scope) = actor.may("identify.contact.view").copied() else { return Ok(Vec::new()) };
    let listing = company::Listing { search: words, limit: 4, ..company::Listing::default() };
    let lines = company::list(&mut web.db.read().await?, &scope, &listing).await?;
    let line = |c: company::CompanyLine| attune_web::Found {
        href: format!("/companies/{}", c.company.shown_id()),
        detail: c.company.city.clone().unwrap_or_default(),
        label: c.company.name,
        icon: "building-2",
    };
    Ok(lines.into_iter().map(line).collect())
}
