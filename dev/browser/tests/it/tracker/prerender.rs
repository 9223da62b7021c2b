//! A page that the browser has made before anybody opened it.

use std::collections::BTreeMap;

use super::arrived;
use super::stay::{Stays, pass, when};
use super::{open, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_prerendered_page_counts_from_when_it_is_opened() {
    let (attune, site, mut person) = open().await;
    let mut stays = Stays::default();
    let menu = when(person.go("/menu")).await;
    until(|| !site.ahead().is_empty(), "the browser to make the next page ahead").await;
    pass(3.0).await;
    // Perhaps nobody ever opens it: so far there is the menu only.
    assert_eq!(arrived::counted(&arrived::log(&attune).await), BTreeMap::from([(("page.viewed", "/menu"), 1)]));
    let dish = when(person.click("#dish")).await;
    let begun = "return location.pathname === '/dish' && performance.getEntriesByType('navigation')[0].activationStart > 0";
    person.until(begun, vec![], "the page that was ready to be shown").await;
    pass(1.5).await;
    let over = when(person.go("/blank")).await;
    stays.add("/menu", menu, dish);
    stays.add("/dish", dish, over);
    let log = arrived::log_with(&attune, "page.left", "/dish").await;
    let expected = [
        (("demo.called", "ahead"), 1),
        (("demo.called", "early"), 1),
        (("page.viewed", "/dish"), 1),
        (("page.viewed", "/menu"), 1),
        (("site.searched", "soup"), 1),
    ];
    assert_eq!(arrived::counted(&log), BTreeMap::from(expected));
    let (dwell, left) = arrived::dwell(&log);
    assert_eq!(left.into_iter().collect::<Vec<_>>(), [("/dish", 1), ("/menu", 1)]);
    stays.compare(&dwell);
    assert_eq!(site.ahead(), ["/dish?q=soup"]);
}
