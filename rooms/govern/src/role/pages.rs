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
    let rows = rows(&app, &shell).await?;
    let roles = Role::ALL.iter().map(|role| (*role, shell.l.t(&format!("govern-role-{}", role.word())).to_string())).collect();
    let page = GridPage { roles, rows, choices: reaches(&shell), shell };
    Ok(page.shell.page(&page))
}

/// Every permission with how far it reaches for each role.
async fn rows(app: &App, shell: &Shell) -> Result<Vec<GridRow>, Problem> {
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
    Ok(app.permissions.iter().map(row).collect())
}

/// What a cell of the grid offers.
fn reaches(shell: &Shell) -> Vec<Choice> {
    let words = [Grant::All, Grant::Team, Grant::Own, Grant::None].map(super::word);
    words.iter().map(|word| Choice::new(word, shell.l.t(&format!("govern-reach-{word}")))).collect()
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
