//! The drawing board's form: rounds are repeated fields, and buttons add, remove and move them without any script.

use std::collections::BTreeMap;

use attune_db::Tx;
use attune_house::App;
use attune_kernel::{DAY_US, HOUR_US, MINUTE_US};
use attune_web::{Actor, FormErrors, Problem};

use super::file::read_span;
use super::{FunnelDraft, MAX_ROUNDS, PushFunnel, Rep, Respond, Round, RoundDraft};
use crate::audience::{self, Audience};
use crate::template::TemplateId;
use crate::{choices, rules};

/// How many survivors a rep gets at most unless somebody says otherwise.
const USUAL_CAP: &str = "40";

/// The fields as typed. Those of a round carry its number: `round_name-1`.
#[derive(Clone, Debug, Default)]
pub(super) struct FunnelForm {
    pub(super) name: String,
    pub(super) segment: String,
    pub(super) rule: String,
    pub(super) from_name: String,
    pub(super) from_address: String,
    pub(super) topic: String,
    pub(super) any_hour: String,
    pub(super) rounds: Vec<RoundForm>,
    /// Who takes survivors.
    pub(super) rep: Vec<String>,
    /// How many each may get at most, by the member of staff: `cap-7`.
    pub(super) caps: BTreeMap<String, String>,
    pub(super) act: String,
}

impl From<Vec<(String, String)>> for FunnelForm {
    fn from(pairs: Vec<(String, String)>) -> Self {
        let text = |name: &str| pairs.iter().rfind(|(key, _)| key == name).map_or_else(String::new, |(_, value)| value.clone());
        let has = |number: usize| pairs.iter().any(|(key, _)| *key == format!("round_name-{number}"));
        let round = |number: usize| RoundForm {
            number,
            name: text(&format!("round_name-{number}")),
            offer: text(&format!("round_offer-{number}")),
            template: text(&format!("round_template-{number}")),
            respond: text(&format!("round_respond-{number}")),
            event: text(&format!("round_event-{number}")),
            wait: text(&format!("round_wait-{number}")),
        };
        Self {
            name: text("name"),
            segment: text("segment"),
            rule: text("rule"),
            from_name: text("from_name"),
            from_address: text("from_address"),
            topic: text("topic"),
            any_hour: text("any_hour"),
            rounds: (1..=MAX_ROUNDS).take_while(|number| has(*number)).map(round).collect(),
            rep: pairs.iter().filter(|(key, _)| key == "rep").map(|(_, value)| value.clone()).collect(),
            caps: pairs.iter().filter_map(|(key, value)| Some((key.strip_prefix("cap-")?.to_owned(), value.clone()))).collect(),
            act: text("act"),
        }
    }
}

/// One round as typed.
#[derive(Clone, Debug, Default)]
pub(super) struct RoundForm {
    pub(super) number: usize,
    pub(super) name: String,
    pub(super) offer: String,
    pub(super) template: String,
    pub(super) respond: String,
    pub(super) event: String,
    pub(super) wait: String,
}

impl FunnelForm {
    /// The form of a funnel as it is drawn.
    pub(super) fn of(funnel: &PushFunnel, rounds: &[Round], reps: &[Rep]) -> Self {
        let mut form = Self {
            name: funnel.name.clone(),
            segment: funnel.audience.segment_id.map_or_else(String::new, choices::segment_value),
            rule: funnel.audience.rule.clone(),
            from_name: funnel.from_name.clone(),
            from_address: funnel.from_address.clone(),
            topic: funnel.topic_id.map_or_else(String::new, |topic| topic.to_string()),
            any_hour: if funnel.any_hour { "1".to_owned() } else { String::new() },
            rep: reps.iter().map(|rep| rep.staff_id.to_string()).collect(),
            caps: reps.iter().map(|rep| (rep.staff_id.to_string(), rep.cap.to_string())).collect(),
            ..Self::default()
        };
        for round in rounds {
            form.push(RoundForm {
                number: 0,
                name: round.name.clone(),
                offer: round.offer.clone(),
                template: round.template_id.to_string(),
                respond: round.respond.word().to_owned(),
                event: round.respond.event().to_owned(),
                wait: span_text(round.wait_us),
            });
        }
        form
    }

    /// A fresh form: two rounds, both asking for a click.
    pub(super) fn fresh((from_name, from_address): (String, String), reps: &[i64]) -> Self {
        let mut form = Self { from_name, from_address, rep: reps.iter().map(i64::to_string).collect(), ..Self::default() };
        for wait in ["3d", "2d"] {
            form.push(RoundForm { respond: "clicked".to_owned(), wait: wait.to_owned(), ..RoundForm::default() });
        }
        form
    }

