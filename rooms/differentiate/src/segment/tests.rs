//! Members kept step by step are those a full look finds; text, JSON and tree say the same.

use attune_events::Event;
use attune_identify::field::{FieldKind, Subject as Of};
use attune_kernel::{DAY_US, HOUR_US};
use attune_testkit::on_both_dbs;
use proptest::prelude::*;

use crate::segment::follow::FOLLOW;
use crate::segment::rule::{
    Cmp, Count, Day, EventCondition, FieldCondition, Rule, ScoreCondition, ScoreName, SegmentCondition, Span, Subject, Test, Window,
};
use crate::segment::{parse, print};
use crate::trial::Trial;

const RULES: [(&str, &str); 26] = [
    ("often", "event page.viewed count >= 2 within 3d"),
    ("pricing", "event page.viewed(contains \"pricing\") within 1d and not event purchase.made within 5d"),
    ("warm", "score >= 10"),
    ("cooled", "score < 5 and event page.viewed ever"),
    ("berlin", "city = \"Berlin\" or grade in (A, B)"),
    ("nested", "in segment \"often\" and not in segment \"warm\""),
    ("fresh", "created within 2d"),
    ("quiet", "event page.viewed count <= 1 within 4d"),
    ("once", "event purchase.made(amount >= 500) count = 1 within 6d"),
    ("fits", "fit >= 10 and not ( city is known and score > 3 )"),
    ("old", "created older than 3d and city not in (\"Berlin\", \"Rome\")"),
    ("deep", "not ( event page.viewed within 36h or ( event purchase.made and city is unknown ) )"),
    ("deeper", "in segment \"nested\" or score = 6"),
    ("dear", "custom.budget >= 100.5 and custom.likes not in (Ink)"),
    ("golden", "custom.tier in (\"gold\", \"Silver\") or custom.likes in (tea)"),
    ("tagged", "facet.contact.tag in (VIP) and not facet.contact.tag in (\"trade fair\")"),
    ("tagless", "facet.contact.tag not in (vip, \"Trade Fair\") or facet.contact.tag is unknown"),
    ("some tag", "facet.contact.tag is known"),
    ("untold", "custom.likes is unknown and not custom.tier = \"Silver\""),
    ("employed", "company is known and company.name starts \"FI\""),
    ("trade", "company.industry = \"Retail\" and not company.city = \"Bonn\""),
    ("elsewhere", "company.industry not in (\"Retail\") or company.custom.tier is unknown"),
    ("large", "company.custom.staff >= 50 and company.custom.tier in (Gold)"),
    ("insured", "company.custom.insured is true and city is unknown"),
    ("renewing", "company.custom.renewal next 3d or company.custom.motto contains \"safe\""),
    ("partners", "company.tag in (Partner) or company.tag is unknown and in segment \"trade\""),
];

/// Small numbers that repeat for a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.roll(from.len() as u64)).unwrap()]
    }
}

/// Something happens to a company, or somebody changes to another.
async fn do_business(trial: &Trial, dice: &mut Dice, people: &[i64], companies: &[i64]) {
    let firm = dice.pick(companies);
    if trial.bring_back(firm).await {
        return;
    }
    match dice.roll(11) {
        10 => trial.hide(firm).await,
        0..=2 => trial.change(dice.pick(people), "company", dice.pick(&["Fisk", "Falk", "Fisk", ""])).await,
        3 => trial.change_company(firm, "industry", dice.pick(&["Retail", "Steel", ""])).await,
        4 => trial.change_company(firm, "city", dice.pick(&["Bonn", "Oslo"])).await,
        5 => trial.change_company(firm, "f:tier", dice.pick(&["gold", "Silver", ""])).await,
        6 => trial.change_company(firm, "f:staff", dice.pick(&["49", "50", ""])).await,
        7 => trial.change_company(firm, "f:insured", dice.pick(&["yes", "no", ""])).await,
        8 => trial.tag_of((Of::Company, firm), dice.pick(&[&["Partner"][..], &["Fair", "partner"], &[]])).await,
        _ => {
            let day = Day(trial.clock.now() + i64::try_from(dice.roll(6)).unwrap() * DAY_US).to_string();
            trial.change_company(firm, "f:renewal", &day).await;
            trial.change_company(firm, "f:motto", dice.pick(&["Safe is safe", "Fast", ""])).await;
        }
    }
}

