//! Who a mailing goes to: a rule in words, or a segment, read at the moment it starts.

use attune_db::{Sql, Tx};
use attune_differentiate::segment::{self, Asking, FacetField, SegmentError, SegmentId};
use attune_house::App;
use attune_web::{Actor, FormErrors};

/// A rule as written, or a segment. An empty rule without segment means everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    /// The rule's text, e.g. `score >= 40 and city = "Berlin"`.
    pub rule: String,
    /// The segment; it goes before the rule.
    pub segment_id: Option<i64>,
}

/// Why an audience cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct AudienceError(pub String);

impl Audience {
    /// The audience a rule describes.
    pub fn of_rule(rule: impl Into<String>) -> Self {
        Self { rule: rule.into(), segment_id: None }
    }

    /// The audience as a form writes it: a rule, and the value of a segment.
    pub(crate) fn of_form(rule: &str, segment: &str) -> Self {
        Self { rule: rule.trim().to_owned(), segment_id: crate::choices::read_segment(segment) }
    }

    /// The text a segment language reads: the segment's id or the rule.
    fn text(&self) -> String {
        self.segment_id.map_or_else(|| self.rule.trim().to_owned(), |id| SegmentId(id).to_string())
    }
}

/// Compiles an audience to a statement that yields contact ids, as it stands at `now` (µs); whoever `asks` learns no more by it than by a segment.
async fn compile_for(
    tx: &mut Tx,
    audience: &Audience,
    asks: Option<&Actor>,
    facets: &[FacetField],
    now: i64,
) -> Result<Sql, AudienceError> {
    let text = audience.text();
    if text.is_empty() {
        return Ok(Sql::new("SELECT c.id FROM v_identify_contact c"));
    }
    let asking = asks.map_or(Asking::Kept, Asking::Keeping);
    segment::select_text(tx, &text, asking, facets, now).await.map_err(|error: SegmentError| AudienceError(error.to_string()))
}

/// Compiles an audience that is kept to a statement that yields contact ids, as it stands at `now` (µs).
pub async fn compile(tx: &mut Tx, audience: &Audience, facets: &[FacetField], now: i64) -> Result<Sql, AudienceError> {
    compile_for(tx, audience, None, facets, now).await
}

/// Reads a form's audience at the app's present; a rule that cannot be read, or not asked by this person, is told under `rule`.
pub(crate) async fn check(tx: &mut Tx, (app, actor): (&App, &Actor), audience: Audience, errors: &mut FormErrors) -> Audience {
    if let Err(error) = compile_for(tx, &audience, Some(actor), &facets(app.house()), app.clock.now()).await {
        errors.add("rule", "interact-error-audience").s("reason", error);
    }
    audience
}

/// How many people an audience holds at `now` (µs), for somebody who may ask that.
pub async fn count(tx: &mut Tx, audience: &Audience, actor: &Actor, facets: &[FacetField], now: i64) -> Result<i64, AudienceError> {
    let found = compile_for(tx, audience, Some(actor), facets, now).await?;
    segment::count(tx, &found).await.map_err(|error| AudienceError(error.to_string()))
}

/// Everything a rule may speak of beside contacts and events: what the house's rooms announced.
pub fn facets(house: &attune_house::House) -> Vec<FacetField> {
    segment::facet_fields(&house.facets)
}
