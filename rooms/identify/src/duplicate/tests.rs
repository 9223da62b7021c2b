use attune_db::{Db, params};
use attune_testkit::{StatusCode, TestApp};

use super::twin::Twin;
use crate::contact::{Contact, ContactId};
use crate::tracking::Collector;

fn site(db: Db) -> TestApp {
    TestApp::start(db, |parts| vec![crate::room(parts, &Collector::start(parts))])
}

/// Sixty people who are all somebody else, and three who are there twice, misspelt.
const TWINS: [(&str, &str, &str); 3] = [
    (
        "name=Katharina+Oberlaender&email=k.oberlaender@fabrik.example&city=Chemnitz",
        "name=Katarina+Oberlaender&email=k.oberlaender@fabrik.example&city=Chemnitz",
        "Oberlaender",
    ),
    (
        "name=Thaddeus+Winterbourne&email=thad@winterbourne.example&phone=%2B44+20+7946+0018",
        "name=Thadeus+Winterbourne&email=&phone=0044+20+7946+0018",
        "Winterbourne",
    ),
    ("name=Xiomara+Quintanilla&email=xq@quinta.example", "name=Xiomara+Quintanila&email=xq@quinta.example", "Quintan"),
];

async fn fill(site: &TestApp) {
    let given = ["Anna", "Bela", "Cara", "Dora", "Emil", "Fritz", "Gesa", "Hans", "Ida", "Jan"];
    let family = ["Albers", "Brandt", "Cordes", "Dietz", "Ebert", "Funke"];
    for (number, (given, family)) in given.iter().flat_map(|g| family.iter().map(move |f| (g, f))).enumerate() {
        let form = format!("name={given}+{family}&email={}{number}@firm{number}.example&told=1", given.to_lowercase());
        site.post("admin", "/contacts", &form).await.is(StatusCode::SEE_OTHER);
    }
    for (first, second, _) in TWINS {
        for form in [first, second] {
            site.post("admin", "/contacts", &format!("{form}&told=1")).await.is(StatusCode::SEE_OTHER);
        }
    }
}

