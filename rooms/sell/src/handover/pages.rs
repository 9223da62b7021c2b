//! The list of hand-overs, the packet of one, and the answer to it.

use askama::Template;
use attune_house::App;
use attune_identify::contact::{self, ContactId};
use attune_web::kit::{Choice, Tab, cut_page, with_query};
use attune_web::{Answer, Can, Flash, Form, FormErrors, Path, Problem, Query, Shell, local};
use axum::extract::State as Held;
use serde::Deserialize;

use super::packet::{self, Packet};
use super::{Handover, HandoverFilter, HandoverId, State, rules};
use crate::{DecideHandovers, ViewHandovers};

/// Rows of one page of the list.
const PAGE: usize = 50;

/// What the address of the list says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    view: String,
    mine: String,
    origin: String,
    after: String,
}

impl Asked {
    fn state(&self) -> State {
        match self.view.as_str() {
            "waiting" => State::Waiting,
            "accepted" => State::Accepted,
            "rejected" => State::Rejected,
            _ => State::Offered,
        }
    }

    fn filter(&self, staff_id: i64) -> HandoverFilter {
        HandoverFilter {
            state: Some(self.state()),
            rep_id: (!self.mine.is_empty()).then_some(staff_id),
            origin_id: self.origin.parse().ok(),
            after: self.after.split_once('.').and_then(|(at, id)| Some((at.parse().ok()?, id.parse::<HandoverId>().ok()?.0))),
        }
    }

    fn query(&self) -> String {
        let mut query = String::new();
        for (name, value) in [("view", &self.view), ("mine", &self.mine), ("origin", &self.origin)] {
            query = with_query(&query, name, value).trim_start_matches('?').to_owned();
        }
        query
    }
}

#[derive(Template)]
#[template(path = "handover/list.html")]
struct ListPage {
    shell: Shell,
    tabs: Vec<Tab>,
    rows: Vec<Handover>,
    mine: bool,
    mine_href: String,
    next: Option<String>,
}

/// GET /hand-overs
pub(crate) async fn list(Held(app): Held<App>, can: Can<ViewHandovers>, shell: Shell, Query(asked): Query<Asked>) -> Answer {
    let (state, filter) = (asked.state(), asked.filter(can.actor.staff_id));
    let mut tx = app.db.read().await?;
    let mut rows = super::list(&mut tx, &can.scope, &filter, i64::try_from(PAGE + 1).unwrap_or(51)).await?;
    let query = asked.query();
    let next = cut_page(&mut rows, PAGE).map(|last| format!("/hand-overs{}", with_query(&query, "after", place_of(last))));
    let tab = |s: State| Tab::new(format!("/hand-overs{}", with_query(&query, "view", s.word())), shell.l.t(s.label_key()), s == state);
    let tabs = [State::Offered, State::Waiting, State::Accepted, State::Rejected].into_iter().map(tab).collect();
    let mine = !asked.mine.is_empty();
    let mine_href = format!("/hand-overs{}", with_query(&query, "mine", if mine { "" } else { "1" }));
    let page = ListPage { shell, tabs, rows, mine, mine_href, next };
    Ok(page.shell.page(&page))
}

/// Where a list goes on: order value and id.
fn place_of(last: &Handover) -> String {
    let at = match last.state {
        State::Offered => last.due_at.unwrap_or(0),
        State::Waiting => last.place,
        State::Accepted | State::Rejected => last.decided_at.unwrap_or(0),
    };
    format!("{at}.{}", HandoverId(last.id))
}

/// Why a contact is passed back, as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RejectForm {
    reason: String,
    note: String,
    next: String,
}

impl RejectForm {
    fn check(&self) -> Result<(&str, String), FormErrors> {
        let mut errors = FormErrors::new();
        if !rules::is_reason(&self.reason) {
            errors.add("reason", "handover-reason-needed");
        }
        let note = errors.optional("note", &self.note, 500).unwrap_or_default();
        if self.reason == "other" && note.is_empty() {
            errors.add("note", "handover-note-needed");
        }
        errors.or((self.reason.as_str(), note))
    }
}

#[derive(Template)]
#[template(path = "handover/show.html", blocks = ["answer"])]
struct ShowPage {
    shell: Shell,
    handover: Handover,
    packet: Packet,
    form: RejectForm,
    errors: FormErrors,
    reasons: Vec<Choice>,
    may_answer: bool,
}

impl ShowPage {
    fn id(&self) -> HandoverId {
        HandoverId(self.handover.id)
    }

    fn contact(&self) -> ContactId {
        ContactId(self.handover.contact_id)
    }

    fn opening(&self) -> String {
        let (key, about) = packet::opening(&self.packet.traces);
        self.shell.l.of(key).s("about", about).to_string()
    }

    fn reason_label(&self) -> String {
        self.handover.reason.as_deref().map_or_else(String::new, |word| self.shell.l.t(reason_key(word)).to_string())
    }
}

/// The locale key that names a reason for passing back.
pub(crate) fn reason_key(word: &str) -> &'static str {
    match word {
        "too_small" => "handover-reason-too-small",
        "wrong_person" => "handover-reason-wrong-person",
        "not_reached" => "handover-reason-not-reached",
        "no_need" => "handover-reason-no-need",
        "competitor" => "handover-reason-competitor",
        "duplicate" => "handover-reason-duplicate",
        _ => "handover-reason-other",
    }
}

