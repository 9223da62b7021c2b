use super::comparison::compare;
use super::record::mix;
use super::similarity::{is_rotation, jaro_winkler, one_slip, slips, soundex};
use super::*;

const GO_ON: Watch<'static> = &|_| true;

/// A number below `limit`, the same for the same seed.
fn draw(seed: u64, limit: u64) -> u64 {
    mix(seed.wrapping_mul(31)) % limit
}

/// A word that stands for a number.
fn word(number: u64) -> String {
    let syllables = ["ba", "ker", "lin", "mo", "ter", "vas", "son", "ri", "fel", "dun", "gar", "pe"];
    (0..3).map(|at| syllables[draw(number * 3 + at, 12) as usize]).collect()
}

/// Ranks that are drawn as names are: the first often, the last hardly ever.
fn skewed(seed: u64, limit: u64) -> u64 {
    draw(seed, 1 + draw(seed + 1, limit))
}

fn columns(kinds: &[(&str, Kind)]) -> Columns {
    Columns::new(kinds.iter().map(|(name, kind)| Column { name: (*name).to_owned(), kind: *kind }).collect())
}

/// The level of two values of a single column.
fn level(kind: Kind, a: &str, b: &str) -> Level {
    let columns = columns(&[("column", kind)]);
    let (mut a, mut b) = (Record::read(&columns, &[a]), Record::read(&columns, &[b]));
    // Words weigh the same, as in a table where none is known.
    for record in [&mut a, &mut b] {
        for cell in record.cells.iter_mut().flatten() {
            cell.rarity = 5.0;
            cell.words.iter_mut().for_each(|word| word.rarity = 5.0);
        }
    }
    let (mut found, mut turned) = (Vec::new(), Vec::new());
    compare(&columns, &a, &b, &mut found);
    compare(&columns, &b, &a, &mut turned);
    assert_eq!(found, turned, "comparing is the same both ways");
    found[0].level
}

fn people_columns() -> Columns {
    columns(&[
        ("given_name", Kind::GivenName),
        ("surname", Kind::Surname),
        ("street", Kind::Address),
        ("city", Kind::City),
        ("phone", Kind::Phone),
        ("born", Kind::Date),
    ])
}

type Row = [String; 6];

fn person(seed: u64) -> Row {
    let at = |column: u64| seed * 100 + column * 10;
    [
        word(skewed(at(1), 300)),
        word(1_000 + skewed(at(2), 900)),
        format!("{} {} street", 1 + draw(at(3), 200), word(3_000 + draw(at(4), 400))),
        word(5_000 + skewed(at(5), 60)),
        format!("+61 {}", 200_000_000 + draw(at(6), 700_000_000)),
        format!("{}-{:02}-{:02}", 1930 + draw(at(7), 70), 1 + draw(at(8), 12), 1 + draw(at(9), 28)),
    ]
}

/// The same person with one value spoilt.
fn spoilt(row: &Row, seed: u64) -> Row {
    let mut row = row.clone();
    let column = draw(seed, 6) as usize;
    match draw(seed + 1, 3) {
        0 => row[column].clear(),
        1 => row[column] = row[column].chars().rev().collect(),
        _ => row.swap(0, 1),
    }
    row
}

fn table_of(rows: &[Row]) -> Table {
    let mut table = Table::new(people_columns());
    for row in rows {
        table.push(row);
    }
    table
}

/// People, the last of them again with a spoilt value.
fn people(count: u64, again: u64) -> Vec<Row> {
    let originals: Vec<Row> = (0..count).map(person).collect();
    let copies = (0..again).map(|at| spoilt(&originals[(count - 1 - at) as usize], 7_000_000 + at * 10));
    originals.iter().cloned().chain(copies.collect::<Vec<_>>()).collect()
}

