//! Addresses and maps through the whole web, with roles.

use attune_db::{Db, params};
use attune_house::write_setting;
use attune_testkit::{Got, StatusCode, TestApp};
use serde_json::{Value as Json, json};

use crate::tracking::Collector;

fn site(db: Db) -> TestApp {
    TestApp::start(db, |parts| vec![crate::room(parts, &Collector::start(parts))])
}

async fn set(site: &TestApp, key: &str, value: &str) {
    let mut tx = site.app().db.begin().await.unwrap();
    write_setting(&mut tx, key, value, None, 1).await.unwrap();
    tx.commit().await.unwrap();
}

fn pictures(got: &Got) -> String {
    let policy = got.header("content-security-policy");
    policy.split(';').find(|part| part.trim().starts_with("img-src")).unwrap().trim().to_owned()
}

attune_testkit::on_both_dbs! {
    async fn an_address_is_edited_in_place_undone_and_told(db: Db) {
        let site = crate::address::http_tests::site(db);
        let made = site.post("agent", "/contacts", "name=Lena+Hoffmann&stage=lead&owner_id=1").await;
        let page = made.leads().to_owned();
        let form = site.part("agent", &format!("{page}/field/street")).await;
        assert!(form.has("<textarea") && form.has("autofocus"), "{}", form.body);
        site.post("agent", &format!("{page}/field/street"), "value=Hafenstr.+12%0D%0AAufgang+B").await.is(StatusCode::SEE_OTHER);
        site.post("agent", &format!("{page}/field/coordinates"), "value=51.5136%2C+7.4653").await.is(StatusCode::SEE_OTHER);
        let shown = site.get("agent", &page).await;
        assert!(shown.has("Hafenstr. 12") && shown.has("51.5136, 7.4653") && shown.has("data-map") && shown.has("data-here=\"Lena Hoffmann\""), "{}", shown.body);
        assert!(!shown.has("address-"), "a text is missing: {}", shown.body);
        let wrong = site.post("agent", &format!("{page}/field/coordinates"), "value=51.5136").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.has("Give both") && wrong.has("value=\"51.5136\""), "{}", wrong.body);
        site.post("agent", &format!("{page}/undo?key=coordinates&value="), "").await.is(StatusCode::SEE_OTHER);
        let shown = site.get("agent", &page).await;
        assert!(!shown.has("data-map") && !shown.has("map.js"), "without coordinates the page is no heavier");
        assert!(site.get("agent", &format!("{page}/facts")).await.has("Aufgang B"));
    }

    async fn programs_read_and_write_it(db: Db) {
        let site = crate::address::http_tests::site(db);
        let new = json!({ "name": "Ada", "street": "Hafenstr. 12", "postal_code": "44137", "region": "NRW", "latitude": 51.5136, "longitude": "7.4653" });
        let ada = site.json("admin", "POST", "/api/v1/contacts", &new).await.is(StatusCode::CREATED).json();
        let told = |ada: &Json| [&ada["street"], &ada["postal_code"], &ada["region"], &ada["latitude"], &ada["longitude"]].map(Clone::clone);
        assert_eq!(told(&ada), [json!("Hafenstr. 12"), json!("44137"), json!("NRW"), json!(51.5136), json!(7.4653)]);
        let path = format!("/api/v1/contacts/{}", ada["id"].as_str().unwrap());
        let moved = site.json("admin", "PATCH", &path, &json!({ "latitude": -33.8688, "longitude": 151.2093, "region": null })).await.is(StatusCode::OK).json();
        assert_eq!(told(&moved), [json!("Hafenstr. 12"), json!("44137"), Json::Null, json!(-33.8688), json!(151.2093)]);
        for (body, field) in [(json!({ "latitude": 5 }), "longitude"), (json!({ "latitude": 95, "longitude": 5 }), "latitude"), (json!({ "coordinates": "x, y" }), "coordinates")] {
            let wrong = site.json("admin", "PATCH", &path, &body).await.is(StatusCode::UNPROCESSABLE_ENTITY).json();
            assert!(wrong["error"]["fields"][field].is_string(), "{body}: {wrong}");
        }
        site.json("admin", "POST", "/api/v1/contacts", &json!({ "name": "Bo", "longitude": 5 })).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        let firm = site.json("admin", "POST", "/api/v1/companies", &json!({ "name": "Fisk", "latitude": 64.1466, "longitude": -21.9426 })).await.is(StatusCode::CREATED).json();
        let path = format!("/api/v1/companies/{}", firm["id"].as_str().unwrap());
        let firm = site.json("admin", "PATCH", &path, &json!({ "street": "Hafnargata 1" })).await.is(StatusCode::OK).json();
        assert_eq!(told(&firm), [json!("Hafnargata 1"), Json::Null, Json::Null, json!(64.1466), json!(-21.9426)]);
        let file = site.post("admin", "/contacts/export", "query=").await;
        assert!(file.has("street,postal_code,region,latitude,longitude") && file.has("Hafenstr. 12,44137,,-33.8688,151.2093"), "{}", file.body);
        let file = site.post("admin", "/companies/export", "query=").await;
        assert!(file.has("Hafnargata 1,,,64.1466,-21.9426"), "{}", file.body);
    }

    async fn degrees_near_nought_go_out_and_come_in_again(db: Db) {
        let site = crate::address::http_tests::site(db);
        let new = json!({ "name": "Ada", "latitude": 5e-6, "longitude": -1e-7 });
        let ada = site.json("admin", "POST", "/api/v1/contacts", &new).await.is(StatusCode::CREATED).json();
        assert_eq!((&ada["latitude"], &ada["longitude"]), (&json!(5e-6), &json!(-1e-7)));
        let told = json!({ "latitude": ada["latitude"], "longitude": ada["longitude"] });
        site.json("admin", "PATCH", &format!("/api/v1/contacts/{}", ada["id"].as_str().unwrap()), &told).await.is(StatusCode::OK);
        let file = site.post("admin", "/contacts/export", "query=").await;
        assert!(file.has(",0.000005,-0.0000001"), "{}", file.body);
        let firm = json!({ "name": "Fisk", "latitude": 5e-6, "longitude": 0 });
        site.json("admin", "POST", "/api/v1/companies", &firm).await.is(StatusCode::CREATED);
        let file = site.post("admin", "/companies/export", "query=").await;
        assert!(file.has(",0.000005,0"), "{}", file.body);
    }

    async fn who_has_only_coordinates_is_among_the_places(db: Db) {
        let site = crate::address::http_tests::site(db);
        let make = async |name: &str, more: Json| {
            let mut new = json!({ "name": name, "owner_id": 1 });
            new.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            site.json("admin", "POST", "/api/v1/contacts", &new).await.is(StatusCode::CREATED);
        };
        make("Ada Here", json!({ "latitude": 51.5136, "longitude": 7.4653 })).await;
        make("Bo Theirs", json!({ "latitude": 51.5136, "longitude": 7.4653, "owner_id": 2 })).await;
        make("Cy Nowhere", json!({})).await;
        for at in 0..4 {
            make(&format!("Di {at}"), json!({ "city": format!("Town {}", at / 2) })).await;
        }
        let page = site.get("agent", "/contacts?layout=map").await;
        let line = "Only coordinates: neither city nor country is known</a> <span class=\"count\">1</span>";
        assert!(page.has(line) && page.has("Town 0"), "{}", page.body);
        assert!(page.body.find("Town 0").unwrap() < page.body.find(line).unwrap(), "behind the places that have a name");
        let list = "/contacts?city=-&located=1&country=-";
        assert!(page.has(&list.replace('&', "&#38;")), "{}", page.body);
        let list = site.get("agent", list).await;
        assert!(list.has("Ada Here") && !list.has("Bo Theirs") && !list.has("Cy Nowhere") && !list.has("Di 0"), "{}", list.body);
        let firm = json!({ "name": "Fisk", "latitude": 59.9, "longitude": 10.7 });
        site.json("admin", "POST", "/api/v1/companies", &firm).await.is(StatusCode::CREATED);
        assert!(site.get("agent", "/companies?layout=map").await.has(line));
    }

    async fn a_program_merges_an_address_as_a_whole_or_is_told_to(db: Db) {
        let site = crate::address::http_tests::site(db);
        let make = async |new: Json| site.json("admin", "POST", "/api/v1/contacts", &new).await.is(StatusCode::CREATED).json()["id"].as_str().unwrap().to_owned();
        let ada = make(json!({ "name": "Ada", "street": "Hafenstr. 12", "city": "Dortmund" })).await;
        let other = make(json!({ "name": "Ada L.", "street": "Werkstr. 1", "city": "München", "title": "Captain" })).await;
        let join = async |ada: &str, other: &str, take: Json| site.json("admin", "POST", &format!("/api/v1/contacts/{ada}/merge"), &json!({ "with": other, "take": take })).await;
        for (part, says) in [("city", "\"address\""), ("street", "\"address\""), ("latitude", "\"address\""), ("emial", "external_id"), ("given_name", "external_id"), ("f:none", "f:")] {
            let wrong = join(&ada, &other, json!(["title", part])).await.is(StatusCode::UNPROCESSABLE_ENTITY).json();
            assert!(wrong["error"]["fields"]["take"].as_str().unwrap().contains(says), "{part}: {wrong}");
        }
        join(&ada, &other, json!(["title", "address"])).await.is(StatusCode::OK);
        let told = site.json("admin", "GET", &format!("/api/v1/contacts/{ada}"), &Json::Null).await.json();
        assert_eq!([&told["street"], &told["city"], &told["title"], &told["name"]], ["Werkstr. 1", "München", "Captain", "Ada"].map(|text| json!(text)).each_ref());
        // Of two who know no more than city and country, each is chosen by itself, or both as one.
        for (take, country) in [("city", Json::Null), ("address", json!("DE"))] {
            let (one, two) = (make(json!({ "name": "Bo", "city": "Bonn" })).await, make(json!({ "name": "Bo", "city": "Köln", "country": "DE" })).await);
            join(&one, &two, json!([take])).await.is(StatusCode::OK);
            let told = site.json("admin", "GET", &format!("/api/v1/contacts/{one}"), &Json::Null).await.json();
            assert_eq!((&told["city"], &told["country"]), (&json!("Köln"), &country), "{take}");
        }
    }

    async fn a_map_names_and_counts_nobody_its_reader_may_not_see(db: Db) {
        let site = crate::address::http_tests::site(db);
        let make = async |name: &str, owner: i64, lat: f64| {
            let new = json!({ "name": name, "owner_id": owner, "city": format!("City of {name}"), "latitude": lat, "longitude": 7.4653 });
            site.json("admin", "POST", "/api/v1/contacts", &new).await.is(StatusCode::CREATED);
        };
        make("Mine", 1, 51.5136).await;
        make("Theirs", 2, 51.5137).await;
        let world = "/contacts/map/cells?zoom=2&part=0,0,1073741823,1073741823";
        let seen = site.get("agent", world).await.is(StatusCode::OK).json();
        assert_eq!((seen["cells"].as_array().unwrap().len(), &seen["cells"][0]["label"], &seen["cells"][0]["n"]), (1, &json!("Mine"), &json!(1)));
        assert!(seen["cells"][0]["href"].as_str().unwrap().starts_with("/contacts/con_"));
        let all = site.get("admin", world).await.json();
        assert_eq!((&all["cells"][0]["n"], &all["cells"][0]["label"], &all["said"]), (&json!(2), &json!("2 contacts"), &json!("2 contacts on this part of the map")));
        assert_eq!(all["cells"][0]["href"], Json::Null);
        let names = "/contacts/map/names?part=0,0,1073741823,1073741823";
        let (own, both) = (site.part("agent", names).await, site.part("admin", names).await);
        assert!(own.has("Mine") && !own.has("Theirs") && both.has("Theirs"), "{}", own.body);
        let page = site.get("agent", "/contacts?layout=map").await.is(StatusCode::OK);
        assert!(page.has("City of Mine") && !page.has("City of Theirs") && page.has("1 contact of this list has coordinates"), "{}", page.body);
        assert!(page.has("aria-current=\"true\"") && page.has("city=City+of+Mine") && !page.has("address-"), "{}", page.body);
        let narrowed = site.get("agent", "/contacts?city=City+of+Mine&country=-").await;
        assert!(narrowed.has("Mine") && narrowed.has("City: City of Mine") && narrowed.has("Country: not known"), "{}", narrowed.body);
        assert!(!site.get("agent", "/contacts?city=City+of+Theirs").await.has("Theirs</a>"));
        site.get("", world).await.is(StatusCode::SEE_OTHER);
        let firm = json!({ "name": "Fisk", "city": "Oslo", "latitude": 59.9, "longitude": 10.7 });
        site.json("admin", "POST", "/api/v1/companies", &firm).await.is(StatusCode::CREATED);
        let firms = site.get("agent", "/companies?layout=map").await.is(StatusCode::OK);
        assert!(firms.has("Oslo") && firms.has("1 company of this list has coordinates"), "{}", firms.body);
        assert_eq!(site.get("agent", "/companies/map/cells").await.json()["cells"][0]["label"], "Fisk");
        assert!(site.post("admin", "/contacts/export", "query=located%3D1%26within%3D0%2C0%2C5%2C5").await.body.lines().count() == 1);
    }

    async fn only_a_page_with_a_map_may_load_pictures_and_only_from_the_source(db: Db) {
        let site = crate::address::http_tests::site(db);
        use crate::address::http_tests::{pictures, set};
        let new = json!({ "name": "Ada", "latitude": 51.5136, "longitude": 7.4653 });
        let id = site.json("admin", "POST", "/api/v1/contacts", &new).await.json()["id"].as_str().unwrap().to_owned();
        let bare = site.json("admin", "POST", "/api/v1/contacts", &json!({ "name": "Bo" })).await.json()["id"].as_str().unwrap().to_owned();
        let map = site.get("admin", "/contacts?layout=map").await;
        assert_eq!(pictures(&map), "img-src 'self' data:", "nothing outside is asked before somebody says so");
        assert!(!map.has("data-tiles"));
        set(&site, "identify.map_tiles", "http://tiles.example:8080/osm/{z}/{x}/{y}.png?k=1").await;
        set(&site, "identify.map_credit", "© Somebody <b>").await;
        for page in ["/contacts?layout=map".to_owned(), "/companies?layout=map".to_owned(), format!("/contacts/{id}")] {
            let map = site.get("admin", &page).await.is(StatusCode::OK);
            assert_eq!(pictures(&map), "img-src 'self' data: http://tiles.example:8080", "{page}");
            assert!(map.header("content-security-policy").contains("script-src 'self'; style-src 'self'") && map.header("x-frame-options") == "DENY");
            assert!(map.has("data-tiles=\"http://tiles.example:8080/osm/{z}/{x}/{y}.png?k=1\"") && map.has("© Somebody &#60;b&#62;"), "{}", map.body);
        }
        for page in ["/contacts?view=all".to_owned(), "/companies?view=all".to_owned(), "/contacts?layout=board".to_owned(), format!("/contacts/{bare}")] {
            let other = site.get("admin", &page).await.is(StatusCode::OK);
            assert_eq!(pictures(&other), "img-src 'self' data:", "{page}");
            assert!(!other.has("map.js") && !other.has("map.css") && !other.has("/assets/map."), "{page}");
        }
    }

    async fn whoever_is_erased_leaves_no_address_and_a_copy_tells_it(db: Db) {
        let site = crate::address::http_tests::site(db);
        let new = json!({ "name": "Ada", "street": "Windmolenpad 7", "latitude": 51.5136, "longitude": 7.4653 });
        let id = site.json("admin", "POST", "/api/v1/contacts", &new).await.json()["id"].as_str().unwrap().to_owned();
        let copy = site.json("admin", "GET", &format!("/api/v1/contacts/{id}/export"), &Json::Null).await.is(StatusCode::OK).json();
        let told = &copy["data"]["postal_addresses"][0];
        assert_eq!((&told["street"], &told["latitude"], &told["longitude"]), (&json!("Windmolenpad 7"), &json!("51.5136"), &json!("7.4653")));
        assert!(told.get("map_x").is_none() && told.get("subject").is_none(), "{told}");
        site.json("admin", "POST", &format!("/api/v1/contacts/{id}/erase"), &json!({})).await;
        site.settle().await;
        assert_eq!(site.app().db.read().await.unwrap().count("SELECT count(*) FROM postal_addresses", params![]).await.unwrap(), 0);
        assert_eq!(site.get("admin", "/contacts/map/cells").await.json()["cells"], json!([]));
    }
}
