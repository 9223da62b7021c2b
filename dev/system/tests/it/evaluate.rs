//! How well the program reads what others have labelled, as `attune evaluate` tells it.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::ground::{lite, shared};

/// What the program says about the agents of a file, one line each.
async fn told(file: &Path) -> Vec<Value> {
    let attune = lite();
    let ended = attune.run_without_store(&["--json", "evaluate", "agents", &file.display().to_string()]).await.unwrap();
    assert_eq!(ended.code, Some(0), "{}", ended.errors);
    ended.output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The column `family` of a table of agents.
fn families(file: &Path) -> Vec<String> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(file).unwrap()).read_to_string(&mut text).unwrap();
    let mut table = csv::Reader::from_reader(text.as_bytes());
    let column = table.headers().unwrap().iter().position(|name| name == "family").unwrap();
    table.records().map(|row| row.unwrap()[column].to_owned()).collect()
}

fn share(right: usize, all: usize) -> f64 {
    right as f64 / all as f64
}

#[tokio::test(flavor = "multi_thread")]
async fn families_of_agents_agree_with_the_labels() {
    for (name, key) in [("ua", "browser"), ("pgts_browser", "browser"), ("os", "os"), ("device", "device")] {
        let Some(path) = shared(&format!("user_agents/uap_{name}_dev.csv.gz")) else { return };
        let (told, labels) = (told(&path).await, families(&path));
        assert_eq!(told.len(), labels.len(), "{name}: one line per agent");
        let right = told.iter().zip(&labels).filter(|(told, label)| told[key] == label.as_str()).count();
        assert!(share(right, labels.len()) >= 0.97, "{name}: {right} of {}", labels.len());
        if key == "device" {
            let people: Vec<&Value> = told.iter().zip(&labels).filter(|(_, label)| *label != "Spider").map(|(told, _)| told).collect();
            let wronged = people.iter().filter(|told| told["machine"] == true).count();
            assert!(share(wronged, people.len()) <= 0.005, "{wronged} of {} people are taken for machines", people.len());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn crawlers_are_known_as_machines() {
    let Some(path) = shared("bots/crawler-user-agents_dev.json") else { return };
    let told = told(&path).await;
    let found = told.iter().filter(|told| told["machine"] == true).count();
    assert!(told.len() > 1_000 && share(found, told.len()) >= 0.97, "{found} of {}", told.len());
    assert!(told.iter().all(|told| told["machine"].as_bool() == Some(told["reason"].is_string())), "a machine has its reason");
}

/// A copy of a FEBRL table with a column `entity`, the number within `rec_id`. `rec_id` stays: a number of the row is no help and must be no harm.
fn with_entity(folder: &Path, name: &str) -> Option<PathBuf> {
    let mut table = csv::Reader::from_path(shared(&format!("febrl_person_duplicates/{name}.csv"))?).unwrap();
    let path = folder.join(format!("{name}.csv"));
    let mut copy = csv::Writer::from_path(&path).unwrap();
    let headers = table.headers().unwrap().clone();
    copy.write_record(["entity"].into_iter().chain(headers.iter())).unwrap();
    for row in table.records() {
        let row = row.unwrap();
        copy.write_record([row[0].split('-').nth(1).unwrap()].into_iter().chain(row.iter())).unwrap();
    }
    copy.flush().unwrap();
    Some(path)
}

/// F1 of the duplicates found under these arguments.
async fn f1(arguments: &[&str]) -> f64 {
    let ended = lite().run_without_store(&[&["--json", "evaluate", "duplicates"], arguments].concat()).await.unwrap();
    assert_eq!(ended.code, Some(0), "{arguments:?}: {}", ended.errors);
    let told = ended.json().unwrap();
    let number = |key: &str| told[key].as_f64().unwrap();
    let (precision, recall, f1) = (number("precision"), number("recall"), number("f1"));
    assert!((f1 - 2.0 * precision * recall / (precision + recall)).abs() < 1e-9, "{told}");
    f1
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_are_found_without_labels() {
    let folder = tempfile::tempdir().unwrap();
    let Some(tables) = ["febrl_dataset1", "febrl_dataset2", "febrl_dataset4a", "febrl_dataset4b"]
        .iter()
        .map(|name| with_entity(folder.path(), name).map(|path| path.display().to_string()))
        .collect::<Option<Vec<String>>>()
    else {
        return;
    };
    let [one, two, left, right] = tables.as_slice() else { return };
    for files in [vec![one.as_str()], vec![two], vec![left, right]] {
        let all = f1(&[&files[..], &["--entity-column", "entity"]].concat()).await;
        assert!(all >= 0.999, "{files:?}: {all}");
        let fewer = f1(&[&files[..], &["--entity-column", "entity", "--ignore", "soc_sec_id,date_of_birth"]].concat()).await;
        assert!(fewer >= 0.998, "{files:?} without two columns: {fewer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_restaurants_are_found_in_two_guides() {
    let guides = ["fodors", "zagats", "matches_fodors_zagats"].map(|name| shared(&format!("fodors_zagats/{name}.csv")));
    let [Some(fodors), Some(zagats), Some(matches)] = guides.map(|path| path.map(|path| path.display().to_string())) else { return };
    let found = f1(&[&fodors, &zagats, "--truth", &matches]).await;
    assert!(found >= 0.97, "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_judged_says_what_to_do() {
    let attune = lite();
    let path = crate::ground::file(&attune, "people.csv", "name,city\nAda,Bonn\nAda,Bonn\n");
    for (arguments, word) in
        [(vec![], "--entity-column"), (vec!["--entity-column", "who"], "no column who"), (vec!["--truth", "/nowhere"], "/nowhere")]
    {
        let ended = attune.run_without_store(&[&["evaluate", "duplicates", &path], &arguments[..]].concat()).await.unwrap();
        assert_eq!(ended.code, Some(2), "{arguments:?}");
        assert!(ended.errors.contains(word), "{arguments:?}: {}", ended.errors);
    }
}
