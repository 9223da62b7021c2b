//! Runs a push funnel to its end: waits for each round's mails, lets the recipients act, closes the round, and reports.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use attune_house::App;
use attune_interact::push_funnel::{self, FunnelState, PushFunnelId, Round, RoundState, figures};
use attune_kernel::Fault;
use serde::Serialize;

use super::recipients::{Decides, Recipients};

/// What a round came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RoundReport {
    /// Mails handed to the relay.
    pub sent: i64,
    /// Mails the relay took.
    pub delivered: i64,
    /// People who responded.
    pub responded: i64,
}

/// What a funnel came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Round by round.
    pub rounds: Vec<RoundReport>,
    /// People offered to reps.
    pub handed_over: i64,
    /// Sends nobody knows the fate of.
    pub unknown: i64,
    /// People who responded to the last round and wait for a rep's room.
    #[serde(skip)]
    pub waiting: i64,
}

/// Addresses that respond in the round under way; everybody else stays silent.
#[derive(Default)]
pub struct Chosen {
    addresses: Mutex<HashSet<String>>,
}

impl Chosen {
    /// Lets exactly these respond.
    pub fn set(&self, addresses: impl IntoIterator<Item = String>) {
        *self.addresses.lock().unwrap_or_else(PoisonError::into_inner) = addresses.into_iter().map(|a| a.to_lowercase()).collect();
    }
}

impl Decides for Chosen {
    fn responds(&self, address: &str, _: usize) -> bool {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner).contains(address)
    }
}

/// Who stands behind the addresses.
pub enum Audience {
    /// Real people, or nobody: rounds close when their wait is over.
    Real,
    /// Recipients who decide for themselves.
    Decided(Recipients),
    /// Recipients who respond when a custom field of theirs is true: one field a round.
    ByField {
        /// Who acts.
        recipients: Recipients,
        /// Told who responds.
        chosen: Arc<Chosen>,
        /// The fields.
        fields: Vec<String>,
    },
}

/// Follows a running funnel to its end. `tell` hears of each round when it closes.
pub async fn drive(
    app: &App,
    id: PushFunnelId,
    audience: &Audience,
    tell: &mut (dyn FnMut(usize, RoundReport) + Send),
) -> Result<Report, Fault> {
    let mut told = 0;
    let mut acted = 0;
    loop {
        let figures = figures::read(&mut app.db.read().await?, id).await?;
        for (index, round) in figures.rounds.iter().enumerate().skip(told) {
            if round.round.state != RoundState::Closed {
                break;
            }
            tell(index + 1, report_of(&round.figures));
            told = index + 1;
        }
        if !matches!(figures.funnel.state, FunnelState::Running | FunnelState::Paused) {
            break;
        }
        let open = figures.rounds.iter().map(|round| &round.round).find(|round| round.state == RoundState::Open);
        match open {
            Some(round) if round.position > acted => {
                acted = round.position;
                act(app, audience, round).await?;
            }
            _ => tokio::time::sleep(Duration::from_millis(25)).await,
        }
    }
    quiet(app).await?;
    report(app, id).await
}

/// Lets the recipients of a round act and closes it.
async fn act(app: &App, audience: &Audience, round: &Round) -> Result<(), Fault> {
    let number = usize::try_from(round.position)?;
    let recipients = match audience {
        Audience::Real => return Ok(()),
        Audience::Decided(recipients) => recipients,
        Audience::ByField { recipients, chosen, fields } => {
            let field = fields.get(number - 1).map_or("", String::as_str);
            let keen = push_funnel::responders(&mut app.db.read().await?, round.id, field).await?;
            chosen.set(keen.into_iter().map(|responder| responder.email));
            recipients
        }
    };
    recipients.read_round(number, round.started_at.unwrap_or(0)).await?;
    quiet(app).await?;
    let mut tx = app.db.begin().await?;
    push_funnel::close_round(&mut tx, &app.bench(), round.funnel_id).await?;
    tx.commit().await?;
    Ok(())
}

/// Waits until every reactor has heard everything.
pub async fn quiet(app: &App) -> Result<(), Fault> {
    while app.lag().await? > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

fn report_of(figures: &attune_interact::message::Figures) -> RoundReport {
    RoundReport { sent: figures.sent(), delivered: figures.delivered, responded: figures.responded }
}

/// What a funnel came to, read from the store.
pub async fn report(app: &App, id: PushFunnelId) -> Result<Report, Fault> {
    let figures = figures::read(&mut app.db.read().await?, id).await?;
    let rounds: Vec<RoundReport> = figures.rounds.iter().map(|round| report_of(&round.figures)).collect();
    let handed_over = figures.funnel.handed_over;
    let waiting = (figures.funnel.survivors - handed_over).max(0);
    Ok(Report { handed_over, unknown: figures.unknown(), waiting, rounds })
}
