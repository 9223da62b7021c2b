//! The line in a record's head that says to whom it stands today.

use askama::Template;
use attune_db::Tx;
use attune_kernel::Fault;
use attune_web::{Scope, Shell};

use super::pages::called;
use super::{Line, Record, lines_of};

/// The most relationships in a head.
const SHOWN: usize = 3;

#[derive(Template)]
#[template(path = "relationship/head.html")]
struct HeadPart<'a> {
    shell: &'a Shell,
    /// What each reads, whom it leads to, and where.
    lines: Vec<(String, String, String)>,
    /// How many more there are, and where they stand.
    more: i64,
    href: String,
}

/// To whom a record stands today; nothing when it stands to nobody.
pub(crate) async fn head(tx: &mut Tx, scope: &Scope, shell: &Shell, record: Record) -> Result<String, Fault> {
    let found = lines_of(tx, scope, record).await?;
    let today: Vec<&Line> = found.iter().filter(|line| line.terms.until_at.is_none_or(|until| until > shell.now)).collect();
    if today.is_empty() {
        return Ok(String::new());
    }
    let line =
        |line: &&Line| (shell.l.t(&line.reading.label_key()).to_string(), called(&shell.l, line.other, &line.name), line.other.href());
    let more = i64::try_from(today.len().saturating_sub(SHOWN)).unwrap_or(0);
    Ok(HeadPart { shell, lines: today.iter().take(SHOWN).map(line).collect(), more, href: format!("{}/relationships", record.href()) }
        .render()?)
}
