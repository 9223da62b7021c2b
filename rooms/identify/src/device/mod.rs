//! Devices: the machines and appliances customers have, and what these tell: readings, stock levels, use, faults.
//!
//! Guards that a serial number is one device, that what it told stays with whoever owned it then, that late news change no present state, and
//! that whoever may not see the owner sees nothing of the device (ADR 0029).

pub mod api;
mod chart;
pub(crate) mod pages;
mod store;
mod telemetry;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use attune_db::{DbError, Tx};
use attune_events::{Event, EventDef, append, hold_head};
use attune_house::{ContactTable, Eraser, Facet, FacetKind, Naming, OnErase, OnMerge, Room};
use attune_kernel::{SECOND_US, fold_key, id_type};
use attune_record::audit;
use attune_web::Scope;
use serde_json::{Value as Json, json};

use crate::contact::By;
use crate::relationship::Record;
pub use store::Device;
pub(crate) use store::give_back;

id_type!(
    /// The id of a device.
    DeviceId,
    "dev"
);

/// The most characters of a serial number and of a model.
pub const NAME_CHARS: usize = 100;
/// The words of a state.
pub const STATES: [&str; 2] = ["active", "retired"];

/// Tables of this noun that hold a person.
pub(crate) const CONTACT_TABLES: [ContactTable; 2] = [
    ContactTable { table: "devices", column: "contact_id", on_erase: OnErase::Delete, on_merge: OnMerge::BY_ID },
    ContactTable { table: "device_readings", column: "contact_id", on_erase: OnErase::Delete, on_merge: OnMerge::BY_ID },
];

/// What ids of this noun stand for.
pub(crate) const NAMINGS: [Naming; 1] = [Naming { column: "device_id", sql: "SELECT id, serial AS name FROM devices" }];

/// Removes the present state of the devices of somebody who is erased.
pub(crate) fn eraser() -> Eraser {
    Eraser { table: "device_states", remembers: false, run: Arc::new(|tx, leavers, _| Box::pin(store::remove_states_of(tx, leavers))) }
}

const CHANGES: &[&str] = &[
    "device.reading",
    "device.fault",
    "device.recovered",
    "device.added",
    "device.changed",
    "device.removed",
    "contact.merged",
    "contact.split",
];

/// Adds this noun to the room.
pub(crate) fn plug(room: Room) -> Room {
    room.routes(pages::routes().merge(api::routes()))
        .nav([pages::nav()])
        .panels([pages::panel()])
        .events(EVENTS)
        .contact_tables(CONTACT_TABLES)
        .erasers([eraser()])
        .namings(NAMINGS)
}

/// What segments may ask of somebody's devices.
pub(crate) const FACETS: [Facet; 2] = [
    Facet {
        key: "contact.device_stock",
        label_key: "device-facet-stock",
        kind: FacetKind::Number,
        sql: "SELECT contact_id, value FROM v_identify_device_stock",
        changed_by: CHANGES,
    },
    Facet {
        key: "contact.device_faults",
        label_key: "device-facet-faults",
        kind: FacetKind::Number,
        sql: "SELECT contact_id, value FROM v_identify_device_fault",
        changed_by: CHANGES,
    },
];

/// The events of devices.
pub(crate) const EVENTS: [EventDef; 6] = [
    event("device.added", "A device became somebody's.", "the serial number", "", false),
    event("device.changed", "Model, state or day of installation of a device changed.", "the serial number", "", false),
    event("device.removed", "A device is somebody's no more.", "the serial number", "", false),
    event(
        "device.reading",
        "A device told a reading, its stock level or its use.",
        "the reading; stock or usage",
        "the value, rounded",
        true,
    ),
    event("device.fault", "A device told a fault.", "the code", "", true),
    event("device.recovered", "A fault of a device is over.", "the code", "", true),
];

const fn event(name: &'static str, meaning: &'static str, subject: &'static str, amount: &'static str, behaviour: bool) -> EventDef {
    EventDef { name, meaning, subject, amount, behaviour }
}

/// What is to be said of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The device that is changed; `None`: the one of this serial number, or a new one.
    pub id: Option<DeviceId>,
    /// The serial number.
    pub serial: String,
    /// The model.
    pub model: String,
    /// Whose it is.
    pub owner: Record,
    /// When it was installed, µs UTC.
    pub installed_at: Option<i64>,
    /// One of [`STATES`].
    pub state: String,
}

impl Draft {
    fn check(&self) -> Result<(), Refusal> {
        for (field, text) in [("serial", &self.serial), ("model", &self.model)] {
            if text.trim().is_empty() {
                return Err(Refusal { field, key: "web-required" });
            }
            if text.chars().count() > NAME_CHARS {
                return Err(Refusal { field, key: "identify-too-long" });
            }
        }
        if STATES.contains(&self.state.as_str()) { Ok(()) } else { Err(Refusal { field: "state", key: "web-not-a-choice" }) }
    }
}

/// Why a device is not taken: the field and the text that says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The field.
    pub field: &'static str,
    /// The locale key of the reason.
    pub key: &'static str,
}

/// What became of a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// There is one more device.
    Created(DeviceId),
    /// A device was changed, or was like this already.
    Updated(DeviceId),
}

impl Put {
    /// The device.
    pub fn id(self) -> DeviceId {
        match self {
            Self::Created(id) | Self::Updated(id) => id,
        }
    }
}

