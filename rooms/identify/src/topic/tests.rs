use attune_web::Actor;

use super::{Topic, TopicId, list, list_all, of_purpose, purpose_of, store};
use crate::contact::By;

fn topic(id: i64, name: &str) -> Topic {
    Topic {
        id: TopicId(id),
        name_en: name.to_owned(),
        name_zh: format!("{name}中"),
        purpose_en: "News".to_owned(),
        purpose_zh: "新闻".to_owned(),
    }
}

#[test]
fn a_purpose_names_its_topic() {
    assert_eq!(of_purpose(&purpose_of(TopicId(77))), Some(TopicId(77)));
    assert_eq!(of_purpose("marketing"), None);
    assert_eq!(of_purpose("topic:nonsense"), None);
}

attune_testkit::on_both_dbs! {
    async fn topics_have_an_order_and_keep_their_names(db: Db) {
        let clock = attune_testkit::clock();
        let ids = attune_testkit::ids(&clock);
        let actor = Actor::system();
        let by = By { actor: &actor, now: clock.now(), ids: &ids };
        let mut tx = db.begin().await.unwrap();
        for (id, name) in [(3, "News"), (1, "Offers"), (2, "Events")] {
            store::insert(&mut tx, &by, &topic(id, name)).await.unwrap();
        }
        let order = |topics: Vec<Topic>| topics.into_iter().map(|topic| topic.id.0).collect::<Vec<_>>();
        assert_eq!(order(list(&mut tx).await.unwrap()), [3, 1, 2]);
        store::shift(&mut tx, &by, TopicId(2), true).await.unwrap();
        store::shift(&mut tx, &by, TopicId(3), true).await.unwrap();
        assert_eq!(order(list(&mut tx).await.unwrap()), [3, 2, 1], "the first stays the first");
        assert!(store::set_deleted(&mut tx, &by, TopicId(2), Some(by.now)).await.unwrap());
        assert_eq!(order(list(&mut tx).await.unwrap()), [3, 1]);
        assert_eq!(order(list_all(&mut tx).await.unwrap()), [3, 2, 1], "the ledger can still name it");
        assert!(!store::shift(&mut tx, &by, TopicId(2), true).await.unwrap());
        tx.commit().await.unwrap();
    }
}
