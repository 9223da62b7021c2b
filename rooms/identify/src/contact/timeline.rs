//! What happened to a contact, newest first: events and notes by day, repeats told once, older ones on demand, new ones announced.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use askama::Template;
use attune_db::{DbError, Sql, Tx, Value};
use attune_events::{Event, read_event};
use attune_house::App;
use attune_kernel::Fault;
use attune_record::note::{self, Note};
use attune_web::{Answer, Can, Lang, Live, Path, Problem, Query, Scope, Shell, Sight, live};
use axum::extract::State;
use serde::Deserialize;

use super::told::{self, Kind};
use super::{Contact, ContactId};
use crate::ViewContacts;

/// Events read for one page of the timeline.
const PAGE: i64 = 60;

/// What the timeline shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    /// Everything.
    #[default]
    All,
    /// Visits.
    Web,
    /// Mails.
    Mail,
    /// Ownership, stages, tasks, hand-overs, promises.
    Sales,
    /// What changed of the record itself.
    Record,
    /// Notes only.
    Notes,
}

impl Filter {
    /// Every filter with its word in addresses and its locale key.
    pub const ALL: [(Self, &'static str, &'static str); 6] = [
        (Self::All, "", "identify-timeline-all"),
        (Self::Web, "web", "identify-timeline-web"),
        (Self::Mail, "mail", "identify-timeline-mail"),
        (Self::Sales, "sales", "identify-timeline-sales"),
        (Self::Notes, "notes", "identify-timeline-notes"),
        (Self::Record, "changes", "identify-timeline-record"),
    ];

    pub(super) fn of(word: &str) -> Self {
        Self::ALL.into_iter().find(|(_, w, _)| *w == word).map_or(Self::All, |(filter, ..)| filter)
    }
}

/// One line of the timeline.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When, µs.
    pub at: i64,
    /// The icon's name.
    pub icon: &'static str,
    /// The tone of its mark.
    pub tone: &'static str,
    /// What happened, in words.
    pub text: String,
    /// More about it; may be empty.
    pub detail: String,
    /// Whether a machine did it.
    pub machine: bool,
    /// The note it is, if it is one.
    pub note: Option<Note>,
}

/// The lines of one day.
pub struct Day {
    /// Any moment of the day, µs.
    pub at: i64,
    /// Its lines.
    pub entries: Vec<Entry>,
}

/// A page of the timeline.
pub struct Timeline {
    /// The days, newest first.
    pub days: Vec<Day>,
    /// The notes that are pinned; on the first page only.
    pub pinned: Vec<Note>,
    /// Where the older ones begin.
    pub older: Option<String>,
    /// The newest event at the time of reading; what comes later is new.
    pub newest: i64,
}

/// Which part of a timeline is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TimelineQuery {
    pub(super) show: String,
    pub(super) before: String,
    since: i64,
}

/// Reads a page: events and notes not after the mark `before` (`at~seq`).
/// Addresses in what people said are masked as `sight` says.
pub(super) async fn read(
    tx: &mut Tx,
    l: &Lang,
    contact: &Contact,
    sight: &Sight,
    (filter, before): (Filter, &str),
) -> Result<Timeline, DbError> {
    let contact_id = contact.id;
    let mark = before.split_once('~').and_then(|(at, seq)| Some((at.parse::<i64>().ok()?, seq.parse::<i64>().ok()?)));
    let events = if filter == Filter::Notes { Vec::new() } else { list_events(tx, contact_id, filter, mark, PAGE).await? };
    let full = events.len() as i64 == PAGE;
    let floor = if full { events.last().map(|e| e.at) } else { None };
    let notes =
        if matches!(filter, Filter::All | Filter::Notes) { note::list(tx, contact_id, mark.map(|m| m.0), PAGE).await? } else { Vec::new() };
    let notes: Vec<Note> = notes.into_iter().filter(|n| floor.is_none_or(|at| n.created_at >= at)).collect();
    let full_notes = filter == Filter::Notes && notes.len() as i64 == PAGE;
    let older = match (events.last().filter(|_| full), notes.last().filter(|_| full_notes)) {
        (Some(event), _) => Some(format!("{}~{}", event.at, event.seq)),
        (None, Some(note)) => Some(format!("{}~0", note.created_at - 1)),
        (None, None) => None,
    };
    let pinned = if before.is_empty() && matches!(filter, Filter::All | Filter::Notes) {
        note::list_pinned(tx, contact_id).await?
    } else {
        Vec::new()
    };
    let newest = newest_seq(tx, contact_id).await?;
    let mut entries = told::entries(l, events);
    entries.extend(notes.into_iter().map(|n| note_entry(l, n)));
    entries.sort_by_key(|e| std::cmp::Reverse(e.at));
    let entries = entries.into_iter().map(|entry| masked(entry, contact, sight)).collect();
    let pinned = pinned.into_iter().map(|note| Note { body: sight.text(contact.place(), note.body.clone()), ..note }).collect();
    Ok(Timeline { days: days(l, entries), pinned, older, newest })
}

