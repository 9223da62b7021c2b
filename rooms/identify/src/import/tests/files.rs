//! Files as they come: Excel workbooks, and every way to write a CSV.

use super::super::lines::Lines;
use super::super::source::Source;
use super::*;

/// A workbook with these rows, a number where a value is one.
fn workbook(rows: &[&[&str]]) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (row, values) in (0..).zip(rows) {
        for (column, value) in (0..).zip(*values) {
            match value.parse::<f64>() {
                Ok(number) => sheet.write(row, column, number).unwrap(),
                Err(_) => sheet.write(row, column, *value).unwrap(),
            };
        }
    }
    book.save_to_buffer().unwrap()
}

attune_testkit::on_both_dbs! {
    async fn a_workbook_comes_in_as_the_same_table_in_text(db: Db) {
        let bench = bench(&db);
        let rows: Vec<Vec<&str>> = LEADS.trim_end().lines().map(|line| line.split(',').collect()).collect();
        let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
        let (_folder, path) = file("leads.xlsx", &workbook(&rows));
        let first = import(&bench, &path, &Options::default()).await;
        assert_eq!(counts(&first), [3, 3, 0, 0, 0]);
        assert_eq!((people(&db, "小明").await, people(&db, "jons").await, people(&db, "55501").await), (1, 1, 1));
        let (_folder, text) = file("leads.csv", LEADS.as_bytes());
        assert_eq!(counts(&import(&bench, &text, &Options::default()).await), [3, 0, 0, 3, 0], "the text says nothing new");
    }

    async fn many_lines_at_once_are_found_by_their_words(db: Db) {
        let bench = bench(&db);
        let lines = |word: &str| (0..2_500).map(|n| format!("p-{n},{word}{n},{n}@many.example,+49 30 77{n:05}\n")).collect::<String>();
        let text = |word: &str| format!("Prospect ID,First Name,Email,Phone\n{}", lines(word));
        let (_folder, path) = file("many.csv", text("Ada").as_bytes());
        assert_eq!(counts(&import(&bench, &path, &Options::default()).await), [2_500, 2_500, 0, 0, 0]);
        assert_eq!((people(&db, "ada2499").await, people(&db, "ada1").await, people(&db, "7702499").await), (1, 1_111, 1));
        let (_folder, renamed) = file("many.csv", text("Zoe").as_bytes());
        assert_eq!(counts(&import(&bench, &renamed, &Options::default()).await), [2_500, 0, 2_500, 0, 0]);
        assert_eq!((people(&db, "ada2499").await, people(&db, "zoe2499").await, people(&db, "zoe1").await), (0, 1, 1_111));
    }

    async fn a_refused_row_of_a_workbook_has_the_number_excel_shows(db: Db) {
        let bench = bench(&db);
        // Semicolons within a cell are no delimiters; the third row is empty.
        let rows: [&[&str]; 4] = [&["email", "city;area"], &["ada@bonn.example", "Bonn;Süd"], &[], &["broken", "Köln;Nord"]];
        let (_folder, path) = file("people.xlsx", &workbook(&rows));
        let outcome = import(&bench, &path, &Options::default()).await;
        assert_eq!(counts(&outcome), [2, 1, 0, 0, 1]);
        let lines: Vec<i64> = outcome.errors.iter().map(|error| error.line).collect();
        assert_eq!(lines, [4]);
    }
}

#[tokio::test]
async fn a_locked_or_old_workbook_is_refused_with_what_to_do() {
    let (_folder, path) = file("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and the rest");
    let error = profile::Profile::read(&Source::File(path)).await.unwrap_err().to_string();
    assert!(error.contains("save it as .xlsx without a password"), "{error}");
}

/// Each file of the collection beside the workspace means what its JSON says.
#[tokio::test]
async fn every_way_to_write_a_table_is_read() {
    let folder = Path::new("/work/shared/data/csv_spectrum");
    if !folder.exists() {
        eprintln!("SKIPPED: {} is not here", folder.display());
        return;
    }
    let mut seen = 0;
    for entry in std::fs::read_dir(folder.join("csvs")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let truth = std::fs::read_to_string(folder.join(format!("json/{name}.json"))).unwrap();
        let mut truth = match serde_json::from_str(&truth).unwrap() {
            serde_json::Value::Array(rows) => rows,
            row => vec![row],
        };
        if name == "location_coordinates" {
            // The collection gives another number here than its own file has.
            truth[0]["Contact Phone Number"] = "2095257564".into();
        }
        let read: Vec<serde_json::Value> =
            read(Source::File(path)).await.into_iter().map(|row| serde_json::to_value(row).unwrap()).collect();
        assert_eq!(read, truth, "{name}");
        seen += 1;
    }
    assert_eq!(seen, 12);
}

/// The rows of a file, each as column and value.
async fn read(source: Source) -> Vec<BTreeMap<String, String>> {
    let profile = profile::Profile::read(&source).await.unwrap();
    let plan = profile.guess(&[]);
    let names: Vec<String> = plan.columns.iter().map(|column| column.column.clone()).collect();
    let mut lines = Lines::open(&source, &plan, |lines| lines).unwrap();
    let mut rows = Vec::new();
    while let Some(batch) = lines.next().await.unwrap() {
        for line in batch {
            let values = line.values.unwrap();
            rows.push(names.iter().cloned().zip(values.iter().map(str::to_owned)).collect());
        }
    }
    rows
}