#[test]
fn similarities_are_those_of_the_papers() {
    let close = |a: f64, b: f64| (a - b).abs() < 5e-4;
    assert!(close(jaro_winkler("martha", "marhta"), 0.9611));
    assert!(close(jaro_winkler("dwayne", "duane"), 0.84));
    assert!(close(jaro_winkler("dixon", "dicksonx"), 0.8133));
    assert_eq!(jaro_winkler("abc", "xyz"), 0.0);
    assert_eq!([soundex("robert"), soundex("rupert"), soundex("ashcraft")], ["r163", "r163", "a2613"]);
}

#[test]
fn slips_are_counted_as_by_the_distance_itself() {
    let text = |seed: u64| (0..draw(seed, 6)).map(|at| ["a", "b", "c"][draw(seed * 10 + at, 3) as usize]).collect::<String>();
    let mut single = 0;
    for seed in 0..4_000 {
        let (a, b) = (text(seed), text(seed + 50_000));
        let distance = strsim::osa_distance(&a, &b);
        assert_eq!(one_slip(&a, &b), distance <= 1, "{a} {b}");
        assert_eq!(slips(&a, &b, 2), (distance <= 2).then_some(distance), "{a} {b}");
        single += usize::from(distance == 1);
    }
    assert!(single > 100, "the texts must try the rule: {single}");
    assert!(is_rotation("palmthe", "thepalm") && !is_rotation("palmthe", "thelamp"));
}

#[test]
fn names_agree_in_spite_of_spelling() {
    assert_eq!(level(Kind::Surname, "O'Neil", "oneil"), Level::Same);
    assert_eq!(level(Kind::Surname, "Müller", "Mueller"), Level::Same);
    assert_eq!(level(Kind::Surname, "harrington", "harringtno"), Level::Close);
    assert_eq!(level(Kind::Surname, "harrington", "harring"), Level::Part);
    assert_eq!(level(Kind::GivenName, "j", "john"), Level::Part);
    assert_eq!(level(Kind::GivenName, "elk i", "elki"), Level::Close);
    assert_eq!(level(Kind::Surname, "smith", "garanggar"), Level::Different);
    assert_eq!(level(Kind::FullName, "Smith, John", "john smith"), Level::Same);
    assert_eq!(level(Kind::Title, "palm  the", "the palm"), Level::Same);
    assert_eq!(level(Kind::Title, "spago (los angeles)", "spago"), Level::Part);
}

#[test]
fn chinese_names_agree_with_their_pinyin() {
    assert_eq!(level(Kind::FullName, "王小明", "王小明"), Level::Same);
    for latin in ["Wang Xiaoming", "xiaoming wang", "Xiao Ming Wang", "WANG XIAO-MING"] {
        assert!(level(Kind::FullName, "王小明", latin).agrees(), "{latin}");
    }
    assert!(level(Kind::FullName, "欧阳娜娜", "Ouyang Nana").agrees());
    assert!(level(Kind::FullName, "曾志伟", "zeng zhiwei").agrees(), "a surname has a sound of its own");
    assert_eq!(level(Kind::FullName, "王小明", "王晓明"), Level::Close, "other characters of the same sound");
    assert_eq!(level(Kind::GivenName, "小明", "Xiaoming"), Level::Same);
    assert!(!level(Kind::FullName, "王小明", "李娜").agrees());
}

#[test]
fn phones_agree_in_all_formats() {
    for other in ["310-246-1501", "(310) 246 1501", "+1 310 246 1501", "001-310-246-1501", "310.246.1501 ext 12"] {
        assert_eq!(level(Kind::Phone, "310/246-1501", other), Level::Same, "{other}");
    }
    for other in ["+86 138 0013 8000", "0086-13800138000", "８６１３８００１３８０００"] {
        assert_eq!(level(Kind::Phone, "138 0013 8000", other), Level::Same, "{other}");
    }
    assert_eq!(level(Kind::Phone, "310-246-1501", "310-246-1510"), Level::Close);
    assert_eq!(level(Kind::Phone, "310-246-1501", "310-246-9999"), Level::Faint);
    assert_eq!(level(Kind::Phone, "310-246-1501", "415-983-7724"), Level::Different);
}

