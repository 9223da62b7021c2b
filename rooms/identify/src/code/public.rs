//! What a scan opens: the target, or a small page of ours that carries the tracker.

use askama::Template;
use attune_house::App;
use attune_web::{Answer, Path, Problem, Shell};
use axum::Router;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use http::HeaderMap;
use http::header::USER_AGENT;

use super::{Code, PrintId, destination, store};
use crate::tracking::Collector;

/// The routes for everybody.
pub(crate) fn routes(collector: &Collector) -> Router<App> {
    Router::new().route("/q/{id}", get(scan)).route("/q/{id}/page", get(page)).layer(Extension(collector.clone()))
}

/// GET /q/{print}: counts the scan and leads on. A machine that looks at links is counted apart.
async fn scan(State(app): State<App>, Extension(collector): Extension<Collector>, Path(id): Path<PrintId>, headers: HeaderMap) -> Answer {
    let agent = headers.get(USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default();
    let machine = collector.agents().read(&agent).machine.is_some();
    let mut tx = app.db.begin().await?;
    let (code, print) = store::find_print(&mut tx, id).await?.ok_or(Problem::NotFound)?;
    store::count(&mut tx, id, machine, app.clock.now()).await?;
    tx.commit().await?;
    let own = format!("{}/page", super::address(&app.public_url, id));
    let to = destination(code.target.as_deref().unwrap_or(&own), &code.name, &print.label);
    Ok(Redirect::to(&to).into_response())
}

/// The page of a code that leads nowhere else.
#[derive(Template)]
#[template(path = "code/landing.html")]
struct LandingPage {
    shell: Shell,
    code: Code,
}

impl LandingPage {
    fn paragraphs(&self) -> impl Iterator<Item = &str> {
        self.code.body.lines().map(str::trim).filter(|line| !line.is_empty())
    }
}

async fn page(State(app): State<App>, shell: Shell, Path(id): Path<PrintId>) -> Answer {
    let (code, _) = store::find_print(&mut app.db.read().await?, id).await?.ok_or(Problem::NotFound)?;
    let page = LandingPage { shell, code };
    Ok(page.shell.page(&page))
}
