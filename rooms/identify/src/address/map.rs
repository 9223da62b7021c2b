//! A list of contacts or companies on a map: the part of the list's page, and what the map asks for while somebody looks around.

use std::collections::HashMap;

use askama::Template;
use attune_db::{DbError, Sql, Tx};
use attune_house::App;
use attune_web::kit::with_query;
use attune_web::{Answer, Can, Json, Problem, Query, Scope, Shell};
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Value as Any, json};

use super::filter::NOTHING;
use super::store::{self, Cell, LOTS, Lead, Members, Place};
use super::tiles::Tiles;
use super::{PostalAddress, Window};
use crate::ViewContacts;
use crate::company;
use crate::contact::query::ListQuery;
use crate::contact::{self, Selection};
use crate::field::{self, Companies, Contacts, List, Subject};

/// The word for the list as a map.
pub(crate) const MAP: &str = "map";
/// The most cells one answer holds; beyond, the emptiest are left out and the map says so.
const MOST_CELLS: i64 = 1_000;
/// The most records named at once.
const NAMED: i64 = 20;
/// The most places in words.
const MOST_PLACES: i64 = 100;
/// A cell of so few names them instead of zooming in.
const FEW: i64 = 8;
/// About so many records are read for one look at a map.
const MOST_READ: i64 = 20_000;
/// A list of no more is read as a whole, however few of it are on the map: a sample would miss them.
const MOST_LISTED: i64 = 50_000;
/// In so many lots is counted how many records there are about.
const PROBED: i64 = 8;

/// What the map of a list asks for.
pub(super) fn routes() -> Router<attune_house::App> {
    Router::new()
        .route("/contacts/map/cells", get(cells::<Contacts>))
        .route("/contacts/map/names", get(names::<Contacts>))
        .route("/companies/map/cells", get(cells::<Companies>))
        .route("/companies/map/names", get(names::<Companies>))
}

/// A place in words, and the list of those who are there.
pub(super) struct PlaceLine {
    name: String,
    count: String,
    href: String,
}

/// A map as a part of a page.
#[derive(Template)]
#[template(path = "address/map.html")]
pub(crate) struct MapPart<'a> {
    shell: &'a Shell,
    tiles: Option<&'a Tiles>,
    /// What it is called.
    label: String,
    /// Where cells and names are asked for; empty on a map of one record.
    cells: String,
    names: String,
    /// The part of the world it shows first.
    extent: Window,
    /// What the one marker on a map of one record says.
    here: String,
    /// How many of the list are on it.
    said: String,
    /// The places in words; nothing on a map of one record.
    places: Vec<PlaceLine>,
    has_list: bool,
    is_cut: bool,
}

impl MapPart<'_> {
    /// Whether the reader may say where pictures come from.
    fn may_set(&self) -> bool {
        self.tiles.is_none() && self.shell.may("govern.setting.edit")
    }
}

/// A map with what its page needs to let it in.
pub(crate) struct Map {
    /// Ready to be shown.
    pub(crate) html: String,
    tiles: Option<Tiles>,
}

impl Map {
    /// A page may load the pictures of its map; a page without one loads none.
    pub(crate) fn admit(map: Option<&Self>, response: Response) -> Response {
        match map.and_then(|map| map.tiles.as_ref()).and_then(Tiles::origin) {
            Some(origin) => attune_web::with_pictures_of(response, origin),
            None => response,
        }
    }
}

fn rendered(part: &MapPart<'_>) -> Result<String, Problem> {
    part.render().map_err(|error| Problem::Fault(attune_kernel::Fault::from(error).context("a map could not be rendered")))
}

/// The small map of a record that has coordinates.
pub(crate) async fn of_record(tx: &mut Tx, shell: &Shell, address: &PostalAddress, name: &str) -> Result<Option<Map>, Problem> {
    let Some(at) = address.coordinates else { return Ok(None) };
    let tiles = Tiles::read(tx).await?;
    let part = MapPart {
        shell,
        tiles: tiles.as_ref(),
        label: shell.l.of("address-map-of").s("name", name).to_string(),
        cells: String::new(),
        names: String::new(),
        extent: Window::of(at.spot()),
        here: name.to_owned(),
        said: String::new(),
        places: Vec::new(),
        has_list: false,
        is_cut: false,
    };
    Ok(Some(Map { html: rendered(&part)?, tiles }))
}

