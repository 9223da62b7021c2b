//! Scores are the sum of their lines, at any time, in any order of arrival, and tell of their changes once.

use attune_db::params;
use attune_events::Event;
use attune_identify::company::CompanyId;
use attune_kernel::{DAY_US, HOUR_US};
use attune_testkit::on_both_dbs;
use proptest::prelude::*;

use crate::score::rules::{Basis, Line, ScoreRule, Tier, shown, total};
use crate::score::store::{self, FitRule};
use crate::segment::rule::Rule;
use crate::trial::Trial;

const BASIS: Basis = Basis { half_life_days: 30, hot: 40, warm: 15, fit_good: 60, fit_fair: 30 };

fn rule(points: i64, daily_cap: Option<i64>, first_bonus: i64) -> ScoreRule {
    ScoreRule { id: 1, event: "page.viewed".to_owned(), subject: None, min_amount: None, points, daily_cap, first_bonus, active: true }
}

#[test]
fn a_cap_holds_for_a_day_and_the_first_time_counts_extra() {
    let (rule, decay) = (rule(4, Some(10), 5), BASIS.decay());
    let mut line = Line::empty();
    for _ in 0..5 {
        line.earn(&rule, 0, decay);
    }
    assert_eq!(shown(decay, line.k, 0), 15);
    assert_eq!(line.count, 5);
    line.earn(&rule, DAY_US, decay);
    assert_eq!(line.day_points, 4);
}

#[test]
fn losses_outweigh_gains_to_nothing_and_no_further() {
    let (gain, loss) = (rule(10, None, 0), ScoreRule { id: 2, ..rule(-20, None, 0) });
    let decay = BASIS.decay();
    let (mut up, mut down) = (Line::empty(), Line::empty());
    up.earn(&gain, 0, decay);
    down.earn(&loss, 0, decay);
    assert_eq!(total([(&gain, &up), (&loss, &down)].into_iter(), decay, HOUR_US), None);
    assert_eq!(shown(decay, total([(&gain, &up)].into_iter(), decay, HOUR_US), 0), 10);
}

#[test]
fn grades_weigh_warmth_with_fit() {
    assert_eq!(BASIS.grade(Tier::Hot, 60), "A");
    assert_eq!(BASIS.grade(Tier::Hot, 30), "A");
    assert_eq!(BASIS.grade(Tier::Hot, 0), "B");
    assert_eq!(BASIS.grade(Tier::Warm, 30), "B");
    assert_eq!(BASIS.grade(Tier::Cold, 29), "C");
}

proptest! {
    #[test]
    fn silence_lowers_the_tier_at_the_moment_foretold(points in 15_i64..500) {
        let k = BASIS.decay().k_of(points as f64, 0);
        let at = BASIS.next_fall(k, 0).unwrap();
        let before = BASIS.tier(shown(BASIS.decay(), k, at - 1_000_000));
        prop_assert_eq!(before, BASIS.tier(points));
        prop_assert_ne!(BASIS.tier(shown(BASIS.decay(), k, at + 1_000)), before);
    }
}

async fn kept(trial: &Trial, contact: i64) -> (Option<f64>, i64, String) {
    let mut tx = trial.db.read().await.unwrap();
    let row = tx.get("contact", "SELECT engagement_k, fit, grade FROM v_identify_contact WHERE id = $1", params![contact]).await.unwrap();
    (row.get("engagement_k").unwrap(), row.get("fit").unwrap(), row.get("grade").unwrap())
}

async fn points(trial: &Trial, contact: i64) -> i64 {
    shown(BASIS.decay(), kept(trial, contact).await.0, trial.clock.now())
}

