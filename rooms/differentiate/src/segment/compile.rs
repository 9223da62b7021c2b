//! A rule as one SQL statement over the contacts, in the subset both engines read.

use attune_db::{Sql, Value};
use attune_kernel::{DAY_US, Decay};

use super::bind::{self, Bound, Source};
use super::company::OfCompany;
use super::rule::{Cmp, Count, EventCondition, ScoreName, Subject, Test, Window};

/// Compiles `rule` to `SELECT c.id FROM v_identify_contact c WHERE …` as it stands at `now` (µs).
pub fn compile(rule: &Bound, decay: Decay, now: i64) -> Sql {
    let mut sql = Sql::new("SELECT c.id FROM v_identify_contact c WHERE ");
    sql.append(&predicate(rule, decay, now));
    sql
}

/// Compiles `rule` to a condition on the alias `c` of `v_identify_contact`. It is never NULL.
pub fn predicate(rule: &Bound, decay: Decay, now: i64) -> Sql {
    let mut sql = Sql::new("");
    Compiler { decay, now }.push(&mut sql, rule);
    sql
}

struct Compiler {
    decay: Decay,
    now: i64,
}

impl Compiler {
    fn push(&self, sql: &mut Sql, rule: &Bound) {
        match rule {
            Bound::All(members) => self.join(sql, members, " AND ", "TRUE"),
            Bound::Any(members) => self.join(sql, members, " OR ", "FALSE"),
            Bound::None(members) => {
                sql.push("NOT ");
                self.join(sql, members, " OR ", "FALSE");
            }
            Bound::Field(source, test) => self.field(sql, *source, test),
            Bound::Score(ScoreName::Engagement, cmp, points) => self.engagement(sql, *cmp, *points),
            Bound::Score(ScoreName::Fit, cmp, points) => {
                sql.push("COALESCE(c.fit, 0) ").push(operator(*cmp)).push(" ").bind(*points);
            }
            Bound::Event(event) => self.event(sql, event),
            Bound::Segment(id) => {
                sql.push("c.id IN (SELECT m.contact_id FROM segment_members m WHERE m.segment_id = ").bind(*id).push(")");
            }
        }
    }

    fn join(&self, sql: &mut Sql, members: &[Bound], with: &str, none: &str) {
        sql.push("(");
        if members.is_empty() {
            sql.push(none);
        }
        for (index, member) in members.iter().enumerate() {
            if index > 0 {
                sql.push(with);
            }
            self.push(sql, member);
        }
        sql.push(")");
    }

    fn engagement(&self, sql: &mut Sql, cmp: Cmp, points: i64) {
        match cmp {
            Cmp::Ge => self.has_points(sql, points, true),
            Cmp::Gt => self.has_points(sql, points.saturating_add(1), true),
            Cmp::Lt => self.has_points(sql, points, false),
            Cmp::Le => self.has_points(sql, points.saturating_add(1), false),
            Cmp::Eq | Cmp::Ne => {
                sql.push(if cmp == Cmp::Eq { "(" } else { "NOT (" });
                self.has_points(sql, points, true);
                sql.push(" AND ");
                self.has_points(sql, points.saturating_add(1), false);
                sql.push(")");
            }
        }
    }

    /// Whether the score, rounded as shown, is at least `points`.
    fn has_points(&self, sql: &mut Sql, points: i64, wanted: bool) {
        match (least_k(self.decay, points, self.now), wanted) {
            (None, true) => sql.push("TRUE"),
            (None, false) => sql.push("FALSE"),
            (Some(k), true) => sql.push("(c.engagement_k IS NOT NULL AND c.engagement_k >= ").bind(k).push(")"),
            (Some(k), false) => sql.push("(c.engagement_k IS NULL OR c.engagement_k < ").bind(k).push(")"),
        };
    }