async fn live_a_little(trial: &Trial, dice: &mut Dice, people: &mut Vec<i64>) {
    let now = trial.clock.now();
    match dice.roll(14) {
        0 => people.push(trial.contact(&format!("Person {}", people.len()), dice.pick(&[None, Some("Berlin"), Some("Oslo")])).await),
        1 => trial.change(dice.pick(people), "city", dice.pick(&["Berlin", "Rome", "", "Köln"])).await,
        10 => trial.change(dice.pick(people), "f:tier", dice.pick(&["gold", "Silver", "", "bronze"])).await,
        11 => trial.change(dice.pick(people), "f:likes", dice.pick(&["tea; ink", "ink", "", "paper, tea"])).await,
        12 => trial.change(dice.pick(people), "f:budget", dice.pick(&["100.50", "100.49 EUR", "", "-3"])).await,
        13 => trial.tag(dice.pick(people), dice.pick(&[&["VIP"][..], &["VIP", "Trade fair"], &["Trade fair"], &[]])).await,
        2 => trial.change(dice.pick(people), "email", dice.pick(&["a@b.example", ""])).await,
        3 if people.len() > 4 => {
            let gone = people.remove(0);
            trial.delete(gone).await;
        }
        4 => trial.clock.advance(i64::try_from(dice.roll(30)).unwrap() * HOUR_US),
        5 => trial.clock.advance(DAY_US),
        6 => {
            let amount = i64::try_from(dice.roll(900)).unwrap();
            trial.happen(vec![Event::new("purchase.made", now).contact(dice.pick(people)).subject("CD").amount(amount)]).await;
        }
        _ => {
            let at = now - i64::try_from(dice.roll(50)).unwrap() * HOUR_US;
            let path = dice.pick(&["/", "/pricing", "/blog"]);
            let mut event = Event::new("page.viewed", at).contact(dice.pick(people)).subject(path);
            event.machine = dice.roll(6) == 0;
            trial.happen(vec![event]).await;
        }
    }
}

async fn check_history(db: attune_db::Db, seed: u64) {
    let trial = Trial::new(db);
    trial.field("budget", FieldKind::Money, &[]).await;
    trial.field("tier", FieldKind::Choice, &["Gold", "Silver", "Bronze"]).await;
    trial.field("likes", FieldKind::Choices, &["Tea", "Ink", "Paper"]).await;
    for (key, kind, options) in [
        ("tier", FieldKind::Choices, &["Gold", "Silver"][..]),
        ("staff", FieldKind::Number, &[]),
        ("insured", FieldKind::Bool, &[]),
        ("renewal", FieldKind::Date, &[]),
        ("motto", FieldKind::Text, &[]),
    ] {
        trial.field_of(Of::Company, key, kind, options).await;
    }
    let companies = [trial.company("Fisk").await, trial.company("Falk").await];
    let mut dice = Dice(seed);
    let mut people = Vec::new();
    for number in 0..4 {
        people.push(trial.contact(&format!("First {number}"), None).await);
    }
    trial.settle().await;
    let mut segments = Vec::new();
    for (name, rule) in RULES {
        segments.push((name, trial.segment(name, rule).await, parse(rule).unwrap()));
        trial.settle().await;
    }
    for step in 0..70 {
        live_a_little(&trial, &mut dice, &mut people).await;
        if dice.roll(3) == 0 {
            live_a_little(&trial, &mut dice, &mut people).await;
        }
        if dice.roll(2) == 0 {
            do_business(&trial, &mut dice, &people, &companies).await;
        }
        trial.settle().await;
        for (name, id, rule) in &segments {
            assert_eq!(trial.members(*id).await, trial.found(rule).await, "{name} at step {step} of seed {seed}");
        }
    }
    let mut tx = trial.db.read().await.unwrap();
    for segment in crate::segment::list(&mut tx).await.unwrap() {
        let members = crate::segment::members(&mut tx, segment.id).await.unwrap();
        assert_eq!(segment.member_count, i64::try_from(members.len()).unwrap(), "the count of {}", segment.name);
    }
}

