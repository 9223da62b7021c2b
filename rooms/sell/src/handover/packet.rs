//! What a rep reads before answering: why this contact, what they did last, where they came from, and what to say.

use attune_db::{DbError, Row, Tx, params, sql};
use attune_differentiate::score::{self, Explanation};
use attune_web::Sight;

/// How many reasons and how many traces a packet holds.
const LINES: usize = 6;
const TRACES: i64 = 10;

/// Something the contact did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trace {
    /// The event.
    pub(crate) name: String,
    /// What it was about: a path, a file, a term, a link.
    pub(crate) subject: String,
    /// When, µs.
    pub(crate) at: i64,
}

/// One reason for the score.
#[derive(Clone, Debug)]
pub(crate) struct ScoreReason {
    /// The event it is for.
    pub(crate) event: String,
    /// What it was about, when the rule says so.
    pub(crate) about: String,
    /// How often.
    pub(crate) count: i64,
    /// Points left of it now, with their sign.
    pub(crate) points: i64,
}

/// Everything a rep needs for an answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packet {
    /// Engagement now, points.
    pub(crate) points: i64,
    /// The weightiest reasons first.
    pub(crate) reasons: Vec<ScoreReason>,
    /// The newest first.
    pub(crate) traces: Vec<Trace>,
    /// Where the contact came from, in the words of the import or form.
    pub(crate) source: Option<String>,
    /// How the newest visit came about: source and medium.
    pub(crate) visit: Option<(String, String)>,
}

/// Gathers the packet of a contact.
pub(crate) async fn gather(tx: &mut Tx, contact_id: i64, engagement_k: Option<f64>, now: i64) -> Result<Packet, DbError> {
    let decay = score::basis(tx).await?.decay();
    let reasons = score::explain(tx, contact_id, now).await?.into_iter().map(reason).filter(|r| r.points != 0).take(LINES).collect();
    let source = tx.find(sql!("SELECT source FROM v_identify_contact WHERE id = $1"), params![contact_id]).await?;
    let visit = sql!("SELECT source, medium FROM v_identify_visit WHERE contact_id = $1 AND NOT machine ORDER BY started_at DESC LIMIT 1");
    let visit = tx.find(visit, params![contact_id]).await?;
    Ok(Packet {
        points: decay.points_at(engagement_k, now).round() as i64,
        reasons,
        traces: traces(tx, contact_id).await?,
        source: source.map(|row| row.get::<Option<String>>("source")).transpose()?.flatten(),
        visit: visit.map(|row| Ok::<_, DbError>((row.get("source")?, row.get("medium")?))).transpose()?,
    })
}

impl Packet {
    /// With addresses in the contact's own words masked, as `sight` says for a record of this owner and team.
    pub(crate) fn masked(mut self, sight: &Sight, place: (Option<i64>, Option<i64>)) -> Self {
        for trace in &mut self.traces {
            trace.subject = sight.text(place, std::mem::take(&mut trace.subject));
        }
        self.source = self.source.map(|source| sight.text(place, source));
        self
    }
}

fn reason(explanation: Explanation) -> ScoreReason {
    ScoreReason {
        event: explanation.rule.event.to_string(),
        about: explanation.rule.subject.as_ref().map_or_else(String::new, |test| test.text().to_owned()),
        count: explanation.line.count,
        points: explanation.points.round() as i64,
    }
}

/// What the contact did last, by their own hand.
async fn traces(tx: &mut Tx, contact_id: i64) -> Result<Vec<Trace>, DbError> {
    let sql = sql!(
        "SELECT name, subject, at FROM events WHERE contact_id = $1 AND NOT machine AND name IN ('page.viewed', 'file.downloaded', 'site.searched',
           'mail.clicked', 'form.submitted', 'video.progressed', 'purchase.made', 'link.followed') ORDER BY at DESC, seq DESC LIMIT $2"
    );
    let trace = |row: &Row| {
        let subject: Option<String> = row.get("subject")?;
        Ok(Trace { name: row.get("name")?, subject: subject.unwrap_or_default(), at: row.get("at")? })
    };
    tx.rows(sql, params![contact_id, TRACES]).await?.iter().map(trace).collect()
}

/// The opening that fits best to what the contact did: a locale key and what it is about.
pub(crate) fn opening(traces: &[Trace]) -> (&'static str, String) {
    const BY_WORTH: [(&str, &str); 6] = [
        ("form.submitted", "handover-say-form"),
        ("purchase.made", "handover-say-purchase"),
        ("file.downloaded", "handover-say-file"),
        ("site.searched", "handover-say-search"),
        ("mail.clicked", "handover-say-click"),
        ("page.viewed", "handover-say-page"),
    ];
    for (name, key) in BY_WORTH {
        if let Some(trace) = traces.iter().find(|trace| trace.name == name && !trace.subject.is_empty()) {
            return (key, trace.subject.clone());
        }
    }
    ("handover-say-nothing", String::new())
}

/// The locale key that tells of a trace, with `about`.
pub(crate) fn trace_key(name: &str) -> &'static str {
    match name {
        "page.viewed" => "handover-trace-page",
        "file.downloaded" => "handover-trace-file",
        "site.searched" => "handover-trace-search",
        "mail.clicked" => "handover-trace-click",
        "form.submitted" => "handover-trace-form",
        "video.progressed" => "handover-trace-video",
        "purchase.made" => "handover-trace-purchase",
        _ => "handover-trace-link",
    }
}

/// The icon of a trace.
pub(crate) fn trace_icon(name: &str) -> &'static str {
    match name {
        "page.viewed" => "eye",
        "file.downloaded" => "download",
        "site.searched" => "search",
        "mail.clicked" => "mouse-pointer-click",
        "form.submitted" => "clipboard-list",
        "video.progressed" => "video",
        "purchase.made" => "shopping-bag",
        _ => "external-link",
    }
}

/// The locale key that names what a score reason is for.
pub(crate) fn reason_key(event: &str) -> &'static str {
    match event {
        "page.viewed" => "handover-score-page",
        "page.left" => "handover-score-dwell",
        "file.downloaded" => "handover-score-file",
        "site.searched" => "handover-score-search",
        "mail.opened" => "handover-score-opened",
        "mail.clicked" => "handover-score-click",
        "mail.unsubscribed" => "handover-score-unsubscribed",
        "form.submitted" => "handover-score-form",
        "video.progressed" => "handover-score-video",
        "purchase.made" => "handover-score-purchase",
        _ => "handover-score-other",
    }
}
