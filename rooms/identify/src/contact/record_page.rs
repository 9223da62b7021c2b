//! `/contacts/{id}`: everything known about one person on one page.

use askama::Template;
use attune_house::{App, Panel, Place};
use attune_kernel::Address;
use attune_web::kit::Tab;
use attune_web::{Answer, Can, Path, Problem, Query, Shell, see_other};
use axum::extract::State;
use serde::Deserialize;

use super::timeline::{self, Filter, Timeline, TimelinePart, Whose};
use super::{Contact, ContactId, edit, reveal, told};
use crate::ViewContacts;
use crate::address::{self, Map};
use crate::company::CompanyId;
use crate::field;
use crate::promise;
use crate::relationship::Record;
use crate::staff;
use crate::tag;

/// Which part of the page is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RecordQuery {
    tab: String,
    show: String,
    before: String,
}

/// One line of "About".
struct Prop {
    label: String,
    value: String,
    /// The address of its form; empty when it cannot be edited.
    edit: String,
    /// Where the value leads; may be empty.
    href: String,
    /// Where a masked address is shown on request; may be empty.
    reveal: String,
}

/// A block of another room.
pub(crate) struct Slot {
    key: &'static str,
    pub(crate) title: String,
    pub(crate) href: String,
}

#[derive(Template)]
#[template(path = "contact/record.html")]
struct RecordPage {
    shell: Shell,
    contact: Contact,
    name: String,
    about: Vec<Prop>,
    origin: Vec<Prop>,
    customs: Vec<Prop>,
    tabs: Vec<Tab>,
    filters: Vec<Tab>,
    asides: Vec<Slot>,
    /// What happened last and what is owed, ready to be shown, and what other rooms know of what comes next.
    head: String,
    nexts: Vec<Slot>,
    /// The tags, ready to be shown.
    tags: String,
    tab: Option<Slot>,
    /// The map around the address, where it has coordinates.
    map: Option<Map>,
    timeline: String,
    newest: i64,
    show: String,
}

pub(super) async fn page(
    State(app): State<App>,
    can: Can<ViewContacts>,
    shell: Shell,
    Path(id): Path<ContactId>,
    Query(query): Query<RecordQuery>,
) -> Answer {
    let mut tx = app.db.read().await?;
    let Some(mut contact) = super::find(&mut tx, &can.scope, id.0).await? else {
        let survivor = super::survivor_of(&mut tx, id.0).await?.ok_or(Problem::NotFound)?;
        super::find(&mut tx, &can.scope, survivor).await?.ok_or(Problem::NotFound)?;
        return Ok(see_other(&format!("/contacts/{}", ContactId(survivor))));
    };
    let fields = field::list(&mut tx).await?;
    field::reference::show(&mut tx, (&can.scope, &shell.sight()), &fields, [(id.0, &mut contact.fields)]).await?;
    let whose = Whose::Contact(&contact);
    let timeline = timeline::read(&mut tx, &shell.l, &whose, &shell.sight(), (Filter::of(&query.show), &query.before)).await?;
    let owner = match contact.owner_id {
        Some(owner) => staff::find(&mut tx, owner).await?.map(|m| m.name),
        None => None,
    };
    let last = timeline::last(&mut tx, &shell.l, &whose, &shell.sight()).await?;
    let head = promise::head(&mut tx, &can.scope, &shell, Record::Contact(id.0), last.as_ref()).await?;
    let tags = tag::pages::head(&mut tx, &shell, id.into()).await?;
    let map = address::of_record(&mut tx, &shell, &contact.postal, &super::pages::name_for(&shell, &contact)).await?;
    let slots = |place: Place| slots(&app, &shell, place, id.0);
    let (asides, panels, nexts) = (slots(Place::Aside), slots(Place::Tab), slots(Place::Head));
    let page = RecordPage {
        name: super::pages::name_for(&shell, &contact),
        about: about(&shell, &contact, owner.as_deref()),
        origin: origin(&shell, &contact),
        customs: customs(&shell, &contact, &fields),
        tabs: tabs(&shell, id, &panels, &query.tab),
        filters: timeline::filters(&shell, (&format!("/contacts/{id}"), ""), &query.show),
        tab: panels.into_iter().find(|p| p.key == query.tab),
        timeline: timeline_html(&shell, id, &timeline, &query)?,
        newest: timeline.newest,
        show: query.show,
        asides,
        head,
        nexts,
        tags,
        map,
        contact,
        shell,
    };
    Ok(Map::admit(page.map.as_ref(), page.shell.page(&page)))
}