on_both_dbs! {
    async fn kept_members_are_those_a_full_look_finds_first_history(db: Db) {
        check_history(db, 7).await;
    }

    async fn kept_members_are_those_a_full_look_finds_second_history(db: Db) {
        check_history(db, 20_261_122).await;
    }

    async fn options_are_known_by_label_and_stay_when_they_are_called_something_else(db: Db) {
        let trial = Trial::new(db);
        trial.field("tier", FieldKind::Choice, &["Gold", "Silver"]).await;
        let ada = trial.contact("Ada", None).await;
        let golden = trial.segment("golden", "custom.tier in (GOLD, nothing)").await;
        trial.settle().await;
        trial.change(ada, "f:tier", "gold").await;
        trial.settle().await;
        assert_eq!(trial.members(golden).await, [ada]);
        let mut tx = trial.db.begin().await.unwrap();
        let renamed = r#"[{"key":"gold","label":"Premium"},{"key":"silver","label":"Gold"}]"#;
        tx.exec("UPDATE fields SET options = $1, revision = revision + 1", attune_db::params![renamed]).await.unwrap();
        tx.commit().await.unwrap();
        let bob = trial.contact("Bob", None).await;
        trial.change(bob, "f:tier", "Premium").await;
        trial.settle().await;
        assert_eq!(trial.members(golden).await, [ada, bob]);
        trial.change(ada, "f:tier", "").await;
        trial.settle().await;
        assert_eq!(trial.members(golden).await, [bob]);
    }

    async fn the_people_of_a_company_follow_it_a_crowd_by_a_job(db: Db) {
        let trial = Trial::new(db);
        let firm = trial.company("Fisk").await;
        let retail = trial.segment("retail", "company.industry = Retail").await;
        let other = trial.segment("other", "city = Oslo").await;
        let mut crowd = vec![trial.contact("Ada", None).await];
        trial.change(crowd[0], "company", "Fisk").await;
        trial.settle().await;
        trial.change_company(firm, "industry", "Retail").await;
        trial.settle().await;
        assert_eq!((trial.members(retail).await, trial.jobs(FOLLOW).await), (crowd.clone(), 0));
        let log = trial.log(crowd[0]).await;
        assert!(log.iter().any(|event| event.name == "segment.entered" && event.cause.is_some()), "it is known why");
        for number in 0..6 {
            let one = trial.contact(&format!("Worker {number}"), None).await;
            trial.change(one, "company", "Fisk").await;
            crowd.push(one);
        }
        trial.settle().await;
        assert_eq!(trial.members(retail).await, crowd);
        trial.change_company(firm, "industry", "Steel").await;
        trial.settle().await;
        assert_eq!((trial.members(retail).await, trial.jobs(FOLLOW).await), (Vec::new(), 1));
        trial.change_company(firm, "city", "Bonn").await;
        trial.change_company(firm, "industry", "Retail").await;
        trial.settle().await;
        assert_eq!((trial.members(retail).await, trial.jobs(FOLLOW).await), (crowd, 2), "what no rule reads moves nobody");
        assert!(trial.members(other).await.is_empty());
    }

    async fn of_a_deleted_company_is_nobody_until_it_is_back(db: Db) {
        let trial = Trial::new(db);
        let firm = trial.company("Fisk").await;
        trial.field_of(Of::Company, "tier", FieldKind::Choices, &["Gold"]).await;
        trial.change_company(firm, "industry", "Retail").await;
        trial.change_company(firm, "f:tier", "Gold").await;
        trial.tag_of((Of::Company, firm), &["Partner"]).await;
        let rules = ["company is known", "company.industry = Retail", "company.custom.tier in (Gold)", "company.tag in (Partner)"];
        let mut kept = Vec::new();
        for (number, rule) in rules.iter().enumerate() {
            kept.push(trial.segment(&format!("kept {number}"), rule).await);
        }
        let ada = trial.contact("Ada", None).await;
        trial.change(ada, "company", "Fisk").await;
        for (is_there, of) in [(true, vec![ada]), (false, Vec::new()), (true, vec![ada])] {
            if !is_there {
                trial.hide(firm).await;
            } else {
                trial.bring_back(firm).await;
            }
            trial.settle().await;
            let late = trial.segment(&format!("late {is_there} {}", trial.clock.now()), rules[2]).await;
            trial.settle().await;
            for segment in kept.iter().chain([&late]) {
                assert_eq!(trial.members(*segment).await, of, "kept step by step, and looked for anew");
            }
            trial.clock.advance(1);
        }
    }

    async fn whoever_changed_in_several_things_is_looked_at_for_every_segment(db: Db) {
        let trial = Trial::new(db);
        let ada = trial.contact("Ada", Some("Berlin")).await;
        let berlin = trial.segment("berlin", "city = Berlin").await;
        trial.settle().await;
        let mut tx = trial.db.begin().await.unwrap();
        tx.exec("UPDATE contacts SET city = 'Oslo'", attune_db::params![]).await.unwrap();
        tx.commit().await.unwrap();
        trial.happen(vec![Event::new("contact.updated", trial.clock.now()).contact(ada)]).await;
        trial.settle().await;
        assert!(trial.members(berlin).await.is_empty(), "as an import that is taken back tells it");
    }

    async fn a_window_closes_at_its_exact_moment(db: Db) {
        let trial = Trial::new(db);
        let ada = trial.contact("Ada", None).await;
        let recent = trial.segment("recent", "event page.viewed within 30d").await;
        trial.settle().await;
        trial.view(ada, "/").await;
        trial.settle().await;
        assert_eq!(trial.members(recent).await, [ada]);
        trial.clock.advance(30 * DAY_US - 1);
        trial.settle().await;
        assert_eq!(trial.members(recent).await, [ada]);
        trial.clock.advance(1);
        trial.settle().await;
        assert!(trial.members(recent).await.is_empty());
        let log = trial.log(ada).await;
        let moves: Vec<&str> = log.iter().map(|event| event.name.as_ref()).filter(|name| name.starts_with("segment.")).collect();
        assert_eq!(moves, ["segment.entered", "segment.left"]);
    }

    async fn the_first_members_of_segments_enter_nothing_and_one_pass_finds_them_all(db: Db) {
        let trial = Trial::new(db);
        let ada = trial.contact("Ada", Some("Berlin")).await;
        trial.contact("Bob", Some("Bonn")).await;
        trial.settle().await;
        let (first, second) = (trial.segment("First", "city = \"Berlin\"").await, trial.segment("Second", "city = \"Berlin\"").await);
        trial.settle().await;
        assert_eq!((trial.members(first).await, trial.members(second).await), (vec![ada], vec![ada]));
        let mut tx = trial.db.read().await.unwrap();
        let told = tx.rows("SELECT name, subject, amount FROM events WHERE name LIKE 'segment.%' ORDER BY subject", attune_db::params![]).await.unwrap();
        let told: Vec<(String, i64)> = told.iter().map(|row| (row.get("name").unwrap(), row.get("amount").unwrap())).collect();
        assert_eq!(told, [("segment.filled".to_owned(), 1), ("segment.filled".to_owned(), 1)]);
        let sql = "SELECT count(*) FROM jobs WHERE kind = 'differentiate.refresh_segments' AND result LIKE '%\"contacts\":2%'";
        assert_eq!(tx.count(sql, attune_db::params![]).await.unwrap(), 1, "the second job found its segment filled");
    }

    async fn a_snapshot_stays_and_names_are_unique(db: Db) {
        let trial = Trial::new(db);
        let ada = trial.contact("Ada", Some("Berlin")).await;
        trial.contact("Bo", Some("Oslo")).await;
        let actor = attune_web::Actor::system();
        let by = crate::segment::By { actor: &actor, now: trial.clock.now(), ids: &trial.ids, bench: &trial.bench };
        let mut tx = trial.db.begin().await.unwrap();
        let (id, count) = crate::segment::snapshot(&mut tx, &by, "Berliners", parse("city = \"Berlin\"").unwrap(), &[]).await.unwrap();
        assert_eq!(count, 1);
        let again = crate::segment::create(&mut tx, &by, "berliners", Rule::everyone(), &[]).await;
        assert!(matches!(again, Err(crate::segment::SegmentError::NameTaken(_))));
        let unknown = crate::segment::create(&mut tx, &by, "x", parse("in segment \"nobody\"").unwrap(), &[]).await;
        assert!(matches!(unknown, Err(crate::segment::SegmentError::Rule(_))));
        tx.commit().await.unwrap();
        trial.change(ada, "city", "Rome").await;
        trial.settle().await;
        assert_eq!(trial.members(crate::segment::SegmentId(id)).await, [ada]);
    }

    async fn what_a_rule_was_bound_to_is_noted_once(db: Db) {
        let trial = Trial::new(db);
        trial.field("tier", FieldKind::Text, &[]).await;
        let own = trial.segment("own", "custom.tier is known").await;
        let plain = trial.segment("plain", "city is known").await;
        let mut tx = trial.db.begin().await.unwrap();
        // A rule that asks for no field is bound to nothing, 0, and a sum does not tell that from a rule nobody has noted.
        crate::segment::store::set_bound(&mut tx, [(own.0, 5)]).await.unwrap();
        let before = crate::segment::store::stamp(&mut tx).await.unwrap();
        crate::segment::store::set_bound(&mut tx, [(plain.0, 0)]).await.unwrap();
        assert_ne!(crate::segment::store::stamp(&mut tx).await.unwrap(), before, "the rules are read anew, and nothing is left to note");
        tx.commit().await.unwrap();
        trial.contact("Ada", Some("Bonn")).await;
        trial.settle().await;
        let mut tx = trial.db.read().await.unwrap();
        let left = "SELECT count(*) FROM segments WHERE bound_to IS NULL";
        assert_eq!(tx.count(left, attune_db::params![]).await.unwrap(), 0);
        let index = crate::segment::keep::Index::load(&mut tx, &[]).await.unwrap();
        assert!(!index.is_overtaken());
    }

    async fn a_rule_may_not_lead_back_to_itself(db: Db) {
        let trial = Trial::new(db);
        let one = trial.segment("one", "city is known").await;
        let two = trial.segment("two", "in segment \"one\"").await;
        let actor = attune_web::Actor::system();
        let by = crate::segment::By { actor: &actor, now: trial.clock.now(), ids: &trial.ids, bench: &trial.bench };
        let mut tx = trial.db.begin().await.unwrap();
        let circle = crate::segment::update(&mut tx, &by, one.0, "one", parse("in segment \"two\"").unwrap(), &[]).await;
        assert!(matches!(circle, Err(crate::segment::SegmentError::Circle(_))));
        let used = crate::segment::delete(&mut tx, &by, one.0, &[]).await;
        assert!(matches!(used, Err(crate::segment::SegmentError::Used(_))));
        crate::segment::delete(&mut tx, &by, two.0, &[]).await.unwrap();
        crate::segment::delete(&mut tx, &by, one.0, &[]).await.unwrap();
        crate::segment::restore(&mut tx, &by, one.0).await.unwrap();
        tx.commit().await.unwrap();
        trial.settle().await;
    }
}

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["Berlin", "a \"b\" c", "北京", "x\\y", "O’Neil “q”", "and"]).prop_map(str::to_owned)
}

