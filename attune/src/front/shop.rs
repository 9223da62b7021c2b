//! The demo shop: a small public site that carries the real tracker, so that a newcomer's own clicks appear live.

use askama::Template;
use attune_house::App;
use attune_web::{Answer, Lang, Path, Problem, Shell};
use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

/// The records on sale. Titles and bands are invented.
const RECORDS: [Record; 6] = [
    Record { slug: "harbour-lights", title: "Harbour Lights", band: "The Tidewater Five", cents: 1496 },
    Record { slug: "paper-lanterns", title: "Paper Lanterns 纸灯笼", band: "Lin Xiaoyu 林晓雨", cents: 1299 },
    Record { slug: "slow-train", title: "Slow Train, Late Snow", band: "Marta Keller", cents: 1677 },
    Record { slug: "north-facing", title: "North-facing Rooms", band: "Ostkreuz Quartet", cents: 1177 },
    Record { slug: "copper-and-rain", title: "Copper and Rain", band: "The Dry Docks", cents: 1392 },
    Record { slug: "second-breakfast", title: "Second Breakfast", band: "Pim & the Larks", cents: 999 },
];

/// Something the shop sells.
struct Record {
    slug: &'static str,
    title: &'static str,
    band: &'static str,
    cents: i64,
}

impl Record {
    fn price(&self, l: &Lang) -> String {
        l.money(self.cents, "USD").to_string()
    }
}

#[derive(Template)]
#[template(path = "front/shop.html")]
struct ShopPage {
    shell: Shell,
    records: &'static [Record],
    chosen: Option<&'static Record>,
    place: &'static str,
}

impl ShopPage {
    fn title(&self) -> String {
        let t = |key| self.shell.l.t(key).to_string();
        let here = match self.chosen {
            Some(record) => record.title.to_owned(),
            None => t(if self.place == "pricing" { "shop-pricing" } else { "shop-front" }),
        };
        format!("{here} · {}", t("shop-name"))
    }
}

/// The shop's routes.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/shop", get(front))
        .route("/shop/records/{slug}", get(record))
        .route("/shop/pricing", get(pricing))
        .route("/shop/catalogue.csv", get(catalogue))
}

async fn front(shell: Shell) -> Answer {
    let page = ShopPage { shell, records: &RECORDS, chosen: None, place: "front" };
    Ok(page.shell.page(&page))
}

async fn record(shell: Shell, Path(slug): Path<String>) -> Answer {
    let chosen = RECORDS.iter().find(|record| record.slug == slug).ok_or(Problem::NotFound)?;
    let page = ShopPage { shell, records: &RECORDS, chosen: Some(chosen), place: "record" };
    Ok(page.shell.page(&page))
}

async fn pricing(shell: Shell) -> Answer {
    let page = ShopPage { shell, records: &[], chosen: None, place: "pricing" };
    Ok(page.shell.page(&page))
}

async fn catalogue() -> Answer {
    let mut text = String::from("slug,title,band,usd\r\n");
    for record in &RECORDS {
        text.push_str(&format!(
            "{},\"{}\",\"{}\",{}.{:02}\r\n",
            record.slug,
            record.title,
            record.band,
            record.cents / 100,
            record.cents % 100
        ));
    }
    let headers = [(CONTENT_TYPE, "text/csv; charset=utf-8"), (CONTENT_DISPOSITION, "attachment; filename=\"catalogue.csv\"")];
    Ok((headers, text).into_response())
}
