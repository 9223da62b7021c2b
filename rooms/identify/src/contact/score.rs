//! What a stored engagement score is worth now: the half-life and the mark of "hot" are settings of the room that scores.

use attune_db::{DbError, Tx};
use attune_house::setting_int;
use attune_kernel::{DAY_US, Decay};

use super::Contact;

/// How scores are read at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    decay: Decay,
    now: i64,
    /// Points from which somebody is hot.
    pub hot: i64,
}

impl Scale {
    /// The scale at `now`, µs.
    pub async fn read(tx: &mut Tx, now: i64) -> Result<Self, DbError> {
        let days = setting_int(tx, "differentiate.half_life_days", 30).await?;
        let hot = setting_int(tx, "differentiate.hot", 40).await?;
        Ok(Self { decay: Decay::new(days.saturating_mul(DAY_US)), now, hot })
    }

    /// The engagement points of a contact now, rounded.
    pub fn points(&self, contact: &Contact) -> i64 {
        self.points_of(contact.engagement_k)
    }

    /// The points of a stored score now, rounded.
    pub fn points_of(&self, engagement_k: Option<f64>) -> i64 {
        self.decay.points_at(engagement_k, self.now).round() as i64
    }

    /// The stored form from which somebody is hot now.
    pub fn hot_k(&self) -> Option<f64> {
        self.decay.k_of(self.hot as f64, self.now)
    }
}