fn span() -> impl Strategy<Value = Span> {
    (1_i64..400, prop::sample::select(vec!["d", "h", "min", "w"])).prop_map(|(n, unit)| Span::of(n, unit).unwrap())
}

fn day() -> impl Strategy<Value = Day> {
    (0_i64..20_000).prop_map(|days| Day(days * DAY_US))
}

fn test() -> impl Strategy<Value = Test> {
    prop_oneof![
        prop::collection::vec(word(), 1..4).prop_map(Test::In),
        prop::collection::vec(word(), 1..4).prop_map(Test::NotIn),
        word().prop_map(Test::Contains),
        word().prop_map(Test::Starts),
        (prop::sample::select(Cmp::ALL.to_vec()), -5000_i64..5000).prop_map(|(cmp, n)| Test::Number(cmp, n as f64 / 8.0)),
        day().prop_map(Test::Before),
        day().prop_map(Test::Since),
        span().prop_map(Test::Within),
        span().prop_map(Test::OlderThan),
        span().prop_map(Test::Next),
        any::<bool>().prop_map(Test::Is),
        Just(Test::Known),
        Just(Test::Unknown),
    ]
}

fn condition() -> impl Strategy<Value = Rule> {
    let subject =
        (prop::sample::select(vec!["equals", "starts", "contains"]), word()).prop_map(|(kind, text)| Subject::of(kind, &text).unwrap());
    let count = prop_oneof![(1_i64..9).prop_map(Count::AtLeast), (0_i64..9).prop_map(Count::AtMost), (0_i64..9).prop_map(Count::Exactly)];
    let window = prop_oneof![
        Just(Window::Ever),
        span().prop_map(Window::Within),
        (day(), day()).prop_map(|(a, b)| Window::Between(a.min(b), a.max(b)))
    ];
    let name = prop::sample::select(vec!["page.viewed", "custom.my-event", "odd name"]).prop_map(str::to_owned);
    let event = (name, prop::option::of(subject), prop::option::of(0_i64..1_000_000), count, window)
        .prop_map(|(name, subject, min_amount, count, window)| Rule::Event(EventCondition { name, subject, min_amount, count, window }));
    let field = (prop::sample::select(vec!["city", "custom.size", "facet.contact.has_open_task"]), test())
        .prop_map(|(field, test)| Rule::Field(FieldCondition { field: field.to_owned(), test }));
    let score = (any::<bool>(), prop::sample::select(Cmp::ALL.to_vec()), 0_i64..100).prop_map(|(fit, cmp, points)| {
        Rule::Score(ScoreCondition { score: if fit { ScoreName::Fit } else { ScoreName::Engagement }, cmp, points })
    });
    let segment = word().prop_map(|segment| Rule::Segment(SegmentCondition { segment }));
    prop_oneof![event, field, score, segment]
}

