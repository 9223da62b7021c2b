use attune_db::Db;
use attune_kernel::{Clock, DAY_US, Ids};
use attune_testkit::on_both_dbs;
use attune_web::{Actor, Doorman, Grant, PermissionDef, Scope};
use std::sync::Arc;

use super::*;
use crate::session::{self, StaffDoorman};
use crate::{api_key, role};

const NOW: i64 = 1_760_000_000_000_000;

fn ids() -> Ids {
    Ids::new(Clock::manual(NOW), 1)
}

fn form(name: &str, role: &str) -> StaffForm {
    StaffForm {
        name: name.to_owned(),
        email: format!("{}@example.com", name.to_lowercase()),
        role: role.to_owned(),
        locale: "zh-CN".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        password: "correct horse".to_owned(),
        active: Some("on".to_owned()),
        ..StaffForm::default()
    }
}

async fn add(db: &Db, ids: &Ids, name: &str, role: &str) -> i64 {
    let draft = form(name, role).hashed(true).await.unwrap().unwrap();
    let mut tx = db.begin().await.unwrap();
    let id = create(&mut tx, ids, NOW, &Actor::system(), &draft).await.unwrap();
    tx.commit().await.unwrap();
    id
}

fn permissions() -> Arc<Vec<PermissionDef>> {
    let def = |key, manager, agent| PermissionDef { key, label_key: "x", admin: Grant::All, manager, agent };
    Arc::new(vec![def("a.thing.view", Grant::Team, Grant::Own), def("govern.role.edit", Grant::None, Grant::None)])
}

