//! The pages of places.

use askama::Template;
use attune_house::App;
use attune_web::kit::Choice;
use attune_web::{Answer, Can, Flash, Form, FormErrors, Lang, NavItem, Path, PermissionDef, Problem, Shell, Text, permission};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::{KINDS, Place, PlaceId, mark, store};
use crate::contact::By;

permission!(ViewPlaces, "identify.place.view"; EditPlaces, "identify.place.edit");

/// The most places the page lists.
const LISTED: i64 = 1_000;

/// The permissions of this noun.
pub(crate) fn permissions() -> Vec<PermissionDef> {
    use attune_web::Grant::{All, None};
    let def = |key, label_key, agent| PermissionDef { key, label_key, admin: All, manager: All, agent };
    vec![def("identify.place.view", "place-permission-view", All), def("identify.place.edit", "place-permission-edit", None)]
}

/// The routes of this noun.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/places", get(index).post(create))
        .route("/places/new", get(new))
        .route("/places/{id}", get(show).post(save))
        .route("/places/{id}/edit", get(edit))
        .route("/places/{id}/delete", post(delete))
        .route("/places/{id}/restore", post(restore))
}

/// The entry of the navigation.
pub(crate) fn nav() -> NavItem {
    NavItem::new("nav-customers", "place-title", "/places", "map-pin", 38, "identify.place.view")
}

impl Place {
    /// The mark without the kind in front.
    fn shown_mark(&self) -> &str {
        self.mark.split_once(':').map_or(self.mark.as_str(), |(_, mark)| mark)
    }

    /// How long somebody stays on average.
    fn stay(&self, l: &Lang) -> Text {
        if self.left > 0 { l.duration_ms(self.dwell_us / self.left / 1_000) } else { Text::from("–") }
    }
}

#[derive(Template)]
#[template(path = "place/list.html")]
struct ListPage {
    shell: Shell,
    places: Vec<Place>,
}

impl ListPage {
    fn kind(&self, place: &Place) -> Text {
        self.shell.l.t(&format!("place-kind-{}", place.kind))
    }
}

async fn index(State(app): State<App>, _can: Can<ViewPlaces>, shell: Shell) -> Answer {
    let page = ListPage { places: store::list(&mut app.db.read().await?, LISTED).await?, shell };
    Ok(page.shell.page(&page))
}

#[derive(Template)]
#[template(path = "place/show.html")]
struct ShowPage {
    shell: Shell,
    place: Place,
}

impl ShowPage {
    /// What the app sends when somebody comes.
    fn example(&self) -> String {
        let mark = self.place.shown_mark();
        let props = match self.place.kind.as_str() {
            "ibeacon" => {
                let mut parts = mark.split('/');
                let mut part = || parts.next().unwrap_or_default();
                format!("{{\"beacon\": {{\"uuid\": \"{}\", \"major\": {}, \"minor\": {}}}}}", part(), part(), part())
            }
            kind => serde_json::json!({ kind: mark }).to_string(),
        };
        format!("{{\"id\": \"…\", \"name\": \"place.entered\", \"at\": …, \"props\": {props}}}")
    }
}

async fn show(State(app): State<App>, _can: Can<ViewPlaces>, shell: Shell, Path(id): Path<PlaceId>) -> Answer {
    let place = store::find(&mut app.db.read().await?, id).await?.ok_or(Problem::NotFound)?;
    let page = ShowPage { place, shell };
    Ok(page.shell.page(&page))
}

/// A place as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct PlaceForm {
    name: String,
    kind: String,
    mark: String,
}

impl PlaceForm {
    fn check(&self, id: PlaceId) -> Result<Place, FormErrors> {
        let mut errors = FormErrors::new();
        let name = errors.required("name", &self.name, 100);
        let typed = errors.required("mark", &self.mark, 200);
        let kind = KINDS.into_iter().find(|kind| *kind == self.kind);
        if kind.is_none() {
            errors.add("kind", "web-required");
        }
        let mark = kind.and_then(|kind| mark(kind, &typed));
        if let Some(kind) = kind.filter(|_| mark.is_none() && !typed.is_empty()) {
            errors.add("mark", wrong_key(kind));
        }
        let (kind, mark) = (kind.unwrap_or_default().to_owned(), mark.unwrap_or_default());
        errors.or(Place { id, name, kind, mark, entered: 0, left: 0, dwell_us: 0, last_at: None })
    }
}

