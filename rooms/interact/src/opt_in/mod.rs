//! Double opt-in: whoever is signed up for marketing mail confirms it by a mail to the very address, before anything else is sent there.
//!
//! Guards that only the button behind the signed link confirms (opening it, as scanners do, confirms nothing), that a link holds for some days and
//! as long as nothing newer was said, and that nobody is pestered: three times a day at most.

pub mod api;
pub(crate) mod jobs;
pub mod pages;
pub(crate) mod react;

use std::collections::HashMap;

use attune_db::{DbError, Tx};
use attune_events::Event;
use attune_house::{setting_bool, setting_int};
use attune_identify::consent::{self, Consent, ConsentDraft, Heard, State};
use attune_identify::contact::{self, Contact};
use attune_jobs::{Bench, JobSpec, put};
use attune_kernel::{DAY_US, Fault, fold_key};
use attune_web::{Problem, Secret};

use crate::{rules, suppression};

/// How often a person is asked within a day.
const MOST_A_DAY: i64 = 3;
/// What the links are signed for.
const PURPOSE: &str = "opt-in";
/// The source of the line by which somebody confirms.
const SOURCE: &str = "double-opt-in";

/// Whether this line asks for what must be confirmed where double opt-in is on.
fn asks_for_marketing(draft: &ConsentDraft) -> bool {
    draft.channel == crate::CHANNEL && draft.purpose == consent::MARKETING && draft.state == State::Given
}

/// What became of a line: its number and what holds now, or why it was refused.
pub(crate) type Noted = Result<(i64, State), Problem>;

/// Notes down what a person is said to have said. A yes to marketing mail that must be confirmed becomes a pending line and a mail, unless the
/// person has confirmed before. Answers the line's number and what holds now.
///
/// Errors: refused without an address, and when the person was asked too often.
pub(crate) async fn sign_up(tx: &mut Tx, bench: &Bench, draft: ConsentDraft) -> Noted {
    sign_up_all(tx, bench, vec![draft]).await?.pop().unwrap_or(Err(Problem::NotFound))
}

/// As [`sign_up`], of many people at once; a refused one does not hold up the others. A person and purpose come once.
async fn sign_up_all(tx: &mut Tx, bench: &Bench, mut drafts: Vec<ConsentDraft>) -> Result<Vec<Noted>, Fault> {
    if drafts.is_empty() {
        return Ok(Vec::new());
    }
    let now = bench.clock.now();
    let people: Vec<i64> = drafts.iter().map(|draft| draft.contact_id).collect();
    contact::hold(tx, &people).await?;
    let refused = if setting_bool(tx, rules::DOUBLE_OPT_IN, false).await? {
        let held = consent::states(tx, crate::CHANNEL, people).await?;
        let waits = |draft: &ConsentDraft| asks_for_marketing(draft) && held.get(&draft.contact_id) != Some(&State::Given);
        drafts.iter_mut().filter(|draft| waits(draft)).for_each(|draft| draft.state = State::Pending);
        check_asks(tx, drafts.iter().filter(|draft| draft.state == State::Pending).map(|draft| draft.contact_id), now).await?
    } else {
        HashMap::new()
    };
    let refusal = |draft: &ConsentDraft| refused.get(&draft.contact_id).copied().filter(|_| draft.state == State::Pending);
    let told = |why: Refusal| why.map_or(Problem::NotFound, Problem::refused);
    let lines: Vec<ConsentDraft> = drafts.iter().filter(|draft| refusal(draft).is_none()).cloned().collect();
    let mut numbers = consent::record(tx, &bench.ids, now, &lines).await?.into_iter();
    let noted: Vec<Noted> = drafts
        .iter()
        .map(|draft| refusal(draft).map_or_else(|| Ok((numbers.next().unwrap_or_default(), draft.state)), |why| Err(told(why))))
        .collect();
    // A job each: one mail that is not taken must not repeat the others.
    for (number, _) in noted.iter().flatten().filter(|(_, state)| *state == State::Pending) {
        put(tx, bench, JobSpec::new(jobs::ASK_JOB, serde_json::json!({ "consent_id": number }))).await?;
    }
    Ok(noted)
}

/// Why a person may not be asked; nothing when there is no such person.
type Refusal = Option<&'static str>;

/// Who of these people may not be asked now, and why.
async fn check_asks(tx: &mut Tx, people: impl Iterator<Item = i64>, now: i64) -> Result<HashMap<i64, Refusal>, Fault> {
    let mut refused: HashMap<i64, Refusal> = people.map(|id| (id, None)).collect();
    let asked: Vec<i64> = refused.keys().copied().collect();
    let found = contact::list_by_ids(tx, asked.iter().copied()).await?;
    refused.extend(found.iter().map(|person| (person.id, Some("opt-in-no-address"))));
    let mut addresses: HashMap<i64, &str> = found.iter().filter_map(|person| Some((person.id, person.raw_email()?.trim()))).collect();
    addresses.retain(|_, email| rules::is_address(email));
    // Whoever unsubscribed may come back by a yes of their own; what bounced, was complained about or is barred by hand is not written to.
    let barred = suppression::barred(tx, addresses.values().map(|email| fold_key(email))).await?;
    let times = consent::asked_since(tx, asked, now - DAY_US).await?;
    for (id, email) in addresses {
        if barred.contains(&fold_key(email)) {
            refused.insert(id, Some("opt-in-suppressed"));
        } else if times.get(&id).copied().unwrap_or(0) >= MOST_A_DAY {
            refused.insert(id, Some("opt-in-too-often"));
        } else {
            refused.remove(&id);
        }
    }
    Ok(refused)
}