#[test]
fn days_addresses_and_mailboxes_agree_in_their_own_ways() {
    assert_eq!(level(Kind::Date, "1980-07-20", "20.07.1980"), Level::Same);
    assert_eq!(level(Kind::Date, "19800720", "1980年7月20日"), Level::Same);
    assert_eq!(level(Kind::Date, "19800704", "19800407"), Level::Close);
    assert_eq!(level(Kind::Date, "19800720", "19631225"), Level::Different);
    assert_eq!(level(Kind::Address, "435 S. La Cienega Blv.", "435 south la cienega boulevard"), Level::Same);
    assert_eq!(level(Kind::Address, "156 Second Ave.", "156 2nd avenue"), Level::Same);
    assert!(!level(Kind::Address, "12 Main Street", "14 Main Street").agrees(), "numbers tell houses apart");
    assert_eq!(level(Kind::Email, "Li.Wei+news@Example.com", "li.wei@example.com"), Level::Same);
    assert_eq!(level(Kind::Email, "li.wei@example.com", "liwei@exmaple.com"), Level::Close);
    assert_eq!(level(Kind::Email, "li.wei@example.com", "li.wei@other.org"), Level::Part);
    assert!(!level(Kind::Email, "li.wei7@example.com", "li.wei9@example.com").agrees(), "numbers tell namesakes apart");
}

#[test]
fn columns_are_known_by_their_names_and_values() {
    let headers =
        ["givenName", "Last Name", "E-Mail", "tel", "date_of_birth", "soc_sec_id", "address_1", "street_number", "姓名", "手机", "x", "y"];
    let row = [
        "ann",
        "lee",
        "a@b.co",
        "310-246-1501",
        "19800720",
        "6988048",
        "main street",
        "12",
        "王小明",
        "13800138000",
        "a@b.co",
        "1980-01-02",
    ];
    let sample: Vec<Vec<&str>> = vec![row.to_vec(); 3];
    let kinds: Vec<Kind> = Columns::infer(&headers, &sample).iter().map(|column| column.kind).collect();
    let expected = [
        Kind::GivenName,
        Kind::Surname,
        Kind::Email,
        Kind::Phone,
        Kind::Date,
        Kind::Code,
        Kind::Address,
        Kind::StreetNumber,
        Kind::FullName,
        Kind::Phone,
        Kind::Email,
        Kind::Date,
    ];
    assert_eq!(kinds, expected);
    let flags = Columns::infer(&["email_allowed"], &[vec!["yes"], vec!["no"]]);
    assert_ne!(flags.iter().next().map(|column| column.kind), Some(Kind::Email), "the values contradict the name");
}

#[test]
fn a_number_of_the_row_is_told_from_a_number_of_a_person() {
    let rows = [["r-1", "7", "Ada", "9"], ["r-2", "8", "Bo", ""], ["r-3", "7", "Cy", "8"]];
    let columns = Columns::infer(&["rec_id", "soc_sec_id", "name", "member"], &rows.map(|row| row.to_vec()));
    let rows: Vec<&[&str]> = rows.iter().map(<[&str; 4]>::as_slice).collect();
    assert_eq!(columns.numbering(&rows), [0], "two share one, one has none, and a name is no number");
    assert!(columns.numbering(&rows[..1]).is_empty(), "of one row nothing is known");
}

