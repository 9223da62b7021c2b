//! Help, versions, and the JSON every command promises to programs.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::ground::{counted, ended, file, keys, lite};

/// Every command, with a word of its help in Chinese.
const COMMANDS: [(&[&str], &str); 27] = [
    (&[], "命令"),
    (&["serve"], "端口"),
    (&["demo"], "种子"),
    (&["import"], "导入"),
    (&["import", "contacts"], "CSV"),
    (&["import", "companies"], "CSV"),
    (&["import", "events"], "CSV"),
    (&["import", "undo"], "编号"),
    (&["export"], "文件"),
    (&["export", "contacts"], "视图"),
    (&["export", "companies"], "公司"),
    (&["export", "person"], "本人"),
    (&["replay-log"], "日志"),
    (&["count"], "联系人"),
    (&["user"], "员工"),
    (&["user", "create"], "邮箱"),
    (&["api-key"], "密钥"),
    (&["api-key", "create"], "密钥"),
    (&["push-funnel"], "run"),
    (&["push-funnel", "run"], "TOML"),
    (&["evaluate"], "检验"),
    (&["evaluate", "agents"], "爬虫"),
    (&["evaluate", "duplicates"], "重复"),
    (&["doctor"], "检查"),
    (&["migrate"], "用法"),
    (&["backup"], "备份"),
    (&["restore"], "备份"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_command_has_help_in_both_languages() {
    let attune = lite();
    for (command, word) in COMMANDS {
        let english = attune.run_without_store(&[command, &["--help"]].concat()).await.unwrap();
        assert_eq!(english.code, Some(0), "{command:?}: {}", english.errors);
        assert!(english.output.contains("Usage: attune"), "{command:?}: {}", english.output);
        assert!(english.output.is_ascii(), "{command:?} is not all English: {}", english.output);
        let chinese = attune.run_without_store(&[command, &["--lang", "zh-CN", "--help"]].concat()).await.unwrap();
        assert_eq!(chinese.code, Some(0), "{command:?}: {}", chinese.errors);
        assert!(chinese.output.contains("用法") && chinese.output.contains(word), "{command:?} lacks {word}: {}", chinese.output);
        assert!(!chinese.output.contains("Usage") && !chinese.output.contains("Options"), "{command:?}: {}", chinese.output);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_chooses_the_language_and_the_option_overrules_it() {
    let attune = lite().with("ATTUNE_LANG", "zh-CN");
    assert!(attune.run_without_store(&["--help"]).await.unwrap().output.contains("用法"));
    assert!(attune.run_without_store(&["--lang", "en", "--help"]).await.unwrap().output.contains("Usage"));
    let counted = attune.run(&["--json", "count", "contacts"]).await.unwrap();
    assert_eq!(counted.code, Some(0), "{}", counted.errors);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_version_is_told() {
    let told = lite().run_without_store(&["--version"]).await.unwrap();
    assert_eq!((told.code, told.output.trim()), (Some(0), concat!("attune ", env!("CARGO_PKG_VERSION"))));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rest_interface_is_described() {
    let finished = lite().run_without_store(&["openapi"]).await.unwrap();
    assert_eq!(finished.code, Some(0), "{}", finished.errors);
    let document = finished.json().unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."), "{}", document["openapi"]);
    let paths = document["paths"].as_object().unwrap();
    for noun in ["contacts", "companies", "events", "segments", "campaigns"] {
        let there = paths.keys().any(|path| path.starts_with(&format!("/api/v1/{noun}")));
        assert!(there, "/api/v1/{noun} is missing among {:?}", paths.keys().collect::<Vec<_>>());
    }
    assert_eq!(wild_references(&document), BTreeSet::new());
}

/// References that lead nowhere.
fn wild_references(document: &Value) -> BTreeSet<String> {
    let mut wild = BTreeSet::new();
    let mut open = vec![document];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(values) => open.extend(values),
            Value::Object(map) => {
                if let Some(target) = map.get("$ref").and_then(Value::as_str)
                    && target.strip_prefix('#').and_then(|pointer| document.pointer(pointer)).is_none()
                {
                    wild.insert(target.to_owned());
                }
                open.extend(map.values());
            }
            _ => {}
        }
    }
    wild
}

on_both_engines! {
    /// A fresh store is made by the first command that needs one; later ones find it up to date.
    async fn the_store_is_brought_up_to_date(attune: Attune) {
        let (first, _) = ended(&attune, 0, &["migrate"]).await;
        assert_eq!(keys(&first), BTreeSet::from(["migrations"]));
        let names: Vec<&str> = first["migrations"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        assert!(names.len() > 10 && names.is_sorted(), "{names:?}");
        let (second, _) = ended(&attune, 0, &["migrate"]).await;
        assert_eq!(second["migrations"], serde_json::json!([]));
        let told = attune.run(&["migrate"]).await.unwrap();
        assert_eq!(told.output.trim(), "The store is up to date");
    }

    /// A new store holds nobody, and says so in one number.
    async fn records_are_counted(attune: Attune) {
        for what in ["contacts", "companies", "events"] {
            assert_eq!(counted(&attune, &[what]).await, 0);
        }
        let people = "no,name,email,company,visits\n1,Ann,ann@a.example,Able,3\n2,Bob,bob@b.example,Baker,12\n3,Cid,cid@c.example,Able,20\n";
        let path = file(&attune, "people.csv", people);
        attune.json(&["import", "contacts", &path]).await.unwrap();
        assert_eq!(counted(&attune, &["contacts"]).await, 3);
        assert_eq!(counted(&attune, &["companies"]).await, 2);
        assert!(counted(&attune, &["events"]).await >= 3, "each contact came in with an event");
        assert_eq!(counted(&attune, &["contacts", "--segment", "custom.visits >= 12"]).await, 2);
        assert_eq!(counted(&attune, &["contacts", "--segment", "custom.visits >= 12 and name = \"Bob\""]).await, 1);
        assert_eq!(counted(&attune, &["contacts", "--segment", "company = Able"]).await, 2, "who is meant is known by name");
        let firms = file(&attune, "firms.csv", "no,company,website,parent\n1,Able,able.example,\n2,Dog,dog.example,Able\n3,Egg,egg.example,Nobody\n");
        let (taken, _) = ended(&attune, 1, &["import", "companies", &firms]).await;
        assert_eq!((&taken["created"], &taken["updated"], &taken["rejected"]), (&1.into(), &1.into(), &1.into()));
        assert_eq!(counted(&attune, &["companies"]).await, 3);
        let told = attune.run(&["count", "contacts"]).await.unwrap();
        assert_eq!((told.code, told.output.trim()), (Some(0), "3"));
    }
}
