//! The page of a book that was handed over: how far it is, who got what, and the way back.

use std::collections::{BTreeMap, HashMap};

use askama::Template;
use attune_db::{DbError, Tx};
use attune_house::App;
use attune_identify::staff;
use attune_jobs::JobState;
use attune_web::{Answer, Can, Flash, Path, Problem, Shell};
use axum::extract::State as Held;

use super::rules::{Figures, Kind};
use super::{Book, BookId};
use crate::HandOverBooks;

/// What one colleague has of it.
struct Got {
    name: String,
    id: i64,
    figures: Figures,
}

#[derive(Template)]
#[template(path = "book/show.html", blocks = ["state"])]
struct ShowPage {
    shell: Shell,
    id: BookId,
    from: String,
    book_href: String,
    state_key: String,
    failed: String,
    is_running: bool,
    done: i64,
    total: i64,
    got: Vec<Got>,
    kept: i64,
    missed: i64,
    back: i64,
    may_undo: bool,
}

impl ShowPage {
    fn kinds(&self) -> [Kind; 5] {
        Kind::ALL
    }

    fn href(&self) -> String {
        address(self.id)
    }

    fn stop_href(&self) -> String {
        format!("{}/stop", self.href())
    }

    fn undo_href(&self) -> String {
        format!("{}/undo", self.href())
    }
}

/// The address of a book that was handed over.
pub(super) fn address(id: BookId) -> String {
    format!("/settings/books/{id}")
}

/// GET /settings/books/{id}
pub(crate) async fn show(Held(app): Held<App>, can: Can<HandOverBooks>, shell: Shell, Path(id): Path<BookId>) -> Answer {
    let mut tx = app.db.read().await?;
    let book = super::get_in(&mut tx, id.0, &can.scope).await?.ok_or(Problem::NotFound)?;
    let page = view(&mut tx, shell, &book).await?;
    Ok(page.shell.show(&page, &page.as_state()))
}

fn sum(outcome: &BTreeMap<(String, i64), Figures>, state: &str) -> i64 {
    outcome.iter().filter(|((of, _), _)| of == state).map(|(_, figures)| figures.total()).sum()
}

async fn view(tx: &mut Tx, shell: Shell, book: &Book) -> Result<ShowPage, DbError> {
    let names: HashMap<i64, String> = staff::names(&staff::list(tx).await?);
    let name = |id: i64| names.get(&id).cloned().unwrap_or_default();
    let outcome = super::list_outcome(tx, book).await?;
    let (state, done, total, failed) = super::find_job(tx, book).await?;
    let (is_running, is_undo) = (!state.is_over(), book.undo_job_id.is_some());
    let given = |state: &str| matches!(state, "given" | "stays");
    let mut got: BTreeMap<i64, Figures> = BTreeMap::new();
    for ((_, to), figures) in outcome.iter().filter(|((state, _), _)| given(state)) {
        for kind in Kind::ALL {
            got.entry(*to).or_default().add(kind, figures.get(kind));
        }
    }
    Ok(ShowPage {
        id: BookId(book.id),
        from: name(book.from_id),
        book_href: super::pages::address(book.from_id),
        state_key: format!("book-{}{}", if is_undo { "undo-" } else { "" }, state.word()),
        may_undo: !is_running && sum(&outcome, "given") > 0,
        got: got.into_iter().map(|(id, figures)| Got { name: name(id), id, figures }).collect(),
        kept: sum(&outcome, "stays"),
        missed: sum(&outcome, "missed") + if state == JobState::Cancelled { sum(&outcome, "planned") } else { 0 },
        back: sum(&outcome, "back"),
        failed,
        is_running,
        done,
        total,
        shell,
    })
}

/// POST /settings/books/{id}/stop
pub(crate) async fn stop(Held(app): Held<App>, can: Can<HandOverBooks>, shell: Shell, Path(id): Path<BookId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let book = super::get_in(&mut tx, id.0, &can.scope).await?.ok_or(Problem::NotFound)?;
    super::stop(&mut tx, &book, app.clock.now()).await?;
    tx.commit().await?;
    Ok(shell.leave(&address(id), Flash::good("book-stopping")))
}

/// POST /settings/books/{id}/undo
pub(crate) async fn undo(Held(app): Held<App>, can: Can<HandOverBooks>, shell: Shell, Path(id): Path<BookId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let book = super::get_in(&mut tx, id.0, &can.scope).await?.ok_or(Problem::NotFound)?;
    super::undo(&mut tx, &app.bench(), &can.actor, &book).await?;
    tx.commit().await?;
    Ok(shell.leave(&address(id), Flash::good("book-undoing")))
}
