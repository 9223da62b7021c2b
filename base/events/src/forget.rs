//! Forgetting what lies in the journals although it is in the store by now.

use attune_db::{Db, DbError, params, sql};

/// Forgets everything in the journals that is written, so that nothing of it can be found there any more; what still waits stays. False when
/// somebody still reads a journal: try again.
pub async fn forget_written(db: &Db) -> Result<bool, DbError> {
    let marks = db.read().await?.rows(sql!("SELECT name, through FROM inbox_marks"), params![]).await?;
    let mut forgotten = true;
    for mark in &marks {
        let journal = db.journal(&mark.get::<String>("name")?)?;
        journal.forget(mark.get("through")?).await?;
        forgotten &= journal.forget_deleted().await?;
    }
    Ok(forgotten)
}