fn masked(mut entry: Entry, contact: &Contact, sight: &Sight) -> Entry {
    let shown = |text: String| sight.text(contact.place(), text);
    (entry.text, entry.detail) = (shown(entry.text), shown(entry.detail));
    entry.note = entry.note.map(|note| Note { body: shown(note.body), ..note });
    entry
}

fn note_entry(l: &Lang, note: Note) -> Entry {
    let text = l.of("identify-note-by").s("name", &note.staff_name).to_string();
    Entry { at: note.created_at, icon: "sticky-note", tone: "warn", text, detail: String::new(), machine: false, note: Some(note) }
}

fn days(l: &Lang, entries: Vec<Entry>) -> Vec<Day> {
    let mut days: Vec<Day> = Vec::new();
    for entry in entries {
        let day = l.date_value(entry.at);
        match days.last_mut() {
            Some(last) if l.date_value(last.at) == day => last.entries.push(entry),
            _ => days.push(Day { at: entry.at, entries: vec![entry] }),
        }
    }
    days
}

/// What happened last, in words: between us and the person if anything did, else to the record.
pub(super) async fn last(tx: &mut Tx, l: &Lang, contact: &Contact, sight: &Sight) -> Result<Option<Entry>, DbError> {
    let events = list_events(tx, contact.id, Filter::All, None, 30).await?;
    let of_record = |event: &Event| told::names(&[Kind::Record]).any(|name| name == event.name);
    let (kept, met): (Vec<Event>, Vec<Event>) = events.into_iter().partition(of_record);
    let event = told::entries(l, if met.is_empty() { kept } else { met }).into_iter().next();
    let note = note::list(tx, contact.id, None, 1).await?.pop().map(|note| note_entry(l, note));
    Ok([event, note].into_iter().flatten().max_by_key(|entry| entry.at).map(|entry| masked(entry, contact, sight)))
}

async fn list_events(tx: &mut Tx, contact_id: i64, filter: Filter, mark: Option<(i64, i64)>, limit: i64) -> Result<Vec<Event>, DbError> {
    let mut sql = Sql::new(
        "SELECT seq, name, at, contact_id, visitor_id, session_id, company_id, subject, amount, machine, cause, depth, client_key, origin_id, props
         FROM events WHERE contact_id = ",
    );
    sql.bind(contact_id);
    if let Some((at, seq)) = mark {
        sql.push(" AND at <= ").bind(at).push(" AND (at < ").bind(at).push(" OR seq < ").bind(seq).push(")");
    }
    push_filter(&mut sql, filter);
    sql.push(" ORDER BY at DESC, seq DESC LIMIT ").bind(limit);
    tx.rows_of(&sql).await?.iter().map(read_event).collect()
}

fn push_filter(sql: &mut Sql, filter: Filter) {
    match filter {
        Filter::Web => _ = sql.push(" AND name IN ").bind_list(told::names(&[Kind::Web]).map(Value::from)),
        Filter::Mail => _ = sql.push(" AND name IN ").bind_list(told::names(&[Kind::Mail]).map(Value::from)),
        Filter::Record => {
            let names = told::names(&[Kind::Record]).filter(|name| !told::HIDDEN.contains(name));
            sql.push(" AND name IN ").bind_list(names.map(Value::from));
        }
        Filter::Sales => _ = sql.push(" AND name IN ").bind_list(told::names(&[Kind::Sales]).map(Value::from)),
        Filter::All | Filter::Notes => _ = sql.push(" AND name NOT IN ").bind_list(told::HIDDEN.map(Value::from)),
    }
}

