//! What happened to a contact, or to a company and its people, newest first: events and notes by day, repeats told once, older ones on demand, new ones announced.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use askama::Template;
use attune_db::{DbError, Sql, Tx, Value};
use attune_events::{Event, read_event};
use attune_house::App;
use attune_kernel::Fault;
use attune_record::note::{self, Note};
use attune_web::kit::{Tab, with_query};
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

    pub(crate) fn of(word: &str) -> Self {
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
    /// Whose it is.
    pub contact_id: Option<i64>,
    /// What that person is called, on the timeline of a company.
    pub who: String,
}

impl Entry {
    /// The page of the person whose it is.
    pub(crate) fn href(&self) -> String {
        self.contact_id.map_or_else(String::new, |id| format!("/contacts/{}", ContactId(id)))
    }
}

/// Whose timeline it is.
pub(crate) enum Whose<'a> {
    /// A person's.
    Contact(&'a Contact),
    /// These companies' with these people of theirs.
    Companies(&'a [i64], &'a [i64]),
}

impl Whose<'_> {
    /// The people whose notes stand on it.
    fn people(&self) -> Vec<i64> {
        match self {
            Self::Contact(contact) => vec![contact.id],
            Self::Companies(_, people) => people.to_vec(),
        }
    }

    /// People's own words as the reader may see them.
    fn shown(&self, sight: &Sight, text: String) -> String {
        match self {
            Self::Contact(contact) => sight.text(contact.place(), text),
            Self::Companies(..) => sight.words(text),
        }
    }
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
pub(crate) async fn read(
    tx: &mut Tx,
    l: &Lang,
    whose: &Whose<'_>,
    sight: &Sight,
    (filter, before): (Filter, &str),
) -> Result<Timeline, DbError> {
    let mark = before.split_once('~').and_then(|(at, seq)| Some((at.parse::<i64>().ok()?, seq.parse::<i64>().ok()?)));
    let events = if filter == Filter::Notes { Vec::new() } else { list_events(tx, whose, filter, mark, PAGE).await? };
    let with_notes = matches!(filter, Filter::All | Filter::Notes);
    let notes = if with_notes { note::list_of(tx, &whose.people(), mark.map(|m| m.0), PAGE).await? } else { Vec::new() };
    let (events, notes, older) = cut(events, notes);
    let (pinned, newest) = match whose {
        Whose::Contact(contact) => {
            let pinned = if before.is_empty() && with_notes { note::list_pinned(tx, contact.id).await? } else { Vec::new() };
            (pinned, newest_seq(tx, contact.id).await?)
        }
        // What is pinned to a person is pinned there.
        Whose::Companies(..) => (Vec::new(), 0),
    };
    let mut entries = told::entries(l, events);
    entries.extend(notes.into_iter().map(|n| note_entry(l, n)));
    entries.sort_by_key(|e| std::cmp::Reverse(e.at));
    if matches!(whose, Whose::Companies(..)) {
        name_people(tx, l, sight, &mut entries).await?;
    }
    let entries = entries.into_iter().map(|entry| masked(entry, whose, sight)).collect();
    let pinned = pinned.into_iter().map(|note| Note { body: whose.shown(sight, note.body.clone()), ..note }).collect();
    Ok(Timeline { days: days(l, entries), pinned, older, newest })
}

/// A page of events and notes, newest first, with the mark behind it. Where one of both fills its page, there may be more of it: the other is
/// cut where that ends, so that nothing is passed over.
fn cut(mut events: Vec<Event>, mut notes: Vec<Note>) -> (Vec<Event>, Vec<Note>, Option<String>) {
    let last_event = events.last().filter(|_| events.len() as i64 == PAGE).map(|event| (event.at, event.seq));
    let last_note = notes.last().filter(|_| notes.len() as i64 == PAGE).map(|note| note.created_at);
    let older = match (last_event, last_note) {
        // Notes of that very moment come with the next page.
        (Some((at, seq)), note) if note.is_none_or(|note| at >= note) => {
            notes.retain(|note| note.created_at > at);
            Some(format!("{at}~{seq}"))
        }
        (_, Some(at)) => {
            events.retain(|event| event.at >= at);
            Some(format!("{}~{}", at - 1, i64::MAX))
        }
        _ => None,
    };
    (events, notes, older)
}