/// Registers and changes devices, any number in a constant number of statements; answers each draft in its place.
pub async fn put_many(tx: &mut Tx, by: &By<'_>, scope: &Scope, drafts: &[Draft]) -> Result<Vec<Result<Put, Refusal>>, DbError> {
    // What devices tell meanwhile waits, and is told of whoever owns them then.
    hold_head(tx).await?;
    let known = store::list_any(tx, drafts).await?;
    let records = drafts.iter().map(|draft| draft.owner).chain(known.iter().map(|device| device.owner));
    let owners = store::covered(tx, scope, records).await?;
    let mut plan = Plan { by, scope, owners, known, taken: HashSet::new(), made: Vec::new(), changed: Vec::new() };
    let answers: Vec<_> = drafts.iter().map(|draft| plan.place(draft)).collect();
    let Plan { made, changed, .. } = plan;
    store::insert(tx, by, &made).await?;
    store::update(tx, &changed).await?;
    let moved: Vec<i64> = changed.iter().filter(|(was, is)| was.owner != is.owner).map(|(was, _)| was.id.0).collect();
    store::forget_states(tx, &moved).await?;
    tell(tx, by, &made, &changed).await?;
    Ok(answers)
}

/// Drafts being sorted: which are new, which change what.
struct Plan<'a> {
    by: &'a By<'a>,
    scope: &'a Scope,
    /// The owners within the asker's reach, with the company of each.
    owners: HashMap<Record, Option<i64>>,
    /// Devices that are there, seen or not.
    known: Vec<Device>,
    /// Serial numbers of this batch.
    taken: HashSet<String>,
    made: Vec<Device>,
    changed: Vec<(Device, Device)>,
}

impl Plan<'_> {
    fn place(&mut self, draft: &Draft) -> Result<Put, Refusal> {
        draft.check()?;
        let key = fold_key(&draft.serial);
        let firm_id = *self.owners.get(&draft.owner).ok_or(Refusal { field: "owner", key: "device-no-owner" })?;
        let holder = self.known.iter().find(|device| fold_key(&device.serial) == key);
        let was = match draft.id {
            Some(id) => self.known.iter().find(|device| device.id == id),
            None => holder,
        };
        let foreign = holder.is_some_and(|holder| was.is_none_or(|was| was.id != holder.id));
        let hidden = was.is_some_and(|was| !self.scope.covers(was.whose.0, was.whose.1) && !self.owners.contains_key(&was.owner));
        if foreign || hidden || !self.taken.insert(key) {
            return Err(Refusal { field: "serial", key: "device-taken" });
        }
        let id = was.map_or_else(|| DeviceId(self.by.ids.next()), |was| was.id);
        // Whole seconds, as many devices tell no others.
        let since = was.filter(|was| was.owner == draft.owner).map_or(self.by.now - self.by.now % SECOND_US, |was| was.owned_at);
        let device = Device {
            id,
            serial: draft.serial.trim().to_owned(),
            model: draft.model.trim().to_owned(),
            owner: draft.owner,
            firm_id,
            installed_at: draft.installed_at,
            owned_at: since,
            state: draft.state.clone(),
            ..Device::default()
        };
        match was {
            None if draft.id.is_some() => Err(Refusal { field: "serial", key: "device-gone" }),
            None => {
                self.made.push(device);
                Ok(Put::Created(id))
            }
            Some(was) => {
                if !was.same(&device) {
                    self.changed.push((was.clone(), device));
                }
                Ok(Put::Updated(id))
            }
        }
    }
}

fn shown(device: &Device) -> Json {
    json!({
        "serial": device.serial, "model": device.model, "owner": device.owner.to_string(), "installed_at": device.installed_at, "state": device.state,
    })
}

async fn tell(tx: &mut Tx, by: &By<'_>, made: &[Device], changed: &[(Device, Device)]) -> Result<(), DbError> {
    let mut events: Vec<Event> = made.iter().map(|device| about(by, "device.added", device)).collect();
    for (was, is) in changed {
        if was.owner == is.owner {
            events.push(about(by, "device.changed", is));
        } else {
            events.push(about(by, "device.removed", was));
            events.push(about(by, "device.added", is));
        }
    }
    let trail = made.iter().map(|device| (device.id.0, None, Some(shown(device)))).collect();
    audit::note_many(tx, by.ids, by.now, by.actor, ("device.added", "device"), trail).await?;
    let trail = changed.iter().map(|(was, is)| (is.id.0, Some(shown(was)), Some(shown(is)))).collect();
    audit::note_many(tx, by.ids, by.now, by.actor, ("device.changed", "device"), trail).await?;
    append(tx, &mut events).await
}

fn about(by: &By<'_>, name: &'static str, device: &Device) -> Event {
    let props = json!({ "device": device.id, "model": device.model, "staff": by.actor.name });
    device.owner.about(Event::new(name, by.now), device.firm_id).subject(device.serial.as_str()).props(&props)
}

/// The device if it is not deleted and its owner is alive and within `scope`.
pub async fn find(tx: &mut Tx, scope: &Scope, id: DeviceId) -> Result<Option<Device>, DbError> {
    store::find(tx, scope, id, false).await
}

/// Takes a device away, or brings it back; answers it, or nothing when it is not there or its serial number is another's by now.
pub async fn set_deleted(tx: &mut Tx, by: &By<'_>, scope: &Scope, id: DeviceId, gone: bool) -> Result<Option<Device>, DbError> {
    hold_head(tx).await?;
    let Some(device) = store::find(tx, scope, id, !gone).await? else { return Ok(None) };
    if !gone && store::is_taken(tx, &device.serial).await? {
        return Ok(None);
    }
    store::set_deleted(tx, id, gone.then_some(by.now)).await?;
    let name = if gone { "device.removed" } else { "device.added" };
    let (was, is) = if gone { (Some(shown(&device)), None) } else { (None, Some(shown(&device))) };
    audit::note(tx, by.ids, by.now, by.actor, name, "device", id.0, was, is).await?;
    append(tx, &mut [about(by, name, &device)]).await?;
    Ok(Some(device))
}
