//! The pages and the REST of this room as people of each role meet them.

use std::collections::HashMap;
use std::sync::Arc;

use attune_courier::{Courier, SmtpConfig};
use attune_db::Db;
use attune_house::{App, House, Parts, Room};
use attune_kernel::{Fault, Locale};
use attune_web::{Actor, BoxFuture, Doorman, Grant, PermissionDef, Secret, Texts, Theme, Via, Web, token_hash};
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use tower::ServiceExt;

use crate::trial::Trial;

/// Knows `admin`, `manager`, `agent` (English) and `zh` (an administrator who reads Chinese) by these words as tokens.
struct Known(Vec<PermissionDef>);

impl Known {
    fn find(&self, hash: &str) -> Option<Actor> {
        let (id, role) = [(1, "admin"), (2, "manager"), (3, "agent"), (4, "zh")].into_iter().find(|(_, role)| token_hash(role) == hash)?;
        let grant = |def: &PermissionDef| match role {
            "manager" => def.manager,
            "agent" => def.agent,
            _ => def.admin,
        };
        let grants: HashMap<_, _> = self.0.iter().filter_map(|def| Some((def.key.to_owned(), grant(def).scope(id, None)?))).collect();
        Some(Actor {
            staff_id: id,
            name: role.to_owned(),
            role: role.to_owned(),
            locale: if role == "zh" { Locale::ZhCn } else { Locale::En },
            theme: Theme::Auto,
            grants: Arc::new(grants),
            via: Via::Session { id },
            ..Actor::system()
        })
    }
}

impl Doorman for Known {
    fn by_session<'a>(&'a self, _: &'a Db, token_hash: &'a str, _: i64) -> BoxFuture<'a, Result<Option<Actor>, Fault>> {
        Box::pin(async move { Ok(self.find(token_hash)) })
    }

    fn by_api_key<'a>(&'a self, _: &'a Db, token_hash: &'a str, _: i64) -> BoxFuture<'a, Result<Option<Actor>, Fault>> {
        Box::pin(async move { Ok(self.find(token_hash)) })
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

fn app(trial: &Trial) -> App {
    let parts = Parts {
        db: trial.db.clone(),
        clock: trial.clock.clone(),
        ids: trial.ids.clone(),
        secret: Secret::new([7; 32]),
        public_url: "http://localhost".to_owned(),
        courier: Courier::new(SmtpConfig::new("127.0.0.1", 2525)).unwrap(),
    };
    let view = PermissionDef {
        key: "identify.contact.view",
        label_key: "segment-may-view",
        admin: Grant::All,
        manager: Grant::All,
        agent: Grant::Own,
    };
    let house = House::build(vec![Room::new("neighbours").permissions([view]), crate::room(&parts)]).unwrap();
    let texts = Arc::new(Texts::build(&house.locales).unwrap());
    let mut web = Web::bare(trial.db.clone(), texts, Arc::new(Known(house.permissions.clone())), parts.secret.clone());
    web.clock = trial.clock.clone();
    web.ids = trial.ids.clone();
    App::new(parts, web, house, "test", 1)
}

async fn send(app: &App, request: Request<Body>) -> (StatusCode, String, String) {
    let response = app.router().oneshot(request).await.unwrap();
    let status = response.status();
    let location = response.headers().get(header::LOCATION).map_or_else(String::new, |at| at.to_str().unwrap().to_owned());
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, location, String::from_utf8(body.to_vec()).unwrap())
}

async fn get(app: &App, who: &str, path: &str) -> (StatusCode, String) {
    let request = Request::get(path).header(header::COOKIE, format!("attune_session={who}")).body(Body::empty()).unwrap();
    let (status, _, body) = send(app, request).await;
    (status, body)
}

async fn post(app: &App, who: &str, path: &str, form: &str) -> (StatusCode, String, String) {
    let request = Request::post(path)
        .header(header::COOKIE, format!("attune_session={who}"))
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    send(app, request.body(Body::from(form.to_owned())).unwrap()).await
}

async fn api(app: &App, path: &str, json: serde_json::Value) -> (StatusCode, serde_json::Value) {
    let request = Request::post(path).header(header::AUTHORIZATION, "Bearer admin").header(header::CONTENT_TYPE, "application/json");
    let (status, _, body) = send(app, request.body(Body::from(json.to_string())).unwrap()).await;
    (status, serde_json::from_str(&body).unwrap())
}

const BERLIN: &str = "r0.d=0&r0.j=all&r1.d=1&r1.w=field%3Acity&r1.o=in&r1.v=Berlin";

