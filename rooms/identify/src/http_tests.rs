//! The pages and the API of contacts, companies and imports through the whole web, with roles.

use std::collections::HashMap;
use std::sync::Arc;

use attune_courier::{Courier, SmtpConfig};
use attune_db::Db;
use attune_house::{App, House, Parts};
use attune_kernel::{Fault, Locale};
use attune_web::{Actor, BoxFuture, Doorman, PermissionDef, Scope, Secret, Texts, Theme, Via, Web};
use axum::body::Body;
use axum::response::Response;
use http::header::{LOCATION, SET_COOKIE};
use http::{Request, StatusCode};
use serde_json::Value as Json;
use tower::ServiceExt;

use crate::tracking::Collector;

struct Known(Vec<PermissionDef>);

fn sha(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Known {
    fn actor(&self, token: &str) -> Option<Actor> {
        let (role, staff_id, team_id) = [("admin", 9, None), ("manager", 8, Some(10)), ("agent", 1, Some(10)), ("other", 2, Some(20))]
            .into_iter()
            .find(|r| sha(r.0) == token)?;
        let grant = |def: &PermissionDef| match role {
            "admin" => def.admin,
            "manager" => def.manager,
            _ => def.agent,
        };
        let grants: HashMap<String, Scope> =
            self.0.iter().filter_map(|d| Some((d.key.to_owned(), grant(d).scope(staff_id, team_id)?))).collect();
        Some(Actor {
            staff_id,
            team_id,
            role: role.to_owned(),
            name: role.to_owned(),
            grants: Arc::new(grants),
            via: Via::ApiKey { id: 1 },
            ..Actor::system()
        })
    }
}

impl Doorman for Known {
    fn by_session<'a>(&'a self, _: &'a Db, token: &'a str, _: i64) -> BoxFuture<'a, Result<Option<Actor>, Fault>> {
        Box::pin(async move { Ok(self.actor(token)) })
    }
    fn by_api_key<'a>(&'a self, _: &'a Db, token: &'a str, _: i64) -> BoxFuture<'a, Result<Option<Actor>, Fault>> {
        Box::pin(async move { Ok(self.actor(token)) })
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

struct Site(App);

/// An answer: status, where it leads, the toast's cookie and the body.
struct Got {
    status: StatusCode,
    leads: String,
    cookie: String,
    body: String,
}

impl Site {
    fn new(db: Db) -> Self {
        let clock = attune_testkit::clock();
        let parts = Parts {
            db: db.clone(),
            ids: attune_testkit::ids(&clock),
            clock,
            secret: Secret::new([7; 32]),
            public_url: "https://attune.example".to_owned(),
            courier: Courier::new(SmtpConfig::new("127.0.0.1", 2525)).unwrap(),
        };
        let collector = Collector::start(&parts);
        let house = House::build(vec![crate::room(&parts, &collector)]).unwrap();
        let texts = Arc::new(Texts::build(&house.locales).unwrap());
        let mut web = Web::bare(db, texts, Arc::new(Known(house.permissions.clone())), parts.secret.clone());
        (web.clock, web.ids) = (parts.clock.clone(), parts.ids.clone());
        (web.nav, web.permissions, web.finders) =
            (Arc::new(house.nav.clone()), Arc::new(house.permissions.clone()), Arc::new(house.finders.clone()));
        Self(App::new(parts, web, house, "test", 1))
    }

    async fn send(&self, role: &str, request: http::request::Builder, body: impl Into<Body>) -> Got {
        let request = if role.is_empty() { request } else { request.header("authorization", format!("Bearer {role}")) };
        let response: Response = self.0.router().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let header = |name| response.headers().get(name).map_or("", |v| v.to_str().unwrap()).to_owned();
        let (leads, cookie, status) = (header(LOCATION), header(SET_COOKIE), response.status());
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Got { status, leads, cookie, body: String::from_utf8_lossy(&bytes).into_owned() }
    }

    async fn get(&self, role: &str, path: &str) -> Got {
        self.send(role, Request::get(path), Body::empty()).await
    }

