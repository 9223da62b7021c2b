//! `attune user create` and `attune api-key create`.

use attune_govern::staff::{self, Role, StaffError, StaffForm};
use attune_govern::{api_key, session};
use attune_kernel::{Clock, Fault, Ids};
use attune_web::Actor;
use serde_json::json;

use super::{Ended, Outcome, Say};
use crate::boot::open_store;
use crate::cli::UserCreate;
use crate::config::Config;

pub(super) async fn create_user(config: &Config, store: &str, args: UserCreate, say: &Say) -> Outcome {
    let db = open_store(config, store).await?;
    let (clock, ids) = (Clock::system(), Ids::new(Clock::system(), config.work.node_number));
    let made = args.password.is_none();
    let password = match args.password {
        Some(password) => password,
        None => session::fresh_token()?.chars().take(16).collect(),
    };
    let form = StaffForm {
        name: args.name,
        email: args.email,
        role: args.role,
        locale: say.l().tag().to_owned(),
        time_zone: say.l().zone_name().to_owned(),
        password: password.clone(),
        active: Some("on".to_owned()),
        ..StaffForm::default()
    };
    let mut draft = match form.hashed(true).await? {
        Ok(draft) => draft,
        Err(errors) => return Ok(Ended::WrongUse(told(&errors, say))),
    };
    let mut tx = db.begin().await?;
    if let Some(team) = &args.team {
        draft.team_id = Some(staff::ensure_team(&mut tx, &ids, clock.now(), &Actor::system(), team).await?);
    }
    let id = match staff::create(&mut tx, &ids, clock.now(), &Actor::system(), &draft).await {
        Ok(id) => id,
        Err(StaffError::Form(errors)) => return Ok(Ended::WrongUse(told(&errors, say))),
        Err(other) => return Err(Fault::from(other)),
    };
    tx.commit().await?;
    let shown = if made { format!("\n{password}") } else { String::new() };
    let value = json!({ "id": staff::StaffId(id), "email": draft.email, "role": draft.role.word(), "password": made.then_some(&password) });
    say.result(&value, format!("{} <{}> {}{shown}", draft.name, draft.email, draft.role.word()));
    Ok(Ended::Well)
}

fn told(errors: &attune_web::FormErrors, say: &Say) -> String {
    let texts = attune_web::Texts::build(&[crate::LOCALES, attune_govern::LOCALES]);
    let Ok(texts) = texts else { return "the arguments are wrong".to_owned() };
    let l = attune_web::Lang::new(std::sync::Arc::new(texts), say.l().locale(), say.l().zone().clone());
    let lines: Vec<String> = errors.all(&l).into_iter().map(|(field, words)| format!("--{}: {words}", field.replace('_', "-"))).collect();
    lines.join("\n")
}

pub(super) async fn create_key(config: &Config, store: &str, role: &str, name: &str, say: &Say) -> Outcome {
    let db = open_store(config, store).await?;
    let (clock, ids) = (Clock::system(), Ids::new(Clock::system(), config.work.node_number));
    let role = Role::of(role).unwrap_or(Role::Agent);
    let mut tx = db.begin().await?;
    let token = api_key::create(&mut tx, &ids, clock.now(), &Actor::system(), name, role).await?;
    tx.commit().await?;
    say.result(&json!({ "key": token, "role": role.word(), "name": name }), &token);
    Ok(Ended::Well)
}