#[test]
fn misspelt_exchanged_and_reformatted_records_share_a_key() {
    let rows = people(5_000, 200);
    let model = Model::learn(&table_of(&rows));
    let keys = |row: &Row| model.blocking_keys(&model.prepare(row));
    let shared = |a: &Row, b: &Row| keys(a).iter().filter(|key| keys(b).contains(key)).count();
    let original = person(77);
    // Names so common that each alone is no key: only together they are.
    let most_common = |column: usize| {
        let mut counts = std::collections::BTreeMap::new();
        rows.iter().for_each(|row| *counts.entry(&row[column]).or_insert(0) += 1);
        let (name, count) = counts.into_iter().max_by_key(|(_, count)| *count).unwrap();
        assert!(count > blocking::COMMON, "{name} is common: {count}");
        name.clone()
    };
    let mut named: Row = Default::default();
    (named[0], named[1]) = (most_common(0), most_common(1));
    let mut exchanged = named.clone();
    exchanged.swap(0, 1);
    let mut slipped = original.clone();
    slipped[1].insert(2, 'q');
    let mut reformatted: Row = Default::default();
    reformatted[4] = original[4].replace("+61 ", "0061-");
    assert_eq!((keys(&named).len(), shared(&named, &exchanged)), (1, 1));
    assert!(shared(&original, &slipped) >= 2);
    assert!(shared(&original, &reformatted) >= 1);
    let strangers = (100..300).filter(|other| shared(&original, &person(*other)) > 0).count();
    assert!(strangers < 20, "few strangers share a key: {strangers}");
    assert_eq!(keys(&original), keys(&original));
}

#[test]
fn a_key_of_too_many_records_finds_nobody() {
    let crowd = |size: u32| blocking::Blocks::build(200, (0..size).map(|record| (5, record)).collect());
    assert_eq!(crowd(LARGEST_BLOCK as u32).most_pairs(), (LARGEST_BLOCK * (LARGEST_BLOCK - 1) / 2) as u64);
    assert_eq!(crowd(LARGEST_BLOCK as u32 + 1).most_pairs(), 0);
}

#[test]
fn learning_finds_the_parameters_of_made_up_data() {
    let (count, again) = (3_000, 900);
    let mut rows: Vec<Row> = (0..count).map(person).collect();
    for at in 0..again {
        let mut copy = rows[at as usize].clone();
        // Birthdays are wrong in 30 of 100 copies, cities in 10.
        if draw(at + 9_000_000, 100) < 30 {
            copy[5] = person(at + 500_000)[5].clone();
        }
        if draw(at + 9_500_000, 100) < 10 {
            copy[3] = format!("{}x{}", word(at + 77_000), word(at + 78_000));
        }
        rows.push(copy);
    }
    let model = Model::learn(&table_of(&rows));
    let all = (rows.len() * (rows.len() - 1)) as f64 / 2.0;
    assert!((model.prior * all / again as f64 - 1.0).abs() < 0.05, "{} pairs", model.prior * all);
    let same = |column: usize| model.fields[column].same.alone.get(Level::Same);
    assert!((same(5) - 0.70).abs() < 0.04, "born {}", same(5));
    assert!((same(3) - 0.90).abs() < 0.04, "city {}", same(3));
    let mut counts = std::collections::HashMap::new();
    (0..count).for_each(|seed| *counts.entry(person(seed)[1].clone()).or_insert(0.0) += 1.0);
    let chance: f64 = counts.values().map(|count: &f64| (count / 3_000.0).powi(2)).sum();
    let learned = model.fields[1].other.alone.get(Level::Same);
    assert!((learned / chance - 1.0).abs() < 0.25, "surnames agree by chance {chance}, learned {learned}");
}

#[test]
fn duplicates_are_found_and_strangers_are_not() {
    let rows = people(2_000, 300);
    let table = table_of(&rows);
    let groups = group(&table, &Model::learn(&table), THRESHOLD, GO_ON).unwrap();
    let right = groups.iter().filter(|group| matches!(group[..], [a, b] if b >= 2_000 && a == 1_999 - (b - 2_000))).count();
    assert!(right >= 297, "{right} of 300 found");
    assert!(groups.len() <= right + 3, "{} groups, {right} of them right", groups.len());
}

