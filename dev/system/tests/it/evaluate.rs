//! How well the program reads what others have labelled, as `attune evaluate` tells it.

use std::io::Read;
use std::path::Path;

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
