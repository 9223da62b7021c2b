//! Files of people come in once, however often they are brought, and every line that cannot be taken is named.

use crate::ground::{counted, counts, ended, file, number, rows, shared};

/// Lines of the made-up file.
pub const PEOPLE: usize = 3_000;

/// A made-up file of customers: every fourth interest is the form's untouched "Select", line 1,502 holds no e-mail address and line 2,002
/// lacks its last columns. `city` of the first ten differs with `moved`.
pub fn customers(moved: bool) -> String {
    let mut text = String::from("Customer No,First Name,Last Name,Email,Company,City,Interest,Visits,Signed Up\n");
    let (interests, cities) = (["Select", "Boats", "Bikes", "Tents"], ["Bremen", "Lyon", "Porto", "上海"]);
    for n in 1..=PEOPLE {
        let email = if n == 1_501 { "no address".to_owned() } else { format!("customer{n}@made-up.example") };
        let city = if moved && n <= 10 { "Oslo" } else { cities[n % 4] };
        let company = format!("Firm {}", n % 37);
        let (interest, visits, day) = (interests[n % 4], n % 23, 1 + n % 28);
        if n == 2_001 {
            text.push_str("C2001,Given2001\n");
            continue;
        }
        text.push_str(&format!("C{n},Given{n},\"Family, {n}\",{email},{company},{city},{interest},{visits},2026-03-{day:02}\n"));
    }
    text
}

on_both_engines! {
    /// The same file again changes nothing; what is wrong is listed with its line and cause, and ends with 1.
    async fn a_file_comes_in_once(attune: Attune) {
        let path = file(&attune, "customers.csv", &customers(false));
        let (dry, told) = ended(&attune, 1, &["import", "contacts", &path, "--dry-run"]).await;
        assert_eq!(counts(&dry), [3_000, 2_998, 0, 0, 2]);
        assert!(told.contains("1502: email") && told.contains("2002: columns"), "{told}");
        assert_eq!(counted(&attune, &["contacts"]).await, 0, "a dry run writes nothing");

        let (first, told) = ended(&attune, 1, &["import", "contacts", &path]).await;
        assert_eq!(counts(&first), [3_000, 2_998, 0, 0, 2]);
        assert!(told.contains("1502: email") && told.contains("no address") && told.contains("2002: columns"), "{told}");
        let (second, _) = ended(&attune, 1, &["import", "contacts", &path]).await;
        assert_eq!(counts(&second), [3_000, 0, 0, 2_998, 2]);
        assert_eq!(counted(&attune, &["contacts"]).await, 2_998);
        assert_eq!(number(&attune, "SELECT count(DISTINCT email_key) FROM contacts").await, 2_998);
        assert_eq!(counted(&attune, &["companies"]).await, 37);
        assert_eq!(counted(&attune, &["contacts", "--segment", "custom.interest = \"Select\""]).await, 0, "the placeholder is no value");
        assert_eq!(counted(&attune, &["contacts", "--segment", "custom.interest = \"Boats\""]).await, 748);
        assert_eq!(counted(&attune, &["contacts", "--segment", "city = \"上海\" and custom.visits >= 20"]).await, shanghai());
        let one = rows(&attune, "SELECT name, external_id, city FROM contacts WHERE email_key = 'customer8@made-up.example'").await;
        assert_eq!(one, [["Given8 Family, 8", "C8", "Bremen"]]);
        let kept = rows(&attune, "SELECT count(*) FROM import_errors").await;
        assert_eq!(kept, [["4"]], "both imports keep their rejected lines for the page");
    }

    /// A changed file updates those who changed and nobody else.
    async fn a_changed_file_updates(attune: Attune) {
        let first = file(&attune, "customers.csv", &customers(false));
        ended(&attune, 1, &["import", "contacts", &first]).await;
        let moved = file(&attune, "moved.csv", &customers(true));
        let (second, _) = ended(&attune, 1, &["import", "contacts", &moved]).await;
        assert_eq!(counts(&second), [3_000, 0, 10, 2_988, 2]);
        assert_eq!(counted(&attune, &["contacts", "--segment", "city = \"Oslo\""]).await, 10);
    }

    /// Without a column that is called an id, people are the same by their address; with `--key` by any column.
    async fn people_are_matched_by_key_or_address(attune: Attune) {
        let first = file(&attune, "first.csv", "name,email,badge\nAnn,Ann@A.example,7\nBob,bob@b.example,8\n");
        let (made, _) = ended(&attune, 0, &["import", "contacts", &first]).await;
        assert_eq!(counts(&made), [2, 2, 0, 0, 0]);
        let second = file(&attune, "second.csv", "name,email,badge\nAnn Two,ann@a.example,9\nCid,cid@c.example,10\n");
        let (made, _) = ended(&attune, 0, &["import", "contacts", &second]).await;
        assert_eq!(counts(&made), [2, 1, 1, 0, 0]);
        let third = file(&attune, "third.csv", "badge,name\nA1,Dot\nA2,Eve\n");
        let (made, _) = ended(&attune, 0, &["import", "contacts", &third, "--key", "badge"]).await;
        assert_eq!(counts(&made), [2, 2, 0, 0, 0]);
        let fourth = file(&attune, "fourth.csv", "badge,name\nA1,Dot Three\nA2,Eve\n");
        let (made, _) = ended(&attune, 0, &["import", "contacts", &fourth, "--key", "badge"]).await;
        assert_eq!(counts(&made), [2, 0, 1, 1, 0]);
        assert_eq!(counted(&attune, &["contacts"]).await, 5);
    }

    /// 6,441 real leads of a school with 37 columns and "Select" for nothing.
    async fn real_leads_come_in_once(attune: Attune) {
        let Some(path) = shared("x_education_leads/leads_dev.csv") else { return };
        let path = path.display().to_string();
        let (first, _) = ended(&attune, 0, &["import", "contacts", &path]).await;
        assert_eq!(counts(&first), [6_441, 6_441, 0, 0, 0]);
        let (second, _) = ended(&attune, 0, &["import", "contacts", &path]).await;
        assert_eq!(counts(&second), [6_441, 0, 0, 6_441, 0]);
        assert_eq!(counted(&attune, &["contacts"]).await, 6_441);
        assert_eq!(number(&attune, "SELECT count(*) FROM contacts WHERE fields LIKE '%\"Select\"%'").await, 0, "Select is no value");
        let mut truth = csv::Reader::from_path(&path).unwrap();
        let header = truth.headers().unwrap().clone();
        let at = |name: &str| header.iter().position(|column| column == name).unwrap();
        let (converted, specialised) = (at("Converted"), at("Specialization"));
        let all: Vec<csv::StringRecord> = truth.records().map(Result::unwrap).collect();
        let expected = |test: &dyn Fn(&csv::StringRecord) -> bool| i64::try_from(all.iter().filter(|row| test(row)).count()).unwrap();
        let bought = expected(&|row| &row[converted] == "1");
        assert_eq!(counted(&attune, &["contacts", "--segment", "custom.converted = 1"]).await, bought);
        let finance = expected(&|row| &row[specialised] == "Finance Management");
        assert_eq!(counted(&attune, &["contacts", "--segment", "custom.specialization = \"Finance Management\""]).await, finance);
    }
}

fn shanghai() -> i64 {
    let taken = (1..=PEOPLE).filter(|n| ![1_501, 2_001].contains(n));
    i64::try_from(taken.filter(|n| n % 4 == 3 && n % 23 >= 20).count()).unwrap()
}