    fn push(&mut self, round: RoundForm) {
        self.rounds.push(RoundForm { number: self.rounds.len() + 1, ..round });
    }

    /// Carries out `add`, `remove-2`, `up-2`, `down-2`; answers whether the drawing was changed instead of saved.
    pub(super) fn redraw(&mut self) -> bool {
        let (verb, number) = self.act.split_once('-').unwrap_or((self.act.as_str(), "0"));
        let at = number.parse::<usize>().unwrap_or(0).saturating_sub(1);
        let mut rounds = std::mem::take(&mut self.rounds);
        let known = matches!(verb, "add" | "remove" | "up" | "down");
        match verb {
            "add" if rounds.len() < MAX_ROUNDS => {
                rounds.push(RoundForm { respond: "clicked".to_owned(), wait: "2d".to_owned(), ..RoundForm::default() });
            }
            "remove" if at < rounds.len() && rounds.len() > 1 => {
                rounds.remove(at);
            }
            "up" if at > 0 && at < rounds.len() => rounds.swap(at, at - 1),
            "down" if at + 1 < rounds.len() => rounds.swap(at, at + 1),
            _ => {}
        }
        rounds.into_iter().for_each(|round| self.push(round));
        known
    }

    /// Whether this member of staff takes survivors.
    pub(super) fn takes(&self, staff_id: &i64) -> bool {
        self.rep.contains(&staff_id.to_string())
    }

    /// How many this member of staff may get, as typed.
    pub(super) fn cap_of(&self, staff_id: impl ToString) -> &str {
        self.caps.get(&staff_id.to_string()).map_or(USUAL_CAP, String::as_str)
    }

    fn check_reps(&self, errors: &mut FormErrors) -> Vec<Rep> {
        let staff = self.rep.iter().filter_map(|id| id.parse::<i64>().ok());
        staff.map(|staff_id| Rep { staff_id, cap: errors.number(format!("cap-{staff_id}"), self.cap_of(staff_id), 0, 10_000) }).collect()
    }

    /// The checked drawing, or what is wrong with it.
    pub(super) async fn check(&self, tx: &mut Tx, app: &App, actor: &Actor) -> Result<Result<FunnelDraft, FormErrors>, Problem> {
        let mut errors = FormErrors::new();
        let name = errors.required("name", &self.name, 120);
        let (from_name, from_address) = rules::check_sender(&mut errors, &self.from_name, &self.from_address);
        let audience = Audience::of_form(&self.rule, &self.segment);
        let audience = audience::check(tx, (app, actor), audience, &mut errors).await;
        let rounds = self.rounds.iter().map(|round| check_round(round, &mut errors)).collect();
        let reps = self.check_reps(&mut errors);
        let any_hour = !self.any_hour.is_empty();
        let topic_id = choices::check_topic(tx, &mut errors, &self.topic).await?;
        Ok(errors.or(FunnelDraft { name, audience, from_name, from_address, topic_id, any_hour, rounds, reps, simulation: None }))
    }
}

fn check_round(round: &RoundForm, errors: &mut FormErrors) -> RoundDraft {
    let field = |name: &str| format!("{name}-{}", round.number);
    let template_id = round.template.parse().unwrap_or(TemplateId(0));
    if template_id.0 == 0 {
        errors.add(field("round_template"), "web-required");
    }
    let respond = if round.respond == "event" { Respond::Event(round.event.trim().to_owned()) } else { Respond::parse(&round.respond) };
    if matches!(&respond, Respond::Event(name) if name.is_empty()) {
        errors.add(field("round_event"), "web-required");
    }
    let wait_us = read_span(&round.wait).unwrap_or_else(|| {
        errors.add(field("round_wait"), "push-funnel-error-wait");
        0
    });
    let name = if round.name.trim().is_empty() { format!("{}", round.number) } else { round.name.trim().chars().take(120).collect() };
    RoundDraft { name, offer: round.offer.trim().chars().take(300).collect(), template_id, respond, wait_us }
}

/// A wait as the form writes it: `2d`, `12h`, `30m`.
pub(super) fn span_text(us: i64) -> String {
    match us {
        us if us > 0 && us % DAY_US == 0 => format!("{}d", us / DAY_US),
        us if us > 0 && us % HOUR_US == 0 => format!("{}h", us / HOUR_US),
        us => format!("{}m", us / MINUTE_US),
    }
}