/// The map of a list.
pub(crate) async fn of_list(tx: &mut Tx, scope: &Scope, shell: &Shell, (of, query): (Subject, &ListQuery)) -> Result<Map, Problem> {
    let (tiles, home, text) = (Tiles::read(tx).await?, of.home(), query.text());
    let (mut located, mut lead, mut window, mut places) = (0, Lead::Records, Window::WORLD, Vec::new());
    if let Some(from) = listed(tx, scope, shell, (of, query)).await? {
        let members = members(tx, of, &from, Window::WORLD).await?;
        (window, located) = store::extent(tx, of, &members).await?.unwrap_or((Window::WORLD, 0));
        lead = members.lead;
        places = store::places(tx, &from, MOST_PLACES + 1).await?;
    }
    let is_cut = i64::try_from(places.len()).is_ok_and(|many| many > MOST_PLACES);
    places.truncate(MOST_PLACES as usize);
    // Those without a name are found first, so that no place pushes them out, and said last.
    let nameless = places.iter().take_while(|place| place.is_nameless()).count();
    places.rotate_left(nameless);
    let said = if is_about(lead) { "address-about" } else { said_key(of) };
    let part = MapPart {
        shell,
        tiles: tiles.as_ref(),
        label: shell.l.t("address-map").to_string(),
        cells: format!("{home}/map/cells?{text}"),
        names: format!("{home}/map/names?{text}"),
        extent: window,
        here: String::new(),
        said: shell.l.of(said).n("count", scaled(lead, located)).to_string(),
        places: places.into_iter().map(|place| line(shell, (home, &text), place)).collect(),
        has_list: true,
        is_cut,
    };
    Ok(Map { html: rendered(&part)?, tiles })
}

fn said_key(of: Subject) -> &'static str {
    match of {
        Subject::Contact => "address-located-contacts",
        Subject::Company => "address-located-companies",
    }
}

/// A place in words, with the list narrowed to it.
fn line(shell: &Shell, (home, text): (&str, &str), place: Place) -> PlaceLine {
    let names: Vec<&str> = [&place.city, &place.country].into_iter().filter_map(Option::as_deref).collect();
    let asked = |name: &Option<String>| name.clone().unwrap_or_else(|| NOTHING.to_owned());
    let table = with_query(text, "layout", "");
    let mut narrowed = with_query(table.trim_start_matches('?'), "city", asked(&place.city));
    if place.is_nameless() {
        narrowed = with_query(narrowed.trim_start_matches('?'), "located", "1");
    }
    let name = match names.as_slice() {
        [] => shell.l.t("address-place-nameless").to_string(),
        names => shell.l.list(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).to_string(),
    };
    PlaceLine {
        name,
        count: shell.l.count(place.records).to_string(),
        href: format!("{home}{}", with_query(narrowed.trim_start_matches('?'), "country", asked(&place.country))),
    }
}

/// From where the records of the list are read that an address means, `c` being the records, and under which conditions; nothing when it cannot be
/// anybody.
async fn listed(tx: &mut Tx, scope: &Scope, shell: &Shell, (of, query): (Subject, &ListQuery)) -> Result<Option<Sql>, Problem> {
    let Some(actor) = &shell.actor else { return Ok(None) };
    let mut from = Sql::new("");
    let is_anybody = match of {
        Subject::Contact => {
            let fields = field::list(tx).await?;
            let scale = contact::score::Scale::read(tx, shell.now).await?;
            let listed = Selection::Listed(Box::new(query.listing(actor, &scale, &fields)));
            contact::push_selected(tx, &mut from, scope, &listed).await?
        }
        Subject::Company => {
            let fields = field::list_of(tx, of).await?;
            let listing = company::Listing { after: None, ..company::listing(tx, query, actor.staff_id, &fields, i64::MAX).await? };
            company::push_selected(tx, &mut from, scope, &company::Selection::Listed(Box::new(listing))).await?
        }
    };
    Ok(is_anybody.then_some(from))
}

/// The records that `from` is about, read in the order that costs least: of many in a part of the map where many are, a fair sample.
async fn members(tx: &mut Tx, of: Subject, from: &Sql, window: Window) -> Result<Members, DbError> {
    let mut ids = Sql::new("SELECT c.id");
    ids.append(from);
    let listed = store::count_of(tx, from, MOST_LISTED + 1).await?;
    let lead = if listed <= MOST_READ {
        Lead::Records
    } else if store::count_of(tx, &store::part(of, window, None), MOST_READ + 1).await? <= MOST_READ {
        Lead::Part
    } else if listed <= MOST_LISTED {
        Lead::Records
    } else {
        let some = store::count_of(tx, &store::part(of, window, Some(PROBED)), i64::MAX).await?;
        Lead::Lots((MOST_READ * PROBED / some.max(1)).clamp(1, LOTS))
    };
    Ok(Members { ids, lead })
}

/// How many a number read of some lots stands for.
fn scaled(lead: Lead, records: i64) -> i64 {
    match lead {
        Lead::Lots(lots) if lots < LOTS => records.saturating_mul(LOTS) / lots,
        _ => records,
    }
}

/// Whether numbers are those of a sample.
fn is_about(lead: Lead) -> bool {
    matches!(lead, Lead::Lots(lots) if lots < LOTS)
}

/// What is looked at.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Look {
    /// The part of the map; the whole world when it cannot be read.
    part: String,
    zoom: u32,
}

impl Look {
    fn window(&self) -> Window {
        self.part.parse().unwrap_or(Window::WORLD)
    }
}