    async fn post(&self, role: &str, path: &str, form: &str) -> Got {
        self.send(role, Request::post(path).header("content-type", "application/x-www-form-urlencoded"), form.to_owned()).await
    }

    async fn api(&self, method: &str, role: &str, path: &str, json: &Json) -> (StatusCode, Json) {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        let got = self.send(role, request, json.to_string()).await;
        (got.status, serde_json::from_str(&got.body).unwrap_or(Json::Null))
    }

    async fn upload(&self, body: &str) -> Got {
        let form = format!(
            "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"leads.csv\"\r\nContent-Type: text/csv\r\n\r\n{body}\r\n--x--\r\n"
        );
        self.send("admin", Request::post("/imports").header("content-type", "multipart/form-data; boundary=x"), form).await
    }
}

attune_testkit::on_both_dbs! {
    async fn a_contact_is_made_edited_undone_and_deleted(db: Db) {
        let site = Site::new(db);
        let wrong = site.post("agent", "/contacts", "name=&email=nobody").await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.body.contains("aria-invalid") && wrong.body.contains("nobody"), "{}", wrong.body);
        let made = site.post("agent", "/contacts", "name=Lena+Hoffmann&email=lena@brandt.example&company=Brandt&stage=lead&owner_id=1").await;
        assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
        let page = site.get("agent", &made.leads).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains("Lena Hoffmann") && page.body.contains("Brandt") && page.body.contains("Became a contact"), "{}", page.body);
        assert!(!page.body.contains("identify-"), "a text is missing: {}", page.body);
        let form = site.get("agent", &format!("{}/field/city", made.leads)).await;
        assert!(form.body.contains("name=\"value\""));
        let saved = site.post("agent", &format!("{}/field/city", made.leads), "value=Dortmund").await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER);
        assert!(saved.cookie.contains("attune_flash"));
        assert!(site.get("agent", &made.leads).await.body.contains("Dortmund"));
        site.post("agent", &format!("{}/undo?key=city&value=", made.leads), "").await;
        assert!(!site.get("agent", &made.leads).await.body.contains("· Dortmund"));
        site.post("agent", &format!("{}/notes", made.leads), "body=Budget+is+released").await;
        assert!(site.get("agent", &format!("{}?show=notes", made.leads)).await.body.contains("Budget is released"));
        assert!(site.get("agent", &format!("{}/fresh?since=0", made.leads)).await.body.contains("new"));
        assert_eq!(site.post("agent", &format!("{}/delete", made.leads), "").await.status, StatusCode::FORBIDDEN);
        assert_eq!(site.post("manager", &format!("{}/delete", made.leads), "").await.status, StatusCode::SEE_OTHER);
        assert_eq!(site.get("admin", &made.leads).await.status, StatusCode::NOT_FOUND);
    }

    async fn roles_see_what_their_scope_covers(db: Db) {
        let site = Site::new(db);
        let made = site.post("agent", "/contacts", "name=Elsa&stage=lead&owner_id=1").await;
        for (role, status) in [("admin", StatusCode::OK), ("manager", StatusCode::OK), ("other", StatusCode::NOT_FOUND)] {
            assert_eq!(site.get(role, &made.leads).await.status, status, "{role}");
        }
        assert!(site.get("other", "/contacts").await.body.contains("No contacts yet"));
        assert!(site.get("manager", "/contacts?q=els&view=&sort=name").await.body.contains("Elsa"));
        assert_eq!(site.get("agent", "/imports").await.status, StatusCode::FORBIDDEN);
        assert_eq!(site.get("agent", "/contacts/export").await.status, StatusCode::FORBIDDEN);
        assert_ne!(site.get("", "/contacts").await.status, StatusCode::OK);
        let file = site.post("admin", "/contacts/export", "query=").await;
        assert!(file.body.starts_with("id,external_id,name") && file.body.contains("Elsa"), "{}", file.body);
        let id = made.leads.rsplit('/').next().unwrap();
        let moved = site.post("admin", "/contacts/bulk", &format!("ids={id}&act=assign&owner_id=2")).await;
        assert_eq!(moved.status, StatusCode::SEE_OTHER);
        assert_eq!(site.get("other", &made.leads).await.status, StatusCode::OK);
        assert!(site.get("admin", "/palette?q=els").await.body.contains("Elsa"));
    }

    async fn a_file_goes_through_the_pages_and_back(db: Db) {
        let site = Site::new(db);
        let sent = site.upload("Prospect ID,Name,Email,Level\na-1,Elsa,elsa@fisk.example,Select\na-2,Ruben,broken,Gold\na-3,王小明,xm@heng.example,Gold\n").await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
        let map = site.get("admin", &sent.leads).await;
        assert!(map.body.contains("Prospect ID") && map.body.contains("Select"), "{}", map.body);
        let base = sent.leads.trim_end_matches("/map").to_owned();
        let form = "to_0=external_id&to_1=name&to_2=email&to_3=field:text&key=Prospect+ID&empty=Select";
        assert_eq!(site.post("admin", &sent.leads, form).await.leads, format!("{base}/check"));
        let check = site.get("admin", &format!("{base}/check")).await;
        assert!(check.body.contains("Import 2 rows") && check.body.contains("One row was not taken"), "{}", check.body);
        assert_eq!(site.post("admin", &format!("{base}/start"), "").await.status, StatusCode::SEE_OTHER);
        site.0.settle().await.unwrap();
        let done = site.get("admin", &base).await;
        assert!(done.body.contains("Done") && done.body.contains("This is not an email address"), "{}", done.body);
        assert!(site.get("admin", "/contacts?q=%E5%B0%8F%E6%98%8E").await.body.contains("王小明"));
        assert!(site.get("admin", &format!("{base}/errors.csv")).await.body.contains("broken"));
        assert_eq!(site.post("admin", &format!("{base}/undo"), "").await.status, StatusCode::SEE_OTHER);
        site.0.settle().await.unwrap();
        assert!(site.get("admin", &base).await.body.contains("Undone"));
        assert!(site.get("admin", "/contacts").await.body.contains("No contacts yet"));
        assert!(!site.get("admin", "/imports").await.body.contains("identify-"));
    }

    async fn programs_and_companies(db: Db) {
        let site = Site::new(db);
        let new = serde_json::json!({ "name": "Ada Lovelace", "email": "ada@engine.example", "company": "Engine Ltd", "external_id": "7" });
        let (status, ada) = site.api("POST", "admin", "/api/v1/contacts", &new).await;
        assert_eq!(status, StatusCode::CREATED, "{ada}");
        assert_eq!(site.api("POST", "admin", "/api/v1/contacts", &new).await.0, StatusCode::CONFLICT);
        assert_eq!(site.api("POST", "admin", "/api/v1/contacts", &serde_json::json!({})).await.0, StatusCode::UNPROCESSABLE_ENTITY);
        let path = format!("/api/v1/contacts/{}", ada["id"].as_str().unwrap());
        let (_, changed) = site.api("PATCH", "admin", &path, &serde_json::json!({ "city": "London", "stage": "customer" })).await;
        assert_eq!((changed["city"].as_str(), changed["stage"].as_str()), (Some("London"), Some("customer")));
        assert_eq!(site.api("PATCH", "other", &path, &serde_json::json!({ "city": "Paris" })).await.0, StatusCode::NOT_FOUND);
        let (_, list) = site.api("GET", "admin", "/api/v1/contacts?q=lovel", &Json::Null).await;
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
        let company = format!("/companies/{}", ada["company_id"].as_str().unwrap());
        let page = site.get("admin", &company).await;
        assert!(page.body.contains("Engine Ltd") && page.body.contains("Ada Lovelace") && !page.body.contains("identify-"), "{}", page.body);
        assert_eq!(site.post("admin", &format!("{company}/field/city"), "value=London").await.status, StatusCode::SEE_OTHER);
        assert!(site.get("admin", "/companies?q=engine").await.body.contains("London"));
        assert_eq!(site.post("admin", "/companies", "name=").await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let (_, companies) = site.api("GET", "admin", "/api/v1/companies", &Json::Null).await;
        assert_eq!(companies["items"][0]["city"], "London");
    }
}
