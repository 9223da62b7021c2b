//! Columns and saved views through the whole web.

use attune_db::Db;
use attune_testkit::{StatusCode, TestApp};
use serde_json::json;

use crate::tracking::Collector;

fn site(db: Db) -> TestApp {
    TestApp::start(db, |parts| vec![crate::room(parts, &Collector::start(parts))])
}

/// The number of a saved view, from the address that saving led to.
fn saved(href: &str) -> &str {
    href.rsplit("saved=").next().unwrap()
}

attune_testkit::on_both_dbs! {
    async fn columns_are_chosen_moved_and_kept_with_a_view(db: Db) {
        let site = site(db);
        let lena = site.post("admin", "/contacts", "name=Lena&email=lena@brandt.example&stage=lead&told=1&owner_id=2").await.leads().to_owned();
        site.post("admin", &format!("{lena}/field/city"), "value=Bonn").await.is(StatusCode::SEE_OTHER);
        site.post("admin", &format!("{lena}/tags"), "tags=VIP,Fair").await.is(StatusCode::SEE_OTHER);
        let list = site.get("admin", "/contacts?").await;
        assert!(list.has("c-score") && !list.has(">Bonn<") && !list.has("identify-"), "{}", list.body);
        let chosen = "/contacts?cols=city,tags,email,created";
        let list = site.get("admin", chosen).await;
        assert!(list.has(">Bonn<") && list.has("VIP") && list.has("lena@brandt.example") && !list.has("c-score"), "{}", list.body);
        assert!(list.body.find("data-l=\"City\"").unwrap() < list.body.find("data-l=\"Tags\"").unwrap());
        // Whoever may not see the address sees its mask in the column too.
        let masked = site.get("manager", chosen).await;
        assert!(!masked.has("lena@brandt.example"), "{}", masked.body);
        let form = "query=cols%3Dcity%252Ctags&column=city&column=tags&column=stage";
        let moved = site.post("admin", "/contacts/columns", &format!("{form}&up=tags")).await.is(StatusCode::SEE_OTHER);
        assert_eq!(moved.leads(), "/contacts?cols=tags%2Ccity%2Cstage&arrange=1#columns");
        let list = site.get("admin", moved.leads().trim_end_matches("#columns")).await;
        assert!(list.has("id=\"columns\" open"), "{}", list.body);
        let shown = site.post("admin", "/contacts/columns", &format!("{form}&usual=1")).await.is(StatusCode::SEE_OTHER);
        assert_eq!(shown.leads(), "/contacts?");
        let bare = site.post("admin", "/contacts/columns", "query=stage%3Dlead").await.is(StatusCode::SEE_OTHER);
        assert_eq!(bare.leads(), "/contacts?stage=lead&cols=name");
        let view = site.post("admin", "/contacts/views", "name=Towns&query=cols%3Dcity").await.is(StatusCode::SEE_OTHER);
        assert!(view.leads().contains("cols=city"));
        // What is changed since can be kept in its place.
        let other = format!("{}&stage=lead", view.leads());
        assert!(!site.get("admin", view.leads()).await.has("Save changes to Towns"));
        let differs = site.get("admin", &other).await;
        assert!(differs.has("Save changes to Towns") && differs.has("Save view"), "{}", differs.body);
        // A filter of the form leaves the view the one that is changed.
        let form = differs.body.split("id=\"filters\"").nth(1).and_then(|rest| rest.split("</form>").next()).unwrap();
        assert!(form.contains(&format!("name=\"saved\" value=\"{}\"", saved(view.leads()))), "{form}");
        let query: String = url::form_urlencoded::byte_serialize(other.split_once('?').unwrap().1.as_bytes()).collect();
        let kept = site.post("admin", &format!("/contacts/views/{}/address", saved(view.leads())), &format!("query={query}")).await;
        assert!(kept.is(StatusCode::SEE_OTHER).leads().contains("stage=lead"));
    }

    async fn views_are_ordered_opened_with_shared_and_brought_back(db: Db) {
        let site = site(db);
        assert!(site.get("agent", "/contacts/views").await.has("No saved views yet"));
        let keep = async |who: &str, name: &str, more: &str| {
            let made = site.post(who, "/contacts/views", &format!("name={name}&query=stage%3Dlead{more}")).await.is(StatusCode::SEE_OTHER);
            saved(made.leads()).to_owned()
        };
        let (first, second) = (keep("agent", "Alpha", "").await, keep("agent", "Beta", "").await);
        site.post("agent", "/contacts/views", "name=All&query=&shared=1").await.is(StatusCode::FORBIDDEN);
        let shared = keep("manager", "Gamma", "&shared=1").await;
        let page = site.get("agent", "/contacts/views").await;
        assert!(page.has("Gamma") && !page.has(&format!("/contacts/views/{shared}/delete")) && !page.has("identify-"), "{}", page.body);
        site.post("agent", &format!("/contacts/views/{second}/move"), "to=up").await.is(StatusCode::SEE_OTHER);
        // What of a colleague's view is looked at otherwise can be a view of one's own.
        let theirs = format!("/contacts?stage=lead&saved={shared}");
        assert!(!site.get("agent", &theirs).await.has("Save view"));
        let differs = site.get("agent", &format!("{theirs}&owner=1")).await;
        assert!(differs.has("Save view") && !differs.has("Save changes to"), "{}", differs.body);
        let tabs = site.get("agent", "/contacts?").await.body;
        assert!(tabs.find(">Beta<").unwrap() < tabs.find(">Alpha<").unwrap());
        // What one opens the list with is nobody else's business.
        site.post("agent", "/contacts/views/open", &format!("view={second}")).await.is(StatusCode::SEE_OTHER);
        let opened = site.get("agent", "/contacts").await.is(StatusCode::SEE_OTHER);
        assert_eq!(opened.leads(), format!("/contacts?stage=lead&saved={second}"));
        site.get("other", "/contacts").await.is(StatusCode::OK);
        site.get("agent", "/contacts?").await.is(StatusCode::OK);
        site.post("other", "/contacts/views/open", &format!("view={second}")).await.is(StatusCode::NOT_FOUND);
        site.post("agent", "/contacts/views/open", "view=hot").await.is(StatusCode::SEE_OTHER);
        assert_eq!(site.get("agent", "/contacts").await.leads(), "/contacts?view=hot");
        site.post("agent", "/contacts/views/open", &format!("view={second}")).await.is(StatusCode::SEE_OTHER);
        // Another name, and for everybody with the right to it.
        site.post("agent", &format!("/contacts/views/{first}"), "name=Omega").await.is(StatusCode::SEE_OTHER);
        assert!(site.get("agent", "/contacts/views").await.has("Omega"));
        site.post("agent", &format!("/contacts/views/{first}"), "name=Omega&shared=1").await.is(StatusCode::FORBIDDEN);
        site.post("agent", &format!("/contacts/views/{shared}"), "name=Mine").await.is(StatusCode::FORBIDDEN);
        site.post("other", &format!("/contacts/views/{first}"), "name=Mine").await.is(StatusCode::NOT_FOUND);
        site.post("admin", &format!("/contacts/views/{shared}"), "name=Delta&shared=1").await.is(StatusCode::SEE_OTHER);
        assert!(site.get("other", "/contacts?").await.has(">Delta<"));
        // Gone, and back where it was.
        let gone = site.post("agent", &format!("/contacts/views/{second}/delete"), "").await.is(StatusCode::SEE_OTHER);
        assert_ne!(gone.cookie("attune_flash"), "");
        site.get("agent", "/contacts").await.is(StatusCode::OK);
        site.post("other", &format!("/contacts/views/{second}/restore"), "").await.is(StatusCode::NOT_FOUND);
        site.post("agent", &format!("/contacts/views/{second}/restore"), "").await.is(StatusCode::SEE_OTHER);
        site.get("agent", "/contacts").await.is(StatusCode::SEE_OTHER);
    }

    async fn the_list_stands_as_a_board_and_people_move_on_it(db: Db) {
        let site = site(db);
        let person = async |name: &str, stage: &str, owner: i64| {
            let made = site.post("admin", "/contacts", &format!("name={name}&stage={stage}&told=1&owner_id={owner}")).await;
            made.is(StatusCode::SEE_OTHER).leads().to_owned()
        };
        let lena = person("Lena", "lead", 1).await;
        let tom = person("Tom", "customer", 2).await;
        for at in 0..22 {
            person(&format!("Many{at}"), "mql", 1).await;
        }
        let id = |href: &str| href.rsplit('/').next().unwrap().to_owned();
        let column = |body: &str, key: &str| {
            let from = body.find(&format!("id=\"column-{key}\"")).unwrap();
            body[from..].split("</section>").next().unwrap().to_owned()
        };
        let board = site.get("admin", "/contacts?layout=board").await.is(StatusCode::OK);
        assert!(!board.has("identify-") && !board.has("data-selection"), "{}", board.body);
        assert!(column(&board.body, "lead").contains(">Lena</a>") && column(&board.body, "customer").contains(">Tom</a>"));
        assert!(column(&board.body, "visitor").contains("Nobody"));
        let many = column(&board.body, "mql");
        assert!(many.contains(">22</span>") && many.matches("bcard").count() == 20 && many.contains("Show more"), "{many}");
        let deeper = site.get("admin", "/contacts?layout=board&deep=mql~2").await;
        let many = column(&deeper.body, "mql");
        assert!(many.matches("bcard").count() == 22 && !many.contains("Show more"), "{many}");
        // The same filters and the same rights as the table.
        let own = site.get("agent", "/contacts?layout=board&q=len").await;
        assert!(own.has(">Lena</a>") && !own.has("Many1") && !own.has(">Tom</a>"), "{}", own.body);
        let lead = site.get("admin", "/contacts?layout=board&stage=lead").await;
        assert!(column(&lead.body, "lead").contains(">Lena</a>") && column(&lead.body, "customer").contains("Nobody"));
        let moved = |who: &str, to: &str| (who.to_owned(), format!("id={}&by=stage&to={to}&query=layout%3Dboard", id(&lena)));
        let (who, form) = moved("agent", "sql");
        let went = site.post(&who, "/contacts/board/move", &form).await.is(StatusCode::SEE_OTHER);
        assert_eq!(went.leads(), "/contacts?layout=board");
        assert_ne!(went.cookie("attune_flash"), "");
        assert!(column(&site.get("agent", "/contacts?layout=board").await.body, "sql").contains(">Lena</a>"));
        let back = format!("/contacts/board/back?id={}&by=stage&to=lead&query=layout%3Dboard", id(&lena));
        site.post("agent", &back, "").await.is(StatusCode::SEE_OTHER);
        assert!(column(&site.get("agent", "/contacts?layout=board").await.body, "lead").contains(">Lena</a>"));
        site.post("agent", "/contacts/board/move", &format!("id={}&to=lead", id(&tom))).await.is(StatusCode::NOT_FOUND);
        site.post("agent", "/contacts/board/move", &format!("id={}&to=nowhere", id(&lena))).await.is(StatusCode::NOT_FOUND);
        // By a choice of one's own, with a column for those who have nothing in it.
        site.post("admin", "/contacts/fields", "label=Tier&kind=choice&options=Gold%0ABlue").await.is(StatusCode::SEE_OTHER);
        let by = "/contacts?layout=board&by=f:tier&q=len";
        assert!(column(&site.get("admin", by).await.body, "").contains(">Lena</a>"));
        site.post("admin", "/contacts/board/move", &format!("id={}&by=f:tier&to=gold", id(&lena))).await.is(StatusCode::SEE_OTHER);
        let board = site.get("admin", by).await;
        assert!(column(&board.body, "gold").contains(">Lena</a>") && !column(&board.body, "").contains(">Lena</a>"));
        site.post("admin", "/contacts/board/move", &format!("id={}&by=f:tier&to=", id(&lena))).await.is(StatusCode::SEE_OTHER);
        assert!(!column(&site.get("admin", by).await.body, "gold").contains(">Lena</a>"));
    }

    async fn programs_keep_views_within_their_rights(db: Db) {
        let site = site(db);
        let made = site.json("admin", "POST", "/api/v1/views", &json!({ "name": " Bonn ", "filter": "?q=bonn&after=x&saved=4", "shared": true })).await;
        let made = made.is(StatusCode::CREATED).json();
        assert_eq!((&made["name"], &made["filter"], &made["shared"]), (&json!("Bonn"), &json!("q=bonn"), &json!(true)));
        let address = format!("/api/v1/views/{}", made["id"].as_str().unwrap());
        assert_eq!(site.get("agent", "/api/v1/views").await.json()["items"], json!([made]), "everybody sees it");
        site.json("agent", "PATCH", &address, &json!({ "name": "Mine" })).await.is(StatusCode::FORBIDDEN);
        site.send("agent", http::Request::delete(&address), "").await.is(StatusCode::FORBIDDEN);
        site.json("agent", "POST", "/api/v1/views", &json!({ "name": "x", "shared": true })).await.is(StatusCode::FORBIDDEN);
        site.json("admin", "POST", "/api/v1/views", &json!({ "name": " " })).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        let own = site.json("agent", "POST", "/api/v1/views", &json!({ "name": "Own", "filter": "stage=lead" })).await.is(StatusCode::CREATED).json();
        let own = format!("/api/v1/views/{}", own["id"].as_str().unwrap());
        site.get("admin", &own).await.is(StatusCode::NOT_FOUND);
        site.json("admin", "PATCH", &own, &json!({ "name": "Theirs" })).await.is(StatusCode::NOT_FOUND);
        site.json("agent", "PATCH", &own, &json!({ "shared": true })).await.is(StatusCode::FORBIDDEN);
        let renamed = site.json("admin", "PATCH", &address, &json!({ "name": "Rhine", "filter": "q=köln" })).await.is(StatusCode::OK).json();
        assert_eq!((&renamed["name"], &renamed["filter"]), (&json!("Rhine"), &json!("q=k%C3%B6ln")));
        assert!(site.get("agent", "/contacts?").await.has("Rhine"), "the list shows it as a tab");
        site.send("admin", http::Request::delete(&address), "").await.is(StatusCode::NO_CONTENT);
        site.get("admin", &address).await.is(StatusCode::NOT_FOUND);
    }
}
