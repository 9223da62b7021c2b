//! The preference page. Strangers come here by the signed link of a mail, and machines that only look.

use std::collections::HashMap;
use std::ops::ControlFlow;

use askama::Template;
use attune_house::{App, setting_text};
use attune_identify::contact;
use attune_identify::preference::Frequency;
use attune_identify::topic::Topic;
use attune_kernel::Locale;
use attune_web::kit::Choice;
use attune_web::{Answer, Form, FormErrors, Lang, Path, Problem, Query, Shell};
use axum::Router;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::HeaderMap;
use http::header::{CACHE_CONTROL, COOKIE};
use serde::Deserialize;

use super::form::{Choices, PAUSES, PreferenceForm, ZONES};
use super::{Standing, Words, find, keep};
use crate::message::Linker;
use crate::message::public::over;
use crate::message::token::Act;

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new().route("/m/p/{token}", get(show).post(save))
}

#[derive(Template)]
#[template(path = "preference/page.html")]
struct PreferencePage {
    shell: Shell,
    action: String,
    email: String,
    /// The address is stopped for a reason that is not the person's word.
    stopped: bool,
    saved: bool,
    topics: Vec<Topic>,
    paused_until: Option<i64>,
    form: PreferenceForm,
    errors: FormErrors,
}

impl PreferencePage {
    fn mails(&self) -> Vec<Choice> {
        ["yes", "no"].map(|word| Choice::new(word, self.shell.l.t(&format!("prefer-mail-{word}")))).into()
    }

    fn frequencies(&self) -> Vec<Choice> {
        Frequency::ALL.map(|known| Choice::new(known.word(), frequency(&self.shell.l, known))).into()
    }

    fn pauses(&self) -> Vec<Choice> {
        let l = &self.shell.l;
        let mut all = vec![Choice::new("none", l.t("prefer-pause-none"))];
        all.extend(self.paused_until.map(|until| Choice::new("keep", l.of("prefer-pause-until").s("date", l.date(until)))));
        all.extend(PAUSES.map(|days| Choice::new(days, l.of("prefer-pause-days").n("count", days))));
        all
    }

    fn hours(&self) -> Vec<Choice> {
        (0..24).map(|hour: i64| Choice::new(hour, format!("{hour:02}:00"))).collect()
    }

    fn zones(&self) -> Vec<Choice> {
        let own = Some(self.form.time_zone.as_str()).filter(|zone| !zone.is_empty() && !ZONES.contains(zone));
        own.into_iter().chain(ZONES).map(|zone| Choice::new(zone, zone.replace('_', " "))).collect()
    }

    fn languages(&self) -> Vec<Choice> {
        Locale::ALL.map(|locale| Choice::new(locale.tag(), locale.own_name())).into()
    }
}

fn frequency(l: &Lang, known: Frequency) -> String {
    l.t(&format!("prefer-frequency-{}", known.word())).to_string()
}

/// The language of the page: what the person chose here, else what the browser was told to show, else what is known of the person.
fn speak(app: &App, shell: &mut Shell, headers: &HeaderMap, standing: &Standing) {
    let chosen = standing.wish.language.clone();
    let told = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).any(|value| value.contains("attune_locale="));
    let known = standing.recipient.locale.clone().filter(|_| !told && shell.actor.is_none());
    if let Some(locale) = chosen.or(known).and_then(|tag| tag.parse::<Locale>().ok()) {
        shell.l = app.lang(locale);
    }
}

/// What was asked for: who is meant, what holds and the form that shows it.
struct Opened {
    shell: Shell,
    send_id: i64,
    standing: Standing,
    shown: PreferenceForm,
}

/// Opens the page of a link, or answers that it leads to nobody any more.
async fn open(
    app: &App,
    linker: &Linker,
    mut shell: Shell,
    headers: &HeaderMap,
    token: &str,
) -> Result<ControlFlow<Response, Opened>, Problem> {
    let (send_id, _) = linker.read(Act::Preferences, token).ok_or(Problem::NotFound)?;
    let mut tx = app.db.read().await?;
    let Some(standing) = find(&mut tx, send_id).await? else { return Ok(ControlFlow::Break(over(shell))) };
    let zone = setting_text(&mut tx, "interact.time_zone", "UTC").await?;
    speak(app, &mut shell, headers, &standing);
    let shown = PreferenceForm::of(&standing, shell.l.locale(), &zone, app.clock.now());
    Ok(ControlFlow::Continue(Opened { shell, send_id, standing, shown }))
}

