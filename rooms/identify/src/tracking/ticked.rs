//! Boxes that were ticked in a form of the company's own site: what each allows and the words beside it, on their way to the ledger.
//!
//! Each box becomes an event of its own behind that of its form. Nobody can send such an event from outside, so whoever finds one in the
//! log knows that it passed the steps.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use super::{Hit, key64};
use crate::consent::{CHANNELS, PURPOSES, TICKED};

/// Boxes of one form that are looked at.
const MAX_BOXES: usize = 10;
/// Longest wording, in characters.
const MAX_WORDING: usize = 1_000;
/// What the boxes of a form may add to its other props, in bytes.
pub(super) const MAX_BYTES: usize = 40 * 1024;

/// What the topics a person can say yes to are called, by their purposes in the ledger.
pub(crate) type Topics = HashMap<String, String>;

/// A box as the tracker tells it: what its owner wrote into `data-attune-consent`, and the words beside it.
#[derive(Deserialize)]
struct WireBox<'a> {
    #[serde(borrow, rename = "for")]
    of: Cow<'a, str>,
    #[serde(borrow)]
    wording: Cow<'a, str>,
}

/// A ticked box that names a channel and a purpose of the ledger.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ticked {
    channel: &'static str,
    purpose: String,
    /// The purpose as people call it.
    called: String,
    wording: String,
}

/// The boxes in `raw`, and whether one had to be left out. A browser without an id of its own is told by its address: everybody behind it would
/// agree for everybody else, so that its boxes are left out.
pub(super) fn read(raw: Option<&RawValue>, topics: &Topics, has_id: bool) -> (Vec<Ticked>, bool) {
    let Some(raw) = raw else { return (Vec::new(), false) };
    let Ok(sent) = serde_json::from_str::<Vec<&RawValue>>(raw.get()) else { return (Vec::new(), true) };
    if !has_id {
        return (Vec::new(), !sent.is_empty());
    }
    let mut boxes: Vec<Ticked> = Vec::new();
    let mut left_out = sent.len() > MAX_BOXES;
    for one in sent.into_iter().take(MAX_BOXES) {
        match serde_json::from_str::<WireBox<'_>>(one.get()).ok().and_then(|wire| known(&wire, topics)) {
            // Two boxes for the same thing are one yes, in the words of the first.
            Some(ticked) if boxes.iter().any(|other| (other.channel, &other.purpose) == (ticked.channel, &ticked.purpose)) => {}
            Some(ticked) => boxes.push(ticked),
            None => left_out = true,
        }
    }
    (boxes, left_out)
}

fn known(wire: &WireBox<'_>, topics: &Topics) -> Option<Ticked> {
    let (channel, purpose) = wire.of.trim().split_once(':')?;
    let channel = CHANNELS.into_iter().find(|known| *known == channel)?;
    let own = PURPOSES.contains(&purpose).then_some(purpose);
    let called = own.or_else(|| topics.get(purpose).map(String::as_str))?;
    let wording = plain(&wire.wording);
    let fits = !wording.is_empty() && wording.chars().count() <= MAX_WORDING;
    fits.then(|| Ticked { channel, purpose: purpose.to_owned(), called: called.to_owned(), wording })
}

/// A text as it is read: one space between words, and nothing that cannot be seen.
fn plain(text: &str) -> String {
    let words: Vec<String> = text.split_whitespace().map(|word| word.chars().filter(|c| !c.is_control()).collect()).collect();
    words.join(" ").trim().to_owned()
}

/// The events of the boxes that were ticked in the form of `form`. A machine agrees to nothing.
pub(super) fn hits(boxes: Vec<Ticked>, form: &Hit) -> Vec<Hit> {
    let Some(sender) = form.sender.as_ref().filter(|_| !form.event.machine) else { return Vec::new() };
    let page = plain(&format!("{}{}", sender.host.as_deref().unwrap_or_default(), sender.path.as_deref().unwrap_or_default()));
    let form_key = form.event.client_key.unwrap_or_default().to_string();
    let hit = |ticked: Ticked| {
        let texts = [
            ("channel", ticked.channel),
            ("purpose", &ticked.purpose),
            ("wording", &ticked.wording),
            ("form", form.event.subject.as_deref().unwrap_or_default()),
            ("page", &page),
        ];
        let props: Map<String, Json> = texts.into_iter().map(|(key, text)| (key.to_owned(), Json::from(text))).collect();
        let mut event =
            attune_events::Event::new(TICKED, form.event.at).subject(format!("{}/{}", ticked.channel, ticked.called)).props(&props);
        event.client_key = Some(key64("consent-box", &[&form_key, ticked.channel, &ticked.purpose]));
        Hit { sender: form.sender.clone(), ..Hit::of(event) }
    };
    boxes.into_iter().map(hit).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::value::to_raw_value;
    use serde_json::{Value as Json, json};

    use super::{MAX_BOXES, Topics, read};

    fn boxes(sent: &Json) -> (Vec<String>, bool) {
        let topics = Topics::from([("topic:top_1".to_owned(), "News".to_owned())]);
        let (boxes, left_out) = read(Some(&to_raw_value(sent).unwrap()), &topics, true);
        let told = |ticked: super::Ticked| format!("{}/{}: {}", ticked.channel, ticked.called, ticked.wording);
        (boxes.into_iter().map(told).collect(), left_out)
    }

    #[test]
    fn a_box_names_what_the_ledger_knows_and_carries_its_words() {
        let yes = |of: &str, wording: &str| json!({ "for": of, "wording": wording });
        let sent = json!([
            yes("email:marketing", "Yes, the\n   letter\u{7}"),
            yes(" phone:service ", "Call me"),
            yes("email:topic:top_1", "News")
        ]);
        assert_eq!(
            boxes(&sent),
            (vec!["email/marketing: Yes, the letter".into(), "phone/service: Call me".into(), "email/News: News".into()], false)
        );
        let twice = json!([yes("email:marketing", "One"), yes("email:marketing", "Two")]);
        assert_eq!(boxes(&twice), (vec!["email/marketing: One".to_owned()], false));
        let long = "长".repeat(1_001);
        for wrong in ["fax:marketing", "email:newsletter", "email", "", "email:topic:top_2", "EMAIL:marketing"] {
            assert_eq!(
                boxes(&json!([yes(wrong, "Yes"), yes("sms:marketing", "Yes")])),
                (vec!["sms/marketing: Yes".to_owned()], true),
                "{wrong}"
            );
        }
        for wrong in [
            json!([yes("email:marketing", " \n ")]),
            json!([yes("email:marketing", &long)]),
            json!([{ "for": "email:marketing" }]),
            json!("yes"),
            json!([7]),
        ] {
            assert_eq!(boxes(&wrong), (vec![], true), "{wrong}");
        }
        let many: Vec<Json> = (0..=MAX_BOXES).map(|_| yes("email:marketing", "Yes")).collect();
        assert_eq!(boxes(&json!(many)), (vec!["email/marketing: Yes".to_owned()], true));
        assert_eq!(read(None, &Topics::default(), true), (vec![], false));
    }
}
