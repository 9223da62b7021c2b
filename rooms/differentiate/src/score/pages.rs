//! The scoring page, where rules are read and changed, and the block that explains a contact's score.

use askama::Template;
use attune_db::Tx;
use attune_house::{App, write_setting};
use attune_identify::contact::{self, ContactId};
use attune_record::audit;
use attune_web::kit::Choice;
use attune_web::{Actor, Answer, Can, Flash, Form, FormErrors, Path, Problem, Query, Shell, Sight};
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::form::{BasisForm, FIT_OPS, FitForm, RuleForm};
use super::rules::{ScoreRule, Tier, shown};
use super::{Explanation, jobs};
use crate::segment::bind::{CONTACT_FIELDS, Vocabulary};
use crate::segment::words::Teller;
use crate::segment::{facet_fields, vocabulary};
use crate::{EditScores, ViewScores};

struct RuleLine {
    id: i64,
    words: String,
    points: i64,
    daily_cap: Option<i64>,
    first_bonus: i64,
    active: bool,
}

struct FitLine {
    id: i64,
    words: String,
    points: i64,
}

#[derive(Template)]
#[template(path = "score/scoring.html")]
struct ScoringPage {
    shell: Shell,
    errors: FormErrors,
    rules: Vec<RuleLine>,
    fits: Vec<FitLine>,
    form: RuleForm,
    fit: FitForm,
    basis: BasisForm,
    events: Vec<Choice>,
    subjects: Vec<Choice>,
    fields: Vec<Choice>,
    ops: Vec<Choice>,
    running: Option<(i64, i64, i64)>,
    may_edit: bool,
}

/// What is open on the page.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    rule: String,
}

/// What the page shows of its forms: as stored, or as typed with their mistakes.
#[derive(Default)]
struct Typed {
    form: Option<RuleForm>,
    fit: Option<FitForm>,
    basis: Option<BasisForm>,
    errors: FormErrors,
}

async fn page(app: &App, shell: Shell, typed: Typed) -> Result<ScoringPage, Problem> {
    let mut tx = app.db.read().await?;
    let words = vocabulary(&mut tx, &facet_fields(&app.house().facets)).await?.of_person_alone();
    let l = shell.l.clone();
    let teller = Teller { l: &l, texts: &app.texts, vocabulary: &words };
    let rules = super::list_rules(&mut tx).await?;
    let lines = rules.iter().map(|rule| RuleLine {
        id: rule.id,
        words: say(&teller, rule),
        points: rule.points,
        daily_cap: rule.daily_cap,
        first_bonus: rule.first_bonus,
        active: rule.active,
    });
    let fits = super::list_fit_rules(&mut tx).await?.into_iter().map(|rule| FitLine {
        id: rule.id,
        words: teller.rule(&crate::segment::Rule::Field(rule.condition)),
        points: rule.points,
    });
    Ok(ScoringPage {
        errors: typed.errors,
        rules: lines.collect(),
        fits: fits.collect(),
        form: typed.form.unwrap_or_else(RuleForm::start),
        fit: typed.fit.unwrap_or_default(),
        basis: typed.basis.unwrap_or(BasisForm::of(&jobs::wished(&mut tx).await?)),
        events: event_choices(app, &teller, &rules),
        subjects: ["contains", "starts", "equals"].map(|word| Choice::new(word, l.t(&format!("segment-subject-{word}")))).to_vec(),
        fields: field_choices(&teller, &words),
        ops: FIT_OPS.map(|op| Choice::new(op, op_label(&teller, op))).to_vec(),
        running: jobs::running(&mut tx).await?,
        may_edit: shell.may("differentiate.score.edit"),
        shell,
    })
}

fn event_choices(app: &App, teller: &Teller<'_>, rules: &[ScoreRule]) -> Vec<Choice> {
    let mut names: Vec<&str> = app.house().catalogue.list().filter(|def| def.behaviour).map(|def| def.name).collect();
    for rule in rules {
        if !names.contains(&rule.event.as_str()) {
            names.push(&rule.event);
        }
    }
    names.into_iter().map(|name| Choice::new(name, teller.event_name(name))).collect()
}

fn field_choices(teller: &Teller<'_>, words: &Vocabulary) -> Vec<Choice> {
    let own = CONTACT_FIELDS.iter().filter(|field| field.key != "grade").map(|field| field.key.to_owned());
    let custom = words.custom.iter().map(|custom| format!("custom.{}", custom.key));
    let facets = words.facets.iter().map(|facet| format!("facet.{}", facet.key));
    own.chain(custom).chain(facets).map(|key| Choice::new(&key, teller.field(&key))).collect()
}

