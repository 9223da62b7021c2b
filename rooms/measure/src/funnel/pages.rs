//! The funnel page.

use askama::Template;
use attune_house::App;
use attune_interact::push_funnel::{self, PushFunnelId, figures::FunnelFigures};
use attune_web::kit::{Choice, Tab, with_query};
use attune_web::{Answer, Can, FormErrors, Query, Shell, see_other};
use axum::extract::State;

use super::period::Asked;
use super::plot::{self, Plot};
use super::{Figures, Period, Row, SourceRow, Stage, figures, loss_key};
use crate::ViewReports;

/// How many push funnels the page shows.
const PUSH_FUNNELS: i64 = 3;

#[derive(Template)]
#[template(path = "funnel/page.html")]
struct FunnelPage {
    shell: Shell,
    asked: Asked,
    period: Period,
    figures: Figures,
    plot: Plot,
    tabs: Vec<Tab>,
    sources: Vec<Choice>,
    push: Vec<FunnelFigures>,
    errors: FormErrors,
}

/// GET /reports
pub(crate) async fn index(_: Can<ViewReports>) -> Answer {
    Ok(see_other("/reports/funnel"))
}

/// GET /reports/funnel
pub(crate) async fn page(State(app): State<App>, can: Can<ViewReports>, shell: Shell, Query(asked): Query<Asked>) -> Answer {
    let period = Period::of(&asked, shell.now);
    let source = source_of(&asked);
    let mut tx = app.db.read().await?;
    let figures = figures(&mut tx, period, source.as_deref()).await?;
    let push = push_funnels(&mut tx, &can).await?;
    drop(tx);
    let plot = plot::draw(&figures.days);
    let tabs = Period::CHOICES.iter().map(|choice| tab(&shell, &asked, choice)).collect();
    let named = figures.sources.iter().filter_map(|row| row.source.as_deref()).filter(|source| !source.is_empty());
    let sources = named.map(|source| Choice::new(source, source)).collect();
    let page = FunnelPage { shell, asked, period, figures, plot, tabs, sources, push, errors: FormErrors::new() };
    Ok(page.shell.page(&page))
}

/// The source an address asks for; `-` stands for the unknown one.
pub(crate) fn source_of(asked: &Asked) -> Option<String> {
    match asked.source.as_str() {
        "" => None,
        "-" => Some(String::new()),
        source => Some(source.to_owned()),
    }
}

fn tab(shell: &Shell, asked: &Asked, choice: &str) -> Tab {
    let current = asked.from.is_empty() && (asked.period == choice || (asked.period.is_empty() && choice == "90"));
    let key = match choice {
        "30" => "funnel-period-30",
        "90" => "funnel-period-90",
        "365" => "funnel-period-365",
        _ => "funnel-period-all",
    };
    let query = with_query("", "period", choice);
    let query = with_query(query.trim_start_matches('?'), "source", &asked.source);
    Tab::new(format!("/reports/funnel{query}"), shell.l.t(key), current)
}

/// The newest push funnels that have begun, with their steps, if the reader may see them.
async fn push_funnels(tx: &mut attune_db::Tx, can: &Can<ViewReports>) -> Result<Vec<FunnelFigures>, attune_web::Problem> {
    let Some(scope) = can.actor.may("interact.mail.view") else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for funnel in push_funnel::store::list(tx, scope, i64::MAX, 3 * PUSH_FUNNELS).await? {
        if funnel.started_at.is_some() && all.len() < usize::try_from(PUSH_FUNNELS).unwrap_or(3) {
            all.push(push_funnel::figures::read(tx, funnel.id).await?);
        }
    }
    Ok(all)
}

impl FunnelPage {
    /// The people behind a stage.
    fn people(&self, row: &Row) -> String {
        self.people_of(row.stage, "")
    }

    /// The people who stopped before a stage.
    fn left(&self, row: &Row) -> String {
        self.people_of(row.stage.before().unwrap_or(row.stage), "1")
    }

    fn people_of(&self, stage: Stage, left: &str) -> String {
        let query = with_query(&self.asked.query(), "stage", stage.word());
        format!("/reports/funnel/people{}", with_query(query.trim_start_matches('?'), "left", left))
    }

    fn named(&self, stage: &str) -> String {
        format!("/reports/funnel/people{}", with_query(&self.asked.query(), "stage", stage))
    }

    /// The people of a source at a stage.
    fn of_source(&self, row: &SourceRow, stage: Stage) -> String {
        let source = row.source.as_deref().map_or("", |source| if source.is_empty() { "-" } else { source });
        let query = with_query(&self.asked.query(), "source", source);
        format!("/reports/funnel/people{}", with_query(query.trim_start_matches('?'), "stage", stage.word()))
    }

    /// How wide a stage is against the first, per cent.
    fn width(&self, row: &Row) -> String {
        let all = self.figures.row(Stage::Known).map_or(0, |first| first.people);
        if row.people == 0 { "0".to_owned() } else { format!("{:.1}", super::figures::share(row.people, all).unwrap_or(0.0) * 100.0) }
    }

    fn percent(&self, rate: &f64) -> String {
        self.shell.l.percent(*rate).to_string()
    }

    /// The change of a rate against the period before, in points, with the class that colours it.
    fn change(&self, row: &Row) -> Option<(String, &'static str)> {
        let points = (row.rate? - row.rate_before?) * 100.0;
        let number = self.shell.l.decimal(points.abs(), 1).to_string();
        let (sign, class) = if number == "0" {
            ("±", "sub")
        } else if points > 0.0 {
            ("+", "up")
        } else {
            ("−", "down")
        };
        Some((self.shell.l.of("funnel-points").s("points", format!("{sign}{number}")).to_string(), class))
    }