/// How many records are where, counted in the cells of the part that is looked at.
async fn cells<L: List>(
    State(app): State<App>,
    can: Can<ViewContacts>,
    shell: Shell,
    Query(query): Query<ListQuery>,
    Query(look): Query<Look>,
) -> Answer {
    let mut tx = app.db.read().await?;
    let window = look.window();
    let (mut lead, mut found, shift) = (Lead::Records, Vec::new(), window.shift(look.zoom));
    if let Some(from) = listed(&mut tx, &can.scope, &shell, (L::OF, &query)).await? {
        let members = members(&mut tx, L::OF, &from, window).await?;
        found = store::cells(&mut tx, L::OF, &members, (window, shift), MOST_CELLS).await?;
        lead = members.lead;
    }
    if is_about(lead) {
        // Who was not read may stand anywhere in the cell.
        found.iter_mut().for_each(|cell| cell.around = Window::cell_of(cell.middle, shift));
    }
    Ok(Json(shown(&mut tx, &shell, L::OF, (lead, found)).await?).into_response())
}

/// The cells as the map's script reads them; who is alone in one is named.
async fn shown(tx: &mut Tx, shell: &Shell, of: Subject, (lead, found): (Lead, Vec<Cell>)) -> Result<Any, DbError> {
    let is_about = is_about(lead);
    let alone: Vec<i64> = found.iter().filter(|cell| cell.records == 1 && !is_about).map(|cell| cell.one).collect();
    let named: HashMap<i64, Named> = named(tx, shell, of, &alone).await?.into_iter().map(|one| (one.id, one)).collect();
    let total = scaled(lead, found.iter().map(|cell| cell.records).sum());
    let is_cut = i64::try_from(found.len()).is_ok_and(|many| many >= MOST_CELLS);
    let shown = |cell: &Cell| {
        let one = named.get(&cell.one).filter(|_| cell.records == 1);
        let records = scaled(lead, cell.records);
        let key = if is_about { "address-about" } else { count_key(of) };
        let count = shell.l.of(key).n("count", records).to_string();
        json!({
            "x": cell.middle.x, "y": cell.middle.y, "part": cell.around.to_string(), "n": records, "few": records <= FEW,
            "text": shell.l.count(records).to_string(), "label": one.map_or(count, |one| one.name.clone()), "href": one.map(|one| one.href.clone()),
        })
    };
    let key = match (is_about, is_cut) {
        (true, _) => "address-here-about",
        (false, true) => "address-cells-cut",
        (false, false) => said_here_key(of),
    };
    Ok(json!({ "said": shell.l.of(key).n("count", total).to_string(), "cells": found.iter().map(shown).collect::<Vec<_>>() }))
}

fn count_key(of: Subject) -> &'static str {
    match of {
        Subject::Contact => "address-count-contacts",
        Subject::Company => "address-count-companies",
    }
}

fn said_here_key(of: Subject) -> &'static str {
    match of {
        Subject::Contact => "address-here-contacts",
        Subject::Company => "address-here-companies",
    }
}

/// A record by its name.
struct Named {
    id: i64,
    name: String,
    href: String,
}

/// These records by name, in their order.
async fn named(tx: &mut Tx, shell: &Shell, of: Subject, ids: &[i64]) -> Result<Vec<Named>, DbError> {
    let mut found: Vec<Named> = match of {
        Subject::Contact => {
            let people = contact::list_by_ids(tx, ids.iter().copied()).await?;
            people
                .iter()
                .map(|c| Named { id: c.id, name: contact::name_for(shell, c), href: format!("/contacts/{}", c.shown_id()) })
                .collect()
        }
        Subject::Company => {
            let firms = company::list_by_ids(tx, ids.iter().copied()).await?;
            firms.into_iter().map(|c| Named { id: c.id, href: format!("/companies/{}", c.shown_id()), name: c.name }).collect()
        }
    };
    found.sort_by_key(|one| one.id);
    Ok(found)
}

/// Who is in one cell, as far as they are named.
#[derive(Template)]
#[template(path = "address/names.html")]
struct NamesPart<'a> {
    shell: &'a Shell,
    named: Vec<Named>,
    /// The list of all of them, where there are more.
    all: Option<String>,
}

/// The names of those in a cell.
async fn names<L: List>(
    State(app): State<App>,
    can: Can<ViewContacts>,
    shell: Shell,
    Query(query): Query<ListQuery>,
    Query(look): Query<Look>,
) -> Answer {
    let mut tx = app.db.read().await?;
    let mut ids = Vec::new();
    if let Some(from) = listed(&mut tx, &can.scope, &shell, (L::OF, &query)).await? {
        let members = members(&mut tx, L::OF, &from, look.window()).await?;
        ids = store::list_within(&mut tx, L::OF, &members, look.window(), NAMED + 1).await?;
    }
    let more = i64::try_from(ids.len()).is_ok_and(|many| many > NAMED);
    let mut named = named(&mut tx, &shell, L::OF, &ids).await?;
    named.truncate(NAMED as usize);
    let table = with_query(&query.text(), "layout", "");
    let all = more.then(|| format!("{}{}", L::OF.home(), with_query(table.trim_start_matches('?'), "within", look.window())));
    Ok(shell.fragment(&NamesPart { shell: &shell, named, all }))
}
