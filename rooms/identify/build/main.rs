//! Turns uap-core's rules, which come in the package of the `ua-parser` crate, into tables the program carries.
//!
//! Nothing is fetched: cargo has the package on the disk by then, with the checksum of `Cargo.lock`.

mod needs;
mod table;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use table::{Rule, Table};

/// The names of the three tables in the file and in the program.
const TABLES: [(&str, &str); 3] = [("user_agent_parsers", "BROWSERS"), ("os_parsers", "SYSTEMS"), ("device_parsers", "DEVICES")];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build");
    let file = package()?.join("uap-core/regexes.yaml");
    println!("cargo::rerun-if-changed={}", file.display());
    let tables = table::read(&fs::read_to_string(&file)?)?;
    let out = Path::new(&env::var("OUT_DIR")?).join("rules.rs");
    fs::write(out, written(&tables)?)?;
    Ok(())
}

/// The package with the rules; the version is the one pinned in the manifest of the workspace.
const NAME: &str = "ua-parser";
const VERSION: &str = "0.2.2";

/// The directory of the package: where cargo unpacks what it downloads, else where it says.
///
/// Cargo is asked second, because without a connection it answers only when it has every package of the workspace, those of the tests too.
fn package() -> Result<PathBuf, Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=CARGO_HOME");
    let home = env::var("CARGO_HOME").or_else(|_| env::var("HOME").map(|home| format!("{home}/.cargo")))?;
    let registries = fs::read_dir(Path::new(&home).join("registry/src"));
    let unpacked = registries.into_iter().flatten().flatten().map(|registry| registry.path().join(format!("{NAME}-{VERSION}")));
    match unpacked.into_iter().find(|folder| folder.is_dir()) {
        Some(folder) => Ok(folder),
        None => asked(),
    }
}

/// Where cargo says the package is: of vendored sources, for one.
fn asked() -> Result<PathBuf, Box<dyn Error>> {
    let listed = Command::new(env::var("CARGO")?)
        .args(["metadata", "--format-version=1", "--offline", "--locked", "--filter-platform", &env::var("HOST")?])
        .arg("--manifest-path")
        .arg(Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("Cargo.toml"))
        .output()?;
    if !listed.status.success() {
        return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&listed.stderr)).into());
    }
    let all: serde_json::Value = serde_json::from_slice(&listed.stdout)?;
    let packages = all.get("packages").and_then(|list| list.as_array()).ok_or("cargo metadata lists no packages")?;
    let is_it = |package: &&serde_json::Value| {
        package.get("name").is_some_and(|it| it == NAME) && package.get("version").is_some_and(|it| it == VERSION)
    };
    let manifest = packages.iter().find(is_it).and_then(|package| package.get("manifest_path")).and_then(|path| path.as_str());
    let manifest = manifest.ok_or_else(|| format!("cargo knows no package {NAME} {VERSION}"))?;
    Ok(Path::new(manifest).parent().ok_or("a manifest without a directory")?.to_owned())
}

/// The program text of the tables, and of the literals their rules wait for.
fn written(tables: &BTreeMap<String, Table>) -> Result<String, Box<dyn Error>> {
    let mut literals: BTreeMap<String, usize> = BTreeMap::new();
    let mut text = String::new();
    for (key, name) in TABLES {
        let rules = tables.get(key).ok_or_else(|| format!("no table {key}"))?;
        writeln!(text, "static {name}: [Rule; {}] = [", rules.len())?;
        for rule in rules {
            writeln!(text, "{}", written_rule(rule, &mut literals)?)?;
        }
        writeln!(text, "];")?;
    }
    let mut by_number: Vec<_> = literals.into_iter().collect();
    by_number.sort_by_key(|(_, number)| *number);
    writeln!(text, "static LITERALS: [&str; {}] = [", by_number.len())?;
    for (literal, _) in by_number {
        writeln!(text, "    {literal:?},")?;
    }
    writeln!(text, "];")?;
    Ok(text)
}

fn written_rule(rule: &Rule, literals: &mut BTreeMap<String, usize>) -> Result<String, Box<dyn Error>> {
    let of = |key: &str| rule.get(key).map(String::as_str).filter(|value| *value != "null");
    let pattern = shortened(of("regex").ok_or("a rule without a pattern")?);
    let fold = of("regex_flag") == Some("i");
    let mut needs = String::new();
    for clause in needs::of(&pattern, fold)? {
        let numbers = clause.into_iter().map(|literal| {
            let next = literals.len();
            literals.entry(literal).or_insert(next).to_string()
        });
        write!(needs, "&[{}], ", numbers.collect::<Vec<_>>().join(", "))?;
    }
    let family = of("family_replacement").or(of("os_replacement")).or(of("device_replacement"));
    Ok(format!("    Rule {{ pattern: {pattern:?}, fold: {fold}, family: {family:?}, needs: &[{needs}] }},"))
}

/// A pattern whose long bounded repetitions have no bound: they are there for engines that go back without end, which ours does not,
/// and each would cost hundreds of states.
fn shortened(pattern: &str) -> String {
    let mut pattern = pattern.to_owned();
    for bound in [50, 100, 200, 300] {
        pattern = pattern.replace(&format!("{{0,{bound}}}"), "*").replace(&format!("{{1,{bound}}}"), "+");
    }
    pattern
}