fn timeline_html(shell: &Shell, id: ContactId, timeline: &Timeline, query: &RecordQuery) -> Result<String, Problem> {
    let part = TimelinePart::new(shell, (&format!("/contacts/{id}"), ""), timeline, (&query.show, &query.before));
    part.render().map_err(|e| Problem::Fault(attune_kernel::Fault::from(e).context("the timeline could not be rendered")))
}

pub(crate) fn slots(app: &App, shell: &Shell, place: Place, id: i64) -> Vec<Slot> {
    let shown = |p: &&Panel| p.place == place && (p.permission.is_empty() || shell.may(p.permission));
    let slot = |p: &Panel| Slot { key: p.key, title: shell.l.t(p.title_key).to_string(), href: (p.href)(id) };
    app.house().panels.iter().filter(shown).map(slot).collect()
}

fn tabs(shell: &Shell, id: ContactId, panels: &[Slot], current: &str) -> Vec<Tab> {
    let known = panels.iter().any(|p| p.key == current);
    let mut tabs = vec![Tab::new(format!("/contacts/{id}"), shell.l.t("identify-timeline"), !known)];
    tabs.extend(panels.iter().map(|p| Tab::new(format!("/contacts/{id}?tab={}", p.key), &p.title, p.key == current)));
    tabs
}

fn about(shell: &Shell, c: &Contact, owner: Option<&str>) -> Vec<Prop> {
    let id = c.shown_id();
    let may_edit = shell.may("identify.contact.edit");
    let prop = |key: &str, value: String, href: String| Prop {
        label: told::attribute_name(&shell.l, key),
        value,
        edit: if may_edit { edit::address(id, key) } else { String::new() },
        href,
        reveal: String::new(),
    };
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let sight = shell.sight();
    let open = sight.covers(c.owner_id, c.team_id);
    let hidden = |key: &str, known: bool| if known && !open && reveal::may(shell, c) { reveal::href(id, key) } else { String::new() };
    let link = |address: Option<String>, begin: &str| match address {
        Some(address) if open => format!("{begin}{}", address.replace(' ', "")),
        _ => String::new(),
    };
    let company =
        c.company_id.filter(|_| c.company_name.is_some()).map_or_else(String::new, |company| format!("/companies/{}", CompanyId(company)));
    let locale = c
        .locale
        .as_deref()
        .and_then(|l| l.parse::<attune_kernel::Locale>().ok())
        .map_or_else(|| text(&c.locale), |l| l.own_name().to_owned());
    vec![
        prop("name", c.name.clone(), String::new()),
        Prop {
            reveal: hidden("email", c.email.is_some()),
            ..prop("email", text(&c.email_for(&sight)), link(c.email_for(&sight), "mailto:"))
        },
        Prop { reveal: hidden("phone", c.phone.is_some()), ..prop("phone", text(&c.phone_for(&sight)), link(c.phone_for(&sight), "tel:")) },
        prop("company", text(&c.company_name), company),
        prop("title", text(&c.title), String::new()),
        prop("street", text(&c.postal.street), String::new()),
        prop("postal_code", text(&c.postal.postal_code), String::new()),
        prop("city", text(&c.city), String::new()),
        prop("region", text(&c.postal.region), String::new()),
        prop("country", text(&c.country), String::new()),
        prop("coordinates", c.postal.coordinates.map_or_else(String::new, |at| at.to_string()), String::new()),
        prop("locale", locale, String::new()),
        prop("owner_id", owner.unwrap_or_default().to_owned(), String::new()),
        prop("stage", shell.l.t(c.stage.label_key()).to_string(), String::new()),
    ]
}

