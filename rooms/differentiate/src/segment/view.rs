//! What the builder shows: the rule as nested lines, as text and in words, its counts, and who comes and goes.

use askama::Template;
use attune_house::App;
use attune_kernel::DAY_US;
use attune_web::{FormErrors, Problem, Shell};

use super::form::{RowErrors, RuleForm};
use super::inputs::{Input, Inputs};
use super::preview::{Difference, Person, Preview, difference, preview};
use super::rule::Rule;
use super::words::Teller;
use super::{Segment, SegmentId, SegmentKind, Vocabulary, facet_fields, names, parse, print, vocabulary};
use crate::score;

/// The state of the builder, as it travels in the address.
pub struct Shape {
    /// The segment's name as typed.
    pub name: String,
    /// The rule as typed.
    pub text: String,
    /// The button that was pressed.
    pub act: String,
    /// The lines.
    pub form: RuleForm,
}

/// Everything the builder's template draws.
pub struct Builder {
    /// Where the form posts.
    pub action: String,
    /// The segment; nothing for a new one.
    pub id: Option<SegmentId>,
    /// The heading.
    pub title: String,
    /// The name as typed.
    pub name: String,
    /// Whether it is static, and so has no rule to change.
    pub is_static: bool,
    /// Whether members are still being found.
    pub filling: bool,
    /// The nested lines, ready.
    pub lines: String,
    /// The rule as text, as typed while it is wrong.
    pub text: String,
    /// The rule in words.
    pub words: String,
    /// Counts and sample.
    pub preview: Preview,
    /// What publishing would change; nothing when nothing would.
    pub difference: Option<Difference>,
    /// Members over 30 days; nothing for a new one.
    pub plot: Option<Plot>,
    /// Members kept now.
    pub member_count: i64,
    /// How many entered and left today.
    pub today: (i64, i64),
    /// Whether the user may change it.
    pub may_edit: bool,
}

impl Builder {
    /// Puts the page together; a mistake in the text is answered as form errors.
    pub async fn load(app: &App, shell: &Shell, segment: Option<&Segment>, mut shape: Shape) -> Result<(Self, FormErrors), Problem> {
        let mut tx = app.db.read().await?;
        let now = app.clock.now();
        let mut vocabulary = vocabulary(&mut tx, &facet_fields(&app.house().facets)).await?;
        let (scope, sight) = (shell.actor.as_ref().and_then(super::pages::seen), shell.sight());
        let (mut errors, mut typed) = (FormErrors::new(), None);
        if shape.act == "text" {
            match parse(&shape.text) {
                // Before lines are made of it, which part names at commas.
                Ok(rule) => shape.form = RuleForm::of(&names::resolve(&mut tx, rule, &vocabulary, scope.as_ref()).await?),
                Err(wrong) => {
                    errors.add("text", wrong.key).n("at", i64::try_from(wrong.at).unwrap_or(0)).s("found", wrong.found).s("what", "");
                    typed = Some(shape.text.clone());
                }
            }
        }
        names::resolve_form(&mut tx, &mut shape.form, &vocabulary, scope.as_ref()).await?;
        let (rule, row_errors) = shape.form.rule();
        let rule = rule.normal();
        names::learn(&mut tx, &mut vocabulary, &rule, (scope.as_ref(), &sight)).await?;
        names::write_names(&mut shape.form, &vocabulary);
        let basis = score::basis(&mut tx).await?;
        let guess = super::check_reader(&rule, &vocabulary, &sight, scope.as_ref()).err();
        if let Some(wrong) = &guess {
            errors.add("rule", wrong.key);
        }
        let preview = preview(&mut tx, &rule, &shape.form, &vocabulary, (scope.as_ref(), &sight), basis.decay(), now).await?;
        let teller = Teller { l: &shell.l, texts: &app.texts, vocabulary: &vocabulary };
        let lines = Lines {
            shell,
            form: &shape.form,
            errors: &row_errors,
            preview: &preview,
            inputs: Inputs { teller, catalogue: &app.house().catalogue },
        };
        let mut builder = Self {
            action: segment.map_or_else(|| "/segments".to_owned(), |segment| format!("/segments/{}", SegmentId(segment.id))),
            id: segment.map(|segment| SegmentId(segment.id)),
            title: segment.map_or_else(|| shell.l.t("segment-new").to_string(), |segment| segment.name.clone()),
            name: shape.name,
            is_static: segment.is_some_and(|segment| segment.kind == SegmentKind::Static),
            filling: segment.is_some_and(|segment| segment.filled_at.is_none()),
            lines: lines.group(0),
            text: typed.unwrap_or_else(|| print(&rule, &|id| vocabulary.segment_name(id))),
            words: teller.rule(&rule),
            preview,
            difference: None,
            plot: None,
            member_count: segment.map_or(0, |segment| segment.member_count),
            today: (0, 0),
            may_edit: shell.may("differentiate.segment.edit"),
        };
        if let Some(segment) = segment {
            builder.add_history(&mut tx, segment, now).await?;
            if !builder.is_static && guess.is_none() {
                builder.add_difference(&mut tx, (segment, &rule), &vocabulary, (basis.decay(), now), scope.as_ref()).await?;
            }
        }
        Ok((builder, errors))
    }