#[test]
fn a_table_without_duplicates_stays_as_it_is() {
    let table = table_of(&people(2_000, 0));
    let groups = group(&table, &Model::learn(&table), THRESHOLD, GO_ON).unwrap();
    assert!(groups.len() <= 2, "{groups:?}");
}

#[test]
fn families_are_not_one_person() {
    // Also where families are many and duplicates few.
    for again in [20, 200] {
        let mut rows = people(2_000, again);
        for at in 0..400 {
            let mut relative = person(600_000 + at);
            for shared in [1, 2, 3, 4] {
                relative[shared] = rows[at as usize][shared].clone();
            }
            rows.push(relative);
        }
        let table = table_of(&rows);
        let groups = group(&table, &Model::learn(&table), THRESHOLD, GO_ON).unwrap();
        let merged = groups.iter().filter(|group| group.iter().any(|record| *record >= 2_000 + again)).count();
        assert!(merged <= 8, "{merged} of 400 families merged");
        // A copy with another given name, one in nine, looks like a relative.
        assert!(groups.len() as u64 - merged as u64 >= again * 85 / 100, "{} groups of {again}", groups.len());
    }
}

#[test]
fn rare_agreement_weighs_more_and_missing_values_nothing() {
    let rows = people(2_000, 200);
    let model = Model::learn(&table_of(&rows));
    let mut counts = std::collections::BTreeMap::new();
    rows.iter().for_each(|row| *counts.entry(row[1].clone()).or_insert(0) += 1);
    let common = counts.iter().max_by_key(|(_, count)| **count).unwrap().0;
    let rare = counts.iter().find(|(_, count)| **count == 1).unwrap().0;
    let weight = |surname: &str| {
        let record = model.prepare(&["", surname, "", "", "", ""]);
        let verdict = model.compare(&record, &record);
        assert_eq!(verdict.evidence.len(), 1, "missing values are no evidence");
        verdict.weight
    };
    assert!(weight(rare) > weight(common) + 2.0, "{} {}", weight(rare), weight(common));
    let nothing = model.prepare(&["", "", "", "", "", ""]);
    let verdict = model.compare(&nothing, &model.prepare(&rows[0]));
    assert!(verdict.weight.abs() < 0.1 && verdict.evidence.is_empty(), "{verdict:?}");
    assert!((verdict.probability / model.prior - 1.0).abs() < 0.1);
}

#[test]
fn exchanged_names_are_evidence_for() {
    let rows = people(2_000, 300);
    let model = Model::learn(&table_of(&rows));
    let original = &rows[1_000];
    let mut exchanged = original.clone();
    exchanged.swap(0, 1);
    let verdict = model.compare(&model.prepare(original), &model.prepare(&exchanged));
    let names: Vec<_> = verdict.evidence.iter().take(2).map(|line| line.level).collect();
    assert_eq!(names, [Level::Elsewhere, Level::Elsewhere]);
    assert!(verdict.probability > 0.99);
    let sum: f64 = verdict.evidence.iter().map(|line| line.weight).sum();
    assert!((sum - verdict.weight).abs() < 1e-6, "the lines add up to the weight");
}

#[test]
fn the_order_of_records_does_not_matter() {
    let rows = people(1_200, 150);
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|at| mix(*at as u64));
    let shuffled: Vec<Row> = order.iter().map(|at| rows[*at].clone()).collect();
    let (table, other) = (table_of(&rows), table_of(&shuffled));
    let model = Model::learn(&table);
    assert_eq!(model, Model::learn(&table));
    assert_eq!(model, Model::learn(&other));
    let named = |groups: Vec<Vec<u64>>, name: &dyn Fn(u64) -> u64| {
        let mut groups: Vec<Vec<u64>> = groups.into_iter().map(|group| group.into_iter().map(name).collect()).collect();
        groups.iter_mut().for_each(|group: &mut Vec<u64>| group.sort_unstable());
        groups.sort();
        groups
    };
    let first = named(group(&table, &model, THRESHOLD, GO_ON).unwrap(), &|at| at);
    let second = named(group(&other, &model, THRESHOLD, GO_ON).unwrap(), &|at| order[at as usize] as u64);
    assert_eq!(first, second);
    assert!(!first.is_empty());
}

