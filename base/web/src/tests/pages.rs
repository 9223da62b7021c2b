//! What people see: the shell, errors and switches, in both languages.

use attune_kernel::Locale;
use http::{Method, StatusCode};

use super::fixture::{ADMIN, AGENT, CHINESE, SAME, house};
use crate::Theme;

#[tokio::test]
async fn the_shell_shows_what_the_role_may_see() {
    let house = house().await;
    let page = house.get("/deals", &[AGENT]).await.text();
    assert!(page.contains(r#"<html lang="en" data-theme="dark">"#));
    assert!(page.contains("Mei &#60;Tan&#62;") && !page.contains("Mei <Tan>"));
    assert!(page.contains(r#"<a href="/deals" aria-current="page" data-go="D""#), "{page}");
    assert!(page.contains(r#"<span class="count">1,206</span>"#));
    assert!(!page.contains("/secret"), "an item without the right is hidden");
    let today = page.find(r#"href="/""#).unwrap();
    assert!(today < page.find("<h2>Plan</h2>").unwrap(), "items without a group come first");
    assert!(!page.contains("/assets/missing"));
    assert!(!page.contains("style=") && !page.contains("onclick"));
}

#[tokio::test]
async fn errors_speak_both_languages() {
    let house = house().await;
    let en = house.get("/nothing", &[]).await;
    assert_eq!(en.status, StatusCode::NOT_FOUND);
    assert!(en.text().contains("<h1>This page does not exist</h1>"), "{}", en.text());
    let zh = house.get("/nothing", &[CHINESE]).await;
    assert!(zh.text().contains(r#"<html lang="zh-CN">"#) && zh.text().contains("<h1>页面不存在</h1>"));
    let wrong_way = house.ask(Method::DELETE, "/deals", &[CHINESE], "").await;
    assert_eq!(wrong_way.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(wrong_way.text().contains("这个地址不接受此类请求"));
    let large = house.post("/deals", &[ADMIN, SAME], &format!("name={}", "x".repeat(3_000_000))).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(large.text().contains("That is too large"));
}

#[tokio::test]
async fn each_problem_has_its_page() {
    let house = house().await;
    let refused = house.get("/deals/1", &[ADMIN]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text().contains("Try again in 3 s."));
    let full = house.get("/deals/2", &[ADMIN]).await;
    assert_eq!(full.status, StatusCode::INSUFFICIENT_STORAGE);
    assert!(full.text().contains("The disk is full"));
    let busy = house.get("/deals/5", &[ADMIN]).await;
    assert_eq!((busy.status, busy.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "9"));
    assert_eq!(house.get("/deals/abc", &[ADMIN]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_fault_shows_a_reference_and_no_cause() {
    let house = house().await;
    for url in ["/deals/3", "/deals/4"] {
        let got = house.get(url, &[ADMIN]).await;
        assert_eq!(got.status, StatusCode::INTERNAL_SERVER_ERROR);
        let text = got.text();
        assert!(!text.contains("secret cause") && !text.contains("a bug"));
        assert!(text.contains(got.header("x-request-id")), "the page names the reference that the log has");
    }
}

#[tokio::test]
async fn the_language_is_switched_by_cookie_or_kept_with_the_person() {
    let house = house().await;
    let got = house.post("/me/locale", &[SAME], "value=zh-CN&next=/nothing").await;
    assert_eq!((got.status, got.header("location")), (StatusCode::SEE_OTHER, "/nothing"));
    let cookie = got.cookies()[0].split(';').next().unwrap().to_owned();
    assert!(house.get("/nothing", &[("cookie", &cookie)]).await.text().contains("页面不存在"));
    assert!(house.staff.kept.lock().unwrap().is_empty());
    house.post("/me/locale", &[SAME, AGENT], "value=zh-CN&next=//evil.example").await;
    let got = house.post("/me/theme", &[SAME, AGENT], "value=light&next=//evil.example").await;
    assert_eq!(got.header("location"), "/");
    assert_eq!(*house.staff.kept.lock().unwrap(), [(Some(Locale::ZhCn), None), (None, Some(Theme::Light))]);
    assert_eq!(house.post("/me/theme", &[SAME], "value=pink").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_palette_and_the_menu_work_without_scripts() {
    let house = house().await;
    let page = house.get("/palette?q=all", &[AGENT]).await.text();
    assert!(page.starts_with("<!doctype html>") && page.contains(r#"href="/deals""#));
    let none = house.get("/palette?q=zzz", &[AGENT, ("hx-request", "true")]).await.text();
    assert_eq!(none, r#"<p class="empty">Nothing found for “zzz”</p>"#);
    assert!(house.get("/menu", &[AGENT]).await.text().contains("Sign out"));
    assert_eq!(house.get("/menu", &[]).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_gallery_shows_every_part_and_its_form_works() {
    let house = house().await;
    let page = house.get("/ui", &[AGENT]).await;
    assert_eq!(page.status, StatusCode::OK);
    let text = page.text();
    for part in [
        "class=\"stats card meta\"",
        "class=\"ringbox\"",
        "<progress",
        "<meter",
        "aria-sort=\"descending\"",
        "data-confirm=",
        "class=\"empty\"",
    ] {
        assert!(text.contains(part), "{part} is missing");
    }
    assert!(text.contains(r#"aria-invalid="true" aria-describedby="f-email-note""#), "{text}");
    assert!(text.contains("34%") && text.contains("612,400 of 1,000,000"));
    let again = house.post("/ui", &[AGENT, SAME], "name=&email=x&seats=900&note=%3Cb%3E").await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.text().contains("3 entries need your attention") && again.text().contains("Enter a number from 1 to 500"));
    assert!(again.text().contains("&#60;b&#62;</textarea>"), "input is kept and escaped");
    let good = house.post("/ui", &[AGENT, SAME], "name=Ada&email=a@b.c&seats=9").await;
    assert_eq!(good.status, StatusCode::SEE_OTHER);
}
