//! What a journal promises, on both engines and across lives.

use attune_testkit::on_both_dbs;

use attune_db::migrations;

on_both_dbs! {
    with migrations();
    async fn numbers_grow_whatever_is_forgotten(db: Db) {
        let first = db.journal("inbox").unwrap();
        assert_eq!(first.last().await.unwrap(), 0);
        assert_eq!((first.append(0, "a").await.unwrap(), first.append(0, "b").await.unwrap(), first.last().await.unwrap()), (1, 2, 2));
        first.forget(2).await.unwrap();
        assert!(first.list_after(0, 9).await.unwrap().iter().all(|(id, body)| (*id, body.as_str()) == (2, "[]")), "no text stays");
        assert_eq!(first.append(0, "c").await.unwrap(), 3);
        drop(first);
        let second = db.journal("inbox").unwrap();
        assert_eq!(second.append(40, "d").await.unwrap(), 41, "behind what is known to be used already");
        assert_eq!(second.list_after(2, 1).await.unwrap(), [(3, "c".to_owned())]);
        for (through, left) in [(3, vec![41]), (2, vec![41]), (41, vec![]), (50, vec![])] {
            second.forget(through).await.unwrap();
            let texts = second.list_after(0, 9).await.unwrap().into_iter().filter(|(_, body)| body != "[]");
            assert_eq!(texts.map(|(id, _)| id).collect::<Vec<i64>>(), left, "forgotten through {through}");
        }
        assert_eq!(second.append(0, "e").await.unwrap(), 42);
        second.forget(42).await.unwrap();
        assert!(second.list_after(0, 9).await.unwrap().iter().all(|(_, body)| body == "[]"), "behind more than there was");
        assert_eq!(db.journal("other").unwrap().last().await.unwrap(), 0, "each has numbers of its own");
    }
}

on_both_dbs! {
    with migrations();
    async fn numbers_become_visible_in_their_order(db: Db) {
        let writers = (0..8).map(|_| { let journal = db.journal("inbox").unwrap(); async move { for _ in 0..20 { journal.append(0, "[]").await.unwrap(); } } });
        let journal = db.journal("inbox").unwrap();
        let reader = async {
            let mut seen = 0;
            while seen < 160 {
                for (id, _) in journal.list_after(seen, 500).await.unwrap() {
                    assert_eq!(id, seen + 1, "nothing appears behind what was read");
                    seen = id;
                }
                tokio::task::yield_now().await;
            }
        };
        futures::future::join(futures::future::join_all(writers), reader).await;
    }
}

on_both_dbs! {
    with migrations();
    async fn what_is_put_aside_is_told(db: Db) {
        let journal = db.journal("inbox").unwrap();
        assert_eq!(journal.aside().await.unwrap(), None);
        journal.set_aside(1, "too old", "{}").await.unwrap();
        journal.set_aside(2, "unreadable", "x").await.unwrap();
        assert_eq!(journal.aside().await.unwrap(), Some((2, "unreadable".to_owned())));
    }
}
