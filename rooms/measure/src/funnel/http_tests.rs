//! The report's pages as people of each role see them.

use attune_events::{Event, EventDef};
use attune_house::{Parts, Room};
use attune_testkit::{Colleague, Got, StatusCode, TestApp};
use attune_web::{Grant, PermissionDef};

use super::react::{FollowLeavers, HEARS};
use super::tests::Scene;

/// Of no team, reading Chinese.
const COLLEAGUES: [Colleague; 3] = [
    Colleague::new("admin", 1).reading_chinese(),
    Colleague::new("manager", 2).reading_chinese(),
    Colleague::new("agent", 3).reading_chinese(),
];

/// Whose names may be seen, as the room to the left would announce it.
const SEE_CONTACTS: PermissionDef =
    PermissionDef { key: "identify.contact.view", label_key: "", admin: Grant::All, manager: Grant::All, agent: Grant::Own };

async fn get(scene: &Scene, who: &str, path: &str) -> Got {
    let parts = Parts { clock: scene.clock.clone(), ids: scene.ids.clone(), ..attune_testkit::parts(scene.db.clone()) };
    let def = |name: &&'static str| EventDef { name, meaning: "", subject: "", amount: "", behaviour: false };
    let heard = HEARS.iter().chain(FollowLeavers::HEARS).map(def);
    let rooms = vec![Room::new("neighbours").events(heard).permissions([SEE_CONTACTS]), crate::room(&parts)];
    TestApp::open(parts, rooms, &COLLEAGUES).get(who, path).await
}

attune_testkit::on_both_dbs! {
    async fn an_empty_store_says_what_will_be_here(db: Db) {
        let scene = Scene::new(db);
        let body = get(&scene, "admin", "/reports/funnel").await.is(StatusCode::OK);
        assert!(body.has("还没有已知的联系人"), "{}", body.body);
    }

    async fn every_figure_opens_its_people(db: Db) {
        let scene = Scene::new(db);
        let lena = scene.person("Lena Hoffmann", "web").await;
        scene.person("Tobias Vogel", "fair").await;
        let mut view = Event::new("page.viewed", scene.clock.now());
        view.visitor_id = Some(9);
        scene.tell(vec![view, Event::new("mail.clicked", scene.clock.now()).contact(lena)]).await;
        let page = get(&scene, "manager", "/reports/funnel?period=30").await.is(StatusCode::OK);
        let links: Vec<String> = page.body.split("class=\"fig\" href=\"").skip(1).map(|rest| rest.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&")).collect();
        assert!(links.len() >= 6, "{links:?}");
        for link in &links {
            get(&scene, "manager", link).await.is(StatusCode::OK);
        }
        let engaged = get(&scene, "admin", "/reports/funnel/people?stage=engaged").await;
        assert!(engaged.has("Lena Hoffmann") && !engaged.has("Tobias Vogel"), "{}", engaged.body);
        let left = get(&scene, "admin", "/reports/funnel/people?stage=known&left=1").await;
        assert!(!left.has("Lena Hoffmann") && left.has("Tobias Vogel"), "{}", left.body);
        let fair = get(&scene, "admin", "/reports/funnel/people?stage=known&source=fair&from=2026-11-01&to=2026-11-30").await;
        assert!(!fair.has("Lena Hoffmann") && fair.has("Tobias Vogel"), "{}", fair.body);
    }

    async fn only_those_who_may_see_reports(db: Db) {
        let scene = Scene::new(db);
        get(&scene, "agent", "/reports/funnel").await.is(StatusCode::FORBIDDEN);
        get(&scene, "admin", "/reports").await.is(StatusCode::SEE_OTHER);
        get(&scene, "admin", "/reports/funnel/people?stage=unheard").await.is(StatusCode::NOT_FOUND);
        assert!(get(&scene, "nobody", "/reports/funnel").await.status.is_redirection());
    }
}