    fn event(&self, sql: &mut Sql, event: &EventCondition) {
        let (without, having) = match event.count {
            Count::AtLeast(n) if n <= 1 => (false, None),
            Count::AtLeast(n) => (false, Some((">= ", n))),
            Count::AtMost(0) | Count::Exactly(0) => (true, None),
            Count::AtMost(n) => (true, Some(("> ", n))),
            Count::Exactly(n) => (false, Some(("= ", n))),
        };
        sql.push(if without { "c.id NOT IN (" } else { "c.id IN (" });
        sql.push("SELECT e.contact_id FROM events e WHERE e.contact_id IS NOT NULL AND e.machine = FALSE AND e.name = ")
            .bind(event.name.as_str());
        match event.window {
            Window::Ever => {}
            Window::Within(span) => {
                sql.push(" AND e.at > ").bind(self.now - span.0);
            }
            Window::Between(first, last) => {
                sql.push(" AND e.at >= ").bind(first.0).push(" AND e.at < ").bind(last.0 + DAY_US);
            }
        }
        if let Some(subject) = &event.subject {
            sql.push(" AND ");
            push_subject(sql, subject);
        }
        if let Some(least) = event.min_amount {
            sql.push(" AND e.amount >= ").bind(least);
        }
        if let Some((sign, n)) = having {
            sql.push(" GROUP BY e.contact_id HAVING count(*) ").push(sign).bind(n);
        }
        sql.push(")");
    }

    fn field(&self, sql: &mut Sql, source: Source, test: &Test) {
        match source {
            Source::Column { column, .. } | Source::Reference { column } => {
                // The column itself is compared: an index may hold it.
                let (value, raw) = (bind::seen(column), format!("c.{column}"));
                let numbers = matches!(source, Source::Reference { .. });
                match test {
                    Test::Known => sql.push(&value).push(" IS NOT NULL"),
                    Test::Unknown => sql.push(&value).push(" IS NULL"),
                    Test::NotIn(_) => {
                        sql.push("(").push(&value).push(" IS NULL OR ");
                        self.column_test(sql, &raw, test, numbers);
                        sql.push(")")
                    }
                    _ => {
                        sql.push("(").push(&value).push(" IS NOT NULL AND ");
                        self.column_test(sql, &raw, test, numbers);
                        sql.push(")")
                    }
                };
            }
            Source::CustomText(id) => self.aside(sql, ("v_identify_contact_text", "contact_id", "value_key", Some(id)), false, test),
            Source::CustomNumber(id) => self.aside(sql, ("v_identify_contact_number", "contact_id", "value", Some(id)), false, test),
            Source::CustomChoice(id) => self.aside(sql, ("v_identify_contact_choice", "contact_id", "choice", Some(id)), false, test),
            Source::CustomReference(id) => self.aside(sql, ("v_identify_reference", "record_id", "target_id", Some(id)), false, test),
            Source::Facet { sql: facet, .. } => self.aside(sql, (&format!("({facet})"), "contact_id", "value", None), false, test),
            Source::Company(of) => self.of_company(sql, of, test),
        }
    }

    /// A test on the company: whoever has none, has nothing of it.
    fn of_company(&self, sql: &mut Sql, of: OfCompany, test: &Test) {
        let without = is_negative(test);
        sql.push(if without { "(c.company_id IS NULL OR " } else { "(c.company_id IS NOT NULL AND " });
        self.aside(sql, of.place(), true, test);
        sql.push(")");
    }

    /// A test on a value that is kept in a row of its own, beside the contact or its company, or is missing with it.
    fn aside(&self, sql: &mut Sql, (table, key, column, field_id): (&str, &str, &str, Option<i64>), of_company: bool, test: &Test) {
        let inner = match test {
            Test::Unknown => Test::Known,
            Test::NotIn(texts) => Test::In(texts.clone()),
            Test::Is(false) => Test::Is(true),
            other => other.clone(),
        };
        sql.push(if of_company { "c.company_id" } else { "c.id" }).push(if is_negative(test) { " NOT IN (" } else { " IN (" });
        sql.push("SELECT f.").push(key).push(" FROM ").push(table).push(" f WHERE ");
        if let Some(id) = field_id {
            sql.push("f.field_id = ").bind(id).push(" AND ");
        }
        let value = format!("f.{column}");
        match inner {
            Test::Known => {
                sql.push(&value).push(" IS NOT NULL");
            }
            Test::Is(_) if field_id.is_some() => {
                sql.push(&value).push(" <> 0");
            }
            Test::Is(_) => {
                sql.push(&value).push(" = TRUE");
            }
            other => self.column_test(sql, &value, &other, column.ends_with("_id")),
        }
        sql.push(")");
    }