/// GET /hand-overs/{id}
pub(crate) async fn show(Held(app): Held<App>, can: Can<ViewHandovers>, shell: Shell, Path(id): Path<HandoverId>) -> Answer {
    let page = show_page(&app, &can, shell, id, RejectForm::default(), FormErrors::new()).await?;
    Ok(page.shell.page(&page))
}

async fn show_page<P: attune_web::Permission>(
    app: &App,
    can: &Can<P>,
    shell: Shell,
    id: HandoverId,
    form: RejectForm,
    errors: FormErrors,
) -> Result<ShowPage, Problem> {
    let mut tx = app.db.read().await?;
    let mut handover = super::get_in(&mut tx, id.0, &can.scope).await?.ok_or(Problem::NotFound)?;
    let sight = shell.sight();
    let place = match handover.state {
        // Who passed somebody back sees of them what anybody else may.
        State::Rejected => contact::list_by_ids(&mut tx, [handover.contact_id]).await?.pop().map_or((None, None), |person| person.place()),
        _ => (handover.rep_id, handover.team_id),
    };
    let packet = packet::gather(&mut tx, handover.contact_id, handover.engagement_k, shell.now).await?.masked(&sight, place);
    handover.note = sight.text(place, handover.note);
    let reasons = rules::REASONS.iter().map(|word| Choice::new(word, shell.l.t(reason_key(word)))).collect();
    let decides = Can::<DecideHandovers>::of(&can.actor).is_some_and(|may| may.scope.covers(handover.rep_id, handover.team_id));
    let may_answer = decides && handover.state == State::Offered;
    Ok(ShowPage { shell, handover, packet, form, errors, reasons, may_answer })
}

/// Where an answer leads back to.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Next {
    next: String,
}

/// POST /hand-overs/{id}/accept
pub(crate) async fn accept(
    Held(app): Held<App>,
    can: Can<DecideHandovers>,
    shell: Shell,
    Path(id): Path<HandoverId>,
    Query(to): Query<Next>,
) -> Answer {
    let mut tx = app.db.begin().await?;
    let handover = super::get_in(&mut tx, id.0, &can.scope).await?.ok_or(Problem::NotFound)?;
    super::accept(&mut tx, &app.ids, app.clock.now(), &can.actor, &handover).await?;
    tx.commit().await?;
    let next = if to.next.is_empty() { format!("/contacts/{}", ContactId(handover.contact_id)) } else { local(&to.next).to_owned() };
    Ok(shell.leave(&next, Flash::good("handover-accepted-said").s("name", &handover.contact_name)))
}

/// POST /hand-overs/{id}/reject
pub(crate) async fn reject(
    Held(app): Held<App>,
    can: Can<DecideHandovers>,
    shell: Shell,
    Path(id): Path<HandoverId>,
    Form(form): Form<RejectForm>,
) -> Answer {
    let (reason, note) = match form.check() {
        Ok(checked) => checked,
        Err(errors) => {
            let page = show_page(&app, &can, shell, id, form, errors).await?;
            return Ok(page.shell.again(&page, &page.as_answer()));
        }
    };
    let handover = pass_back(&app, &can, id, reason, &note).await?;
    let next = if form.next.is_empty() { "/hand-overs" } else { local(&form.next) };
    Ok(shell.leave(next, Flash::good("handover-rejected-said").s("name", &handover.contact_name)))
}

/// Passes a contact back, in a transaction of its own; answers the hand-over as it was.
async fn pass_back(app: &App, can: &Can<DecideHandovers>, id: HandoverId, reason: &str, note: &str) -> Result<Handover, Problem> {
    let mut tx = app.db.begin().await?;
    let handover = super::get_in(&mut tx, id.0, &can.scope).await?.ok_or(Problem::NotFound)?;
    super::reject(&mut tx, &app.ids, app.clock.now(), &can.actor, &handover, reason, note).await?;
    tx.commit().await?;
    Ok(handover)
}

/// The time left for an answer in words, or how late it is: `(words, tone)`.
pub(crate) fn time_left(shell: &Shell, handover: &Handover) -> (String, &'static str) {
    let Some(due_at) = handover.due_at else { return (String::new(), "") };
    let span = |us: i64| shell.l.duration_ms(us.max(60_000_000) / 60_000_000 * 60_000);
    match due_at - shell.now {
        left if left < 0 => (shell.l.of("handover-late-by").s("span", span(-left)).to_string(), "bad"),
        left if left < attune_kernel::HOUR_US => (shell.l.of("handover-time-left").s("span", span(left)).to_string(), "bad"),
        left => (shell.l.of("handover-time-left").s("span", span(left)).to_string(), "warn"),
    }
}

/// The locale key that names where a hand-over comes from.
pub(crate) fn origin_key(origin: &str) -> &'static str {
    if origin == "push_funnel" { "handover-origin-push-funnel" } else { "handover-origin-manual" }
}

/// The tone of a grade's badge.
pub(crate) fn grade_tone(grade: &str) -> &'static str {
    match grade {
        "A" => "good",
        "B" => "blue",
        _ => "",
    }
}

/// Points with their sign.
pub(crate) fn signed(shell: &Shell, points: &i64) -> String {
    if *points > 0 { format!("+{}", shell.l.count(*points)) } else { shell.l.count(*points).to_string() }
}
