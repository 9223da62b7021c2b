//! The preference page: who gets our mail says here what about, how often and when, without signing in.
//!
//! Guards that only the signed link of a mail opens it, that looking changes nothing, and that each change is a line of the ledger with the
//! words that stood on the page. What was ticked already and stays so is nobody's yes: it leaves no line.

mod form;
pub mod pages;
mod store;

use std::collections::HashMap;

use attune_db::Tx;
use attune_identify::consent::{self, ConsentDraft, State};
use attune_identify::preference::{self, PreferenceDraft, Wish};
use attune_identify::topic::{self, Topic, TopicId};
use attune_kernel::{Fault, Ids};

use crate::message::{SendId, track};
use crate::suppression;
use form::Choices;
use store::Recipient;

/// The source in the ledger.
const SOURCE: &str = "preference-page";

/// What holds for a recipient before anything is changed.
struct Standing {
    recipient: Recipient,
    /// Mail goes to the person as far as their own word is concerned.
    mail: bool,
    /// The topics offered, each with whether mail about it goes to the person.
    topics: Vec<(Topic, bool)>,
    /// How the person wants to be written to.
    wish: Wish,
}

/// What holds for the recipient of a send; nothing when the person was erased or deleted.
async fn find(tx: &mut Tx, send_id: i64) -> Result<Option<Standing>, Fault> {
    let Some(recipient) = store::find_recipient(tx, send_id).await? else { return Ok(None) };
    let held: HashMap<String, State> = consent::current(tx, recipient.id)
        .await?
        .into_iter()
        .filter(|line| line.said.channel == crate::CHANNEL)
        .map(|line| (line.said.purpose, line.said.state))
        .collect();
    let refused = |purpose: &str| held.get(purpose) == Some(&State::Withdrawn);
    let waits = held.get(consent::MARKETING) == Some(&State::Pending);
    let mail = !recipient.unsubscribed && !waits && !refused(consent::MARKETING);
    let told = |topic: Topic| {
        let wanted = !refused(&topic::purpose_of(topic.id));
        (topic, wanted)
    };
    let topics = topic::list(tx).await?.into_iter().map(told).collect();
    let wish = preference::current(tx, recipient.id).await?.map(|line| line.said.wish).unwrap_or_default();
    Ok(Some(Standing { recipient, mail, topics, wish }))
}

/// The words that stood on the page beside what was chosen.
struct Words {
    mail: String,
    topics: HashMap<TopicId, String>,
    wish: String,
}

/// Keeps what the recipient of `send_id` chose: a line of the ledger for each thing that is different now. Who wants no mail at all is not
/// asked about the rest, which stays as it was. Answers whether anything changed.
async fn keep(tx: &mut Tx, ids: &Ids, now: i64, send_id: i64, standing: &Standing, chosen: &Choices, words: &Words) -> Result<bool, Fault> {
    let line = |purpose: String, yes: bool, wording: Option<String>| ConsentDraft {
        contact_id: standing.recipient.id,
        channel: crate::CHANNEL.to_owned(),
        purpose,
        state: if yes { State::Given } else { State::Withdrawn },
        source: SOURCE.to_owned(),
        wording,
        proof: Some(SendId(send_id).to_string()),
        staff_id: None,
    };
    let mut lines = Vec::new();
    if chosen.mail != standing.mail {
        lines.push(line(consent::MARKETING.to_owned(), chosen.mail, Some(words.mail.clone())));
    }
    for (topic, wanted) in standing.topics.iter().filter(|_| chosen.mail) {
        let wants = chosen.topics.contains(&topic.id);
        if wants != *wanted {
            lines.push(line(topic::purpose_of(topic.id), wants, words.topics.get(&topic.id).cloned()));
        }
    }
    let other = chosen.mail && chosen.wish != standing.wish;
    let changed = other || !lines.is_empty();
    if chosen.mail && !standing.mail {
        suppression::lift_of_contact(tx, standing.recipient.id).await?;
    }
    if !lines.is_empty() {
        consent::record(tx, ids, now, &lines).await?;
    }
    if other {
        let said = PreferenceDraft {
            contact_id: standing.recipient.id,
            wish: chosen.wish.clone(),
            source: SOURCE.to_owned(),
            wording: Some(words.wish.clone()),
            proof: Some(SendId(send_id).to_string()),
            staff_id: None,
        };
        preference::record(tx, ids, now, &said).await?;
    }
    if standing.mail && !chosen.mail {
        track::note_left(tx, ids, send_id, now).await?;
    }
    Ok(changed)
}
