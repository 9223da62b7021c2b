//! `/api/v1/companies`.

use std::collections::HashSet;

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

use super::{Company, CompanyDraft, CompanyId, Listing};
use crate::address;
use crate::contact::api::{flat, seen_by};
use crate::contact::{By, ContactError};
use crate::field::{self, Subject};
use crate::tag;
use crate::{CreateContacts, DeleteContacts, EditContacts, ViewContacts};

/// The routes of this noun for programs.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/companies", get(index).post(create))
        .route("/api/v1/companies/{id}", get(show).patch(update).delete(remove))
        .merge(super::merge::api::routes())
}

/// A company and the names of its tags as programs see them.
pub(super) fn shown(c: &Company, tags: &[String], sight: &Sight) -> Any {
    let fields: Map<String, Any> =
        c.fields.keys().map(|key| (key.clone(), field::reference::in_program(&c.shown(&format!("f:{key}"), sight)))).collect();
    json!({
        "id": c.shown_id(), "name": c.name, "domain": c.domain, "industry": c.industry, "phone": c.phone, "city": c.city, "country": c.country,
        "street": c.postal.street, "postal_code": c.postal.postal_code, "region": c.postal.region, "latitude": c.get("latitude"), "longitude": c.get("longitude"),
        "external_id": c.external_id, "owner_id": c.owner_id, "parent_id": c.parent_id.map(CompanyId), "tags": tags, "fields": fields,
        "created_at": c.created_at, "updated_at": c.updated_at,
    })
}

/// Lets programs see no parent that is deleted; the branch is its own again when that one comes back.
pub(super) async fn leave_deleted(tx: &mut Tx, companies: &mut [Company]) -> Result<(), DbError> {
    let parents = super::list_by_ids(tx, companies.iter().filter_map(|c| c.parent_id)).await?;
    let alive: HashSet<i64> = parents.into_iter().map(|parent| parent.id).collect();
    companies.iter_mut().for_each(|c| c.parent_id = c.parent_id.filter(|id| alive.contains(id)));
    Ok(())
}

/// This company as programs see it.
async fn shown_one(tx: &mut Tx, mut company: Company, (scope, sight): (&Scope, &Sight)) -> Result<Any, DbError> {
    leave_deleted(tx, std::slice::from_mut(&mut company)).await?;
    let defs = field::list_of(tx, Subject::Company).await?;
    field::reference::show(tx, (scope, sight), &defs, [(company.id, &mut company.fields)]).await?;
    let tags = tag::names_of(tx, &[company.id]).await?;
    Ok(shown(&company, tags.get(&company.id).map_or(&[][..], Vec::as_slice), sight))
}

/// Which companies are asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct IndexQuery {
    q: String,
    after: String,
    limit: Option<i64>,
}

async fn index(State(app): State<App>, can: Can<ViewContacts>, Query(query): Query<IndexQuery>) -> Answer {
    let after = query.after.split_once('~').and_then(|(id, key)| Some((key.to_owned(), id.parse::<i64>().ok()?)));
    let limit = query.limit.unwrap_or(50).clamp(1, 200);
    let sight = Sight::of(&can.actor);
    let mut tx = app.db.read().await?;
    let listing = Listing { search: query.q, after, limit, ..Listing::default() };
    let mut companies = super::list_rows(&mut tx, &can.scope, &listing).await?;
    leave_deleted(&mut tx, &mut companies).await?;
    let defs = field::list_of(&mut tx, Subject::Company).await?;
    field::reference::show(&mut tx, (&can.scope, &sight), &defs, companies.iter_mut().map(|c| (c.id, &mut c.fields))).await?;
    let tags = tag::names_of(&mut tx, &companies.iter().map(|c| c.id).collect::<Vec<_>>()).await?;
    let full = companies.len() as i64 == limit;
    let next = companies.last().filter(|_| full).map(|c| format!("{}~{}", c.id, super::name_key(&c.name)));
    let shown = |c: &Company| shown(c, tags.get(&c.id).map_or(&[][..], Vec::as_slice), &sight);
    Ok(Json(json!({ "items": companies.iter().map(shown).collect::<Vec<_>>(), "next": next })).into_response())
}