fn rule() -> impl Strategy<Value = Rule> {
    let group = |inner: BoxedStrategy<Rule>| {
        (0_u8..3, prop::collection::vec(inner, 1..4)).prop_map(|(kind, members)| match kind {
            0 => Rule::All(members),
            1 => Rule::Any(members),
            _ => Rule::None(members),
        })
    };
    let inner = prop_oneof![3 => condition(), 1 => group(condition().boxed())].boxed();
    group(inner)
}

proptest! {
    #[test]
    fn text_reads_back_as_the_same_rule(rule in rule()) {
        let rule = rule.normal();
        prop_assume!(rule.depth() <= 3);
        let text = print(&rule, &|_| None);
        prop_assert_eq!(parse(&text).map_err(|e| format!("{e} in {text}")), Ok(rule.clone()));
        prop_assert_eq!(Rule::from_json(&rule.to_json()).unwrap(), rule);
    }

    #[test]
    fn no_text_is_too_odd_to_be_answered(text in "[a-z0-9()\"<>=., -]{0,60}") {
        if let Err(error) = parse(&text) {
            prop_assert!(error.at <= text.chars().count() + 1);
            prop_assert!(!error.message.is_empty());
        }
    }
}

#[test]
fn mistakes_are_told_with_their_place() {
    let at = |text: &str| parse(text).map_err(|e| (e.at, e.key)).unwrap_err();
    assert_eq!(at("city = "), (8, "rule-error-value"));
    assert_eq!(at("score >= 10 city is known"), (13, "rule-error-join"));
    assert_eq!(at("( score > 1"), (12, "rule-error-bracket"));
    assert_eq!(at("event page.viewed within soon"), (26, "rule-error-span"));
    assert_eq!(at("city = \"Ber"), (8, "rule-error-quote"));
    assert_eq!(at("city # 1"), (6, "rule-error-character"));
    assert_eq!(at(""), (1, "rule-error-condition"));
}
