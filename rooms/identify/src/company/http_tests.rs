use attune_db::{Db, params};
use attune_house::{Panel, Place, Room};
use attune_testkit::{StatusCode, TestApp};
use serde_json::{Value as Json, json};

use crate::tracking::Collector;

fn site(db: Db) -> TestApp {
    TestApp::start(db, |parts| vec![crate::room(parts, &Collector::start(parts))])
}

async fn company(site: &TestApp, who: &str, name: &str) -> String {
    site.post(who, "/companies", &format!("name={name}")).await.is(StatusCode::SEE_OTHER).leads().to_owned()
}

/// The first id with this prefix on a page.
fn id_on(body: &str, prefix: &str) -> String {
    body.split(prefix).nth(1).map(|rest| format!("{prefix}{}", &rest[..rest.find(['"', '/']).unwrap()])).unwrap()
}

attune_testkit::on_both_dbs! {
    async fn other_rooms_tell_what_comes_next_at_its_head(db: Db) {
        let next = Panel {
            key: "neighbour.next",
            title_key: "identify-open",
            href: |id| format!("/next/{}", crate::company::CompanyId(id)),
            order: 1,
            permission: "identify.contact.view",
            place: Place::CompanyHead,
        };
        let site = TestApp::start(db, |parts| vec![crate::room(parts, &Collector::start(parts)), Room::new("neighbour").panels([next])]);
        let fisk = company(&site, "admin", "Fisk").await;
        let page = site.get("admin", &fisk).await;
        assert!(page.has(&format!("hx-get=\"/next/{}\"", fisk.rsplit('/').next().unwrap())), "{}", page.body);
        let lena = site.post("admin", "/contacts", "name=Lena&stage=lead&told=1").await;
        assert!(!site.get("admin", lena.leads()).await.has("/next/"));
    }

    async fn the_list_has_columns_and_views_of_its_own(db: Db) {
        let site = site(db);
        let fisk = company(&site, "agent", "Fisk").await;
        company(&site, "other", "Heng").await;
        site.post("agent", &format!("{fisk}/field/domain"), "value=fisk.example").await.is(StatusCode::SEE_OTHER);
        site.post("agent", &format!("{fisk}/tags"), "tags=Partner").await.is(StatusCode::SEE_OTHER);
        let list = site.get("admin", "/companies?cols=tags,domain").await;
        assert!(list.has("Partner</td>") && list.has("fisk.example") && !list.has("Industry</th>") && !list.has("identify-"), "{}", list.body);
        let form = "query=view%3Dmine&column=tags&column=people&up=people";
        let moved = site.post("agent", "/companies/columns", form).await.is(StatusCode::SEE_OTHER);
        assert_eq!(moved.leads(), "/companies?view=mine&cols=people%2Ctags&arrange=1#columns");
        assert!(site.get("agent", moved.leads().trim_end_matches("#columns")).await.has("id=\"columns\" open"));
        let own = site.get("agent", "/companies?view=mine").await;
        assert!(own.has("Fisk") && !own.has("Heng") && own.has("Save view"), "{}", own.body);
        let view = site.post("agent", "/companies/views", "name=Ours&query=view%3Dmine").await.is(StatusCode::SEE_OTHER);
        let saved = view.leads().rsplit("saved=").next().unwrap().to_owned();
        assert!(view.leads().starts_with("/companies?view=mine&saved=") && site.get("agent", "/companies?").await.has(">Ours<"));
        assert!(site.get("agent", &format!("{}&q=fi", view.leads())).await.has("Save changes to Ours"));
        // The list of contacts has views of its own, and knows none of these.
        assert!(!site.get("agent", "/contacts?").await.has(">Ours<") && !site.get("agent", "/contacts/views").await.has("Ours"));
        site.post("agent", "/contacts/views/open", &format!("view={saved}")).await.is(StatusCode::NOT_FOUND);
        site.post("agent", &format!("/contacts/views/{saved}/delete"), "").await.is(StatusCode::NOT_FOUND);
        site.post("agent", "/companies/views", "name=All&query=&shared=1").await.is(StatusCode::FORBIDDEN);
        site.post("agent", "/companies/views/open", &format!("view={saved}")).await.is(StatusCode::SEE_OTHER);
        assert_eq!(site.get("agent", "/companies").await.is(StatusCode::SEE_OTHER).leads(), format!("/companies?view=mine&saved={saved}"));
        site.post("agent", "/companies/views/open", "view=hot").await.is(StatusCode::NOT_FOUND);
        site.get("other", "/companies").await.is(StatusCode::OK);
        let page = site.get("agent", "/companies/views").await;
        assert!(page.has("Ours") && page.has("/companies/views/open") && !page.has("Hot") && !page.has("identify-"), "{}", page.body);
        let gone = site.post("agent", &format!("/companies/views/{saved}/delete"), "").await.is(StatusCode::SEE_OTHER);
        assert_ne!(gone.cookie("attune_flash"), "");
        site.get("agent", "/companies").await.is(StatusCode::OK);
        site.post("agent", &format!("/contacts/views/{saved}/restore"), "").await.is(StatusCode::NOT_FOUND);
        site.post("agent", &format!("/companies/views/{saved}/restore"), "").await.is(StatusCode::SEE_OTHER);
        site.get("agent", "/companies").await.is(StatusCode::SEE_OTHER);
    }

    async fn own_fields_are_filled_with_the_new_company(db: Db) {
        let site = site(db);
        for field in ["subject=company&label=Budget&kind=money&currency=EUR", "subject=company&label=Likes&kind=choices&options=Tea%0D%0AInk", "label=Shoe+size&kind=number"] {
            site.post("admin", "/contacts/fields", field).await.is(StatusCode::SEE_OTHER);
        }
        let page = site.get("admin", "/companies/new").await;
        assert!(page.has("name=\"f:budget\"") && page.has("name=\"f:likes:tea\"") && !page.has("Shoe size"), "{}", page.body);
        let wrong = site.post("admin", "/companies", "name=Fisk&f:budget=many&f:likes:ink=1").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.has("an amount such as") && wrong.has("value=\"many\"") && wrong.has("class=\"more\" open"), "{}", wrong.body);
        assert!(wrong.body.split("name=\"f:likes:ink\"").nth(1).unwrap().split('>').next().unwrap().contains("checked"), "{}", wrong.body);
        let made = site.post("admin", "/companies", "name=Fisk&f:budget=1,200&f:likes:ink=1&f:shoe_size=40").await.is(StatusCode::SEE_OTHER);
        let page = site.get("admin", made.leads()).await;
        assert!(page.has("€1,200.00") && page.has("Ink") && !page.has("Shoe size"), "{}", page.body);
        assert!(site.get("admin", "/companies?with=likes%3Dink").await.has("Fisk"));
    }

    async fn own_fields_are_filled_filtered_shown_and_go_with_their_values(db: Db) {
        let site = site(db.clone());
        for field in ["subject=company&label=Budget&kind=money&currency=EUR", "subject=company&label=Likes&kind=choices&options=Tea%0D%0AInk",
            "subject=company&label=Memo&kind=text", "label=Budget&kind=number"] {
            site.post("admin", "/contacts/fields", field).await.is(StatusCode::SEE_OTHER);
        }
        // Two of a name of one subject are one too many.
        site.post("admin", "/contacts/fields", "subject=company&label=budget&kind=text").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        let (fisk, heng) = (company(&site, "admin", "Fisk").await, company(&site, "admin", "Heng").await);
        let wrong = site.post("admin", &format!("{fisk}/field/f:budget"), "value=many").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.has("an amount such as") && wrong.has("value=\"many\""), "{}", wrong.body);
        let saved = site.post("admin", &format!("{fisk}/field/f:budget"), "value=1,200.50").await.is(StatusCode::SEE_OTHER);
        assert_ne!(saved.cookie("attune_flash"), "");
        site.post("admin", &format!("{fisk}/field/f:likes"), "value=ink&value=tea").await.is(StatusCode::SEE_OTHER);
        site.post("admin", &format!("{heng}/field/f:likes"), "value=ink").await.is(StatusCode::SEE_OTHER);
        site.post("admin", &format!("{fisk}/field/f:nope"), "value=ink").await.is(StatusCode::NOT_FOUND);
        assert!(site.get("admin", &format!("{fisk}/field/f:likes")).await.has(r#"value="ink" checked"#));
        let page = site.get("admin", &fisk).await;
        assert!(page.has("€1,200.50") && page.has("Tea, Ink"), "{}", page.body);
        let list = async |query: &str| site.get("admin", &format!("/companies?{query}")).await.is(StatusCode::OK);
        let both = list("field=likes&value=ink&cols=f:likes,f:budget").await;
        assert!(both.has("Fisk") && both.has("Heng") && both.has("Tea, Ink") && both.has("€1,200.50"), "{}", both.body);
        for only in ["with=likes%3Dtea", "with=budget%3D1000..", "with=budget%3D..1200.50%26likes%3Dink"] {
            let page = list(only).await;
            assert!(page.has("Fisk") && !page.has("Heng") && page.has("chip"), "{only}: {}", page.body);
        }
        assert!(!list("with=gone%3D1").await.has("Fisk"), "what names a field that is gone shows nobody");
        assert!(list("field=budget&value=x").await.has("an amount such as"));
        let shown = site.post("admin", "/companies/columns", "query=q%3Dfi&column=f:likes").await.is(StatusCode::SEE_OTHER);
        assert_eq!(shown.leads(), "/companies?q=fi&cols=f%3Alikes");
        // A contact's field of the same name is another one.
        let lena = site.post("admin", "/contacts", "name=Lena&stage=lead&f:budget=3&told=1").await;
        assert!(site.get("admin", lena.leads()).await.has(">3<"));
        let undone = site.post("admin", &format!("{fisk}/undo?key=f:likes&value=tea"), "").await.is(StatusCode::SEE_OTHER);
        assert_eq!(undone.leads(), fisk);
        assert!(!site.get("admin", &fisk).await.has("Tea, Ink"));
        let fields = site.get("admin", "/contacts/fields").await;
        let likes = id_on(fields.body.split("<code>likes</code>").nth(1).unwrap(), "fld_");
        site.post("admin", &format!("/contacts/fields/{likes}/options/tea/delete"), "").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        assert!(!site.get("admin", &fisk).await.has(">Tea<"));
        site.post("admin", &format!("/contacts/fields/{likes}/delete"), "").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        let mut tx = db.read().await.unwrap();
        assert_eq!(tx.count("SELECT count(*) FROM field_choices", params![]).await.unwrap(), 0);
        assert_eq!(tx.count("SELECT count(*) FROM companies WHERE fields LIKE '%likes%'", params![]).await.unwrap(), 0);
    }

    async fn tags_are_given_found_and_taken_back(db: Db) {
        let site = site(db);
        let (fisk, heng) = (company(&site, "admin", "Fisk").await, company(&site, "admin", "Heng").await);
        site.post("admin", &format!("{fisk}/tags"), "tags=").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        site.post("admin", &format!("{fisk}/tags"), "tags=VIP,+Trade+fair").await.is(StatusCode::SEE_OTHER);
        // Own companies only: these are the administrator's.
        site.post("agent", &format!("{fisk}/tags"), "tags=mine").await.is(StatusCode::NOT_FOUND);
        let page = site.get("admin", &fisk).await;
        assert!(page.has(">VIP</a>") && page.has(">Trade fair</a>"), "{}", page.body);
        let tag = id_on(&page.body, "tag_");
        let list = site.get("admin", &format!("/companies?tag={tag}")).await;
        assert!(list.has("Fisk") && !list.has("Heng") && list.has("Tag: Trade fair"), "{}", list.body);
        assert!(!site.get("admin", &format!("/contacts?tag={tag}")).await.has("Fisk"));
        site.post("admin", &format!("{heng}/untag"), &format!("tag={tag}")).await.is(StatusCode::SEE_OTHER);
        site.post("admin", &format!("{fisk}/untag"), &format!("tag={tag}")).await.is(StatusCode::SEE_OTHER);
        assert!(!site.get("admin", &fisk).await.has(">Trade fair</a>"));
        let back = site.post("admin", "/companies/tags/undo?at=1&back=https://elsewhere.example", "").await.is(StatusCode::SEE_OTHER);
        assert_eq!(back.leads(), "/companies");
    }

    async fn programs_and_files_tell_fields_and_tags(db: Db) {
        let site = site(db);
        site.post("admin", "/contacts/fields", "subject=company&label=Tier&kind=choice&options=Gold%0D%0ASilver").await.is(StatusCode::SEE_OTHER);
        let all = "/api/v1/companies";
        let new = json!({ "name": "Fisk", "domain": "fisk.example", "tags": ["VIP"], "fields": { "tier": "Gold" } });
        let made = site.json("admin", "POST", all, &new).await.is(StatusCode::CREATED).json();
        assert_eq!((&made["tags"], &made["fields"]), (&json!(["VIP"]), &json!({ "tier": "gold" })));
        let wrong = json!({ "name": "Heng", "fields": { "tier": "Bronze" } });
        site.json("admin", "POST", all, &wrong).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        let href = format!("{all}/{}", made["id"].as_str().unwrap());
        let change = json!({ "fields": { "tier": "silver" }, "tags": ["Fair"], "city": "Bonn" });
        let changed = site.json("admin", "PATCH", &href, &change).await.is(StatusCode::OK).json();
        assert_eq!((&changed["tags"], &changed["fields"], &changed["city"]), (&json!(["Fair"]), &json!({ "tier": "silver" }), &json!("Bonn")));
        assert_eq!(site.json("admin", "GET", all, &Json::Null).await.json()["items"][0]["fields"], json!({ "tier": "silver" }));
        site.post("admin", &format!("/companies/{}/parent", made["id"].as_str().unwrap()), "parent=none").await.is(StatusCode::SEE_OTHER);
        site.get("agent", "/companies/export").await.is(StatusCode::FORBIDDEN);
        let ask = site.get("admin", "/companies/export?q=fi").await.is(StatusCode::OK);
        assert!(ask.has("Export 1 companies?"), "{}", ask.body);
        let file = site.post("admin", "/companies/export", "query=q%3Dfi").await.is(StatusCode::OK);
        let head = "id,external_id,name,domain,industry,phone,city,country,street,postal_code,region,latitude,longitude,parent,owner,tags,Tier";
        assert!(file.has(head) && file.has(",Fisk,fisk.example,,,Bonn,,,,,,,,,Fair,Silver"), "{}", file.body);
        assert!(!site.post("admin", "/companies/export", "query=q%3Dzzz").await.has("Fisk"));
        let file = site.post("admin", "/companies/export", "query=&format=json").await;
        assert!(file.has(r#""tags":["Fair"]"#), "{}", file.body);
        assert!(site.post("admin", "/companies/export", "query=&format=xlsx").await.is(StatusCode::OK).body.starts_with("PK"));
    }

    async fn the_timeline_is_narrowed_turned_over_and_says_whose_each_line_is(db: Db) {
        let site = site(db.clone());
        let fisk = company(&site, "admin", "Fisk").await;
        let lena = site.post("admin", "/contacts", "name=Lena&stage=lead&company=Fisk&told=1").await.leads().to_owned();
        let tom = site.post("admin", "/contacts", "name=Tom&stage=lead&company=Heng&told=1").await.leads().to_owned();
        site.post("admin", &format!("{lena}/notes"), "body=Likes+**tea**").await.is(StatusCode::SEE_OTHER);
        site.post("admin", &format!("{tom}/notes"), "body=Elsewhere").await.is(StatusCode::SEE_OTHER);
        site.post("admin", &format!("{fisk}/tags"), "tags=VIP").await.is(StatusCode::SEE_OTHER);
        site.post("admin", &format!("{fisk}/field/city"), "value=Bonn").await.is(StatusCode::SEE_OTHER);
        let id = attune_kernel::decode_id("con", lena.rsplit('/').next().unwrap()).unwrap();
        let mut tx = db.begin().await.unwrap();
        let form = |n: i64| attune_events::Event::new("form.submitted", 1_000_000_000 + n).contact(id).subject(format!("form-{n}-x"));
        attune_events::append(&mut tx, &mut (0..130).map(form).collect::<Vec<_>>()).await.unwrap();
        tx.commit().await.unwrap();
        let page = site.get("admin", &fisk).await.is(StatusCode::OK);
        assert!(page.has(&format!("href=\"{lena}\">Lena</a>")) && page.has("<strong>tea</strong>"), "{}", page.body);
        assert!(page.has("Was given the tag VIP") && page.has("City was changed") && !page.has("Elsewhere"), "{}", page.body);
        let notes = site.get("admin", &format!("{fisk}?show=notes")).await;
        assert!(notes.has("<strong>tea</strong>") && !notes.has("form-1") && !notes.has("Was given the tag"), "{}", notes.body);
        let changes = site.get("admin", &format!("{fisk}?show=changes")).await;
        assert!(changes.has("Was given the tag VIP") && !changes.has("form-1") && !changes.has("<strong>tea"), "{}", changes.body);
        // Every line once, whatever page it is on.
        let (mut seen, mut next) = (Vec::new(), Some(format!("{fisk}?show=web")));
        while let Some(at) = next {
            let page = site.get("admin", &at).await.is(StatusCode::OK);
            let on_page = page.body.split("form-").skip(1).filter_map(|rest| rest.split("-x").next()?.parse::<i64>().ok());
            seen.extend(on_page);
            next = page.body.split("hx-get=\"").skip(1).find(|rest| rest.starts_with(&format!("{fisk}/timeline?"))).map(|rest| {
                rest[..rest.find('"').unwrap()].replace("&amp;", "&").replace("&#38;", "&")
            });
        }
        assert_eq!(seen, (0..130).rev().collect::<Vec<_>>());
        // Whoever may not see the person is told nothing of hers.
        let open = site.json("admin", "POST", "/api/v1/companies", &json!({ "name": "Open" })).await.json();
        let open = format!("/companies/{}", open["id"].as_str().unwrap());
        let zoe = site.post("admin", "/contacts", "name=Zoe&stage=lead&company=Open&told=1").await.leads().to_owned();
        site.post("admin", &format!("{zoe}/notes"), "body=Secret").await.is(StatusCode::SEE_OTHER);
        let page = site.get("agent", &open).await.is(StatusCode::OK);
        assert!(!page.has("Zoe") && !page.has("Secret"), "{}", page.body);
        site.get("agent", &format!("{open}/timeline?show=notes")).await.is(StatusCode::OK);
        site.get("agent", &format!("{fisk}/timeline")).await.is(StatusCode::NOT_FOUND);
    }

    async fn the_head_says_to_whom_a_company_stands(db: Db) {
        let site = site(db);
        let (fisk, heng) = (company(&site, "admin", "Fisk").await, company(&site, "admin", "Heng").await);
        assert!(!site.get("admin", &fisk).await.has("<dt>Relationships</dt>"));
        let id = |href: &str| href.rsplit('/').next().unwrap().to_owned();
        let sent = json!({ "kind": "distributor", "from": id(&fisk), "to": id(&heng) });
        site.json("admin", "POST", "/api/v1/relationships", &sent).await.is(StatusCode::CREATED);
        let page = site.get("admin", &fisk).await;
        assert!(page.has("<dt>Relationships</dt>") && page.has(&format!("href=\"{heng}\">Heng</a>")), "{}", page.body);
    }
}
