//! What goes wrong on the way: a busy collector, answers that are lost, props that cannot be sent, more than a browser carries at once.

use std::collections::BTreeMap;

use super::arrived;
use super::site::Mishap::{Busy, KeptAndCut, KeptAndFailed};
use super::stay::pass;
use super::{cover, open, run, uncover, until};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_again_is_in_the_log_once() {
    let (attune, site, mut person) = open().await;
    site.expect(&[Busy, KeptAndFailed, KeptAndCut]);
    person.go("/own/shop").await;
    run(&person, "attune.track('demo.sent', { subject: 'four times' })").await;
    until(|| site.times_relayed("four times") == 4, "the event to be sent again and again").await;
    arrived::log_with(&attune, "demo.sent", "four times").await;

    // A page that is covered tells what it has; turned away, it tells it again while it stays covered.
    site.expect(&[Busy]);
    run(&person, "attune.track('demo.sent', { subject: 'twice' })").await;
    cover(&person).await;
    let log = arrived::log_with(&attune, "demo.sent", "twice").await;
    assert_eq!(site.times_relayed("twice"), 2);
    let (_, left) = arrived::dwell(&log);
    assert_eq!(left.into_iter().collect::<Vec<_>>(), [("/own/shop", 1)]);
    uncover(&person).await;
    person.go("/blank").await;
    pass(1.0).await;

    let log = arrived::log(&attune).await;
    let expected = BTreeMap::from([(("page.viewed", "/own/shop"), 1), (("demo.sent", "four times"), 1), (("demo.sent", "twice"), 1)]);
    assert_eq!(arrived::counted(&log), expected);
    let (_, left) = arrived::dwell(&log);
    assert_eq!(left.into_iter().collect::<Vec<_>>(), [("/own/shop", 2)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sent_does_not_hold_up_the_rest() {
    let (attune, _, mut person) = open().await;
    person.go("/own/shop").await;
    let unsendable = "const ring = {}; ring.ring = ring; attune.track('demo.sent', ring); attune.track('demo.sent', { subject: 10n });
        attune.track('demo.sent', { subject: 'too long', text: 'x'.repeat(70000) })";
    run(&person, unsendable).await;
    run(&person, "attune.track('demo.sent', { subject: 'after' })").await;
    // Half a character at the end of a title would make its page view unreadable.
    run(&person, "document.title = 'x'.repeat(299) + '\u{1f4a1}'; history.pushState({}, '', '/own/shop/lamps')").await;
    arrived::log_with(&attune, "page.viewed", "/own/shop/lamps").await;
    let log = arrived::log_with(&attune, "demo.sent", "after").await;
    let expected =
        BTreeMap::from([(("page.viewed", "/own/shop"), 1), (("demo.sent", "after"), 1), (("page.viewed", "/own/shop/lamps"), 1)]);
    assert_eq!(arrived::counted(&log), expected);
}

/// A browser carries 64 kB at a time for pages that may go away.
#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_browser_carries_at_once_arrives_all_the_same() {
    let (attune, _, mut person) = open().await;
    person.go("/own/shop").await;
    arrived::log_with(&attune, "page.viewed", "/own/shop").await;
    let many = "for (let n = 1; n <= 150; n++) attune.track('demo.sent', { subject: 'n' + n, text: 'x'.repeat(900) })";
    run(&person, many).await;
    cover(&person).await;
    let log = arrived::log_when(&attune, |log| arrived::counted(log).len() == 151).await;
    let counted = arrived::counted(&log);
    assert_eq!((counted.len(), counted.values().sum::<usize>()), (151, 151), "{counted:?}");
}
