use attune_identify::contact::ContactId;
use attune_web::Actor;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use tower::ServiceExt;

use crate::handover::{HandoverId, Sharing, share_out};
use crate::tests::stage::Stage;

struct Browser {
    stage: Stage,
    router: axum::Router,
    people: Vec<i64>,
}

impl Browser {
    async fn new(db: attune_db::Db) -> Self {
        let stage = Stage::new(db).await;
        let people = stage.people(2).await;
        let mut tx = stage.db.begin().await.unwrap();
        let sharing = Sharing { leads: &people, reps: &[(3, 1), (5, 1)], origin: "push_funnel", origin_id: 900 };
        share_out(&mut tx, &stage.ids, stage.now(), &Actor::system(), &sharing, None).await.unwrap();
        tx.commit().await.unwrap();
        let router = stage.app().await.router();
        Self { stage, router, people }
    }

    async fn ask(&self, who: &str, request: axum::http::request::Builder, body: &str) -> Response {
        let request = request.header(header::COOKIE, format!("attune_session={who}")).header("sec-fetch-site", "same-origin");
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(Body::from(body.to_owned())).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn get(&self, who: &str, path: &str) -> (StatusCode, String) {
        let response = self.ask(who, Request::get(path), "").await;
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn post(&self, who: &str, path: &str, body: &str) -> (StatusCode, String) {
        let response = self.ask(who, Request::post(path), body).await;
        let place = response.headers().get(header::LOCATION).map_or_else(String::new, |v| v.to_str().unwrap().to_owned());
        (response.status(), place)
    }

    /// The hand-over of the contact at `index`, and the name of its rep.
    async fn offer(&self, index: usize) -> (HandoverId, &'static str) {
        let mut tx = self.stage.db.read().await.unwrap();
        let handover = crate::handover::find_of_contact(&mut tx, self.people[index]).await.unwrap().unwrap();
        (HandoverId(handover.id), if handover.rep_id == Some(3) { "Tom" } else { "Zoe" })
    }
}

attune_testkit::on_both_dbs! {
    async fn every_page_opens_for_those_who_may(db: Db) {
        let browser = Browser::new(db).await;
        let pages = ["/", "/tasks", "/tasks?view=all&due=done", "/tasks/new", "/hand-overs", "/hand-overs?view=waiting", "/hand-overs?view=rejected&mine=1", "/today/changes?name=mail.clicked"];
        for page in pages {
            for who in ["Ada", "Mei", "Tom"] {
                let (status, body) = browser.get(who, page).await;
                assert_eq!(status, StatusCode::OK, "{page} for {who}: {body}");
            }
            let nobody = browser.get("Nobody", page).await.0;
            assert!(nobody.is_redirection(), "{page} asks strangers to sign in, not {nobody}");
        }
        assert_eq!(browser.get("Mei", "/hand-overs/reps").await.0, StatusCode::OK);
        assert_eq!(browser.get("Tom", "/hand-overs/reps").await.0, StatusCode::FORBIDDEN);
        assert_eq!(browser.get("Tom", "/today/changes?name=nothing").await.0, StatusCode::NOT_FOUND);
        let panel = format!("/tasks/of/{}", ContactId(browser.people[0]));
        assert_eq!(browser.get("Ada", &panel).await.0, StatusCode::OK);
        assert_eq!(browser.get("Ada", &format!("/hand-overs/of/{}", ContactId(browser.people[0]))).await.0, StatusCode::OK);
        assert_eq!(browser.get("Tom", &panel).await.0, StatusCode::NOT_FOUND, "not Tom's contact yet");
    }

    async fn a_rep_answers_own_offers_only(db: Db) {
        let browser = Browser::new(db).await;
        let (offer, rep) = browser.offer(0).await;
        let other = if rep == "Tom" { "Zoe" } else { "Tom" };
        assert_eq!(browser.get(other, &format!("/hand-overs/{offer}")).await.0, StatusCode::NOT_FOUND);
        assert_eq!(browser.post(other, &format!("/hand-overs/{offer}/accept"), "").await.0, StatusCode::NOT_FOUND);
        let (status, body) = browser.get(rep, &format!("/hand-overs/{offer}")).await;
        assert!(status == StatusCode::OK && body.contains("Pass back"), "{body}");
        assert_eq!(browser.post(rep, &format!("/hand-overs/{offer}/reject"), "reason=&note=").await.0, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(browser.post(rep, &format!("/hand-overs/{offer}/reject"), "reason=other&note=").await.0, StatusCode::UNPROCESSABLE_ENTITY);
        let accepted = browser.post(rep, &format!("/hand-overs/{offer}/accept?next=%2F"), "").await;
        assert_eq!(accepted, (StatusCode::SEE_OTHER, "/".to_owned()));
        assert_eq!(browser.post(rep, &format!("/hand-overs/{offer}/accept"), "").await.0, StatusCode::CONFLICT);
        let (_, today) = browser.get(rep, "/").await;
        assert!(today.contains("First talk with P1"), "{today}");
        let (next, rep) = browser.offer(1).await;
        assert_eq!(browser.post(rep, &format!("/hand-overs/{next}/reject"), "reason=too_small&note=").await.0, StatusCode::SEE_OTHER);
    }

    async fn a_task_goes_its_way(db: Db) {
        let browser = Browser::new(db).await;
        assert_eq!(browser.post("Tom", "/tasks", "title=&due=tomorrow").await.0, StatusCode::UNPROCESSABLE_ENTITY);
        let made = browser.post("Tom", "/tasks", "title=Call+P1&reason=asked&due=2026-11-21&next=%2F").await;
        assert_eq!(made, (StatusCode::SEE_OTHER, "/".to_owned()));
        assert_eq!(browser.post("Tom", "/tasks", "title=For+Zoe&owner=5").await.0, StatusCode::UNPROCESSABLE_ENTITY, "agents give no work to others");
        assert_eq!(browser.post("Mei", "/tasks", "title=For+Lin&owner=4").await.0, StatusCode::SEE_OTHER);
        let id = crate::task::TaskId(browser.stage.number("SELECT id FROM tasks WHERE title = 'Call P1'").await);
        assert_eq!(browser.get("Zoe", &format!("/tasks/{id}")).await.0, StatusCode::NOT_FOUND);
        assert_eq!(browser.get("Tom", &format!("/tasks/{id}")).await.0, StatusCode::OK);
        assert_eq!(browser.post("Tom", &format!("/tasks/{id}"), "title=Call+P1+twice&due=").await.0, StatusCode::SEE_OTHER);
        assert_eq!(browser.post("Tom", &format!("/tasks/{id}/postpone"), "").await.0, StatusCode::SEE_OTHER);
        assert_eq!(browser.post("Tom", &format!("/tasks/{id}/done?next=https://evil.example"), "").await, (StatusCode::SEE_OTHER, "/".to_owned()));
        assert_eq!(browser.stage.number("SELECT count(*) FROM tasks WHERE done_at IS NOT NULL").await, 1);
        assert_eq!(browser.post("Tom", &format!("/tasks/{id}/reopen"), "").await.0, StatusCode::SEE_OTHER);
        let partial = Request::post(format!("/tasks/{id}/done")).header("hx-request", "true");
        let response = browser.ask("Tom", partial, "").await;
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.starts_with("<li") && body.contains("data-undo"), "{body}");
    }

    async fn a_cap_is_set_by_a_manager_and_fills_at_once(db: Db) {
        let browser = Browser::new(db).await;
        assert_eq!(browser.post("Tom", "/hand-overs/reps", "staff=3&cap=9").await.0, StatusCode::FORBIDDEN);
        assert_eq!(browser.post("Mei", "/hand-overs/reps", "staff=5&cap=9").await.0, StatusCode::NOT_FOUND, "another team's rep");
        assert_eq!(browser.post("Mei", "/hand-overs/reps", "staff=3&cap=many").await.0, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(browser.post("Mei", "/hand-overs/reps", "staff=3&cap=9").await.0, StatusCode::SEE_OTHER);
        assert_eq!(browser.stage.number("SELECT cap FROM rep_caps WHERE staff_id = 3").await, 9);
        assert_eq!(browser.post("Mei", "/hand-overs/reps", "staff=3&cap=").await.0, StatusCode::SEE_OTHER);
        assert_eq!(browser.stage.number("SELECT count(*) FROM rep_caps").await, 0);
    }

    async fn somebody_is_handed_over_by_hand(db: Db) {
        let browser = Browser::new(db).await;
        let new = browser.stage.people(1).await[0];
        let path = format!("/hand-overs/of/{}", ContactId(new));
        assert_eq!(browser.post("Tom", &path, "rep=3").await.0, StatusCode::FORBIDDEN);
        assert_eq!(browser.post("Ada", &path, "rep=999").await.0, StatusCode::CONFLICT);
        assert_eq!(browser.post("Ada", &path, "rep=3").await.0, StatusCode::SEE_OTHER);
        assert_eq!(browser.stage.number("SELECT count(*) FROM handovers WHERE origin = 'manual' AND rep_id = 3 AND state = 'offered'").await, 1);
        assert_eq!(browser.post("Ada", "/today/steps/hide", "").await.0, StatusCode::SEE_OTHER);
        assert_eq!(browser.post("Tom", "/today/steps/hide", "").await.0, StatusCode::FORBIDDEN);
    }
}
