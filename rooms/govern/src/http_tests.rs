//! The way in and the settings through the whole web, with the doorman this room really posts.

use std::sync::Arc;

use attune_db::Db;
use attune_house::{Room, StaffLink};
use attune_kernel::DAY_US;
use attune_testkit::{Got, StatusCode, TestApp};

use crate::session::StaffDoorman;

const ADA: &str = "name=Ada&email=ada@brandt.example&password=correct+horse";

fn site(db: Db) -> TestApp {
    let parts = attune_testkit::parts(db);
    let rooms = vec![crate::room(&parts)];
    TestApp::behind(parts, rooms, |permissions| Arc::new(StaffDoorman::new(Arc::new(permissions))))
}

/// The token of the session an answer opened.
fn opened(got: &Got) -> String {
    let token = got.cookie("attune_session");
    assert_ne!(token, "", "{}", got.body);
    token.to_owned()
}

/// Sets the installation up as Ada, an administrator; answers the token of her session.
async fn set_up(site: &TestApp) -> String {
    opened(&site.post("", "/setup", ADA).await.is(StatusCode::SEE_OTHER))
}

/// Takes on a colleague and signs them in.
async fn take_on(site: &TestApp, admin: &str, name: &str, role: &str) -> String {
    let form = format!("name={name}&email={name}@brandt.example&role={role}&locale=en&time_zone=UTC&password=correct+horse&active=on");
    site.post(admin, "/settings/staff", &form).await.is(StatusCode::SEE_OTHER);
    opened(&site.post("", "/sign-in", &format!("email={name}@brandt.example&password=correct+horse&next=/settings/me")).await)
}