async fn show(State(app): State<App>, can: Can<ViewContacts>, Path(id): Path<CompanyId>) -> Answer {
    let mut tx = app.db.read().await?;
    // What was merged is answered by the one that remained, whose id says so.
    let company = super::find_today(&mut tx, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    Ok(Json(shown_one(&mut tx, company, (&can.scope, &Sight::of(&can.actor))).await?).into_response())
}

/// A new company from a program.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct NewCompany {
    name: String,
    domain: Option<String>,
    industry: Option<String>,
    street: Option<String>,
    postal_code: Option<String>,
    city: Option<String>,
    region: Option<String>,
    country: Option<String>,
    latitude: Any,
    longitude: Any,
    owner_id: Option<i64>,
    tags: Vec<String>,
    fields: Map<String, Any>,
}

async fn create(State(app): State<App>, can: Can<CreateContacts>, Json(new): Json<NewCompany>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let tags = tag::given(&new.tags)?;
    let draft = CompanyDraft {
        name: new.name,
        domain: new.domain,
        industry: new.industry,
        city: new.city,
        country: new.country,
        postal: address::given([new.street, new.postal_code, new.region], [new.latitude, new.longitude])?,
        owner_id: new.owner_id,
        fields: field::given(&field::list_of(&mut tx, Subject::Company).await?, new.fields)?,
    };
    let company = super::create(&mut tx, &by, draft).await?;
    tag::replace(&mut tx, &by, (Subject::Company, company.id), &tags).await?;
    let made = shown_one(&mut tx, company, (&seen_by(&can.actor, can.scope), &Sight::of(&can.actor))).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

/// Sets each attribute named in the body; own fields under `fields`; `tags` takes the place of all there are. All or nothing.
async fn update(State(app): State<App>, can: Can<EditContacts>, Path(id): Path<CompanyId>, Json(body): Json<Map<String, Any>>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    // What was merged is changed in the one that remained.
    let id = super::id_today(&mut tx, id.0).await?;
    for (key, value) in address::folded(flat(body))? {
        set(&mut tx, &by, &can.scope, id, &key, value).await?;
    }
    let company = super::find(&mut tx, &can.scope, id).await?.ok_or(Problem::NotFound)?;
    let changed = shown_one(&mut tx, company, (&seen_by(&can.actor, can.scope), &Sight::of(&can.actor))).await?;
    tx.commit().await?;
    Ok(Json(changed).into_response())
}

async fn has_deleted_parent(tx: &mut Tx, scope: &Scope, id: i64) -> Result<bool, DbError> {
    let parent = super::find(tx, scope, id).await?.and_then(|company| company.parent_id);
    Ok(parent.is_some() && super::list_by_ids(tx, parent).await?.is_empty())
}

async fn set(tx: &mut Tx, by: &By<'_>, scope: &Scope, id: i64, key: &str, value: Any) -> Result<(), ContactError> {
    let typed = field::text_of(&value);
    match key {
        "parent_id" => {
            let wrong = |key| ContactError::Invalid { attribute: "parent_id".to_owned(), key };
            let read = |typed: &str| typed.parse::<CompanyId>().map_err(|_| wrong("company-parent-gone"));
            let parent = if typed.is_empty() { None } else { Some(super::id_today(tx, read(&typed)?.0).await?) };
            // Who sends back the null it was shown takes nothing away: a deleted parent may come back.
            if parent.is_none() && has_deleted_parent(tx, scope, id).await? {
                return Ok(());
            }
            super::set_parent(tx, by, scope, id, parent).await.map_err(|error| match error {
                ContactError::Invalid { key, .. } => wrong(key),
                other => other,
            })?;
        }
        "tags" => {
            super::find(tx, scope, id).await?.ok_or(ContactError::NotFound)?;
            tag::replace(tx, by, (Subject::Company, id), &tag::given_json(value)?).await?;
        }
        key => _ = super::update_field(tx, by, scope, id, key, &typed).await?,
    }
    Ok(())
}

/// Hides the company; its people stay.
async fn remove(State(app): State<App>, can: Can<DeleteContacts>, Path(id): Path<CompanyId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    if super::delete(&mut tx, &app.bench(), &by, &can.scope, &[id.0]).await?.is_empty() {
        return Err(Problem::NotFound);
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
