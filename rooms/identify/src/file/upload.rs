//! Bytes in and out: piece by piece, so that a file of any size costs the memory of a few pieces.

use std::fmt::Display;

use attune_db::{Db, Tx};
use attune_house::{App, setting_int};
use attune_web::{Actor, Problem, Scope};
use axum::BoxError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::{Stream, StreamExt, stream};

use super::{FileId, LARGEST_MB, LARGEST_MB_DEFAULT, StoredFile, begin, finish, store};
use crate::contact::By;
use crate::relationship::Record;

/// Bytes in a piece; a multiple of three, so that base 64 needs no padding within.
const CHUNK: usize = 384 * 1024;

/// What became of a file that was sent.
pub(super) enum Taken {
    Kept(Box<StoredFile>),
    /// It is larger than the setting allows, and nothing of it stays.
    TooLarge,
}

/// How large a file may be, MB.
pub(super) async fn most_mb(tx: &mut Tx) -> Result<i64, Problem> {
    Ok(setting_int(tx, LARGEST_MB, LARGEST_MB_DEFAULT.parse().unwrap_or(0)).await?)
}

/// Who sends a file, and to which record.
pub(super) struct Sender<'a> {
    pub(super) app: &'a App,
    pub(super) actor: &'a Actor,
    pub(super) scope: &'a Scope,
    pub(super) record: Record,
}

impl Sender<'_> {
    fn by(&self) -> By<'_> {
        By { actor: self.actor, now: self.app.clock.now(), ids: &self.app.ids }
    }

    /// Keeps what `pieces` bring under `name`. A file that is too large is read to its end all the same: a browser that is cut off while it still
    /// sends shows no answer.
    pub(super) async fn keep<B, E>(&self, name: &str, pieces: impl Stream<Item = Result<B, E>> + Unpin + Send) -> Result<Taken, Problem>
    where
        B: AsRef<[u8]> + Send,
        E: Display + Send,
    {
        let mut tx = self.app.db.begin().await?;
        let most = most_mb(&mut tx).await? * 1_000_000;
        let id = begin(&mut tx, &self.by(), self.scope, self.record, name).await?;
        tx.commit().await?;
        let stored = match self.pour(id, most, pieces).await {
            Ok(Some(bytes)) => self.finish(id, bytes).await.map(|file| Taken::Kept(Box::new(file))),
            Ok(None) => Ok(Taken::TooLarge),
            Err(problem) => Err(problem),
        };
        if !matches!(stored, Ok(Taken::Kept(_))) {
            let mut tx = self.app.db.begin().await?;
            store::remove(&mut tx, &[id.0]).await?;
            tx.commit().await?;
        }
        stored
    }

    async fn finish(&self, id: FileId, bytes: i64) -> Result<StoredFile, Problem> {
        let mut tx = self.app.db.begin().await?;
        let file = finish(&mut tx, &self.by(), self.scope, id, bytes).await?;
        tx.commit().await?;
        Ok(file)
    }

    /// Writes the pieces; answers how many bytes there were, or nothing when there were more than `most`.
    async fn pour<B, E>(
        &self,
        id: FileId,
        most: i64,
        mut pieces: impl Stream<Item = Result<B, E>> + Unpin + Send,
    ) -> Result<Option<i64>, Problem>
    where
        B: AsRef<[u8]> + Send,
        E: Display + Send,
    {
        let (mut open, mut number, mut size) = (Vec::with_capacity(CHUNK * 2), 0_i64, 0_i64);
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|e| Problem::Unreadable(e.to_string()))?;
            size += i64::try_from(piece.as_ref().len()).unwrap_or(0);
            if size > most {
                continue;
            }
            open.extend_from_slice(piece.as_ref());
            while open.len() >= CHUNK {
                let rest = open.split_off(CHUNK);
                self.put(id, number, &open).await?;
                open = rest;
                number += 1;
            }
        }
        if size > most {
            return Ok(None);
        }
        if !open.is_empty() {
            self.put(id, number, &open).await?;
        }
        Ok(Some(size))
    }

    async fn put(&self, id: FileId, number: i64, bytes: &[u8]) -> Result<(), Problem> {
        let mut tx = self.app.db.begin().await?;
        if !store::put_chunk(&mut tx, id, number, &STANDARD.encode(bytes)).await? {
            return Err(Problem::NotFound);
        }
        tx.commit().await?;
        Ok(())
    }
}

/// What is in a file, a piece at a time. It breaks off with an error when the file goes meanwhile, so that half a file is not taken for the whole.
pub(super) fn pour_out(db: Db, file: &StoredFile) -> impl Stream<Item = Result<Vec<u8>, BoxError>> + Send + use<> {
    let id = file.id;
    stream::try_unfold((db, 0_i64, file.bytes), move |(db, number, left)| async move {
        if left <= 0 {
            return Ok(None);
        }
        let body = store::find_chunk(&mut db.read().await?, id, number).await?;
        let body = body.ok_or("a file went while it was read")?;
        let bytes = STANDARD.decode(body)?;
        let left = left - i64::try_from(bytes.len()).unwrap_or(0);
        Ok(Some((bytes, (db, number + 1, left))))
    })
}
