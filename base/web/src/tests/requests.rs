//! Who may ask what, from where.

use http::{Method, StatusCode};

use super::fixture::{ADMIN, AGENT, PART, SAME, Staff, house, house_of};

#[tokio::test]
async fn nobody_is_led_to_the_sign_in_page_and_back() {
    let house = house().await;
    let got = house.get("/deals?view=hot", &[]).await;
    assert_eq!((got.status, got.header("location")), (StatusCode::SEE_OTHER, "/sign-in?next=%2Fdeals%3Fview%3Dhot"));
    let got = house.get("/deals", &[PART[0], PART[1], ("hx-current-url", "http://h/contacts?a=1")]).await;
    assert_eq!((got.status, got.header("hx-redirect")), (StatusCode::UNAUTHORIZED, "/sign-in?next=%2Fcontacts%3Fa%3D1"));
    let got = house.post("/api/v1/deals", &[], "{}").await;
    assert_eq!(got.status, StatusCode::UNAUTHORIZED);
    assert!(got.text().contains(r#""code":"unauthenticated""#));
}

#[tokio::test]
async fn an_empty_installation_is_set_up_first() {
    let house = house_of(Staff { empty: true, ..Staff::default() }).await;
    assert_eq!(house.get("/deals", &[]).await.header("location"), "/setup");
    let got = house.post("/api/v1/deals", &[], "{}").await;
    assert_eq!(got.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(got.text().contains(r#""code":"not_set_up""#) && got.text().contains("attune user create"), "{}", got.text());
}

#[tokio::test]
async fn a_permission_brings_its_scope() {
    let house = house().await;
    assert!(house.get("/deals", &[AGENT]).await.text().contains("Own { staff_id: 7 }"));
    assert!(house.get("/deals", &[ADMIN]).await.text().contains("All"));
    let got = house.post("/deals", &[AGENT, SAME], "name=x").await;
    assert_eq!(got.status, StatusCode::FORBIDDEN);
    assert!(got.text().contains("Ada, Lin can grant it"), "{}", got.text());
    assert!(got.text().contains("“Plan”"), "the permission is named as in the role editor");
}

#[tokio::test]
async fn other_sites_cannot_act() {
    let house = house().await;
    for header in
        [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.example"), ("origin", "null")]
    {
        let got = house.post("/deals", &[ADMIN, ("host", "attune.example"), header], "name=x").await;
        assert_eq!(got.status, StatusCode::FORBIDDEN, "{header:?}");
        assert!(got.text().contains("another site"));
    }
    for header in [SAME, ("sec-fetch-site", "none"), ("origin", "https://attune.example"), ("origin", "http://127.0.0.1:7411")] {
        let got = house.post("/deals", &[ADMIN, ("host", "attune.example"), header], "name=x").await;
        assert_eq!(got.status, StatusCode::SEE_OTHER, "{header:?}");
    }
    assert_eq!(house.get("/deals", &[ADMIN, ("sec-fetch-site", "cross-site")]).await.status, StatusCode::OK);
    assert_eq!(house.post("/t", &[("sec-fetch-site", "cross-site")], "").await.status, StatusCode::ACCEPTED);
    assert_eq!(house.post("/tx", &[("sec-fetch-site", "cross-site")], "").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_program_gets_json() {
    let house = house().await;
    let key = ("authorization", "Bearer key");
    let json = ("content-type", "application/json");
    let ask = |body: &'static str, headers: Vec<(&'static str, &'static str)>| {
        let house = &house;
        async move { house.ask(Method::POST, "/api/v1/deals", &headers, body).await }
    };
    assert_eq!(ask(r#"{"name":"a"}"#, vec![key, json, ("sec-fetch-site", "cross-site")]).await.status, StatusCode::OK);
    let got = ask(r#"{"name":" "}"#, vec![key, json]).await;
    assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(got.text().contains(r#""fields":{"name":"Fill this in"}"#), "{}", got.text());
    let got = ask(r#"{"nom":"a"}"#, vec![key, json]).await;
    assert_eq!(got.status, StatusCode::BAD_REQUEST);
    assert!(got.text().contains("missing field `name`"), "{}", got.text());
    assert_eq!(ask("{}", vec![("authorization", "Bearer wrong"), json]).await.status, StatusCode::UNAUTHORIZED);
    let got = house.get("/api/v1/nothing", &[key]).await;
    assert_eq!((got.status, got.header("cache-control")), (StatusCode::NOT_FOUND, "no-store"));
    assert!(got.text().contains(r#""code":"not_found""#));
    assert_eq!(house.get("/api/v1/deals", &[key]).await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_message_is_shown_once() {
    let house = house().await;
    let left = house.post("/deals", &[ADMIN, SAME], "name=Spare+%3Csensors%3E").await;
    assert_eq!((left.status, left.header("location")), (StatusCode::SEE_OTHER, "/deals"));
    let cookie = left.cookies()[0].split(';').next().unwrap().to_owned();
    assert!(left.cookies()[0].contains("HttpOnly") && left.cookies()[0].contains("SameSite=Lax"));
    let both = format!("{}; {cookie}", ADMIN.1);
    let seen = house.get("/deals", &[("cookie", &both)]).await;
    assert!(seen.text().contains("Saved Spare &#60;sensors&#62;"), "{}", seen.text());
    assert!(seen.text().contains(r#"<form method="post" action="/deals/undo">"#));
    let gone = seen.cookies()[0];
    assert!(gone.starts_with("attune_flash=;") && gone.contains("Max-Age=0"), "{gone}");
    let forged = format!("{both}x");
    assert!(!house.get("/deals", &[("cookie", &forged)]).await.text().contains("Saved Spare"));
}

#[tokio::test]
async fn htmx_gets_parts_and_is_led_on() {
    let house = house().await;
    let part = house.get("/deals", &[AGENT, PART[0], PART[1]]).await;
    assert_eq!(part.text(), r#"<p id="rows">Own { staff_id: 7 }</p>"#);
    let whole = house.get("/deals", &[AGENT, PART[0], ("hx-request-type", "full")]).await;
    assert!(whole.text().starts_with("<!doctype html>"));
    let again = house.post("/deals", &[ADMIN, SAME, PART[0], PART[1]], "name=").await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(again.text(), r#"<p id="rows">Fill this in</p>"#);
    let left = house.post("/deals", &[ADMIN, SAME, PART[0], PART[1]], "name=a").await;
    assert_eq!((left.status, left.header("hx-redirect")), (StatusCode::NO_CONTENT, "/deals"));
    let gone = house.get("/deals/99", &[ADMIN, PART[0], PART[1]]).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert!(gone.text().starts_with(r##"<hx-partial hx-target="#toasts" hx-swap="beforeend">"##), "{}", gone.text());
}

#[tokio::test]
async fn assets_are_served_packed_and_for_ever() {
    use std::io::Read;
    let house = house().await;
    let url = attune_assets::url("attune.css");
    let plain = house.get(url, &[]).await;
    assert_eq!((plain.status, plain.header("content-type")), (StatusCode::OK, "text/css; charset=utf-8"));
    assert!(plain.header("cache-control").contains("immutable"));
    let packed = house.get(url, &[("accept-encoding", "gzip, br")]).await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(packed.bytes.as_slice()).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.bytes);
    assert_eq!(house.get("/assets/none.css", &[]).await.status, StatusCode::NOT_FOUND);
    let tracker = house.get("/t.js", &[]).await;
    assert_eq!((tracker.status, tracker.header("cross-origin-resource-policy")), (StatusCode::OK, "cross-origin"));
}

#[tokio::test]
async fn every_answer_is_sealed() {
    let house = house().await;
    let got = house.get("/deals", &[AGENT]).await;
    assert!(got.header("content-security-policy").contains("script-src 'self'; style-src 'self'"));
    assert_eq!(got.header("x-frame-options"), "DENY");
    assert_eq!(got.header("x-content-type-options"), "nosniff");
    assert!(got.header("x-request-id").starts_with("req_"));
    assert!(got.headers.get_all("vary").iter().any(|v| v.to_str().unwrap().contains("HX-Request")));
    let framed = house.get("/preview", &[AGENT]).await;
    assert!(framed.header("content-security-policy").contains("frame-ancestors 'self'"));
    assert_eq!(framed.header("x-frame-options"), "");
}