    fn column_test(&self, sql: &mut Sql, value: &str, test: &Test, numbers: bool) {
        let ids = |texts: &[String]| texts.iter().map(|text| Value::Int(text.parse().unwrap_or(0))).collect::<Vec<_>>();
        match test {
            Test::In(texts) if value.ends_with("company_id") || value.ends_with("target_id") => {
                push_meant(sql, value, &ids(texts));
            }
            Test::NotIn(texts) if value.ends_with("company_id") => {
                push_meant(sql.push("NOT "), value, &ids(texts));
            }
            Test::In(texts) if numbers => {
                sql.push(value).push(" IN ").bind_list(ids(texts));
            }
            Test::NotIn(texts) if numbers => {
                sql.push(value).push(" NOT IN ").bind_list(ids(texts));
            }
            _ => self.test(sql, value, test),
        }
    }

    fn test(&self, sql: &mut Sql, value: &str, test: &Test) {
        let now = self.now;
        match test {
            Test::In(texts) => sql.push(value).push(" IN ").bind_list(texts.iter().map(Value::from)),
            Test::NotIn(texts) => sql.push(value).push(" NOT IN ").bind_list(texts.iter().map(Value::from)),
            Test::Contains(text) => push_contains(sql, value, text),
            Test::Starts(text) => push_starts(sql, value, text),
            Test::Number(cmp, n) => sql.push(value).push(" ").push(operator(*cmp)).push(" CAST(").bind(*n).push(" AS DOUBLE PRECISION)"),
            Test::Before(day) => sql.push(value).push(" < ").bind(day.0),
            Test::Since(day) => sql.push(value).push(" >= ").bind(day.0),
            Test::Within(span) => sql.push(value).push(" > ").bind(now - span.0).push(" AND ").push(value).push(" <= ").bind(now),
            Test::OlderThan(span) => sql.push(value).push(" <= ").bind(now - span.0),
            Test::Next(span) => sql.push(value).push(" > ").bind(now).push(" AND ").push(value).push(" <= ").bind(now + span.0),
            Test::Is(yes) => sql.push(value).push(if *yes { " = TRUE" } else { " = FALSE" }),
            Test::Known => sql.push(value).push(" IS NOT NULL"),
            Test::Unknown => sql.push(value).push(" IS NULL"),
        };
    }
}

/// One of these records, or what it has become part of.
fn push_meant(sql: &mut Sql, value: &str, ids: &[Value]) {
    let all = || ids.iter().cloned();
    sql.push("(").push(value).push(" IN ").bind_list(all());
    sql.push(" OR ").push(value).push(" IN (SELECT p.alive_id FROM v_identify_alias p WHERE p.id IN ").bind_list(all());
    sql.push(" UNION ALL SELECT o.alive_id FROM v_identify_company_alias o WHERE o.id IN ").bind_list(all()).push("))");
}

/// Whether a test holds for whoever has no value.
fn is_negative(test: &Test) -> bool {
    matches!(test, Test::Unknown | Test::NotIn(_) | Test::Is(false))
}

/// The smallest `k` that shows as at least `points` at `now`; nothing when every contact has that many.
pub fn least_k(decay: Decay, points: i64, now: i64) -> Option<f64> {
    decay.k_of(points as f64 - 0.5, now)
}

fn operator(cmp: Cmp) -> &'static str {
    if cmp == Cmp::Ne { "<>" } else { cmp.sign() }
}

fn push_subject(sql: &mut Sql, subject: &Subject) {
    match subject {
        Subject::Equals(text) => sql.push("e.subject = ").bind(text.as_str()),
        Subject::Starts(text) => push_starts(sql, "e.subject", text),
        Subject::Contains(text) => push_contains(sql, "e.subject", text),
    };
}

fn push_starts<'s>(sql: &'s mut Sql, value: &str, text: &str) -> &'s mut Sql {
    sql.push("substr(").push(value).push(", 1, ").bind(text.chars().count()).push(") = ").bind(text)
}

/// LIKE folds case on one engine only; taking the text out shows whether it was in.
fn push_contains<'s>(sql: &'s mut Sql, value: &str, text: &str) -> &'s mut Sql {
    sql.push("replace(").push(value).push(", ").bind(text).push(", '') <> ").push(value)
}