attune_testkit::on_both_dbs! {
    async fn the_first_run_ends_with_an_administrator(db: Db) {
        let site = site(db);
        assert_eq!(site.get("", "/settings").await.is(StatusCode::SEE_OTHER).leads(), "/setup");
        let wrong = site.post("", "/setup", "name=&email=ada&password=short").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.has("f-name-note") && wrong.has("f-email-note") && wrong.has("f-password-note"), "{}", wrong.body);
        let ada = set_up(&site).await;
        site.get(&ada, "/setup/company").await.is(StatusCode::OK);
        let wrong = site.post(&ada, "/setup/company", "workspace=&currency=euros&time_zone=Mars").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.has("f-workspace-note") && wrong.has("f-currency-note") && wrong.has("f-time_zone-note"), "{}", wrong.body);
        site.post(&ada, "/setup/company", "workspace=Brandt+Works&currency=EUR&time_zone=Europe/Berlin").await.is(StatusCode::SEE_OTHER);
        assert!(site.get(&ada, "/setup/start").await.is(StatusCode::OK).has("/imports/new"));
        let settings = site.get(&ada, "/settings").await.is(StatusCode::OK);
        assert!(settings.has("Brandt Works") && !settings.has("govern-"), "{}", settings.body);
        site.post("", "/setup", "name=Eve&email=eve@x.example&password=correct+horse").await.is(StatusCode::NOT_FOUND);
        assert_eq!(site.get("", "/setup").await.leads(), "/sign-in");
    }

    async fn who_signs_in_stays_in_until_the_session_ends(db: Db) {
        let site = site(db);
        let ada = set_up(&site).await;
        let wrong = site.post("", "/sign-in", "email=ada@brandt.example&password=wrong+horse").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.has("f-password-note") && wrong.cookie("attune_session").is_empty(), "{}", wrong.body);
        let back = site.post("", "/sign-in", "email=ADA@brandt.example&password=correct+horse&next=/settings/audit").await.is(StatusCode::SEE_OTHER);
        assert_eq!(back.leads(), "/settings/audit");
        let second = opened(&back);
        let away = site.post("", "/sign-in", "email=ada@brandt.example&password=correct+horse&next=//evil.example/").await;
        assert_eq!(away.leads(), "/", "nobody is led to another site");
        let me = site.get(&ada, "/settings/me").await.is(StatusCode::OK);
        assert_eq!(me.body.matches("/settings/me/sessions/").count(), 2, "this one cannot be ended here, the two others can: {}", me.body);
        site.post(&second, "/sign-out", "").await.is(StatusCode::SEE_OTHER);
        assert!(site.get(&second, "/settings/me").await.leads().starts_with("/sign-in?next="));
        site.app().clock.advance(31 * DAY_US);
        assert!(site.get(&ada, "/settings/me").await.leads().starts_with("/sign-in"), "an unused session ends");
    }

    async fn a_profile_is_changed_by_its_owner_only_so_far(db: Db) {
        let site = site(db);
        let ada = set_up(&site).await;
        let mei = take_on(&site, &ada, "mei", "agent").await;
        let wrong = site.post(&mei, "/settings/me", "name=&time_zone=Mars&locale=en&password=short").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.has("f-name-note") && wrong.has("f-time_zone-note") && wrong.has("f-password-note"), "{}", wrong.body);
        let form = "name=Mei+Tan&time_zone=Asia/Shanghai&locale=zh-CN&password=&role=admin&email=boss@brandt.example&active=";
        site.post(&mei, "/settings/me", form).await.is(StatusCode::SEE_OTHER);
        let me = site.get(&mei, "/settings/me").await.is(StatusCode::OK);
        assert!(me.has("lang=\"zh-CN\"") && me.has("Mei Tan"), "{}", me.body);
        site.get(&mei, "/settings/staff").await.is(StatusCode::FORBIDDEN);
        opened(&site.post("", "/sign-in", "email=mei@brandt.example&password=correct+horse").await);
        site.post_from_elsewhere(&mei, "/settings/me", form).await.is(StatusCode::FORBIDDEN);
    }

    async fn only_administrators_reach_the_settings(db: Db) {
        let site = site(db);
        let ada = set_up(&site).await;
        let (bo, mei) = (take_on(&site, &ada, "bo", "manager").await, take_on(&site, &ada, "mei", "agent").await);
        for path in ["/settings/staff/new", "/settings/roles", "/settings/audit", "/settings/api-keys"] {
            site.get(&ada, path).await.is(StatusCode::OK);
            site.get(&bo, path).await.is(StatusCode::FORBIDDEN);
            site.get(&mei, path).await.is(StatusCode::FORBIDDEN);
            assert!(site.get("", path).await.leads().starts_with("/sign-in"), "{path} asks strangers to sign in");
        }
        assert!(site.get(&mei, "/settings").await.is(StatusCode::OK).has("/settings/me"), "everybody finds their own profile");
        site.get(&bo, "/settings/staff").await.is(StatusCode::OK);
        site.post(&mei, "/settings", "room=govern&govern.workspace=Mine").await.is(StatusCode::FORBIDDEN);
        site.get(&ada, "/settings/staff/77").await.is(StatusCode::NOT_FOUND);
    }

    async fn whoever_may_no_longer_sign_in_leaves_work_to_be_given_away(db: Db) {
        let parts = attune_testkit::parts(db);
        let href = |id: i64| format!("/other/{id}");
        let link = StaffLink { key: "other.book", label_key: "other-book", href, permission: "govern.staff.edit" };
        let words = "other-book = Give it away\n";
        let rooms = vec![crate::room(&parts), Room::new("other").staff_links([link]).locales(words, words)];
        let site = TestApp::behind(parts, rooms, |permissions| Arc::new(StaffDoorman::new(Arc::new(permissions))));
        let ada = set_up(&site).await;
        take_on(&site, &ada, "mei", "agent").await;
        let list = site.get(&ada, "/settings/staff").await;
        let path = list.body.split("href=\"").filter_map(|piece| piece.split('"').next());
        let mei = path.filter(|path| path.starts_with("/settings/staff/") && !path.ends_with("/new")).last().unwrap().to_owned();
        let page = site.get(&ada, &mei).await.is(StatusCode::OK);
        assert!(page.has("/other/") && !page.has("cannot sign in"), "{}", page.body);
        let gone = "name=mei&email=mei@brandt.example&role=agent&locale=en&time_zone=UTC&password=";
        assert_eq!(site.post(&ada, &mei, gone).await.is(StatusCode::SEE_OTHER).leads(), mei);
        let page = site.get(&ada, &mei).await.is(StatusCode::OK);
        assert!(page.has("cannot sign in") && page.has("Give it away"), "{}", page.body);
    }

    async fn a_grant_is_changed_in_the_grid(db: Db) {
        let site = site(db);
        let ada = set_up(&site).await;
        let mei = take_on(&site, &ada, "mei", "agent").await;
        let grid = site.get(&ada, "/settings/roles").await.is(StatusCode::OK);
        assert!(grid.has("name=\"agent:govern.audit.view\"") && !grid.has("govern-may-"), "{}", grid.body);
        site.post(&ada, "/settings/roles", "agent:govern.audit.view=all").await.is(StatusCode::SEE_OTHER);
        let trail = site.get(&mei, "/settings/audit").await.is(StatusCode::OK);
        assert!(trail.has("role.updated"), "{}", trail.body);
        site.post(&ada, "/settings/roles", "agent:govern.audit.view=perhaps").await.is(StatusCode::BAD_REQUEST);
        site.post(&ada, "/settings/roles", "agent:govern.audit.view=none").await.is(StatusCode::SEE_OTHER);
        site.get(&mei, "/settings/audit").await.is(StatusCode::FORBIDDEN);
    }

    async fn a_room_s_settings_are_saved_together_or_not_at_all(db: Db) {
        use attune_house::{Room, SettingDef, SettingKind};
        let number = SettingDef { key: "shop.seats", label_key: "govern-name", kind: SettingKind::Int { min: 1, max: 9 }, default: "3" };
        let yes = SettingDef { key: "shop.open", label_key: "govern-name", kind: SettingKind::Bool, default: "false" };
        let parts = attune_testkit::parts(db);
        let rooms = vec![crate::room(&parts), Room::new("shop").settings([number, yes])];
        let site = TestApp::behind(parts, rooms, |permissions| Arc::new(StaffDoorman::new(Arc::new(permissions))));
        let ada = set_up(&site).await;
        let wrong = site.post(&ada, "/settings", "room=shop&shop.seats=12&shop.open=true").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.has("value=\"12\"") && wrong.has("from 1 to 9"), "what was typed stays: {}", wrong.body);
        let kept = async |key: &str| attune_house::setting_text(&mut site.app().db.read().await.unwrap(), key, "unset").await.unwrap();
        assert_eq!((kept("shop.seats").await, kept("shop.open").await), ("unset".to_owned(), "unset".to_owned()));
        site.post(&ada, "/settings", "room=shop&shop.seats=7&shop.open=true&govern.workspace=Elsewhere").await.is(StatusCode::SEE_OTHER);
        assert_eq!((kept("shop.seats").await, kept("shop.open").await), ("7".to_owned(), "true".to_owned()));
        assert_eq!(kept("govern.workspace").await, "unset", "a room's form changes that room only");
        site.post(&ada, "/settings", "room=govern&govern.workspace=Brandt+Works&govern.currency=CHF").await.is(StatusCode::SEE_OTHER);
        assert!(site.get(&ada, "/settings/me").await.has("Brandt Works"), "the new name is shown at once");
    }

    async fn a_key_opens_the_api_until_it_is_revoked(db: Db) {
        let site = site(db);
        let ada = set_up(&site).await;
        site.post(&ada, "/settings/api-keys", "name=&role=boss").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        let made = site.post(&ada, "/settings/api-keys", "name=Shop&role=manager").await.is(StatusCode::OK);
        let token = made.body.split("id=\"fresh-key\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
        let revoke = made.body.split("action=\"").find(|rest| rest.starts_with("/settings/api-keys/") && rest.contains("/revoke\"")).unwrap();
        let revoke = revoke.split('"').next().unwrap().to_owned();
        assert!(!site.get(&ada, "/settings/api-keys").await.has(&token), "a key is shown once");
        // No route of this room is for programs: a known key meets nothing there, an unknown one nobody.
        site.get(&token, "/api/v1/nothing").await.is(StatusCode::NOT_FOUND);
        site.post(&ada, &revoke, "").await.is(StatusCode::SEE_OTHER);
        site.post(&ada, &revoke, "").await.is(StatusCode::NOT_FOUND);
    }
}
