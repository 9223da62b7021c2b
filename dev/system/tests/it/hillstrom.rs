//! A push funnel over 21,450 real customers, answered by what each of them truly did.

use crate::ground::{counted, ended, file, funnel_file, number, shared, take_on_agent};
use crate::push_funnel::{rounds, rounds_in_store};

const MAP: &str = "[constants]\nemail = \"row{row_id}@hillstrom.example\"\n";

/// What the file says: rows, customers in the two mail arms, of those who visited, and of those who bought.
fn truth(path: &std::path::Path) -> [i64; 4] {
    let mut reader = csv::Reader::from_reader(flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()));
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|column| column == name).unwrap();
    let (segment, visit, conversion) = (at("segment"), at("visit"), at("conversion"));
    let mut found = [0; 4];
    for row in reader.records().map(Result::unwrap) {
        let mailed = &row[segment] != "No E-Mail";
        let visited = mailed && &row[visit] == "1";
        let bought = visited && &row[conversion] == "1";
        for (count, is) in found.iter_mut().zip([true, mailed, visited, bought]) {
            *count += i64::from(is);
        }
    }
    found
}

on_both_engines! {
    /// Counts of every round equal those in the file, on both databases.
    async fn the_funnel_ends_with_the_counts_of_the_file(attune: Attune) {
        let Some(path) = shared("hillstrom_email_experiment/hillstrom_dev.csv.gz") else { return };
        let [all, mailed, visited, bought] = truth(&path);
        assert_eq!((all, mailed), (32_092, 21_450));
        take_on_agent(&attune, "mei").await;
        take_on_agent(&attune, "jonas").await;
        let map = file(&attune, "map.toml", MAP);
        let (made, _) = ended(&attune, 0, &["import", "contacts", &path.display().to_string(), "--map", &map]).await;
        assert_eq!((made["rows"].as_i64(), made["created"].as_i64()), (Some(all), Some(all)));
        let arms = "custom.segment = \"Mens E-Mail\" or custom.segment = \"Womens E-Mail\"";
        assert_eq!(counted(&attune, &["contacts", "--segment", arms]).await, mailed);
        let reps = "\"mei@attune.example\", \"jonas@attune.example\"";
        let funnel = file(&attune, "funnel.toml", &funnel_file("Hillstrom", arms, &["visit", "conversion"], reps));
        let (report, _) = ended(&attune, 0, &["push-funnel", "run", &funnel]).await;
        assert_eq!(rounds(&report), [[mailed, mailed, visited], [visited, visited, bought]]);
        assert_eq!((report["handed_over"].as_i64(), report["unknown"].as_i64()), (Some(80), Some(0)), "two reps, forty each");
        assert_eq!(rounds_in_store(&attune).await, rounds(&report));
        assert_eq!(number(&attune, "SELECT count(DISTINCT contact_id) FROM events WHERE name = 'lead.handed_over'").await, 80);
    }
}