/// Notes down the boxes people ticked in the forms of the company's sites, as programs' sign-ups are. After a no, a box is a request that the
/// person confirms, where that is how it works here, and else nothing. What turns out to be somebody else's waits until the person says it.
async fn note_ticked(tx: &mut Tx, bench: &Bench, events: &[Event]) -> Result<(), Fault> {
    let confirms = setting_bool(tx, rules::DOUBLE_OPT_IN, false).await?;
    let heard = consent::heard_in(tx, events).await?;
    let (counts, objected): (Vec<Heard>, Vec<Heard>) =
        heard.into_iter().partition(|heard| !heard.confirmed_only || (confirms && asks_for_marketing(&heard.draft)));
    let doubted = consent::doubted_in(tx, events).await?;
    consent::record(tx, &bench.ids, bench.clock.now(), &doubted).await?;
    let noted = sign_up_all(tx, bench, counts.into_iter().map(|heard| heard.draft).collect()).await?;
    let taken = noted.iter().flatten().count();
    tracing::info!(
        taken,
        refused = noted.len() - taken,
        objected = objected.len(),
        doubted = doubted.len(),
        "boxes ticked in forms were noted down"
    );
    Ok(())
}

/// The token of a pending line's link, good for the address it is mailed to.
fn token(secret: &Secret, consent_id: i64, address: &str) -> String {
    secret.sign(PURPOSE, &format!("{consent_id}:{}", address_tag(secret, address)))
}

fn address_tag(secret: &Secret, address: &str) -> String {
    secret.tag("opt-in-address", &fold_key(address))
}

/// A line that a link leads to.
struct Asked {
    line: Consent,
    /// The person, as known today.
    person: Contact,
    /// Whether the mail went to the very address the person has.
    fits: bool,
}

/// What a token leads to; nothing when it was not made here or the person was erased.
async fn find(tx: &mut Tx, secret: &Secret, token: &str) -> Result<Option<Asked>, DbError> {
    let Some(payload) = secret.verify(PURPOSE, token) else { return Ok(None) };
    let Some((id, tag)) = payload.split_once(':').and_then(|(id, tag)| Some((id.parse::<i64>().ok()?, tag))) else { return Ok(None) };
    let Some(line) = consent::find(tx, id).await? else { return Ok(None) };
    let Some(person) = contact::list_by_ids(tx, [line.said.contact_id]).await?.pop() else { return Ok(None) };
    let fits = person.raw_email().is_some_and(|email| address_tag(secret, email.trim()) == tag);
    Ok(Some(Asked { line, person, fits }))
}

/// Where a pending line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It can be confirmed.
    Open,
    /// It was.
    Confirmed,
    /// It is too old, or something else was said since.
    Over,
}

async fn standing(tx: &mut Tx, asked: &Asked, now: i64) -> Result<Standing, Fault> {
    let line = &asked.line;
    let newest = consent::current(tx, line.said.contact_id)
        .await?
        .into_iter()
        .find(|held| held.said.channel == line.said.channel && held.said.purpose == line.said.purpose);
    let days = setting_int(tx, "interact.double_opt_in_days", 7).await?;
    Ok(match newest.map(|held| (held.said.state, held.id)) {
        Some((State::Given, _)) => Standing::Confirmed,
        // Of several requests each mail's link is as good as the last.
        Some((State::Pending, _)) if asked.fits && line.said.state == State::Pending && now <= line.at + days * DAY_US => Standing::Open,
        _ => Standing::Over,
    })
}

/// The person says yes by the link: the second line, with the number of the first as its proof.
async fn confirm(tx: &mut Tx, bench: &Bench, asked: &Asked, wording: String) -> Result<Standing, Fault> {
    let (now, line) = (bench.clock.now(), &asked.line);
    // Whoever presses twice is looked at one after the other.
    contact::hold(tx, &[line.said.contact_id]).await?;
    let standing = standing(tx, asked, now).await?;
    if standing != Standing::Open {
        return Ok(standing);
    }
    let said = ConsentDraft {
        state: State::Given,
        source: SOURCE.to_owned(),
        wording: Some(wording),
        proof: Some(line.id.to_string()),
        staff_id: None,
        ..line.said.clone()
    };
    suppression::lift_of_contact(tx, said.contact_id).await?;
    consent::record(tx, &bench.ids, now, &[said]).await?;
    Ok(Standing::Confirmed)
}
