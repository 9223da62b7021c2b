//! From chosen recipients to sealed envelopes, on every core.

use std::sync::Arc;

use attune_courier::{DkimSigner, Envelope, Mail, Mailbox, Outgoing, seal};
use tokio::task::JoinSet;

use super::batch::Chosen;
use super::store::Mailing;
use super::token::{Act, Linker};
use crate::template::Body;

/// Everything that is the same for all mails of a mailing.
pub(super) struct Press {
    pub(super) body: Body,
    pub(super) mailing: Mailing,
    pub(super) linker: Linker,
    pub(super) signers: Arc<[DkimSigner]>,
    /// The domain of bounces; empty: they go to the sender's address.
    pub(super) bounce_domain: String,
}

/// Why one mail could not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unmade {
    /// A merge tag has no value.
    MergeTag(String),
    /// The mail is malformed.
    Malformed(String),
}

/// Renders and seals a batch on every core, keeping the order.
pub(super) async fn press_all(press: Arc<Press>, chosen: Vec<Chosen>, now: i64) -> Vec<(i64, Result<Envelope, Unmade>)> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = chosen.len().div_ceil(cores).max(1);
    let mut tasks = JoinSet::new();
    let mut rest = chosen.into_iter();
    for number in 0..cores {
        let part: Vec<Chosen> = rest.by_ref().take(share).collect();
        if part.is_empty() {
            break;
        }
        let press = press.clone();
        tasks.spawn_blocking(move || (number, part.iter().map(|one| (one.send_id, press.make(one, now))).collect::<Vec<_>>()));
    }
    let mut parts = Vec::new();
    while let Some(done) = tasks.join_next().await {
        if let Ok(part) = done {
            parts.push(part);
        }
    }
    parts.sort_by_key(|(number, _)| *number);
    parts.into_iter().flat_map(|(_, part)| part).collect()
}

impl Press {
    fn make(&self, chosen: &Chosen, now: i64) -> Result<Envelope, Unmade> {
        let addresses = self.linker.of_send(chosen.send_id);
        let rendered = self.body.render(&chosen.person, &addresses).map_err(|e| Unmade::MergeTag(e.to_string()))?;
        let (_, domain) = self.mailing.from_address.rsplit_once('@').unwrap_or(("", "localhost"));
        let unsubscribe = self.linker.address(Act::Unsubscribe, chosen.send_id, 0);
        let mail = Mail {
            from: Mailbox::named(&self.mailing.from_name, &self.mailing.from_address),
            to: vec![Mailbox::named(&chosen.name, &chosen.email)],
            reply_to: None,
            subject: rendered.subject,
            html: rendered.html,
            text: rendered.plain,
            headers: vec![
                ("List-Unsubscribe".to_owned(), format!("<{unsubscribe}>")),
                ("List-Unsubscribe-Post".to_owned(), "List-Unsubscribe=One-Click".to_owned()),
                ("List-Id".to_owned(), format!("<m{}.{domain}>", self.mailing.series_id)),
                ("X-Attune-Send".to_owned(), chosen.send_id.to_string()),
            ],
            message_id: format!("s{}.m{}@{domain}", chosen.send_id, self.mailing.id),
            return_path: self.return_path(chosen.send_id),
        };
        let outgoing = Outgoing { id: chosen.send_id, recipient: chosen.email.clone(), mail };
        seal(&outgoing, &self.signers, now).map_err(|e| Unmade::Malformed(e.to_string()))
    }

    fn return_path(&self, send_id: i64) -> String {
        if self.bounce_domain.is_empty() { self.mailing.from_address.clone() } else { format!("b{send_id}@{}", self.bounce_domain) }
    }
}
