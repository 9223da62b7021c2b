//! A push funnel as a TOML file, for the command line and for repeatable runs. The format is told in docs/reference/push-funnel-file.md.

use attune_db::{DbError, Tx};
use attune_kernel::{DAY_US, HOUR_US, Ids, MINUTE_US, SECOND_US};
use serde::{Deserialize, Serialize};

use super::{FunnelDraft, MAX_ROUNDS, PushFunnel, Rep, Respond, Round, RoundDraft, store};
use crate::audience::Audience;
use crate::rules;
use crate::template::{self, TemplateDraft, TemplateId};

/// Everything wrong with a file, one sentence a mistake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the push funnel file is unusable: {}", .0.join("; "))]
pub struct FileError(pub Vec<String>);

/// A funnel as read from a file, before its templates and reps are looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunnelFile {
    /// Its name.
    pub name: String,
    /// The rule that names the first round's recipients; empty for everybody.
    pub audience: String,
    /// `Name <address>`; empty for the setting.
    pub from: String,
    /// The rounds.
    pub rounds: Vec<FileRound>,
    /// Who takes the survivors, by e-mail address or name; empty for all active agents.
    pub reps: Vec<FileRep>,
    /// How many survivors a rep takes unless said otherwise.
    pub cap: i64,
    /// Quiet hours do not hold.
    pub any_hour: bool,
    /// What a simulated run knows.
    pub simulation: Option<Simulation>,
}

/// A round of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRound {
    /// Its name.
    pub name: String,
    /// What is offered.
    pub offer: String,
    /// The name or id of a template; empty when `mjml` is given.
    pub template: String,
    /// The subject, when the mail is written in the file.
    pub subject: String,
    /// The body (MJML), when the mail is written in the file.
    pub mjml: String,
    /// What moves people on.
    pub respond: Respond,
    /// How long people have, µs.
    pub wait_us: i64,
}

/// A rep of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRep {
    /// E-mail address or name.
    pub who: String,
    /// How many survivors at most.
    pub cap: i64,
}