    async fn add_history(&mut self, tx: &mut attune_db::Tx, segment: &Segment, now: i64) -> Result<(), Problem> {
        let days = super::days(tx, segment.id, now - 31 * DAY_US).await?;
        let today = now.div_euclid(DAY_US) * DAY_US;
        self.today = days.iter().find(|day| day.1 == today).map_or((0, 0), |day| (day.2, day.3));
        self.plot = Some(Plot::new(&super::trend(segment.member_count, &days, now, 30), &days, now));
        Ok(())
    }

    async fn add_difference(
        &mut self,
        tx: &mut attune_db::Tx,
        (segment, rule): (&Segment, &Rule),
        vocabulary: &Vocabulary,
        (decay, now): (attune_kernel::Decay, i64),
        scope: Option<&attune_web::Scope>,
    ) -> Result<(), Problem> {
        let Ok(bound) = super::bind(rule, vocabulary) else { return Ok(()) };
        let found = super::compile::compile(&bound, decay, now);
        let changes = difference(tx, segment.id, &found, scope).await?;
        self.difference = Some(changes).filter(|changes| changes.added + changes.dropped > 0 && !self.filling);
        Ok(())
    }

    /// The sample, for the template.
    pub fn sample(&self) -> &[Person] {
        &self.preview.sample
    }
}

/// The shapes of the two charts beside the builder, 292 wide.
pub struct Plot {
    /// The line of members.
    pub line: String,
    /// The same, closed to an area.
    pub area: String,
    /// First and last day of the line (µs) and their members.
    pub ends: [(i64, i64); 2],
    /// Bars of 14 days: x, y and height of those who entered, height of those who left.
    pub bars: Vec<Bar>,
    /// Sums of the bars.
    pub sums: (i64, i64),
}

/// One day of comings and goings.
pub struct Bar {
    /// Left edge.
    pub x: String,
    /// Top of the upper bar.
    pub y: String,
    /// Height of the upper bar.
    pub up: String,
    /// Height of the lower bar.
    pub down: String,
}

impl Plot {
    fn new(trend: &[(i64, i64)], days: &[(i64, i64, i64, i64)], now: i64) -> Self {
        let line = Self::path(trend, 288.0, 3.0, 54.0);
        let first_day = now.div_euclid(DAY_US) * DAY_US - 13 * DAY_US;
        let of_day = |day: i64| days.iter().find(|known| known.1 == day).map_or((0, 0), |known| (known.2, known.3));
        let moves: Vec<(i64, i64)> = (0..14).map(|n| of_day(first_day + n * DAY_US)).collect();
        let most = moves.iter().map(|(up, down)| *up.max(down)).max().unwrap_or(0).max(1) as f64;
        let bar = |(index, (up, down)): (usize, &(i64, i64))| {
            let (up, down) = (*up as f64 / most * 38.0, *down as f64 / most * 20.0);
            Bar { x: format!("{}", index * 21), y: format!("{:.1}", 40.0 - up), up: format!("{up:.1}"), down: format!("{down:.1}") }
        };
        let ends = [trend.first().copied().unwrap_or((now, 0)), trend.last().copied().unwrap_or((now, 0))];
        Self {
            area: format!("{line}V58H0Z"),
            line,
            ends,
            bars: moves.iter().enumerate().map(bar).collect(),
            sums: moves.iter().fold((0, 0), |sum, day| (sum.0 + day.0, sum.1 + day.1)),
        }
    }