    /// The change of a count against the period before.
    fn growth(&self, row: &Row) -> Option<(String, &'static str)> {
        let before = row.people_before.filter(|before| *before > 0)?;
        let change = row.people as f64 / before as f64 - 1.0;
        let number = self.shell.l.percent(change.abs()).to_string();
        let (sign, class) = if change == 0.0 {
            ("±", "sub")
        } else if change > 0.0 {
            ("+", "up")
        } else {
            ("−", "down")
        };
        Some((format!("{sign}{number}"), class))
    }

    fn span(&self, us: &i64) -> String {
        if *us < 1_000_000 { self.shell.l.t("funnel-at-once").to_string() } else { self.shell.l.duration_ms(us / 1000).to_string() }
    }

    /// Why people stopped, as far as somebody said.
    fn why(&self, row: &Row) -> String {
        if row.left == 0 {
            return String::new();
        }
        let told: i64 = row.losses.iter().map(|(_, people)| people).sum();
        let mut parts: Vec<String> = Vec::new();
        for (reason, people) in row.losses.iter().take(3) {
            let share = self.shell.l.percent(*people as f64 / row.left as f64);
            parts.push(self.shell.l.of("funnel-why").s("reason", self.shell.l.t(loss_key(reason))).s("share", share).to_string());
        }
        if row.left > told {
            parts.push(
                self.shell
                    .l
                    .of("funnel-why-open")
                    .n("count", row.left - told)
                    .s("stage", self.shell.l.t(row.stage.label_key()))
                    .to_string(),
            );
        }
        self.shell.l.list(&parts).to_string()
    }

    /// The sentence beneath the funnel: what to do about the biggest leak.
    fn advice(&self) -> String {
        let l = &self.shell.l;
        match self.figures.leak() {
            Some(row) => {
                let from = row.stage.before().map_or_else(String::new, |stage| l.t(stage.label_key()).to_string());
                let rate = l.percent(row.rate.unwrap_or(0.0));
                l.of("funnel-advice").s("from", from).s("to", l.t(row.stage.label_key())).s("rate", rate).n("left", row.left).to_string()
            }
            None => l.t("funnel-advice-none").to_string(),
        }
    }

    fn is_leak(&self, row: &Row) -> bool {
        self.figures.leak().is_some_and(|leak| leak.stage == row.stage)
    }

    fn leak_label(&self) -> Option<String> {
        let leak = self.figures.leak()?;
        let from = self.shell.l.t(leak.stage.before()?.label_key());
        Some(self.shell.l.of("funnel-leak").s("from", from).s("to", self.shell.l.t(leak.stage.label_key())).to_string())
    }

    fn won_rate(&self) -> String {
        let (all, won) = (self.count(Stage::Known), self.count(Stage::Customer));
        super::figures::share(won, all).map_or_else(|| "–".to_owned(), |rate| self.shell.l.percent(rate).to_string())
    }

    fn count(&self, stage: Stage) -> i64 {
        self.figures.row(stage).map_or(0, |row| row.people)
    }

    fn subtitle(&self) -> String {
        let l = &self.shell.l;
        if self.period.previous().is_none() {
            return l.t("funnel-about-all").to_string();
        }
        let (from, to) = (day_text(&self.shell, self.period.from_day), day_text(&self.shell, self.period.to_day - 1));
        l.of("funnel-about").s("from", from).s("to", to).to_string()
    }

    fn source_label(&self, row: &SourceRow) -> String {
        match row.source.as_deref() {
            None => self.shell.l.t("funnel-source-rest").to_string(),
            Some("") => self.shell.l.t("funnel-source-unknown").to_string(),
            Some(source) => source.to_owned(),
        }
    }

    fn plot_says(&self) -> String {
        let best = self.plot.buckets.iter().max_by_key(|bucket| bucket.known);
        let (known, engaged) = (self.count(Stage::Known), self.count(Stage::Engaged));
        let day = best.map_or_else(String::new, |bucket| day_text(&self.shell, bucket.day));
        let most = best.map_or(0, |bucket| bucket.known);
        self.shell.l.of("funnel-plot-says").n("known", known).n("engaged", engaged).s("day", day).n("most", most).to_string()
    }

    fn day(&self, day: &i64) -> String {
        day_text(&self.shell, *day)
    }

    fn first_day(&self) -> String {
        self.plot.buckets.first().map_or_else(String::new, |bucket| day_text(&self.shell, bucket.day))
    }

    fn last_day(&self) -> String {
        self.plot.buckets.last().map_or_else(String::new, |bucket| day_text(&self.shell, bucket.day))
    }

    /// A round's share of the round before, per cent; the first has none.
    fn round_rate(&self, funnel: &FunnelFigures, index: &usize) -> String {
        let Some(round) = funnel.rounds.get(*index) else { return String::new() };
        let rate = super::figures::share(round.figures.responded, round.figures.delivered);
        rate.map_or_else(|| "–".to_owned(), |rate| self.shell.l.percent(rate).to_string())
    }

    fn handed(&self, funnel: &FunnelFigures) -> i64 {
        funnel.funnel.handed_over
    }

    fn without_source(&self) -> String {
        format!("/reports/funnel{}", with_query(&self.asked.query(), "source", ""))
    }

    fn push_href(&self, id: &PushFunnelId) -> String {
        format!("/push-funnels/{id}")
    }
}

/// A UTC day as the reader writes dates.
pub(crate) fn day_text(shell: &Shell, day: i64) -> String {
    let noon = day * super::DAY_US + super::DAY_US / 2;
    shell.l.date(noon).to_string()
}