/// What a simulated run knows: for each round the custom field whose true value means that this person responds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Simulation {
    /// One key of a custom field per round.
    pub respond: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    name: String,
    #[serde(default)]
    audience: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    any_hour: Option<bool>,
    #[serde(default)]
    rounds: Vec<RawRound>,
    #[serde(default)]
    handover: RawHandover,
    simulate: Option<Simulation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRound {
    #[serde(default)]
    name: String,
    #[serde(default)]
    offer: String,
    #[serde(default)]
    template: String,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    mjml: String,
    #[serde(default = "clicked")]
    respond: String,
    #[serde(default = "two_days")]
    wait: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHandover {
    #[serde(default)]
    reps: Vec<RawRep>,
    cap: Option<i64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawRep {
    Name(String),
    Capped { who: String, cap: i64 },
}

fn clicked() -> String {
    "clicked".to_owned()
}

fn two_days() -> String {
    "2d".to_owned()
}

/// Reads a file; answers every mistake at once.
pub fn from_toml(text: &str) -> Result<FunnelFile, FileError> {
    let raw: RawFile = toml::from_str(text).map_err(|error| FileError(vec![error.to_string().trim().replace('\n', " ")]))?;
    let mut wrong = Vec::new();
    if raw.name.trim().is_empty() {
        wrong.push("name is empty".to_owned());
    }
    if raw.rounds.is_empty() || raw.rounds.len() > MAX_ROUNDS {
        wrong.push(format!("1 to {MAX_ROUNDS} [[rounds]] are needed, there are {}", raw.rounds.len()));
    }
    let rounds = raw.rounds.into_iter().zip(1..).map(|(round, number)| read_round(round, number, &mut wrong)).collect::<Vec<_>>();
    if let Some(simulation) = raw.simulate.as_ref().filter(|s| s.respond.len() != rounds.len()) {
        wrong.push(format!("simulate.respond names {} fields for {} rounds", simulation.respond.len(), rounds.len()));
    }
    let cap = raw.handover.cap.unwrap_or(40);
    let reps = raw.handover.reps.into_iter().map(|rep| read_rep(rep, cap, &mut wrong)).collect();
    let any_hour = raw.any_hour.unwrap_or(raw.simulate.is_some());
    let file = FunnelFile { name: raw.name, audience: raw.audience, from: raw.from, rounds, reps, cap, any_hour, simulation: raw.simulate };
    if wrong.is_empty() { Ok(file) } else { Err(FileError(wrong)) }
}

fn read_round(raw: RawRound, number: usize, wrong: &mut Vec<String>) -> FileRound {
    let written = !raw.mjml.trim().is_empty();
    if written != raw.template.trim().is_empty() {
        wrong.push(format!("round {number} needs either template or mjml"));
    }
    if written && raw.subject.trim().is_empty() {
        wrong.push(format!("round {number} has mjml and no subject"));
    }
    let wait_us = read_span(&raw.wait).unwrap_or_else(|| {
        wrong.push(format!("round {number}: wait {:?} is not a time such as 30m, 12h or 2d", raw.wait));
        0
    });
    let name = if raw.name.trim().is_empty() { format!("Round {number}") } else { raw.name };
    FileRound {
        name,
        offer: raw.offer,
        template: raw.template,
        subject: raw.subject,
        mjml: raw.mjml,
        respond: Respond::parse(&raw.respond),
        wait_us,
    }
}

fn read_rep(raw: RawRep, cap: i64, wrong: &mut Vec<String>) -> FileRep {
    let (who, cap) = match raw {
        RawRep::Name(who) => (who, cap),
        RawRep::Capped { who, cap } => (who, cap),
    };
    if !(0..=10_000).contains(&cap) {
        wrong.push(format!("{who} cannot take {cap}: 0 to 10,000 are allowed"));
    }
    FileRep { who, cap }
}

/// Reads `45s`, `30m`, `12h`, `2d` or `1w` as µs.
pub(crate) fn read_span(text: &str) -> Option<i64> {
    let text = text.trim();
    let unit = text.chars().last()?;
    let number: i64 = text.strip_suffix(unit)?.trim().parse().ok()?;
    let unit_us = match unit {
        's' => SECOND_US,
        'm' => MINUTE_US,
        'h' => HOUR_US,
        'd' => DAY_US,
        'w' => 7 * DAY_US,
        _ => return None,
    };
    (0..=10_000).contains(&number).then(|| number * unit_us)
}

/// Turns a file into a draft: makes the templates it writes out, finds those it names, and finds its reps.
pub async fn draft(tx: &mut Tx, ids: &Ids, now: i64, file: &FunnelFile) -> Result<FunnelDraft, FileError> {
    let mut wrong = Vec::new();
    let mut rounds = Vec::with_capacity(file.rounds.len());
    for round in &file.rounds {
        match template_of(tx, ids, now, file, round).await {
            Ok(template_id) => rounds.push(RoundDraft {
                name: round.name.clone(),
                offer: round.offer.clone(),
                template_id,
                respond: round.respond.clone(),
                wait_us: round.wait_us,
            }),
            Err(error) => wrong.push(format!("{}: {error}", round.name)),
        }
    }
    let (from_name, from_address) = sender(tx, &file.from).await.unwrap_or_else(|error| {
        wrong.push(error);
        (String::new(), String::new())
    });
    let reps = reps(tx, file).await.unwrap_or_else(|error| {
        wrong.push(error);
        Vec::new()
    });
    if !wrong.is_empty() {
        return Err(FileError(wrong));
    }
    let (audience, simulation) = (file.people(), file.simulation_text());
    let (name, any_hour) = (file.name.clone(), file.any_hour);
    Ok(FunnelDraft { name, audience, from_name, from_address, topic_id: None, any_hour, rounds, reps, simulation })
}

/// The push funnel that was begun from this very file and has not ended; the newest, should there be several.
pub async fn find_under_way(tx: &mut Tx, file: &FunnelFile) -> Result<Option<PushFunnel>, DbError> {
    for funnel in store::list_under_way(tx, &file.name).await? {
        if file.drew(&funnel, &store::rounds(tx, funnel.id).await?) {
            return Ok(Some(funnel));
        }
    }
    Ok(None)
}

impl FunnelFile {
    fn people(&self) -> Audience {
        Audience::of_rule(self.audience.trim())
    }

    fn simulation_text(&self) -> Option<String> {
        self.simulation.as_ref().and_then(|simulation| serde_json::to_string(simulation).ok())
    }

    /// Whether this is what the file describes.
    fn drew(&self, funnel: &PushFunnel, rounds: &[Round]) -> bool {
        let alike = |(file, round): (&FileRound, &Round)| {
            file.name == round.name && file.offer == round.offer && file.respond == round.respond && file.wait_us == round.wait_us
        };
        let same = funnel.audience == self.people() && funnel.any_hour == self.any_hour && funnel.simulation == self.simulation_text();
        same && self.rounds.len() == rounds.len() && self.rounds.iter().zip(rounds).all(alike)
    }
}

async fn template_of(tx: &mut Tx, ids: &Ids, now: i64, file: &FunnelFile, round: &FileRound) -> Result<TemplateId, String> {
    if round.mjml.trim().is_empty() {
        let wanted = round.template.trim();
        let all = template::store::list(tx, 1_000).await.map_err(|e| e.to_string())?;
        let found = all.iter().find(|t| t.name == wanted || t.id.to_string() == wanted);
        return found.map(|t| t.id).ok_or_else(|| format!("there is no template {wanted:?}"));
    }
    let draft = TemplateDraft {
        name: format!("{} · {}", file.name, round.name),
        language: if is_chinese(&round.subject) { "zh-CN" } else { "en" }.to_owned(),
        subject: round.subject.clone(),
        preheader: round.offer.clone(),
        mjml: round.mjml.clone(),
    };
    template::create(tx, ids, now, &draft, None).await.map_err(|e| e.to_string())
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{3400}'..='\u{9fff}').contains(&c))
}

async fn sender(tx: &mut Tx, from: &str) -> Result<(String, String), String> {
    let (name, address) = rules::default_sender(tx).await.map_err(|e| e.to_string())?;
    let from = from.trim();
    if from.is_empty() {
        return Ok((name, address));
    }
    let (name, address) = match from.split_once('<') {
        Some((shown, rest)) => (shown.trim().to_owned(), rest.trim_end_matches('>').trim().to_owned()),
        None => (name, from.to_owned()),
    };
    if rules::is_address(&address) { Ok((name, address)) } else { Err(format!("from {from:?} holds no e-mail address")) }
}

async fn reps(tx: &mut Tx, file: &FunnelFile) -> Result<Vec<Rep>, String> {
    let rows = tx
        .rows(attune_db::sql!("SELECT id, name, email, role FROM v_govern_staff WHERE active = TRUE ORDER BY id"), attune_db::params![])
        .await
        .map_err(|e| e.to_string())?;
    let mut staff: Vec<(i64, String, String, String)> = Vec::new();
    for row in &rows {
        let text = |name: &str| row.get::<String>(name).unwrap_or_default();
        staff.push((row.get("id").map_err(|e| e.to_string())?, text("name"), text("email"), text("role")));
    }
    if file.reps.is_empty() {
        return Ok(staff.iter().filter(|(.., role)| role == "agent").map(|(id, ..)| Rep { staff_id: *id, cap: file.cap }).collect());
    }
    let find = |rep: &FileRep| {
        let found = staff.iter().find(|(_, name, email, _)| *name == rep.who || email.eq_ignore_ascii_case(&rep.who));
        found.map(|(id, ..)| Rep { staff_id: *id, cap: rep.cap }).ok_or_else(|| format!("there is no active member of staff {:?}", rep.who))
    };
    file.reps.iter().map(find).collect()
}