/// How many events that `filter` shows are newer than the event `since`, among the contact's latest by time.
async fn count_newer(tx: &mut Tx, contact_id: i64, filter: Filter, since: i64) -> Result<i64, DbError> {
    if filter == Filter::Notes {
        return Ok(0);
    }
    let mut sql = Sql::new("SELECT count(*) FROM (SELECT seq, name FROM events WHERE contact_id = ");
    sql.bind(contact_id).push(" ORDER BY at DESC LIMIT 50) AS latest WHERE seq > ").bind(since);
    push_filter(&mut sql, filter);
    tx.count(sql.text(), sql.values()).await
}

/// The newest event of a contact among the latest by time; late arrivals with old times are no news.
async fn newest_seq(tx: &mut Tx, contact_id: i64) -> Result<i64, DbError> {
    let sql = attune_db::sql!("SELECT max(seq) FROM (SELECT seq FROM events WHERE contact_id = $1 ORDER BY at DESC LIMIT 50) AS latest");
    tx.count(sql, attune_db::params![contact_id]).await
}

#[derive(Template)]
#[template(path = "contact/timeline.html")]
pub(super) struct TimelinePart<'a> {
    pub(super) shell: &'a Shell,
    pub(super) id: ContactId,
    pub(super) timeline: &'a Timeline,
    pub(super) show: &'a str,
    pub(super) first: bool,
    pub(super) can_edit: bool,
}

impl TimelinePart<'_> {
    fn html(&self, note: &Note) -> String {
        crate::note::markdown::html(&note.body)
    }
}

/// The next days, for the button "Older"; without htmx the whole page shows them.
pub(super) async fn more(
    State(app): State<App>,
    can: Can<ViewContacts>,
    shell: Shell,
    Path(id): Path<ContactId>,
    Query(query): Query<TimelineQuery>,
) -> Answer {
    let mut tx = app.db.read().await?;
    let contact = super::find(&mut tx, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    let timeline = read(&mut tx, &shell.l, &contact, &shell.sight(), (Filter::of(&query.show), &query.before)).await?;
    let can_edit = shell.may("identify.contact.edit");
    Ok(shell.fragment(&TimelinePart {
        shell: &shell,
        id,
        timeline: &timeline,
        show: &query.show,
        first: query.before.is_empty(),
        can_edit,
    }))
}

/// The chip that says how much has happened since the page was drawn.
#[derive(Template)]
#[template(path = "contact/fresh.html")]
struct FreshPart {
    l: Lang,
    id: ContactId,
    count: i64,
    show: String,
}

/// GET /contacts/{id}/stream: announces what happens to the contact while its page is open.
pub(super) async fn stream(
    State(app): State<App>,
    can: Can<ViewContacts>,
    shell: Shell,
    Path(id): Path<ContactId>,
    Query(query): Query<TimelineQuery>,
) -> Answer {
    super::find(&mut app.db.read().await?, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    let told = Arc::new(AtomicI64::new(0));
    Ok(live(app.db.listen(attune_events::SIGNAL), move || {
        let (app, scope, l, query, told) = (app.clone(), can.scope, shell.l.clone(), query.clone(), told.clone());
        async move { fresh(&app, &scope, l, id, query, &told).await.unwrap_or(Live::Gone) }
    }))
}

/// The chip, when the number on it has changed; the contact may have been deleted or given away meanwhile.
async fn fresh(app: &App, scope: &Scope, l: Lang, id: ContactId, query: TimelineQuery, told: &AtomicI64) -> Result<Live, Fault> {
    let mut tx = app.db.read().await?;
    if super::find(&mut tx, scope, id.0).await?.is_none() {
        return Ok(Live::Gone);
    }
    let count = count_newer(&mut tx, id.0, Filter::of(&query.show), query.since).await?;
    if told.swap(count, Ordering::Relaxed) == count {
        return Ok(Live::Same);
    }
    Ok(Live::New(FreshPart { l, id, count, show: query.show }.render()?))
}

/// Events (newest first) as lines, for other pages that show them.
pub(crate) fn told_entries(l: &Lang, sight: &Sight, events: Vec<Event>) -> Vec<Entry> {
    let shown = |entry: Entry| Entry { text: sight.words(entry.text), detail: sight.words(entry.detail), ..entry };
    told::entries(l, events).into_iter().map(shown).collect()
}
