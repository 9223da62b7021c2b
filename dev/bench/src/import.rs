//! B9: a file of people through the same import that users have.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::figures::{Series, number};
use crate::fill::{PERSON_COLUMNS, person};
use crate::ground::{Engine, Ground};
use crate::report::Finding;
use crate::{limit, program};

/// Rows per second of the import against a plain loop of inserts.
pub async fn speed(ground: &Ground) -> Result<Vec<Finding>> {
    let rows = ground.scale.rows;
    let file = write_file(&ground.folder, rows)?;
    let (mut limit, mut attune, mut whole) = (Series::default(), Series::default(), Series::default());
    for _ in 0..ground.scale.rounds {
        if let Some(rate) = limit::people_whole(ground, rows).await? {
            whole.push(rate);
        }
        limit.push(limit::people(ground, rows).await?);
        attune.push(rows as f64 / bring_in(ground, &file, rows).await?);
    }
    std::fs::remove_file(&file).with_context(|| format!("removing {}", file.display()))?;
    let finding = Finding::rate("B9", "import of contacts, 10 columns", "rows/s", (&limit, &attune), (0.25, 0.60));
    let bare = match ground.engine {
        Engine::Lite => format!("; the limit's loop into the product's own tables and indexes: {} rows/s", number(whole.median())),
        Engine::Pg => String::new(),
    };
    Ok(vec![finding.note(format!(
        "{} rows a round into an empty store by the command, matched by e-mail, with search words and log{bare}",
        number(rows as f64)
    ))])
}

/// Seconds of one import into an empty store, by the command that users have.
async fn bring_in(ground: &Ground, file: &Path, rows: i64) -> Result<f64> {
    let store = ground.fresh().await?;
    let file = file.display().to_string();
    let begun = Instant::now();
    let arguments = ["--json", "--store", &store.argument, "import", "contacts", &file, "--key", "email"];
    let told = tokio::task::block_in_place(|| program::run(&ground.program, &arguments))?;
    let seconds = begun.elapsed().as_secs_f64();
    let outcome: serde_json::Value = serde_json::from_str(&told).context("reading what the import says")?;
    if outcome.get("created").and_then(serde_json::Value::as_i64) == Some(rows) {
        Ok(seconds)
    } else {
        bail!("not all of {rows} rows were taken: {told}")
    }
}

/// A CSV file of `rows` invented people.
pub fn write_file(folder: &Path, rows: i64) -> Result<PathBuf> {
    let path = folder.join(format!("people-{rows}.csv"));
    let file = std::fs::File::create(&path).with_context(|| format!("making {}", path.display()))?;
    let mut out = BufWriter::new(file);
    writeln!(out, "{}", PERSON_COLUMNS.join(","))?;
    for index in 0..rows {
        // No invented value holds a comma or a quotation mark.
        writeln!(out, "{}", person(index).join(","))?;
    }
    out.flush()?;
    Ok(path)
}
