//! `attune evaluate agents`: what each `User-Agent` of a file says.

use std::io::{BufWriter, Write, stdout};
use std::path::Path;

use attune_identify::tracking::{Agent, Agents};
use attune_kernel::Fault;
use serde::Deserialize;
use serde_json::json;

use super::super::{Ended, Outcome, Say};

pub(super) fn run(file: &Path, say: &Say) -> Outcome {
    let Ok(text) = attune_identify::import::read_text(file) else {
        return Ok(Ended::WrongUse(say.l().of("cli-no-file").s("file", file.display()).to_string()));
    };
    let texts = match agents_of(&text) {
        Ok(texts) => texts,
        Err(error) => {
            let told = say.l().of("cli-evaluate-not-understood").s("file", file.display()).s("why", error);
            return Ok(Ended::WrongUse(told.to_string()));
        }
    };
    let agents = Agents::default();
    let mut out = BufWriter::new(stdout().lock());
    let mut machines: i64 = 0;
    for text in &texts {
        let agent = agents.read(text);
        machines += i64::from(agent.machine.is_some());
        print(&mut out, &agent, say)?;
    }
    out.flush()?;
    let total = i64::try_from(texts.len()).unwrap_or(i64::MAX);
    say.line(say.l().of("cli-evaluated-agents").n("count", total).n("machines", machines));
    Ok(Ended::Well)
}

/// A pattern of a list of crawlers with the agents that show it.
#[derive(Deserialize)]
struct Crawler {
    instances: Vec<String>,
}

/// The agents of a text: a JSON list of crawlers with their `instances`, a table with a column `user_agent_string` or `user_agent`, else
/// one agent per line.
fn agents_of(text: &str) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    if text.trim_start().starts_with('[') {
        let list: Vec<Crawler> = serde_json::from_str(text)?;
        return Ok(list.into_iter().flat_map(|crawler| crawler.instances).collect());
    }
    let mut table = csv::Reader::from_reader(text.as_bytes());
    let column = table.headers()?.iter().position(|name| matches!(name, "user_agent_string" | "user_agent"));
    match column {
        None => Ok(text.lines().map(str::to_owned).collect()),
        Some(column) => table.records().map(|row| Ok(row?.get(column).unwrap_or_default().to_owned())).collect(),
    }
}

/// The line of an agent. What is unknown is called `Other`, as the rules call it.
fn print(out: &mut impl Write, agent: &Agent, say: &Say) -> Result<(), Fault> {
    let named = |name: &str| if name.is_empty() { "Other".to_owned() } else { name.to_owned() };
    let (browser, os, device) = (named(&agent.browser), named(&agent.os), named(&agent.model));
    let reason = agent.machine.map(attune_identify::tracking::Machine::code);
    if say.is_json() {
        let line = json!({
            "machine": reason.is_some(), "reason": reason, "browser": browser, "os": os, "device": device, "class": agent.device,
        });
        writeln!(out, "{line}")?;
    } else {
        writeln!(out, "{browser}\t{os}\t{device}\t{}", reason.unwrap_or("-"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::agents_of;

    #[test]
    fn lists_tables_and_lines_are_read() {
        assert_eq!(agents_of(r#"[{"pattern":"x","instances":["a","b"]},{"instances":["c"]}]"#).unwrap(), ["a", "b", "c"]);
        assert_eq!(agents_of("user_agent_string,family\n\"Mozilla (a, b)\",Other\n").unwrap(), ["Mozilla (a, b)"]);
        assert_eq!(agents_of("Mozilla (a, b)\n\ncurl/8\n").unwrap(), ["Mozilla (a, b)", "", "curl/8"], "every line has its answer");
        assert!(agents_of("[{\"pattern\":").is_err());
    }
}