fn origin(shell: &Shell, c: &Contact) -> Vec<Prop> {
    let plain = |key: &str, value: String| Prop {
        label: shell.l.t(key).to_string(),
        value,
        edit: String::new(),
        href: String::new(),
        reveal: String::new(),
    };
    let source = Prop {
        label: shell.l.t("identify-source").to_string(),
        value: c.source.clone().unwrap_or_default(),
        edit: if shell.may("identify.contact.edit") { edit::address(c.shown_id(), "source") } else { String::new() },
        href: String::new(),
        reveal: String::new(),
    };
    let mut props = vec![source, plain("identify-since", shell.l.date(c.created_at).to_string())];
    if let Some(at) = c.last_seen_at {
        props.push(plain("identify-last-touch", shell.l.when(at, shell.now).to_string()));
    }
    if let Some(id) = c.shown("external_id", &shell.sight()).as_str() {
        props.push(plain("identify-external-id", id.to_owned()));
    }
    if let Some(import) = c.import_id {
        let href =
            if shell.may("identify.contact.import") { format!("/imports/{}", crate::import::ImportId(import)) } else { String::new() };
        props.push(Prop { href, ..plain("identify-from-import", shell.l.t("identify-import").to_string()) });
    }
    props
}

/// Custom fields that hold something; with the right to edit also the first empty ones, so that they can be filled.
fn customs(shell: &Shell, c: &Contact, fields: &[field::Field]) -> Vec<Prop> {
    let (may_edit, sight) = (shell.may("identify.contact.edit"), shell.sight());
    let (filled, empty): (Vec<_>, Vec<_>) = fields.iter().partition(|f| c.fields.contains_key(&f.key));
    let spare = if may_edit { 40_usize.saturating_sub(filled.len()) } else { 0 };
    let prop = |f: &field::Field| {
        let shown = c.shown(&format!("f:{}", f.key), &sight);
        Prop {
            label: f.label.clone(),
            value: f.shown(&shell.l, &shown),
            edit: if may_edit { edit::address(c.shown_id(), &format!("f:{}", f.key)) } else { String::new() },
            href: field::reference::href(f, &shown),
            reveal: String::new(),
        }
    };
    filled.into_iter().chain(empty.into_iter().take(spare)).map(prop).collect()
}

impl RecordPage {
    /// The person's own copy holds the addresses, and is for nobody who may not see them.
    fn may_take_copy(&self) -> bool {
        self.is_over("identify.contact.export_person") && self.is_over("identify.address.view")
    }

    /// Whether a right of the reader reaches this contact by itself: what is only shared with them is not in their charge.
    fn is_over(&self, right: &str) -> bool {
        let scope = self.shell.actor.as_ref().and_then(|actor| actor.may(right));
        scope.is_some_and(|scope| scope.covers(self.contact.owner_id, self.contact.team_id))
    }

    fn has_menu(&self) -> bool {
        self.may_take_copy()
            || ["identify.contact.erase", "identify.contact.delete", "identify.retention"].iter().any(|right| self.is_over(right))
    }

    fn id(&self) -> ContactId {
        self.contact.shown_id()
    }

    /// The address for a link: nothing when there is none, or it is masked.
    fn open(&self, address: Option<&Address>) -> Option<String> {
        let (owner, team) = self.contact.place();
        address.filter(|_| self.shell.sight().covers(owner, team)).and_then(|address| self.shell.sight().show((owner, team), Some(address)))
    }

    fn company_href(&self) -> String {
        self.contact.company_id.map_or_else(String::new, |id| format!("/companies/{}", CompanyId(id)))
    }
}
