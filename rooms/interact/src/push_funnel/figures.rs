//! A funnel's figures: what each round did, and the shape the page draws from them.

use attune_db::Tx;
use attune_kernel::Fault;

use super::{PushFunnel, PushFunnelId, Round, store};
use crate::message::{self, Figures, Mailing, arbiter::Reason, store as mailings};

/// A round with its figures; zeros before it begins.
#[derive(Clone, Debug)]
pub struct RoundFigures {
    /// The round.
    pub round: Round,
    /// Its mailing, once begun.
    pub mailing: Option<Mailing>,
    /// What happened so far.
    pub figures: Figures,
    /// Who was held back, by reason.
    pub held_back: Vec<(Reason, i64)>,
}

/// A funnel with everything its page and its programs show.
#[derive(Clone, Debug)]
pub struct FunnelFigures {
    /// The funnel.
    pub funnel: PushFunnel,
    /// The rounds in order.
    pub rounds: Vec<RoundFigures>,
    /// Each rep's cap and how many have reached him.
    pub reps: Vec<RepFigures>,
}

/// A rep's share.
#[derive(Clone, Debug)]
pub struct RepFigures {
    /// The member of staff.
    pub staff_id: i64,
    /// The name; empty when he left.
    pub name: String,
    /// How many of this funnel at most.
    pub cap: i64,
    /// How many have reached him.
    pub got: i64,
}

impl FunnelFigures {
    /// Mails handed over in all rounds.
    pub fn sent(&self) -> i64 {
        self.rounds.iter().map(|round| round.figures.sent()).sum()
    }

    /// Sends in doubt in all rounds.
    pub fn unknown(&self) -> i64 {
        self.rounds.iter().map(|round| round.figures.unknown).sum()
    }

    /// Why the relay takes nothing at present, if so.
    pub fn relay_error(&self) -> Option<&str> {
        self.rounds.iter().filter_map(|round| round.mailing.as_ref()).find_map(|mailing| mailing.relay_error.as_deref())
    }
}

/// Reads a funnel with its figures.
pub async fn read(tx: &mut Tx, id: PushFunnelId) -> Result<FunnelFigures, Fault> {
    let funnel = store::get(tx, id).await?;
    let mut rounds = Vec::new();
    for round in store::rounds(tx, id).await? {
        rounds.push(read_round(tx, round).await?);
    }
    let reps = read_reps(tx, id).await?;
    Ok(FunnelFigures { funnel, rounds, reps })
}

async fn read_round(tx: &mut Tx, round: Round) -> Result<RoundFigures, Fault> {
    let Some(mailing_id) = round.mailing_id else {
        return Ok(RoundFigures { round, mailing: None, figures: Figures::default(), held_back: Vec::new() });
    };
    let mailing = mailings::get(tx, mailing_id).await?;
    let mut figures = message::figures(tx, &mailing).await?;
    if figures.responded == 0 {
        // Responses are fixed when the round closes; until then the page shows who would go on.
        figures.responded = match round.respond {
            super::Respond::Clicked => figures.clicked,
            super::Respond::Opened => figures.opened,
            super::Respond::Event(_) => 0,
        };
    }
    let held_back = message::skipped_by_reason(tx, &mailing).await?;
    Ok(RoundFigures { round, mailing: Some(mailing), figures, held_back })
}

async fn read_reps(tx: &mut Tx, id: PushFunnelId) -> Result<Vec<RepFigures>, Fault> {
    let got = store::handed_by_rep(tx, id).await?;
    let rows = tx
        .rows(
            attune_db::sql!("SELECT r.staff_id, r.cap, s.name FROM push_reps r LEFT JOIN v_govern_staff s ON s.id = r.staff_id WHERE r.funnel_id = $1 ORDER BY s.name, r.staff_id"),
            attune_db::params![id.0],
        )
        .await?;
    let mut reps = Vec::new();
    for row in &rows {
        let staff_id: i64 = row.get("staff_id")?;
        let name = row.get::<Option<String>>("name")?.unwrap_or_default();
        let got = got.iter().find(|(staff, _)| *staff == staff_id).map_or(0, |(_, count)| *count);
        reps.push(RepFigures { staff_id, name, cap: row.get("cap")?, got });
    }
    Ok(reps)
}

/// The height of a count in the drawing, 0 to `full`, on a log scale so that eight hundred of a million can be seen.
pub fn log_height(count: i64, most: i64, full: f64) -> f64 {
    if count <= 0 || most <= 0 {
        return 0.0;
    }
    let share = ((count as f64) + 1.0).ln() / ((most as f64) + 1.0).ln();
    (share * full).clamp(2.0, full)
}
