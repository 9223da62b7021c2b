//! Taking an upload: piece by piece into the store, so that its size costs no memory and another process can read it.

use std::fmt::Display;

use attune_house::App;
use attune_web::{Actor, Problem};
use axum::extract::Multipart;
use axum::extract::multipart::Field;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::{Stream, TryStreamExt};

use super::plan::Plan;
use super::run::guess_kind;
use super::source::Source;
use super::store::{self, Import, ImportState};
use super::{Counts, Kind, event_plan};

/// The largest file the page and programs can send, bytes.
pub const LARGEST: usize = 2 * 1024 * 1024 * 1024;
/// How many files back a mapping is remembered.
const REMEMBERED: i64 = 50;
/// Bytes in a chunk; a multiple of three, so that base 64 needs no padding within.
const CHUNK: usize = 192 * 1024;

/// Keeps the first file of the form as a draft and guesses its plan; answers its id. `None` when no file was chosen. What the file brings is
/// written to `kind`, so that the form can be shown again as it was.
pub(crate) async fn keep(app: &App, actor: &Actor, mut form: Multipart, kind: &mut Kind) -> Result<Option<i64>, Problem> {
    // The form asks for it above the file.
    while let Some(field) = form.next_field().await.map_err(|e| Problem::Unreadable(e.to_string()))? {
        if field.name() == Some("subject") {
            *kind = Kind::of_form(&field.text().await.map_err(|e| Problem::Unreadable(e.to_string()))?);
            continue;
        }
        let name: String = field.file_name().unwrap_or("").chars().take(200).collect();
        if field.name() == Some("file") && !name.is_empty() {
            return keep_file(app, actor, field, (*kind, name)).await.map(Some);
        }
    }
    Ok(None)
}

/// Takes the bytes of a file; answers the id they are kept under and how many they were. Of one that breaks off, or is too large, nothing stays.
pub(super) async fn store_bytes<E: Display>(app: &App, bytes: impl Stream<Item = Result<Bytes, E>> + Unpin) -> Result<(i64, i64), Problem> {
    let id = app.ids.next();
    match store_pieces(app, id, bytes).await {
        Ok(size) => Ok((id, size)),
        Err(problem) => {
            forget(app, id).await?;
            Err(problem)
        }
    }
}

async fn store_pieces<E: Display>(app: &App, id: i64, mut bytes: impl Stream<Item = Result<Bytes, E>> + Unpin) -> Result<i64, Problem> {
    let (mut open, mut number, mut size) = (Vec::with_capacity(CHUNK * 2), 0_i64, 0_i64);
    while let Some(piece) = bytes.try_next().await.map_err(|e| Problem::Unreadable(e.to_string()))? {
        size += i64::try_from(piece.len()).unwrap_or(0);
        if size > i64::try_from(LARGEST).unwrap_or(i64::MAX) {
            return Err(Problem::TooLarge);
        }
        open.extend_from_slice(&piece);
        while open.len() >= CHUNK {
            let rest = open.split_off(CHUNK);
            put(app, id, number, &open).await?;
            open = rest;
            number += 1;
        }
    }
    put(app, id, number, &open).await?;
    Ok(size)
}

/// Drops a file of which nothing came.
pub(super) async fn forget(app: &App, id: i64) -> Result<(), Problem> {
    let mut tx = app.db.begin().await?;
    store::remove_chunks(&mut tx, id).await?;
    tx.commit().await?;
    Ok(())
}

async fn keep_file(app: &App, actor: &Actor, field: Field<'_>, (kind, file_name): (Kind, String)) -> Result<i64, Problem> {
    let (id, size) = store_bytes(app, field).await?;
    let guessed = guess_kind(&app.db, &Source::Stored(app.db.clone(), id), kind).await;
    let (profile, plan) = match guessed {
        Ok(guessed) => guessed,
        Err(error) => {
            forget(app, id).await?;
            return Err(error.into());
        }
    };
    let mut tx = app.db.begin().await?;
    let earlier = store::list_plans(&mut tx, kind, REMEMBERED).await?;
    let again = |(name, earlier): &(String, Plan)| match kind {
        Kind::Events => event_plan::remember(&plan, earlier, name),
        Kind::Contacts | Kind::Companies => plan.remember(earlier, name),
    };
    let plan = earlier.iter().find_map(again).unwrap_or(plan);
    let draft = draft(app, actor, (id, file_name, size), (kind, plan), profile.rows);
    store::insert(&mut tx, &draft).await?;
    tx.commit().await?;
    Ok(id)
}

/// An import nobody has started.
pub(super) fn draft(
    app: &App,
    actor: &Actor,
    (id, file_name, file_bytes): (i64, String, i64),
    (kind, plan): (Kind, Plan),
    rows: i64,
) -> Import {
    Import {
        id,
        is_events: kind == Kind::Events,
        state: ImportState::Draft,
        file_name,
        file_bytes,
        plan,
        total_rows: Some(rows),
        counts: Counts::default(),
        job_id: None,
        staff_id: actor.staff_id,
        error: None,
        created_at: app.clock.now(),
        finished_at: None,
        undo_gone_at: None,
    }
}

async fn put(app: &App, id: i64, number: i64, bytes: &[u8]) -> Result<(), Problem> {
    let mut tx = app.db.begin().await?;
    store::put_chunk(&mut tx, id, number, &STANDARD.encode(bytes)).await?;
    tx.commit().await?;
    Ok(())
}