#[test]
fn one_weak_pair_chains_nobody() {
    let pair = |left, right, weight| Pair { left, right, weight, probability: 0.9 };
    let pairs = [pair(1, 2, 12.0), pair(3, 4, 12.0), pair(2, 3, 1.0)];
    assert_eq!(cluster(&pairs, 0.0, |_, _| -8.0), [vec![1, 2], vec![3, 4]]);
    // A bad copy belongs to its original though it is unlike another copy.
    let pairs = [pair(1, 2, 12.0), pair(1, 3, 9.0)];
    assert_eq!(cluster(&pairs, 0.0, |_, _| -2.0), [vec![1, 2, 3]]);
    assert_eq!(cluster(&pairs, 10.0, |_, _| -2.0), [vec![1, 2]], "pairs below the least weight do not count");
}

#[test]
fn tables_free_of_duplicates_are_linked_one_to_one() {
    let originals: Vec<Row> = (0..800).map(person).collect();
    let copies: Vec<Row> = (300..800).map(|at| spoilt(&originals[at as usize], at * 10)).collect();
    let linked = |left: &[Row], right: &[Row]| {
        let (left, right) = (table_of(left), table_of(right));
        let model = Model::learn_across(&left, &right);
        (model.one_to_one, link(&left, &right, &model, THRESHOLD, GO_ON).unwrap())
    };
    let (one_to_one, pairs) = linked(&originals, &copies);
    let right = pairs.iter().filter(|pair| pair.left == pair.right + 300).count();
    assert!(one_to_one && right >= 495 && pairs.len() <= right + 3, "{right} of {}", pairs.len());
    let twice: Vec<Row> = copies.iter().cloned().chain((300..800).map(|at| spoilt(&originals[at as usize], at * 10 + 5_000_000))).collect();
    let (one_to_one, pairs) = linked(&originals, &twice);
    assert!(!one_to_one && pairs.len() > 950, "both copies are linked: {}", pairs.len());
}

#[test]
fn a_stored_model_gives_the_same_keys_and_verdicts() {
    let rows = people(1_200, 100);
    let model = Model::learn(&table_of(&rows));
    let stored: Model = serde_json::from_str(&serde_json::to_string(&model).unwrap()).unwrap();
    let (a, b) = (model.prepare(&rows[1_150]), model.prepare(&rows[1_240]));
    assert_eq!(model.blocking_keys(&a), stored.blocking_keys(&stored.prepare(&rows[1_150])));
    let (before, after) = (model.compare(&a, &b).weight, stored.compare(&a, &b).weight);
    assert!((before - after).abs() < 1e-9);
    assert_eq!(model.compare(&a, &b), model.compare(&b, &a));
}

#[test]
fn a_scan_tells_its_progress_and_stops_when_told() {
    let table = table_of(&people(1_200, 50));
    let model = Model::learn(&table);
    let last = std::sync::Mutex::new(0);
    let watch = |progress: Progress| {
        let mut last = last.lock().unwrap();
        *last = progress.done.max(*last);
        true
    };
    find(&table, &model, THRESHOLD, &watch).unwrap();
    assert_eq!(*last.lock().unwrap(), 1_250);
    assert_eq!(find(&table, &model, THRESHOLD, &|_| false), Err(Stopped));
}

#[test]
fn empty_and_tiny_tables_have_no_duplicates() {
    for count in [0, 1, 2] {
        let table = table_of(&people(count, 0));
        assert_eq!(group(&table, &Model::learn(&table), THRESHOLD, GO_ON), Ok(vec![]));
    }
}
