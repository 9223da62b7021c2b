//! What forms of this room offer to choose from, and how choices are told.

use attune_db::{DbError, Tx, params, sql};
use attune_differentiate::segment::{self, SegmentId};
use attune_identify::topic::{self, TopicId};
use attune_web::kit::Choice;
use attune_web::{FormErrors, Lang};

use crate::audience::Audience;
use crate::template::store as templates;

/// Every template.
pub(crate) async fn templates(tx: &mut Tx) -> Result<Vec<Choice>, DbError> {
    let all = templates::list(tx, 1_000).await?;
    Ok(all.into_iter().map(|template| Choice::new(template.id, template.name)).collect())
}

/// Every segment with its size.
pub(crate) async fn segments(tx: &mut Tx) -> Result<Vec<Choice>, DbError> {
    let all = segment::list(tx).await?;
    Ok(all.into_iter().map(|segment| Choice::new(SegmentId(segment.id), format!("{} ({})", segment.name, segment.member_count))).collect())
}

/// Every topic people may choose, in their order.
pub(crate) async fn topics(tx: &mut Tx, l: &Lang) -> Result<Vec<Choice>, DbError> {
    Ok(topic::list(tx).await?.into_iter().map(|topic| Choice::new(topic.id, topic.name(l.locale()))).collect())
}

/// Reads the topic of a form; nothing when none is chosen, a mistake when there is no such topic.
pub(crate) async fn check_topic(tx: &mut Tx, errors: &mut FormErrors, typed: &str) -> Result<Option<TopicId>, DbError> {
    if typed.is_empty() {
        return Ok(None);
    }
    let known = topic::list(tx).await?.into_iter().map(|topic| topic.id).find(|id| id.to_string() == typed);
    if known.is_none() {
        errors.add("topic", "web-not-a-choice");
    }
    Ok(known)
}

/// Active members of staff: id and name.
pub(crate) async fn staff(tx: &mut Tx) -> Result<Vec<(i64, String)>, DbError> {
    let rows = tx.rows(sql!("SELECT id, name FROM v_govern_staff WHERE active = TRUE ORDER BY name, id"), params![]).await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("name")?))).collect()
}

/// The value of a segment in a form.
pub(crate) fn segment_value(id: i64) -> String {
    SegmentId(id).to_string()
}

/// Reads a segment's value; nothing when none is chosen.
pub(crate) fn read_segment(value: &str) -> Option<i64> {
    value.parse::<SegmentId>().ok().map(|id| id.0)
}

/// An audience in words: the segment's name, the rule, or everybody.
pub(crate) async fn audience_words(tx: &mut Tx, l: &Lang, audience: &Audience) -> Result<String, DbError> {
    if let Some(id) = audience.segment_id {
        return Ok(segment::find(tx, id).await?.map_or_else(|| l.t("interact-segment-gone").to_string(), |segment| segment.name));
    }
    Ok(if audience.rule.is_empty() { l.t("interact-everybody").to_string() } else { audience.rule.clone() })
}

/// A reason that is not the arbiter's: what the relay said, or that the process died.
pub(crate) fn plain_reason(l: &Lang, word: &str) -> String {
    if word == "in_doubt" { l.t("message-reason-in-doubt").to_string() } else { word.to_owned() }
}