/// Says whose each line is.
async fn name_people(tx: &mut Tx, l: &Lang, sight: &Sight, entries: &mut [Entry]) -> Result<(), DbError> {
    let people = super::list_by_ids(tx, entries.iter().filter_map(|entry| entry.contact_id).collect::<BTreeSet<_>>()).await?;
    let names: HashMap<i64, String> = people.iter().map(|c| (c.id, super::pages::named(l, c, c.label_for(sight)))).collect();
    for entry in entries {
        entry.who = entry.contact_id.and_then(|id| names.get(&id).cloned()).unwrap_or_default();
    }
    Ok(())
}

fn masked(mut entry: Entry, whose: &Whose<'_>, sight: &Sight) -> Entry {
    let shown = |text: String| whose.shown(sight, text);
    (entry.text, entry.detail) = (shown(entry.text), shown(entry.detail));
    entry.note = entry.note.map(|note| Note { body: shown(note.body), ..note });
    entry
}

fn note_entry(l: &Lang, note: Note) -> Entry {
    let text = l.of("identify-note-by").s("name", &note.staff_name).to_string();
    Entry {
        at: note.created_at,
        icon: "sticky-note",
        tone: "warn",
        text,
        detail: String::new(),
        machine: false,
        contact_id: Some(note.record_id),
        note: Some(note),
        who: String::new(),
    }
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

/// What happened last, in words: between us and the people if anything did, else to the record.
pub(crate) async fn last(tx: &mut Tx, l: &Lang, whose: &Whose<'_>, sight: &Sight) -> Result<Option<Entry>, DbError> {
    let events = list_events(tx, whose, Filter::All, None, 30).await?;
    let of_record = |event: &Event| told::names(&[Kind::Record]).any(|name| name == event.name);
    let (kept, met): (Vec<Event>, Vec<Event>) = events.into_iter().partition(of_record);
    let event = told::entries(l, if met.is_empty() { kept } else { met }).into_iter().next();
    let note = note::list_of(tx, &whose.people(), None, 1).await?.pop().map(|note| note_entry(l, note));
    Ok([event, note].into_iter().flatten().max_by_key(|entry| entry.at).map(|entry| masked(entry, whose, sight)))
}

const EVENTS: &str = "SELECT seq, name, at, contact_id, visitor_id, session_id, company_id, subject, amount, machine, cause, depth, client_key, origin_id, props
     FROM events WHERE ";

async fn list_events(tx: &mut Tx, whose: &Whose<'_>, filter: Filter, mark: Option<(i64, i64)>, limit: i64) -> Result<Vec<Event>, DbError> {
    let mut sql = Sql::new("");
    let newest = |sql: &mut Sql| {
        if let Some((at, seq)) = mark {
            sql.push(" AND at <= ").bind(at).push(" AND (at < ").bind(at).push(" OR seq < ").bind(seq).push(")");
        }
        push_filter(sql, filter);
        sql.push(" ORDER BY at DESC, seq DESC LIMIT ").bind(limit);
    };
    let list = |sql: &mut Sql, ids: &[i64]| _ = sql.bind_list(ids.iter().copied().map(Value::Int));
    match whose {
        Whose::Contact(contact) => {
            sql.push(EVENTS).push("contact_id = ").bind(contact.id);
            newest(&mut sql);
        }
        Whose::Companies(companies, people) => {
            sql.push("SELECT * FROM (").push(EVENTS).push("contact_id IN ");
            list(&mut sql, people);
            newest(&mut sql);
            sql.push(") AS theirs UNION ALL SELECT * FROM (").push(EVENTS).push("contact_id IS NULL AND company_id IN ");
            list(&mut sql, companies);
            newest(&mut sql);
            sql.push(") AS own ORDER BY at DESC, seq DESC LIMIT ").bind(limit);
        }
    }
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
pub(crate) struct TimelinePart<'a> {
    pub(crate) shell: &'a Shell,
    /// The address of the record's page, and that of its timeline alone; both with what has to stay in them behind a question mark.
    pub(crate) page: String,
    pub(crate) more: String,
    pub(crate) timeline: &'a Timeline,
    pub(crate) show: &'a str,
    pub(crate) first: bool,
    pub(crate) can_edit: bool,
}

impl<'a> TimelinePart<'a> {
    /// The part of the record at `home`; `keep` stands in its addresses.
    pub(crate) fn new(shell: &'a Shell, (home, keep): (&str, &str), timeline: &'a Timeline, (show, before): (&'a str, &str)) -> Self {
        let can_edit = shell.may("identify.contact.edit");
        let (page, more) = (format!("{home}?{keep}"), format!("{home}/timeline?{keep}"));
        Self { shell, page, more, timeline, show, first: before.is_empty(), can_edit }
    }

    fn html(&self, note: &Note) -> String {
        crate::note::markdown::html(&note.body)
    }

    fn person(&self, note: &Note) -> ContactId {
        ContactId(note.record_id)
    }

    /// The address of a note.
    fn of(&self, note: &Note) -> String {
        format!("/contacts/{}/notes/{}", ContactId(note.record_id), note.id)
    }
}

/// The filters of the timeline at `home`.
pub(crate) fn filters(shell: &Shell, (home, keep): (&str, &str), show: &str) -> Vec<Tab> {
    let current = Filter::of(show);
    let tab = |(filter, word, key): (Filter, &str, &str)| {
        let query = with_query(keep, "show", word);
        Tab::new(format!("{home}{}", if query == "?" { "" } else { &query }), shell.l.t(key), filter == current)
    };
    Filter::ALL.into_iter().map(tab).collect()
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
    let whose = Whose::Contact(&contact);
    let timeline = read(&mut tx, &shell.l, &whose, &shell.sight(), (Filter::of(&query.show), &query.before)).await?;
    let home = format!("/contacts/{id}");
    Ok(shell.fragment(&TimelinePart::new(&shell, (&home, ""), &timeline, (&query.show, &query.before))))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn note(id: i64, at: i64) -> Note {
        let (kind, staff_name) = ("contact".to_owned(), String::new());
        Note { id, kind, record_id: 1, body: String::new(), staff_id: 1, staff_name, created_at: at, updated_at: at, pinned_at: None }
    }

    proptest! {
        /// However events and notes lie, page by page everything is shown, and once.
        #[test]
        fn pages_lose_nothing(events in prop::collection::vec(0..200_i64, 0..150), notes in prop::collection::btree_set(0..400_i64, 0..200)) {
            let mut events: Vec<Event> = (1..).zip(&events).map(|(seq, at)| Event { seq, ..Event::new("x", *at) }).collect();
            events.sort_by_key(|event| std::cmp::Reverse((event.at, event.seq)));
            let notes: Vec<Note> = (1..).zip(notes.iter().rev()).map(|(id, at)| note(id, *at)).collect();
            let (mut seen_events, mut seen_notes, mut mark) = (Vec::new(), Vec::new(), (i64::MAX, i64::MAX));
            loop {
                let page = events.iter().filter(|e| (e.at, e.seq) < mark).take(PAGE as usize).cloned().collect();
                let (page, with, older) = cut(page, notes.iter().filter(|n| n.created_at <= mark.0).take(PAGE as usize).cloned().collect());
                seen_events.extend(page.iter().map(|event| event.seq));
                seen_notes.extend(with.iter().map(|note| note.id));
                let Some((at, seq)) = older.as_deref().and_then(|mark| mark.split_once('~')) else { break };
                mark = (at.parse().unwrap(), seq.parse().unwrap());
            }
            prop_assert_eq!(seen_events, events.iter().map(|event| event.seq).collect::<Vec<_>>());
            prop_assert_eq!(seen_notes, notes.iter().map(|note| note.id).collect::<Vec<_>>());
        }
    }
}