on_both_dbs! {
    async fn a_colleague_signs_in_with_the_right_password_only(db: Db) {
        let ids = ids();
        let id = add(&db, &ids, "Mei", "agent").await;
        let mut tx = db.begin().await.unwrap();
        assert!(session::check_password(&mut tx, "mei@example.com", "wrong horse").await.unwrap().is_none());
        assert!(session::check_password(&mut tx, "nobody@example.com", "correct horse").await.unwrap().is_none());
        let found = session::check_password(&mut tx, " MEI@example.com ", "correct horse").await.unwrap().unwrap();
        assert_eq!(found.id, id);
        let token = session::open(&mut tx, &ids, NOW, id, "Firefox").await.unwrap();
        tx.commit().await.unwrap();
        let doorman = StaffDoorman::new(permissions());
        let hash = session::token_hash(&token);
        let actor = doorman.by_session(&db, &hash, NOW + 1).await.unwrap().unwrap();
        assert_eq!((actor.staff_id, actor.locale.tag()), (id, "zh-CN"));
        assert_eq!(actor.may("a.thing.view"), Some(&Scope::Own { staff_id: id }));
        assert_eq!(actor.may("govern.role.edit"), None);
        assert!(doorman.by_session(&db, &hash, NOW + 31 * DAY_US).await.unwrap().is_none(), "an unused session ends");
        let mut tx = db.begin().await.unwrap();
        session::close(&mut tx, &token).await.unwrap();
        tx.commit().await.unwrap();
        assert!(doorman.by_session(&db, &hash, NOW + 2).await.unwrap().is_none());
    }

    async fn an_address_belongs_to_one_colleague(db: Db) {
        let ids = ids();
        add(&db, &ids, "Mei", "agent").await;
        let draft = form("MEI", "agent").check(true).unwrap();
        let mut tx = db.begin().await.unwrap();
        let refused = create(&mut tx, &ids, NOW, &Actor::system(), &draft).await;
        assert!(matches!(refused, Err(StaffError::Form(errors)) if errors.has("email")));
    }

    async fn the_last_administrator_stays(db: Db) {
        let ids = ids();
        let first = add(&db, &ids, "Ada", "admin").await;
        let demoted = form("Ada", "agent").check(true).unwrap();
        let mut tx = db.begin().await.unwrap();
        assert!(matches!(update(&mut tx, &ids, NOW, &Actor::system(), first, &demoted).await, Err(StaffError::LastAdmin)));
        drop(tx);
        add(&db, &ids, "Bo", "admin").await;
        let mut tx = db.begin().await.unwrap();
        update(&mut tx, &ids, NOW, &Actor::system(), first, &demoted).await.unwrap();
        tx.commit().await.unwrap();
        let ada = find_staff(&mut db.read().await.unwrap(), first).await.unwrap().unwrap();
        assert_eq!(ada.role, Role::Agent);
    }

    async fn whoever_leaves_is_signed_out_everywhere(db: Db) {
        let ids = ids();
        add(&db, &ids, "Ada", "admin").await;
        let id = add(&db, &ids, "Mei", "agent").await;
        let mut tx = db.begin().await.unwrap();
        session::open(&mut tx, &ids, NOW, id, "Firefox").await.unwrap();
        let gone = StaffForm { active: None, password: String::new(), ..form("Mei", "agent") }.check(false).unwrap();
        update(&mut tx, &ids, NOW, &Actor::system(), id, &gone).await.unwrap();
        assert!(session::list_sessions(&mut tx, id, NOW).await.unwrap().is_empty());
        assert!(session::check_password(&mut tx, "mei@example.com", "correct horse").await.unwrap().is_none());
    }

    async fn a_grant_changed_by_an_administrator_holds_at_once(db: Db) {
        let ids = ids();
        let mut tx = db.begin().await.unwrap();
        role::set_grant(&mut tx, &ids, NOW, &Actor::system(), Role::Agent, "a.thing.view", Grant::None).await.unwrap();
        role::set_grant(&mut tx, &ids, NOW, &Actor::system(), Role::Admin, "govern.role.edit", Grant::None).await.unwrap();
        let agent = role::scopes(&mut tx, &permissions(), Role::Agent, 5, None).await.unwrap();
        assert!(!agent.contains_key("a.thing.view"));
        let admin = role::scopes(&mut tx, &permissions(), Role::Admin, 5, None).await.unwrap();
        assert!(admin.contains_key("govern.role.edit"), "an administrator cannot lock everybody out");
        let log = attune_record::audit::list(&mut tx, &Default::default(), 10).await.unwrap();
        assert_eq!(log.iter().filter(|line| line.action == "role.updated").count(), 2);
    }

    async fn a_key_works_until_it_is_revoked(db: Db) {
        let ids = ids();
        let mut tx = db.begin().await.unwrap();
        let token = api_key::create(&mut tx, &ids, NOW, &Actor::system(), "Shop", Role::Manager).await.unwrap();
        let id = api_key::list_keys(&mut tx).await.unwrap()[0].id;
        tx.commit().await.unwrap();
        let doorman = StaffDoorman::new(permissions());
        let hash = session::token_hash(&token);
        assert_eq!(doorman.by_api_key(&db, &hash, NOW).await.unwrap().unwrap().role, "manager");
        assert!(doorman.by_api_key(&db, "00", NOW).await.unwrap().is_none());
        let mut tx = db.begin().await.unwrap();
        api_key::revoke(&mut tx, &ids, NOW, &Actor::system(), id).await.unwrap();
        tx.commit().await.unwrap();
        assert!(doorman.by_api_key(&db, &hash, NOW).await.unwrap().is_none());
        let mut tx = db.begin().await.unwrap();
        assert!(api_key::revoke(&mut tx, &ids, NOW, &Actor::system(), id).await.is_err());
    }
}

#[test]
fn a_form_lists_every_mistake() {
    let wrong = StaffForm {
        email: "mei@".to_owned(),
        role: "boss".to_owned(),
        time_zone: "Mars/Base".to_owned(),
        password: "short".to_owned(),
        ..StaffForm::default()
    };
    let errors = wrong.check(true).unwrap_err();
    for field in ["name", "email", "role", "time_zone", "password"] {
        assert!(errors.has(field), "{field} passed");
    }
    assert!(StaffForm { password: String::new(), ..form("Mei", "agent") }.check(false).is_ok());
}
