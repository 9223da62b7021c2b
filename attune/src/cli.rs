//! The command line: one definition for parsing, help in both languages and the reference.

use std::path::PathBuf;

use attune_kernel::Locale;
use attune_web::Lang;
use clap::{Arg, ArgAction, Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand};

/// `attune`. Help texts are in `locales/`, keyed by the path of the command and the name of the argument.
#[derive(Debug, Parser)]
#[command(name = "attune", version, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    pub general: General,
    #[command(subcommand)]
    pub command: Verb,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
pub struct General {
    #[arg(long, global = true, value_name = "DIR|URL")]
    pub store: Option<String>,
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[arg(long, global = true)]
    pub json: bool,
    #[arg(long, global = true, value_name = "en|zh-CN")]
    pub lang: Option<String>,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Verb {
    Serve(Serve),
    Demo(Demo),
    Import {
        #[command(subcommand)]
        what: Import,
    },
    Export {
        #[command(subcommand)]
        what: Export,
    },
    ReplayLog {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    Count(Count),
    User {
        #[command(subcommand)]
        what: User,
    },
    ApiKey {
        #[command(subcommand)]
        what: ApiKey,
    },
    PushFunnel {
        #[command(subcommand)]
        what: PushFunnel,
    },
    Evaluate {
        #[command(subcommand)]
        what: Evaluate,
    },
    Doctor,
    Migrate,
    Backup {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    Restore {
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[arg(long)]
        force: bool,
    },
    Openapi,
}

#[derive(Debug, Args)]
pub struct Serve {
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
}

#[derive(Debug, Args)]
pub struct Demo {
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    #[arg(long)]
    pub reset: bool,
    #[arg(long)]
    pub once: bool,
}

#[derive(Debug, Subcommand)]
pub enum Import {
    Contacts(ImportTable),
    Companies(ImportTable),
    Events(ImportEvents),
    Undo {
        #[arg(value_name = "ID")]
        id: String,
    },
}

#[derive(Debug, Args)]
pub struct ImportTable {
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[arg(long, value_name = "COLUMN")]
    pub key: Option<String>,
    #[arg(long, value_name = "FILE")]
    pub map: Option<PathBuf>,
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
pub struct ImportEvents {
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[arg(long, value_name = "FILE")]
    pub map: Option<PathBuf>,
    #[arg(long)]
    pub create_missing: bool,
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Subcommand)]
pub enum Export {
    Contacts(ExportList),
    Companies(ExportList),
    Person {
        #[arg(value_name = "ID")]
        id: String,
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub struct ExportList {
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[arg(long, value_name = "QUERY")]
    pub filter: Option<String>,
    #[arg(long, value_name = "NAME", conflicts_with = "filter")]
    pub view: Option<String>,
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub columns: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Count {
    #[arg(value_name = "contacts|companies|events", value_parser = ["contacts", "companies", "events"])]
    pub what: String,
    #[arg(long, value_name = "RULE")]
    pub segment: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum User {
    Create(UserCreate),
}

#[derive(Debug, Args)]
pub struct UserCreate {
    #[arg(long)]
    pub email: String,
    #[arg(long)]
    pub name: String,
    #[arg(long, default_value = "admin", value_parser = ["admin", "manager", "agent"])]
    pub role: String,
    #[arg(long)]
    pub team: Option<String>,
    #[arg(long, env = "ATTUNE_PASSWORD", hide_env_values = true)]
    pub password: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum ApiKey {
    Create {
        #[arg(long, value_parser = ["admin", "manager", "agent"])]
        role: String,
        #[arg(long, default_value = "cli")]
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Evaluate {
    Duplicates(EvaluateDuplicates),
    Agents {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("labels").required(true).args(["entity_column", "truth"]))]
pub struct EvaluateDuplicates {
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[arg(value_name = "FILE2")]
    pub second: Option<PathBuf>,
    #[arg(long, value_name = "COLUMN")]
    pub entity_column: Option<String>,
    #[arg(long, value_name = "FILE")]
    pub truth: Option<PathBuf>,
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub ignore: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub enum PushFunnel {
    Run {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

impl Cli {
    /// The language of the command line: `--lang`, else `ATTUNE_LANG`, else the system's.
    pub fn locale() -> Locale {
        let mut args = std::env::args();
        let mut wished = None;
        while let Some(arg) = args.next() {
            match arg.strip_prefix("--lang") {
                Some("") => wished = args.next(),
                Some(rest) => wished = rest.strip_prefix('=').map(str::to_owned),
                None => {}
            }
        }
        let system =
            || ["ATTUNE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
        let text = wished.or_else(system).unwrap_or_default();
        if text.starts_with("zh") { Locale::ZhCn } else { Locale::En }
    }

    /// Parses the arguments; help comes in the language of `l`.
    pub fn read(l: &Lang) -> Result<Self, clap::Error> {
        let matches = command(l).try_get_matches()?;
        Self::from_arg_matches(&matches)
    }
}

/// The command with its help in one language.
pub fn command(l: &Lang) -> Command {
    localised(Cli::command(), "cli", l)
}

fn localised(command: Command, path: &str, l: &Lang) -> Command {
    let say = |key: &str| l.t(key).to_string();
    let children: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    let args: Vec<String> = command.get_arguments().map(|a| a.get_id().to_string()).collect();
    let template =
        format!("{{about-with-newline}}\n{}: {{usage}}\n{}{{all-args}}\n", say("cli-usage"), if children.is_empty() { "" } else { "\n" });
    let mut command = command
        .about(say(path))
        .help_template(template)
        .subcommand_help_heading(say("cli-commands"))
        .next_help_heading(say("cli-options"))
        .disable_help_flag(true)
        .disable_version_flag(true)
        .arg(Arg::new("help").long("help").short('h').action(ArgAction::Help).help(say("cli-help")).help_heading(say("cli-options")));
    if path == "cli" {
        let version = Arg::new("version").long("version").short('V').action(ArgAction::Version).help(say("cli-version"));
        command = command.arg(version.help_heading(say("cli-options")));
    }
    for id in args {
        let key = argument_key(path, &id);
        let (help, heading) = (say(&key), say("cli-options"));
        command = command.mut_arg(&id, |arg| {
            if arg.is_positional() { arg.help(help).help_heading(say("cli-arguments")) } else { arg.help(help).help_heading(heading) }
        });
    }
    for name in children {
        let below = format!("{path}-{name}");
        command = command.mut_subcommand(&name, |child| localised(child, &below, l));
    }
    command
}

/// The locale key of an argument; the general ones have the same text everywhere.
fn argument_key(path: &str, id: &str) -> String {
    let id = id.replace('_', "-");
    match id.as_str() {
        "store" | "config" | "json" | "lang" => format!("cli-arg-{id}"),
        _ => format!("{path}-arg-{id}"),
    }
}

#[cfg(test)]
mod tests {
    use attune_web::Texts;

    use super::*;

    fn keys(command: &Command, path: &str, found: &mut Vec<String>) {
        found.push(path.to_owned());
        found.extend(command.get_arguments().map(|a| argument_key(path, a.get_id().as_str())));
        for child in command.get_subcommands() {
            keys(child, &format!("{path}-{}", child.get_name()), found);
        }
    }

    #[test]
    fn every_command_and_argument_has_its_help() {
        let texts = Texts::build(&[crate::LOCALES]).unwrap();
        let mut found = Vec::new();
        keys(&Cli::command(), "cli", &mut found);
        let missing: Vec<String> = found.into_iter().filter(|key| !texts.has(key)).collect();
        assert!(missing.is_empty(), "no text for {missing:?}");
    }

    #[test]
    fn both_languages_print_help() {
        let texts = Texts::build(&[crate::LOCALES]).unwrap();
        let texts = std::sync::Arc::new(texts);
        let lang = |locale| Lang::new(texts.clone(), locale, jiff::tz::TimeZone::UTC);
        let zh = command(&lang(Locale::ZhCn)).render_help().to_string();
        let en = command(&lang(Locale::En)).render_help().to_string();
        assert!(zh.contains("用法") && en.contains("Usage"));
        command(&lang(Locale::En)).debug_assert();
    }
}
