//! Postal addresses that come with a file, of people and of companies.

use super::*;
use crate::address::PostalAddress;
use crate::field::Subject;
use crate::import::plan::Target;
use crate::import::profile::Profile;

const PEOPLE: &str = "Name,Email,Straße,PLZ,Ort,Bundesland,Lat,Lng\n\
    Ada,ada@a.example,Hafenstr. 12,44137,Dortmund,NRW,51.5136,7.4653\n\
    Bo,bo@a.example,\"Main St 1\nSuite 5\",00501,,,,\n\
    Cy,cy@a.example,,,,,51.5136,\n\
    Di,di@a.example,,,,,151.5,7\n";

fn targets(subject: Subject, header: &str) -> Vec<String> {
    let plan = Profile::of_text(header).guess_of(subject, &[]);
    plan.columns.iter().map(|column| if let Target::Attribute { key } = &column.to { key.clone() } else { "-".to_owned() }).collect()
}

#[test]
fn columns_are_recognised_in_three_languages() {
    let people = [
        ("Name,Street,Address,ZIP Code,State,Latitude,Longitude\n", "name street - postal_code region latitude longitude"),
        ("姓名,地址,邮编,省,城市,纬度,经度\n", "name street postal_code region city latitude longitude"),
        ("Nachname,Straße,PLZ,Bundesland,lat,lon\n", "family_name street postal_code region latitude longitude"),
        ("name,Mailing Street,Postcode,Coordinates\n", "name street postal_code coordinates"),
    ];
    for (header, expected) in people {
        assert_eq!(targets(Subject::Contact, header).join(" "), expected, "{header}");
    }
    let firms = "Company,Billing Street,Billing Postal Code,City,街道,lng\n";
    assert_eq!(targets(Subject::Company, firms).join(" "), "name street postal_code city - longitude");
    assert_eq!(targets(Subject::Contact, "name,lat,location\nAda,late,Bonn\n").join(" "), "name - -", "what is no number is no latitude");
}

attune_testkit::on_both_dbs! {
    async fn addresses_come_with_people_and_go_with_them(db: Db) {
        let bench = bench(&db);
        let (clock, actor) = (&bench.clock, Actor::system());
        let by = By { actor: &actor, now: clock.now(), ids: &bench.ids };
        let mut tx = db.begin().await.unwrap();
        let mut known = ContactDraft { name: "Ada".into(), email: Some("ada@a.example".into()), ..ContactDraft::default() };
        known.postal = PostalAddress { street: Some("Altweg 3".into()), region: Some("Bayern".into()), ..PostalAddress::default() };
        let ada = contact::create(&mut tx, &by, known).await.unwrap();
        let plain = ContactDraft { name: "Bo".into(), email: Some("bo@a.example".into()), ..ContactDraft::default() };
        let bo = contact::create(&mut tx, &by, plain).await.unwrap();
        tx.commit().await.unwrap();
        bench.clock.advance(60_000_000);
        let before = picture(&db).await;
        let (_folder, path) = file("people.csv", PEOPLE.as_bytes());
        let outcome = import(&bench, &path, &Options::default()).await;
        assert_eq!(counts(&outcome), [4, 0, 2, 0, 2]);
        assert_eq!(outcome.errors.iter().map(|error| (error.line, error.cause, error.detail.as_str())).collect::<Vec<_>>(),
            [(5, "coordinates", "51.5136, –"), (6, "coordinates", "151.5, 7")]);
        let mut tx = db.read().await.unwrap();
        let now = contact::find(&mut tx, &Scope::All, ada).await.unwrap().unwrap();
        assert_eq!((now.postal.street.as_deref(), now.postal.postal_code.as_deref(), now.city.as_deref()), (Some("Hafenstr. 12"), Some("44137"), Some("Dortmund")));
        assert_eq!(now.postal.coordinates.unwrap().to_string(), "51.5136, 7.4653");
        let now = contact::find(&mut tx, &Scope::All, bo).await.unwrap().unwrap();
        assert_eq!((now.postal.street.as_deref(), now.postal.postal_code.as_deref()), (Some("Main St 1\nSuite 5"), Some("00501")));
        drop(tx);
        let again = import(&bench, &path, &Options::default()).await;
        assert_eq!(counts(&again), [4, 0, 0, 2, 2], "the same again changes nothing");
        undo(&bench, &actor, again.id.0, &tables(), &mut |_| {}).await.unwrap();
        undo(&bench, &actor, outcome.id.0, &tables(), &mut |_| {}).await.unwrap();
        assert_eq!(picture(&db).await, before);
    }

    async fn who_moved_is_no_longer_where_they_were_until_it_is_taken_back(db: Db) {
        let bench = bench(&db);
        let (_folder, path) = file("people.csv", "Name,Email,Street,ZIP,City,Lat,Lng\nAda,ada@a.example,Hafenstr. 12,44137,Dortmund,51.5136,7.4653\n".as_bytes());
        import(&bench, &path, &Options::default()).await;
        bench.clock.advance(60_000_000);
        let ada = async || {
            let listing = crate::contact::Listing::default();
            let mut tx = db.read().await.unwrap();
            contact::list(&mut tx, &Scope::All, &listing, crate::contact::Sorting::default(), "", 9).await.unwrap().contacts.remove(0)
        };
        let (_folder, path) = file("same.csv", "Name,Email,Street,City\nAda,ada@a.example,Hafenstr. 12,Dortmund\n".as_bytes());
        import(&bench, &path, &Options::default()).await;
        assert!(ada().await.postal.coordinates.is_some(), "the same street is the same place");
        let (_folder, path) = file("moved.csv", "Name,Email,Street,City\nAda,ada@a.example,Werkstr. 1,München\n".as_bytes());
        let moved = import(&bench, &path, &Options::default()).await;
        let now = ada().await;
        assert_eq!((now.postal.street.as_deref(), now.postal.coordinates), (Some("Werkstr. 1"), None));
        undo(&bench, &Actor::system(), moved.id.0, &tables(), &mut |_| {}).await.unwrap();
        let back = ada().await;
        assert_eq!(back.postal.coordinates.unwrap().to_string(), "51.5136, 7.4653");
    }

    async fn addresses_come_with_companies_and_go_with_them(db: Db) {
        let bench = bench(&db);
        let before = picture(&db).await;
        let (_folder, path) = file("firms.csv", "公司名称,地址,邮编,省,坐标\n华衡仪表,东风路 8 号,510000,广东,\"23.1291, 113.2644\"\n".as_bytes());
        let options = Options { subject: Subject::Company, ..Options::default() };
        let outcome = import(&bench, &path, &options).await;
        assert_eq!(counts(&outcome), [1, 1, 0, 0, 0]);
        let mut tx = db.read().await.unwrap();
        let listing = crate::company::Listing { limit: 10, ..crate::company::Listing::default() };
        let firm = crate::company::list(&mut tx, &Scope::All, &listing).await.unwrap()[0].company.clone();
        assert_eq!((firm.postal.street.as_deref(), firm.postal.region.as_deref()), (Some("东风路 8 号"), Some("广东")));
        assert_eq!(firm.postal.coordinates.unwrap().to_string(), "23.1291, 113.2644");
        drop(tx);
        undo(&bench, &Actor::system(), outcome.id.0, &tables(), &mut |_| {}).await.unwrap();
        assert_eq!(picture(&db).await, before);
    }
}