impl Opened {
    fn page(self, token: &str, form: PreferenceForm, errors: FormErrors, saved: bool) -> PreferencePage {
        let now = self.shell.now;
        PreferencePage {
            action: format!("/m/p/{token}"),
            email: attune_kernel::mask(&self.standing.recipient.email),
            stopped: self.standing.recipient.stopped,
            saved,
            topics: self.standing.topics.into_iter().map(|(topic, _)| topic).collect(),
            paused_until: self.standing.wish.paused_until.filter(|until| *until > now),
            form,
            errors,
            shell: self.shell,
        }
    }

    /// The page again, with what is wrong.
    fn again(self, token: &str, form: PreferenceForm, errors: FormErrors) -> Response {
        let page = self.page(token, form, errors, false);
        page.shell.again(&page, &page)
    }

    /// The words beside what was chosen, as the person saw them.
    fn words(&self, chosen: &Choices) -> Words {
        let l = &self.shell.l;
        let topic = |topic: &Topic| (topic.id, format!("{}: {}", topic.name(l.locale()), topic.purpose(l.locale())));
        let topics: HashMap<_, _> = self.standing.topics.iter().map(|(known, _)| topic(known)).collect();
        let mut wish = vec![frequency(l, chosen.wish.frequency)];
        wish.extend(chosen.wish.paused_until.map(|until| l.of("prefer-pause-until").s("date", l.date(until)).to_string()));
        let clock = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
        wish.extend(chosen.wish.quiet.map(|(from, to)| format!("{} {}-{}", l.t("prefer-quiet"), clock(from), clock(to))));
        let mail = l.t(if chosen.mail { "prefer-mail-yes" } else { "prefer-mail-no" }).to_string();
        Words { mail, topics, wish: wish.join("; ") }
    }
}

/// Whether something was saved a moment ago.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Done {
    saved: String,
}

/// GET /m/p/{token}: shows what holds and changes nothing.
async fn show(
    State(app): State<App>,
    Extension(linker): Extension<Linker>,
    headers: HeaderMap,
    shell: Shell,
    Path(token): Path<String>,
    Query(done): Query<Done>,
) -> Answer {
    let opened = match open(&app, &linker, shell, &headers, &token).await? {
        ControlFlow::Continue(opened) => opened,
        ControlFlow::Break(over) => return Ok(over),
    };
    let form = opened.shown.clone();
    let page = opened.page(&token, form, FormErrors::new(), !done.saved.is_empty());
    Ok(([(CACHE_CONTROL, "no-store")], page.shell.page(&page)).into_response())
}

/// POST /m/p/{token}
async fn save(
    State(app): State<App>,
    Extension(linker): Extension<Linker>,
    headers: HeaderMap,
    shell: Shell,
    Path(token): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Answer {
    let opened = match open(&app, &linker, shell, &headers, &token).await? {
        ControlFlow::Continue(opened) => opened,
        ControlFlow::Break(over) => return Ok(over),
    };
    let form = PreferenceForm::from(pairs);
    match form.check(&opened.standing, &opened.shown, app.clock.now()) {
        Ok(chosen) => carry_out(&app, &opened, &chosen).await?,
        Err(errors) => return Ok(opened.again(&token, form, errors)),
    }
    Ok(Redirect::to(&format!("/m/p/{token}?saved=1")).into_response())
}

/// Keeps the choices against what holds in the writing transaction: somebody may have pressed twice.
async fn carry_out(app: &App, opened: &Opened, chosen: &Choices) -> Result<(), Problem> {
    let mut tx = app.db.begin().await?;
    contact::hold(&mut tx, &[opened.standing.recipient.id]).await?;
    let standing = find(&mut tx, opened.send_id).await?.ok_or(Problem::NotFound)?;
    if keep(&mut tx, &app.ids, app.clock.now(), opened.send_id, &standing, chosen, &opened.words(chosen)).await? {
        tx.commit().await?;
    }
    Ok(())
}
