//! `/settings/roles`: a grid of permissions and roles.

use std::collections::HashMap;

use askama::Template;
use attune_house::App;
use attune_web::{Answer, Can, Flash, Form, Grant, PermissionDef, Problem, Shell, kit::Choice};
use axum::extract::State;

use crate::EditRoles;
use crate::staff::Role;

#[derive(Template)]
#[template(path = "role/grid.html")]
struct GridPage {
    shell: Shell,
    roles: Vec<(Role, String)>,
    rows: Vec<GridRow>,
    choices: Vec<Choice>,
}

struct GridRow {
    key: &'static str,
    label: String,
    reach: Vec<(Role, &'static str)>,
}

impl GridRow {
    fn field(&self, role: &Role) -> String {
        format!("{}:{}", role.word(), self.key)
    }
}

impl GridPage {
    fn cell_label(&self, row: &GridRow, role: &Role) -> String {
        format!("{}, {}", row.label, self.shell.l.t(&format!("govern-role-{}", role.word())))
    }
}

/// GET /settings/roles
pub(crate) async fn page(State(app): State<App>, _: Can<EditRoles>, shell: Shell) -> Answer {
    let mut tx = app.db.read().await?;
    let mut granted = HashMap::new();
    for role in Role::ALL {
        for (key, grant) in super::grants(&mut tx, &app.permissions, role).await? {
            granted.insert((role.word(), key), super::word(grant));
        }
    }
    let row = |def: &PermissionDef| GridRow {
        key: def.key,
        label: shell.l.t(def.label_key).to_string(),
        reach: Role::ALL.iter().map(|role| (*role, granted.get(&(role.word(), def.key)).copied().unwrap_or("none"))).collect(),
    };
    let rows = app.permissions.iter().map(row).collect();
    let roles = Role::ALL.iter().map(|role| (*role, shell.l.t(&format!("govern-role-{}", role.word())).to_string())).collect();
    let reaches = [Grant::All, Grant::Team, Grant::Own, Grant::None];
    let choices =
        reaches.iter().map(|grant| Choice::new(super::word(*grant), shell.l.t(&format!("govern-reach-{}", super::word(*grant))))).collect();
    let page = GridPage { shell, roles, rows, choices };
    Ok(page.shell.page(&page))
}

/// POST /settings/roles
pub(crate) async fn save(State(app): State<App>, can: Can<EditRoles>, shell: Shell, Form(typed): Form<HashMap<String, String>>) -> Answer {
    let mut tx = app.db.begin().await?;
    for role in Role::ALL {
        for (key, now) in super::grants(&mut tx, &app.permissions, role).await? {
            let field = format!("{}:{key}", role.word());
            let Some(word) = typed.get(&field) else { continue };
            let wanted = super::grant_of(word).ok_or(Problem::Unreadable(field))?;
            if wanted != now {
                super::set_grant(&mut tx, &app.ids, app.clock.now(), &can.actor, role, key, wanted).await?;
            }
        }
    }
    tx.commit().await?;
    Ok(shell.leave("/settings/roles", Flash::good("govern-saved")))
}