attune_testkit::on_both_dbs! {
    async fn a_search_finds_the_twins_with_reasons_and_leaves_what_was_told_apart(db: Db) {
        let site = site(db.clone());
        assert!(site.get("admin", "/contacts/duplicates").await.has("Nobody has looked yet"));
        fill(&site).await;
        site.post("agent", "/contacts/duplicates", "").await.is(StatusCode::SEE_OTHER);
        assert_eq!(db.read().await.unwrap().count("SELECT count(*) FROM jobs WHERE kind = $1", params![Contact::FIND]).await.unwrap(), 0, "only who sees all may");
        site.post("admin", "/contacts/duplicates", "").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        let page = site.get("admin", "/contacts/duplicates").await;
        for (_, _, name) in TWINS {
            assert!(page.has(name), "{name}: {}", page.body);
        }
        assert!(page.has("66 contacts compared, 3 likely pairs") && page.has("Email: the same") && !page.has("Albers"), "{}", page.body);
        assert!(!page.has("duplicate-") && !page.has("identify-told"), "a text is missing: {}", page.body);
        // Nobody's pairs are a rep's.
        assert!(!site.get("agent", "/contacts/duplicates").await.has("Winterbourne"));
        let mut tx = db.read().await.unwrap();
        let pair = tx.rows("SELECT p.left_id, p.right_id FROM duplicate_pairs p JOIN contacts c ON c.id = p.left_id WHERE c.name LIKE 'Xiomara%'", params![]).await.unwrap();
        let (left, right): (i64, i64) = (pair[0].at(0).unwrap(), pair[0].at(1).unwrap());
        drop(tx);
        let apart = crate::duplicate::pair_address::<Contact>("apart", (right, left));
        site.post("agent", &apart, "").await.is(StatusCode::NOT_FOUND);
        site.post("admin", &apart, "").await.is(StatusCode::SEE_OTHER);
        site.post("admin", "/contacts/duplicates", "").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        assert!(!site.get("admin", "/contacts/duplicates").await.has("Quintan"), "no search brings it back");
        assert!(site.get("admin", "/contacts/duplicates?show=apart").await.has("Quintan"));
        site.post("admin", &apart.replace("/apart?", "/together?"), "").await.is(StatusCode::SEE_OTHER);
        assert!(site.get("admin", "/contacts/duplicates").await.has("Quintan"));
        // Two people of one household: apart, and each on the other's record; taken back as one.
        let related = async || site.get("admin", &format!("/contacts/{}/relationships", ContactId(left))).await.has("Family of");
        site.post("agent", &apart.replace("/apart?", "/family?"), "").await.is(StatusCode::NOT_FOUND);
        let done = site.post("admin", &apart.replace("/apart?", "/family?"), "").await.is(StatusCode::SEE_OTHER);
        assert!(related().await && !site.get("admin", "/contacts/duplicates").await.has("Quintan"));
        let family = db.read().await.unwrap().count("SELECT id FROM relationships WHERE kind = 'family'", params![]).await.unwrap();
        let back = format!("{}&family={}", apart.replace("/apart?", "/together?"), crate::relationship::RelationshipId(family));
        site.post("admin", &back, "").await.is(StatusCode::SEE_OTHER);
        assert!(!related().await && site.get("admin", "/contacts/duplicates").await.has("Quintan"), "{}", done.body);
        merged_and_split(&site, left, right).await;
        what_was_said_of_a_part_holds(&site, &db).await;
    }

    async fn who_is_typed_in_again_is_asked_about_once(db: Db) {
        let site = site(db);
        fill(&site).await;
        let again = "name=Someone+Else&email=XQ%40quinta.example";
        let told = site.post("admin", "/contacts", again).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(told.has("Is one of these meant?") && told.has("Xiomara Quintanilla") && told.has("Create all the same"), "{}", told.body);
        // Before the first search only what is one's own counts; after it, a misspelt name beside a number too.
        let typed = "/contacts/duplicates/check?name=Thaddaeus+Winterbourne&phone=%2B442079460018";
        assert!(!site.get("admin", typed).await.has("Winterbourne"));
        site.post("admin", "/contacts/duplicates", "").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        let told = site.get("admin", typed).await;
        assert!(told.has("Thaddeus Winterbourne") && told.has("Phone: the same"), "{}", told.body);
        assert!(!site.get("agent", typed).await.has("Winterbourne"), "another's people are not shown");
        assert_eq!(site.get("admin", "/contacts/duplicates/check?name=Nobody+Whatsoever").await.body.trim(), "");
        site.post("admin", "/contacts", &format!("{again}&told=1")).await.is(StatusCode::SEE_OTHER);
    }
}

