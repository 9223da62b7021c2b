//! Colleagues named in a note get a task, once a note.

use std::collections::HashMap;

use attune_db::Tx;
use attune_events::{BoxFuture, Event, React, Spine};
use attune_identify::contact;
use attune_kernel::Fault;
use attune_web::Actor;

use super::{TaskDraft, Wording};

/// Gives whoever a note names something to read.
pub(crate) struct TellMentioned;

impl TellMentioned {
    pub(crate) const HEARS: &'static [&'static str] = &["note.mentioned"];
}

impl React for TellMentioned {
    fn react<'a>(&'a self, spine: &'a Spine, tx: &'a mut Tx, events: &'a [Event]) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let people = contact::list_by_ids(tx, events.iter().filter_map(|event| event.contact_id)).await?;
            let names: HashMap<i64, String> = people.iter().map(|person| (person.id, person.label())).collect();
            let staff = attune_identify::staff::list(tx).await?;
            for event in events {
                let Some((contact_id, name)) = event.contact_id.and_then(|id| names.get_key_value(&id)) else { continue };
                let props = event.props_json();
                let named =
                    props.get("named").and_then(|named| named.as_array()).into_iter().flatten().filter_map(serde_json::Value::as_i64);
                for owner_id in named {
                    let draft = TaskDraft {
                        title: Wording::of("task-title-mentioned", &[("name", name)]),
                        reason: Wording::of("task-reason-mentioned", &[("by", props.get("staff").and_then(|v| v.as_str()).unwrap_or(""))]),
                        owner_id,
                        team_id: staff.iter().find(|member| member.id == owner_id).and_then(|member| member.team_id),
                        due_at: Some(event.at + attune_kernel::DAY_US),
                        contact_id: Some(*contact_id),
                        cause_key: props.get("note_id").map(|note| format!("mention:{note}:{owner_id}")),
                    };
                    super::create(tx, &spine.ids, spine.clock.now(), &Actor::system(), &draft).await?;
                }
            }
            Ok(())
        })
    }
}
