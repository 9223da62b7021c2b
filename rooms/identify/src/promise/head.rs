//! The head of a record: what happened last, and what is owed between us and them.

use askama::Template;
use attune_db::Tx;
use attune_kernel::Fault;
use attune_web::{Scope, Shell};

use super::{Owed, Promise, owed_of};
use crate::contact::timeline::Entry;
use crate::relationship::Record;

/// What one side owes, in words.
struct Debt {
    text: String,
    late: bool,
}

#[derive(Template)]
#[template(path = "promise/head.html")]
struct HeadPart<'a> {
    shell: &'a Shell,
    last: Option<&'a Entry>,
    owed: Vec<Debt>,
}

/// The first two lines of a record's head; what comes next is told by whoever keeps it.
pub(crate) async fn head(tx: &mut Tx, scope: &Scope, shell: &Shell, record: Record, last: Option<&Entry>) -> Result<String, Fault> {
    let owed = owed_of(tx, scope, record).await?;
    let owed = owed.iter().filter_map(|owed| owed.first.as_ref().map(|first| debt(shell, owed, first))).collect();
    Ok(HeadPart { shell, last, owed }.render()?)
}

fn debt(shell: &Shell, owed: &Owed, first: &Promise) -> Debt {
    let key = if first.side == "ours" { "identify-head-ours" } else { "identify-head-theirs" };
    let l = &shell.l;
    let mut text = l.of(key).s("what", first.what_for(shell.sight())).s("day", l.near_day(first.due_at, shell.now)).to_string();
    if owed.count > 1 {
        text.push(' ');
        text.push_str(l.of("identify-head-more").n("count", owed.count - 1).to_string().as_str());
    }
    Debt { text, late: first.is_late(shell.now) }
}