/// Who was told apart from somebody stays so as a part of somebody else.
async fn what_was_said_of_a_part_holds(site: &TestApp, db: &Db) {
    let ids = async |like: &str| {
        let rows = db.read().await.unwrap().rows("SELECT id FROM contacts WHERE name LIKE $1 ORDER BY id", params![like]).await.unwrap();
        rows.iter().map(|row| ContactId(row.at(0).unwrap())).collect::<Vec<_>>()
    };
    let search = async || {
        site.post("admin", "/contacts/duplicates", "").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        site.get("admin", "/contacts/duplicates").await
    };
    let quintan = ids("Xiomara%").await;
    let (one, other) = (quintan[0], quintan[1]);
    let apart = crate::duplicate::pair_address::<Contact>("apart", (one.0, other.0));
    site.post("admin", &apart, "").await.is(StatusCode::SEE_OTHER);
    // A third who is likely the same as both takes over one of the two.
    let third = "name=Xiomara+Quintanilla&email=xq%40quinta.example&told=1";
    site.post("admin", "/contacts", third).await.is(StatusCode::SEE_OTHER);
    let third = ids("Xiomara Quintanilla").await.into_iter().find(|id| !quintan.contains(id)).unwrap();
    assert!(search().await.has("Quintan"), "both are likely the same as the third");
    let form = format!("survivor={third}&loser={other}");
    site.post("admin", "/contacts/merge", &form).await.is(StatusCode::SEE_OTHER);
    assert!(!search().await.has("Quintan"), "what was told apart came back under another's name");
    let block = site.part("admin", &format!("/contacts/{third}/same")).await;
    assert!(!block.has("Compare"), "{}", block.body);
    // It is shown of who they are today, and can be taken back of them.
    let told = site.get("admin", "/contacts/duplicates?show=apart").await;
    let (again, back) = (
        crate::duplicate::pair_address::<Contact>("apart", (one.0, third.0)),
        crate::duplicate::pair_address::<Contact>("together", (one.0, third.0)),
    );
    assert!(told.has(&third.to_string()) && told.has(&one.to_string()), "{}", told.body);
    site.post("admin", &back, "").await.is(StatusCode::SEE_OTHER);
    assert!(search().await.has("Quintan"));
    site.post("admin", &again, "").await.is(StatusCode::SEE_OTHER);
    site.post("admin", &back, "").await.is(StatusCode::SEE_OTHER);
    site.post("admin", &apart, "").await.is(StatusCode::NOT_FOUND);
    let at = block.body.find("/merges/mrg_").map(|at| &block.body[at..]).unwrap();
    site.post("admin", &at[..at.find('"').unwrap()], "").await.is(StatusCode::SEE_OTHER);
    assert!(search().await.has("Quintan"), "split again, the third is likely the same as both");
}

/// The page side by side, the merge with its choices, the redirect, the block that splits.
async fn merged_and_split(site: &TestApp, left: i64, right: i64) {
    use crate::contact::ContactId;
    let (left, right) = (ContactId(left), ContactId(right));
    let page = site.get("admin", &format!("/contacts/merge?survivor={left}&loser={right}")).await;
    assert!(page.has("Merge into Xiomara Quintanilla") && page.has("value=\"other\"") && page.has("Not the same"), "{}", page.body);
    site.get("agent", &format!("/contacts/merge?survivor={left}&loser={right}")).await.is(StatusCode::NOT_FOUND);
    let block = site.part("admin", &format!("/contacts/{left}/same")).await;
    assert!(block.has("Xiomara Quintanila") && block.has("Compare"), "{}", block.body);
    let form = format!("survivor={left}&loser={right}&take%3Aname=other&take%3Aemail=own");
    let done = site.post("admin", "/contacts/merge", &form).await;
    assert_eq!((done.status, done.leads()), (StatusCode::SEE_OTHER, format!("/contacts/{left}").as_str()));
    assert!(site.get("admin", &format!("/contacts/{left}")).await.has("Xiomara Quintanila<"));
    assert_eq!(site.get("admin", &format!("/contacts/{right}")).await.leads(), format!("/contacts/{left}"));
    let changed = site
        .json("admin", "PATCH", &format!("/api/v1/contacts/{right}"), &serde_json::json!({ "title": "Buyer" }))
        .await
        .is(StatusCode::OK);
    assert!(changed.has(&format!("\"id\":\"{left}\"")) && changed.has("Buyer"), "the old id means the one who remained: {}", changed.body);
    let block = site.part("admin", &format!("/contacts/{left}/same")).await;
    let at = block.body.find("/merges/mrg_").map(|at| &block.body[at..]).unwrap();
    let split = &at[..at.find('"').unwrap()];
    site.post("admin", split, "").await.is(StatusCode::SEE_OTHER);
    assert!(site.get("admin", &format!("/contacts/{left}")).await.has("Xiomara Quintanilla"));
    site.get("admin", &format!("/contacts/{right}")).await.is(StatusCode::OK);
}
