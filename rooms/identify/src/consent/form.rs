//! What people agreed to by ticking a box in a form of the company's own site.
//!
//! Guards that a box counts for nobody but the person the browser is known to belong to, that the same tick counts once, and that a no is
//! never undone by one: whoever can read a page can send its form, so after a no only the person's own confirmation counts.

use std::collections::{HashMap, HashSet};

use attune_db::{Column, Relation, Tx, Value};
use attune_events::Event;
use attune_kernel::Fault;
use serde::Deserialize;

use super::{ConsentDraft, State, store};
use crate::contact;

/// The event of a ticked box. Only the collector writes it.
pub const TICKED: &str = "consent.ticked";
/// The event that tells whose a browser is: boxes ticked earlier in the same visit are this person's.
pub const IDENTIFIED: &str = "visitor.identified";
/// What begins the source of a line that came by a form.
const SOURCE: &str = "site-form";
/// Longest source, in characters.
const MAX_SOURCE: usize = 500;

/// A yes that came by a form and may be noted down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The line it becomes.
    pub draft: ConsentDraft,
    /// The person had said no: it counts only once they confirm it themselves.
    pub confirmed_only: bool,
}

/// What the ledger holds of a channel and purpose of one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Words {
    /// When the newest line was added, µs.
    pub(super) at: i64,
    /// What it says.
    pub(super) newest: State,
    /// The newest yes or no, behind requests that wait.
    pub(super) decided: Option<State>,
}

/// What a tick is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worth {
    /// Nothing: it is noted down already, or something was said since.
    Nothing,
    /// It counts once the person confirms it.
    OnceConfirmed,
    /// It is a yes.
    Yes,
}

/// Weighs a tick of `at` (µs) against what the ledger holds.
pub(super) fn weigh(at: i64, held: Option<&Words>) -> Worth {
    match held {
        Some(words) if at <= words.at || words.newest == State::Given => Worth::Nothing,
        Some(words) if words.decided == Some(State::Withdrawn) => Worth::OnceConfirmed,
        Some(_) | None => Worth::Yes,
    }
}

/// The facts of a ticked box.
#[derive(Deserialize)]
struct Said {
    channel: String,
    purpose: String,
    wording: String,
    #[serde(default)]
    form: String,
    #[serde(default)]
    page: String,
}

/// Times people are held before those who still change places are left out.
const ROUNDS: usize = 3;

/// Whether `events` hold a box ticked by somebody known, or tell that one was somebody else's.
pub async fn is_heard_in(tx: &mut Tx, events: &[Event]) -> Result<bool, Fault> {
    let visits = visits(events);
    Ok(!store::ticked(tx, &visits).await?.is_empty() || !store::doubted(tx, &visits).await?.is_empty())
}

/// What a box has said in the name of whoever the browser was known to belong to, before the same visit turned out to be somebody else's:
/// each as the line by which it waits for a confirmation. Nothing that the person has said anything about since. Holds the people until the
/// transaction ends.
pub async fn doubted_in(tx: &mut Tx, events: &[Event]) -> Result<Vec<ConsentDraft>, Fault> {
    let visits = visits(events);
    let people: HashSet<i64> = store::doubted(tx, &visits).await?.iter().map(|line| line.contact_id).collect();
    if people.is_empty() {
        return Ok(Vec::new());
    }
    contact::hold(tx, &people.iter().copied().collect::<Vec<_>>()).await?;
    let doubted = store::doubted(tx, &visits).await?;
    Ok(doubted.into_iter().filter(|line| people.contains(&line.contact_id)).collect())
}

/// The boxes ticked in these visits, of people who are there and held. Whoever goes, or becomes part of somebody, while this waits for them
/// is looked at again: only what is read behind the hold is true.
async fn ticked_by_held(tx: &mut Tx, visits: &Relation) -> Result<Vec<Event>, Fault> {
    let mut held: HashSet<i64> = HashSet::new();
    let mut ticked = store::ticked(tx, visits).await?;
    for _ in 0..ROUNDS {
        let people: HashSet<i64> = ticked.iter().filter_map(|event| event.contact_id).filter(|id| !held.contains(id)).collect();
        if people.is_empty() {
            break;
        }
        contact::hold(tx, &people.iter().copied().collect::<Vec<_>>()).await?;
        held.extend(people);
        ticked = store::ticked(tx, visits).await?;
    }
    ticked.retain(|event| event.contact_id.is_some_and(|id| held.contains(&id)));
    Ok(ticked)
}

/// What may be noted down of the boxes ticked in the visits of `events`. Holds the people until the transaction ends.
pub async fn heard_in(tx: &mut Tx, events: &[Event]) -> Result<Vec<Heard>, Fault> {
    let ticked = ticked_by_held(tx, &visits(events)).await?;
    if ticked.is_empty() {
        return Ok(Vec::new());
    }
    let held = store::words(tx, ticked.iter().filter_map(|event| event.contact_id)).await?;
    let mut heard: HashMap<(i64, String, String), (i64, Heard)> = HashMap::new();
    for event in &ticked {
        let Some((key, draft)) = draft(event) else { continue };
        let worth = weigh(event.at, held.get(&key));
        if worth != Worth::Nothing {
            // The events are in their order, so of several browsers the newest words of a person about the same thing stay.
            heard.insert(key, (event.seq, Heard { draft, confirmed_only: worth == Worth::OnceConfirmed }));
        }
    }
    let mut heard: Vec<(i64, Heard)> = heard.into_values().collect();
    heard.sort_by_key(|(seq, _)| *seq);
    Ok(heard.into_iter().map(|(_, heard)| heard).collect())
}

/// The visits in which people ticked boxes or turned out to be somebody.
fn visits(events: &[Event]) -> Relation {
    let mut rows = Relation::new(&[("visitor_id", Column::Int), ("session_id", Column::Int)]);
    let mut seen = HashSet::new();
    for event in events.iter().filter(|event| !event.machine && (event.name == TICKED || event.name == IDENTIFIED)) {
        let (Some(visitor), Some(visit)) = (event.visitor_id, event.session_id) else { continue };
        if seen.insert((visitor, visit)) {
            rows.push(vec![Value::Int(visitor), Value::Int(visit)]);
        }
    }
    rows
}

type Key = (i64, String, String);

/// The line that a ticked box becomes.
fn draft(event: &Event) -> Option<(Key, ConsentDraft)> {
    let contact_id = event.contact_id?;
    let said: Said = serde_json::from_str(event.props.as_deref()?).ok()?;
    let at = jiff::Timestamp::from_microsecond(event.at).ok()?;
    let key = (contact_id, said.channel.clone(), said.purpose.clone());
    let draft = ConsentDraft {
        contact_id,
        channel: said.channel,
        purpose: said.purpose,
        state: State::Given,
        source: source(&said.form, &said.page),
        wording: Some(said.wording),
        proof: Some(format!("event {} at {at}", event.seq)),
        staff_id: None,
    };
    Some((key, draft))
}

/// `site-form <page> <form>`: a page's address has no spaces.
fn source(form: &str, page: &str) -> String {
    let page: String = page.chars().filter(|c| !c.is_whitespace()).collect();
    format!("{SOURCE} {page} {form}").trim().chars().take(MAX_SOURCE).collect()
}

/// Page and form of a line that came by a form of a site.
pub(super) fn read_source(source: &str) -> Option<(&str, &str)> {
    let rest = source.strip_prefix(SOURCE)?.strip_prefix(' ')?;
    Some(rest.split_once(' ').unwrap_or((rest, "")))
}