attune_testkit::on_both_dbs! {
    async fn a_segment_is_built_published_and_deleted_without_a_script(db: Db) {
        let trial = Trial::new(db);
        let app = app(&trial);
        trial.contact("Ada Brandt", Some("Berlin")).await;
        trial.contact("Bo Dahl", Some("Oslo")).await;
        assert!(get(&app, "admin", "/segments").await.1.contains("New segment"));
        let (status, page) = get(&app, "admin", &format!("/segments/new?{BERLIN}")).await;
        assert!(status == StatusCode::OK && page.contains("Ada Brandt") && !page.contains("Bo Dahl"), "{page}");
        assert!(get(&app, "admin", &format!("/segments/new?{BERLIN}&do=group%3A0")).await.1.contains("r2.j"));
        let (status, page) = get(&app, "zh", "/segments/new?do=text&text=city+%3D+%22Oslo%22").await;
        assert!(status == StatusCode::OK && page.contains("Bo Dahl") && page.contains("城市是"), "{page}");
        let (_, page) = get(&app, "admin", "/segments/new?do=text&text=city+%3D").await;
        assert!(page.contains("At character 7"), "{page}");
        let (status, _, page) = post(&app, "admin", "/segments", &format!("name=&do=dynamic&{BERLIN}")).await;
        assert!(status == StatusCode::UNPROCESSABLE_ENTITY && page.contains("f-name-note"), "{page}");
        let (status, to, _) = post(&app, "admin", "/segments", &format!("name=Berliners&do=dynamic&{BERLIN}")).await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        app.settle().await.unwrap();
        let (status, page) = get(&app, "manager", &to).await;
        assert!(status == StatusCode::OK && page.contains("In use now: 1 member"), "{page}");
        assert!(get(&app, "manager", &format!("{to}/members")).await.1.contains("Ada Brandt"));
        assert!(!get(&app, "agent", &format!("{to}/members")).await.1.contains("Ada Brandt"));
        let (_, page) = get(&app, "admin", &format!("{to}?{}", BERLIN.replace("Berlin", "Oslo"))).await;
        assert!(page.contains("Publishing adds 1 and drops 1") && page.contains("Among them"), "{page}");
        let (status, ..) = post(&app, "admin", &format!("{to}/delete"), "").await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        assert_eq!(get(&app, "admin", &to).await.0, StatusCode::NOT_FOUND);
        post(&app, "admin", &format!("{to}/restore"), "").await;
        app.settle().await.unwrap();
        assert_eq!(get(&app, "admin", &to).await.0, StatusCode::OK);
    }

    async fn roles_decide_who_may_build_and_score(db: Db) {
        let trial = Trial::new(db);
        let app = app(&trial);
        assert_eq!(get(&app, "agent", "/segments").await.0, StatusCode::OK);
        assert_eq!(get(&app, "agent", "/segments/new").await.0, StatusCode::FORBIDDEN);
        assert_eq!(post(&app, "agent", "/segments", "name=x").await.0, StatusCode::FORBIDDEN);
        assert_eq!(get(&app, "agent", "/scoring").await.0, StatusCode::OK);
        assert_eq!(post(&app, "manager", "/scoring/rules", "event=page.viewed&points=3").await.0, StatusCode::FORBIDDEN);
        assert!(get(&app, "nobody", "/segments").await.0.is_redirection());
        assert_eq!(get(&app, "admin", "/segments/seg_0000000000001").await.0, StatusCode::NOT_FOUND);
    }

    async fn rules_are_edited_and_the_contact_page_explains(db: Db) {
        let trial = Trial::new(db);
        let app = app(&trial);
        let ada = trial.contact("Ada", None).await;
        trial.view(ada, "/pricing").await;
        let (status, _, page) = post(&app, "admin", "/scoring/rules", "event=page.viewed&points=0").await;
        assert!(status == StatusCode::UNPROCESSABLE_ENTITY && page.contains("other than 0"), "{page}");
        let (status, ..) = post(&app, "admin", "/scoring/rules", "event=page.viewed&subject_test=starts&subject=%2Fpricing&points=30&active=1").await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        let (status, _, page) = post(&app, "admin", "/scoring/fit", "field=city&op=in&value=&fit_points=5").await;
        assert!(status == StatusCode::UNPROCESSABLE_ENTITY && page.contains("enter a value"), "{page}");
        assert_eq!(post(&app, "admin", "/scoring/fit", "field=city&op=known&fit_points=5").await.0, StatusCode::SEE_OTHER);
        assert_eq!(post(&app, "admin", "/scoring/settings", "half_life_days=10&hot=40&warm=15&fit_good=60&fit_fair=30").await.0, StatusCode::SEE_OTHER);
        app.settle().await.unwrap();
        let contact = attune_identify::contact::ContactId(ada);
        let (status, panel) = get(&app, "admin", &format!("/contacts/{contact}/score")).await;
        assert!(status == StatusCode::OK && panel.contains("+30") && panel.contains("Hot"), "{panel}");
        assert_eq!(get(&app, "agent", &format!("/contacts/{contact}/score")).await.0, StatusCode::NOT_FOUND);
        assert_eq!(get(&app, "admin", &format!("/contacts/{contact}/segments")).await.0, StatusCode::OK);
        assert_eq!(get(&app, "zh", "/scoring?rule=2").await.0, StatusCode::OK);
    }

    async fn programs_list_make_and_count(db: Db) {
        let trial = Trial::new(db);
        let app = app(&trial);
        trial.contact("Ada", Some("Berlin")).await;
        let (status, made) = api(&app, "/api/v1/segments", serde_json::json!({ "name": "B", "rule": "city = \"Berlin\"", "kind": "static" })).await;
        assert_eq!((status, made["member_count"].as_i64()), (StatusCode::CREATED, Some(1)), "{made}");
        let (_, counted) = api(&app, "/api/v1/segments/count", serde_json::json!({ "rule": "in segment \"b\"" })).await;
        assert_eq!(counted["count"], 1);
        let (status, wrong) = api(&app, "/api/v1/segments/count", serde_json::json!({ "rule": "city ~ 1" })).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        let path = format!("/api/v1/segments/{}/members", made["id"].as_str().unwrap());
        let request = Request::get(path).header(header::AUTHORIZATION, "Bearer admin").body(Body::empty()).unwrap();
        let (status, _, body) = send(&app, request).await;
        assert!(status == StatusCode::OK && body.contains("Ada"), "{body}");
    }
}