    /// The line of a small chart without axes.
    pub fn spark(trend: &[(i64, i64)], width: f64, height: f64) -> String {
        Self::path(trend, width, 2.0, height - 2.0)
    }

    fn path(trend: &[(i64, i64)], width: f64, top: f64, bottom: f64) -> String {
        let (least, most) = trend.iter().fold((i64::MAX, i64::MIN), |(a, b), (_, n)| (a.min(*n), b.max(*n)));
        let (range, steps) = ((most - least).max(1) as f64, trend.len().saturating_sub(1).max(1) as f64);
        let mut path = String::new();
        for (index, (_, members)) in trend.iter().enumerate() {
            let x = index as f64 / steps * width;
            let y = bottom - (members - least) as f64 / range * (bottom - top);
            path.push_str(&format!("{}{x:.1} {y:.1}", if index == 0 { "M" } else { "L" }));
        }
        path
    }
}

/// Draws the nested lines.
struct Lines<'a> {
    shell: &'a Shell,
    form: &'a RuleForm,
    errors: &'a RowErrors,
    preview: &'a Preview,
    inputs: Inputs<'a>,
}

#[derive(Template)]
#[template(path = "segment/group.html")]
struct GroupPart<'a> {
    shell: &'a Shell,
    index: usize,
    depth: usize,
    join: &'a str,
    joins: Vec<attune_web::kit::Choice>,
    hit: Option<i64>,
    lines: Vec<String>,
    deepest: bool,
}

#[derive(Template)]
#[template(path = "segment/condition.html")]
struct ConditionPart<'a> {
    shell: &'a Shell,
    index: usize,
    depth: usize,
    icon: &'static str,
    inputs: Vec<Input>,
    hit: Option<i64>,
    error: String,
}

impl Lines<'_> {
    fn group(&self, index: usize) -> String {
        let Some(row) = self.form.rows.get(index) else { return String::new() };
        let inner =
            (index + 1..self.form.end(index)).filter(|inner| self.form.rows.get(*inner).is_some_and(|inner| inner.depth == row.depth + 1));
        let lines =
            inner.map(
                |inner| if self.form.rows.get(inner).is_some_and(|row| row.is_group()) { self.group(inner) } else { self.condition(inner) },
            );
        let joins = ["all", "any", "none"].map(|join| attune_web::kit::Choice::new(join, self.shell.l.t(&format!("segment-join-{join}"))));
        let part = GroupPart {
            shell: self.shell,
            index,
            depth: row.depth,
            join: &row.join,
            joins: joins.to_vec(),
            hit: self.hit(index),
            lines: lines.collect(),
            deepest: row.depth + 1 >= super::rule::MAX_DEPTH,
        };
        part.render().unwrap_or_default()
    }

    fn condition(&self, index: usize) -> String {
        let Some(row) = self.form.rows.get(index) else { return String::new() };
        let error = self.errors.iter().find(|(at, _)| *at == index).map_or_else(String::new, |(_, key)| self.shell.l.t(key).to_string());
        let part = ConditionPart {
            shell: self.shell,
            index,
            depth: row.depth,
            icon: icon_of(row.get("w")),
            inputs: self.inputs.of(index, row),
            hit: self.hit(index),
            error,
        };
        part.render().unwrap_or_default()
    }

    fn hit(&self, index: usize) -> Option<i64> {
        self.preview.hits.get(index).copied().flatten()
    }
}

fn icon_of(what: &str) -> &'static str {
    match what {
        "score" | "fit" => "gauge",
        "segment" => "filter",
        what if what.starts_with("event:mail.") => "mail-open",
        what if what.starts_with("event:") => "mouse-pointer-click",
        _ => "users",
    }
}