on_both_dbs! {
    async fn what_people_do_is_scored_and_explained(db: Db) {
        let trial = Trial::new(db);
        let ada = trial.contact("Ada", Some("Berlin")).await;
        trial.change(ada, "email", "ada@brandt.example").await;
        trial.view(ada, "/pricing").await;
        let now = trial.clock.now();
        let mut bot = Event::new("page.viewed", now).contact(ada).subject("/pricing");
        bot.machine = true;
        trial.happen(vec![bot, Event::new("form.submitted", now).contact(ada).subject("demo")]).await;
        trial.settle().await;
        assert_eq!(points(&trial, ada).await, 1 + 5 + 5 + 15 + 10);
        let (_, fit, grade) = kept(&trial, ada).await;
        assert_eq!((fit, grade.as_str()), (30, "B"));
        let reasons = crate::score::explain(&mut trial.db.read().await.unwrap(), ada, now).await.unwrap();
        assert_eq!(reasons.iter().map(|reason| reason.rule.id).collect::<Vec<_>>(), [8, 2, 1]);
        assert_eq!(reasons[0].line.count, 1);
    }

    async fn who_is_of_a_company_that_is_merged_split_or_hidden_fits_anew(db: Db) {
        let trial = Trial::new(db);
        let (fisk, falk) = (trial.company("Fisk").await, trial.company("Falk").await);
        let (ada, bo) = (trial.contact("Ada", None).await, trial.contact("Bo", None).await);
        trial.change(ada, "company", "Fisk").await;
        trial.change(bo, "company", "Falk").await;
        let rule = crate::segment::parse(&format!("company = \"{}\"", CompanyId(falk))).unwrap();
        let Rule::All(mut lines) = rule else { panic!("{rule:?}") };
        let Some(Rule::Field(condition)) = lines.pop() else { panic!("{lines:?}") };
        let mut tx = trial.db.begin().await.unwrap();
        store::save_fit_rule(&mut tx, &FitRule { id: trial.ids.next(), condition, points: 50, active: true }, 1).await.unwrap();
        tx.commit().await.unwrap();
        trial.change(bo, "city", "Bonn").await;
        let fits = async || {
            trial.settle().await;
            [kept(&trial, ada).await.1, kept(&trial, bo).await.1]
        };
        // By the rules there are from the start a company is worth 25 and a city 10.
        assert_eq!(fits().await, [25, 85]);
        let merge = trial.join(fisk, falk).await;
        assert_eq!(fits().await, [75, 85], "Falk is Fisk now, of which Ada is, too");
        trial.part(merge).await;
        assert_eq!(fits().await, [25, 85]);
        trial.hide(falk).await;
        assert_eq!(fits().await, [25, 10], "nobody is of a company that is deleted");
        trial.bring_back(falk).await;
        assert_eq!(fits().await, [25, 85]);
        let jobs = trial.jobs(crate::score::jobs::RECOMPUTE).await;
        trial.hide(fisk).await;
        trial.hide(falk).await;
        assert_eq!(fits().await, [0, 10]);
        assert_eq!(trial.jobs(crate::score::jobs::RECOMPUTE).await, jobs + 1, "one job for all companies of a batch");
    }

    async fn whoever_becomes_part_of_another_brings_his_points_and_takes_them_along_again(db: Db) {
        let trial = Trial::new(db);
        let (ada, twin) = (trial.contact("Ada", Some("Berlin")).await, trial.contact("Ada L.", None).await);
        trial.view(ada, "/pricing").await;
        trial.happen(vec![Event::new("form.submitted", trial.clock.now()).contact(twin).subject("demo")]).await;
        trial.settle().await;
        let before = [kept(&trial, ada).await, kept(&trial, twin).await];
        let (of_ada, of_twin) = (points(&trial, ada).await, points(&trial, twin).await);
        let busy = trial.segment("Busy", &format!("score > {}", of_ada.max(of_twin))).await;
        let formed = trial.segment("Formed", "event form.submitted").await;
        trial.settle().await;
        assert_eq!((trial.members(busy).await, trial.members(formed).await), (vec![], vec![twin]));
        trial.clock.advance(1_000_000);
        let id = trial.merge(ada, twin).await;
        trial.settle().await;
        assert_eq!(points(&trial, ada).await, of_ada + of_twin);
        assert_eq!((trial.members(busy).await, trial.members(formed).await), (vec![ada], vec![ada]));
        // What comes afterwards is the survivor's, and stays so.
        trial.split(id).await;
        trial.settle().await;
        assert_eq!([kept(&trial, ada).await, kept(&trial, twin).await], before);
        assert_eq!((trial.members(busy).await, trial.members(formed).await), (vec![], vec![twin]));
    }

    async fn what_turns_out_to_be_a_scanners_no_longer_counts(db: Db) {
        let trial = Trial::new(db);
        let ada = trial.contact("Ada", None).await;
        let segment = trial.segment("Clicked", "event mail.clicked").await;
        let click = |key: i64| {
            let mut event = Event::new("mail.clicked", trial.clock.now()).contact(ada);
            event.client_key = Some(key);
            event
        };
        trial.happen(vec![click(1), click(2), Event::new("form.submitted", trial.clock.now()).contact(ada)]).await;
        trial.settle().await;
        assert_eq!((points(&trial, ada).await, trial.members(segment).await), (5 + 5 + 15 + 10, vec![ada]));
        let mut tx = trial.db.begin().await.unwrap();
        assert_eq!(attune_events::disown(&mut tx, [1, 2, 3]).await.unwrap().len(), 1);
        tx.commit().await.unwrap();
        trial.happen(vec![Event::new("mail.click_rejudged", trial.clock.now()).contact(ada)]).await;
        trial.settle().await;
        assert_eq!((points(&trial, ada).await, trial.members(segment).await.len()), (15 + 10, 0));
    }

    async fn silence_is_told_once_at_its_moment(db: Db) {
        let trial = Trial::new(db);
        let ada = trial.contact("Ada", None).await;
        trial.happen(vec![Event::new("form.submitted", trial.clock.now()).contact(ada)]).await;
        trial.settle().await;
        assert_eq!(points(&trial, ada).await, 25);
        trial.clock.advance(60 * DAY_US);
        trial.settle().await;
        let changes: Vec<Event> = trial.log(ada).await.into_iter().filter(|event| event.name == "score.changed").collect();
        let tiers: Vec<String> = changes.iter().map(|event| event.props_json()["tier"].as_str().unwrap_or("fit").to_owned()).collect();
        assert_eq!(tiers, ["warm", "cold"]);
        trial.clock.advance(60 * DAY_US);
        trial.settle().await;
        assert_eq!(trial.log(ada).await.into_iter().filter(|event| event.name == "score.changed").count(), 2);
    }

    async fn who_left_in_silence_comes_back_with_the_same_points_and_nobody_hears_of_a_point(db: Db) {
        let trial = Trial::new(db);
        let ada = trial.contact("Ada", None).await;
        let segment = trial.segment("Warm", "score >= 20").await;
        trial.happen(vec![Event::new("form.submitted", trial.clock.now()).contact(ada)]).await;
        trial.settle().await;
        assert_eq!((points(&trial, ada).await, trial.members(segment).await), (25, vec![ada]));
        trial.clock.advance(15 * DAY_US);
        trial.settle().await;
        assert!(trial.members(segment).await.is_empty());
        let now = trial.clock.now();
        trial.happen(["page.viewed", "cart.added"].map(|name| Event::new(name, now).contact(ada)).to_vec()).await;
        trial.settle().await;
        assert_eq!((points(&trial, ada).await, trial.members(segment).await), (25, vec![ada]), "18 faded points and 7 new ones");
        let told = trial.log(ada).await.into_iter().filter(|event| event.name == "score.changed").count();
        trial.happen(vec![Event::new("page.viewed", now).contact(ada)]).await;
        trial.settle().await;
        assert_eq!(points(&trial, ada).await, 26);
        assert_eq!(trial.log(ada).await.into_iter().filter(|event| event.name == "score.changed").count(), told);
    }

    async fn another_half_life_brings_back_who_had_faded(db: Db) {
        let trial = Trial::new(db);
        let ada = trial.contact("Ada", None).await;
        let segment = trial.segment("Warm", "score >= 20").await;
        trial.happen(vec![Event::new("form.submitted", trial.clock.now()).contact(ada)]).await;
        trial.clock.advance(15 * DAY_US);
        trial.settle().await;
        assert!(trial.members(segment).await.is_empty());
        let mut tx = trial.db.begin().await.unwrap();
        crate::score::save_basis(&mut tx, &Basis { half_life_days: 3_000, ..BASIS }).await.unwrap();
        crate::score::jobs::recompute_all(&mut tx, &trial.bench, None).await.unwrap();
        tx.commit().await.unwrap();
        trial.settle().await;
        assert_eq!(trial.members(segment).await, [ada]);
    }

    async fn computing_anew_changes_nothing_and_a_new_rule_counts_the_past(db: Db) {
        let trial = Trial::new(db);
        let mut people = Vec::new();
        for number in 0..3 {
            people.push(trial.contact(&format!("P{number}"), None).await);
        }
        for (step, contact) in people.iter().cycle().take(20).enumerate() {
            trial.clock.advance(i64::try_from(step).unwrap() * HOUR_US);
            trial.view(*contact, if step % 3 == 0 { "/pricing" } else { "/" }).await;
            trial.happen(vec![Event::new("mail.unsubscribed", trial.clock.now()).contact(people[0])]).await;
            if step % 4 == 0 {
                trial.settle().await;
            }
        }
        trial.settle().await;
        let mut before = Vec::new();
        for contact in &people {
            before.push((points(&trial, *contact).await, kept(&trial, *contact).await.2));
        }
        let mut tx = trial.db.begin().await.unwrap();
        crate::score::jobs::recompute_all(&mut tx, &trial.bench, None).await.unwrap();
        tx.commit().await.unwrap();
        trial.settle().await;
        for (contact, before) in people.iter().zip(&before) {
            assert_eq!(&(points(&trial, *contact).await, kept(&trial, *contact).await.2), before);
        }
        assert_eq!(before[0].0, 0, "losses leave nothing");
        let mut tx = trial.db.begin().await.unwrap();
        let extra = ScoreRule { id: 99, points: 50, ..rule(50, Some(50), 0) };
        crate::score::save_rule(&mut tx, &extra, trial.clock.now()).await.unwrap();
        crate::score::jobs::recompute_all(&mut tx, &trial.bench, None).await.unwrap();
        tx.commit().await.unwrap();
        trial.settle().await;
        assert!(points(&trial, people[1]).await > before[1].0 + 40);
    }

    async fn history_of_a_recognised_browser_counts_once(db: Db) {
        let trial = Trial::new(db);
        let ada = trial.contact("Ada", None).await;
        let now = trial.clock.now();
        let mut anonymous = Event::new("page.viewed", now).subject("/pricing");
        anonymous.visitor_id = Some(5);
        trial.happen(vec![anonymous]).await;
        trial.settle().await;
        let mut tx = trial.db.begin().await.unwrap();
        tx.exec("UPDATE events SET contact_id = $1 WHERE visitor_id = 5", params![ada]).await.unwrap();
        tx.commit().await.unwrap();
        trial.happen(vec![Event::new("visitor.identified", now).contact(ada), Event::new("page.viewed", now).contact(ada).subject("/")]).await;
        trial.settle().await;
        assert_eq!(points(&trial, ada).await, 1 + 5 + 5 + 1);
        trial.happen(vec![Event::new("visitor.identified", now).contact(ada)]).await;
        trial.settle().await;
        assert_eq!(points(&trial, ada).await, 12);
    }
}
