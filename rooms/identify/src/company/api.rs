//! `/api/v1/companies`.

use attune_house::App;
use attune_web::{Answer, Can, Json, Path, Problem, Query};
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value as Any, json};

use super::{Company, CompanyDraft, CompanyId, Listing};
use crate::contact::By;
use crate::{CreateContacts, EditContacts, ViewContacts};

/// The routes of this noun for programs.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/api/v1/companies", get(index).post(create)).route("/api/v1/companies/{id}", get(show).patch(update))
}

fn shown(c: &Company) -> Any {
    json!({
        "id": c.shown_id(), "name": c.name, "domain": c.domain, "industry": c.industry, "phone": c.phone, "city": c.city, "country": c.country,
        "owner_id": c.owner_id, "parent_id": c.parent_id.map(CompanyId), "created_at": c.created_at,
    })
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
    let lines = super::list(&mut app.db.read().await?, &can.scope, &Listing { search: query.q, after, limit }).await?;
    let full = lines.len() as i64 == limit;
    let next = lines.last().filter(|_| full).map(|l| format!("{}~{}", l.company.id, super::name_key(&l.company.name)));
    Ok(Json(json!({ "items": lines.iter().map(|l| shown(&l.company)).collect::<Vec<_>>(), "next": next })).into_response())
}

async fn show(State(app): State<App>, can: Can<ViewContacts>, Path(id): Path<CompanyId>) -> Answer {
    let company = super::find(&mut app.db.read().await?, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    Ok(Json(shown(&company)).into_response())
}

/// A new company from a program.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct NewCompany {
    name: String,
    domain: Option<String>,
    industry: Option<String>,
    city: Option<String>,
    country: Option<String>,
    owner_id: Option<i64>,
}

async fn create(State(app): State<App>, can: Can<CreateContacts>, Json(new): Json<NewCompany>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let draft = CompanyDraft {
        name: new.name,
        domain: new.domain,
        industry: new.industry,
        city: new.city,
        country: new.country,
        owner_id: new.owner_id,
    };
    let company = super::create(&mut tx, &by, draft).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(shown(&company))).into_response())
}

/// Sets each attribute named in the body. All or nothing.
async fn update(State(app): State<App>, can: Can<EditContacts>, Path(id): Path<CompanyId>, Json(body): Json<Map<String, Any>>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    for (key, value) in body {
        let typed = value.as_str().map_or_else(|| if value.is_null() { String::new() } else { value.to_string() }, str::to_owned);
        if key == "parent_id" {
            let parent = if typed.is_empty() { None } else { Some(typed.parse::<CompanyId>().map_err(|_| Problem::NotFound)?.0) };
            super::set_parent(&mut tx, &by, &can.scope, id.0, parent).await?;
        } else {
            super::update_field(&mut tx, &by, &can.scope, id.0, &key, &typed).await?;
        }
    }
    let company = super::find(&mut tx, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    tx.commit().await?;
    Ok(Json(shown(&company)).into_response())
}
