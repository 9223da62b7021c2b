//! The report's pages as people of each role see them.

use std::collections::HashMap;
use std::sync::Arc;

use attune_courier::{Courier, SmtpConfig};
use attune_db::Db;
use attune_events::{Event, EventDef};
use attune_house::{App, House, Parts, Room};
use attune_kernel::{Fault, Locale};
use attune_web::{Actor, BoxFuture, Doorman, PermissionDef, Secret, Texts, Theme, Via, Web, token_hash};
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use tower::ServiceExt;

use super::react::{FollowLeavers, HEARS};
use super::tests::Scene;

/// Knows `admin`, `manager` and `agent` by these words as tokens.
struct Known(Vec<PermissionDef>);

impl Known {
    fn find(&self, hash: &str) -> Option<Actor> {
        let (id, role) = [(1, "admin"), (2, "manager"), (3, "agent")].into_iter().find(|(_, role)| token_hash(role) == hash)?;
        let grant = |def: &PermissionDef| match role {
            "admin" => def.admin,
            "manager" => def.manager,
            _ => def.agent,
        };
        let grants: HashMap<_, _> = self.0.iter().filter_map(|def| Some((def.key.to_owned(), grant(def).scope(id, None)?))).collect();
        Some(Actor {
            staff_id: id,
            name: role.to_owned(),
            role: role.to_owned(),
            team_id: None,
            locale: Locale::ZhCn,
            theme: Theme::Auto,
            time_zone: jiff::tz::TimeZone::UTC,
            grants: Arc::new(grants),
            via: Via::Session { id },
        })
    }
}

impl Doorman for Known {
    fn by_session<'a>(&'a self, _: &'a Db, token_hash: &'a str, _: i64) -> BoxFuture<'a, Result<Option<Actor>, Fault>> {
        Box::pin(async move { Ok(self.find(token_hash)) })
    }

    fn by_api_key<'a>(&'a self, _: &'a Db, _: &'a str, _: i64) -> BoxFuture<'a, Result<Option<Actor>, Fault>> {
        Box::pin(async { Ok(None) })
    }

    fn needs_setup<'a>(&'a self, _: &'a Db) -> BoxFuture<'a, Result<bool, Fault>> {
        Box::pin(async { Ok(false) })
    }

    fn set_preference<'a>(
        &'a self,
        _: &'a Db,
        _: &'a Actor,
        _: Option<Locale>,
        _: Option<Theme>,
        _: i64,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async { Ok(()) })
    }
}

async fn get(scene: &Scene, who: &str, path: &str) -> (StatusCode, String) {
    let parts = Parts {
        db: scene.db.clone(),
        clock: scene.clock.clone(),
        ids: scene.ids.clone(),
        secret: Secret::new([7; 32]),
        public_url: "http://localhost".to_owned(),
        courier: Courier::new(SmtpConfig::new("127.0.0.1", 2525)).unwrap(),
    };
    let def = |name: &&'static str| EventDef { name, meaning: "", subject: "", amount: "", behaviour: false };
    let heard = HEARS.iter().chain(FollowLeavers::HEARS).map(def);
    let house = House::build(vec![Room::new("neighbours").events(heard), crate::room(&parts)]).unwrap();
    let texts = Arc::new(Texts::build(&house.locales).unwrap());
    let mut web = Web::bare(scene.db.clone(), texts, Arc::new(Known(house.permissions.clone())), parts.secret.clone());
    web.clock = scene.clock.clone();
    let router = App::new(parts, web, house, "test", 1).router();
    let request = Request::get(path).header(header::COOKIE, format!("attune_session={who}")).body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

attune_testkit::on_both_dbs! {
    async fn an_empty_store_says_what_will_be_here(db: Db) {
        let scene = Scene::new(db);
        let (status, body) = get(&scene, "admin", "/reports/funnel").await;
        assert!(status == StatusCode::OK && body.contains("还没有已知的联系人"), "{body}");
    }

    async fn every_figure_opens_its_people(db: Db) {
        let scene = Scene::new(db);
        let lena = scene.person("Lena Hoffmann", "web").await;
        scene.person("Tobias Vogel", "fair").await;
        let mut view = Event::new("page.viewed", scene.clock.now());
        view.visitor_id = Some(9);
        scene.tell(vec![view, Event::new("mail.clicked", scene.clock.now()).contact(lena)]).await;
        let (status, page) = get(&scene, "manager", "/reports/funnel?period=30").await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let links: Vec<String> = page.split("class=\"fig\" href=\"").skip(1).map(|rest| rest.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&")).collect();
        assert!(links.len() >= 6, "{links:?}");
        for link in &links {
            let (status, body) = get(&scene, "manager", link).await;
            assert_eq!(status, StatusCode::OK, "{link}: {body}");
        }
        let (_, engaged) = get(&scene, "admin", "/reports/funnel/people?stage=engaged").await;
        assert!(engaged.contains("Lena Hoffmann") && !engaged.contains("Tobias Vogel"), "{engaged}");
        let (_, left) = get(&scene, "admin", "/reports/funnel/people?stage=known&left=1").await;
        assert!(!left.contains("Lena Hoffmann") && left.contains("Tobias Vogel"), "{left}");
        let (_, fair) = get(&scene, "admin", "/reports/funnel/people?stage=known&source=fair&from=2026-11-01&to=2026-11-30").await;
        assert!(!fair.contains("Lena Hoffmann") && fair.contains("Tobias Vogel"), "{fair}");
    }

    async fn only_those_who_may_see_reports(db: Db) {
        let scene = Scene::new(db);
        assert_eq!(get(&scene, "agent", "/reports/funnel").await.0, StatusCode::FORBIDDEN);
        assert_eq!(get(&scene, "admin", "/reports").await.0, StatusCode::SEE_OTHER);
        assert_eq!(get(&scene, "admin", "/reports/funnel/people?stage=unheard").await.0, StatusCode::NOT_FOUND);
        assert!(get(&scene, "nobody", "/reports/funnel").await.0.is_redirection());
    }
}
