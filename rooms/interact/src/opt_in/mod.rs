//! Double opt-in: whoever is signed up for marketing mail confirms it by a mail to the very address, before anything else is sent there.
//!
//! Guards that only the button behind the signed link confirms (opening it, as scanners do, confirms nothing), that a link holds for some days and
//! as long as nothing newer was said, and that nobody is pestered: three times a day at most.

pub mod api;
pub(crate) mod jobs;
pub mod pages;

use attune_db::{DbError, Tx};
use attune_house::{setting_bool, setting_int};
use attune_identify::consent::{self, Consent, ConsentDraft, State};
use attune_identify::contact::{self, Contact};
use attune_jobs::{Bench, JobSpec, put};
use attune_kernel::{DAY_US, Fault, fold_key};
use attune_web::{Problem, Secret};

use crate::{rules, suppression};

/// How often a person is asked within a day.
const MOST_A_DAY: usize = 3;
/// Lines of the ledger that are looked through for that.
const LOOKED_AT: i64 = 20;
/// What the links are signed for.
const PURPOSE: &str = "opt-in";
/// The source of the line by which somebody confirms.
const SOURCE: &str = "double-opt-in";

/// Whether this line asks for what must be confirmed here.
async fn needs_confirmation(tx: &mut Tx, draft: &ConsentDraft) -> Result<bool, DbError> {
    let marketing = draft.channel == crate::CHANNEL && draft.purpose == consent::MARKETING && draft.state == State::Given;
    Ok(marketing && setting_bool(tx, rules::DOUBLE_OPT_IN, false).await?)
}

/// Notes down what a person is said to have said. A yes to marketing mail that must be confirmed becomes a pending line and a mail, unless the
/// person has confirmed before. Answers the line's number and what holds now.
///
/// Errors: refused without an address, and when the person was asked too often.
async fn sign_up(tx: &mut Tx, bench: &Bench, mut draft: ConsentDraft) -> Result<(i64, State), Problem> {
    let now = bench.clock.now();
    contact::hold(tx, &[draft.contact_id]).await?;
    if needs_confirmation(tx, &draft).await? {
        let held = consent::states(tx, crate::CHANNEL, [draft.contact_id]).await?;
        if held.get(&draft.contact_id) != Some(&State::Given) {
            check_ask(tx, draft.contact_id, now).await?;
            draft.state = State::Pending;
        }
    }
    let state = draft.state;
    let number = consent::record(tx, &bench.ids, now, &[draft]).await?.first().copied().unwrap_or_default();
    if state == State::Pending {
        put(tx, bench, JobSpec::new(jobs::ASK_JOB, serde_json::json!({ "consent_id": number }))).await?;
    }
    Ok((number, state))
}

/// Whether the person may be asked now.
async fn check_ask(tx: &mut Tx, contact_id: i64, now: i64) -> Result<(), Problem> {
    let person = contact::list_by_ids(tx, [contact_id]).await?.into_iter().next().ok_or(Problem::NotFound)?;
    if !person.raw_email().is_some_and(|email| rules::is_address(email.trim())) {
        return Err(Problem::refused("opt-in-no-address"));
    }
    // Whoever unsubscribed may come back by a yes of their own; what bounced, was complained about or is barred by hand is not written to.
    if suppression::bars(tx, person.raw_email().unwrap_or_default()).await? {
        return Err(Problem::refused("opt-in-suppressed"));
    }
    let lines = consent::list(tx, contact_id, LOOKED_AT).await?;
    let asked = lines.iter().filter(|line| line.said.state == State::Pending && line.at > now - DAY_US).count();
    if asked >= MOST_A_DAY { Err(Problem::refused("opt-in-too-often")) } else { Ok(()) }
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