fn op_label(teller: &Teller<'_>, op: &str) -> String {
    if crate::segment::rule::Cmp::of(op).is_some() {
        op.to_owned()
    } else {
        teller.l.t(&format!("segment-op-{}", op.replace('_', "-"))).to_string()
    }
}

/// What a rule counts, in words.
fn say(teller: &Teller<'_>, rule: &ScoreRule) -> String {
    let condition = crate::segment::rule::EventCondition {
        name: rule.event.clone(),
        subject: rule.subject.clone(),
        min_amount: rule.min_amount,
        count: crate::segment::rule::Count::AtLeast(1),
        window: crate::segment::rule::Window::Ever,
    };
    teller.what(&condition)
}

/// GET /scoring
pub async fn scoring(State(app): State<App>, _can: Can<ViewScores>, shell: Shell, Query(asked): Query<Asked>) -> Answer {
    let mut typed = Typed::default();
    if let Ok(id) = asked.rule.parse::<i64>() {
        let rules = super::list_rules(&mut app.db.read().await?).await?;
        typed.form = rules.iter().find(|rule| rule.id == id).map(RuleForm::of);
    }
    let page = page(&app, shell, typed).await?;
    Ok(page.shell.page(&page))
}

/// POST /scoring/rules
pub async fn save_rule(State(app): State<App>, can: Can<EditScores>, shell: Shell, Form(form): Form<RuleForm>) -> Answer {
    let id = form.id.parse().unwrap_or_else(|_| app.ids.next());
    let rule = match form.check(id) {
        Ok(rule) => rule,
        Err(errors) => return again(&app, shell, Typed { form: Some(form), errors, ..Typed::default() }).await,
    };
    let mut tx = app.db.begin().await?;
    super::save_rule(&mut tx, &rule, app.clock.now()).await?;
    let after = json!({ "event": rule.event, "points": rule.points, "daily_cap": rule.daily_cap, "first_bonus": rule.first_bonus, "active": rule.active });
    changed(&app, &mut tx, &can.actor, "score_rule.saved", id, Some(after)).await?;
    tx.commit().await?;
    Ok(shell.leave("/scoring", Flash::good("score-rule-saved")))
}

/// POST /scoring/rules/{id}/delete
pub async fn delete_rule(State(app): State<App>, can: Can<EditScores>, shell: Shell, Path(id): Path<i64>) -> Answer {
    let mut tx = app.db.begin().await?;
    if super::delete_rule(&mut tx, id).await? == 0 {
        return Err(Problem::NotFound);
    }
    changed(&app, &mut tx, &can.actor, "score_rule.deleted", id, None).await?;
    tx.commit().await?;
    Ok(shell.leave("/scoring", Flash::good("score-rule-deleted")))
}

/// POST /scoring/fit
pub async fn save_fit(State(app): State<App>, can: Can<EditScores>, shell: Shell, Form(form): Form<FitForm>) -> Answer {
    let id = form.id.parse().unwrap_or_else(|_| app.ids.next());
    let mut tx = app.db.begin().await?;
    let words = vocabulary(&mut tx, &facet_fields(&app.house().facets)).await?.of_person_alone();
    let checked = form.check(id).and_then(|rule| fits_field(rule, &words, &shell.sight()));
    let rule = match checked {
        Ok(rule) => rule,
        Err(errors) => {
            drop(tx);
            return again(&app, shell, Typed { fit: Some(form), errors, ..Typed::default() }).await;
        }
    };
    super::save_fit_rule(&mut tx, &rule, app.clock.now()).await?;
    changed(&app, &mut tx, &can.actor, "fit_rule.saved", id, Some(json!({ "condition": rule.condition, "points": rule.points }))).await?;
    tx.commit().await?;
    Ok(shell.leave("/scoring", Flash::good("score-rule-saved")))
}

/// Refuses a test that does not fit its field.
fn fits_field(rule: super::FitRule, words: &Vocabulary, sight: &Sight) -> Result<super::FitRule, FormErrors> {
    let condition = crate::segment::Rule::Field(rule.condition.clone());
    match crate::segment::check_sight(&condition, sight).and_then(|()| crate::segment::bind(&condition, words).map(|_| ())) {
        Ok(()) => Ok(rule),
        Err(wrong) => {
            let mut errors = FormErrors::new();
            errors.add("op", wrong.key).s("what", wrong.what).n("at", 0).s("found", "");
            Err(errors)
        }
    }
}

