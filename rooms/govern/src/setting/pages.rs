//! `/settings`: one form per room, saved by room.

use std::collections::HashMap;

use askama::Template;
use attune_db::Tx;
use attune_house::{App, SettingError, SettingKind};
use attune_web::{Actor, Answer, Can, Flash, Form, FormErrors, Problem, Shell, SignedIn};
use axum::extract::State;

use super::Shown;
use crate::EditSettings;

#[derive(Template)]
#[template(path = "setting/index.html")]
struct IndexPage {
    shell: Shell,
    groups: Vec<Group>,
    errors: FormErrors,
}

struct Group {
    room: String,
    title_key: String,
    settings: Vec<Shown>,
}

/// GET /settings
pub(crate) async fn index(State(app): State<App>, _: SignedIn, shell: Shell) -> Answer {
    let groups = groups(&app, &shell, &HashMap::new()).await?;
    let page = IndexPage { shell, groups, errors: FormErrors::new() };
    Ok(page.shell.page(&page))
}

/// POST /settings
pub(crate) async fn save(
    State(app): State<App>,
    can: Can<EditSettings>,
    shell: Shell,
    Form(typed): Form<HashMap<String, String>>,
) -> Answer {
    let mut tx = app.db.begin().await?;
    let errors = change_room(&mut tx, &app, &can.actor, &typed).await?;
    if !errors.is_empty() {
        drop(tx);
        let groups = groups(&app, &shell, &typed).await?;
        let page = IndexPage { shell, groups, errors };
        return Ok(page.shell.again(&page, &page));
    }
    app.workspace.rename(&super::workspace(&mut tx).await?);
    tx.commit().await?;
    Ok(shell.leave("/settings", Flash::good("govern-saved")))
}

/// Stores every setting of the room the form names; what is wrong is answered, and then nothing must be kept.
async fn change_room(tx: &mut Tx, app: &App, actor: &Actor, typed: &HashMap<String, String>) -> Result<FormErrors, Problem> {
    let mut errors = FormErrors::new();
    let room = typed.get("room").map_or("", String::as_str);
    for def in app.house().settings.iter().filter(|def| room_of(def.key) == room) {
        let value = typed.get(def.key).map_or("", String::as_str);
        if let Err(error) = super::change(tx, &app.ids, app.clock.now(), actor, def, value).await? {
            explain(&mut errors, def.key, &error);
        }
    }
    Ok(errors)
}

fn explain(errors: &mut FormErrors, key: &str, error: &SettingError) {
    match error {
        SettingError::Range { min, max } => errors.add(key, "web-out-of-range").n("min", *min).n("max", *max),
        SettingError::Network(entry) => errors.add(key, "govern-setting-network").s("entry", entry),
        SettingError::Template(words) => errors.add(key, "govern-setting-template").s("words", words),
        SettingError::Choice(list) => errors.add(key, "govern-setting-choice").s("list", list),
    };
}

fn room_of(key: &str) -> &str {
    key.split('.').next().unwrap_or("")
}

async fn groups(app: &App, shell: &Shell, typed: &HashMap<String, String>) -> Result<Vec<Group>, Problem> {
    if !shell.may("govern.setting.edit") {
        return Ok(Vec::new());
    }
    let mut tx = app.db.read().await?;
    let mut groups: Vec<Group> = Vec::new();
    for mut shown in super::list(&mut tx, app.house()).await? {
        if let Some(value) = typed.get(shown.def.key) {
            shown.value.clone_from(value);
        }
        let room = room_of(shown.def.key);
        match groups.last_mut().filter(|group| group.room == room) {
            Some(group) => group.settings.push(shown),
            None => groups.push(Group { room: room.to_owned(), title_key: format!("govern-group-{room}"), settings: vec![shown] }),
        }
    }
    Ok(groups)
}

impl Shown {
    pub(crate) fn is_bool(&self) -> bool {
        self.def.kind == SettingKind::Bool
    }

    pub(crate) fn is_hidden(&self) -> bool {
        self.def.kind == SettingKind::Hidden
    }

    pub(crate) fn bounds(&self) -> Option<(String, String)> {
        match self.def.kind {
            SettingKind::Int { min, max } => Some((min.to_string(), max.to_string())),
            _ => None,
        }
    }

    pub(crate) fn choices(&self, l: &attune_web::Lang) -> Vec<attune_web::kit::Choice> {
        let SettingKind::Choice(list) = self.def.kind else { return Vec::new() };
        let of = |value: &&str| attune_web::kit::Choice::new(*value, l.t(&format!("{}-{value}", self.def.label_key)));
        list.iter().map(of).collect()
    }

    pub(crate) fn hint(&self, l: &attune_web::Lang) -> String {
        l.t(&format!("{}-hint", self.def.label_key)).to_string()
    }
}