fn wrong_key(kind: &str) -> &'static str {
    match kind {
        "ibeacon" => "place-no-ibeacon",
        "nfc" => "place-no-nfc",
        _ => "place-no-geofence",
    }
}

#[derive(Template)]
#[template(path = "place/form.html", blocks = ["form"])]
struct FormPage {
    heading: String,
    action: String,
    kinds: Vec<Choice>,
    shell: Shell,
    form: PlaceForm,
    errors: FormErrors,
}

impl FormPage {
    fn new(shell: Shell, id: Option<PlaceId>, form: PlaceForm, errors: FormErrors) -> Self {
        let heading = shell.l.t(if id.is_some() { "place-edit" } else { "place-new" }).to_string();
        let action = id.map_or_else(|| "/places".to_owned(), |id| format!("/places/{id}"));
        let kinds = KINDS.iter().map(|kind| Choice::new(*kind, shell.l.t(&format!("place-kind-{kind}")))).collect();
        Self { heading, action, kinds, shell, form, errors }
    }

    fn again(self) -> Answer {
        Ok(self.shell.again(&self, &self.as_form()))
    }
}

async fn new(_can: Can<EditPlaces>, shell: Shell) -> Answer {
    let page = FormPage::new(shell, None, PlaceForm::default(), FormErrors::new());
    Ok(page.shell.page(&page))
}

async fn edit(State(app): State<App>, _can: Can<EditPlaces>, shell: Shell, Path(id): Path<PlaceId>) -> Answer {
    let place = store::find(&mut app.db.read().await?, id).await?.ok_or(Problem::NotFound)?;
    let form = PlaceForm { mark: place.shown_mark().to_owned(), name: place.name, kind: place.kind };
    let page = FormPage::new(shell, Some(id), form, FormErrors::new());
    Ok(page.shell.page(&page))
}

async fn create(State(app): State<App>, can: Can<EditPlaces>, shell: Shell, Form(form): Form<PlaceForm>) -> Answer {
    keep(&app, &can, shell, None, form).await
}

async fn save(State(app): State<App>, can: Can<EditPlaces>, shell: Shell, Path(id): Path<PlaceId>, Form(form): Form<PlaceForm>) -> Answer {
    keep(&app, &can, shell, Some(id), form).await
}

/// Makes or changes a place; a mark belongs to one place only.
async fn keep(app: &App, can: &Can<EditPlaces>, shell: Shell, id: Option<PlaceId>, form: PlaceForm) -> Answer {
    let place = match form.check(id.unwrap_or_else(|| PlaceId(app.ids.next()))) {
        Ok(place) => place,
        Err(errors) => return FormPage::new(shell, id, form, errors).again(),
    };
    let mut tx = app.db.begin().await?;
    if let Some(other) = store::find_other(&mut tx, &place).await? {
        let mut errors = FormErrors::new();
        errors.add("mark", "place-taken").s("name", other);
        return FormPage::new(shell, id, form, errors).again();
    }
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    if id.is_some() {
        let before = store::find(&mut tx, place.id).await?.ok_or(Problem::NotFound)?;
        store::update(&mut tx, &by, &before, &place).await?;
    } else {
        store::insert(&mut tx, &by, &place).await?;
    }
    tx.commit().await?;
    Ok(shell.leave(&format!("/places/{}", place.id), Flash::good("place-kept")))
}

async fn delete(State(app): State<App>, can: Can<EditPlaces>, shell: Shell, Path(id): Path<PlaceId>) -> Answer {
    set_deleted(&app, &can, id, true).await?;
    Ok(shell.leave("/places", Flash::good("place-deleted").undo(format!("/places/{id}/restore"))))
}

async fn restore(State(app): State<App>, can: Can<EditPlaces>, shell: Shell, Path(id): Path<PlaceId>) -> Answer {
    set_deleted(&app, &can, id, false).await?;
    Ok(shell.leave(&format!("/places/{id}"), Flash::good("place-restored")))
}

async fn set_deleted(app: &App, can: &Can<EditPlaces>, id: PlaceId, gone: bool) -> Result<(), Problem> {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    if !store::set_deleted(&mut tx, &by, id, gone.then_some(by.now)).await? {
        return Err(Problem::NotFound);
    }
    tx.commit().await?;
    Ok(())
}
