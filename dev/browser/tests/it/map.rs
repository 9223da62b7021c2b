//! People on a map: with no source of pictures, with one that stands on this machine, by mouse, by keyboard and without JavaScript.

use std::sync::{Arc, Mutex};

use attune_browser::{Attune, Look};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::ground;
use crate::person::Person;

/// Two in Hamburg, one in Leeds, one in Shanghai, and one whose place is not known.
const PEOPLE: &str = "\
Full name,E-mail,City,Country,Latitude,Longitude
Lena Brandt,lena@nordwerk.example,Hamburg,Germany,53.5503,9.9920
Jonas Weber,jonas@nordwerk.example,Hamburg,Germany,53.5510,9.9937
Tom Ashby,tom@fernhill.example,Leeds,United Kingdom,53.7974,-1.5438
王芳,fang@haichuan.example,上海,中国,31.2304,121.4737
Peter Novak,peter@vltava.example,Prague,,,
";

/// A picture of one pixel.
const PNG: [u8; 67] = [
    0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 0x0D, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0, 0x3A,
    0x7E, 0x9B, 0x55, 0, 0, 0, 0x0A, 0x49, 0x44, 0x41, 0x54, 0x78, 0xDA, 0x63, 0x38, 3, 0, 0, 0xCE, 0, 0xCD, 0x79, 0xEE, 0xEA, 0x3D, 0, 0,
    0, 0, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82,
];

/// A server of map pictures on this machine, which remembers what it was asked for.
struct Tiles {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Tiles {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = asked.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let heard = heard.clone();
                tokio::spawn(async move {
                    let mut head = vec![0; 8_192];
                    let read = stream.read(&mut head).await.unwrap_or(0);
                    let line = String::from_utf8_lossy(&head[..read]);
                    if let Some(path) = line.split(' ').nth(1) {
                        heard.lock().unwrap().push(path.to_owned());
                    }
                    let answer =
                        format!("HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", PNG.len());
                    stream.write_all(answer.as_bytes()).await.unwrap();
                    stream.write_all(&PNG).await.unwrap();
                });
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn ground() -> Attune {
    let mut attune = ground::lite();
    ground::take_on(&attune, "ada@attune.example", "Ada Moreau", "admin", "en").await;
    attune.json(&["import", "contacts", &ground::file(&attune, "people.csv", PEOPLE)]).await.unwrap();
    attune.serve().await.unwrap();
    attune
}

/// How close the map looks, as its address says.
async fn zoom(person: &Person) -> i64 {
    let script = "return Number((location.hash.match(/^#map=(\\d+)/) || [0, -1])[1])";
    person.browser.run(script, vec![]).await.unwrap().as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_found_on_a_map() {
    let (attune, tiles) = (ground().await, Tiles::open().await);
    let mut person = Person::arrive(attune.url(""), Look::desk()).await;
    person.sign_in("ada@attune.example").await;

    // Without a source of pictures there are lines, and the way to set one.
    person.go("/contacts").await;
    person.click(".seg a[href*=\"layout=map\"]").await;
    person
        .until(
            "return document.querySelectorAll('.map-pin').length === 3 && document.querySelectorAll('.map-line').length > 3",
            vec![],
            "markers above lines",
        )
        .await;
    person.read("[data-map-said]", "4 contacts").await;
    person.read(".map-places", "Hamburg, Germany").await;
    assert_eq!(person.browser.complaints().await.unwrap(), Vec::<String>::new());
    person.browser.screenshot("map-lines").await.unwrap();
    person.click(".map-note a").await;
    person.fill("[name=\"identify.map_tiles\"]", &format!("{}/{{z}}/{{x}}.png", tiles.address)).await;
    person.click("#identify form button:not([type])").await;
    person.browser.see_text("each once").await.unwrap();
    // The browser complains of every answer that refuses something.
    person.browser.complaints().await.unwrap();
    person.fill("[name=\"identify.map_tiles\"]", &format!("{}/{{z}}/{{x}}/{{y}}.png", tiles.address)).await;
    person.fill("[name=\"identify.map_credit\"]", "© Somebody's maps").await;
    person.click("#identify form button:not([type])").await;
    person.until("return document.querySelector('#toasts .toast') !== null", vec![], "the settings to be kept").await;

    person.go("/contacts?layout=map").await;
    let loaded = "const all = [...document.querySelectorAll('img.map-tile')]; return all.length > 1 && all.every(t => t.complete && t.naturalWidth === 1)";
    person.until(loaded, vec![], "the pictures of the map").await;
    person.read(".map-credit", "Somebody").await;
    assert!(tiles.asked().iter().all(|path| path.split('/').count() == 4 && path.ends_with(".png")), "{:?}", tiles.asked());

    // A marker of few names them; one of them leads to the record.
    person.click("button.map-pin").await;
    person.read("[data-card]", "Jonas Weber").await;
    person.read("[data-card]", "Lena Brandt").await;
    person.browser.screenshot("map-names").await.unwrap();
    person.browser.assert_accessible().await.unwrap();
    person.press("\u{E00C}").await;
    person
        .until(
            "return document.querySelector('[data-card]').hidden && document.activeElement.matches('button.map-pin')",
            vec![],
            "the names to close, and the marker to have the focus",
        )
        .await;
    by_keyboard(&mut person).await;

    person.click("a.map-pin[aria-label=\"Tom Ashby\"]").await;
    person.read("h1", "Tom Ashby").await;
    person.until(loaded, vec![], "the small map of the record").await;
    person.see(".about .map.small .map-pin").await;
    assert_eq!(person.browser.complaints().await.unwrap(), Vec::<String>::new(), "the policy lets exactly these pictures in");
}

/// Keys move and zoom, and every marker can be reached.
async fn by_keyboard(person: &mut Person) {
    person.browser.run("document.querySelector('.map').focus()", vec![]).await.unwrap();
    person.press("0").await;
    person.until("return location.hash.startsWith('#map=')", vec![], "the map to say what it shows").await;
    let far = zoom(person).await;
    person.press("++").await;
    assert_eq!(zoom(person).await, far + 2);
    person.press("-").await;
    assert_eq!(zoom(person).await, far + 1);
    let before = person.path().await;
    person.press("\u{E014}").await;
    assert_ne!(person.path().await, before, "an arrow moves it");
    let reached = "return [...document.querySelectorAll('.map-pin')].every(pin => pin.tabIndex === 0 && pin.getAttribute('aria-label'))";
    person.until(reached, vec![], "markers with names").await;
    person.press("0").await;
    person.until("return document.querySelectorAll('.map-pin').length === 3", vec![], "everybody again").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_javascript_the_places_are_a_list() {
    let attune = ground().await;
    let mut person = Person::arrive(attune.url(""), Look::desk().without_javascript()).await;
    person.go("/sign-in").await;
    person.fill("#f-email", "ada@attune.example").await;
    person.fill("#f-password", ground::PASSWORD).await;
    person.click("main form .btn.primary").await;
    person.go("/contacts?layout=map").await;
    person.browser.see_text("Hamburg, Germany").await.unwrap();
    person.browser.see_text("Prague").await.unwrap();
    person.click(".map-places a").await;
    person.browser.see_text("Lena Brandt").await.unwrap();
    let text = person.browser.text().await.unwrap();
    assert!(text.contains("Jonas Weber") && !text.contains("Tom Ashby"), "{text}");
}