/// POST /scoring/fit/{id}/delete
pub async fn delete_fit(State(app): State<App>, can: Can<EditScores>, shell: Shell, Path(id): Path<i64>) -> Answer {
    let mut tx = app.db.begin().await?;
    if super::delete_fit_rule(&mut tx, id).await? == 0 {
        return Err(Problem::NotFound);
    }
    changed(&app, &mut tx, &can.actor, "fit_rule.deleted", id, None).await?;
    tx.commit().await?;
    Ok(shell.leave("/scoring", Flash::good("score-rule-deleted")))
}

/// POST /scoring/settings
pub async fn save_settings(State(app): State<App>, can: Can<EditScores>, shell: Shell, Form(form): Form<BasisForm>) -> Answer {
    let basis = match form.check() {
        Ok(basis) => basis,
        Err(errors) => return again(&app, shell, Typed { basis: Some(form), errors, ..Typed::default() }).await,
    };
    let mut tx = app.db.begin().await?;
    let staff = (can.actor.staff_id != 0).then_some(can.actor.staff_id);
    let numbers = [basis.half_life_days, basis.hot, basis.warm, basis.fit_good, basis.fit_fair];
    for (key, number) in crate::SETTING_KEYS.into_iter().zip(numbers) {
        write_setting(&mut tx, key, &number.to_string(), staff, app.clock.now()).await?;
    }
    let after = json!({ "half_life_days": basis.half_life_days, "hot": basis.hot, "warm": basis.warm });
    audit::note(&mut tx, &app.ids, app.clock.now(), &can.actor, "score.settings_changed", "score", 0, None, Some(after)).await?;
    jobs::apply(&mut tx, &app.bench(), staff).await?;
    tx.commit().await?;
    Ok(shell.leave("/scoring", Flash::good("score-settings-saved")))
}

async fn again(app: &App, shell: Shell, typed: Typed) -> Answer {
    let page = page(app, shell, typed).await?;
    Ok(page.shell.again(&page, &page))
}

/// Notes a change of rules and has every score computed anew.
async fn changed(app: &App, tx: &mut Tx, actor: &Actor, what: &'static str, id: i64, after: Option<Json>) -> Result<(), Problem> {
    audit::note(tx, &app.ids, app.clock.now(), actor, what, "score_rule", id, None, after).await?;
    jobs::recompute_all(tx, &app.bench(), Some(actor.staff_id)).await?;
    Ok(())
}

/// How many reasons the block shows.
const REASONS: usize = 6;

struct Reason {
    words: String,
    points: i64,
    count: i64,
    last_at: i64,
}

#[derive(Template)]
#[template(path = "score/panel.html")]
struct Panel {
    shell: Shell,
    shown: i64,
    fit: i64,
    grade: String,
    tier: Tier,
    reasons: Vec<Reason>,
}

/// GET /contacts/{id}/score: the block of the contact page.
pub async fn panel(State(app): State<App>, can: Can<ViewScores>, shell: Shell, Path(id): Path<ContactId>) -> Answer {
    let scope = can.actor.may("identify.contact.view").copied().ok_or(Problem::NotFound)?;
    let mut tx = app.db.read().await?;
    let contact = contact::find(&mut tx, &scope, id.0).await?.ok_or(Problem::NotFound)?;
    let basis = super::basis(&mut tx).await?;
    let reasons = super::explain(&mut tx, id.0, app.clock.now()).await?;
    let reasons = reasons.iter().take(REASONS).map(|why| reason_of(&app, &shell, why)).collect();
    let shown = shown(basis.decay(), contact.engagement_k, app.clock.now());
    let (fit, grade) = (contact.fit.unwrap_or(0), contact.grade.unwrap_or_default());
    let page = Panel { tier: basis.tier(shown), shown, fit, grade, reasons, shell };
    Ok(page.shell.fragment(&page))
}

/// A reason in the reader's words.
fn reason_of(app: &App, shell: &Shell, why: &Explanation) -> Reason {
    let teller = Teller { l: &shell.l, texts: &app.texts, vocabulary: &Vocabulary::default() };
    Reason { words: say(&teller, &why.rule), points: why.points.round() as i64, count: why.line.count, last_at: why.line.last_at }
}
